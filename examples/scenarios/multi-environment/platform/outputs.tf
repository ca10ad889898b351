output "tables" {
  description = "The tables by object."
  value       = module.ingest.tables
}

output "suites" {
  description = "The suites."
  value       = module.gate.suites
}
