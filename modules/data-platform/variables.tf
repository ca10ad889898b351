variable "name" {
  description = "What the platform is called: its runtime, and what the names of service accounts and topics begin with."
  type        = string
  default     = "headwater"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,20}[a-z0-9]$", var.name))
    error_message = "The name must be 2 to 22 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen: names of service accounts, which have 30 characters at most, begin with it."
  }
}

variable "location" {
  description = "Where buckets and datasets lie, all in one place: a multi-region such as `EU`, or a region such as `europe-west1`."
  type        = string
  default     = "EU"

  validation {
    condition     = can(regex("^([A-Z]+[0-9]*|[a-z]+-[a-z]+[0-9]+)$", var.location))
    error_message = "The location must be a multi-region such as EU or US, or a region such as europe-west1."
  }
}

variable "region" {
  description = "The region of the runtime. Default: the provider's."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of all that has labels, for cost attribution."
  type        = map(string)
  default     = {}
}

variable "disposable" {
  description = "Whether a destroy takes buckets and datasets with everything that is in them. For laptops and tests; where data matters, leave it out, and a destroy stops at what holds data."
  type        = bool
  default     = false
}

variable "lake" {
  description = "The bucket of specs, states, Parquet files and records of runs. `name` is unique in all of Google Cloud. Parquet files go to `cold_class` after `cold_after_days` and are deleted after `delete_after_days`; without these they stay as they are. Everything else in the lake is what pipelines go on from, and is never deleted by age."
  type = object({
    name              = string
    cold_class        = optional(string, "NEARLINE")
    cold_after_days   = optional(number)
    delete_after_days = optional(number)
  })

  validation {
    condition     = contains(["NEARLINE", "COLDLINE", "ARCHIVE"], var.lake.cold_class)
    error_message = "lake.cold_class must be NEARLINE, COLDLINE or ARCHIVE."
  }

  validation {
    condition     = var.lake.delete_after_days == null ? true : var.lake.delete_after_days >= 7
    error_message = "lake.delete_after_days must be at least 7: a run that stopped goes on from the Parquet files that it has written."
  }

  validation {
    condition     = var.lake.cold_after_days == null || var.lake.delete_after_days == null ? true : var.lake.cold_after_days < var.lake.delete_after_days
    error_message = "lake.cold_after_days must be less than lake.delete_after_days, or files are deleted before they are moved."
  }
}

variable "buckets" {
  description = "Further buckets by names of your own: landing zones, exports, evidence. `name` is unique in all of Google Cloud. `lifecycle_rules` are those of `headwater_storage_bucket`. The public is kept out of all of them."
  type = map(object({
    name             = string
    storage_class    = optional(string, "STANDARD")
    versioning       = optional(bool, false)
    retention_period = optional(string)
    labels           = optional(map(string), {})
    lifecycle_rules = optional(list(object({
      action        = string
      storage_class = optional(string)
      condition = object({
        age                        = optional(number)
        created_before             = optional(string)
        custom_time_before         = optional(string)
        days_since_custom_time     = optional(number)
        days_since_noncurrent_time = optional(number)
        is_live                    = optional(bool)
        matches_prefix             = optional(list(string))
        matches_storage_class      = optional(list(string))
        matches_suffix             = optional(list(string))
        noncurrent_time_before     = optional(string)
        num_newer_versions         = optional(number)
      })
    })), [])
  }))
  default = {}
}

variable "datasets" {
  description = "The ids of the datasets, one for each layer: `raw` for what extracts load, `live` for what streams keep, `staging`, `marts` and `assertions` for what Dataform makes of both, `ops` for verdicts."
  type = object({
    raw        = optional(string, "salesforce_raw")
    live       = optional(string, "salesforce_live")
    staging    = optional(string, "salesforce_staging")
    marts      = optional(string, "salesforce_marts")
    assertions = optional(string, "salesforce_assertions")
    ops        = optional(string, "data_ops")
  })
  default = {}

  validation {
    condition     = length(distinct(values(var.datasets))) == length(values(var.datasets))
    error_message = "Each layer needs a dataset of its own: two of the ids are the same."
  }
}

variable "readers" {
  description = "Who may read a layer's tables, by layer: members as IAM writes them, such as `group:analysts@acme.com`. They are granted `roles/bigquery.dataViewer` on that dataset; what others grant stays. Members must be known when planning."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.readers), ["raw", "live", "staging", "marts", "assertions", "ops"])) == 0
    error_message = "Layers are raw, live, staging, marts, assertions and ops."
  }

  validation {
    condition     = alltrue([for member in flatten(values(var.readers)) : can(regex("^(user|group|serviceAccount|domain):.+|^principal(Set)?://.+", member))])
    error_message = "Members have their kind in front: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN, principal://… or principalSet://…. Tables are not for the public."
  }
}

variable "publishers" {
  description = "Who else may publish to a topic, by topic: `batch`, `streaming`, `status` or `alerts`. Members must be known when planning."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.publishers), ["batch", "streaming", "status", "alerts"])) == 0
    error_message = "Topics are batch, streaming, status and alerts."
  }
}

variable "topic_retention" {
  description = "For how long topics keep messages, so that every subscription can seek back to them, such as `24h`. Without it, only subscriptions keep messages."
  type        = string
  default     = null
}

variable "runtime" {
  description = "What executes extracts and suites: one Cloud Run job. On Google Cloud `image` names an image of the runtime in Artifact Registry, or `build` makes one (`{}`: of the `headwater` beside the provider); the local cloud runs its own if there is neither. `env` is no place for secrets."
  type = object({
    image = optional(string)
    build = optional(object({
      binary     = optional(string)
      repository = optional(string)
    }))
    cpu          = optional(string, "1")
    memory       = optional(string, "1Gi")
    max_retries  = optional(number, 3)
    task_timeout = optional(string, "1h")
    env          = optional(map(string), {})
    vpc_access = optional(object({
      network    = optional(string)
      subnetwork = optional(string)
      tags       = optional(list(string))
      egress     = optional(string, "PRIVATE_RANGES_ONLY")
    }))
  })
  default = {}
}

variable "kms_keys" {
  description = "Cloud KMS keys to encrypt with, instead of Google's: `storage` for buckets and `tables` for datasets, both in `location`; `topics`, and `runtime` in its region. The service agents of Cloud Storage, BigQuery, Pub/Sub and Cloud Run need Encrypter/Decrypter on them."
  type = object({
    storage = optional(string)
    tables  = optional(string)
    topics  = optional(string)
    runtime = optional(string)
  })
  default = {}

  validation {
    condition     = alltrue([for key in values(var.kms_keys) : key == null ? true : can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", key))])
    error_message = "Keys are written projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY."
  }
}

variable "grants_on_project" {
  description = "Whether the accounts get `roles/bigquery.jobUser` on the project, the one role that exists on nothing smaller. With `false` somebody else grants it."
  type        = bool
  default     = true
}
