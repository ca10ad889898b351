terraform import headwater_dataform_project.workdays projects/acme-data/locations/europe-west1/repositories/workdays
