# The same by identity, in place of ids, with Terraform 1.12 or newer: parts with names, of which those that are the provider's
# own (project, region) may be left out. `terraform state show` and the page of each resource say what its parts are.

terraform {
  required_version = ">= 1.12"

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}

variable "project" {
  description = "The Google Cloud project that holds what exists."
  type        = string
}

variable "bucket" {
  description = "The bucket that exists."
  type        = string
  default     = "acme-shop-landing"
}

provider "headwater" {
  project = var.project
}

import {
  to       = headwater_storage_bucket.landing
  identity = { name = var.bucket }
}

import {
  to       = headwater_bigquery_dataset.shop
  identity = { project = var.project, dataset_id = "shop" }
}

import {
  to       = headwater_bigquery_table.orders
  identity = { dataset = "projects/${var.project}/datasets/shop", table_id = "orders" }
}

import {
  to       = headwater_pubsub_topic.orders
  identity = { name = "shop-orders" }
}

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

resource "headwater_pubsub_topic" "orders" {
  name = "shop-orders"
}
