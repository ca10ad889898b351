terraform import headwater_cdc_stream.crm gs://acme-lake/headwater/pipelines/crm-changes/spec.json

# or
terraform import headwater_cdc_stream.crm 'gs://acme-lake#crm-changes'
