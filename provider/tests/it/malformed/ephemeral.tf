#! connection | projects/PROJECT/secrets/
ephemeral "headwater_salesforce_access_token" "connection" {
  connection = "crm"
}

#! `login_url` conflicts with `connection`
ephemeral "headwater_salesforce_access_token" "both" {
  connection = "projects/p/secrets/s"
  login_url  = "https://acme.my.salesforce.com"
}

#! Exactly one of `connection`, `client_credentials`, `jwt_bearer`
ephemeral "headwater_salesforce_access_token" "nothing" {
  session_timeout = "30m"
}

#! `client_credentials` needs `login_url`
ephemeral "headwater_salesforce_access_token" "nowhere" {
  client_credentials = {
    client_id     = "c"
    client_secret = "not-to-be-printed"
  }
}

#! login_url | https://acme.my.salesforce.com
ephemeral "headwater_salesforce_access_token" "plain_http" {
  login_url = "http://acme.my.salesforce.com"
  client_credentials = {
    client_id     = "c"
    client_secret = "not-to-be-printed"
  }
}

#! client_secret | without spaces around it
ephemeral "headwater_salesforce_access_token" "spaces" {
  login_url = "https://acme.my.salesforce.com"
  client_credentials = {
    client_id     = "c"
    client_secret = " not-to-be-printed "
  }
}

#! private_key | RSA private key in PEM
ephemeral "headwater_salesforce_access_token" "key" {
  login_url = "https://acme.my.salesforce.com"
  jwt_bearer = {
    client_id   = "c"
    username    = "u@acme.com"
    private_key = "not-to-be-printed"
  }
}

#! session_timeout | from `15m` to `24h`
ephemeral "headwater_salesforce_access_token" "timeout" {
  connection      = "projects/p/secrets/s"
  session_timeout = "5m"
}

#! scopes[0] | https://www.googleapis.com/auth/cloud-platform
ephemeral "headwater_google_access_token" "scope" {
  scopes = ["cloud-platform"]
}

#! scopes | at least 1
ephemeral "headwater_google_access_token" "no_scope" {
  scopes = []
}

#! target_service_account | e-mail address of a service account
ephemeral "headwater_google_access_token" "account" {
  target_service_account = "loader"
}

#! delegates[0] | e-mail address of a service account
ephemeral "headwater_google_access_token" "delegate" {
  target_service_account = "loader@acme-data.iam.gserviceaccount.com"
  delegates              = ["projects/-/serviceAccounts/a@acme-data.iam.gserviceaccount.com"]
}

#! lifetime | from `1s` to `12h`
ephemeral "headwater_google_access_token" "lifetime" {
  target_service_account = "loader@acme-data.iam.gserviceaccount.com"
  lifetime               = "2d"
}

#! `lifetime` needs `target_service_account`
ephemeral "headwater_google_access_token" "whose" {
  lifetime = "10m"
}
