variable "project" {
  description = "The Google Cloud project that holds what exists."
  type        = string
}

variable "region" {
  description = "The region. Default: the environment's HEADWATER_REGION."
  type        = string
  default     = null
}

variable "bucket" {
  description = "The bucket that exists."
  type        = string
  default     = "acme-shop-landing"
}
