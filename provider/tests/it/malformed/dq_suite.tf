#! expectations.not_null[0].mostly | from 0 to 1
resource "headwater_dq_suite" "wrong_0" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    not_null = [{ column = "id", mostly = 1.5 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.not_null[1].id | an `id` of its own
resource "headwater_dq_suite" "wrong_1" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    not_null = [{ column = "id" }, { column = "id", mostly = 0.5 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.not_null[0].severity | error
resource "headwater_dq_suite" "wrong_2" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    not_null = [{ column = "id", severity = "grave" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.between[0] | exactly one of `ints`
resource "headwater_dq_suite" "wrong_3" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    between = [{ column = "quantity" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.between[0].ints.min | `min` no greater than `max`
resource "headwater_dq_suite" "wrong_4" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    between = [{ column = "quantity", ints = { min = 2, max = 1 } }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.between[0].floats | one type
resource "headwater_dq_suite" "wrong_5" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    between = [{ column = "quantity", ints = { min = 1 }, floats = { max = 2 } }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.between[0].timestamps.min | 2026-01-31
resource "headwater_dq_suite" "wrong_6" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    between = [{ column = "ordered", timestamps = { min = "yesterday" } }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.between[1].ints | No value of `quantity`
resource "headwater_dq_suite" "wrong_7" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    between = [{ column = "quantity", ints = { max = 1 } }, { id = "b", column = "quantity", ints = { min = 2 } }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.in_set[0].strings | at least one value
resource "headwater_dq_suite" "wrong_8" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    in_set = [{ column = "status", strings = [] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.in_set[0].ints | Take one of them out
resource "headwater_dq_suite" "wrong_9" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    in_set = [{ column = "quantity", ints = [1, 1] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.matches[0].patterns | RE2
resource "headwater_dq_suite" "wrong_10" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    matches = [{ column = "email", patterns = ["(?=a)b"] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.matches[0].patterns | RE2
resource "headwater_dq_suite" "wrong_11" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    matches = [{ column = "email", patterns = ["(a)\\1"] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.row_count[0].on_fail | `record` or `fail`
resource "headwater_dq_suite" "wrong_12" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    row_count = [{ min = 1, on_fail = "quarantine" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.quantile[0].quantiles[0].p | from 0 to 1
resource "headwater_dq_suite" "wrong_13" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    quantile = [{ column = "score", quantiles = [{ p = 2 }] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.length[0].min | at least one
resource "headwater_dq_suite" "wrong_14" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    length = [{ column = "status" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.unique[0].columns | 1
resource "headwater_dq_suite" "wrong_15" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    unique = [{ columns = [] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.is_null[0].column | Take one of them out
resource "headwater_dq_suite" "wrong_16" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    not_null = [{ column = "id" }]
    is_null = [{ column = "id" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.not_null[0].where | ends too early
resource "headwater_dq_suite" "wrong_17" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    not_null = [{ column = "id", where = "status =" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.pair_in_set[0].pairs[0].right | right_type
resource "headwater_dq_suite" "more_0" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    pair_in_set = [{ left = "a", right = "b", pairs = [{ left = "x", right = "y", right_type = "int" }] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.distribution[0].categories | add up to 1
resource "headwater_dq_suite" "more_1" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    distribution = [{ column = "a", categories = { strings = ["x"], weights = [0.5] } }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.distribution[0] | `categories` or `bins`
resource "headwater_dq_suite" "more_2" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    distribution = [{ column = "a" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.not_null[0].where | a literal is expected
resource "headwater_dq_suite" "more_3" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    not_null = [{ column = "a", where = "b = c" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.not_null[0].where | write the opposite
resource "headwater_dq_suite" "more_4" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    not_null = [{ column = "a", where = "NOT b = 1" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.not_in_set[0].ints | demanded and forbidden
resource "headwater_dq_suite" "more_5" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    in_set = [{ column = "a", ints = [1, 2] }]
    not_in_set = [{ column = "a", ints = [2] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.row_count[0].min | no greater than `max`
resource "headwater_dq_suite" "more_6" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    row_count = [{ min = 3, max = 2 }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.like[0].escape | 1
resource "headwater_dq_suite" "more_7" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    like = [{ column = "a", patterns = ["a%"], escape = "!!" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations | Add an expectation
resource "headwater_dq_suite" "nothing_expected" {
  name         = "orders"
  lake         = "gs://acme-lake"
  runtime      = "projects/p/locations/europe-west1/jobs/headwater"
  table        = "projects/p/datasets/d/tables/orders"
  expectations = {}
  results      = { dataset = "projects/p/datasets/dq" }
}

#! results.result_table | another name
resource "headwater_dq_suite" "one_table_for_both" {
  name         = "orders"
  lake         = "gs://acme-lake"
  runtime      = "projects/p/locations/europe-west1/jobs/headwater"
  table        = "projects/p/datasets/d/tables/orders"
  expectations = { not_null = [{ column = "id" }] }
  results      = { dataset = "projects/p/datasets/dq", run_table = "x", result_table = "x" }
}

#! dataplex.scan_id | lowercase letters
resource "headwater_dq_suite" "scan_name" {
  name         = "orders"
  lake         = "gs://acme-lake"
  runtime      = "projects/p/locations/europe-west1/jobs/headwater"
  table        = "projects/p/datasets/d/tables/orders"
  expectations = { not_null = [{ column = "id" }] }
  results      = { dataset = "projects/p/datasets/dq" }
  dataplex     = { scan_id = "Orders_Quality" }
}

#! dataplex.location | region
resource "headwater_dq_suite" "scan_place" {
  name         = "orders"
  lake         = "gs://acme-lake"
  runtime      = "projects/p/locations/europe-west1/jobs/headwater"
  table        = "projects/p/datasets/d/tables/orders"
  expectations = { not_null = [{ column = "id" }] }
  results      = { dataset = "projects/p/datasets/dq" }
  dataplex     = { location = "EU" }
}

#! dataplex.sampling_percent | at most 100
resource "headwater_dq_suite" "scan_sample" {
  name         = "orders"
  lake         = "gs://acme-lake"
  runtime      = "projects/p/locations/europe-west1/jobs/headwater"
  table        = "projects/p/datasets/d/tables/orders"
  expectations = { not_null = [{ column = "id" }] }
  results      = { dataset = "projects/p/datasets/dq" }
  dataplex     = { sampling_percent = 101 }
}

#! dataplex.service_account | e-mail address
resource "headwater_dq_suite" "scan_account" {
  name         = "orders"
  lake         = "gs://acme-lake"
  runtime      = "projects/p/locations/europe-west1/jobs/headwater"
  table        = "projects/p/datasets/d/tables/orders"
  expectations = { not_null = [{ column = "id" }] }
  results      = { dataset = "projects/p/datasets/dq" }
  dataplex     = { service_account = "scanner" }
}

#! max_bytes_billed | no limit of bytes | dataplex.sampling_percent
resource "headwater_dq_suite" "scan_limit" {
  name             = "orders"
  lake             = "gs://acme-lake"
  runtime          = "projects/p/locations/europe-west1/jobs/headwater"
  table            = "projects/p/datasets/d/tables/orders"
  expectations     = { not_null = [{ column = "id" }] }
  results          = { dataset = "projects/p/datasets/dq" }
  max_bytes_billed = 10485760
  dataplex         = {}
}

#! `table` | `files` | Exactly one
resource "headwater_dq_suite" "reads_0" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  description = "of nothing"
  expectations = {
    not_null = [{ column = "id" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! files | conflicts with `table`
resource "headwater_dq_suite" "reads_1" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  files = {
    uri = "gs://acme-lake/orders/*.parquet"
  }
  expectations = {
    not_null = [{ column = "id" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! files.uri | gs://BUCKET/orders/*.parquet
resource "headwater_dq_suite" "reads_2" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  files = {
    uri = "gs://acme-lake/orders/*.csv"
  }
  expectations = {
    not_null = [{ column = "id" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! partition_filter | `files` are judged | files.uri
resource "headwater_dq_suite" "reads_3" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  files = {
    uri = "gs://acme-lake/orders/*.parquet"
  }
  partition_filter = "day >= CURRENT_DATE()"
  expectations = {
    not_null = [{ column = "id" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! incremental | `files` are judged
resource "headwater_dq_suite" "reads_4" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  files = {
    uri = "gs://acme-lake/orders/*.parquet"
  }
  incremental = {
    column = "ordered"
  }
  expectations = {
    not_null = [{ column = "id" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.sql_rows[0] | asks BigQuery | another suite
resource "headwater_dq_suite" "reads_5" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  files = {
    uri = "gs://acme-lake/orders/*.parquet"
  }
  expectations = {
    sql_rows = [{ query = "SELECT 1 FROM {batch}" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! sample_percent | above 0 and at most 100
resource "headwater_dq_suite" "reads_6" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  sample_percent = 0
  expectations = {
    not_null = [{ column = "id" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! expectations.unique[0] | sample_percent | another suite
resource "headwater_dq_suite" "reads_7" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  sample_percent = 10
  expectations = {
    unique = [{ columns = ["id"] }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! incremental.overlap | 0s
resource "headwater_dq_suite" "reads_8" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  incremental = {
    column  = "ordered"
    overlap = "soon"
  }
  expectations = {
    not_null = [{ column = "id" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! incremental.start | must be a moment
resource "headwater_dq_suite" "reads_9" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  incremental = {
    column = "ordered"
    start  = "yesterday"
  }
  expectations = {
    not_null = [{ column = "id" }]
  }
  results = { dataset = "projects/p/datasets/dq" }
}

#! results.samples.rows | 20
resource "headwater_dq_suite" "reads_10" {
  name    = "orders"
  lake    = "gs://acme-lake"
  runtime = "projects/p/locations/europe-west1/jobs/headwater"
  table   = "projects/p/datasets/d/tables/orders"
  expectations = {
    not_null = [{ column = "id" }]
  }
  results = {
    dataset = "projects/p/datasets/dq"
    samples = { rows = 21 }
  }
}
