resource "headwater_secret" "token" {
  name              = "crm-token"
  replica_locations = ["europe-west1", "europe-west4"]
  labels            = { team = "crm" }
}
