#! name | lowercase letters | acme-lake
resource "headwater_storage_bucket" "name_capitals" {
  name = "Acme_Lake"
}

#! name | 3 to 63
resource "headwater_storage_bucket" "name_short" {
  name = "ab"
}

#! name | without `goog`
resource "headwater_storage_bucket" "name_google" {
  name = "google-lake"
}

#! location | europe-west1 | EU
resource "headwater_storage_bucket" "location" {
  name     = "acme-lake"
  location = "europe west"
}

#! storage_class | `STANDARD` | `NEARLINE`
resource "headwater_storage_bucket" "storage_class" {
  name          = "acme-lake"
  storage_class = "FAST"
}

#! delete_after_days | 1 to 36500 | got 0
resource "headwater_storage_bucket" "delete_after_zero" {
  name              = "acme-lake"
  delete_after_days = 0
}

#! delete_after_days | whole number
resource "headwater_storage_bucket" "delete_after_half" {
  name              = "acme-lake"
  delete_after_days = 1.5
}

#! labels["Team"] | lowercase
resource "headwater_storage_bucket" "label_key" {
  name   = "acme-lake"
  labels = { Team = "crm" }
}

#! labels["headwater-managed"] | `headwater-`
resource "headwater_storage_bucket" "label_reserved" {
  name   = "acme-lake"
  labels = { headwater-managed = "false" }
}

#! labels["team"] | lowercase letters
resource "headwater_storage_bucket" "label_value" {
  name   = "acme-lake"
  labels = { team = "The CRM team" }
}

#! force_destroy | bool
resource "headwater_storage_bucket" "force_destroy" {
  name          = "acme-lake"
  force_destroy = "sometimes"
}
