#! name | lowercase letters
resource "headwater_salesforce_connection" "name" {
  name               = "CRM"
  login_url          = "https://acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
}

#! login_url | My Domain | https://acme.my.salesforce.com
resource "headwater_salesforce_connection" "login_url_host" {
  name               = "crm"
  login_url          = "acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
}

#! login_url | without a path
resource "headwater_salesforce_connection" "login_url_path" {
  name               = "crm"
  login_url          = "https://acme.my.salesforce.com/services/oauth2"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
}

#! login_url | plain http only on this machine
resource "headwater_salesforce_connection" "login_url_http" {
  name               = "crm"
  login_url          = "http://acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
}

#! api_version | `66.0`
resource "headwater_salesforce_connection" "api_version" {
  name               = "crm"
  login_url          = "https://acme.my.salesforce.com"
  api_version        = "v66"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
}

#! client_credentials | jwt_bearer | Exactly one
resource "headwater_salesforce_connection" "no_flow" {
  name      = "crm"
  login_url = "https://acme.my.salesforce.com"
}

#! jwt_bearer | client_credentials | Exactly one
resource "headwater_salesforce_connection" "two_flows" {
  name               = "crm"
  login_url          = "https://acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 1 }
  jwt_bearer         = { client_id = "3MVG", username = "u@acme.com", private_key_wo = "-----BEGIN PRIVATE KEY-----", private_key_wo_version = 1 }
}

#! client_credentials.client_secret_wo | without spaces
resource "headwater_salesforce_connection" "secret_spaces" {
  name               = "crm"
  login_url          = "https://acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = " not-to-be-printed ", client_secret_wo_version = 1 }
}

#! client_credentials.client_secret_wo_version | 1 to
resource "headwater_salesforce_connection" "secret_version" {
  name               = "crm"
  login_url          = "https://acme.my.salesforce.com"
  client_credentials = { client_id = "3MVG", client_secret_wo = "s", client_secret_wo_version = 0 }
}

#! jwt_bearer.private_key_wo | PEM
resource "headwater_salesforce_connection" "private_key" {
  name       = "crm"
  login_url  = "https://acme.my.salesforce.com"
  jwt_bearer = { client_id = "3MVG", username = "u@acme.com", private_key_wo = "not-to-be-printed", private_key_wo_version = 1 }
}

#! connection | headwater_salesforce_connection.NAME.id
data "headwater_salesforce_object" "connection" {
  connection = "crm"
  name       = "Account"
}

#! name | API name
data "headwater_salesforce_object" "name" {
  connection = "projects/p/secrets/s"
  name       = "My Object"
}
