resource "headwater_storage_object" "rules" {
  bucket        = headwater_storage_bucket.exports.id
  name          = "config/rules.json"
  content_type  = "application/json"
  cache_control = "no-store"
  content       = jsonencode({ currency = "EUR" })
}

# A file: it is read at every plan, and streamed.
resource "headwater_storage_object" "calendar" {
  bucket       = headwater_storage_bucket.exports.id
  name         = "config/calendar.csv"
  source       = "${path.module}/calendar.csv"
  content_type = "text/csv"
  metadata     = { owner = "finance" }
}
