variable "login_url" {
  description = "The org's My Domain address, such as https://acme.my.salesforce.com."
  type        = string
}

variable "client_id" {
  description = "The consumer key of a connected app whose client-credentials flow is on."
  type        = string
}

variable "client_secret" {
  description = "Its consumer secret. Best from the environment: TF_VAR_client_secret."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "client_secret_version" {
  description = "Raise it when the secret changes."
  type        = number
  default     = 1
}

variable "project" {
  description = "The Google Cloud project. Default: the environment's HEADWATER_PROJECT."
  type        = string
  default     = null
}

variable "region" {
  description = "The region of runtime and workers. Default: the environment's HEADWATER_REGION."
  type        = string
  default     = null
}

variable "location" {
  description = "Where lake and datasets lie: all in the same place."
  type        = string
  default     = "EU"
}

variable "lake" {
  description = "The name of the lake's bucket, unique in all of Google Cloud."
  type        = string
  default     = "headwater-complete-lake"
}

variable "image" {
  description = "The image of the runtime in Artifact Registry. The local cloud runs its own whatever is written here."
  type        = string
  default     = null
}

variable "analysts" {
  description = "Who reads the marts, such as `group:analysts@acme.com`."
  type        = list(string)
  default     = []
}

variable "on_call" {
  description = "The address that incidents are mailed to. Without it, they are only published to the topic `alerts`."
  type        = string
  default     = null
}
