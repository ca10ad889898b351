# A change stream: a subscription if somebody else publishes, the stream with its topics, tables and workers, and what its identity
# may do with the topics.

resource "headwater_pubsub_subscription" "messages" {
  count = var.messages == null ? 0 : 1

  name                 = "${var.name}-messages"
  topic                = var.messages.topic
  ack_deadline_seconds = 60
  expiration_ttl       = "never"
  labels               = length(var.labels) == 0 ? null : var.labels
}

resource "headwater_cdc_stream" "this" {
  name    = var.name
  lake    = var.lake
  dataset = var.dataset
  region  = var.region

  salesforce = var.salesforce

  subscription = var.messages == null ? null : {
    id      = headwater_pubsub_subscription.messages[0].id
    format  = var.messages.format
    keys    = var.messages.keys
    mapping = var.messages.mapping
  }

  entities = var.entities
  drift    = var.drift
  engine   = var.engine
  dataflow = var.dataflow
  batching = var.batching

  workers         = var.workers
  image           = var.worker.image
  cpu             = var.worker.cpu
  memory          = var.worker.memory
  parallelism     = var.worker.parallelism
  env             = length(var.worker.env) == 0 ? null : var.worker.env
  vpc_access      = var.worker.vpc_access
  kms_key_name    = var.worker.kms_key_name
  service_account = var.service_account == null ? null : var.service_account.email

  status_topic = var.topics.status
  alert_topic  = var.topics.alerts

  labels                   = length(var.labels) == 0 ? null : var.labels
  delete_tables_on_destroy = var.disposable
}

# The topics are there when the stream is, so a worker may begin before it may publish: Cloud Run starts it again.
resource "headwater_pubsub_topic_iam_member" "publishes" {
  for_each = var.service_account == null ? toset([]) : toset(var.messages == null ? ["changes", "dead letters"] : ["dead letters"])

  topic  = each.key == "changes" ? headwater_cdc_stream.this.topic : headwater_cdc_stream.this.dead_letter_topic
  role   = "roles/pubsub.publisher"
  member = var.service_account.member
}

resource "headwater_pubsub_subscription_iam_member" "pulls" {
  count = var.service_account == null ? 0 : 1

  subscription = headwater_cdc_stream.this.pull_subscription
  role         = "roles/pubsub.subscriber"
  member       = var.service_account.member
}
