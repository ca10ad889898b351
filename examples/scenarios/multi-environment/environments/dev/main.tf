# Where things are tried: three objects, loaded when applied, and gone with a destroy.

terraform {
  required_version = ">= 1.11"

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }

  # bootstrap/ has made it.
  backend "gcs" {
    bucket = "acme-data-dev-terraform-state"
    prefix = "platform"
  }
}

provider "headwater" {
  project = "acme-data-dev"
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

  environment     = "dev"
  project         = "acme-data-dev"
  objects         = ["Account", "Contact", "User"]
  keep_files_days = 7
  disposable      = true

  login_url     = var.login_url
  client_id     = var.client_id
  client_secret = var.client_secret
}

output "tables" {
  description = "The tables by object."
  value       = module.platform.tables
}
