terraform import headwater_storage_bucket.lake acme-lake
