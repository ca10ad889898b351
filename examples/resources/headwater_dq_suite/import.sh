terraform import headwater_dq_suite.orders gs://acme-lake/headwater/pipelines/order-quality/spec.json

# or
terraform import headwater_dq_suite.orders 'gs://acme-lake#order-quality'
