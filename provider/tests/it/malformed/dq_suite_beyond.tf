#! expectations.freshness[0].max_age | such as `90m`
resource "headwater_dq_suite" "beyond_0" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    freshness = [{ column = "ordered", max_age = "6 hours" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.freshness[0].max_ahead | such as `90m`
resource "headwater_dq_suite" "beyond_1" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    freshness = [{ column = "ordered", max_age = "6h", max_ahead = "tomorrow" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.anomaly[0].threshold | above 0
resource "headwater_dq_suite" "beyond_2" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    anomaly = [{ metric = "row_count", threshold = -1 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.anomaly[0].min_points | at least 3
resource "headwater_dq_suite" "beyond_3" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    anomaly = [{ metric = "row_count", threshold = 3, min_points = 2 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.anomaly[0].column | `row_count`
resource "headwater_dq_suite" "beyond_4" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    anomaly = [{ metric = "mean", threshold = 3 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.anomaly[0].metric | `mean`
resource "headwater_dq_suite" "beyond_5" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    anomaly = [{ metric = "average", column = "price", threshold = 3 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.anomaly[0].method | robust_z
resource "headwater_dq_suite" "beyond_6" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    anomaly = [{ metric = "row_count", method = "z", threshold = 3 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.anomaly[0].history | no time at all
resource "headwater_dq_suite" "beyond_7" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    anomaly = [{ metric = "row_count", threshold = 3, history = "0d" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.foreign_key[0].references.columns | as many
resource "headwater_dq_suite" "beyond_8" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    foreign_key = [{ columns = ["a", "b"], references = { table = "p.d.customers", columns = ["id"] } }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.foreign_key[0].references.columns | refers to itself
resource "headwater_dq_suite" "beyond_9" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    foreign_key = [{ columns = ["id"], references = { table = "p.d.orders", columns = ["id"] } }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.foreign_key[0].references.table | sql_name
resource "headwater_dq_suite" "beyond_10" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    foreign_key = [{ columns = ["id"], references = { table = "customers", columns = ["id"] } }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.foreign_key[0].on_fail | `record` or `fail`
resource "headwater_dq_suite" "beyond_11" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    foreign_key = [{ columns = ["id"], references = { table = "p.d.x", columns = ["id"] }, on_fail = "quarantine" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.sql_condition[0].on_fail | `record` or `fail`
resource "headwater_dq_suite" "beyond_12" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    sql_condition = [{ condition = "price > 0", on_fail = "quarantine" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.sql_condition[0].condition | `price >= 0`
resource "headwater_dq_suite" "beyond_13" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    sql_condition = [{ condition = " " }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.sql_aggregate[0].min | `min`, `max` or both
resource "headwater_dq_suite" "beyond_14" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    sql_aggregate = [{ expression = "SUM(price)" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.sql_aggregate[0].min | no greater than
resource "headwater_dq_suite" "beyond_15" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    sql_aggregate = [{ expression = "SUM(price)", min = 2, max = 1 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.schema_change[0].allow | add
resource "headwater_dq_suite" "beyond_16" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    schema_change = [{ allow = ["rename"] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.schema_change[0].baseline | once
resource "headwater_dq_suite" "beyond_17" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    schema_change = [{ baseline = [{ name = "a", type = "INT64" }, { name = "a", type = "DATE" }] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.schema_change[0].baseline[0].mode | REPEATED
resource "headwater_dq_suite" "beyond_18" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    schema_change = [{ baseline = [{ name = "a", type = "INT64", mode = "LIST" }] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.reconcile[0].with.table | compared with itself
resource "headwater_dq_suite" "beyond_19" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    reconcile = [{ with = { table = "p.d.orders" } }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.reconcile[0].count_tolerance | from 0 to 1
resource "headwater_dq_suite" "beyond_20" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    reconcile = [{ with = { table = "p.d.x" }, count_tolerance = 2 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.reconcile[0].count_tolerance | `keys`
resource "headwater_dq_suite" "beyond_21" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    reconcile = [{ with = { table = "p.d.x" }, columns = ["a"], count_tolerance = 0.1 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}
