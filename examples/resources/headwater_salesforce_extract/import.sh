terraform import headwater_salesforce_extract.crm gs://acme-lake/headwater/pipelines/crm/spec.json

# or
terraform import headwater_salesforce_extract.crm 'gs://acme-lake#crm'
