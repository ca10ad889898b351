output "tables" {
  description = "The tables: what the extract loads, what the streams keep, and what Dataform makes."
  value = {
    raw   = module.ingest.tables
    live  = merge(module.stream.tables, module.orders.tables)
    marts = module.marts.tables
  }
}

output "suites" {
  description = "The suites of the gate, and those of tables and marts."
  value       = merge(module.gate.suites, module.quality.suites)
}

output "runs" {
  description = "Shows what the extract's runs did."
  value       = "headwater runs list --lake ${module.platform.lake} --pipeline ${module.ingest.name}"
}

output "dead_letters" {
  description = "Puts messages that could not be applied back, once the reason is mended."
  value       = [for url in [module.stream.spec_url, module.orders.spec_url] : "headwater stream replay-dead-letters --spec ${url}"]
}

output "orders_topic" {
  description = "Where the shop publishes its orders."
  value       = module.platform.topics["streaming"]
}

output "policies" {
  description = "The alert policies by what they watch for."
  value       = module.monitoring.policies
}

output "dashboard" {
  description = "The dashboard of Cloud Monitoring."
  value       = module.monitoring.dashboard
}
