resource "headwater_monitoring_dashboard" "data" {
  name = "data-platform"
  definition = jsonencode({
    displayName = "Data platform"
    mosaicLayout = {
      columns = 12
      tiles = [
        {
          width  = 6
          height = 4
          widget = {
            title = "Failed executions"
            xyChart = {
              dataSets = [{
                plotType = "STACKED_BAR"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter      = "metric.type=\"run.googleapis.com/job/completed_execution_count\" resource.type=\"cloud_run_job\" metric.labels.result=\"failed\""
                    aggregation = { alignmentPeriod = "300s", perSeriesAligner = "ALIGN_DELTA" }
                  }
                }
              }]
            }
          }
        },
        {
          xPos   = 6
          width  = 6
          height = 4
          widget = {
            title     = "What runs say"
            logsPanel = { filter = "resource.type=\"cloud_run_job\" severity>=WARNING" }
          }
        },
      ]
    }
  })
}
