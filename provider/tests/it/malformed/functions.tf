#! fields[0] has no `type`
output "schema_type" {
  value = provider::headwater::bigquery_schema([{ name = "Id" }])
}

#! fields[1].type | is a type of BigQuery | `currency`
output "schema_bigquery_type" {
  value = provider::headwater::bigquery_schema([{ name = "Id", type = "id" }, { name = "Amount", type = "NUMERIC" }])
}

#! fields must be what the data source headwater_salesforce_object gives | it is a string
output "schema_text" {
  value = provider::headwater::bigquery_schema("Account")
}

#! fields[0].scale | 0 to 1000
output "schema_scale" {
  value = provider::headwater::bigquery_schema([{ name = "A", type = "currency", scale = -2 }])
}

#! object[1].name | is here twice
output "soql_twice" {
  value = provider::headwater::soql_fields([{ name = "Id", type = "id" }, { name = "ID", type = "id" }])
}

#! object[0].name | Id, Name
output "soql_name" {
  value = provider::headwater::soql_fields([{ name = "Id, Name", type = "id" }])
}

#! object has no field that an extract reads
output "soql_compound" {
  value = provider::headwater::soql_fields([{ name = "BillingAddress", type = "address" }])
}

#! expression | five fields
output "cron_expression" {
  value = provider::headwater::cron_next("every hour", "UTC", "2026-01-01T00:00:00Z", 1)
}

#! expression | never fires
output "cron_never" {
  value = provider::headwater::cron_next("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", 1)
}

#! time_zone | Europe/Berlin
output "cron_zone" {
  value = provider::headwater::cron_next("0 * * * *", "CET/Berlin", "2026-01-01T00:00:00Z", 1)
}

#! after | 2026-01-01T00:00:00Z
output "cron_after" {
  value = provider::headwater::cron_next("0 * * * *", "UTC", "1 January 2026", 1)
}

#! n must be a whole number, 1 to 1000
output "cron_n" {
  value = provider::headwater::cron_next("0 * * * *", "UTC", "2026-01-01T00:00:00Z", 0)
}

#! text: a literal | is not closed
output "sql_literal" {
  value = provider::headwater::normalize_sql("select 'open")
}

#! text: | is not closed
output "sql_comment" {
  value = provider::headwater::normalize_sql("select 1 /* open")
}
