#! name | lowercase letters, digits and hyphens
resource "headwater_runtime" "name" {
  name = "Headwater_Main"
}

#! region | europe-west1
resource "headwater_runtime" "region" {
  name   = "headwater"
  region = "Europe"
}

#! image | container image
resource "headwater_runtime" "image" {
  name  = "headwater"
  image = "https://europe-docker.pkg.dev/acme/headwater"
}

#! build | exclude each other
resource "headwater_runtime" "image_and_build" {
  name  = "headwater"
  image = "europe-docker.pkg.dev/acme/headwater/headwater:0.1.0"
  build = {}
}

#! build.binary | at least 1
resource "headwater_runtime" "binary" {
  name  = "headwater"
  build = { binary = "" }
}

#! build.repository | lowercase letters, digits and hyphens
resource "headwater_runtime" "repository" {
  name  = "headwater"
  build = { repository = "Images" }
}

#! cpu | number of CPUs | 500m
resource "headwater_runtime" "cpu" {
  name = "headwater"
  cpu  = "two"
}

#! memory | unit | 512Mi
resource "headwater_runtime" "memory" {
  name   = "headwater"
  memory = "2GB"
}

#! max_retries | 0 to 10
resource "headwater_runtime" "max_retries" {
  name        = "headwater"
  max_retries = 99
}

#! task_timeout | duration | 20m
resource "headwater_runtime" "task_timeout_words" {
  name         = "headwater"
  task_timeout = "an hour"
}

#! task_timeout | `1s` to `168h`
resource "headwater_runtime" "task_timeout_long" {
  name         = "headwater"
  task_timeout = "1000h"
}

#! service_account | e-mail address
resource "headwater_runtime" "service_account" {
  name            = "headwater"
  service_account = "headwater"
}

#! env["CLOUD_RUN_JOB"] | Cloud Run sets itself
resource "headwater_runtime" "env" {
  name = "headwater"
  env  = { CLOUD_RUN_JOB = "mine" }
}
