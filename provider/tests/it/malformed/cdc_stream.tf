#! salesforce | subscription | one
resource "headwater_cdc_stream" "no_source" {
  name     = "crm"
  lake     = "gs://acme-lake"
  dataset  = "projects/p/datasets/d"
  entities = { Account = {} }
}

#! entities["orders"].columns | missing | columns = {
resource "headwater_cdc_stream" "no_columns" {
  name         = "crm"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  subscription = { id = "projects/p/subscriptions/sub" }
  entities     = { orders = {} }
}

#! entities["Account"].columns | comes from the org
resource "headwater_cdc_stream" "columns_of_the_org" {
  name       = "crm"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  salesforce = { connection = "projects/p/secrets/s" }
  entities   = { Account = { columns = { Name = "STRING" } } }
}

#! entities["b"].current | entities["a"].changelog | same table
resource "headwater_cdc_stream" "one_table_twice" {
  name         = "crm"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  subscription = { id = "projects/p/subscriptions/sub" }
  entities = {
    a = { changelog = "x", columns = { n = "STRING" } }
    b = { current = "x", columns = { n = "STRING" } }
  }
}

#! columns | type of BigQuery
resource "headwater_cdc_stream" "unknown_type" {
  name         = "crm"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  subscription = { id = "projects/p/subscriptions/sub" }
  entities     = { orders = { columns = { total = "MONEY" } } }
}

#! subscription.keys | missing | keys = {
resource "headwater_cdc_stream" "debezium_without_keys" {
  name         = "crm"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  subscription = { id = "projects/p/subscriptions/sub", format = "debezium" }
  entities     = { orders = { columns = { id = "INT64" } } }
}

#! subscription.keys["orders"] | no key
resource "headwater_cdc_stream" "table_without_key" {
  name         = "crm"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  subscription = { id = "projects/p/subscriptions/sub", format = "debezium", keys = {} }
  entities     = { orders = { columns = { id = "INT64" } } }
}

#! number | no column of `orders`
resource "headwater_cdc_stream" "key_that_is_no_column" {
  name         = "crm"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  subscription = { id = "projects/p/subscriptions/sub", format = "debezium", keys = { orders = ["number"] } }
  entities     = { orders = { columns = { id = "INT64" } } }
}

#! subscription.mapping | missing
resource "headwater_cdc_stream" "no_mapping" {
  name         = "crm"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  subscription = { id = "projects/p/subscriptions/sub", format = "mapping" }
  entities     = { orders = { columns = { id = "INT64" } } }
}

#! key | JSON path
resource "headwater_cdc_stream" "mapping_that_is_no_path" {
  name         = "crm"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  subscription = { id = "projects/p/subscriptions/sub", format = "mapping", mapping = { key = "id", order = "$.v" } }
  entities     = { orders = { columns = { id = "INT64" } } }
}

#! subscription.mapping.operations | matches nothing
resource "headwater_cdc_stream" "mapping_that_matches_nothing" {
  name    = "crm"
  lake    = "gs://acme-lake"
  dataset = "projects/p/datasets/d"
  subscription = {
    id      = "projects/p/subscriptions/sub"
    format  = "mapping"
    mapping = { key = "$.id", order = "$.v", operations = { I = "create" } }
  }
  entities = { orders = { columns = { id = "INT64" } } }
}

#! subscription.mapping.entity | missing | 2 entities
resource "headwater_cdc_stream" "mapping_without_entity" {
  name         = "crm"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  subscription = { id = "projects/p/subscriptions/sub", format = "mapping", mapping = { key = "$.id", order = "$.v" } }
  entities = {
    a = { columns = { id = "INT64" } }
    b = { columns = { id = "INT64" } }
  }
}

#! channel | /data/ChangeEvents
resource "headwater_cdc_stream" "channel" {
  name       = "crm"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  salesforce = { connection = "projects/p/secrets/s", channel = "Account" }
  entities   = { Account = {} }
}

#! drift | evolve
resource "headwater_cdc_stream" "drift" {
  name       = "crm"
  lake       = "gs://acme-lake"
  dataset    = "projects/p/datasets/d"
  salesforce = { connection = "projects/p/secrets/s" }
  entities   = { Account = {} }
  drift      = "ignore"
}

#! _record_id | stream's own columns
resource "headwater_cdc_stream" "own_column" {
  name         = "crm"
  lake         = "gs://acme-lake"
  dataset      = "projects/p/datasets/d"
  subscription = { id = "projects/p/subscriptions/sub" }
  entities     = { orders = { columns = { _record_id = "STRING" } } }
}
