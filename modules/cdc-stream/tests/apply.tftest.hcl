# Both sources. The second asks an org: TF_VAR_login_url, TF_VAR_client_id and TF_VAR_client_secret say which.

run "messages_of_others" {
  module {
    source = "./examples/minimal"
  }

  assert {
    condition     = endswith(output.tables["orders"].changelog, "/datasets/stream_live/tables/orders_changes") && endswith(output.tables["orders"].current, "/tables/orders")
    error_message = "The tables are ${jsonencode(output.tables)}."
  }

  assert {
    condition     = strcontains(output.dead_letters.topic, "/topics/headwater-orders")
    error_message = "The dead letters go to ${jsonencode(output.dead_letters)}."
  }
}

run "changes_of_an_org" {
  module {
    source = "./examples/salesforce"
  }

  assert {
    condition     = endswith(output.tables["Case"].current, "/datasets/changes_live/tables/Case")
    error_message = "The tables are ${jsonencode(output.tables)}."
  }

  assert {
    condition     = endswith(output.topic, "/topics/headwater-crm-changes")
    error_message = "The topic is ${output.topic}."
  }
}
