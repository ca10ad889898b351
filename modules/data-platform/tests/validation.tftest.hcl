# What cannot be meant is refused where it stands.

variables {
  lake = { name = "acme-refused-lake" }
}

run "a_name_too_long_for_service_accounts" {
  command = plan

  variables {
    name = "a-platform-with-a-very-long-name"
  }

  expect_failures = [var.name]
}

run "a_place_that_is_none" {
  command = plan

  variables {
    location = "Europe"
  }

  expect_failures = [var.location]
}

run "files_deleted_while_runs_need_them" {
  command = plan

  variables {
    lake = { name = "acme-refused-lake", delete_after_days = 1 }
  }

  expect_failures = [var.lake]
}

run "files_deleted_before_they_are_moved" {
  command = plan

  variables {
    lake = { name = "acme-refused-lake", cold_after_days = 90, delete_after_days = 30 }
  }

  expect_failures = [var.lake]
}

run "a_class_that_is_not_cold" {
  command = plan

  variables {
    lake = { name = "acme-refused-lake", cold_class = "STANDARD" }
  }

  expect_failures = [var.lake]
}

run "two_layers_in_one_dataset" {
  command = plan

  variables {
    datasets = { raw = "salesforce", live = "salesforce" }
  }

  expect_failures = [var.datasets]
}

run "readers_of_a_layer_that_is_none" {
  command = plan

  variables {
    readers = { mart = ["group:analysts@acme.com"] }
  }

  expect_failures = [var.readers]
}

run "tables_for_the_public" {
  command = plan

  variables {
    readers = { marts = ["allUsers"] }
  }

  expect_failures = [var.readers]
}

run "publishers_to_a_topic_that_is_none" {
  command = plan

  variables {
    publishers = { events = ["user:eve@acme.com"] }
  }

  expect_failures = [var.publishers]
}

run "a_key_that_is_none" {
  command = plan

  variables {
    kms_keys = { tables = "acme-key" }
  }

  expect_failures = [var.kms_keys]
}
