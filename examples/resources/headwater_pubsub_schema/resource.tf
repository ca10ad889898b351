resource "headwater_pubsub_schema" "change" {
  name = "account-change"
  type = "AVRO"
  definition = jsonencode({
    type = "record"
    name = "Change"
    fields = [
      { name = "id", type = "string" },
      { name = "kind", type = "string" },
      { name = "amount", type = ["null", "double"], default = null },
    ]
  })
}
