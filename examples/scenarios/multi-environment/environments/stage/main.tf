# What prod will be, on a sandbox of the org: every morning.

terraform {
  required_version = ">= 1.11"

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }

  # bootstrap/ has made it.
  backend "gcs" {
    bucket = "acme-data-stage-terraform-state"
    prefix = "platform"
  }
}

provider "headwater" {
  project = "acme-data-stage"
  region  = "europe-west1"
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
  description = "Its consumer secret. Best from the environment: TF_VAR_client_secret."
  type        = string
  sensitive   = true
  ephemeral   = true
}

module "platform" {
  source = "../../platform"

  environment     = "stage"
  project         = "acme-data-stage"
  objects         = ["Account", "Contact", "Lead", "Opportunity", "User"]
  schedule        = { cron = "0 5 * * *", time_zone = "Europe/Berlin" }
  keep_files_days = 30
  alert_from      = "warn"
  disposable      = true
  engineers       = ["group:data-engineers@acme.com"]

  login_url     = var.login_url
  client_id     = var.client_id
  client_secret = var.client_secret
}

output "tables" {
  description = "The tables by object."
  value       = module.platform.tables
}
