//! The issue's promises, kept by the real terraform: apply, plan, import, drift, destroy, churn, secrets.

mod audit;
mod console;
mod dataflow;
mod dataform;
mod dataform_project;
mod edits;
mod ephemeral;
mod examples;
mod gate;
mod jwt;
mod killed;
mod lifecycle;
mod marts;
mod messages;
mod modules;
mod monitoring;
mod planning;
mod properties;
mod quality;
mod quality_kinds;
mod quality_pages;
mod quality_reads;
mod quality_release;
mod quality_scan;
mod scenario;
mod second_run;
mod storage_iam;
mod stream;
mod warehouse;

use headwater_tests::cloud::Cloud;
use headwater_tests::org::{CLIENT_ID, CLIENT_SECRET, Org};
use headwater_tests::terraform::Terraform;

/// The platform that most tests apply. `extract` is the body of the extract resource's additional settings.
pub fn platform(objects: &str, extract: &str) -> String {
    format!(
        r#"
variable "login_url" {{ type = string }}
variable "client_id" {{ type = string }}
variable "client_secret" {{
  type      = string
  sensitive = true
  ephemeral = true # or Terraform itself writes it into the plan file
}}

resource "headwater_storage_bucket" "lake" {{
  name          = "acceptance-lake"
  location      = "EU"
  force_destroy = true
  labels        = {{ team = "data" }}
}}

resource "headwater_bigquery_dataset" "raw" {{
  dataset_id                 = "salesforce_raw"
  location                   = "EU"
  delete_contents_on_destroy = true
}}

resource "headwater_salesforce_connection" "crm" {{
  name      = "crm"
  login_url = var.login_url
  client_credentials = {{
    client_id                = var.client_id
    client_secret_wo         = var.client_secret
    client_secret_wo_version = 1
  }}
}}

resource "headwater_runtime" "main" {{
  name = "headwater"
}}

resource "headwater_salesforce_extract" "crm" {{
  name                     = "crm"
  connection               = headwater_salesforce_connection.crm.id
  lake                     = headwater_storage_bucket.lake.url
  dataset                  = headwater_bigquery_dataset.raw.id
  runtime                  = headwater_runtime.main.id
  schedule                 = {{ cron = "0 3 1 1 *", time_zone = "UTC" }}
  safety_lag               = "0s"
  delete_tables_on_destroy = true
  objects = {{
    {objects}
  }}
  {extract}
}}
"#
    )
}

/// Terraform with this configuration and the variables of the org.
pub fn terraform(cloud: &Cloud, org: &Org, configuration: &str) -> Terraform {
    Terraform::new(cloud, configuration)
        .env("TF_VAR_login_url", org.url())
        .env("TF_VAR_client_id", CLIENT_ID)
        .env("TF_VAR_client_secret", CLIENT_SECRET)
}
