resource "headwater_monitoring_notification_channel" "on_call" {
  display_name = "data on call"
  type         = "email"
  labels       = { email_address = "data-on-call@acme.com" }
  description  = "Whoever has the pager of the data platform."
}
