# Ten Salesforce objects into BigQuery: a lake, a dataset, a connection, a runtime, and the extract that ties them together.

terraform {
  required_version = ">= 1.11" # write-only attributes

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

# Project and region may come from the environment too: HEADWATER_PROJECT, HEADWATER_REGION. On a laptop,
# HEADWATER_ENDPOINT says where the local cloud is; `headwater local up` prints it.
provider "headwater" {
  project = var.project
  region  = var.region
}

# The pipeline's spec, state, Parquet files and records of runs.
resource "headwater_storage_bucket" "lake" {
  name          = var.lake
  location      = var.location
  force_destroy = true
}

# The tables.
resource "headwater_bigquery_dataset" "raw" {
  dataset_id                 = "salesforce_raw"
  location                   = var.location
  description                = "Salesforce objects as they are, kept up to date by Headwater."
  delete_contents_on_destroy = true
}

# The org. The secret goes to Secret Manager; it is in no plan and in no state.
resource "headwater_salesforce_connection" "crm" {
  name      = "crm"
  login_url = var.login_url

  client_credentials = {
    client_id                = var.client_id
    client_secret_wo         = var.client_secret
    client_secret_wo_version = 1
  }
}

# What executes pipelines: one Cloud Run job for any number of them.
resource "headwater_runtime" "main" {
  name = "headwater"
}

resource "headwater_salesforce_extract" "crm" {
  name       = "crm"
  connection = headwater_salesforce_connection.crm.id
  lake       = headwater_storage_bucket.lake.url
  dataset    = headwater_bigquery_dataset.raw.id
  runtime    = headwater_runtime.main.id

  schedule = {
    cron      = "0 * * * *"
    time_zone = "UTC"
  }

  # `{}`: every readable field, incrementally, deletes included.
  objects = {
    User                = {}
    Account             = {}
    Contact             = {}
    Lead                = {}
    Opportunity         = {}
    OpportunityLineItem = {}
    Product2            = {}
    Task                = {}
    Case                = {}
    Campaign            = {}
  }

  task_count               = 2
  run_on_apply             = true
  delete_tables_on_destroy = true
}
