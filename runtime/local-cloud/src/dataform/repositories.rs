//! Repositories: <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories>.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::names::{Collection, RepositoryName, check_id};
use super::{check, compilations, invocations, workspaces};
use crate::clock::stamp;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::message::{Fields, Shape, read, updated};
use crate::iam;
use crate::labels;
use crate::page::page;
use crate::store::{Next, StoreError, Txn, View, under};

const FIELDS: &Fields = &[
    ("name", Shape::Output),
    ("createTime", Shape::Output),
    ("displayName", Shape::Text),
    (
        "gitRemoteSettings",
        Shape::Message(&[
            ("url", Shape::Text),
            ("defaultBranch", Shape::Text),
            ("authenticationTokenSecretVersion", Shape::Text),
            ("gitRepositoryLink", Shape::Text),
            (
                "sshAuthenticationConfig",
                Shape::Message(&[
                    ("userPrivateKeySecretVersion", Shape::Text),
                    ("hostPublicKey", Shape::Text),
                ]),
            ),
            ("effectiveDefaultBranch", Shape::Output),
            ("tokenStatus", Shape::Output),
        ]),
    ),
    ("npmrcEnvironmentVariablesSecretVersion", Shape::Text),
    (
        "workspaceCompilationOverrides",
        Shape::Message(&[
            ("defaultDatabase", Shape::Text),
            ("schemaSuffix", Shape::Text),
            ("tablePrefix", Shape::Text),
        ]),
    ),
    ("labels", Shape::Texts),
    // Input only: it grants the caller a role, which is never denied here.
    ("setAuthenticatedUserAdmin", Shape::Bool),
    ("serviceAccount", Shape::Text),
    ("kmsKeyName", Shape::Text),
    ("endUserAuthConfig", Shape::Unserved),
    ("containingFolder", Shape::Unserved),
    ("teamFolderName", Shape::Output),
    ("dataEncryptionState", Shape::Output),
    ("internalMetadata", Shape::Output),
];

/// A repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Repository {
    pub(super) name: RepositoryName,
    created: DateTime<Utc>,
    /// How many commits it has, when it has no remote.
    pub(super) commits: u64,
    settings: Map<String, Value>,
}

impl Repository {
    pub(super) fn read(view: &impl View, name: &RepositoryName) -> Result<Repository, ApiError> {
        view.get(&name.key())?
            .ok_or_else(|| ApiError::not_found(format!("Resource '{name}' was not found")))
    }

    pub(super) fn has_remote(&self) -> bool {
        self.settings.contains_key("gitRemoteSettings")
    }

    /// Who workflow invocations run as, unless they say otherwise.
    pub(super) fn service_account(&self) -> Option<&str> {
        self.settings.get("serviceAccount").and_then(Value::as_str)
    }

    /// `workspaceCompilationOverrides` for the workspace of that id, as fields of a `CodeCompilationConfig`.
    pub(super) fn overrides(&self, workspace: &str) -> Map<String, Value> {
        let overrides = self
            .settings
            .get("workspaceCompilationOverrides")
            .and_then(Value::as_object);
        let resolved = overrides.into_iter().flatten().map(|(name, value)| {
            let text = value.as_str().unwrap_or_default();
            (name.clone(), json!(text.replace("${workspaceName}", workspace)))
        });
        resolved.collect()
    }

    fn resource(&self) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(self.name.to_string()));
        out.insert("createTime".into(), json!(stamp(self.created)));
        out.extend(self.settings.clone());
        if let Some(Value::Object(remote)) = out.get_mut("gitRemoteSettings") {
            let branch = remote.get("defaultBranch").cloned().unwrap_or_else(|| json!("main"));
            remote.insert("effectiveDefaultBranch".into(), branch);
        }
        if let Some(key) = self.settings.get("kmsKeyName").and_then(Value::as_str) {
            let version = format!("{key}/cryptoKeyVersions/1");
            out.insert("dataEncryptionState".into(), json!({ "kmsKeyVersionName": version }));
        }
        Value::Object(out)
    }
}

fn settable(body: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let mut settings = read(body, FIELDS, "repository")?;
    settings.shift_remove("setAuthenticatedUserAdmin");
    Ok(settings)
}

fn checked(settings: &Map<String, Value>) -> Result<(), ApiError> {
    labels::check(settings)?;
    check::service_account(settings)?;
    check::secret_version(settings, "npmrcEnvironmentVariablesSecretVersion")?;
    match check::text(settings, "kmsKeyName") {
        "" => {}
        key => drop(check::name_of(
            key,
            &["projects", "locations", "keyRings", "cryptoKeys"],
            "kms_key_name",
        )?),
    }
    match settings.get("gitRemoteSettings") {
        Some(Value::Object(remote)) => remote_settings(remote),
        _ => Ok(()),
    }
}

fn remote_settings(remote: &Map<String, Value>) -> Result<(), ApiError> {
    let field = |name: &str| check::text(remote, name);
    let ssh = remote.get("sshAuthenticationConfig").and_then(Value::as_object);
    let https = field("url").starts_with("https://");
    let over_ssh = field("url").starts_with("ssh://") || (field("url").contains('@') && field("url").contains(':'));
    let refuse = |why: &str| Err(ApiError::invalid(format!("git_remote_settings: {why}")));
    if !https && !over_ssh {
        return refuse(&format!(
            "url '{}' must be an HTTPS or SSH URL of a Git repository.",
            field("url")
        ));
    }
    check::secret_version(remote, "authenticationTokenSecretVersion")?;
    let ways = [
        ssh.is_some(),
        !field("authenticationTokenSecretVersion").is_empty(),
        !field("gitRepositoryLink").is_empty(),
    ];
    if ways.into_iter().filter(|given| *given).count() > 1 {
        return refuse(
            "only one of authentication_token_secret_version, ssh_authentication_config and git_repository_link may be set.",
        );
    }
    match ssh {
        Some(_) if https => {
            refuse("ssh_authentication_config is for SSH URLs; an HTTPS URL needs authentication_token_secret_version.")
        }
        None if over_ssh => refuse("an SSH URL needs ssh_authentication_config."),
        Some(ssh) if check::text(ssh, "hostPublicKey").is_empty() => {
            refuse("ssh_authentication_config.host_public_key is required.")
        }
        Some(ssh) if check::text(ssh, "userPrivateKeySecretVersion").is_empty() => {
            refuse("ssh_authentication_config.user_private_key_secret_version is required.")
        }
        Some(ssh) => check::secret_version(ssh, "userPrivateKeySecretVersion"),
        None => Ok(()),
    }
}

pub(super) async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let id = call
        .query
        .get("repositoryId")
        .ok_or_else(|| ApiError::required("repositoryId"))?
        .to_owned();
    check_id(&id, "repository_id")?;
    let settings = settable(body)?;
    checked(&settings)?;
    let name = RepositoryName {
        repository: id,
        ..RepositoryName::of(&call)
    };
    let repository = call.cloud.store.write(move |txn| {
        if txn.bytes(&name.key())?.is_some() {
            return Err(ApiError::exists(format!("Resource '{name}' already exists")));
        }
        let repository = Repository {
            created: Utc::now(),
            commits: 0,
            settings,
            name,
        };
        txn.put(repository.name.key(), &repository)?;
        Ok(repository)
    });
    ok(&repository.await?.resource())
}

pub(super) async fn list(call: Call) -> Answer {
    for unserved in ["filter", "orderBy"] {
        if call.query.get(unserved).is_some() {
            return Err(ApiError::unimplemented(format_args!(
                "dataform.repositories.list with {unserved}"
            )));
        }
    }
    let name = RepositoryName::of(&call);
    let prefix = under(&["dataform", "repositories", &name.project, &name.location]);
    let all: Vec<Repository> = call.cloud.store.snapshot()?.all(&prefix)?;
    let resources = all.iter().map(Repository::resource).collect();
    ok(&page(&call.query, "repositories", resources, 50)?)
}

pub(super) async fn get(call: Call) -> Answer {
    let name = RepositoryName::of(&call);
    ok(&Repository::read(&call.cloud.store.snapshot()?, &name)?.resource())
}

pub(super) async fn patch(mut call: Call) -> Answer {
    let body = settable(call.json().await?)?;
    let name = RepositoryName::of(&call);
    let mask = call.query.get("updateMask").map(str::to_owned);
    let repository = call.cloud.store.write(move |txn| {
        let mut repository = Repository::read(txn, &name)?;
        let settings = updated(&repository.settings, &body, mask.as_deref(), FIELDS)?;
        checked(&settings)?;
        if settings.get("kmsKeyName") != repository.settings.get("kmsKeyName") {
            return Err(ApiError::invalid(
                "kms_key_name cannot be added or updated after the repository is created.",
            ));
        }
        repository.settings = settings;
        txn.put(name.key(), &repository)?;
        Ok::<_, ApiError>(repository)
    });
    ok(&repository.await?.resource())
}

pub(super) async fn delete(call: Call) -> Answer {
    let name = RepositoryName::of(&call);
    let force = call.query.flag("force");
    let running = name.children(Collection::Invocations);
    let deleted = call.cloud.store.write(move |txn| {
        Repository::read(txn, &name)?;
        for collection in Collection::ALL {
            if !force && txn.any(&name.children(collection))? {
                return Err(ApiError::failed_precondition(format!(
                    "Resource '\"{name}\"' has nested resources. If the API supports cascading delete, set 'force' to true to \
                     delete it and its nested resources."
                )));
            }
            remove_all(txn, &name.children(collection))?;
        }
        for belonging in [
            name.commits(),
            name.contents(),
            workspaces::belongings(&name),
            workspaces::policies(&name),
            compilations::graphs(&name),
            invocations::all_actions(&name),
        ] {
            remove_all(txn, &belonging)?;
        }
        txn.remove(name.policy_key());
        txn.remove(name.key());
        Ok(())
    });
    deleted.await?;
    call.cloud.dataform.running.cancel_under(&running);
    ok(&json!({}))
}

/// Removes all that is kept under a prefix.
pub(crate) fn remove_all(txn: &mut Txn<'_>, prefix: &[u8]) -> Result<(), StoreError> {
    let mut keys = Vec::new();
    txn.scan(prefix, prefix, &mut |key, _| {
        keys.push(key.to_vec());
        Ok(Next::Continue)
    })?;
    for key in keys {
        txn.remove(key);
    }
    Ok(())
}

pub(super) async fn get_policy(call: Call) -> Answer {
    let name = RepositoryName::of(&call);
    Repository::read(&call.cloud.store.snapshot()?, &name)?;
    ok(&iam::get(&call.cloud, &name.policy_key())?)
}

pub(super) async fn set_policy(call: Call) -> Answer {
    let name = RepositoryName::of(&call);
    Repository::read(&call.cloud.store.snapshot()?, &name)?;
    iam::set_call(call, name.policy_key()).await
}
