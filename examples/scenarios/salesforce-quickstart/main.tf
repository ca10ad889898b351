# Ten Salesforce objects into BigQuery, and marts of them: a lake, a dataset, a connection, a runtime, the extract that ties them
# together, the Dataform project that is built on it, and what is expected of both.

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

# Who is told when accounts are not as they should be.
resource "headwater_pubsub_topic" "quality_alerts" {
  name = "quality-alerts"
}

# Verdicts: a row for each run of a suite, and one for each expectation.
resource "headwater_bigquery_dataset" "quality" {
  dataset_id                 = "data_quality"
  location                   = var.location
  delete_contents_on_destroy = true
}

# What is expected of accounts. Those that are against it are kept in Account_quarantine, with the reasons; the others are loaded.
resource "headwater_dq_suite" "accounts" {
  name    = "accounts"
  lake    = headwater_storage_bucket.lake.url
  runtime = headwater_runtime.main.id
  table   = "${headwater_bigquery_dataset.raw.id}/tables/Account"

  expectations = {
    not_null = [{ column = "Name", on_fail = "quarantine" }]
    unique   = [{ columns = ["AccountNumber"], on_fail = "quarantine" }]
    compare  = [{ id = "not_its_own_parent", left = "Id", op = "!=", right = "ParentId", on_fail = "quarantine" }]
    in_set = [
      {
        column  = "Industry"
        strings = ["Agriculture", "Banking", "Biotechnology", "Energy", "Healthcare", "Manufacturing", "Retail", "Technology"]
        on_fail = "quarantine"
      },
      { column = "Rating", strings = ["Hot", "Warm", "Cold"], on_fail = "quarantine" },
    ]
    between = [
      { column = "NumberOfEmployees", ints = { min = 0 }, on_fail = "quarantine" },
      { column = "AnnualRevenue", ints = { min = 0, max = 1000000000000 }, on_fail = "quarantine" },
      { column = "Founded__c", dates = { min = "1500-01-01", max = "2100-01-01" }, on_fail = "quarantine" },
      { column = "Churn_Risk__c", ints = { min = 0, max = 100 }, on_fail = "quarantine" },
    ]
    matches = [
      { column = "Website", patterns = ["^https?://[^/]+"], on_fail = "quarantine" },
      { column = "Phone", patterns = ["^[+(][0-9]"], on_fail = "quarantine" },
      { column = "External_Key__c", patterns = ["^ACC-[0-9]{8}-[0-9a-f]{4}$"], on_fail = "quarantine" },
    ]
    # A table without it would be another object's: then nothing is loaded, and the run fails.
    column_exists = [{ column = "Is_Strategic__c" }]
  }

  results = {
    dataset = headwater_bigquery_dataset.quality.id
  }

  alert = {
    topic = headwater_pubsub_topic.quality_alerts.id
  }

  delete_results_on_destroy = true
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

  quality_gate = [headwater_dq_suite.accounts.id]

  task_count               = 2
  run_on_apply             = true
  delete_tables_on_destroy = true
}

# Where the marts, the views that they are made of, and their assertions go.
resource "headwater_bigquery_dataset" "marts" {
  for_each = {
    salesforce_staging    = "Salesforce's records renamed, typed, each once, without deleted ones."
    salesforce_marts      = "What people and dashboards read."
    salesforce_assertions = "What is wrong with the marts: views that are empty while nothing is."
  }

  dataset_id                 = each.key
  location                   = var.location
  description                = each.value
  delete_contents_on_destroy = true
}

# The marts. The plan compiles the folder; an edit of it shows the tables that change with it.
resource "headwater_dataform_project" "marts" {
  name      = "salesforce-marts"
  directory = coalesce(var.marts, "${path.module}/../../../dataform")

  # Behind the extract; and once at the end of each apply that changes anything.
  cron_schedule = "30 * * * *"
  run_on_apply  = true

  code_compilation_config = {
    default_location = var.location
    vars = {
      raw_dataset = headwater_bigquery_dataset.raw.dataset_id
      # Which objects and fields there are.
      salesforce_schemas = jsonencode({
        for object, columns in headwater_salesforce_extract.crm.schemas :
        object => { for column in columns : column.name => column.salesforce_type }
      })
    }
  }

  depends_on = [headwater_bigquery_dataset.marts]
}

# What is expected of the mart that most is built on.
resource "headwater_dq_suite" "opportunities" {
  name    = "opportunities"
  lake    = headwater_storage_bucket.lake.url
  runtime = headwater_runtime.main.id
  table   = headwater_dataform_project.marts.actions["salesforce_marts.salesforce__opportunity_enhanced"].table

  expectations = {
    not_null  = [{ column = "opportunity_id" }, { column = "close_date" }]
    unique    = [{ columns = ["opportunity_id"] }]
    in_set    = [{ column = "status", strings = ["Won", "Lost", "Pipeline", "Other"] }]
    between   = [{ column = "probability", ints = { min = 0, max = 100 } }]
    row_count = [{ min = 1 }]
  }

  results = {
    dataset = headwater_bigquery_dataset.quality.id
  }

  alert = {
    topic = headwater_pubsub_topic.quality_alerts.id
  }

  schedule = {
    cron      = "45 * * * *"
    time_zone = "UTC"
  }

  delete_results_on_destroy = true
}
