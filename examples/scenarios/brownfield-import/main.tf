# What exists already comes under Terraform: buckets, datasets, tables and topics that somebody made by hand. The apply changes
# nothing of it; the plan says so before.

terraform {
  required_version = ">= 1.11"

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

provider "headwater" {
  project = var.project
  region  = var.region
}

# By id. Every resource takes Google's full name; most take a short form, too. The blocks may go when the apply is done.
import {
  to = headwater_storage_bucket.landing
  id = var.bucket
}

import {
  to = headwater_bigquery_dataset.shop
  id = "projects/${var.project}/datasets/shop"
}

import {
  to = headwater_bigquery_table.orders
  id = "projects/${var.project}/datasets/shop/tables/orders"
}

# Several at once.
import {
  for_each = local.topics
  to       = headwater_pubsub_topic.topics[each.key]
  id       = "projects/${var.project}/topics/${each.key}"
}

locals {
  topics = toset(["shop-orders", "shop-returns"])
}

# As it is. What a plan would change is written down here, or changed, and then the plan is empty but for the imports.
resource "headwater_storage_bucket" "landing" {
  name       = var.bucket
  location   = "EU"
  versioning = true
  lifecycle_rules = [
    { action = "SetStorageClass", storage_class = "NEARLINE", condition = { age = 30 } },
  ]
}

resource "headwater_bigquery_dataset" "shop" {
  dataset_id  = "shop"
  location    = "EU"
  description = "What the shop exports every night."
}

resource "headwater_bigquery_table" "orders" {
  dataset     = headwater_bigquery_dataset.shop.id
  table_id    = "orders"
  description = "Orders, one row each."

  columns = [
    { name = "order_id", type = "STRING", mode = "REQUIRED" },
    { name = "ordered_at", type = "TIMESTAMP" },
    { name = "total", type = "NUMERIC" },
  ]

  time_partitioning = { type = "DAY", field = "ordered_at" }
  clustering        = ["order_id"]
}

resource "headwater_pubsub_topic" "topics" {
  for_each = local.topics
  name     = each.key
}
