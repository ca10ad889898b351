//! What an audit says: one document, which the page, the summary and the lineage are made of. Types only; it holds no value of a
//! cell and nothing that the state marks as sensitive.

use std::collections::BTreeMap;

use serde::Serialize;

/// The version of the document's shape.
pub const FORMAT: &str = "headwater.dev/audit/v1";

/// The whole.
#[derive(Debug, Default, Serialize)]
pub struct Audit {
    /// [`FORMAT`].
    pub format: &'static str,
    /// When it was made, as RFC 3339 writes it.
    pub at: String,
    /// The version of `headwater`.
    pub version: &'static str,
    /// What it was made of.
    pub basis: Basis,
    /// What somebody should look at, the gravest first.
    pub findings: Vec<Finding>,
    /// What could not be known, and why.
    pub unknown: Vec<String>,
    /// Extracts and streams.
    pub pipelines: Vec<Pipeline>,
    /// Suites of expectations.
    pub suites: Vec<Suite>,
    /// What Dataform makes of tables.
    pub marts: Vec<Mart>,
    /// Where data lies: datasets, buckets, topics, subscriptions.
    pub stores: Vec<Store>,
}

/// What an audit was made of.
#[derive(Debug, Default, Serialize)]
pub struct Basis {
    /// The folder of the configuration.
    pub configuration: String,
    /// Where the state is from: `terraform show`, or a file.
    pub state: String,
    /// Which Terraform wrote it.
    pub terraform_version: Option<String>,
    /// How many resources it has.
    pub resources: usize,
    /// The project that was asked; absent: no cloud was.
    pub cloud: Option<String>,
    /// Of a plan: what it would change. Empty: configuration, state and cloud agree.
    pub changes: Option<Vec<Change>>,
    /// Where columns' classes are declared.
    pub classification: Option<String>,
    /// At most so many runs of a pipeline were read.
    pub runs: usize,
}

/// A change that a plan holds.
#[derive(Debug, Serialize)]
pub struct Change {
    /// The resource.
    pub address: String,
    /// Such as `update`, or `delete, create`.
    pub actions: String,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// What must not be: evidence contradicts the declaration, or personal data is not declared.
    Error,
    /// What somebody should decide.
    Warn,
    /// What is good to know.
    Info,
}

impl Severity {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
        }
    }
}

/// Something to look at.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// How grave.
    pub severity: Severity,
    /// By which rule, such as `undeclared_personal_data`.
    pub rule: &'static str,
    /// What it is about.
    pub subject: String,
    /// What is the case.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// Where something is declared.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Declared {
    /// The resource's address.
    pub address: String,
    /// `FILE:LINE` of its block, when the configuration's files were there.
    pub at: Option<String>,
}

/// The spec of a pipeline: what is declared, what lies in the lake.
#[derive(Debug, Default, Serialize)]
pub struct Spec {
    /// Where it lies.
    pub url: String,
    /// SHA-256 that the state names.
    pub declared: Option<String>,
    /// SHA-256 of the bytes in the lake.
    pub found: Option<String>,
    /// When the object in the lake was written.
    pub written: Option<String>,
    /// Who deployed it, as the spec says.
    pub deployed_by: Option<String>,
    /// Of a stream: the hash that its workers were started with.
    pub working: Option<String>,
}

/// When something runs.
#[derive(Debug, Serialize)]
pub struct Schedule {
    /// Unix cron.
    pub cron: String,
    /// Its time zone.
    pub time_zone: String,
    /// The scheduled job as the cloud has it: `ENABLED`, `PAUSED`, `missing`.
    pub state: Option<String>,
}

/// What executes a pipeline.
#[derive(Debug, Default, Serialize)]
pub struct Runtime {
    /// The Cloud Run job or worker pool.
    pub id: String,
    /// The image that is declared.
    pub image: Option<String>,
    /// The image that the cloud has for it.
    pub deployed_image: Option<String>,
    /// As whom it runs.
    pub service_account: Option<String>,
}

/// An extract or a stream.
#[derive(Debug, Default, Serialize)]
pub struct Pipeline {
    /// `salesforce_extract` or `cdc_stream`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub declared: Declared,
    /// Where rows come from: `salesforce://HOST`, or a subscription.
    pub source: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The lake.
    pub lake: String,
    /// What becomes of rows that are deleted in the source.
    pub deletes: Option<String>,
    /// Its spec.
    pub spec: Spec,
    /// Its tables.
    pub tables: Vec<Table>,
    /// When it runs.
    pub schedule: Option<Schedule>,
    /// What executes it.
    pub runtime: Runtime,
    /// The suites that judge what it loads, by name.
    pub gates: Vec<String>,
    /// What it did.
    pub runs: Runs,
}

/// A table that a pipeline fills.
#[derive(Debug, Default, Serialize)]
pub struct Table {
    /// `PROJECT.DATASET.TABLE`.
    pub name: String,
    /// `target`, `changelog`, `current`, or `quarantine`.
    pub role: &'static str,
    /// The object or entity.
    pub object: String,
    /// Which rows are read; absent: all.
    pub filter: Option<String>,
    /// Whether it is there; absent: nobody asked.
    pub exists: Option<bool>,
    /// How long rows are kept.
    pub retention: Vec<String>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Grants on the table itself.
    pub grants: Vec<Grant>,
    /// Who may read it: granted on it, on its dataset or on the project, whether declared or found.
    pub readers: Vec<Grant>,
}

/// A column.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in BigQuery.
    pub data_type: String,
    /// The field that fills it; absent: Headwater itself does, or nobody knows.
    pub field: Option<String>,
    /// That field's type.
    pub field_type: Option<String>,
    /// What it holds.
    pub description: Option<String>,
    /// `source`, `headwater` (its own bookkeeping), or `undeclared` (in the table and not in the configuration).
    pub origin: &'static str,
    /// `none`, `indirect` or `direct`; absent: not declared.
    pub class: Option<String>,
    /// Who declares that.
    pub class_from: Option<String>,
    /// Policy tags, as the table has them; absent: nobody asked.
    pub policy_tags: Option<Vec<String>>,
    /// Why it looks like personal data.
    pub looks_personal: Option<String>,
    /// Whether the table has it; absent: nobody asked.
    pub exists: Option<bool>,
}

/// What somebody may do with data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum May {
    /// Nothing with the data itself.
    Nothing,
    /// Unknown: a role whose permissions are not known here.
    Unknown,
    /// Read it.
    Read,
    /// Read and change it.
    Write,
    /// All of that, and grant it to others.
    Administer,
}

impl May {
    /// As a page says it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "no data",
            Self::Unknown => "not known",
            Self::Read => "read",
            Self::Write => "read, write",
            Self::Administer => "read, write, grant",
        }
    }
}

/// Somebody's access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Who, as IAM writes it.
    pub principal: String,
    /// The role.
    pub role: String,
    /// What it permits.
    pub may: May,
    /// What it was granted on: `project P`, `dataset P.D`, `bucket B`, `table P.D.T`, …
    pub on: String,
    /// When it holds; absent: always.
    pub condition: Option<String>,
    /// The resource that declares it.
    pub declared: Option<String>,
    /// Whether the cloud has it; absent: nobody asked.
    pub in_cloud: Option<bool>,
}

/// Where data lies.
#[derive(Debug, Default, Serialize)]
pub struct Store {
    /// `dataset`, `bucket`, `topic`, `subscription`.
    pub kind: &'static str,
    /// `P.D` of a dataset, the bucket's name, the full name of a topic.
    pub name: String,
    /// Where it is declared; absent: only named by others.
    pub declared: Option<Declared>,
    /// The location.
    pub location: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// How long what lies there is kept.
    pub retention: Vec<String>,
    /// Whether something is deleted by itself.
    pub expires: bool,
    /// Who has access: granted on it, or on its project.
    pub grants: Vec<Grant>,
}

/// A suite.
#[derive(Debug, Default, Serialize)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub declared: Declared,
    /// What it judges.
    pub target: String,
    /// Its spec.
    pub spec: Spec,
    /// What executes it.
    pub runtime: String,
    /// When it runs by itself.
    pub schedule: Option<Schedule>,
    /// The tables of verdicts: of runs, of results.
    pub results: Option<(String, String)>,
    /// What it expects.
    pub expectations: Vec<Expectation>,
    /// The last verdict; absent: there is none, or nobody asked.
    pub verdict: Option<Verdict>,
}

/// An expectation.
#[derive(Debug, Default, Serialize)]
pub struct Expectation {
    /// Which.
    pub id: String,
    /// What is demanded.
    pub check: String,
    /// Of which columns.
    pub columns: Vec<String>,
    /// `record`, `fail` or `quarantine`.
    pub on_fail: String,
    /// How it stood in the last verdict.
    pub state: Option<String>,
    /// Rows against it in the last verdict.
    pub unexpected: Option<u64>,
}

/// A suite's last verdict.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// The run.
    pub run: String,
    /// When it began.
    pub at: String,
    /// `pushdown`, `gate`, …
    pub mode: String,
    /// `pass`, `warn`, `fail`, `error`.
    pub state: String,
    /// How many rows were judged.
    pub rows: Option<u64>,
    /// SHA-256 of the spec that was executed.
    pub suite_hash: String,
}

/// What a pipeline did.
#[derive(Debug, Default, Serialize)]
pub struct Runs {
    /// How many there are records of; absent: nobody asked.
    pub total: Option<usize>,
    /// The newest, newest first.
    pub newest: Vec<Run>,
}

/// A run.
#[derive(Debug, Default, Serialize)]
pub struct Run {
    /// Its name.
    pub id: String,
    /// `succeeded`, `failed`, …
    pub state: String,
    /// When it began.
    pub started: String,
    /// When the last of it was written down.
    pub ended: String,
    /// The specs that it executed: more than one only if somebody deployed meanwhile.
    pub spec_hashes: Vec<String>,
    /// The images that it ran.
    pub images: Vec<String>,
    /// The versions of the runtime.
    pub versions: Vec<String>,
    /// Who deployed the spec.
    pub deployed_by: Vec<String>,
    /// Object by object.
    pub objects: Vec<RunObject>,
}

/// What a run did with an object.
#[derive(Debug, Default, Serialize)]
pub struct RunObject {
    /// The object.
    pub object: String,
    /// How it stands.
    pub state: String,
    /// When its work began.
    pub started: String,
    /// When it ended, or was last heard of.
    pub ended: String,
    /// What was read, from and to.
    pub window: Option<(Option<String>, String)>,
    /// Rows out of the source.
    pub read: u64,
    /// Rows into the table.
    pub inserted: u64,
    /// Rows changed there.
    pub updated: u64,
    /// Rows deleted there.
    pub deleted: u64,
    /// Rows set apart by gates.
    pub quarantined: u64,
    /// What gates said: suite, state.
    pub gates: Vec<(String, String)>,
    /// Why it failed: the code. What Salesforce or BigQuery said may quote what a configuration hides.
    pub error: Option<String>,
}

/// A table or view that Dataform makes.
#[derive(Debug, Default, Serialize)]
pub struct Mart {
    /// The project's resource.
    pub declared: Declared,
    /// `P.D.T`; of actions that make none, `D.NAME`.
    pub name: String,
    /// `table`, `view`, …
    pub kind: String,
    /// Where it is written, below the project's folder.
    pub file: Option<String>,
    /// What it reads.
    pub reads: Vec<String>,
    /// The columns that it documents.
    pub columns: Vec<String>,
    /// Of what it is compiled to.
    pub fingerprint: Option<String>,
    /// When the project runs.
    pub schedule: Option<String>,
}
