resource "headwater_dataplex_data_scan" "opportunities" {
  name     = "opportunity-quality"
  table    = "projects/acme-data/datasets/salesforce_raw/tables/Opportunity"
  schedule = { cron = "30 6 * * *", time_zone = "Europe/Berlin" }

  data_quality_spec = {
    results_table = "projects/acme-data/datasets/quality/tables/results"
    rules = [
      {
        name                   = "id-unique"
        column                 = "Id"
        dimension              = "UNIQUENESS"
        uniqueness_expectation = {}
      },
      {
        name              = "amount-positive"
        column            = "Amount"
        dimension         = "VALIDITY"
        threshold         = 0.99
        ignore_null       = true
        range_expectation = { min_value = "0" }
      },
      {
        name      = "closed-in-the-past"
        dimension = "CONSISTENCY"
        sql_assertion = {
          sql_statement = "SELECT * FROM $${data()} WHERE IsClosed AND CloseDate > CURRENT_DATE()"
        }
      },
    ]
  }
}
