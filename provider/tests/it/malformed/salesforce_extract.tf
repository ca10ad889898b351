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
