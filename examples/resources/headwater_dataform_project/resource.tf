# Where its tables and its assertions go.
resource "headwater_bigquery_dataset" "workdays" {
  for_each = toset(["workdays", "workdays_assertions"])

  dataset_id                 = each.key
  location                   = "EU"
  delete_contents_on_destroy = true
}

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

  depends_on = [headwater_bigquery_dataset.workdays]
}
