variable "name" {
  description = "What is watched: names of policies, the dashboard and the log-based metrics begin with it."
  type        = string
  default     = "headwater"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$", var.name))
    error_message = "The name must be 2 to 32 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen."
  }
}

variable "runtime" {
  description = "What executes extracts and suites, and whose failed executions are told: the id of a `headwater_runtime`, `projects/PROJECT/locations/REGION/jobs/JOB`."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/locations/[^/]+/jobs/[^/]+$", var.runtime))
    error_message = "The runtime must be an id, projects/PROJECT/locations/REGION/jobs/JOB: the id of a headwater_runtime."
  }
}

variable "extracts" {
  description = "Extracts by their pipelines' names, each with how old its last success may be, such as `3h`: longer than its schedule's pause and a run together."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for age in values(var.extracts) : can(regex("^[1-9][0-9]*(m|h|d)$", age))])
    error_message = "How old a success may be is a number of minutes, hours or days: 90m, 3h, 2d."
  }
}

variable "suites" {
  description = "Suites with a schedule by their pipelines' names, each with how old its last verdict may be, such as `3h`. A verdict that the data is wrong is one, too: it is told as a failed execution, and by the suite's own alerts."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for age in values(var.suites) : can(regex("^[1-9][0-9]*(m|h|d)$", age))])
    error_message = "How old a verdict may be is a number of minutes, hours or days: 90m, 3h, 2d."
  }

  validation {
    condition     = length(setintersection(keys(var.suites), keys(var.extracts))) == 0
    error_message = "A pipeline is an extract or a suite, not both."
  }
}

variable "streams" {
  description = "Streams by their pipelines' names: the `subscription` that workers pull from and the one of its `dead_letters`, `projects/PROJECT/subscriptions/SUBSCRIPTION`, as outputs of `cdc-stream`."
  type = map(object({
    subscription = string
    dead_letters = optional(string)
  }))
  default = {}

  validation {
    condition = alltrue(flatten([
      for stream in values(var.streams) : [
        for id in compact([stream.subscription, stream.dead_letters]) : can(regex("^projects/[^/]+/subscriptions/[^/]+$", id))
      ]
    ]))
    error_message = "Subscriptions are ids, projects/PROJECT/subscriptions/SUBSCRIPTION: outputs of the module cdc-stream."
  }
}

variable "max_lag_seconds" {
  description = "How old the oldest message may be that a stream has not written, for five minutes."
  type        = number
  default     = 900

  validation {
    condition     = var.max_lag_seconds >= 60
    error_message = "max_lag_seconds must be at least 60: Pub/Sub measures once a minute."
  }
}

variable "repositories" {
  description = "Dataform repositories, by names of your own, whose failed workflow invocations are told: ids, `projects/PROJECT/locations/REGION/repositories/REPOSITORY`."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in values(var.repositories) : can(regex("^projects/[^/]+/locations/[^/]+/repositories/[^/]+$", id))])
    error_message = "Repositories are ids, projects/PROJECT/locations/REGION/repositories/REPOSITORY: the id of a headwater_dataform_project, or the output of dataform-marts."
  }
}

variable "api_usage_percent" {
  description = "Tell when this share of Salesforce's daily API requests is used, by everybody. Best below the extracts' `api_budget_percent`, at which runs stop. `null`: do not tell."
  type        = number
  default     = 80

  validation {
    condition     = var.api_usage_percent == null ? true : var.api_usage_percent >= 1 && var.api_usage_percent <= 100
    error_message = "api_usage_percent must be from 1 to 100."
  }
}

variable "max_bytes_billed_per_day" {
  description = "Tell when BigQuery has billed more bytes of queries than this in 24 hours, in the whole project: 1 TiB is 1099511627776. `null`: do not tell."
  type        = number
  default     = null

  validation {
    condition     = var.max_bytes_billed_per_day == null ? true : var.max_bytes_billed_per_day > 0
    error_message = "max_bytes_billed_per_day must be above 0."
  }
}

variable "emails" {
  description = "Who is told by mail, by names of your own: `{ on-call = \"data-on-call@acme.com\" }`."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for address in values(var.emails) : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "Each must be an email address."
  }
}

variable "topics" {
  description = "Topics that incidents are published to, by names of your own: `projects/PROJECT/topics/TOPIC`. Keys must be known when planning."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for topic in values(var.topics) : can(regex("^projects/[^/]+/topics/[^/]+$", topic))])
    error_message = "Topics are ids, projects/PROJECT/topics/TOPIC: the id of a headwater_pubsub_topic, or an output of data-platform."
  }
}

variable "channels" {
  description = "Notification channels that exist: `projects/PROJECT/notificationChannels/NUMBER`. Slack, PagerDuty and webhooks are made in the console, as their tokens must not be in a state."
  type        = list(string)
  default     = []
}

variable "grants_on_topics" {
  description = "Whether Monitoring's service agent is granted `roles/pubsub.publisher` on `topics`. Google makes the agent with the project's first Pub/Sub channel; where it may not be granted to in the same apply, set `false` and grant it elsewhere."
  type        = bool
  default     = true
}

variable "auto_close" {
  description = "When incidents are closed of which nothing more is heard."
  type        = string
  default     = "24h"
}

variable "dashboard" {
  description = "Whether there is a dashboard."
  type        = bool
  default     = true
}

variable "labels" {
  description = "Labels of policies, channels and the dashboard."
  type        = map(string)
  default     = {}
}
