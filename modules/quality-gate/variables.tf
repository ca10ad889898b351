variable "suites" {
  description = "The suites by name. Each is an object: `table`, the id of the table or view that is judged, `projects/PROJECT/datasets/DATASET/tables/TABLE`; `expectations`, as `headwater_dq_suite` has them; and, where a suite differs, `description`, `partition_filter`, `max_bytes_billed`, `schedule`, `alert` and `labels`. A suite that is a gate of an extract needs no schedule: `schedule = null`."
  # Expectations of different kinds have different arguments, which no map of objects can say.
  type = any

  validation {
    condition = alltrue([
      for name in keys(var.suites) : can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", name)) && length(name) <= 40
    ])
    error_message = "A suite's name is 1 to 40 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen."
  }

  validation {
    condition     = alltrue([for suite in values(var.suites) : length(setsubtract(["table", "expectations"], keys(suite))) == 0])
    error_message = "Each suite needs table, what is judged, and expectations."
  }

  validation {
    condition     = alltrue([for suite in values(var.suites) : length(setsubtract(keys(suite), local.arguments)) == 0])
    error_message = "Unknown arguments of suites: ${join(", ", flatten([for name, suite in var.suites : [for argument in setsubtract(keys(suite), local.arguments) : "${name}.${argument}"]]))}. Known are ${join(", ", local.arguments)}."
  }

  validation {
    condition = alltrue(flatten([
      for suite in values(var.suites) : [
        for kind, expectations in try(suite.expectations, {}) : contains(keys(local.kinds), kind)
      ]
    ]))
    error_message = "Unknown kinds of expectations: ${join(", ", flatten([for name, suite in var.suites : [for kind, expectations in try(suite.expectations, {}) : "${name}.expectations.${kind}" if !contains(keys(local.kinds), kind)]]))}. Known are ${join(", ", keys(local.kinds))}."
  }

  validation {
    condition = alltrue(flatten([
      for suite in values(var.suites) : [
        for kind, expectations in try(suite.expectations, {}) : [
          for expectation in expectations : length(setsubtract(keys(expectation), concat(local.every_expectation, lookup(local.kinds, kind, keys(expectation))))) == 0
        ]
      ]
    ]))
    error_message = "Unknown arguments of expectations: ${join(", ", flatten([for name, suite in var.suites : [for kind, expectations in try(suite.expectations, {}) : [for at, expectation in expectations : [for argument in setsubtract(keys(expectation), concat(local.every_expectation, lookup(local.kinds, kind, keys(expectation)))) : "${name}.expectations.${kind}[${at}].${argument}"]]]]))}."
  }
}

variable "lake" {
  description = "Where the suites' specs lie: `gs://BUCKET`, perhaps with a prefix. A gate's suites and its extract share a lake."
  type        = string

  validation {
    condition     = startswith(var.lake, "gs://")
    error_message = "The lake must be a URL such as gs://acme-lake: the url of a headwater_storage_bucket, or of a google_storage_bucket."
  }
}

variable "runtime" {
  description = "What executes them: the id of a `headwater_runtime`, `projects/PROJECT/locations/REGION/jobs/JOB`."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/locations/[^/]+/jobs/[^/]+$", var.runtime))
    error_message = "The runtime must be an id, projects/PROJECT/locations/REGION/jobs/JOB: the id of a headwater_runtime."
  }
}

variable "results" {
  description = "Where verdicts are written: the id of a dataset, `projects/PROJECT/datasets/DATASET`, and the names of the two tables in it, which suites share."
  type = object({
    dataset      = string
    run_table    = optional(string, "dq_run")
    result_table = optional(string, "dq_result")
  })

  validation {
    condition     = can(regex("^projects/[^/]+/datasets/[^/]+$", var.results.dataset))
    error_message = "results.dataset must be an id, projects/PROJECT/datasets/DATASET: the id of a headwater_bigquery_dataset or of a google_bigquery_dataset."
  }
}

variable "schedule" {
  description = "When the suites run that do not say otherwise, in unix-cron format. Without it, when somebody starts them or their extract asks them."
  type = object({
    cron      = string
    time_zone = optional(string, "UTC")
  })
  default = null
}

variable "alert" {
  description = "Who is told: a topic, `projects/PROJECT/topics/TOPIC`; of which verdicts (`pass`, `warn`, `fail`, `error`, `recovered`); and from which severity on."
  type = object({
    topic        = string
    on           = optional(list(string), ["fail", "error", "recovered"])
    min_severity = optional(string, "info")
  })
  default = null

  validation {
    condition     = var.alert == null ? true : length(var.alert.on) > 0 && length(setsubtract(var.alert.on, ["pass", "warn", "fail", "error", "recovered"])) == 0
    error_message = "alert.on holds some of pass, warn, fail, error and recovered."
  }

  validation {
    condition     = var.alert == null ? true : contains(["info", "warn", "error"], var.alert.min_severity)
    error_message = "alert.min_severity is info, warn or error."
  }
}

variable "subscribers" {
  description = "Who reads the alerts, by names of your own: each gets a subscription, to pull from or, with `push_endpoint`, whose messages are posted there in the name of `service_account_email`. `filter` chooses by the attributes `suite`, `target`, `state`, `severity` and `transition`, such as `attributes.severity = \"error\"`."
  type = map(object({
    push_endpoint         = optional(string)
    service_account_email = optional(string)
    filter                = optional(string)
  }))
  default = {}

  validation {
    condition     = length(var.subscribers) == 0 || var.alert != null
    error_message = "Subscribers read the alerts' topic: set alert."
  }

  validation {
    condition     = alltrue([for subscriber in values(var.subscribers) : subscriber.service_account_email == null || subscriber.push_endpoint != null])
    error_message = "service_account_email is whose token a push carries: it needs push_endpoint."
  }
}

variable "max_bytes_billed" {
  description = "A run that would be billed more bytes is not begun; of suites that do not say otherwise."
  type        = number
  default     = null
}

variable "labels" {
  description = "Labels of the suites' jobs, for cost attribution."
  type        = map(string)
  default     = {}
}

variable "disposable" {
  description = "Whether a suite's verdicts are deleted with the suite. For laptops and tests."
  type        = bool
  default     = false
}
