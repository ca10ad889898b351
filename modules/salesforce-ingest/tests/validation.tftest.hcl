# What cannot be meant is refused where it stands.

variables {
  name       = "refused"
  connection = "projects/acme-data/secrets/headwater-salesforce-crm"
  lake       = "gs://acme-lake"
  dataset    = "projects/acme-data/datasets/salesforce_raw"
  runtime    = "projects/acme-data/locations/europe-west1/jobs/headwater"
  objects    = { Account = {} }
}

run "a_name_that_is_none" {
  command = plan

  variables {
    name = "CRM"
  }

  expect_failures = [var.name]
}

run "two_connections" {
  command = plan

  variables {
    login = { login_url = "https://acme.my.salesforce.com", client_id = "a-key" }
  }

  expect_failures = [var.login]
}

run "no_connection" {
  command = plan

  variables {
    connection = null
  }

  expect_failures = [var.login]
}

run "an_address_with_a_path" {
  command = plan

  variables {
    connection = null
    login      = { login_url = "https://acme.my.salesforce.com/home", client_id = "a-key" }
  }

  expect_failures = [var.login]
}

run "a_lake_by_its_name" {
  command = plan

  variables {
    lake = "acme-lake"
  }

  expect_failures = [var.lake]
}

run "a_dataset_by_its_name" {
  command = plan

  variables {
    dataset = "salesforce_raw"
  }

  expect_failures = [var.dataset]
}

run "a_runtime_by_its_name" {
  command = plan

  variables {
    runtime = "headwater"
  }

  expect_failures = [var.runtime]
}

run "no_objects" {
  command = plan

  variables {
    objects = {}
  }

  expect_failures = [var.objects]
}

run "a_mode_that_is_none" {
  command = plan

  variables {
    objects = { Account = { mode = "delta" } }
  }

  expect_failures = [var.objects]
}

run "a_budget_over_all" {
  command = plan

  variables {
    api_budget_percent = 140
  }

  expect_failures = [var.api_budget_percent]
}

run "deletes_that_are_neither" {
  command = plan

  variables {
    deletes = "keep"
  }

  expect_failures = [var.deletes]
}
