data "headwater_salesforce_object" "account" {
  connection = headwater_salesforce_connection.crm.id
  name       = "Account"
}

# The custom fields, with the types that their columns have.
output "custom_fields" {
  value = {
    for field in data.headwater_salesforce_object.account.fields :
    field.name => field.bigquery_type if field.custom
  }
}
