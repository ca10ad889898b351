# What cannot be meant is refused where it stands; above all a misspelt word in a suite, which would be a gate that is open.

variables {
  lake    = "gs://acme-lake"
  runtime = "projects/acme-data/locations/europe-west1/jobs/headwater"
  results = { dataset = "projects/acme-data/datasets/data_ops" }
  suites = {
    orders = {
      table        = "projects/acme-data/datasets/shop/tables/orders"
      expectations = { not_null = [{ column = "order_id" }] }
    }
  }
}

run "a_suite_without_a_table" {
  command = plan

  variables {
    suites = { orders = { expectations = { not_null = [{ column = "order_id" }] } } }
  }

  expect_failures = [var.suites]
}

run "an_argument_that_is_none" {
  command = plan

  variables {
    suites = {
      orders = {
        table        = "projects/acme-data/datasets/shop/tables/orders"
        expectations = { not_null = [{ column = "order_id" }] }
        cron         = "0 6 * * *"
      }
    }
  }

  expect_failures = [var.suites]
}

run "a_kind_that_is_none" {
  command = plan

  variables {
    suites = {
      orders = {
        table        = "projects/acme-data/datasets/shop/tables/orders"
        expectations = { not_nul = [{ column = "order_id" }] }
      }
    }
  }

  expect_failures = [var.suites]
}

run "a_misspelt_consequence" {
  command = plan

  variables {
    suites = {
      orders = {
        table        = "projects/acme-data/datasets/shop/tables/orders"
        expectations = { not_null = [{ column = "order_id" }, { column = "country", on_fial = "quarantine" }] }
      }
    }
  }

  expect_failures = [var.suites]
}

run "a_name_that_is_none" {
  command = plan

  variables {
    suites = {
      Orders = {
        table        = "projects/acme-data/datasets/shop/tables/orders"
        expectations = { not_null = [{ column = "order_id" }] }
      }
    }
  }

  expect_failures = [var.suites]
}

run "subscribers_of_nothing" {
  command = plan

  variables {
    subscribers = { dashboard = {} }
  }

  expect_failures = [var.subscribers]
}

run "a_verdict_that_is_none" {
  command = plan

  variables {
    alert = { topic = "projects/acme-data/topics/alerts", on = ["broken"] }
  }

  expect_failures = [var.alert]
}

run "results_by_the_datasets_name" {
  command = plan

  variables {
    results = { dataset = "data_ops" }
  }

  expect_failures = [var.results]
}
