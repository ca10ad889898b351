terraform import headwater_logging_metric.runs projects/acme-data/metrics/headwater_runs

# or, in the provider's project
terraform import headwater_logging_metric.runs headwater_runs
