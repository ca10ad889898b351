terraform import headwater_runtime.main projects/acme-data/locations/europe-west1/jobs/headwater
