variable "salesforce_client_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "salesforce_private_key" {
  type      = string
  sensitive = true
  ephemeral = true
}

# The client-credentials flow.
resource "headwater_salesforce_connection" "crm" {
  name      = "crm"
  login_url = "https://acme.my.salesforce.com"

  client_credentials = {
    client_id                = "3MVG9examplekey"
    client_secret_wo         = var.salesforce_client_secret # never in plan or state
    client_secret_wo_version = 1                            # raise it to rotate the secret
  }
}

# The JWT bearer flow.
resource "headwater_salesforce_connection" "service" {
  name      = "service"
  login_url = "https://acme-service.my.salesforce.com"

  jwt_bearer = {
    client_id              = "3MVG9examplekey"
    username               = "integration@acme.com"
    private_key_wo         = var.salesforce_private_key
    private_key_wo_version = 1
  }
}
