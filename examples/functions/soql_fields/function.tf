output "account_query" {
  value = "SELECT ${provider::headwater::soql_fields(data.headwater_salesforce_object.account)} FROM Account"
}
