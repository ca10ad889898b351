variable "name" {
  description = "The name of the Dataform repository that is made, unique in project and region."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,63}$", var.name))
    error_message = "The name must be 1 to 63 letters, digits, - and _."
  }
}

variable "directory" {
  description = "The folder that holds `workflow_settings.yaml`. Default: the Salesforce marts of the repository that this module is in."
  type        = string
  default     = null

  validation {
    condition     = var.directory == null ? true : fileexists("${var.directory}/workflow_settings.yaml")
    error_message = "The folder must hold workflow_settings.yaml: name the folder of a Dataform project, such as \"$${path.module}/dataform\"."
  }
}

variable "location" {
  description = "Where the datasets lie, such as `EU`."
  type        = string
  default     = "EU"
}

variable "region" {
  description = "The region of the repository. Default: the provider's."
  type        = string
  default     = null
}

variable "datasets" {
  description = "What is read and what is written, `projects/PROJECT/datasets/DATASET`: `raw`, what an extract loads; `staging`, `marts` and `assertions`, what is made of it. The project's code sees the names as the variables `raw_project`, `raw_dataset`, `staging_dataset` and `marts_dataset`. The ids must be known when planning, as those of `headwater_bigquery_dataset` are, or nothing can be compiled."
  type = object({
    raw        = string
    staging    = string
    marts      = string
    assertions = string
  })

  validation {
    condition     = alltrue([for id in values(var.datasets) : can(regex("^projects/[^/]+/datasets/[^/]+$", id))])
    error_message = "Datasets are ids, projects/PROJECT/datasets/DATASET: those of a headwater_bigquery_dataset or of a google_bigquery_dataset."
  }

  validation {
    condition     = length(distinct([for id in [var.datasets.staging, var.datasets.marts, var.datasets.assertions] : element(split("/", id), 1)])) == 1
    error_message = "Staging, marts and assertions must be in one project: Dataform makes them in its default database."
  }
}

variable "salesforce_schemas" {
  description = "The objects and fields that there are: `module.ingest.schemas`. The Salesforce marts leave out what an org does not have. Null for a project that is about something else."
  type = map(list(object({
    name            = string
    salesforce_type = string
  })))
  default = null
}

variable "vars" {
  description = "Further variables of the project's code, such as `time_zone`; they count before those that this module sets."
  type        = map(string)
  default     = {}
}

variable "cron_schedule" {
  description = "When it is run, in unix-cron format, behind the extract. Without it, when somebody asks for it."
  type        = string
  default     = null

  validation {
    condition     = var.cron_schedule == null ? true : length(split(" ", trimspace(var.cron_schedule))) == 5
    error_message = "A schedule has five fields: minute, hour, day of the month, month, day of the week."
  }
}

variable "time_zone" {
  description = "The time zone of `cron_schedule`."
  type        = string
  default     = "UTC"
}

variable "included_tags" {
  description = "Only actions with one of these tags are run, and what they depend on. Without it, all."
  type        = list(string)
  default     = []
}

variable "run_on_apply" {
  description = "Whether an apply that changes something also runs it, and waits for the end."
  type        = bool
  default     = false
}

variable "paused" {
  description = "Whether it is not run by its schedule."
  type        = bool
  default     = false
}

variable "service_account" {
  description = "The e-mail address of the service account that it runs as. Dataform's service agent must be allowed to act as it. Default: that agent."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the repository, for cost attribution."
  type        = map(string)
  default     = {}
}
