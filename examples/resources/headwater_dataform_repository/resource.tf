resource "headwater_dataform_repository" "marts" {
  name = "salesforce-marts"

  git_remote_settings = {
    url                                 = "https://github.com/acme/salesforce-marts.git"
    authentication_token_secret_version = "projects/acme-data/secrets/github-token/versions/latest"
  }

  # What developers try out in workspaces goes to datasets of its own.
  workspace_compilation_overrides = {
    schema_suffix = "dev"
  }
}
