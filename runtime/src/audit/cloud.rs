//! What the cloud has: specs, schedules, images, tables, policies. What it does not answer is noted and never guessed; only a
//! cloud that is out of reach is an error.

use futures::StreamExt as _;
use headwater_cloud::{Cloud, DatasetRef, Error, Kind, ObjectPath, Service, TableRef};
use headwater_spec::{DqSuiteSpec, LakeLayout, PipelineSpec};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::access::{self, On};
use super::declared::org_name;
use super::error::AuditError;
use super::model::{Column, Expectation, Grant, Pipeline, Schedule, Spec, Store, Suite, Table};
use super::stores;

/// Calls in flight.
const PARALLEL: usize = 16;

/// A cloud that is asked, and what it did not answer.
pub struct Reader<'a> {
    /// The cloud.
    pub cloud: &'a Cloud,
    /// What could not be known, and why.
    pub unknown: Vec<String>,
}

impl Reader<'_> {
    /// The answer, or a note on why there is none. That something is not there is an answer.
    fn told(&mut self, what: &str, answer: Result<Value, Error>) -> Told {
        match answer {
            Ok(document) => Told::Is(document),
            Err(error) if error.kind() == Kind::NotFound => Told::IsNot,
            Err(error) => {
                self.unknown.push(format!("{what}: {}", error.message()));
                Told::Unknown
            }
        }
    }

    /// Whether anybody answers at all: each further question would wait as long.
    ///
    /// # Errors
    /// When nobody does.
    pub async fn reach(&self, lake: &str) -> Result<(), AuditError> {
        let bucket = lake.trim_start_matches("gs://").split('/').next().unwrap_or_default();
        match self.cloud.storage().get_bucket(bucket).await {
            Err(error)
                if matches!(
                    error.kind(),
                    Kind::Unreachable | Kind::Unavailable | Kind::Unauthenticated | Kind::DeadlineExceeded
                ) =>
            {
                Err(AuditError::Cloud(error))
            }
            _ => Ok(()),
        }
    }

    /// The spec in the lake, and when it was written.
    async fn spec(&mut self, spec: &mut Spec) -> Option<PipelineSpec> {
        let layout = LakeLayout::of_spec_url(&spec.url).ok()?;
        let path = ObjectPath {
            bucket: layout.bucket().to_owned(),
            name: layout.spec(),
        };
        let storage = self.cloud.storage();
        let found = match storage.get(&path).await {
            Ok(found) => found,
            Err(error) if error.kind() == Kind::NotFound => {
                spec.found = Some("missing".into());
                return None;
            }
            Err(error) => {
                self.unknown.push(format!("{}: {}", spec.url, error.message()));
                return None;
            }
        };
        spec.found = Some(
            Sha256::digest(&found.bytes)
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect(),
        );
        spec.written = storage.stat(&path).await.ok().map(|object| object.updated);
        match PipelineSpec::from_json(&found.bytes) {
            Ok(document) => {
                spec.deployed_by.clone_from(&document.deployed_by);
                Some(document)
            }
            Err(error) => {
                self.unknown.push(format!("{}: {error}", spec.url));
                None
            }
        }
    }

    /// The scheduled job of a pipeline.
    async fn schedule(&mut self, schedule: &mut Schedule, name: &str, runtime: &str) {
        let Some((place, _)) = runtime.rsplit_once("/jobs/") else {
            return;
        };
        let name = format!("{place}/jobs/headwater-{name}");
        let found = self.cloud.documents(Service::Scheduler).get(&name).await;
        schedule.state = match self.told(&name, found) {
            Told::Is(job) if job["schedule"].as_str().is_some_and(|cron| cron != schedule.cron) => {
                Some(format!("another: {}", job["schedule"].as_str().unwrap_or_default()))
            }
            Told::Is(job) => job["state"].as_str().map(str::to_owned),
            Told::IsNot => Some("missing".into()),
            Told::Unknown => None,
        };
    }

    /// All of a pipeline but its tables and runs.
    pub async fn pipeline(&mut self, pipeline: &mut Pipeline) {
        let document = self.spec(&mut pipeline.spec).await;
        let connection = document.as_ref().and_then(|document| {
            let extract = document.salesforce_extract.as_ref().map(|extract| &extract.connection);
            extract.or_else(|| match &document.cdc_stream.as_ref()?.source {
                headwater_spec::StreamSource::Salesforce(source) => Some(&source.connection),
                headwater_spec::StreamSource::Subscription(_) => None,
            })
        });
        if let Some(connection) = connection {
            pipeline.source = org_name(&connection.login_url);
        }
        if let Some(mut schedule) = pipeline.schedule.take() {
            self.schedule(&mut schedule, &pipeline.name, &pipeline.runtime.id).await;
            pipeline.schedule = Some(schedule);
        }
        // A job of Dataflow has a number, not a name.
        if !pipeline.runtime.id.contains('/') {
            return;
        }
        let found = self.cloud.documents(Service::Run).get(&pipeline.runtime.id).await;
        if let Told::Is(job) = self.told(&pipeline.runtime.id, found) {
            let inner = &job["template"]["template"];
            let template = if inner.is_null() { &job["template"] } else { inner };
            let container = &template["containers"][0];
            pipeline.runtime.deployed_image = container["image"].as_str().map(str::to_owned);
            let mut variables = container["env"].as_array().into_iter().flatten();
            let hash = variables.find(|variable| variable["name"] == "HEADWATER_SPEC_HASH");
            pipeline.spec.working = hash.and_then(|hash| hash["value"].as_str()).map(str::to_owned);
            let account = template["serviceAccount"]
                .as_str()
                .filter(|account| !account.is_empty());
            pipeline.runtime.service_account = account.map(str::to_owned).or(pipeline.runtime.service_account.take());
        }
    }

    /// A suite's spec and schedule.
    pub async fn suite(&mut self, suite: &mut Suite) {
        let document = self.spec(&mut suite.spec).await;
        if let Some(spec) = document.and_then(|document| document.dq_suite) {
            suite.expectations = expectations(&spec);
        }
        if let Some(mut schedule) = suite.schedule.take() {
            self.schedule(&mut schedule, &suite.name, &suite.runtime).await;
            suite.schedule = Some(schedule);
        }
    }

    /// Tables as they are: columns, policy tags, expirations, and grants on them.
    pub async fn tables(&mut self, tables: Vec<&mut Table>) {
        let (bigquery, documents) = (self.cloud.bigquery(), self.cloud.documents(Service::BigQuery));
        let names: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
        let answers: Vec<_> = futures::stream::iter(names)
            .map(|name| {
                let (bigquery, documents) = (bigquery.clone(), documents.clone());
                async move {
                    let table = TableRef::parse(&name)?;
                    let document = bigquery.get_table(&table).await;
                    let policy = match &document {
                        Ok(_) => Some(documents.policy(&table.id()).await),
                        Err(_) => None,
                    };
                    Some((document, policy))
                }
            })
            .buffered(PARALLEL)
            .collect()
            .await;
        for (table, answer) in tables.into_iter().zip(answers) {
            let Some((document, policy)) = answer else { continue };
            match self.told(&table.name, document) {
                Told::Is(document) => {
                    table.exists = Some(true);
                    compare(table, &document);
                    for kept in stores::of_table_document(&document) {
                        if !table.retention.contains(&kept) {
                            table.retention.push(kept);
                        }
                    }
                }
                Told::IsNot => table.exists = Some(false),
                Told::Unknown => continue,
            }
            let policy = policy.map(|policy| self.told(&format!("the IAM policy of {}", table.name), policy));
            if let Some(Told::Is(policy)) = policy {
                let found = access::of_policy(&policy, On::Table, &table.name);
                table.grants = access::laid_over(std::mem::take(&mut table.grants), Some(found));
            }
        }
    }

    /// A dataset's or bucket's document and policy, over what is declared of them.
    pub async fn store(&mut self, store: &mut Store) {
        let found = match store.kind {
            "dataset" => {
                let Some((project, dataset)) = store.name.split_once('.') else {
                    return;
                };
                let name = DatasetRef::new(project, dataset).id();
                let document = self.cloud.documents(Service::BigQuery).access(&name).await;
                let Told::Is(document) = self.told(&format!("dataset {}", store.name), document) else {
                    return;
                };
                (store.retention, store.expires) = stores::of_dataset_document(&document);
                store.location = document["location"].as_str().map(str::to_owned);
                access::of_dataset(&document, &store.name)
            }
            "bucket" => {
                let document = self.cloud.storage().get_bucket(&store.name).await;
                let Told::Is(document) = self.told(&format!("bucket {}", store.name), document) else {
                    return;
                };
                (store.retention, store.expires) = stores::of_bucket_document(&document);
                store.location = document["location"].as_str().map(str::to_owned);
                let policy = self
                    .cloud
                    .documents(Service::Storage)
                    .policy(&format!("b/{}", store.name))
                    .await;
                let Told::Is(policy) = self.told(&format!("the IAM policy of bucket {}", store.name), policy) else {
                    return;
                };
                access::of_policy(&policy, On::Bucket, &store.name)
            }
            kind => {
                let on = if kind == "topic" { On::Topic } else { On::Subscription };
                let policy = self.cloud.documents(Service::PubSub).policy(&store.name).await;
                let Told::Is(policy) = self.told(&format!("the IAM policy of {}", store.name), policy) else {
                    return;
                };
                access::of_policy(&policy, on, &store.name)
            }
        };
        store.grants = access::laid_over(std::mem::take(&mut store.grants), Some(found));
    }

    /// The grants on a project.
    pub async fn project(&mut self, project: &str) -> Option<Vec<Grant>> {
        let name = format!("projects/{project}");
        let policy = self.cloud.documents(Service::ResourceManager).policy(&name).await;
        match self.told(&format!("the IAM policy of project {project}"), policy) {
            Told::Is(policy) => Some(access::of_policy(&policy, On::Project, project)),
            Told::IsNot | Told::Unknown => None,
        }
    }
}

/// What the cloud says of something.
enum Told {
    /// This.
    Is(Value),
    /// There is none.
    IsNot,
    /// Nothing.
    Unknown,
}

/// What a suite's spec expects.
fn expectations(spec: &DqSuiteSpec) -> Vec<Expectation> {
    let enabled = spec.suite.expectations.iter().filter(|one| one.enabled);
    enabled
        .map(|one| Expectation {
            id: one.identity(),
            check: one.check.name().to_owned(),
            columns: one.check.columns().into_iter().map(str::to_owned).collect(),
            on_fail: crate::runs::word(one.on_fail),
            state: None,
            unexpected: None,
        })
        .collect()
}

/// A table's columns over those that are declared.
fn compare(table: &mut Table, document: &Value) {
    let fields = document["schema"]["fields"].as_array().cloned().unwrap_or_default();
    let tags = |field: &Value| -> Vec<String> {
        let names = field["policyTags"]["names"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let named = |field: &Value, name: &str| field["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name));
    for column in &mut table.columns {
        let field = fields.iter().find(|field| named(field, &column.name));
        column.exists = Some(field.is_some());
        column.policy_tags = field.map(tags);
    }
    for field in &fields {
        let name = field["name"].as_str().unwrap_or_default();
        if table
            .columns
            .iter()
            .any(|column| column.name.eq_ignore_ascii_case(name))
        {
            continue;
        }
        table.columns.push(Column {
            name: name.to_owned(),
            data_type: field["type"].as_str().unwrap_or_default().to_owned(),
            description: field["description"].as_str().map(str::to_owned),
            origin: "undeclared",
            policy_tags: Some(tags(field)),
            exists: Some(true),
            ..Column::default()
        });
    }
}
