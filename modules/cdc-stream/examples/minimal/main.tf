# Orders that a shop publishes as JSON, as tables. Project, region and endpoint come from the environment.

terraform {
  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

resource "headwater_storage_bucket" "lake" {
  name          = "acme-stream-lake"
  location      = "EU"
  force_destroy = true
}

resource "headwater_bigquery_dataset" "live" {
  dataset_id                 = "stream_live"
  location                   = "EU"
  delete_contents_on_destroy = true
}

resource "headwater_service_account" "stream" {
  account_id = "orders-stream"
}

resource "headwater_pubsub_topic" "orders" {
  name = "shop-orders"
}

module "stream" {
  source = "../.."

  name    = "orders"
  lake    = headwater_storage_bucket.lake.url
  dataset = headwater_bigquery_dataset.live.id

  messages = {
    topic = headwater_pubsub_topic.orders.id
    mapping = {
      key        = "$.order.id"
      operation  = "$.kind"
      operations = { placed = "create", changed = "update", cancelled = "delete" }
      order      = "$.version"
      payload    = "$.order"
    }
  }

  entities = {
    orders = { columns = { id = "STRING", status = "STRING", total = "NUMERIC", placed_at = "TIMESTAMP" } }
  }

  # What does not fit is looked at before it gets a column.
  drift = "quarantine"

  autoscaling     = { max_workers = 4 }
  service_account = headwater_service_account.stream
  disposable      = true
}

output "tables" {
  description = "The tables by entity."
  value       = module.stream.tables
}

output "dead_letters" {
  description = "Where messages go that cannot be applied."
  value       = module.stream.dead_letters
}
