# Ten Salesforce objects streamed into BigQuery: a lake, a dataset, a connection, and the stream with everything it needs.

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

# The stream's spec, its position in Salesforce's events, the records of repairs.
resource "headwater_storage_bucket" "lake" {
  name          = var.lake
  location      = var.location
  force_destroy = true
}

# The tables.
resource "headwater_bigquery_dataset" "changes" {
  dataset_id                 = "salesforce_live"
  location                   = var.location
  description                = "Salesforce objects, every change of them and as they are now, kept up to date by Headwater."
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

# Topic, subscription, dead letters, tables and the workers.
resource "headwater_cdc_stream" "crm" {
  name    = "crm-changes"
  lake    = headwater_storage_bucket.lake.url
  dataset = headwater_bigquery_dataset.changes.id

  # What is there already is read once and put before the first event.
  salesforce = {
    connection       = headwater_salesforce_connection.crm.id
    initial_snapshot = true
  }

  # `{}`: every readable field; all changes in OBJECT_changes, the records as they are in OBJECT.
  entities = {
    User                = {}
    Account             = {}
    Contact             = {}
    Lead                = {}
    Opportunity         = {}
    OpportunityLineItem = {}
    Product2            = {}
    Task                = {}
    Campaign            = {}

    # Deleted cases stay in the current table, marked.
    Case = { deletes = "soft" }
  }

  delete_tables_on_destroy = true
}
