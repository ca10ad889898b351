terraform import headwater_dq_suite.orders gs://acme-lake/headwater/pipelines/orders/spec.json

# or
terraform import headwater_dq_suite.orders 'gs://acme-lake#orders'
