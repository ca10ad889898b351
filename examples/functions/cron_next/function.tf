# The next three runs after this plan.
output "next_runs" {
  value = provider::headwater::cron_next("30 6 * * 1-5", "Europe/Berlin", plantimestamp(), 3)
}
