terraform import headwater_pubsub_topic_iam_member.publishes "projects/acme-data/topics/account-changes roles/pubsub.publisher serviceAccount:headwater-runner@acme-data.iam.gserviceaccount.com"
