terraform {
  required_version = ">= 1.11" # write-only attributes, ephemeral variables, validations across variables

  required_providers {
    headwater = {
      source = "headwater-data/headwater"
    }
  }
}
