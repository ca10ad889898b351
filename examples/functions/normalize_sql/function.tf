# Replaced when the query changes, and not when it is only formatted anew.
resource "terraform_data" "query" {
  input = provider::headwater::normalize_sql(<<-SQL
    select id, name  -- the key first
    from crm.account
  SQL
  )
}
