resource "headwater_service_account" "runner" {
  account_id   = "headwater-runner"
  display_name = "Headwater runtime"
  description  = "What extracts run as."
}
