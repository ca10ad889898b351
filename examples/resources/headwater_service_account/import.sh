terraform import headwater_service_account.runner projects/acme-data/serviceAccounts/headwater-runner@acme-data.iam.gserviceaccount.com

# or
terraform import headwater_service_account.runner headwater-runner
