terraform import headwater_bigquery_view.big_orders projects/acme-data/datasets/salesforce_raw/tables/big_orders

# or
terraform import headwater_bigquery_view.big_orders acme-data.salesforce_raw.big_orders
