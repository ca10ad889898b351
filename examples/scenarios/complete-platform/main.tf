# A whole platform from modules: an org extracted and streamed, the stream of a shop's messages, marts of it all, and what is
# expected at the door, of the tables and of the marts, and who is told when something is late or wrong.

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

locals {
  labels = { platform = "complete" }
  live   = module.platform.datasets["live"]
}

# Lake, datasets, topics, identities with what each needs, and the runtime.
module "platform" {
  source = "../../../modules/data-platform"

  name     = "headwater"
  location = var.location
  labels   = local.labels
  runtime  = { image = var.image }

  lake = {
    name              = var.lake
    cold_after_days   = 30
    delete_after_days = 365
  }

  readers = { marts = var.analysts }

  # So that a destroy leaves nothing. Where data matters, leave it out.
  disposable = true
}

# At the door: accounts that are against it are set apart before anything is loaded. Suites come before the extract that they guard.
module "gate" {
  source = "../../../modules/quality-gate"

  lake    = module.platform.lake
  runtime = module.platform.runtime
  results = { dataset = module.platform.datasets["ops"] }
  alert   = { topic = module.platform.topics["alerts"] }
  suites  = local.gate

  labels     = local.labels
  disposable = true
}

# Ten objects, loaded in this apply and every hour.
module "ingest" {
  source = "../../../modules/salesforce-ingest"

  name          = "crm"
  login         = { login_url = var.login_url, client_id = var.client_id, secret_version = var.client_secret_version }
  client_secret = var.client_secret
  secret_readers = {
    runtime = module.platform.service_accounts["runtime"].member
    stream  = module.platform.service_accounts["stream"].member
  }

  lake    = module.platform.lake
  dataset = module.platform.datasets["raw"]
  runtime = module.platform.runtime

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

  quality_gate       = values(module.gate.suites)
  schedule           = { cron = "0 * * * *" }
  api_budget_percent = 40
  task_count         = 2
  run_on_apply       = true

  labels     = local.labels
  disposable = true
}

# What changes in between: every change, and the records as they are.
module "stream" {
  source = "../../../modules/cdc-stream"

  name       = "crm-changes"
  lake       = module.platform.lake
  dataset    = local.live
  salesforce = { connection = module.ingest.connection }

  entities = {
    Account     = {}
    Contact     = {}
    Opportunity = {}
    Case        = { deletes = "soft" }
  }

  service_account = module.platform.service_accounts["stream"]
  worker          = { image = var.image }
  topics          = { status = module.platform.topics["status"], alerts = module.platform.topics["alerts"] }

  labels     = local.labels
  disposable = true
}

# Somebody else's messages: whoever may publish to the topic `streaming`.
module "orders" {
  source = "../../../modules/cdc-stream"

  name    = "shop-orders"
  lake    = module.platform.lake
  dataset = local.live

  messages = {
    topic = module.platform.topics["streaming"]
    mapping = {
      key        = "$.order.id"
      operation  = "$.kind"
      operations = { placed = "create", changed = "update", cancelled = "delete" }
      order      = "$.version"
      payload    = "$.order"
    }
  }

  entities = {
    orders = { columns = { id = "STRING", account = "STRING", status = "STRING", total = "NUMERIC" } }
  }

  drift           = "quarantine"
  service_account = module.platform.service_accounts["stream"]
  worker          = { image = var.image }
  topics          = { alerts = module.platform.topics["alerts"] }

  labels     = local.labels
  disposable = true
}

# Marts behind the extract: the Dataform project of this repository, without the fields that this org does not have.
module "marts" {
  source = "../../../modules/dataform-marts"

  name     = "salesforce-marts"
  location = var.location
  datasets = { for layer in ["raw", "staging", "marts", "assertions"] : layer => module.platform.datasets[layer] }

  salesforce_schemas = module.ingest.schemas
  vars               = { time_zone = "Europe/Berlin" }
  cron_schedule      = "30 * * * *"
  run_on_apply       = true
  service_account    = module.platform.service_accounts["marts"].email

  labels = local.labels
}

# Of the tables and the marts, after they were made.
module "quality" {
  source = "../../../modules/quality-gate"

  lake    = module.platform.lake
  runtime = module.platform.runtime
  results = { dataset = module.platform.datasets["ops"] }
  alert   = { topic = module.platform.topics["alerts"] }
  suites  = local.suites

  schedule         = { cron = "45 * * * *", time_zone = "Europe/Berlin" }
  max_bytes_billed = 50000000000
  subscribers      = { on-call = { filter = "attributes.severity = \"error\"" } }

  labels     = local.labels
  disposable = true
}

# Who is told when an extract or a suite is late, a run fails, a stream lags, requests run out or queries cost too much.
module "monitoring" {
  source = "../../../modules/monitoring"

  name     = "headwater"
  runtime  = module.platform.runtime
  extracts = { (module.ingest.name) = "3h" }
  suites   = { for name in keys(module.quality.suites) : name => "3h" }
  streams = {
    for stream in [module.stream, module.orders] :
    stream.name => { subscription = stream.subscription, dead_letters = stream.dead_letters.subscription }
  }
  repositories = { marts = module.marts.id }

  api_usage_percent        = 30 # runs stop at 40
  max_bytes_billed_per_day = 1099511627776

  topics = { alerts = module.platform.topics["alerts"] }
  emails = var.on_call == null ? {} : { on-call = var.on_call }
  labels = local.labels
}
