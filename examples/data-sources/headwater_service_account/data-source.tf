data "headwater_service_account" "loader" {
  account_id = "loader-of-others"
}
