# What people rely on: every hour, and no destroy takes its tables.

terraform {
  required_version = ">= 1.11"

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }

  # bootstrap/ has made it.
  backend "gcs" {
    bucket = "acme-data-prod-terraform-state"
    prefix = "platform"
  }
}

provider "headwater" {
  project = "acme-data-prod"
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

  environment        = "prod"
  project            = "acme-data-prod"
  objects            = ["Account", "Contact", "Lead", "Opportunity", "User"]
  schedule           = { cron = "0 * * * *", time_zone = "Europe/Berlin" }
  keep_files_days    = 400
  api_budget_percent = 25
  analysts           = ["group:analysts@acme.com"]
  engineers          = ["group:data-engineers@acme.com"]

  login_url     = var.login_url
  client_id     = var.client_id
  client_secret = var.client_secret
}

output "tables" {
  description = "The tables by object."
  value       = module.platform.tables
}
