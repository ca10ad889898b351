# The example's tables are made.

run "the_example" {
  module {
    source = "./examples/minimal"
  }

  assert {
    condition     = toset(keys(output.tables)) == toset(["workdays_marts.workdays_by_month", "workdays_staging.days"])
    error_message = "The tables are ${jsonencode(output.tables)}."
  }

  assert {
    condition     = endswith(output.tables["workdays_marts.workdays_by_month"], "/datasets/workdays_marts/tables/workdays_by_month")
    error_message = "The table is ${output.tables["workdays_marts.workdays_by_month"]}."
  }
}
