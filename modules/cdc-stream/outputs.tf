output "name" {
  description = "The pipeline's name."
  value       = headwater_cdc_stream.this.name
}

output "spec_url" {
  description = "Where the stream's spec lies: what `headwater stream --spec` takes, also to pause it and to put dead letters back."
  value       = headwater_cdc_stream.this.spec_url
}

output "tables" {
  description = "The tables by entity, `changelog` and `current`: `projects/PROJECT/datasets/DATASET/tables/TABLE`; `current` is null where there is none."
  value = {
    for name, entity in headwater_cdc_stream.this.entities : name => {
      changelog = "${var.dataset}/tables/${entity.changelog}"
      current   = entity.keep_current ? "${var.dataset}/tables/${entity.current}" : null
    }
  }
}

output "schemas" {
  description = "The columns of each entity's tables, beside those that every changelog and current table has."
  value       = headwater_cdc_stream.this.schemas
}

output "topic" {
  description = "The topic that changes travel through, to which others may subscribe: `projects/PROJECT/topics/TOPIC`."
  value       = var.messages == null ? headwater_cdc_stream.this.topic : var.messages.topic
}

output "subscription" {
  description = "What workers pull from, and what to watch for lag: `projects/PROJECT/subscriptions/SUBSCRIPTION`."
  value       = headwater_cdc_stream.this.pull_subscription
}

output "dead_letters" {
  description = "Where messages go that cannot be applied: the `topic`, and the `subscription` that `headwater stream replay-dead-letters` pulls from."
  value = {
    topic        = headwater_cdc_stream.this.dead_letter_topic
    subscription = headwater_cdc_stream.this.dead_letter_subscription
  }
}
