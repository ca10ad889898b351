# Who may do what, each on the resource that it is about. One role is of the project, because BigQuery's jobs have nothing smaller.

locals {
  write = "roles/bigquery.dataEditor"
  read  = "roles/bigquery.dataViewer"

  dataset_roles = {
    runtime = { raw = local.write, ops = local.write, live = local.read, staging = local.read, marts = local.read }
    stream  = { live = local.write }
    marts   = { raw = local.read, live = local.read, staging = local.write, marts = local.write, assertions = local.write }
  }
  topic_publishers = {
    runtime = ["alerts"]
    stream  = ["alerts", "status"]
  }
}

resource "headwater_storage_bucket_iam_member" "lake" {
  for_each = toset(["runtime", "stream"])

  bucket = headwater_storage_bucket.lake.id
  role   = "roles/storage.objectUser"
  member = headwater_service_account.accounts[each.key].member
}

resource "headwater_bigquery_dataset_iam_member" "accounts" {
  for_each = merge([
    for account, roles in local.dataset_roles : {
      for layer, role in roles : "${account} ${layer}" => { account = account, layer = layer, role = role }
    }
  ]...)

  dataset = headwater_bigquery_dataset.layers[each.value.layer].id
  role    = each.value.role
  member  = headwater_service_account.accounts[each.value.account].member
}

resource "headwater_bigquery_dataset_iam_member" "readers" {
  for_each = merge([
    for layer, members in var.readers : { for member in members : "${layer} ${member}" => { layer = layer, member = member } }
  ]...)

  dataset = headwater_bigquery_dataset.layers[each.value.layer].id
  role    = local.read
  member  = each.value.member
}

resource "headwater_pubsub_topic_iam_member" "accounts" {
  for_each = merge([
    for account, topics in local.topic_publishers : { for topic in topics : "${account} ${topic}" => { account = account, topic = topic } }
  ]...)

  topic  = headwater_pubsub_topic.topics[each.value.topic].id
  role   = "roles/pubsub.publisher"
  member = headwater_service_account.accounts[each.value.account].member
}

resource "headwater_pubsub_topic_iam_member" "publishers" {
  for_each = merge([
    for topic, members in var.publishers : { for member in members : "${topic} ${member}" => { topic = topic, member = member } }
  ]...)

  topic  = headwater_pubsub_topic.topics[each.value.topic].id
  role   = "roles/pubsub.publisher"
  member = each.value.member
}

# Its schedules start the job with a pipeline's arguments.
resource "headwater_runtime_iam_member" "schedules" {
  runtime = headwater_runtime.main.id
  role    = "roles/run.jobsExecutorWithOverrides"
  member  = headwater_service_account.accounts["runtime"].member
}

resource "headwater_project_iam_member" "accounts" {
  for_each = var.grants_on_project ? headwater_service_account.accounts : {}

  role   = "roles/bigquery.jobUser"
  member = each.value.member
}
