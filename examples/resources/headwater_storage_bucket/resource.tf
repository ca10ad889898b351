resource "headwater_storage_bucket" "lake" {
  name     = "acme-lake"
  location = "EU"

  labels = {
    team = "data"
  }
}

# What is exported goes by itself, and the public is kept out.
resource "headwater_storage_bucket" "exports" {
  name                     = "acme-exports"
  location                 = "EU"
  public_access_prevention = "enforced"
  versioning               = true
  soft_delete_retention    = "0s"
  force_destroy            = true

  lifecycle_rules = [
    {
      action        = "SetStorageClass"
      storage_class = "NEARLINE"
      condition     = { age = 30, matches_prefix = ["monthly/"] }
    },
    {
      action    = "Delete"
      condition = { num_newer_versions = 3, is_live = false }
    },
  ]
}

# What auditors read is kept for seven years.
resource "headwater_storage_bucket" "evidence" {
  name             = "acme-evidence"
  location         = "EU"
  storage_class    = "COLDLINE"
  retention_policy = { period = "61320h" }
}
