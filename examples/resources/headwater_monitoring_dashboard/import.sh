terraform import headwater_monitoring_dashboard.data projects/acme-data/dashboards/data-platform

# or, in the provider's project
terraform import headwater_monitoring_dashboard.data data-platform
