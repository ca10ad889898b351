output "lake" {
  description = "The lake as a URL, `gs://NAME`: what pipelines take as `lake`. Whoever takes it waits for the grants on it."
  value       = headwater_storage_bucket.lake.url
  depends_on  = [headwater_storage_bucket_iam_member.lake]
}

output "buckets" {
  description = "The names of all buckets: `lake`, and the further ones by their keys."
  value = merge(
    { lake = headwater_storage_bucket.lake.id },
    { for key, bucket in headwater_storage_bucket.further : key => bucket.id },
  )
}

output "datasets" {
  description = "The datasets by layer: `projects/PROJECT/datasets/DATASET`. Whoever takes them waits for the grants on them."
  value       = { for layer, dataset in headwater_bigquery_dataset.layers : layer => dataset.id }
  depends_on  = [headwater_bigquery_dataset_iam_member.accounts]
}

output "topics" {
  description = "The topics, `projects/PROJECT/topics/TOPIC`, by what they are for: `batch`, `streaming`, `status`, `alerts`. Whoever takes them waits for the grants on them."
  value       = { for key, topic in headwater_pubsub_topic.topics : key => topic.id }
  depends_on  = [headwater_pubsub_topic_iam_member.accounts]
}

output "service_accounts" {
  description = "The identities by kind of work (`runtime`, `stream`, `marts`), each with its `email`, its `member` for grants and its `id`, `projects/PROJECT/serviceAccounts/EMAIL`."
  value = {
    for key, account in headwater_service_account.accounts :
    key => { email = account.email, member = account.member, id = account.id }
  }
  depends_on = [headwater_project_iam_member.accounts]
}

output "runtime" {
  description = "What executes pipelines: `projects/PROJECT/locations/REGION/jobs/NAME`. Whoever takes it waits for the grants of its identity."
  value       = headwater_runtime.main.id
  depends_on  = [headwater_project_iam_member.accounts, headwater_runtime_iam_member.schedules]
}
