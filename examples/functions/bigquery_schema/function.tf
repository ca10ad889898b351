output "account_schema" {
  value = provider::headwater::bigquery_schema(data.headwater_salesforce_object.account)
}

# Fields can be written out, too.
output "small_schema" {
  value = provider::headwater::bigquery_schema([
    { name = "Id", type = "id" },
    { name = "Amount", type = "currency", precision = 18, scale = 2, label = "Amount" },
  ])
}
