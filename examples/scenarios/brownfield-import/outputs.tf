output "ids" {
  description = "What came under Terraform, as modules take it."
  value = {
    bucket  = headwater_storage_bucket.landing.id
    dataset = headwater_bigquery_dataset.shop.id
    table   = headwater_bigquery_table.orders.id
    topics  = { for name, topic in headwater_pubsub_topic.topics : name => topic.id }
  }
}
