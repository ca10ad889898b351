terraform import headwater_storage_object.rules gs://acme-exports/config/rules.json

# or
terraform import headwater_storage_object.rules acme-exports/config/rules.json
