terraform import headwater_bigquery_routine.net projects/acme-data/datasets/salesforce_raw/routines/net

# or
terraform import headwater_bigquery_routine.net acme-data.salesforce_raw.net
