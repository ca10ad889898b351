# What cannot be meant is refused where it stands.

variables {
  name      = "refused"
  directory = "./examples/minimal/marts"
  datasets = {
    raw        = "projects/acme-data/datasets/workdays_raw"
    staging    = "projects/acme-data/datasets/workdays_staging"
    marts      = "projects/acme-data/datasets/workdays_marts"
    assertions = "projects/acme-data/datasets/workdays_assertions"
  }
}

run "a_folder_without_a_project" {
  command = plan

  variables {
    directory = "./tests"
  }

  expect_failures = [var.directory]
}

run "datasets_by_their_names" {
  command = plan

  variables {
    datasets = { raw = "raw", staging = "staging", marts = "marts", assertions = "assertions" }
  }

  expect_failures = [var.datasets]
}

run "layers_in_two_projects" {
  command = plan

  variables {
    datasets = {
      raw        = "projects/acme-raw/datasets/workdays_raw"
      staging    = "projects/acme-raw/datasets/workdays_staging"
      marts      = "projects/acme-data/datasets/workdays_marts"
      assertions = "projects/acme-data/datasets/workdays_assertions"
    }
  }

  expect_failures = [var.datasets]
}

run "a_schedule_of_four_fields" {
  command = plan

  variables {
    cron_schedule = "0 6 * *"
  }

  expect_failures = [var.cron_schedule]
}

run "a_name_that_is_none" {
  command = plan

  variables {
    name = "sales marts"
  }

  expect_failures = [var.name]
}
