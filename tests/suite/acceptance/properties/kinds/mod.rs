//! What is generated: a module for each group of types that share prerequisites.

mod bigquery;
pub mod dataform;
pub mod dataplex;
pub mod iam;
pub mod monitoring;
pub mod pubsub;
pub mod quality;
pub mod salesforce;
pub mod scheduler;
pub mod secrets;
pub mod storage;
pub mod streams;

pub use bigquery::datasets as bigquery_datasets;
pub use bigquery::routines as bigquery_routines;
pub use bigquery::tables as bigquery_tables;
pub use bigquery::views as bigquery_views;

use headwater_tests::cloud::{PROJECT, REGION};
use headwater_tests::org::{CLIENT_ID, CLIENT_SECRET};
use serde_json::Value;

use super::hcl::Body;
use super::random::Random;

/// A type, and how its configurations are made.
pub struct Kind {
    pub type_name: &'static str,
    /// How many.
    pub count: usize,
    /// Why there are fewer than of other types.
    pub fewer: Option<&'static str>,
    /// The configuration of this number.
    pub make: fn(&mut Random, usize) -> Body,
    /// What imports it, of its attributes in the state; `id` itself where this is none.
    pub import_id: Option<fn(&Value) -> String>,
    /// Attributes that no configuration sets, and why.
    pub unset: &'static [(&'static str, &'static str)],
}

impl Kind {
    const fn new(type_name: &'static str, make: fn(&mut Random, usize) -> Body) -> Kind {
        Kind {
            type_name,
            count: super::AT_LEAST,
            fewer: None,
            make,
            import_id: None,
            unset: &[],
        }
    }
}

/// Types that are applied together.
pub struct Group {
    /// Its module's name.
    pub name: &'static str,
    /// What the configurations refer to.
    pub ground: String,
    pub kinds: Vec<Kind>,
    /// Whether there is a simulated org, at `LOGIN_URL` in the ground.
    pub org: bool,
    /// What must be empty in the end: a path to GET, and the member of the answer.
    pub lists: Vec<(String, &'static str)>,
}

/// All groups, in the order of their tests.
pub fn groups() -> Vec<Group> {
    vec![
        salesforce::group(),
        streams::group(),
        pubsub::group(),
        dataform::group(),
        dataplex::group(),
        quality::group(),
        bigquery_datasets::group(),
        bigquery_tables::group(),
        bigquery_views::group(),
        bigquery_routines::group(),
        storage::group(),
        secrets::group(),
        scheduler::group(),
        iam::group(),
        monitoring::group(),
    ]
}

/// The connection to the simulated org; where the org serves stands in the place of `LOGIN_URL`.
fn org_connection() -> String {
    format!(
        r#"
resource "headwater_salesforce_connection" "ground" {{
  name      = "ground"
  login_url = "LOGIN_URL"
  client_credentials = {{
    client_id                = "{CLIENT_ID}"
    client_secret_wo         = "{CLIENT_SECRET}"
    client_secret_wo_version = 1
  }}
}}
"#
    )
}

/// A collection in the region of all tests.
fn regional(version: &str, collection: &str) -> String {
    format!("/{version}/projects/{PROJECT}/locations/{REGION}/{collection}?pageSize=1000")
}

/// The email address of a service account, which need not exist.
fn account(random: &mut Random) -> String {
    format!("{}@{PROJECT}.iam.gserviceaccount.com", random.word())
}

/// The version of a secret, which need not exist.
fn secret_version(random: &mut Random) -> String {
    let version = random.pick(&["1", "7", "latest"]);
    format!("projects/{PROJECT}/secrets/{}/versions/{version}", random.word())
}
