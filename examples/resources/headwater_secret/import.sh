terraform import headwater_secret.token projects/acme-data/secrets/crm-token

# or
terraform import headwater_secret.token crm-token
