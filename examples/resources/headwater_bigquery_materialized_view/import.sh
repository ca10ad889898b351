terraform import headwater_bigquery_materialized_view.revenue projects/acme-data/datasets/salesforce_raw/tables/revenue

# or
terraform import headwater_bigquery_materialized_view.revenue acme-data.salesforce_raw.revenue
