# The changes of two objects of an org. Project, region and endpoint come from the environment.

terraform {
  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

variable "login_url" {
  description = "The org's My Domain address."
  type        = string
}

variable "client_id" {
  description = "The consumer key of a connected app."
  type        = string
}

variable "client_secret" {
  description = "Its consumer secret."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "headwater_storage_bucket" "lake" {
  name          = "acme-changes-lake"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "live" {
  dataset_id                 = "changes_live"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_pubsub_topic" "told" {
  for_each = toset(["status", "alerts"])
  name     = "changes-${each.key}"
}

resource "headwater_salesforce_connection" "crm" {
  name      = "crm-changes"
  login_url = var.login_url

  client_credentials = {
    client_id                = var.client_id
    client_secret_wo         = var.client_secret
    client_secret_wo_version = 1
  }
}

module "stream" {
  source = "../.."

  name       = "crm-changes"
  lake       = headwater_storage_bucket.lake.url
  dataset    = headwater_bigquery_dataset.live.id
  salesforce = { connection = headwater_salesforce_connection.crm.id }

  entities = {
    Account = {}
    Case    = { deletes = "soft", retention_days = 365 }
  }

  topics = {
    status = headwater_pubsub_topic.told["status"].id
    alerts = headwater_pubsub_topic.told["alerts"].id
  }

  disposable = true
}

output "tables" {
  description = "The tables by entity."
  value       = module.stream.tables
}

output "topic" {
  description = "What other readers may subscribe to."
  value       = module.stream.topic
}
