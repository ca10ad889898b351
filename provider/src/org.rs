//! Salesforce orgs as plans see them: connections read from Secret Manager, one session per connection, each object
//! described once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_cloud::{Cloud, OptionalExt as _};
use headwater_salesforce::{Client, ClientOptions, Error, GlobalDescribe, Kind, ObjectDescribe};
use headwater_spec::{SalesforceConnection, Secret};
use tfplugin_framework::{Diagnostic, Result};
use tokio::sync::OnceCell;

use crate::clients::{Clients, PlannedConnection};
use crate::problems::{Explain as _, salesforce_problem};
use crate::resources::salesforce_connection::stored;

/// What is known of orgs in this process.
#[derive(Default)]
pub(crate) struct Orgs {
    known: Mutex<HashMap<String, Arc<OnceCell<Org>>>>,
}

/// An object as it was described; empty while that is under way.
type Described = Arc<OnceCell<Arc<ObjectDescribe>>>;

/// One org, logged in to.
#[derive(Clone)]
pub(crate) struct Org {
    client: Client,
    global: Arc<OnceCell<GlobalDescribe>>,
    objects: Arc<Mutex<HashMap<String, Described>>>,
}

/// What a connection's id leads to.
pub(crate) enum Connection {
    /// It is planned, and depends on something that is not known yet.
    Unknown,
    /// There is none, in Secret Manager or in this plan.
    Absent,
    /// Settings, and the secret when it is one that is not stored yet.
    Known(Box<SalesforceConnection>, Option<Secret>),
}

/// Why there is no session, as far as a plan must tell them apart.
pub(crate) enum NoOrg {
    /// The org cannot be reached for the moment: no fault of the configuration.
    Unreachable(Diagnostic),
    /// Anything else.
    Problem(Diagnostic),
}

impl From<Diagnostic> for NoOrg {
    fn from(problem: Diagnostic) -> Self {
        NoOrg::Problem(problem)
    }
}

impl From<NoOrg> for Diagnostic {
    fn from(no_org: NoOrg) -> Self {
        match no_org {
            NoOrg::Unreachable(problem) | NoOrg::Problem(problem) => problem,
        }
    }
}

/// Whether an org that failed so may answer later.
fn is_outage(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::Network | Kind::Unavailable | Kind::Throttled | Kind::Incomplete | Kind::QueryTimeout | Kind::Limit
    )
}

/// Sorts an org's failure.
pub(crate) fn no_org(summary: impl Into<String>, error: &Error) -> NoOrg {
    let problem = salesforce_problem(summary, error);
    if is_outage(error) {
        NoOrg::Unreachable(problem)
    } else {
        NoOrg::Problem(problem)
    }
}

impl Clients {
    /// The settings of a connection: as this plan will make them, or else as they are.
    pub(crate) async fn connection(&self, id: &str) -> Result<Connection, Diagnostic> {
        match self.planned_connection(id) {
            Some(PlannedConnection::Unknown) => return Ok(Connection::Unknown),
            Some(PlannedConnection::Known(settings, secret)) => return Ok(Connection::Known(settings, secret)),
            None => {}
        }
        let found = self.cloud()?.secrets().get(id).await.optional();
        let found = found.explain_at("connection", format!("cannot read the connection `{id}`"))?;
        let Some(document) = found else {
            return Ok(Connection::Absent);
        };
        let stored = stored::Stored::read(id, &document).map_err(|problem| problem.at("connection"))?;
        Ok(Connection::Known(Box::new(stored.settings), None))
    }

    /// A session with the org. The secret is fetched unless the caller has it.
    pub(crate) async fn org(&self, settings: &SalesforceConnection, secret: Option<Secret>) -> Result<Org, NoOrg> {
        self.orgs().get(self.cloud()?, settings, secret).await
    }
}

impl Orgs {
    async fn get(&self, cloud: &Cloud, settings: &SalesforceConnection, secret: Option<Secret>) -> Result<Org, NoOrg> {
        // A secret that is not stored yet makes another session than the stored one.
        let key = format!("{settings:?} {}", secret.is_some());
        let cell = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(key)
            .or_default()
            .clone();
        cell.get_or_try_init(|| connect(cloud, settings, secret)).await.cloned()
    }
}

/// Logs in.
pub(crate) async fn connect(
    cloud: &Cloud,
    settings: &SalesforceConnection,
    secret: Option<Secret>,
) -> Result<Org, NoOrg> {
    let secret = match secret {
        Some(secret) => secret,
        None => {
            let version = &settings.auth.secret().0;
            let payload = cloud
                .secrets()
                .access(version)
                .await
                .explain("cannot read the connection's secret")?;
            let text = payload.expose_text().explain("cannot read the connection's secret")?;
            Secret::new(text.to_owned())
        }
    };
    let options = ClientOptions {
        user_agent: format!("terraform-provider-headwater/{}", crate::VERSION),
        ..ClientOptions::default()
    };
    let client = Client::connect(settings, secret, options)
        .await
        .map_err(|error| no_org(format!("cannot log in to Salesforce at {}", settings.login_url), &error))?;
    Ok(Org {
        client,
        global: Arc::default(),
        objects: Arc::default(),
    })
}

impl Org {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// An object, described once in the life of this process.
    pub(crate) async fn describe(&self, object: &str) -> Result<Arc<ObjectDescribe>, Error> {
        let cell = self
            .objects
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(object.to_owned())
            .or_default()
            .clone();
        cell.get_or_try_init(|| async { self.client.describe(object).await.map(Arc::new) })
            .await
            .cloned()
    }

    /// The name of an object that `wanted` may have meant.
    pub(crate) async fn suggestion(&self, wanted: &str) -> Option<String> {
        let global = self
            .global
            .get_or_try_init(|| self.client.describe_global())
            .await
            .ok()?;
        let names = global
            .objects
            .iter()
            .filter(|object| object.queryable)
            .map(|object| object.name.as_str());
        headwater_salesforce::nearest(wanted, names).map(str::to_owned)
    }
}

/// Whether the error says that there is no such object, or that the user may not see it.
pub(crate) fn is_absent(error: &Error) -> bool {
    matches!(error.kind(), Kind::NotFound | Kind::Object)
}
