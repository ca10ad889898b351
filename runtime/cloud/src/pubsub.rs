//! Pub/Sub's messages through Google's own client: streaming pulls that keep their leases, publishing in order. Topics and
//! subscriptions themselves are documents; see `documents`.

use google_cloud_pubsub::client::{Publisher, Subscriber};

use crate::client::Cloud;
use crate::endpoints::Service;
use crate::errors::{Error, Kind};

impl Cloud {
    /// A client that pulls.
    ///
    /// # Errors
    /// When the credential cannot be used.
    pub async fn subscriber(&self) -> Result<Subscriber, Error> {
        const ACTION: &str = "build Pub/Sub subscriber";
        let transport = self.transport();
        Subscriber::builder()
            .with_endpoint(transport.endpoints.of(Service::PubSub))
            .with_credentials(transport.google_credentials()?)
            .build()
            .await
            .map_err(|source| Error::new(Kind::Unexpected, ACTION, "the client could not be built").with_source(source))
    }

    /// A client that publishes to a topic, `projects/P/topics/T`, in batches of at most so many messages.
    ///
    /// # Errors
    /// When the credential cannot be used.
    pub async fn publisher(&self, topic: &str, batch: u32) -> Result<Publisher, Error> {
        let transport = self.transport();
        Publisher::builder(topic)
            .with_endpoint(transport.endpoints.of(Service::PubSub))
            .with_credentials(transport.google_credentials()?)
            .set_message_count_threshold(batch)
            .build()
            .await
            .map_err(|source| {
                let action = format!("build publisher of `{topic}`");
                Error::new(Kind::Unexpected, action, "the client could not be built").with_source(source)
            })
    }
}
