# What cannot be meant is refused where it stands.

variables {
  runtime = "projects/acme-data/locations/europe-west1/jobs/headwater"
}

run "a_runtime_by_its_name" {
  command = plan

  variables {
    runtime = "headwater"
  }

  expect_failures = [var.runtime]
}

run "a_name_that_is_none" {
  command = plan

  variables {
    name = "Data Platform"
  }

  expect_failures = [var.name]
}

run "an_age_without_a_unit" {
  command = plan

  variables {
    extracts = { crm = "3" }
  }

  expect_failures = [var.extracts]
}

run "a_verdict_of_an_extract" {
  command = plan

  variables {
    extracts = { crm = "3h" }
    suites   = { crm = "3h" }
  }

  expect_failures = [var.suites]
}

run "a_subscription_by_its_name" {
  command = plan

  variables {
    streams = { crm = { subscription = "headwater-crm" } }
  }

  expect_failures = [var.streams]
}

run "lag_below_what_is_measured" {
  command = plan

  variables {
    max_lag_seconds = 10
  }

  expect_failures = [var.max_lag_seconds]
}

run "more_than_all_requests" {
  command = plan

  variables {
    api_usage_percent = 120
  }

  expect_failures = [var.api_usage_percent]
}

run "no_bytes_at_all" {
  command = plan

  variables {
    max_bytes_billed_per_day = 0
  }

  expect_failures = [var.max_bytes_billed_per_day]
}

run "a_topic_by_its_name" {
  command = plan

  variables {
    topics = { alerts = "alerts" }
  }

  expect_failures = [var.topics]
}

run "an_address_that_is_none" {
  command = plan

  variables {
    emails = { on-call = "on-call" }
  }

  expect_failures = [var.emails]
}

run "a_repository_by_its_name" {
  command = plan

  variables {
    repositories = { marts = "salesforce-marts" }
  }

  expect_failures = [var.repositories]
}
