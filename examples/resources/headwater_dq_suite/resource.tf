resource "headwater_dq_suite" "orders" {
  name    = "order-quality"
  lake    = headwater_storage_bucket.lake.url
  runtime = headwater_runtime.main.id
  table   = headwater_bigquery_table.orders.id

  # What is read: the table's last partitions.
  partition_filter = "ordered_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)"
  max_bytes_billed = 50000000000

  expectations = {
    not_null = [
      { column = "order_id" },
      # Nearly all rows, and nobody is woken.
      { column = "country", mostly = 0.99, severity = "warn", on_fail = "record" },
    ]
    unique = [{ columns = ["order_id"] }]
    in_set = [{ column = "country", strings = ["AT", "CH", "DE"] }]
    between = [
      # Only of some rows.
      { column = "amount", decimals = { min = "0.01" }, where = "country = 'DE'" },
    ]
    matches   = [{ column = "order_id", patterns = ["^[A-Z]{2}-[0-9]+$"] }]
    row_count = [{ min = 1, owner = "sales@acme.com" }]
    statistic = [{ column = "amount", statistic = "mean", floats = { min = 10, max = 500 } }]
    # Against the clock, and against what is usual on this day of the week.
    freshness = [{ column = "ordered_at", max_age = "26h" }]
    anomaly   = [{ metric = "row_count", threshold = 4, group_by = "day_of_week" }]
  }

  results = {
    dataset = headwater_bigquery_dataset.raw.id
  }

  alert = {
    topic = headwater_pubsub_topic.changes.id
    on    = ["fail", "error", "recovered"]
  }

  schedule = {
    cron      = "30 6 * * *"
    time_zone = "Europe/Berlin"
  }
}
