data "headwater_project" "this" {}

output "pubsub_service_agent" {
  value = "service-${data.headwater_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}
