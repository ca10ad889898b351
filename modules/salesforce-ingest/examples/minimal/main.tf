# Two objects, loaded when applied and every hour. Project, region and endpoint come from the environment.

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
  name          = "acme-ingest-lake"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "raw" {
  dataset_id                 = "ingest_raw"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_service_account" "runtime" {
  account_id = "ingest-runtime"
}

resource "headwater_runtime" "main" {
  name            = "ingest"
  service_account = headwater_service_account.runtime.email
}

module "ingest" {
  source = "../.."

  name           = "crm"
  login          = { login_url = var.login_url, client_id = var.client_id }
  client_secret  = var.client_secret
  secret_readers = { runtime = headwater_service_account.runtime.member }

  lake    = headwater_storage_bucket.lake.url
  dataset = headwater_bigquery_dataset.raw.id
  runtime = headwater_runtime.main.id

  objects = {
    Account     = {}
    Opportunity = { where = "Amount > 0", exclude = ["Description"] }
  }

  schedule     = { cron = "0 * * * *", time_zone = "Europe/Berlin" }
  run_on_apply = true
  disposable   = true
}

output "tables" {
  description = "The tables by object."
  value       = module.ingest.tables
}

output "columns" {
  description = "How many columns each table has."
  value       = { for object, columns in module.ingest.schemas : object => length(columns) }
}
