//! What an operation works with: Google Cloud, the orgs, and what the plan of one resource tells that of another.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use headwater_cloud::Cloud;
use headwater_spec::{SalesforceConnection, Secret};
use tfplugin_framework::{Attr, Diagnostic};

use crate::org::Orgs;
use crate::settings::Resolved;

/// The provider's data: made by `configure`, shared by all operations until the next one.
pub struct Clients {
    project: Attr<String>,
    region: Attr<String>,
    cloud: Option<Cloud>,
    orgs: Orgs,
    planned: Mutex<HashMap<String, PlannedConnection>>,
    fresh: Mutex<HashSet<String>>,
    changing: Mutex<HashSet<String>>,
}

/// A connection that this plan creates or changes. One process serves a whole walk over the graph, and a connection is
/// planned before what depends on it: so an extract can be planned against an org whose connection is not made yet.
#[derive(Debug, Clone)]
pub(crate) enum PlannedConnection {
    /// Its settings depend on something that is not known yet.
    Unknown,
    /// Settings, and the secret: the configured one, or the stored one when `None`.
    Known(Box<SalesforceConnection>, Option<Secret>),
}

impl Clients {
    pub(crate) fn new(resolved: Resolved) -> Self {
        Self {
            project: resolved.project,
            region: resolved.region,
            cloud: resolved.cloud,
            orgs: Orgs::default(),
            planned: Mutex::default(),
            fresh: Mutex::default(),
            changing: Mutex::default(),
        }
    }

    /// Google Cloud.
    pub(crate) fn cloud(&self) -> Result<&Cloud, Diagnostic> {
        self.cloud.as_ref().ok_or_else(|| {
            Diagnostic::error("the provider's settings are not known yet")
                .detail("`endpoint` or `credentials` of the provider depend on something that is created in the same apply.")
                .hint("Create that first: `terraform apply -target=…`.")
        })
    }

    /// The provider's project; may be unknown while planning.
    pub(crate) fn project(&self) -> &Attr<String> {
        &self.project
    }

    /// The provider's region; may be unknown while planning, or null.
    pub(crate) fn region(&self) -> &Attr<String> {
        &self.region
    }

    /// The project, which every operation needs.
    pub(crate) fn require_project(&self) -> Result<&str, Diagnostic> {
        self.project
            .as_deref()
            .ok_or_else(|| Diagnostic::error("the provider's project is not known yet"))
    }

    /// Salesforce.
    pub(crate) fn orgs(&self) -> &Orgs {
        &self.orgs
    }

    /// Notes that this plan creates or changes a connection.
    pub(crate) fn plan_connection(&self, id: &str, planned: PlannedConnection) {
        self.planned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_owned(), planned);
    }

    /// Notes that a connection is now as Secret Manager says.
    pub(crate) fn settle_connection(&self, id: &str) {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Notes that this walk creates a resource (perhaps in place of one that it destroys): what lies in one of the same
    /// name now will not be there.
    pub(crate) fn note_fresh(&self, id: impl Into<String>) {
        self.fresh
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.into());
    }

    /// Whether this walk creates that resource.
    pub(crate) fn is_fresh(&self, id: &str) -> bool {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// Notes that this walk changes the columns of a table: what is asked of it now may be answered otherwise then.
    pub(crate) fn note_changing(&self, id: impl Into<String>) {
        self.changing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.into());
    }

    /// Whether this walk creates or changes any resource whose id `matches`.
    pub(crate) fn any_in_flux(&self, matches: impl Fn(&str) -> bool) -> bool {
        [&self.fresh, &self.changing].iter().any(|ids| {
            ids.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
                .any(|id| matches(id))
        })
    }

    /// What is planned for a connection, if anything.
    pub(crate) fn planned_connection(&self, id: &str) -> Option<PlannedConnection> {
        self.planned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }
}

/// What to say where a region is needed and none is known.
pub(crate) fn no_region(path: &str) -> Diagnostic {
    Diagnostic::invalid(path, format!("`{path}` is not set and the provider has no region")).hint(format!(
        "Set `{path}` here, or `region` in the provider block or in the environment (HEADWATER_REGION)."
    ))
}
