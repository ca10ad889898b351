variable "name" {
  description = "The pipeline's name, unique in its lake and, with a schedule, in project and region. The connection is called so, too, unless `login.name` says otherwise."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", var.name)) && length(var.name) <= 40
    error_message = "The name must be 1 to 40 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen."
  }
}

variable "login" {
  description = "The org, when this module is to make the connection: its My Domain address, and the consumer key of a connected app. With `username` the JWT bearer flow is used, else the client-credentials flow. Raise `secret_version` when `client_secret` changes."
  type = object({
    login_url      = string
    client_id      = string
    username       = optional(string)
    secret_version = optional(number, 1)
    name           = optional(string)
    api_version    = optional(string)
    verify         = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.login == null || var.connection == null
    error_message = "Either login makes a connection or connection names one that exists: set one of them."
  }

  validation {
    condition     = var.login != null || var.connection != null
    error_message = "Set login to make a connection, or connection to use one that exists."
  }

  validation {
    condition     = var.login == null ? true : can(regex("^https?://[^/]+$", var.login.login_url))
    error_message = "login.login_url must be the org's My Domain address without a path, such as https://acme.my.salesforce.com."
  }
}

variable "client_secret" {
  description = "With `login`: the consumer secret or, with `login.username`, the RSA private key in PEM. It goes to Secret Manager; it is in no plan and in no state."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "connection" {
  description = "A connection that exists, instead of `login`: the id of a `headwater_salesforce_connection`, `projects/PROJECT/secrets/SECRET`."
  type        = string
  default     = null
}

variable "secret_readers" {
  description = "Who may read the connection's secret, by names of your own: `{ runtime = module.platform.service_accounts.runtime.member }`. The runtime's identity must be among them, and a stream's that uses the connection."
  type        = map(string)
  default     = {}
}

variable "lake" {
  description = "Where the pipeline keeps its spec, state, Parquet files and records of runs: `gs://BUCKET`, perhaps with a prefix."
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

variable "runtime" {
  description = "What executes it: the id of a `headwater_runtime`, `projects/PROJECT/locations/REGION/jobs/JOB`."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/locations/[^/]+/jobs/[^/]+$", var.runtime))
    error_message = "The runtime must be an id, projects/PROJECT/locations/REGION/jobs/JOB: the id of a headwater_runtime."
  }
}

variable "objects" {
  description = "The objects by API name. `{}` takes every readable field, incrementally, deletes included, into a table of the object's name."
  type = map(object({
    table   = optional(string)
    include = optional(list(string))
    exclude = optional(list(string))
    where   = optional(string)
    mode    = optional(string)
  }))

  validation {
    condition     = length(var.objects) > 0
    error_message = "Name at least one object."
  }

  validation {
    condition     = alltrue([for object in values(var.objects) : contains(["incremental", "full"], coalesce(object.mode, "incremental"))])
    error_message = "An object's mode is incremental or full."
  }
}

variable "schedule" {
  description = "When it runs, in unix-cron format, and in which time zone. Without it, when somebody starts it."
  type = object({
    cron      = string
    time_zone = optional(string, "UTC")
  })
  default = null
}

variable "quality_gate" {
  description = "Suites that judge each batch before it is loaded: ids of `headwater_dq_suite`s whose table is an object's, such as `values(module.gate.suites)`."
  type        = list(string)
  default     = []
}

variable "deletes" {
  description = "What becomes of rows that are deleted in Salesforce: `remove` deletes them, `flag` keeps them with `IsDeleted` true."
  type        = string
  default     = "remove"

  validation {
    condition     = contains(["remove", "flag"], var.deletes)
    error_message = "deletes is remove or flag."
  }
}

variable "api_budget_percent" {
  description = "Stop, resumable, when the org's use of its daily API requests, by everybody, has reached this share of them."
  type        = number
  default     = null

  validation {
    condition     = var.api_budget_percent == null ? true : var.api_budget_percent >= 1 && var.api_budget_percent <= 100
    error_message = "The budget is a share in percent, 1 to 100."
  }
}

variable "safety_lag" {
  description = "How far behind Salesforce's clock a run stays, because rows commit later than they are stamped: longer than the longest transaction in the org."
  type        = string
  default     = "2m"
}

variable "bulk_threshold_rows" {
  description = "From how many rows on a read uses Bulk API 2.0 instead of REST queries."
  type        = number
  default     = 10000
}

variable "task_count" {
  description = "How many tasks of the runtime share out the objects."
  type        = number
  default     = 1

  validation {
    condition     = var.task_count >= 1 && var.task_count <= 100
    error_message = "task_count is 1 to 100."
  }
}

variable "run_on_apply" {
  description = "Whether the apply that creates the pipeline, or changes it, also runs it and waits for the end."
  type        = bool
  default     = false
}

variable "labels" {
  description = "Labels of the pipeline's tables and jobs, for cost attribution."
  type        = map(string)
  default     = {}
}

variable "disposable" {
  description = "Whether tables are deleted with the pipeline, or with their object when it is taken out of `objects`. For laptops and tests."
  type        = bool
  default     = false
}
