terraform import headwater_bigquery_dataset.raw projects/acme-data/datasets/salesforce_raw

# or
terraform import headwater_bigquery_dataset.raw acme-data.salesforce_raw
