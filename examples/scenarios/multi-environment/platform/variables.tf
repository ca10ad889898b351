variable "environment" {
  description = "Which environment it is."
  type        = string

  validation {
    condition     = contains(["dev", "stage", "prod"], var.environment)
    error_message = "Environments are dev, stage and prod."
  }
}

variable "project" {
  description = "The environment's project, by which its lake is called, too."
  type        = string
}

variable "disposable" {
  description = "Whether a destroy takes the data with it: never in prod."
  type        = bool
  default     = false

  validation {
    condition     = !(var.disposable && var.environment == "prod")
    error_message = "The data of prod is not disposable."
  }
}

variable "location" {
  description = "Where lake and datasets lie."
  type        = string
  default     = "EU"
}

variable "image" {
  description = "The image of the runtime: another release is tried in dev first."
  type        = string
  default     = null
}

variable "objects" {
  description = "The Salesforce objects that are loaded."
  type        = list(string)
}

variable "schedule" {
  description = "When they are loaded. Without it, when somebody starts it."
  type        = object({ cron = string, time_zone = optional(string, "UTC") })
  default     = null
}

variable "api_budget_percent" {
  description = "Which share of the org's daily API requests may be used up."
  type        = number
  default     = 40
}

variable "keep_files_days" {
  description = "For how long Parquet files are kept."
  type        = number
}

variable "alert_from" {
  description = "From which severity on somebody is told: info, warn or error."
  type        = string
  default     = "error"
}

variable "analysts" {
  description = "Who reads the marts."
  type        = list(string)
  default     = []
}

variable "engineers" {
  description = "Who reads the raw tables."
  type        = list(string)
  default     = []
}

variable "login_url" {
  description = "The org's My Domain address: a sandbox in dev and stage."
  type        = string
}

variable "client_id" {
  description = "The consumer key of a connected app."
  type        = string
}

variable "client_secret" {
  description = "Its consumer secret."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "client_secret_version" {
  description = "Raise it when the secret changes."
  type        = number
  default     = 1
}
