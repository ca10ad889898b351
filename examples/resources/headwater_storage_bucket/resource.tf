resource "headwater_storage_bucket" "lake" {
  name     = "acme-lake"
  location = "EU"

  labels = {
    team = "data"
  }
}
