terraform import headwater_bigquery_table.orders projects/acme-data/datasets/salesforce_raw/tables/orders

# or
terraform import headwater_bigquery_table.orders acme-data.salesforce_raw.orders
