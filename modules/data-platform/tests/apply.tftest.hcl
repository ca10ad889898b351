# What the example makes is there, and each identity has what it needs and no more.

run "the_example" {
  module {
    source = "./examples/minimal"
  }

  assert {
    condition     = output.platform.lake == "gs://acme-platform-lake"
    error_message = "The lake is ${output.platform.lake}."
  }

  assert {
    condition     = toset(keys(output.platform.datasets)) == toset(["raw", "live", "staging", "marts", "assertions", "ops"])
    error_message = "The layers are ${join(", ", keys(output.platform.datasets))}."
  }

  assert {
    condition     = endswith(output.platform.datasets["raw"], "/datasets/salesforce_raw")
    error_message = "The raw dataset is ${output.platform.datasets["raw"]}."
  }

  assert {
    condition     = output.platform.buckets == { lake = "acme-platform-lake", exports = "acme-platform-exports" }
    error_message = "The buckets are ${jsonencode(output.platform.buckets)}."
  }

  assert {
    condition     = endswith(output.platform.topics["alerts"], "/topics/acme-alerts") && length(output.platform.topics) == 4
    error_message = "The topics are ${jsonencode(output.platform.topics)}."
  }

  assert {
    condition     = output.platform.service_accounts["runtime"].member == "serviceAccount:${output.platform.service_accounts["runtime"].email}"
    error_message = "The runtime's identity is ${jsonencode(output.platform.service_accounts["runtime"])}."
  }
}

run "the_module" {
  variables {
    name       = "check"
    lake       = { name = "acme-check-lake", cold_after_days = 30, delete_after_days = 90 }
    disposable = true
    readers    = { marts = ["group:analysts@acme.com", "user:eve@acme.com"], raw = ["group:engineers@acme.com"] }
    publishers = { streaming = ["serviceAccount:shop@acme-shop.iam.gserviceaccount.com"] }
    datasets   = { raw = "check_raw", live = "check_live", staging = "check_staging", marts = "check_marts", assertions = "check_assertions", ops = "check_ops" }
    runtime    = { cpu = "2", memory = "2Gi", env = { RUST_LOG = "info" }, vpc_access = { subnetwork = "data", egress = "ALL_TRAFFIC" } }
    kms_keys = {
      storage = "projects/acme/locations/eu/keyRings/data/cryptoKeys/lake"
      tables  = "projects/acme/locations/eu/keyRings/data/cryptoKeys/tables"
      runtime = "projects/acme/locations/europe-west1/keyRings/run/cryptoKeys/jobs"
    }
  }

  assert {
    condition     = headwater_storage_bucket.lake.kms_key_name == var.kms_keys.storage && alltrue([for dataset in headwater_bigquery_dataset.layers : dataset.default_kms_key_name == var.kms_keys.tables])
    error_message = "Lake and datasets are not encrypted with the keys."
  }

  assert {
    condition     = headwater_runtime.main.kms_key_name == var.kms_keys.runtime && headwater_runtime.main.vpc_access.egress == "ALL_TRAFFIC"
    error_message = "The runtime has another key, or another way out."
  }

  assert {
    condition     = [for rule in headwater_storage_bucket.lake.lifecycle_rules : rule.action] == ["SetStorageClass", "Delete"]
    error_message = "The lake's Parquet files are not moved and deleted by age."
  }

  assert {
    condition     = alltrue([for rule in headwater_storage_bucket.lake.lifecycle_rules : rule.condition.matches_suffix == tolist([".parquet"])])
    error_message = "A rule of the lake is about more than Parquet files: it would delete what pipelines go on from."
  }

  # Nobody but the account that builds them writes to staging, marts and assertions.
  assert {
    condition = toset([
      for grant in headwater_bigquery_dataset_iam_member.accounts : split(" ", grant.id)[0]
      if grant.role == "roles/bigquery.dataEditor" && grant.member == headwater_service_account.accounts["marts"].member
    ]) == toset([for layer in ["staging", "marts", "assertions"] : headwater_bigquery_dataset.layers[layer].id])
    error_message = "The marts' account writes elsewhere."
  }

  assert {
    condition = toset([
      for grant in headwater_bigquery_dataset_iam_member.accounts : split(" ", grant.id)[0]
      if grant.role == "roles/bigquery.dataEditor" && grant.member == headwater_service_account.accounts["runtime"].member
    ]) == toset([for layer in ["raw", "ops"] : headwater_bigquery_dataset.layers[layer].id])
    error_message = "The runtime's account writes elsewhere."
  }

  assert {
    condition     = toset([for grant in headwater_storage_bucket_iam_member.lake : grant.role]) == toset(["roles/storage.objectUser"])
    error_message = "On the lake more is granted than its objects."
  }

  assert {
    condition     = length(headwater_bigquery_dataset_iam_member.readers) == 3 && length(headwater_pubsub_topic_iam_member.publishers) == 1
    error_message = "Readers and publishers are not who was named."
  }

  assert {
    condition     = headwater_runtime.main.service_account == headwater_service_account.accounts["runtime"].email && headwater_runtime.main.cpu == "2"
    error_message = "The runtime does not run as its account."
  }
}
