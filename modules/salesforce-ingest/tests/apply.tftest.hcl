# The example loads two objects of an org. TF_VAR_login_url, TF_VAR_client_id and TF_VAR_client_secret say which.

run "the_example" {
  module {
    source = "./examples/minimal"
  }

  assert {
    condition     = endswith(output.tables["Opportunity"], "/datasets/ingest_raw/tables/Opportunity") && length(output.tables) == 2
    error_message = "The tables are ${jsonencode(output.tables)}."
  }

  assert {
    condition     = output.columns["Account"] > 10
    error_message = "The org's fields are not in the schemas: ${jsonencode(output.columns)}."
  }
}
