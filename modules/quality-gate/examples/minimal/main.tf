# What is expected of a table of orders, every morning. Project, region and endpoint come from the environment.

terraform {
  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

resource "headwater_storage_bucket" "lake" {
  name          = "acme-quality-lake"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "datasets" {
  for_each = toset(["quality_shop", "quality_verdicts"])

  dataset_id                 = each.key
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_bigquery_table" "orders" {
  dataset             = headwater_bigquery_dataset.datasets["quality_shop"].id
  table_id            = "orders"
  deletion_protection = false
  columns = [
    { name = "order_id", type = "STRING" },
    { name = "country", type = "STRING" },
    { name = "amount", type = "NUMERIC" },
  ]
}

resource "headwater_pubsub_topic" "alerts" {
  name = "quality-alerts"
}

resource "headwater_runtime" "main" {
  name = "quality"
}

module "quality" {
  source = "../.."

  lake    = headwater_storage_bucket.lake.url
  runtime = headwater_runtime.main.id
  results = { dataset = headwater_bigquery_dataset.datasets["quality_verdicts"].id }
  alert   = { topic = headwater_pubsub_topic.alerts.id }

  suites = {
    orders = {
      table = headwater_bigquery_table.orders.id
      expectations = {
        not_null = [{ column = "order_id" }, { column = "country", mostly = 0.99, severity = "warn", on_fail = "record" }]
        unique   = [{ columns = ["order_id"] }]
        in_set   = [{ column = "country", strings = ["AT", "CH", "DE"] }]
        between  = [{ column = "amount", decimals = { min = "0.01" }, where = "country = 'DE'" }]
      }
    }
    # When somebody starts it.
    volume = {
      table        = headwater_bigquery_table.orders.id
      schedule     = null
      expectations = { row_count = [{ min = 1 }] }
    }
  }

  schedule = { cron = "30 6 * * *", time_zone = "Europe/Berlin" }

  subscribers = {
    dashboard = {}
    on-call   = { filter = "attributes.severity = \"error\"" }
  }

  disposable = true
}

output "suites" {
  description = "The suites."
  value       = module.quality.suites
}

output "subscriptions" {
  description = "Who reads the alerts."
  value       = module.quality.subscriptions
}
