terraform import headwater_monitoring_alert_policy.failures projects/acme-data/alertPolicies/1234567890

# or, in the provider's project
terraform import headwater_monitoring_alert_policy.failures 1234567890
