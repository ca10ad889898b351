# What is expected.

locals {
  # Before accounts are loaded.
  gate = {
    accounts = {
      table = "${module.platform.datasets["raw"]}/tables/Account"
      expectations = {
        not_null = [{ column = "Name", on_fail = "quarantine" }]
        unique   = [{ columns = ["AccountNumber"], on_fail = "quarantine" }]
        compare  = [{ id = "not_its_own_parent", left = "Id", op = "!=", right = "ParentId", on_fail = "quarantine" }]
        in_set   = [{ column = "Rating", strings = ["Hot", "Warm", "Cold"], on_fail = "quarantine" }]
        between = [
          { column = "NumberOfEmployees", ints = { min = 0 }, on_fail = "quarantine" },
          { column = "AnnualRevenue", ints = { min = 0, max = 1000000000000 }, on_fail = "quarantine" },
        ]
        matches = [{ column = "Website", patterns = ["^https?://[^/]+"], on_fail = "quarantine" }]
        # A table without it would be another object's: then nothing is loaded, and the run fails.
        column_exists = [{ column = "Industry" }]
      }
    }
  }

  suites = {
    # Of a mart.
    opportunities = {
      table = module.marts.tables["${basename(module.platform.datasets["marts"])}.salesforce__opportunity_enhanced"]
      expectations = {
        not_null  = [{ column = "opportunity_id" }, { column = "close_date" }]
        unique    = [{ columns = ["opportunity_id"] }]
        in_set    = [{ column = "status", strings = ["Won", "Lost", "Pipeline", "Other"] }]
        between   = [{ column = "probability", ints = { min = 0, max = 100 } }]
        row_count = [{ min = 1 }]
      }
    }
    contacts = {
      table = module.marts.tables["${basename(module.platform.datasets["marts"])}.salesforce__contact_enhanced"]
      expectations = {
        not_null = [{ column = "contact_id" }]
        unique   = [{ columns = ["contact_id"] }]
      }
    }
    # Of what a stream keeps.
    live-accounts = {
      table = module.stream.tables["Account"].current
      expectations = {
        not_null = [{ column = "_record_id" }, { column = "Name", mostly = 0.9, severity = "warn", on_fail = "record" }]
        unique   = [{ columns = ["_record_id"] }]
      }
    }
    live-orders = {
      table        = module.orders.tables["orders"].current
      expectations = { between = [{ column = "total", decimals = { min = "0" } }] }
    }
  }
}
