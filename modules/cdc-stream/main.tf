# A change stream: a subscription if somebody else publishes, the stream with its topics, tables and workers, and what its identity
# may do with the topics.

locals {
  scales = var.autoscaling != null && var.service_account != null
}

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

  workers         = var.autoscaling == null ? var.workers : null
  autoscaling     = var.autoscaling
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

# Who scales itself reads how much waits, tells its worker pool how many workers there are, and goes on as itself.
resource "headwater_worker_pool_iam_member" "scales" {
  count = local.scales ? 1 : 0

  worker_pool = headwater_cdc_stream.this.worker_pool
  role        = "roles/run.developer"
  member      = var.service_account.member
}

resource "headwater_service_account_iam_member" "scales" {
  count = local.scales ? 1 : 0

  service_account = "projects/${split(".", split("@", var.service_account.email)[1])[0]}/serviceAccounts/${var.service_account.email}"
  role            = "roles/iam.serviceAccountUser"
  member          = var.service_account.member
}

resource "headwater_project_iam_member" "scales" {
  count = local.scales && var.grants_on_project ? 1 : 0

  role   = "roles/monitoring.viewer"
  member = var.service_account.member
}
