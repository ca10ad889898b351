resource "headwater_salesforce_extract" "crm" {
  name       = "crm"
  connection = headwater_salesforce_connection.crm.id
  lake       = headwater_storage_bucket.lake.url
  dataset    = headwater_bigquery_dataset.raw.id
  runtime    = headwater_runtime.main.id

  schedule = {
    cron      = "0 * * * *"
    time_zone = "Europe/Berlin"
  }

  objects = {
    # Every readable field, incrementally, deletes included.
    Account = {}

    # Without one field, only some rows.
    Opportunity = {
      exclude = ["Secret__c"]
      where   = "Amount > 0"
    }

    # Some fields, into a table of another name, everything each time.
    User = {
      include = ["Name", "Email", "IsActive"]
      table   = "salesforce_user"
      mode    = "full"
    }
  }

  # Leave the org's other integrations their share.
  api_budget = {
    max_daily_percent = 40
  }
}
