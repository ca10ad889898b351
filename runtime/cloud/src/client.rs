//! The entry point: settings resolved once, handles to services given out for nothing.

use std::sync::Arc;

use crate::bigquery::BigQuery;
use crate::credentials::Credentials;
use crate::dataplex::DataScans;
use crate::documents::{Documents, Shared};
use crate::endpoints::{Endpoints, Service};
use crate::errors::Error;
use crate::http_json::Transport;
use crate::image_name::ImageName;
use crate::logging::Logging;
use crate::monitoring::Monitoring;
use crate::objects::DataPlane;
use crate::registry::Registry;
use crate::retry::RetryPolicy;
use crate::run::CloudRun;
use crate::scheduler::Scheduler;
use crate::secrets::SecretManager;
use crate::storage::Storage;
use crate::tokens::Tokens;

/// The provider's and the runtime's settings, as their users give them.
#[derive(Debug, Clone, Default)]
pub struct CloudOptions {
    /// The project that resources belong to unless they name another.
    pub project: String,
    /// The region of regional resources, such as `europe-west1`.
    pub region: String,
    /// One base URL for all services; Google's hosts when absent.
    pub endpoint: Option<String>,
    /// Path or JSON of a credential file, or `anonymous`; see [`Credentials::resolve`]. Held here only until connect.
    pub credentials: Option<String>,
}

/// Google Cloud, or what speaks like it. Cheap to clone.
#[derive(Clone)]
pub struct Cloud {
    inner: Arc<Inner>,
}

struct Inner {
    project: String,
    region: String,
    transport: Arc<Transport>,
    data: Arc<DataPlane>,
    shared: Arc<Shared>,
}

impl Cloud {
    /// Resolves settings. No connection is made, no client is built.
    ///
    /// # Errors
    /// When the endpoint or the credential is malformed.
    pub fn connect(options: CloudOptions) -> Result<Self, Error> {
        Self::connect_with(options, RetryPolicy::default())
    }

    /// As [`Cloud::connect`], with other bounds for retries.
    ///
    /// # Errors
    /// When the endpoint or the credential is malformed.
    pub fn connect_with(options: CloudOptions, retry: RetryPolicy) -> Result<Self, Error> {
        let endpoints = Endpoints::new(options.endpoint.as_deref())?;
        let credentials = Credentials::resolve(options.credentials.as_deref(), &endpoints)?;
        let transport = Transport::new(endpoints, credentials, retry);
        let data = DataPlane::new(transport.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                project: options.project,
                region: options.region,
                transport,
                data,
                shared: Arc::default(),
            }),
        })
    }

    /// The same cloud with one service somewhere else, such as Pub/Sub at Google's own emulator.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn with_service_at(&self, service: Service, base: &str) -> Result<Self, Error> {
        let before = &self.inner.transport;
        let endpoints = before.endpoints.with(service, base)?;
        let transport = Transport::new(endpoints, before.credentials().clone(), before.retry());
        let data = DataPlane::new(transport.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                project: self.inner.project.clone(),
                region: self.inner.region.clone(),
                transport,
                data,
                shared: Arc::default(),
            }),
        })
    }

    /// The same cloud with other bounds for retries, for who would rather be told soon.
    #[must_use]
    pub fn with_retry(&self, retry: RetryPolicy) -> Self {
        let before = &self.inner.transport;
        let transport = Transport::new(before.endpoints.clone(), before.credentials().clone(), retry);
        let data = DataPlane::new(transport.clone());
        Self {
            inner: Arc::new(Inner {
                project: self.inner.project.clone(),
                region: self.inner.region.clone(),
                transport,
                data,
                shared: Arc::default(),
            }),
        }
    }

    /// The project.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.inner.project
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// The endpoint table.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.inner.transport.endpoints
    }

    pub(crate) fn transport(&self) -> &Arc<Transport> {
        &self.inner.transport
    }

    /// Cloud Storage.
    #[must_use]
    pub fn storage(&self) -> Storage {
        Storage::new(self.inner.transport.clone(), self.inner.data.clone())
    }

    /// BigQuery.
    #[must_use]
    pub fn bigquery(&self) -> BigQuery {
        BigQuery::new(self.inner.transport.clone(), self.inner.project.clone())
    }

    /// Cloud Run.
    #[must_use]
    pub fn run(&self) -> CloudRun {
        CloudRun::new(self.inner.transport.clone())
    }

    /// Cloud Scheduler.
    #[must_use]
    pub fn scheduler(&self) -> Scheduler {
        Scheduler::new(self.inner.transport.clone())
    }

    /// Secret Manager.
    #[must_use]
    pub fn secrets(&self) -> SecretManager {
        SecretManager::new(self.inner.transport.clone())
    }

    /// The registry that an image is in.
    #[must_use]
    pub fn registry(&self, image: &ImageName) -> Registry {
        Registry::new(self.inner.transport.clone(), image)
    }

    /// The documents of any service.
    #[must_use]
    pub fn documents(&self, service: Service) -> Documents {
        Documents::new(self.inner.transport.clone(), self.inner.shared.clone(), service)
    }

    /// Dataplex's data scans.
    #[must_use]
    pub fn data_scans(&self) -> DataScans {
        DataScans::new(self.documents(Service::Dataplex))
    }

    /// Cloud Logging.
    #[must_use]
    pub fn logging(&self) -> Logging {
        Logging::new(self.inner.transport.clone())
    }

    /// Cloud Monitoring.
    #[must_use]
    pub fn monitoring(&self) -> Monitoring {
        Monitoring::new(self.inner.transport.clone())
    }

    /// Access tokens for others.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        Tokens::new(self.inner.transport.clone())
    }
}
