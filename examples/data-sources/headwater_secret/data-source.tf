data "headwater_secret" "token" {
  name = "crm-token"
}
