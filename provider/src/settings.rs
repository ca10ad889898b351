//! The provider's settings: the `provider "headwater"` block and its environment twins.

use headwater_cloud::{Cloud, CloudOptions};
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Diagnostics, Path, Result, Schema, validate};

use crate::names;
use crate::problems::cloud_problem;

/// The block as the user wrote it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Settings {
    /// The Google Cloud project.
    pub project: Attr<String>,
    /// The region of regional resources.
    pub region: Attr<String>,
    /// One base URL for all services.
    pub endpoint: Attr<String>,
    /// A credential.
    pub credentials: Attr<String>,
}

/// The variables that stand in for an attribute, the first that is set wins.
const PROJECT: &[&str] = &["HEADWATER_PROJECT", "GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT"];
const REGION: &[&str] = &["HEADWATER_REGION", "GOOGLE_REGION"];
const ENDPOINT: &[&str] = &["HEADWATER_ENDPOINT"];
const CREDENTIALS: &[&str] = &["HEADWATER_CREDENTIALS"];

pub(crate) fn schema() -> Schema {
    Schema::new([
        (
            "project",
            Attribute::string().optional().validate(names::project()).describe(
                "The Google Cloud project that resources belong to. Environment: `HEADWATER_PROJECT`, else `GOOGLE_PROJECT`, else \
                 `GOOGLE_CLOUD_PROJECT`.",
            ),
        ),
        (
            "region",
            Attribute::string().optional().validate(names::region()).describe(
                "The region of regional resources, and the location of buckets and datasets that do not name one. Environment: \
                 `HEADWATER_REGION`, else `GOOGLE_REGION`.",
            ),
        ),
        (
            "endpoint",
            Attribute::string().optional().validate(names::base_url()).describe(
                "One base URL that serves all of Google's APIs, such as the local cloud's `http://127.0.0.1:8650`, which `headwater local \
                 up` prints. Without it, Google Cloud itself. Environment: `HEADWATER_ENDPOINT`.",
            ),
        ),
        (
            "credentials",
            Attribute::string().optional().sensitive().validate(validate::length(1..)).describe(
                "Path or JSON of a service-account or Application Default Credentials file, or the word `anonymous`. Without it, \
                 Application Default Credentials; over an endpoint with plain `http`, no credential is sent at all. Environment: \
                 `HEADWATER_CREDENTIALS`.",
            ),
        ),
    ])
    .describe(
        "Data pipelines from Salesforce to BigQuery, declared. The provider plans and deploys them; the runtime `headwater` executes \
         them on Cloud Run, or on a laptop in the local cloud.",
    )
}

/// Fills what the block leaves out from the environment.
fn resolve(value: &Attr<String>, variables: &[&str], env: &impl Fn(&str) -> Option<String>) -> Attr<String> {
    match value {
        Attr::Known(text) if !text.is_empty() => value.clone(),
        Attr::Unknown => Attr::Unknown,
        Attr::Known(_) | Attr::Null => variables
            .iter()
            .find_map(|name| env(name).filter(|text| !text.is_empty()))
            .into(),
    }
}

/// What the settings come to.
pub(crate) struct Resolved {
    pub project: Attr<String>,
    pub region: Attr<String>,
    /// `None` while a setting that decides how to connect is not known yet.
    pub cloud: Option<Cloud>,
}

impl Settings {
    /// With the environment, checked. No connection is made.
    pub(crate) fn resolve(&self, env: impl Fn(&str) -> Option<String>) -> Result<Resolved> {
        let project = resolve(&self.project, PROJECT, &env);
        let region = resolve(&self.region, REGION, &env);
        let endpoint = resolve(&self.endpoint, ENDPOINT, &env);
        let credentials = resolve(&self.credentials, CREDENTIALS, &env);
        let mut problems = Diagnostics::new();
        for (name, value, rule, variables) in [
            ("project", &project, names::project(), PROJECT),
            ("region", &region, names::region(), REGION),
            ("endpoint", &endpoint, names::base_url(), ENDPOINT),
        ] {
            let Some(text) = value.as_deref() else { continue };
            for (path, problem) in rule.check(&text.into(), &Path::attr(name)) {
                problems.push(
                    Diagnostic::invalid(path, format!("the provider's `{name}` is not usable"))
                        .detail(format!("{name} {problem}"))
                        .hint(format!(
                            "It comes from the provider block or from the environment ({}).",
                            variables.join(", ")
                        )),
                );
            }
        }
        if project.is_null() {
            problems.push(
                Diagnostic::invalid("project", "no Google Cloud project is given")
                    .hint(
                        "Set `project` in the provider block, or the environment variable HEADWATER_PROJECT. For the local cloud, in \
                         each new shell: eval \"$(headwater local env)\".",
                    ),
            );
        }
        problems.into_result()?;
        let cloud = if endpoint.is_unknown() || credentials.is_unknown() {
            None
        } else {
            let options = CloudOptions {
                project: project.as_deref().unwrap_or_default().to_owned(),
                region: region.as_deref().unwrap_or_default().to_owned(),
                endpoint: endpoint.known().cloned(),
                credentials: credentials.known().cloned(),
            };
            let connected = Cloud::connect(options).map_err(|error| {
                let about = if error.action().contains("endpoint") {
                    "endpoint"
                } else {
                    "credentials"
                };
                cloud_problem(format!("the provider's `{about}` is not usable"), &error).at(about)
            });
            Some(connected?)
        };
        Ok(Resolved { project, region, cloud })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn the_block_outranks_the_environment() {
        let cases: [(Attr<String>, Pairs<'_>, Attr<String>); 6] = [
            ("block-p".into(), &[("HEADWATER_PROJECT", "env-p")], "block-p".into()),
            (
                Attr::Null,
                &[("HEADWATER_PROJECT", "env-p"), ("GOOGLE_PROJECT", "other-p")],
                "env-p".into(),
            ),
            (
                Attr::Null,
                &[("GOOGLE_PROJECT", "g-p"), ("GOOGLE_CLOUD_PROJECT", "c-p")],
                "g-p".into(),
            ),
            (
                Attr::Null,
                &[("HEADWATER_PROJECT", ""), ("GOOGLE_CLOUD_PROJECT", "c-p")],
                "c-p".into(),
            ),
            (Attr::Unknown, &[("HEADWATER_PROJECT", "env-p")], Attr::Unknown),
            (Attr::Null, &[], Attr::Null),
        ];
        for (block, pairs, expected) in cases {
            assert_eq!(resolve(&block, PROJECT, &env(pairs)), expected, "{block:?} {pairs:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_remedy() {
        let cases: [(Pairs<'_>, &str, &str); 4] = [
            (&[], "project", "HEADWATER_PROJECT"),
            (
                &[("HEADWATER_PROJECT", "Bad Project")],
                "project",
                "provider block or from the environment",
            ),
            (
                &[("HEADWATER_PROJECT", "acme-data"), ("HEADWATER_ENDPOINT", "ftp://x")],
                "endpoint",
                "http",
            ),
            (
                &[
                    ("HEADWATER_PROJECT", "acme-data"),
                    ("HEADWATER_CREDENTIALS", "/nowhere.json"),
                ],
                "credentials",
                "anonymous",
            ),
        ];
        for (pairs, path, says) in cases {
            let problems = Settings::default().resolve(env(pairs)).err().expect("a problem");
            let first = problems.iter().next().expect("one");
            assert_eq!(first.path.to_string(), path);
            assert!(first.detail.contains(says), "{}", first.detail);
        }
    }

    #[test]
    fn what_is_not_known_yet_is_no_error() {
        let settings = Settings {
            project: Attr::Unknown,
            endpoint: Attr::Unknown,
            ..Settings::default()
        };
        let resolved = settings.resolve(env(&[])).expect("tolerated");
        assert!(resolved.cloud.is_none() && resolved.project.is_unknown());
    }
}
