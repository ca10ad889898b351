terraform import headwater_pubsub_subscription.workers projects/acme-data/subscriptions/account-changes-workers

# or
terraform import headwater_pubsub_subscription.workers account-changes-workers
