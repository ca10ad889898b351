variable "crm_token" {
  type      = string
  ephemeral = true
}

resource "headwater_secret_version" "token" {
  secret                 = headwater_secret.token.id
  secret_data_wo         = var.crm_token
  secret_data_wo_version = 1 # change it when the token changes
}
