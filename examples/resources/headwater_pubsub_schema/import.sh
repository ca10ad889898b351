terraform import headwater_pubsub_schema.change projects/acme-data/schemas/account-change

# or
terraform import headwater_pubsub_schema.change account-change
