//! IAM policies: read once for all who ask, changed by one writer at a time for all who wait, written under their etag,
//! and tried again when somebody else was faster. <https://cloud.google.com/iam/docs/policies#etag>

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::Document;
use crate::documents::Documents;
use crate::endpoints::Service;
use crate::errors::{Error, Kind};
use crate::http_json::Call;
use crate::retry::Backoff;
use crate::turns::Change;

/// Policies are written at most so often in vain.
const ATTEMPTS: u32 = 12;
/// Policies with conditions are given only to those who say that they know of them.
const VERSION: i64 = 3;

/// How a service is asked for policies.
enum Style {
    /// GET `NAME:getIamPolicy`, POST `NAME:setIamPolicy`.
    Get,
    /// POST for both.
    Post,
    /// POST for both, without a body where nothing is written.
    Bare,
    /// GET and PUT `NAME/iam`, the policy itself being the body.
    Storage,
}

fn style(service: Service) -> Style {
    match service {
        Service::Storage => Style::Storage,
        Service::BigQuery | Service::ResourceManager => Style::Post,
        Service::Iam => Style::Bare,
        Service::Run
        | Service::Scheduler
        | Service::SecretManager
        | Service::PubSub
        | Service::Dataflow
        | Service::Dataform
        | Service::Dataplex
        | Service::BigQueryStorage
        | Service::IamCredentials
        | Service::Monitoring
        | Service::Dashboards
        | Service::Logging
        | Service::ArtifactRegistry => Style::Get,
    }
}

impl Documents {
    /// The policy of a document, with conditions: for all who ask at about the same time, and never older than the last
    /// change by this process.
    ///
    /// # Errors
    /// `NotFound` when there is no such document.
    pub async fn policy(&self, name: &str) -> Result<Document, Error> {
        let read = || self.read_policy(name);
        self.shared.collections.read_one(&self.policy_key(name), read).await
    }

    async fn read_policy(&self, name: &str) -> Result<Document, Error> {
        let action = format!("read the IAM policy of `{name}`");
        let (service, path) = (self.service, self.path(name));
        let call = match style(service) {
            Style::Get => Call::get(service, format!("{path}:getIamPolicy"), action)
                .query("options.requestedPolicyVersion", VERSION),
            Style::Post => Call::post(service, format!("{path}:getIamPolicy"), action)
                .repeatable()
                .json(&json!({ "options": { "requestedPolicyVersion": VERSION } })),
            Style::Bare => Call::post(service, format!("{path}:getIamPolicy"), action)
                .repeatable()
                .query("options.requestedPolicyVersion", VERSION),
            Style::Storage => {
                Call::get(service, format!("{path}/iam"), action).query("optionsRequestedPolicyVersion", VERSION)
            }
        };
        call.send_json(&self.transport).await
    }

    /// Reads a policy, lets `change` change it, and writes it back; all of it again while somebody else is faster.
    /// `change` says whether there is anything to write. Answers with the policy as it is then.
    ///
    /// # Errors
    /// `Conflict` when others keep being faster.
    pub async fn change_policy(
        &self,
        name: &str,
        change: impl Fn(&mut Document) -> bool + Send + Sync + 'static,
    ) -> Result<Document, Error> {
        let read = || self.read_policy(name);
        let write = |mut policy: Document| async move {
            policy["version"] = VERSION.into();
            self.write_policy(name, &policy).await
        };
        self.in_turn(name, Arc::new(change), read, write).await
    }

    /// The access entries of a BigQuery dataset, with conditions, in its document: read as [`Documents::policy`] is.
    ///
    /// # Errors
    /// `NotFound` when there is no such dataset.
    pub async fn access(&self, dataset: &str) -> Result<Document, Error> {
        let read = || self.read_access(dataset);
        self.shared.collections.read_one(&self.policy_key(dataset), read).await
    }

    async fn read_access(&self, dataset: &str) -> Result<Document, Error> {
        let action = format!("read the access entries of `{dataset}`");
        Call::get(self.service, self.path(dataset), action)
            .query("accessPolicyVersion", VERSION)
            .send_json(&self.transport)
            .await
    }

    /// As [`Documents::change_policy`], for the `access` of a BigQuery dataset, which is a part of its document.
    ///
    /// # Errors
    /// `PreconditionFailed` when others keep being faster.
    pub async fn change_access(
        &self,
        dataset: &str,
        change: impl Fn(&mut Document) -> bool + Send + Sync + 'static,
    ) -> Result<Document, Error> {
        let read = || self.read_access(dataset);
        let write = |document: Document| async move {
            let action = format!("change the access entries of `{dataset}`");
            Call::patch(self.service, self.path(dataset), action)
                .query("accessPolicyVersion", VERSION)
                .if_match(document["etag"].as_str())
                .json(&json!({ "access": document["access"] }))
                .send_json(&self.transport)
                .await
        };
        self.in_turn(dataset, Arc::new(change), read, write).await
    }

    fn policy_key(&self, name: &str) -> String {
        format!("{:?} policy of {name}", self.service)
    }

    /// Read, change, write; by one of this process at a time for all who wait, and again while somebody else is faster.
    async fn in_turn<R, W>(
        &self,
        name: &str,
        change: Change,
        read: impl Fn() -> R + Send + Sync,
        write: impl Fn(Document) -> W + Send + Sync,
    ) -> Result<Document, Error>
    where
        R: Future<Output = Result<Document, Error>> + Send,
        W: Future<Output = Result<Document, Error>> + Send,
    {
        let key = self.policy_key(name);
        let (read, write, collections) = (&read, &write, &self.shared.collections);
        let all = |changes: Vec<Change>| {
            let writing = collections.write(&key);
            async move {
                let _writing = writing;
                let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
                let mut attempt = 1;
                loop {
                    let mut found = read().await?;
                    let mut changed = false;
                    for change in &changes {
                        changed |= change(&mut found);
                    }
                    if !changed {
                        return Ok(found);
                    }
                    match write(found).await {
                        Err(error) if is_lost_race(&error) && attempt < ATTEMPTS => {
                            tracing::debug!(attempt, "the IAM policy was changed by somebody else, again");
                            tokio::time::sleep(backoff.next_wait()).await;
                            attempt += 1;
                        }
                        answer => return answer,
                    }
                }
            }
        };
        self.shared.turns.change(key.clone(), change, all).await
    }

    async fn write_policy(&self, name: &str, policy: &Document) -> Result<Document, Error> {
        let action = format!("change the IAM policy of `{name}`");
        let (service, path) = (self.service, self.path(name));
        // The etag makes it repeatable: a second write of the same change is refused, read again, and found done.
        let call = match style(service) {
            Style::Get | Style::Post | Style::Bare => Call::post(service, format!("{path}:setIamPolicy"), action)
                .repeatable()
                .json(&json!({ "policy": policy })),
            Style::Storage => Call::new(service, Method::PUT, format!("{path}/iam"), action).json(policy),
        };
        call.send_json(&self.transport).await
    }
}

/// A 409 of these calls is always a race, also where the service does not call it ABORTED. A 412 can also be a rule that
/// the policy breaks, which then holds at every attempt.
fn is_lost_race(error: &Error) -> bool {
    let race = matches!(
        error.kind(),
        Kind::Conflict | Kind::PreconditionFailed | Kind::AlreadyExists
    );
    race && !error.message().contains("public access prevention")
}
