# Who is told when an extract is late, a stream lags, or queries cost too much. Project, region and endpoint come from the environment.

terraform {
  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

resource "headwater_runtime" "main" {
  name = "watched"
}

resource "headwater_pubsub_topic" "topics" {
  for_each = toset(["watched-incidents", "watched-changes"])

  name = each.key
}

resource "headwater_pubsub_subscription" "changes" {
  name  = "watched-changes"
  topic = headwater_pubsub_topic.topics["watched-changes"].id
}

module "monitoring" {
  source = "../.."

  name     = "watched"
  runtime  = headwater_runtime.main.id
  extracts = { crm = "3h" }
  suites   = { opportunities = "1d" }
  streams  = { crm-changes = { subscription = headwater_pubsub_subscription.changes.id } }

  max_bytes_billed_per_day = 1099511627776

  emails = { on-call = "data-on-call@acme.com" }
  topics = { incidents = headwater_pubsub_topic.topics["watched-incidents"].id }
  labels = { team = "data" }
}

output "monitoring" {
  description = "All that the module hands on."
  value       = module.monitoring
}
