# What cannot be meant is refused where it stands.

variables {
  name       = "refused"
  lake       = "gs://acme-lake"
  dataset    = "projects/acme-data/datasets/salesforce_live"
  salesforce = { connection = "projects/acme-data/secrets/headwater-salesforce-crm" }
  entities   = { Account = {} }
}

run "a_name_that_is_none" {
  command = plan

  variables {
    name = "crm_changes"
  }

  expect_failures = [var.name]
}

run "no_source" {
  command = plan

  variables {
    salesforce = null
  }

  expect_failures = [var.salesforce]
}

run "two_sources" {
  command = plan

  variables {
    messages = { topic = "projects/acme-data/topics/orders", format = "salesforce" }
    entities = { Account = { columns = { Name = "STRING" } } }
  }

  expect_failures = [var.salesforce]
}

run "a_mapping_without_paths" {
  command = plan

  variables {
    salesforce = null
    messages   = { topic = "projects/acme-data/topics/orders" }
    entities   = { orders = { columns = { total = "NUMERIC" } } }
  }

  expect_failures = [var.messages]
}

run "messages_without_columns" {
  command = plan

  variables {
    salesforce = null
    messages   = { topic = "projects/acme-data/topics/orders", mapping = { key = "$.id", order = "$.version" } }
    entities   = { orders = {} }
  }

  expect_failures = [var.entities]
}

run "no_entities" {
  command = plan

  variables {
    entities = {}
  }

  expect_failures = [var.entities]
}

run "a_dataset_by_its_name" {
  command = plan

  variables {
    dataset = "salesforce_live"
  }

  expect_failures = [var.dataset]
}

run "dataflow_for_another_engine" {
  command = plan

  variables {
    dataflow = { machine_type = "n2-standard-2" }
  }

  expect_failures = [var.dataflow]
}

run "a_drift_that_is_none" {
  command = plan

  variables {
    drift = "ignore"
  }

  expect_failures = [var.drift]
}

run "too_many_workers" {
  command = plan

  variables {
    workers = 101
  }

  expect_failures = [var.workers]
}

run "bounds_that_exclude_each_other" {
  command = plan

  variables {
    autoscaling = { min_workers = 5, max_workers = 2 }
  }

  expect_failures = [var.autoscaling]
}

run "autoscaling_of_dataflow" {
  command = plan

  variables {
    engine      = "dataflow"
    drift       = "freeze"
    autoscaling = { max_workers = 2 }
  }

  expect_failures = [var.autoscaling]
}
