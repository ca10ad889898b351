# A folder of SQLX as scheduled marts, on the datasets of a platform.

locals {
  # projects/PROJECT/datasets/DATASET
  names   = { for layer, id in var.datasets : layer => element(split("/", id), 3) }
  project = element(split("/", var.datasets.marts), 1)

  vars = merge(
    {
      raw_project     = element(split("/", var.datasets.raw), 1)
      raw_dataset     = local.names.raw
      staging_dataset = local.names.staging
      marts_dataset   = local.names.marts
    },
    var.salesforce_schemas == null ? {} : {
      salesforce_schemas = jsonencode({
        for object, columns in coalesce(var.salesforce_schemas, {}) :
        object => { for column in columns : column.name => column.salesforce_type }
      })
    },
    var.vars,
  )
}

resource "headwater_dataform_project" "this" {
  name            = var.name
  directory       = coalesce(var.directory, "${path.module}/../../dataform")
  region          = var.region
  cron_schedule   = var.cron_schedule
  time_zone       = var.time_zone
  run_on_apply    = var.run_on_apply
  disabled        = var.paused
  service_account = var.service_account
  labels          = length(var.labels) == 0 ? null : var.labels

  code_compilation_config = {
    default_database = local.project
    default_location = var.location
    default_schema   = local.names.marts
    assertion_schema = local.names.assertions
    vars             = local.vars
  }

  invocation_config = length(var.included_tags) == 0 ? null : {
    included_tags                    = var.included_tags
    transitive_dependencies_included = true
  }
}
