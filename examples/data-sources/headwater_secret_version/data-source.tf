data "headwater_secret_version" "token" {
  secret  = data.headwater_secret.token.id
  version = "latest"
}
