# The connection to the org, which a person applies who has the secret: it goes to Secret Manager, and no workflow ever needs it. Pipelines
# take the connection by its id.

terraform {
  required_version = ">= 1.11"

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }

  backend "gcs" {
    prefix = "connections" # and: terraform init -backend-config=bucket=PROJECT-terraform-state
  }
}

variable "project" {
  description = "The environment's project."
  type        = string
}

variable "login_url" {
  description = "The org's My Domain address: a sandbox in dev."
  type        = string
}

variable "client_id" {
  description = "The consumer key of a connected app."
  type        = string
}

variable "client_secret" {
  description = "Its consumer secret, from the environment: TF_VAR_client_secret."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "client_secret_version" {
  description = "Raise it when the secret changes."
  type        = number
  default     = 1
}

provider "headwater" {
  project = var.project
}

resource "headwater_salesforce_connection" "crm" {
  name      = "crm"
  login_url = var.login_url

  client_credentials = {
    client_id                = var.client_id
    client_secret_wo         = var.client_secret
    client_secret_wo_version = var.client_secret_version
  }
}

# A plan asks the org for its fields: whoever plans reads the secret.
resource "headwater_secret_iam_member" "plans" {
  for_each = toset(["terraform-plan", "terraform-apply"])

  secret = headwater_salesforce_connection.crm.id
  role   = "roles/secretmanager.secretAccessor"
  member = "serviceAccount:${each.key}@${var.project}.iam.gserviceaccount.com"
}

output "connection" {
  description = "What environments name."
  value       = headwater_salesforce_connection.crm.id
}
