resource "headwater_bigquery_view" "big_orders" {
  dataset  = headwater_bigquery_dataset.raw.id
  table_id = "big_orders"

  # `sql_name` makes the view wait for its table.
  query = <<-SQL
    SELECT order_id, amount
    FROM ${headwater_bigquery_table.orders.sql_name}
    WHERE amount > 1000 -- EUR
  SQL
}
