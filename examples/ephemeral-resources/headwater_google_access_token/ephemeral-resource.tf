# A token of a service account that the provider's credentials may act as.
ephemeral "headwater_google_access_token" "loader" {
  target_service_account = "loader@acme-data.iam.gserviceaccount.com"
  scopes                 = ["https://www.googleapis.com/auth/bigquery"]
  lifetime               = "15m"
}
