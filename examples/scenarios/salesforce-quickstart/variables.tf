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

variable "project" {
  description = "The Google Cloud project. Default: the environment's HEADWATER_PROJECT."
  type        = string
  default     = null
}

variable "region" {
  description = "The region of the runtime. Default: the environment's HEADWATER_REGION."
  type        = string
  default     = null
}

variable "location" {
  description = "Where lake and dataset lie: both in the same place."
  type        = string
  default     = "EU"
}

variable "lake" {
  description = "The name of the lake's bucket, unique in all of Google Cloud."
  type        = string
  default     = "headwater-demo-lake"
}

variable "marts" {
  description = "The folder of the Dataform project with the marts. Default: the one of this repository."
  type        = string
  default     = null
}
