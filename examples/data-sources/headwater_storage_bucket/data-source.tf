data "headwater_storage_bucket" "lake" {
  name = "acme-lake"
}
