terraform import headwater_monitoring_notification_channel.on_call projects/acme-data/notificationChannels/1234567890

# or, in the provider's project
terraform import headwater_monitoring_notification_channel.on_call 1234567890
