# A platform for a laptop. Project, region and endpoint come from the environment.

terraform {
  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

module "platform" {
  source = "../.."

  name       = "acme"
  disposable = true

  lake = {
    name              = "acme-platform-lake"
    cold_after_days   = 30
    delete_after_days = 365
  }

  buckets = {
    exports = {
      name            = "acme-platform-exports"
      lifecycle_rules = [{ action = "Delete", condition = { age = 14, matches_prefix = ["daily/"] } }]
    }
  }

  readers = {
    marts = ["group:analysts@acme.com"]
    ops   = ["group:analysts@acme.com", "group:data-platform@acme.com"]
  }

  labels = { team = "data" }
}

output "platform" {
  description = "All that the platform hands on."
  value       = module.platform
}
