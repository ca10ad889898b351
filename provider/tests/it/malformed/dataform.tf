# What people get wrong with Dataform and Dataplex; see malformed.rs.

#! name | letters, digits, `-` and `_`
resource "headwater_dataform_repository" "name" {
  name = "sales marts"
}

#! kms_key_name | keyRings
resource "headwater_dataform_repository" "kms" {
  name         = "sales"
  kms_key_name = "our-key"
}

#! service_account | email address
resource "headwater_dataform_repository" "account" {
  name            = "sales"
  service_account = "runner"
}

#! git_remote_settings.url | https://github.com/acme/marts.git
resource "headwater_dataform_repository" "url" {
  name                = "sales"
  git_remote_settings = { url = "github.com/acme/marts" }
}

#! git_remote_settings.ssh_authentication_config | needs `ssh_authentication_config` | https://HOST
resource "headwater_dataform_repository" "ssh_missing" {
  name                = "sales"
  git_remote_settings = { url = "git@github.com:acme/marts.git" }
}

#! git_remote_settings.ssh_authentication_config | only one of | token
resource "headwater_dataform_repository" "two_ways" {
  name = "sales"
  git_remote_settings = {
    url                                 = "https://github.com/acme/marts.git"
    authentication_token_secret_version = "projects/acme-data/secrets/token/versions/1"
    ssh_authentication_config = {
      user_private_key_secret_version = "projects/acme-data/secrets/key/versions/1"
      host_public_key                 = "ssh-ed25519 AAAA"
    }
  }
}

#! git_remote_settings.authentication_token_secret_version | projects/PROJECT/secrets/SECRET/versions/VERSION
resource "headwater_dataform_repository" "token" {
  name = "sales"
  git_remote_settings = {
    url                                 = "https://github.com/acme/marts.git"
    authentication_token_secret_version = "token"
  }
}

#! workspace_compilation_overrides.schema_suffix | at least 1
resource "headwater_dataform_repository" "suffix" {
  name                            = "sales"
  workspace_compilation_overrides = { schema_suffix = "" }
}

#! repository | headwater_dataform_repository.NAME.id
resource "headwater_dataform_release_config" "repository" {
  repository    = "sales"
  name          = "production"
  git_commitish = "main"
}

#! cron_schedule | five fields
resource "headwater_dataform_release_config" "cron" {
  repository    = "projects/p/locations/europe-west1/repositories/sales"
  name          = "production"
  git_commitish = "main"
  cron_schedule = "daily"
}

#! time_zone | Europe/Berlin
resource "headwater_dataform_release_config" "zone" {
  repository    = "projects/p/locations/europe-west1/repositories/sales"
  name          = "production"
  git_commitish = "main"
  time_zone     = "Berlin"
}

#! code_compilation_config.default_schema | letters, digits and underscores
resource "headwater_dataform_release_config" "schema" {
  repository              = "projects/p/locations/europe-west1/repositories/sales"
  name                    = "production"
  git_commitish           = "main"
  code_compilation_config = { default_schema = "sales-marts" }
}

#! release_compilation_result | compilationResults
resource "headwater_dataform_release_config" "result" {
  repository                 = "projects/p/locations/europe-west1/repositories/sales"
  name                       = "production"
  git_commitish              = "main"
  release_compilation_result = "latest"
}

#! release_config | not one of the repository | same `repository`
resource "headwater_dataform_workflow_config" "elsewhere" {
  repository     = "projects/p/locations/europe-west1/repositories/sales"
  name           = "daily"
  release_config = "projects/p/locations/europe-west1/repositories/other/releaseConfigs/production"
}

#! release_config | headwater_dataform_release_config.NAME.id
resource "headwater_dataform_workflow_config" "release" {
  repository     = "projects/p/locations/europe-west1/repositories/sales"
  name           = "daily"
  release_config = "production"
}

#! invocation_config.query_priority | `INTERACTIVE` | `BATCH`
resource "headwater_dataform_workflow_config" "priority" {
  repository        = "projects/p/locations/europe-west1/repositories/sales"
  name              = "daily"
  release_config    = "projects/p/locations/europe-west1/repositories/sales/releaseConfigs/production"
  invocation_config = { query_priority = "HIGH" }
}

#! invocation_config.included_targets | at least 1
resource "headwater_dataform_workflow_config" "targets" {
  repository        = "projects/p/locations/europe-west1/repositories/sales"
  name              = "daily"
  release_config    = "projects/p/locations/europe-west1/repositories/sales/releaseConfigs/production"
  invocation_config = { included_targets = [] }
}

#! name | lowercase letters, digits and hyphens
resource "headwater_dataplex_data_scan" "name" {
  name              = "Orders_Quality"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  data_profile_spec = {}
}

#! table | headwater_bigquery_table.NAME.id
resource "headwater_dataplex_data_scan" "table" {
  name              = "orders"
  table             = "raw.orders"
  data_profile_spec = {}
}

#! data_quality_spec | data_profile_spec
resource "headwater_dataplex_data_scan" "neither" {
  name  = "orders"
  table = "projects/acme-data/datasets/raw/tables/orders"
}

#! schedule.cron | five fields
resource "headwater_dataplex_data_scan" "cron" {
  name              = "orders"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  schedule          = { cron = "hourly" }
  data_profile_spec = {}
}

#! data_profile_spec.sampling_percent | at most 3 decimal digits
resource "headwater_dataplex_data_scan" "sampling" {
  name              = "orders"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  data_profile_spec = { sampling_percent = 0.0001 }
}

#! data_profile_spec.mode | `STANDARD`
resource "headwater_dataplex_data_scan" "mode" {
  name              = "orders"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  data_profile_spec = { mode = "DEEP" }
}

#! data_quality_spec.rules | at least 1
resource "headwater_dataplex_data_scan" "no_rules" {
  name              = "orders"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = { rules = [] }
}

#! data_quality_spec.rules[0] | expects nothing | `sql_assertion`
resource "headwater_dataplex_data_scan" "no_expectation" {
  name              = "orders"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = { rules = [{ column = "id" }] }
}

#! data_quality_spec.rules[0].uniqueness_expectation | one expectation | two rules
resource "headwater_dataplex_data_scan" "two_expectations" {
  name  = "orders"
  table = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = {
    rules = [{ column = "id", non_null_expectation = {}, uniqueness_expectation = {} }]
  }
}

#! data_quality_spec.rules[0].column | needs `column`
resource "headwater_dataplex_data_scan" "no_column" {
  name              = "orders"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = { rules = [{ non_null_expectation = {} }] }
}

#! data_quality_spec.rules[1].threshold | no threshold | row_condition_expectation
resource "headwater_dataplex_data_scan" "threshold" {
  name  = "orders"
  table = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = {
    rules = [
      { column = "id", non_null_expectation = {} },
      { threshold = 0.9, table_condition_expectation = { sql_expression = "COUNT(*) > 0" } },
    ]
  }
}

#! data_quality_spec.rules[0].threshold | at most 1
resource "headwater_dataplex_data_scan" "threshold_percent" {
  name              = "orders"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = { rules = [{ column = "id", threshold = 95, non_null_expectation = {} }] }
}

#! data_quality_spec.rules[0].ignore_null | does not ignore nulls
resource "headwater_dataplex_data_scan" "ignore_null" {
  name              = "orders"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = { rules = [{ column = "id", ignore_null = true, non_null_expectation = {} }] }
}

#! data_quality_spec.rules[0].range_expectation | neither bound | `min_value`
resource "headwater_dataplex_data_scan" "no_bounds" {
  name              = "orders"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = { rules = [{ column = "id", range_expectation = {} }] }
}

#! data_quality_spec.rules[0].range_expectation.min_value | no value is in the range
resource "headwater_dataplex_data_scan" "empty_range" {
  name  = "orders"
  table = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = {
    rules = [{ column = "id", range_expectation = { min_value = "9", max_value = "1" } }]
  }
}

#! data_quality_spec.rules[0].sql_assertion.sql_statement | without a semicolon
resource "headwater_dataplex_data_scan" "semicolon" {
  name  = "orders"
  table = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = {
    rules = [{ sql_assertion = { sql_statement = "SELECT 1;" } }]
  }
}

#! data_quality_spec.rules[1].name | earlier rule
resource "headwater_dataplex_data_scan" "same_name" {
  name  = "orders"
  table = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = {
    rules = [
      { name = "same", column = "id", non_null_expectation = {} },
      { name = "same", column = "id", uniqueness_expectation = {} },
    ]
  }
}

#! data_quality_spec.rules[0].dimension | uppercase
resource "headwater_dataplex_data_scan" "dimension" {
  name              = "orders"
  table             = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = { rules = [{ column = "id", dimension = "validity", non_null_expectation = {} }] }
}

#! data_quality_spec.notification_report | nothing says when | `score_threshold`
resource "headwater_dataplex_data_scan" "silent" {
  name  = "orders"
  table = "projects/acme-data/datasets/raw/tables/orders"
  data_quality_spec = {
    rules               = [{ column = "id", non_null_expectation = {} }]
    notification_report = { emails = ["a@example.com"] }
  }
}

#! name | letters, digits, `-` and `_`
resource "headwater_dataform_project" "name" {
  name      = "sales marts"
  directory = "marts"
}

#! directory | at least 1
resource "headwater_dataform_project" "directory" {
  name      = "sales"
  directory = ""
}

#! invocation_config | nothing would ever run it | cron_schedule
resource "headwater_dataform_project" "never" {
  name              = "sales"
  directory         = "marts"
  invocation_config = { included_tags = ["daily"] }
}

#! cron_schedule | is not valid
resource "headwater_dataform_project" "cron" {
  name          = "sales"
  directory     = "marts"
  cron_schedule = "every day"
}

#! code_compilation_config.default_schema | letters
resource "headwater_dataform_project" "dataset" {
  name                    = "sales"
  directory               = "marts"
  code_compilation_config = { default_schema = "a-b" }
}
