# What a merge to main applies when dev holds, after somebody has approved it.

terraform {
  required_version = ">= 1.11"

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }

  backend "gcs" {
    bucket = "acme-data-prod-terraform-state"
    prefix = "platform"
  }
}

provider "headwater" {
  project = "acme-data-prod"
  region  = "europe-west1"
}

# In a repository of your own: source = "git::https://github.com/headwater-data/headwater.git//modules/data-platform?ref=v0.1.0"
module "platform" {
  source = "../../../../../modules/data-platform"

  lake    = { name = "acme-data-prod-lake", delete_after_days = 90 }
  runtime = { image = "europe-docker.pkg.dev/acme-data-prod/headwater/headwater:0.1.0" }
}

module "ingest" {
  source = "../../../../../modules/salesforce-ingest"

  name           = "crm"
  connection     = "projects/acme-data-prod/secrets/headwater-salesforce-crm" # connections/ has made it
  secret_readers = { runtime = module.platform.service_accounts["runtime"].member }

  lake    = module.platform.lake
  dataset = module.platform.datasets["raw"]
  runtime = module.platform.runtime

  objects = {
    Account     = {}
    Opportunity = {}
  }

  schedule = { cron = "0 * * * *", time_zone = "Europe/Berlin" }
}
