# secret_data_wo_version becomes the version's number: write that into the configuration.
terraform import headwater_secret_version.token projects/acme-data/secrets/crm-token/versions/1

# or
terraform import headwater_secret_version.token crm-token/1
