resource "headwater_dataform_release_config" "production" {
  repository    = headwater_dataform_repository.marts.id
  name          = "production"
  git_commitish = "main"
  cron_schedule = "0 5 * * *"
  time_zone     = "Europe/Berlin"

  code_compilation_config = {
    default_schema = "marts"
    vars           = { orders_enabled = "false" }
  }
}
