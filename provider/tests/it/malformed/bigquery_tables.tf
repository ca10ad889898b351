# BigQuery's resources, wrong. See malformed.tf.

#! max_time_travel_hours | 168
resource "headwater_bigquery_dataset" "time_travel" {
  dataset_id            = "raw"
  max_time_travel_hours = 100
}

#! storage_billing_model | `PHYSICAL`
resource "headwater_bigquery_dataset" "billing" {
  dataset_id            = "raw"
  storage_billing_model = "COMPRESSED"
}

#! default_partition_expiration_ms | at least 3600000
resource "headwater_bigquery_dataset" "partition_expiration" {
  dataset_id                      = "raw"
  default_partition_expiration_ms = 1000
}

#! says nobody | exactly one of
resource "headwater_bigquery_dataset" "access_nobody" {
  dataset_id = "raw"
  access     = [{ role = "READER" }]
}

#! conflicts with `user_by_email` | one principal
resource "headwater_bigquery_dataset" "access_two" {
  dataset_id = "raw"
  access     = [{ role = "READER", user_by_email = "a@acme.com", domain = "acme.com" }]
}

#! role of this `domain` is missing | READER
resource "headwater_bigquery_dataset" "access_no_role" {
  dataset_id = "raw"
  access     = [{ domain = "acme.com" }]
}

#! `view` has no role | leave `role` out
resource "headwater_bigquery_dataset" "access_view_role" {
  dataset_id = "raw"
  access     = [{ role = "READER", view = "projects/p/datasets/d/tables/v" }]
}

#! access[0].user_by_email | without `user:`
resource "headwater_bigquery_dataset" "access_email" {
  dataset_id = "raw"
  access     = [{ role = "READER", user_by_email = "user:a@acme.com" }]
}

#! access[0].role | roles/bigquery.dataViewer
resource "headwater_bigquery_dataset" "access_role" {
  dataset_id = "raw"
  access     = [{ role = "viewer", domain = "acme.com" }]
}

#! dataset | headwater_bigquery_dataset.NAME.id
resource "headwater_bigquery_table" "dataset" {
  dataset  = "raw"
  table_id = "t"
  columns  = [{ name = "a", type = "STRING" }]
}

#! table_id | letters, digits and underscores
resource "headwater_bigquery_table" "table_id" {
  dataset  = "projects/p/datasets/d"
  table_id = "the table"
  columns  = [{ name = "a", type = "STRING" }]
}

#! columns | 1 to
resource "headwater_bigquery_table" "columns_empty" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = []
}

#! columns[0].name | starting with a letter
resource "headwater_bigquery_table" "column_name" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "1st", type = "STRING" }]
}

#! columns[0].name | `_PARTITION`
resource "headwater_bigquery_table" "column_reserved" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "_PARTITIONTIME", type = "TIMESTAMP" }]
}

#! columns[0].type | `STRING` | `NUMERIC`
resource "headwater_bigquery_table" "column_type" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "a", type = "VARCHAR" }]
}

#! columns[0].mode | `REPEATED`
resource "headwater_bigquery_table" "column_mode" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "a", type = "STRING", mode = "OPTIONAL" }]
}

#! `A` is there twice | remove or rename
resource "headwater_bigquery_table" "column_twice" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "a", type = "STRING" }, { name = "A", type = "INT64" }]
}

#! a STRUCT needs `fields`
resource "headwater_bigquery_table" "struct_without_fields" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "r", type = "STRUCT" }]
}

#! `fields` are set and the type is STRING | leave `fields` out
resource "headwater_bigquery_table" "fields_of_string" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "r", type = "STRING", fields = [{ name = "a", type = "STRING" }] }]
}

#! columns[0].fields[0].type | `STRING`
resource "headwater_bigquery_table" "field_type" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "r", type = "STRUCT", fields = [{ name = "a", type = "TEXT" }] }]
}

#! columns[0].fields[0].fields[0].fields[0].fields | JSON
resource "headwater_bigquery_table" "deep_json" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "a", type = "STRUCT", fields = [{ name = "b", type = "STRUCT", fields = [{ name = "c", type = "STRUCT", fields = [{ name = "d", type = "STRUCT", fields = "x: STRING" }] }] }] }]
}

#! field `x` of the JSON has the type `TEXT` | `STRING`
resource "headwater_bigquery_table" "deep_json_type" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "a", type = "STRUCT", fields = [{ name = "b", type = "STRUCT", fields = [{ name = "c", type = "STRUCT", fields = [{ name = "d", type = "STRUCT", fields = jsonencode([{ name = "x", type = "TEXT" }]) }] }] }] }]
}

#! `max_length` is set and the type is INT64 | STRING and BYTES
resource "headwater_bigquery_table" "max_length" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "a", type = "INT64", max_length = 5 }]
}

#! a scale of 5 is more than the precision of 3
resource "headwater_bigquery_table" "scale" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "a", type = "NUMERIC", precision = 3, scale = 5 }]
}

#! `scale` is set without `precision`
resource "headwater_bigquery_table" "scale_alone" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "a", type = "NUMERIC", scale = 5 }]
}

#! a field of a record cannot have a default | whole record
resource "headwater_bigquery_table" "field_default" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "r", type = "STRUCT", fields = [{ name = "a", type = "INT64", default_value_expression = "1" }] }]
}

#! a field of a record cannot be renamed | beside the old one
resource "headwater_bigquery_table" "field_renamed" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "r", type = "STRUCT", fields = [{ name = "a", type = "INT64", renamed_from = "b" }] }]
}

#! columns[0].policy_tags[0] | taxonomies
resource "headwater_bigquery_table" "policy_tag" {
  dataset  = "projects/p/datasets/d"
  table_id = "t"
  columns  = [{ name = "a", type = "STRING", policy_tags = ["pii"] }]
}

#! there is no column `day` | `a`
resource "headwater_bigquery_table" "partition_column" {
  dataset           = "projects/p/datasets/d"
  table_id          = "t"
  columns           = [{ name = "a", type = "STRING" }]
  time_partitioning = { field = "day" }
}

#! the column `a` is STRING | TIMESTAMP, DATE, DATETIME
resource "headwater_bigquery_table" "partition_type" {
  dataset           = "projects/p/datasets/d"
  table_id          = "t"
  columns           = [{ name = "a", type = "STRING" }]
  time_partitioning = { field = "a" }
}

#! the column `a` is DATE | TIMESTAMP, DATETIME
resource "headwater_bigquery_table" "partition_hour" {
  dataset           = "projects/p/datasets/d"
  table_id          = "t"
  columns           = [{ name = "a", type = "DATE" }]
  time_partitioning = { type = "HOUR", field = "a" }
}

#! range_partitioning | conflicts
resource "headwater_bigquery_table" "two_partitionings" {
  dataset            = "projects/p/datasets/d"
  table_id           = "t"
  columns            = [{ name = "a", type = "INT64" }]
  time_partitioning  = {}
  range_partitioning = { field = "a", start = 0, end = 10, interval = 1 }
}

#! not after their start | behind the last partition
resource "headwater_bigquery_table" "range_end" {
  dataset            = "projects/p/datasets/d"
  table_id           = "t"
  columns            = [{ name = "a", type = "INT64" }]
  range_partitioning = { field = "a", start = 10, end = 10, interval = 1 }
}

#! no partitions to filter by | time_partitioning
resource "headwater_bigquery_table" "filter" {
  dataset                  = "projects/p/datasets/d"
  table_id                 = "t"
  columns                  = [{ name = "a", type = "STRING" }]
  require_partition_filter = true
}

#! clustering | 0 to 4
resource "headwater_bigquery_table" "clustering_many" {
  dataset    = "projects/p/datasets/d"
  table_id   = "t"
  columns    = [{ name = "a", type = "STRING" }]
  clustering = ["a", "b", "c", "d", "e"]
}

#! there is no column `b` | `columns` has `a`
resource "headwater_bigquery_table" "clustering_column" {
  dataset    = "projects/p/datasets/d"
  table_id   = "t"
  columns    = [{ name = "a", type = "STRING" }]
  clustering = ["b"]
}

#! the column `a` is FLOAT64 | Clustering takes
resource "headwater_bigquery_table" "clustering_type" {
  dataset    = "projects/p/datasets/d"
  table_id   = "t"
  columns    = [{ name = "a", type = "FLOAT64" }]
  clustering = ["a"]
}

#! there is no column `id` | `a`
resource "headwater_bigquery_table" "primary_key" {
  dataset     = "projects/p/datasets/d"
  table_id    = "t"
  columns     = [{ name = "a", type = "STRING" }]
  primary_key = ["id"]
}

#! foreign_keys["customer"].references | headwater_bigquery_table.NAME.id
resource "headwater_bigquery_table" "foreign_key" {
  dataset      = "projects/p/datasets/d"
  table_id     = "t"
  columns      = [{ name = "a", type = "STRING" }]
  foreign_keys = { customer = { references = "customers", columns = { a = "id" } } }
}

#! expiration_time | 2030-01-01T00:00:00Z
resource "headwater_bigquery_table" "expiration" {
  dataset         = "projects/p/datasets/d"
  table_id        = "t"
  columns         = [{ name = "a", type = "STRING" }]
  expiration_time = "in a year"
}

#! max_staleness | 0-0 0 4:0:0
resource "headwater_bigquery_table" "staleness" {
  dataset       = "projects/p/datasets/d"
  table_id      = "t"
  columns       = [{ name = "a", type = "STRING" }]
  max_staleness = "4h"
}

#! query | 1 to
resource "headwater_bigquery_view" "query_empty" {
  dataset  = "projects/p/datasets/d"
  table_id = "v"
  query    = ""
}

#! refresh_interval_minutes | 1 to 10080
resource "headwater_bigquery_materialized_view" "refresh" {
  dataset                  = "projects/p/datasets/d"
  table_id                 = "v"
  query                    = "SELECT 1"
  refresh_interval_minutes = 0
}

#! partition_type | `MONTH`
resource "headwater_bigquery_materialized_view" "partition_type" {
  dataset        = "projects/p/datasets/d"
  table_id       = "v"
  query          = "SELECT 1"
  partition_type = "WEEK"
}

#! routine_type | `PROCEDURE`
resource "headwater_bigquery_routine" "routine_type" {
  dataset         = "projects/p/datasets/d"
  routine_id      = "f"
  routine_type    = "FUNCTION"
  definition_body = "1"
}

#! arguments[0].type | ARRAY<STRUCT<a INT64, b STRING>>
resource "headwater_bigquery_routine" "argument_type" {
  dataset         = "projects/p/datasets/d"
  routine_id      = "f"
  arguments       = [{ name = "x", type = "ARRAY<INT64" }]
  definition_body = "x"
}

#! `mode` belongs to the arguments of a procedure | leave it out
resource "headwater_bigquery_routine" "argument_mode" {
  dataset         = "projects/p/datasets/d"
  routine_id      = "f"
  arguments       = [{ name = "x", type = "INT64", mode = "OUT" }]
  definition_body = "x"
}

#! return_type | JavaScript
resource "headwater_bigquery_routine" "javascript" {
  dataset         = "projects/p/datasets/d"
  routine_id      = "f"
  language        = "JAVASCRIPT"
  definition_body = "return 1;"
}

#! return_table_columns | TABLE_VALUED_FUNCTION
resource "headwater_bigquery_routine" "table_columns" {
  dataset              = "projects/p/datasets/d"
  routine_id           = "f"
  return_table_columns = [{ name = "a", type = "INT64" }]
  definition_body      = "1"
}

#! imported_libraries | JavaScript
resource "headwater_bigquery_routine" "libraries" {
  dataset            = "projects/p/datasets/d"
  routine_id         = "f"
  imported_libraries = ["gs://acme/lib.js"]
  definition_body    = "1"
}

#! table | PROJECT
data "headwater_bigquery_table" "name" {
  table = "orders"
}

#! dataset | PROJECT.DATASET
data "headwater_bigquery_dataset" "name" {
  dataset = "projects/p/datasets/d/tables/t"
}
