# A token of a connection that is stored already.
ephemeral "headwater_salesforce_access_token" "crm" {
  connection = headwater_salesforce_connection.crm.id
}

# Or of a login that is written out, which is stored nowhere.
ephemeral "headwater_salesforce_access_token" "sandbox" {
  login_url = "https://acme--uat.sandbox.my.salesforce.com"

  client_credentials = {
    client_id     = "3MVG9lKcPoNINVBIPJjdw1J9LLM82HnFVVX19KY1uA5mu0"
    client_secret = var.salesforce_client_secret
  }
}
