# Before anything else, once for each environment: the bucket of its state. Its own state stays local; it is one bucket, which
# `terraform import` finds again.

terraform {
  required_version = ">= 1.11"

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

variable "project" {
  description = "The environment's project. The bucket is called PROJECT-terraform-state."
  type        = string
}

variable "location" {
  description = "Where the state lies."
  type        = string
  default     = "EU"
}

provider "headwater" {
  project = var.project
}

resource "headwater_storage_bucket" "state" {
  name                     = "${var.project}-terraform-state"
  location                 = var.location
  public_access_prevention = "enforced"

  # Each state that was can be had again, for three months.
  versioning = true
  lifecycle_rules = [
    { action = "Delete", condition = { days_since_noncurrent_time = 90, num_newer_versions = 10 } },
  ]
}

output "bucket" {
  description = "What the environment's backend names."
  value       = headwater_storage_bucket.state.name
}
