variable "name" {
  description = "The pipeline's name, unique in its lake. Topic, subscription and worker pool are called `headwater-NAME`."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", var.name)) && length(var.name) <= 40
    error_message = "The name must be 1 to 40 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen."
  }
}

variable "lake" {
  description = "Where the stream keeps its spec and positions: `gs://BUCKET`, perhaps with a prefix."
  type        = string

  validation {
    condition     = startswith(var.lake, "gs://")
    error_message = "The lake must be a URL such as gs://acme-lake: the url of a headwater_storage_bucket, or of a google_storage_bucket."
  }
}

variable "dataset" {
  description = "Where the tables lie: `projects/PROJECT/datasets/DATASET`."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/datasets/[^/]+$", var.dataset))
    error_message = "The dataset must be an id, projects/PROJECT/datasets/DATASET: the id of a headwater_bigquery_dataset or of a google_bigquery_dataset."
  }
}

variable "salesforce" {
  description = "Salesforce's Change Data Capture as the source: the id of a connection, `projects/PROJECT/secrets/SECRET`. `initial_snapshot` reads what is there once and puts it before the first change."
  type = object({
    connection       = string
    channel          = optional(string)
    initial_snapshot = optional(bool, true)
  })
  default = null

  validation {
    condition     = (var.salesforce == null) != (var.messages == null)
    error_message = "A stream has one source: set either salesforce or messages."
  }
}

variable "messages" {
  description = "Messages that somebody else publishes as the source. `topic`, `projects/PROJECT/topics/TOPIC`, gets a subscription of its own, from which this stream alone pulls. `format` is `salesforce`, `debezium` (with `keys`: the columns of the key by entity) or `mapping` (with `mapping`: JSON paths)."
  type = object({
    topic  = string
    format = optional(string, "mapping")
    keys   = optional(map(list(string)))
    mapping = optional(object({
      key        = string
      order      = string
      operation  = optional(string)
      operations = optional(map(string))
      sequence   = optional(string)
      payload    = optional(string)
      entity     = optional(string)
      timestamp  = optional(string)
    }))
  })
  default = null

  validation {
    condition     = var.messages == null ? true : contains(["salesforce", "debezium", "mapping"], var.messages.format)
    error_message = "messages.format is salesforce, debezium or mapping."
  }

  validation {
    condition     = var.messages == null ? true : (var.messages.format == "mapping") == (var.messages.mapping != null)
    error_message = "messages.mapping says where the parts of a change are: it is needed with format = \"mapping\", and with no other."
  }
}

variable "entities" {
  description = "The entities by the names that their changes carry: Salesforce objects, or tables of another source. `{}` takes every readable field, into NAME_changes and NAME. With `messages`, `columns` names the payload's fields with their types."
  type = map(object({
    changelog      = optional(string)
    current        = optional(string)
    keep_current   = optional(bool)
    deletes        = optional(string)
    exclude        = optional(list(string))
    columns        = optional(map(string))
    retention_days = optional(number)
  }))

  validation {
    condition     = length(var.entities) > 0
    error_message = "Name at least one entity."
  }

  validation {
    condition     = var.messages == null || alltrue([for entity in values(var.entities) : entity.columns != null])
    error_message = "With messages, each entity names its columns: nobody else knows them."
  }
}

variable "drift" {
  description = "What becomes of fields that no column is for: `evolve` adds a column, `freeze` leaves the field out, `quarantine` sends the message to the dead letters."
  type        = string
  default     = "evolve"

  validation {
    condition     = contains(["evolve", "freeze", "quarantine"], var.drift)
    error_message = "drift is evolve, freeze or quarantine."
  }
}

variable "engine" {
  description = "What executes the stream: `runtime`, a Cloud Run worker pool, or `dataflow`, a streaming job of Dataflow."
  type        = string
  default     = "runtime"

  validation {
    condition     = contains(["runtime", "dataflow"], var.engine)
    error_message = "engine is runtime or dataflow."
  }
}

variable "dataflow" {
  description = "With `engine = \"dataflow\"`: how the job is launched."
  type = object({
    template          = optional(string)
    machine_type      = optional(string)
    network           = optional(string)
    subnetwork        = optional(string)
    private_addresses = optional(bool)
  })
  default = null

  validation {
    condition     = var.dataflow == null || var.engine == "dataflow"
    error_message = "dataflow is for engine = \"dataflow\"."
  }
}

variable "workers" {
  description = "How many workers share the subscription; 0 lets the stream stand still. With Dataflow, how many there are at most. What they run in, and as whom, is `worker`."
  type        = number
  default     = 1

  validation {
    condition     = var.workers >= 0 && var.workers <= 100
    error_message = "workers is 0 to 100."
  }
}

variable "autoscaling" {
  description = "As many workers as what waits asks for, in place of `workers`: one for each `target_backlog` messages, from `min_workers` to `max_workers`, and fewer when fewer have been enough for `scale_down_seconds`."
  type = object({
    min_workers        = optional(number, 1)
    max_workers        = number
    target_backlog     = optional(number, 50000)
    scale_down_seconds = optional(number, 300)
  })
  default = null

  validation {
    condition     = var.autoscaling == null ? true : var.autoscaling.min_workers >= 1 && var.autoscaling.min_workers <= var.autoscaling.max_workers && var.autoscaling.max_workers <= 100
    error_message = "autoscaling goes from min_workers, at least 1, to max_workers, at most 100."
  }

  validation {
    condition     = var.autoscaling == null || var.engine == "runtime"
    error_message = "Dataflow scales its job itself, up to workers: leave autoscaling out."
  }
}

variable "worker" {
  description = "What each worker runs in. On Google Cloud `image` names an image of the runtime in Artifact Registry. `env` is no place for secrets."
  type = object({
    image       = optional(string)
    cpu         = optional(string, "1")
    memory      = optional(string, "1Gi")
    parallelism = optional(number, 2)
    env         = optional(map(string), {})
    vpc_access = optional(object({
      network    = optional(string)
      subnetwork = optional(string)
      tags       = optional(list(string))
      egress     = optional(string, "PRIVATE_RANGES_ONLY")
    }))
    kms_key_name = optional(string)
  })
  default = {}
}

variable "service_account" {
  description = "The workers' identity: its `email`, and its `member` for grants, `serviceAccount:EMAIL`. It is granted what it needs on the topics that this module makes and on the subscription that workers pull from, and with `autoscaling` on the worker pool, on itself and on the project's metrics; dataset, lake and secret are granted by whoever owns them (`data-platform` does it for its account `stream`). Default: the project's default compute account."
  type = object({
    email  = string
    member = string
  })
  default = null
}

variable "grants_on_project" {
  description = "Whether `service_account` is granted to read the project's metrics, which it needs with `autoscaling`: a role of the project, because there is nothing smaller."
  type        = bool
  default     = true
}

variable "region" {
  description = "Where the workers run. Default: the provider's region."
  type        = string
  default     = null
}

variable "batching" {
  description = "When a batch is written, whichever comes first. Default: the provider's, 5000 changes, 4 MiB or 200 ms."
  type = object({
    rows         = optional(number)
    bytes        = optional(number)
    milliseconds = optional(number)
  })
  default = null
}

variable "topics" {
  description = "Who is told: `status` when the stream starts, stops, changes a table or repairs a gap, `alerts` what somebody should look at. Both `projects/PROJECT/topics/TOPIC`."
  type = object({
    status = optional(string)
    alerts = optional(string)
  })
  default = {}
}

variable "labels" {
  description = "Labels of tables, jobs and topics, for cost attribution."
  type        = map(string)
  default     = {}
}

variable "disposable" {
  description = "Whether the tables are deleted with the stream. For laptops and tests."
  type        = bool
  default     = false
}
