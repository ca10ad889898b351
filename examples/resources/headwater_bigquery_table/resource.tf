resource "headwater_bigquery_table" "orders" {
  dataset     = headwater_bigquery_dataset.raw.id
  table_id    = "orders"
  description = "Orders, one row each."

  columns = [
    { name = "order_id", type = "STRING", mode = "REQUIRED" },
    { name = "ordered_at", type = "TIMESTAMP", mode = "REQUIRED", default_value_expression = "CURRENT_TIMESTAMP()" },
    { name = "amount", type = "NUMERIC", precision = 12, scale = 2, description = "Net, in EUR" },
    # A column keeps its values under another name.
    { name = "country", type = "STRING", max_length = 2, renamed_from = "land" },
    {
      name = "items"
      type = "STRUCT"
      mode = "REPEATED"
      fields = [
        { name = "sku", type = "STRING" },
        { name = "quantity", type = "INT64" },
      ]
    },
  ]

  time_partitioning = { type = "DAY", field = "ordered_at" }
  clustering        = ["country", "order_id"]
  primary_key       = ["order_id"]

  # Both are the defaults: rows are not lost by surprise.
  deletion_protection = true
  allow_column_drop   = false
}
