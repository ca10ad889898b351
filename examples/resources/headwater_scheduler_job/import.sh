terraform import headwater_scheduler_job.nightly projects/acme-data/locations/europe-west1/jobs/nightly-report

# or
terraform import headwater_scheduler_job.nightly nightly-report
