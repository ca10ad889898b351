terraform import headwater_salesforce_connection.crm crm

# or
terraform import headwater_salesforce_connection.crm projects/acme-data/secrets/headwater-salesforce-crm
