resource "headwater_dataform_project" "workdays" {
  name      = "workdays"
  directory = "${path.module}/marts"

  cron_schedule = "30 5 * * *"
  time_zone     = "Europe/Berlin"
  run_on_apply  = true

  code_compilation_config = {
    default_location = "EU"
    vars             = { first_year = "2024" }
  }

  invocation_config = {
    included_tags                    = ["daily"]
    transitive_dependencies_included = true
  }
}
