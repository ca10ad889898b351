resource "headwater_bigquery_materialized_view" "revenue" {
  dataset                  = headwater_bigquery_dataset.raw.id
  table_id                 = "revenue"
  refresh_interval_minutes = 60
  clustering               = ["country"]

  query = <<-SQL
    SELECT country, SUM(amount) AS amount, COUNT(*) AS orders
    FROM ${headwater_bigquery_table.orders.sql_name}
    GROUP BY country
  SQL
}
