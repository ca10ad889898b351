# What people get wrong. Before each block stands what its error must say: words that name the attribute and the remedy,
# separated by `|`. All blocks are one configuration, which one `terraform validate` judges.

#! name | lowercase letters | acme-lake
resource "headwater_storage_bucket" "name_capitals" {
  name = "Acme_Lake"
}

#! name | 3 to 63
resource "headwater_storage_bucket" "name_short" {
  name = "ab"
}

#! name | without `goog`
resource "headwater_storage_bucket" "name_google" {
  name = "google-lake"
}

#! location | europe-west1 | EU
resource "headwater_storage_bucket" "location" {
  name     = "acme-lake"
  location = "europe west"
}

#! storage_class | `STANDARD` | `NEARLINE`
resource "headwater_storage_bucket" "storage_class" {
  name          = "acme-lake"
  storage_class = "FAST"
}

#! delete_after_days | 1 to 36500 | got 0
resource "headwater_storage_bucket" "delete_after_zero" {
  name              = "acme-lake"
  delete_after_days = 0
}

#! delete_after_days | whole number
resource "headwater_storage_bucket" "delete_after_half" {
  name              = "acme-lake"
  delete_after_days = 1.5
}

#! labels["Team"] | lowercase
resource "headwater_storage_bucket" "label_key" {
  name   = "acme-lake"
  labels = { Team = "crm" }
}

#! labels["headwater-managed"] | `headwater-`
resource "headwater_storage_bucket" "label_reserved" {
  name   = "acme-lake"
  labels = { headwater-managed = "false" }
}

#! labels["team"] | lowercase letters
resource "headwater_storage_bucket" "label_value" {
  name   = "acme-lake"
  labels = { team = "The CRM team" }
}

#! force_destroy | bool
resource "headwater_storage_bucket" "force_destroy" {
  name          = "acme-lake"
  force_destroy = "sometimes"
}

#! dataset_id | letters, digits and underscores
resource "headwater_bigquery_dataset" "dataset_id" {
  dataset_id = "salesforce-raw"
}

#! project | id of a Google Cloud project
resource "headwater_bigquery_dataset" "project" {
  dataset_id = "raw"
  project    = "Acme Data"
}

#! default_table_expiration_ms | at least 3600000
resource "headwater_bigquery_dataset" "expiration" {
  dataset_id                  = "raw"
  default_table_expiration_ms = 60
}

#! delete | duration | 20m
resource "headwater_bigquery_dataset" "timeouts" {
  dataset_id = "raw"
  timeouts   = { delete = "soon" }
}

#! name | lowercase letters, digits and hyphens
resource "headwater_runtime" "name" {
  name = "Headwater_Main"
}

#! region | europe-west1
resource "headwater_runtime" "region" {
  name   = "headwater"
  region = "Europe"
}

#! image | container image
resource "headwater_runtime" "image" {
  name  = "headwater"
  image = "https://europe-docker.pkg.dev/acme/headwater"
}

#! cpu | number of CPUs | 500m
resource "headwater_runtime" "cpu" {
  name = "headwater"
  cpu  = "two"
}

#! memory | unit | 512Mi
resource "headwater_runtime" "memory" {
  name   = "headwater"
  memory = "2GB"
}

#! max_retries | 0 to 10
resource "headwater_runtime" "max_retries" {
  name        = "headwater"
  max_retries = 99
}

#! task_timeout | duration | 20m
resource "headwater_runtime" "task_timeout_words" {
  name         = "headwater"
  task_timeout = "an hour"
}

#! task_timeout | `1s` to `168h`
resource "headwater_runtime" "task_timeout_long" {
  name         = "headwater"
  task_timeout = "1000h"
}

#! service_account | e-mail address
resource "headwater_runtime" "service_account" {
  name            = "headwater"
  service_account = "headwater"
}

#! env["CLOUD_RUN_JOB"] | Cloud Run sets itself
resource "headwater_runtime" "env" {
  name = "headwater"
  env  = { CLOUD_RUN_JOB = "mine" }
}

#! name | lowercase letters
resource "headwater_salesforce_connection" "name" {
  name               = "CRM"
  login_url          = "https://acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
}

#! login_url | My Domain | https://acme.my.salesforce.com
resource "headwater_salesforce_connection" "login_url_host" {
  name               = "crm"
  login_url          = "acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
}

#! login_url | without a path
resource "headwater_salesforce_connection" "login_url_path" {
  name               = "crm"
  login_url          = "https://acme.my.salesforce.com/services/oauth2"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
}

#! login_url | plain http only on this machine
resource "headwater_salesforce_connection" "login_url_http" {
  name               = "crm"
  login_url          = "http://acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
}

#! api_version | `66.0`
resource "headwater_salesforce_connection" "api_version" {
  name               = "crm"
  login_url          = "https://acme.my.salesforce.com"
  api_version        = "v66"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
}

#! client_credentials | jwt_bearer | Exactly one
resource "headwater_salesforce_connection" "no_flow" {
  name      = "crm"
  login_url = "https://acme.my.salesforce.com"
}

#! jwt_bearer | client_credentials | Exactly one
resource "headwater_salesforce_connection" "two_flows" {
  name               = "crm"
  login_url          = "https://acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
  jwt_bearer         = { client_id = "3MVG", username = "u@acme.com", private_key_wo = "-----BEGIN PRIVATE KEY-----", private_key_wo_version = 1 }
}

#! client_credentials.client_secret_wo | without spaces
resource "headwater_salesforce_connection" "secret_spaces" {
  name               = "crm"
  login_url          = "https://acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = " not-to-be-printed ", client_secret_wo_version = 1 }
}

#! client_credentials.client_secret_wo_version | 1 to
resource "headwater_salesforce_connection" "secret_version" {
  name               = "crm"
  login_url          = "https://acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 0 }
}

#! jwt_bearer.private_key_wo | PEM
resource "headwater_salesforce_connection" "private_key" {
  name       = "crm"
  login_url  = "https://acme.my.salesforce.com"
  jwt_bearer = { client_id = "3MVG", username = "u@acme.com", private_key_wo = "not-to-be-printed", private_key_wo_version = 1 }
}

#! name | lowercase letters, digits and hyphens
resource "headwater_salesforce_extract" "name" {
  name       = "My CRM"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = {} }
}

#! connection | headwater_salesforce_connection.NAME.id
resource "headwater_salesforce_extract" "connection" {
  name       = "crm"
  connection = "crm"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = {} }
}

#! lake | gs://
resource "headwater_salesforce_extract" "lake_scheme" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "s3://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = {} }
}

#! lake | gs://BUCKET
resource "headwater_salesforce_extract" "lake_bucket" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://Acme Lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = {} }
}

# Known only in part before the bucket exists, and wrong already.
#! lake | must start with `gs://`
resource "headwater_salesforce_extract" "lake_unknown" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "https://storage.googleapis.com/${terraform_data.unknown.id}"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = {} }
}

#! dataset | headwater_bigquery_dataset.NAME.id
resource "headwater_salesforce_extract" "dataset" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "acme-data.raw"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = {} }
}

#! runtime | headwater_runtime.NAME.id
resource "headwater_salesforce_extract" "runtime" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "headwater"
  objects    = { Account = {} }
}

#! objects | at least 1
resource "headwater_salesforce_extract" "objects_empty" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = {}
}

#! objects["My Object"] | API name
resource "headwater_salesforce_extract" "object_name" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { "My Object" = {} }
}

#! objects["account"] | remove one of them
resource "headwater_salesforce_extract" "object_twice" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = {}, account = { table = "other" } }
}

#! objects["Account"] | `{}`
resource "headwater_salesforce_extract" "object_null" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = null }
}

#! objects["Account"].mode | `incremental`
resource "headwater_salesforce_extract" "mode" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { mode = "sometimes" } }
}

#! objects["Account"].table | letters, digits and underscores
resource "headwater_salesforce_extract" "table" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { table = "the accounts" } }
}

#! objects["Contact"].table | share the table | another `table`
resource "headwater_salesforce_extract" "table_shared" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = {}, Contact = { table = "account" } }
}

#! objects["Account"].include | at least 1
resource "headwater_salesforce_extract" "include_empty" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { include = [] } }
}

#! objects["Account"].include[1] | API name
resource "headwater_salesforce_extract" "include_name" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { include = ["Name", "Owner.Name"] } }
}

#! objects["Account"].include[2] | twice
resource "headwater_salesforce_extract" "include_twice" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { include = ["Name", "Site", "Name"] } }
}

#! objects["Account"].exclude[0] | Take it out of `exclude`
resource "headwater_salesforce_extract" "exclude_id" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { exclude = ["SystemModstamp"] } }
}

#! objects["Account"].exclude[0] | out of `include` or of `exclude`
resource "headwater_salesforce_extract" "exclude_included" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { include = ["Name"], exclude = ["name"] } }
}

#! objects["Account"].where | without WHERE
resource "headwater_salesforce_extract" "where_keyword" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { where = "WHERE Amount > 0" } }
}

#! objects["Account"].where | Leave `where` out
resource "headwater_salesforce_extract" "where_empty" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { where = "" } }
}

#! objects["Account"].where | closing quote | SOQL condition
resource "headwater_salesforce_extract" "where_quote" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { where = "Name = 'O'Neill'" } }
}

#! objects["Account"].where | single quotes
resource "headwater_salesforce_extract" "where_double_quotes" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  objects    = { Account = { where = "Name = \"Acme\"" } }
}

#! schedule.cron | five fields | it has 2 fields
resource "headwater_salesforce_extract" "cron_words" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  schedule   = { cron = "every day" }
  objects    = { Account = {} }
}

#! schedule.cron | 61 | five fields
resource "headwater_salesforce_extract" "cron_minute" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  schedule   = { cron = "61 * * * *" }
  objects    = { Account = {} }
}

#! schedule.cron | never fires
resource "headwater_salesforce_extract" "cron_never" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  schedule   = { cron = "0 0 30 2 *" }
  objects    = { Account = {} }
}

#! schedule.time_zone | IANA | Europe/Berlin
resource "headwater_salesforce_extract" "time_zone" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  schedule   = { cron = "0 * * * *", time_zone = "Berlin" }
  objects    = { Account = {} }
}

#! deletes | `remove` | `flag`
resource "headwater_salesforce_extract" "deletes" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  deletes    = "ignore"
  objects    = { Account = {} }
}

#! safety_lag | duration
resource "headwater_salesforce_extract" "safety_lag_words" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  safety_lag = "two minutes"
  objects    = { Account = {} }
}

#! safety_lag | `0s` to `24h`
resource "headwater_salesforce_extract" "safety_lag_long" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  safety_lag = "48h"
  objects    = { Account = {} }
}

#! task_count | 1 to 100
resource "headwater_salesforce_extract" "task_count" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  task_count = 0
  objects    = { Account = {} }
}

#! part_size_mb | 1 to 4096
resource "headwater_salesforce_extract" "part_size_mb" {
  name         = "crm"
  connection   = "projects/p/secrets/s"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  runtime      = "projects/p/locations/europe-west1/jobs/j"
  part_size_mb = 1000000
  objects      = { Account = {} }
}

#! api_budget.max_daily_percent | 1 to 100
resource "headwater_salesforce_extract" "api_budget" {
  name       = "crm"
  connection = "projects/p/secrets/s"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  runtime    = "projects/p/locations/europe-west1/jobs/j"
  api_budget = { max_daily_percent = 140 }
  objects    = { Account = {} }
}

#! connection | headwater_salesforce_connection.NAME.id
data "headwater_salesforce_object" "connection" {
  connection = "crm"
  name       = "Account"
}

#! name | API name
data "headwater_salesforce_object" "name" {
  connection = "projects/p/secrets/s"
  name       = "My Object"
}
