resource "headwater_runtime" "main" {
  name   = "headwater"
  image  = "europe-docker.pkg.dev/acme-data/headwater/headwater:0.1.0"
  cpu    = "2"
  memory = "1Gi"

  service_account = "headwater@acme-data.iam.gserviceaccount.com"
}
