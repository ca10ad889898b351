# A Salesforce org into BigQuery: the connection, who may read its secret, and the scheduled extract.

locals {
  connection = var.login == null ? var.connection : headwater_salesforce_connection.this[0].id
  jwt        = var.login == null ? false : var.login.username != null
}

resource "headwater_salesforce_connection" "this" {
  count = var.login == null ? 0 : 1

  name        = coalesce(var.login.name, var.name)
  login_url   = var.login.login_url
  api_version = var.login.api_version
  verify      = var.login.verify

  client_credentials = local.jwt ? null : {
    client_id                = var.login.client_id
    client_secret_wo         = var.client_secret
    client_secret_wo_version = var.login.secret_version
  }

  jwt_bearer = local.jwt ? {
    client_id              = var.login.client_id
    username               = var.login.username
    private_key_wo         = var.client_secret
    private_key_wo_version = var.login.secret_version
  } : null
}

resource "headwater_secret_iam_member" "readers" {
  for_each = var.secret_readers

  secret = local.connection
  role   = "roles/secretmanager.secretAccessor"
  member = each.value
}

resource "headwater_salesforce_extract" "this" {
  name                     = var.name
  connection               = local.connection
  lake                     = var.lake
  dataset                  = var.dataset
  runtime                  = var.runtime
  objects                  = var.objects
  schedule                 = var.schedule
  deletes                  = var.deletes
  safety_lag               = var.safety_lag
  bulk_threshold_rows      = var.bulk_threshold_rows
  task_count               = var.task_count
  api_budget               = var.api_budget_percent == null ? null : { max_daily_percent = var.api_budget_percent }
  quality_gate             = length(var.quality_gate) == 0 ? null : var.quality_gate
  labels                   = length(var.labels) == 0 ? null : var.labels
  run_on_apply             = var.run_on_apply
  delete_tables_on_destroy = var.disposable

  # A run needs the secret.
  depends_on = [headwater_secret_iam_member.readers]
}
