terraform import headwater_pubsub_topic.changes projects/acme-data/topics/account-changes

# or
terraform import headwater_pubsub_topic.changes account-changes
