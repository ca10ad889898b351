# The platform that every environment has: the same code, so that what was tried in dev and stage is what runs in prod. In what
# environments differ stands in variables.tf, and nowhere else.

terraform {
  required_version = ">= 1.11"

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

locals {
  labels = { environment = var.environment }
}

module "platform" {
  source = "../../../../modules/data-platform"

  location   = var.location
  labels     = local.labels
  runtime    = { image = var.image }
  disposable = var.disposable
  readers    = { marts = var.analysts, raw = var.engineers }

  lake = {
    name              = "${var.project}-lake"
    cold_after_days   = var.keep_files_days > 60 ? 30 : null
    delete_after_days = var.keep_files_days
  }
}

module "gate" {
  source = "../../../../modules/quality-gate"

  lake       = module.platform.lake
  runtime    = module.platform.runtime
  results    = { dataset = module.platform.datasets["ops"] }
  alert      = { topic = module.platform.topics["alerts"], min_severity = var.alert_from }
  labels     = local.labels
  disposable = var.disposable

  suites = {
    accounts = {
      table = "${module.platform.datasets["raw"]}/tables/Account"
      expectations = {
        not_null = [{ column = "Name", on_fail = "quarantine" }]
        in_set   = [{ column = "Rating", strings = ["Hot", "Warm", "Cold"], on_fail = "quarantine" }]
      }
    }
  }
}

module "ingest" {
  source = "../../../../modules/salesforce-ingest"

  name           = "crm"
  login          = { login_url = var.login_url, client_id = var.client_id, secret_version = var.client_secret_version }
  client_secret  = var.client_secret
  secret_readers = { runtime = module.platform.service_accounts["runtime"].member }

  lake    = module.platform.lake
  dataset = module.platform.datasets["raw"]
  runtime = module.platform.runtime

  objects            = { for object in var.objects : object => {} }
  schedule           = var.schedule
  api_budget_percent = var.api_budget_percent
  quality_gate       = values(module.gate.suites)
  run_on_apply       = true
  labels             = local.labels
  disposable         = var.disposable
}
