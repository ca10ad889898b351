# A folder of two tables, made when applied and every morning. Project, region and endpoint come from the environment.

terraform {
  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

resource "headwater_bigquery_dataset" "layers" {
  for_each = toset(["raw", "staging", "marts", "assertions"])

  dataset_id                 = "workdays_${each.key}"
  location                   = "EU"
  delete_contents_on_destroy = true
}

module "marts" {
  source = "../.."

  name          = "workdays"
  directory     = "${path.module}/marts"
  datasets      = { for layer, dataset in headwater_bigquery_dataset.layers : layer => dataset.id }
  vars          = { first_year = "2025" }
  cron_schedule = "30 5 * * *"
  time_zone     = "Europe/Berlin"
  run_on_apply  = true
}

output "tables" {
  description = "The tables that are made."
  value       = module.marts.tables
}
