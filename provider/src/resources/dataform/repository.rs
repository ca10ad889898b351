//! `headwater_dataform_repository`: <https://cloud.google.com/dataform/reference/rest/v1/projects.locations.repositories>

use async_trait::async_trait;
use headwater_cloud::{CreateBy, Kind, Listing, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Path, Result, Schema, Type, validate};

use super::rules;
use crate::labels::{self, Labels};
use crate::names;
use crate::problems::cloud_problem;
use crate::rest::fields::text;
use crate::rest::{Api, Described, Parts, Pattern, Target};

/// The kind of document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repository;

/// Its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    name: Attr<String>,
    region: Attr<String>,
    project: Attr<String>,
    display_name: Attr<String>,
    git_remote_settings: Attr<Remote>,
    workspace_compilation_overrides: Attr<Overrides>,
    npmrc_environment_variables_secret_version: Attr<String>,
    service_account: Attr<String>,
    kms_key_name: Attr<String>,
    labels: Attr<Labels>,
    force_destroy: Attr<bool>,
    create_time: Attr<String>,
    id: Attr<String>,
}

/// Where the files are, when they are not in the repository itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Remote {
    url: Attr<String>,
    default_branch: Attr<String>,
    authentication_token_secret_version: Attr<String>,
    git_repository_link: Attr<String>,
    ssh_authentication_config: Attr<Ssh>,
}

/// How an SSH remote is reached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ssh {
    user_private_key_secret_version: Attr<String>,
    host_public_key: Attr<String>,
}

/// What workspaces compile with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Overrides {
    default_database: Attr<String>,
    schema_suffix: Attr<String>,
    table_prefix: Attr<String>,
}

impl Remote {
    fn document(&self) -> Json {
        let ssh = self.ssh_authentication_config.known().map(|ssh| {
            json!({
                "userPrivateKeySecretVersion": ssh.user_private_key_secret_version.as_deref(),
                "hostPublicKey": ssh.host_public_key.as_deref(),
            })
        });
        json!({
            "url": self.url.as_deref(),
            "defaultBranch": self.default_branch.as_deref(),
            "authenticationTokenSecretVersion": self.authentication_token_secret_version.as_deref(),
            "gitRepositoryLink": self.git_repository_link.as_deref(),
            "sshAuthenticationConfig": ssh,
        })
    }

    fn read(document: &Json) -> Attr<Remote> {
        let field = |name: &str| text(&document[name], &Attr::Null);
        let ssh = &document["sshAuthenticationConfig"];
        let read = || Remote {
            url: field("url"),
            default_branch: document["defaultBranch"].as_str().unwrap_or("main").into(),
            authentication_token_secret_version: field("authenticationTokenSecretVersion"),
            git_repository_link: field("gitRepositoryLink"),
            ssh_authentication_config: ssh
                .is_object()
                .then(|| Ssh {
                    user_private_key_secret_version: text(&ssh["userPrivateKeySecretVersion"], &Attr::Null),
                    host_public_key: text(&ssh["hostPublicKey"], &Attr::Null),
                })
                .into(),
        };
        document.is_object().then(read).into()
    }

    /// Offline checks of how it is reached.
    fn check(&self) -> Result<(), Diagnostic> {
        let at = |name: &str| Path::attr("git_remote_settings").child(name);
        let ways = [
            (
                "authentication_token_secret_version",
                !self.authentication_token_secret_version.is_null(),
            ),
            ("git_repository_link", !self.git_repository_link.is_null()),
            ("ssh_authentication_config", !self.ssh_authentication_config.is_null()),
        ];
        let set: Vec<&str> = ways.into_iter().filter_map(|(name, set)| set.then_some(name)).collect();
        if let [first, second, ..] = set.as_slice() {
            return Err(Diagnostic::invalid(
                at(second),
                format!("only one of `{first}` and `{second}` may be set"),
            )
            .hint("A remote is reached in one way: with a token or a repository link over HTTPS, or with a key over SSH."));
        }
        let Some(url) = self.url.as_deref() else { return Ok(()) };
        let https = url.starts_with("https://");
        match self.ssh_authentication_config {
            Attr::Known(_) if https => Err(Diagnostic::invalid(
                at("ssh_authentication_config"),
                "an HTTPS remote is not reached by SSH",
            )
            .hint("Set `authentication_token_secret_version`, or write the URL as `git@HOST:PATH.git`.")),
            Attr::Null if !https => Err(Diagnostic::invalid(
                at("ssh_authentication_config"),
                "an SSH remote needs `ssh_authentication_config`",
            )
            .hint(
                "Set it, or write the URL as `https://HOST/PATH.git` and set `authentication_token_secret_version`.",
            )),
            _ => Ok(()),
        }
    }
}

impl Overrides {
    fn document(&self) -> Json {
        json!({
            "defaultDatabase": self.default_database.as_deref(),
            "schemaSuffix": self.schema_suffix.as_deref(),
            "tablePrefix": self.table_prefix.as_deref(),
        })
    }

    fn read(document: &Json) -> Attr<Overrides> {
        let field = |name: &str| text(&document[name], &Attr::Null);
        let read = || Overrides {
            default_database: field("defaultDatabase"),
            schema_suffix: field("schemaSuffix"),
            table_prefix: field("tablePrefix"),
        };
        document.is_object().then(read).into()
    }
}

fn remote() -> Attribute {
    Attribute::object([
        (
            "url",
            Attribute::string()
                .required()
                .validate(validate::matches(
                    "must be the URL of a Git repository, such as `https://github.com/acme/marts.git` or `git@github.com:acme/marts.git`",
                    |text| {
                        let ssh = text.starts_with("ssh://") || text.split_once('@').is_some_and(|(_, host)| host.contains(':'));
                        (text.starts_with("https://") && text.len() > 8 || ssh) && !text.contains(char::is_whitespace)
                    },
                ))
                .describe("The remote's URL, over HTTPS or SSH."),
        ),
        (
            "default_branch",
            Attribute::string().default("main").validate(validate::length(1..)).describe("The remote's default branch."),
        ),
        (
            "authentication_token_secret_version",
            Attribute::string()
                .optional()
                .validate(rules::secret_version())
                .describe("The secret's version that holds the access token, for HTTPS. Dataform's service agent must be able to read it."),
        ),
        (
            "git_repository_link",
            rules::said().describe("A Developer Connect repository link, `projects/PROJECT/locations/REGION/connections/CONNECTION/gitRepositoryLinks/LINK`, in place of a token."),
        ),
        (
            "ssh_authentication_config",
            Attribute::object([
                (
                    "user_private_key_secret_version",
                    Attribute::string().required().validate(rules::secret_version()).describe("The secret's version that holds the private key."),
                ),
                (
                    "host_public_key",
                    Attribute::string().required().validate(validate::length(1..)).describe("The public key by which the host is known, such as `ssh-ed25519 AAAA…`."),
                ),
            ])
            .optional()
            .describe("How an SSH remote is reached."),
        ),
    ])
    .optional()
    .describe("The Git remote that holds the project. Without it, the repository keeps its files itself.")
}

#[async_trait]
impl Described for Repository {
    type Model = Model;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_dataform_repository",
            noun: "repository",
            service: Service::Dataform,
            name: Pattern("projects/{project}/locations/{region}/repositories/{name}"),
            create: CreateBy::Query("repositoryId"),
            patch: PatchBy::Query,
            listing: Some(Listing::of("repositories")),
            labelled: true,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "name",
                Attribute::string().required().requires_replace().validate(rules::name()).describe("The repository's name, unique in project and region."),
            ),
            ("display_name", rules::said().describe("A name for people.")),
            ("git_remote_settings", remote()),
            (
                "workspace_compilation_overrides",
                Attribute::object([
                    ("default_database", rules::said().describe("The project that tables are made in.")),
                    ("schema_suffix", rules::said().describe("Appended to the name of every dataset, such as `dev`.")),
                    ("table_prefix", rules::said().describe("Put before the name of every table.")),
                ])
                .optional()
                .describe("What workspaces are compiled with in place of the project's own settings, so that developers do not write into production's tables."),
            ),
            (
                "npmrc_environment_variables_secret_version",
                Attribute::string()
                    .optional()
                    .validate(rules::secret_version())
                    .describe("The secret's version with the variables of `.npmrc`, as JSON, for packages from a private registry."),
            ),
            (
                "service_account",
                Attribute::string().optional().validate(rules::service_account()).describe("The service account that workflows run as. Default: Dataform's service agent."),
            ),
            (
                "kms_key_name",
                Attribute::string().optional().requires_replace().validate(names::kms_key()).describe("The Cloud KMS key that protects the repository. Without it, a key of Google's."),
            ),
            (
                "labels",
                Attribute::map(Type::String).optional().validate(names::label_keys()).validate(names::label_values()).describe("Labels, for cost attribution."),
            ),
            (
                "force_destroy",
                Attribute::bool().default(false).describe("Whether destroying the repository also deletes workspaces, compilation results and configurations in it that Terraform does not manage. Otherwise a repository that holds any is never destroyed."),
            ),
            ("create_time", Attribute::string().computed().use_state_for_unknown().describe("When it was created.")),
        ])
        .describe("A Dataform repository: a project of SQL workflows, in a Git remote or with files of its own.")
    }

    fn parts<'a>(&self, model: &'a mut Model) -> Parts<'a> {
        Parts {
            id: &mut model.id,
            named: vec![
                ("project", &mut model.project),
                ("region", &mut model.region),
                ("name", &mut model.name),
            ],
        }
    }

    fn validate(&self, config: &Model) -> Result<()> {
        if let Some(remote) = config.git_remote_settings.known() {
            remote.check()?;
        }
        Ok(())
    }

    fn document(&self, model: &Model) -> Json {
        let force_destroy = model.force_destroy.known().copied().unwrap_or(false);
        json!({
            "displayName": model.display_name.as_deref(),
            "gitRemoteSettings": model.git_remote_settings.known().map(Remote::document),
            "workspaceCompilationOverrides": model.workspace_compilation_overrides.known().map(Overrides::document),
            "npmrcEnvironmentVariablesSecretVersion": model.npmrc_environment_variables_secret_version.as_deref(),
            "serviceAccount": model.service_account.as_deref(),
            "kmsKeyName": model.kms_key_name.as_deref(),
            "labels": labels::wanted(&model.labels, force_destroy),
        })
    }

    fn read(&self, state: &Model, document: &Json) -> Model {
        let field = |name: &str| text(&document[name], &Attr::Null);
        Model {
            display_name: field("displayName"),
            git_remote_settings: Remote::read(&document["gitRemoteSettings"]),
            workspace_compilation_overrides: Overrides::read(&document["workspaceCompilationOverrides"]),
            npmrc_environment_variables_secret_version: field("npmrcEnvironmentVariablesSecretVersion"),
            service_account: field("serviceAccount"),
            kms_key_name: field("kmsKeyName"),
            labels: labels::read(&document["labels"], &state.labels),
            force_destroy: labels::has(&document["labels"], labels::FORCE_DESTROY).into(),
            create_time: field("createTime"),
            ..state.clone()
        }
    }

    async fn before_delete(&self, at: &Target, state: &Model) -> Result<()> {
        let force = state.force_destroy.known().copied().unwrap_or(false);
        let query: &[_] = if force { &[("force", "true")] } else { &[] };
        match at.documents.delete_with(&at.name, query).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::FailedPrecondition => Err(Diagnostic::invalid(
                "force_destroy",
                format!(
                    "the repository `{}` holds workspaces, compilation results or configurations and is not deleted",
                    at.name
                ),
            )
            .hint("Delete them, or set `force_destroy = true`, apply, and destroy again.")
            .into()),
            Err(error) => Err(cloud_problem(at.cannot("delete"), &error).into()),
        }
    }
}
