//! Where each service is. No credentials, no requests.

use crate::errors::{Error, Kind};

/// The services that Headwater calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Cloud Storage, JSON API v1.
    Storage,
    /// BigQuery, REST v2.
    BigQuery,
    /// BigQuery Storage, v1: gRPC only.
    BigQueryStorage,
    /// Cloud Run Admin, v2.
    Run,
    /// Cloud Scheduler, v1.
    Scheduler,
    /// Secret Manager, v1.
    SecretManager,
    /// Pub/Sub, v1.
    PubSub,
    /// Identity and Access Management, v1: service accounts.
    Iam,
    /// Resource Manager, v3: projects.
    ResourceManager,
    /// Dataflow, v1b3.
    Dataflow,
    /// Dataform, v1.
    Dataform,
    /// Dataplex, v1: data scans.
    Dataplex,
    /// IAM Service Account Credentials, v1.
    IamCredentials,
    /// Cloud Logging, v2.
    Logging,
}

impl Service {
    /// Google's host for the service.
    #[must_use]
    pub fn google_base(self) -> &'static str {
        match self {
            Service::Storage => "https://storage.googleapis.com",
            Service::BigQuery => "https://bigquery.googleapis.com",
            Service::BigQueryStorage => "https://bigquerystorage.googleapis.com",
            Service::Run => "https://run.googleapis.com",
            Service::Scheduler => "https://cloudscheduler.googleapis.com",
            Service::SecretManager => "https://secretmanager.googleapis.com",
            Service::PubSub => "https://pubsub.googleapis.com",
            Service::Iam => "https://iam.googleapis.com",
            Service::ResourceManager => "https://cloudresourcemanager.googleapis.com",
            Service::Dataflow => "https://dataflow.googleapis.com",
            Service::Dataform => "https://dataform.googleapis.com",
            Service::Dataplex => "https://dataplex.googleapis.com",
            Service::IamCredentials => "https://iamcredentials.googleapis.com",
            Service::Logging => "https://logging.googleapis.com",
        }
    }

    /// The name that a person knows it by.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Service::Storage => "Cloud Storage",
            Service::BigQuery => "BigQuery",
            Service::BigQueryStorage => "BigQuery Storage",
            Service::Run => "Cloud Run",
            Service::Scheduler => "Cloud Scheduler",
            Service::SecretManager => "Secret Manager",
            Service::PubSub => "Pub/Sub",
            Service::Iam => "IAM",
            Service::ResourceManager => "Resource Manager",
            Service::Dataflow => "Dataflow",
            Service::Dataform => "Dataform",
            Service::Dataplex => "Dataplex",
            Service::IamCredentials => "IAM Service Account Credentials",
            Service::Logging => "Cloud Logging",
        }
    }

    /// What stands before a document's name in its path.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Service::Storage => "storage/v1",
            Service::BigQuery => "bigquery/v2",
            Service::Run | Service::Logging => "v2",
            Service::Dataflow => "v1b3",
            Service::ResourceManager => "v3",
            Service::Scheduler
            | Service::SecretManager
            | Service::PubSub
            | Service::Iam
            | Service::Dataform
            | Service::Dataplex
            | Service::BigQueryStorage
            | Service::IamCredentials => "v1",
        }
    }
}

/// The endpoint table: Google's hosts, or one base URL for every service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    base: Option<String>,
    /// Services that are somewhere else.
    elsewhere: Vec<(Service, String)>,
}

impl Endpoints {
    /// `base` absent or empty: Google's hosts. Otherwise every service is at `base`, such as `http://127.0.0.1:8650`.
    ///
    /// # Errors
    /// When `base` is no http or https URL, or carries a query, a fragment or a user.
    pub fn new(base: Option<&str>) -> Result<Self, Error> {
        let Some(text) = base.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(Self {
                base: None,
                elsewhere: Vec::new(),
            });
        };
        let refuse = |why: &str| {
            Error::new(Kind::Invalid, "read endpoint", format!("`{text}` {why}"))
                .with_hint("give one base URL, such as http://127.0.0.1:8650, or leave it out to use Google Cloud")
        };
        let url = reqwest::Url::parse(text).map_err(|_| refuse("is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(refuse("is not an http or https URL"));
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("must hold only scheme, host, port and path"));
        }
        Ok(Self {
            base: Some(url.as_str().trim_end_matches('/').to_owned()),
            elsewhere: Vec::new(),
        })
    }

    /// The same with one service at a base URL of its own.
    ///
    /// # Errors
    /// As [`Endpoints::new`].
    pub fn with(&self, service: Service, base: &str) -> Result<Self, Error> {
        let mut all = self.clone();
        all.elsewhere.retain(|(other, _)| *other != service);
        all.elsewhere
            .extend(Self::new(Some(base))?.base.map(|base| (service, base)));
        Ok(all)
    }

    /// The base URL of a service, without a trailing slash.
    #[must_use]
    pub fn of(&self, service: Service) -> &str {
        if let Some((_, base)) = self.elsewhere.iter().find(|(other, _)| *other == service) {
            return base;
        }
        self.base.as_deref().unwrap_or_else(|| service.google_base())
    }

    /// The one base URL, when one was given.
    #[must_use]
    pub fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }

    /// Whether requests would travel unencrypted.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        let elsewhere = self.elsewhere.iter().map(|(_, base)| base.as_str());
        self.base
            .as_deref()
            .into_iter()
            .chain(elsewhere)
            .any(|base| base.starts_with("http://"))
    }

    /// Whether the base URL names this machine itself, so that nothing leaves it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let Some(url) = self.base.as_deref().and_then(|base| reqwest::Url::parse(base).ok()) else {
            return false;
        };
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || bare
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls() {
        let cases = [
            (None, "https://run.googleapis.com", false, false),
            (Some("  "), "https://run.googleapis.com", false, false),
            (Some("http://127.0.0.1:8650/"), "http://127.0.0.1:8650", true, true),
            (Some("http://[::1]:1"), "http://[::1]:1", true, true),
            (Some("http://localhost:8650"), "http://localhost:8650", true, true),
            (Some("http://cloud.internal/x/"), "http://cloud.internal/x", true, false),
            (
                Some("https://private.googleapis.com"),
                "https://private.googleapis.com",
                false,
                false,
            ),
        ];
        for (given, run, plain, loopback) in cases {
            let endpoints = Endpoints::new(given).expect("a valid endpoint");
            assert_eq!(endpoints.of(Service::Run), run, "{given:?}");
            assert_eq!(endpoints.is_plain_http(), plain, "{given:?}");
            assert_eq!(endpoints.is_loopback(), loopback, "{given:?}");
        }
        let local = Endpoints::new(Some("http://127.0.0.1:8650")).expect("a valid endpoint");
        let mixed = local
            .with(Service::PubSub, "http://127.0.0.1:8085/")
            .expect("a valid endpoint");
        assert_eq!(mixed.of(Service::PubSub), "http://127.0.0.1:8085");
        assert_eq!(mixed.of(Service::Run), "http://127.0.0.1:8650");
        for bad in ["127.0.0.1:8650", "ftp://x", "http://u:p@x", "http://x?y=1", "nonsense"] {
            let error = Endpoints::new(Some(bad)).expect_err(bad);
            assert_eq!(error.kind(), Kind::Invalid);
            assert!(error.hint().contains("http://127.0.0.1:8650"));
        }
    }
}
