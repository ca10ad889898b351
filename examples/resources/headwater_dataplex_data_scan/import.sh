terraform import headwater_dataplex_data_scan.opportunities projects/acme-data/locations/europe-west1/dataScans/opportunity-quality

# or, in the provider's project and region
terraform import headwater_dataplex_data_scan.opportunities opportunity-quality
