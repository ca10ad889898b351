# Salesforce's Change Data Capture, from now on and with what is there already.
resource "headwater_cdc_stream" "crm" {
  name    = "crm-changes"
  lake    = headwater_storage_bucket.lake.url
  dataset = headwater_bigquery_dataset.raw.id

  salesforce = {
    connection       = headwater_salesforce_connection.crm.id
    initial_snapshot = true
  }

  entities = {
    Account = { current = "account_now" }

    # Deleted records stay, marked; one field gets no column; changes are kept for a year.
    Contact = {
      deletes        = "soft"
      exclude        = ["Description"]
      retention_days = 365
    }
  }

  # One worker while little waits, another for each 20,000 messages more, and fewer after ten minutes without need for them.
  autoscaling = {
    max_workers        = 4
    target_backlog     = 20000
    scale_down_seconds = 600
  }
}

# Somebody else's messages, in a shape of their own.
resource "headwater_cdc_stream" "orders" {
  name    = "orders"
  lake    = headwater_storage_bucket.lake.url
  dataset = headwater_bigquery_dataset.raw.id

  subscription = {
    id     = headwater_pubsub_subscription.workers.id
    format = "mapping"
    mapping = {
      key        = "$.order.id"
      operation  = "$.kind"
      operations = { placed = "create", changed = "update", cancelled = "delete" }
      order      = "$.version"
      payload    = "$.order"
    }
  }

  entities = {
    orders = {
      current = "orders_now"
      columns = {
        status    = "STRING"
        total     = "NUMERIC"
        placed_at = "TIMESTAMP"
      }
    }
  }

  # What does not fit is looked at before it gets a column.
  drift   = "quarantine"
  workers = 2
}

# The same by a streaming job of Dataflow, for what a few workers cannot carry.
resource "headwater_cdc_stream" "clicks" {
  name    = "clicks"
  lake    = headwater_storage_bucket.lake.url
  dataset = headwater_bigquery_dataset.raw.id
  engine  = "dataflow"

  subscription = {
    id     = headwater_pubsub_subscription.workers.id
    format = "mapping"
    mapping = {
      key   = "$.session"
      order = "$.at"
    }
  }

  entities = {
    clicks = { columns = { page = "STRING", at = "TIMESTAMP" } }
  }

  drift   = "quarantine"
  workers = 20
  dataflow = {
    machine_type      = "n2-standard-2"
    private_addresses = true
  }
}
