resource "headwater_dataform_workflow_config" "daily" {
  repository     = headwater_dataform_repository.marts.id
  name           = "daily"
  release_config = headwater_dataform_release_config.production.id
  cron_schedule  = "0 6 * * *"
  time_zone      = "Europe/Berlin"

  invocation_config = {
    included_tags                    = ["daily"]
    transitive_dependencies_included = true
  }
}
