terraform import headwater_dataform_repository.marts projects/acme-data/locations/europe-west1/repositories/salesforce-marts

# or, in the provider's project and region
terraform import headwater_dataform_repository.marts salesforce-marts
