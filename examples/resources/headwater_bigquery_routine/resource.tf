resource "headwater_bigquery_routine" "net" {
  dataset         = headwater_bigquery_dataset.raw.id
  routine_id      = "net"
  description     = "The amount without tax."
  arguments       = [{ name = "gross", type = "NUMERIC" }, { name = "rate", type = "NUMERIC" }]
  return_type     = "NUMERIC"
  definition_body = "gross / (1 + rate)"
}
