//! Names, ids and the rules that they follow: what is allowed, in words that are an error's remedy and a page's text.

use headwater_cloud::TableRef;
use headwater_spec::{GcsUrl, check_object_name, check_pipeline_name};
use tfplugin_framework::{Diagnostic, Validator, Value, validate};

fn is_name(text: &str, first: impl Fn(char) -> bool, rest: impl Fn(char) -> bool) -> bool {
    text.chars().next().is_some_and(first) && text.chars().skip(1).all(rest)
}

fn lower_digit_or(text: &str, others: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || others.contains(c))
}

/// A Google Cloud project's id, with an optional domain (`example.com:acme`).
pub fn is_project(text: &str) -> bool {
    let id = text.rsplit_once(':').map_or(text, |(_, id)| id);
    (1..=63).contains(&text.len())
        && is_name(
            id,
            |c| c.is_ascii_lowercase(),
            |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
        )
        && !id.ends_with('-')
}

pub(crate) fn project() -> Validator {
    validate::matches(
        "must be the id of a Google Cloud project: lowercase letters, digits and hyphens, starting with a letter, such as `acme-data`",
        is_project,
    )
}

/// A region such as `europe-west1`.
pub fn is_region(text: &str) -> bool {
    text.len() >= 3
        && lower_digit_or(text, "-")
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.contains('-')
}

pub(crate) fn region() -> Validator {
    validate::matches("must be a region of Google Cloud, such as `europe-west1`", is_region)
}

pub(crate) fn location() -> Validator {
    validate::matches(
        "must be a region such as `europe-west1` or a multi-region such as `EU` or `US`",
        |text| {
            let text = text.to_ascii_lowercase();
            is_region(&text)
                || (2..=8).contains(&text.len())
                    && is_name(&text, |c| c.is_ascii_lowercase(), |c| c.is_ascii_alphanumeric())
        },
    )
}

/// `http://host[:port]` or `https://host[:port]`, perhaps with a path.
fn is_url(text: &str, schemes: &[&str]) -> bool {
    let Some(rest) = schemes
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme)?.strip_prefix("://"))
    else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty()
        && !rest.contains(['?', '#', '@', ' ', '\\'])
        && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
}

pub(crate) fn base_url() -> Validator {
    validate::matches(
        "must be one base URL such as `http://127.0.0.1:8650`, with http or https, without a query",
        |text| is_url(text, &["http", "https"]),
    )
}

pub(crate) fn login_url() -> Validator {
    validate::matches(
        "must be the My Domain address of the org without a path, such as `https://acme.my.salesforce.com` (plain http only on this machine)",
        |text| {
            let bare = text.strip_suffix('/').unwrap_or(text);
            let host = bare.split("://").nth(1).unwrap_or_default();
            let loopback = ["127.0.0.1", "localhost", "[::1]"]
                .iter()
                .any(|local| host == *local || host.strip_prefix(local).is_some_and(|rest| rest.starts_with(':')));
            !host.contains('/') && (is_url(bare, &["https"]) || loopback && is_url(bare, &["http"]))
        },
    )
}

pub(crate) fn api_version() -> Validator {
    validate::matches(
        "must be a version of Salesforce's API such as `66.0`, from `50.0` on",
        |text| {
            text.split_once('.').is_some_and(|(major, minor)| {
                minor == "0" && major.parse::<u16>().is_ok_and(|n| (50..1000).contains(&n))
            })
        },
    )
}

/// A bucket's name. <https://cloud.google.com/storage/docs/buckets#naming>
pub(crate) fn bucket() -> Validator {
    validate::matches(
        "must be 3 to 63 lowercase letters, digits, `-`, `_` and `.` (up to 222 with dots), starting and ending with a letter or digit, without `goog` in front, such as `acme-lake`",
        |text| {
            (3..=222).contains(&text.len())
                && lower_digit_or(text, "-_.")
                && text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text.ends_with(|c: char| c.is_ascii_alphanumeric())
                && text.split('.').all(|part| (1..=63).contains(&part.len()))
                && !text.starts_with("goog")
        },
    )
}

/// A dataset's id. <https://cloud.google.com/bigquery/docs/datasets#dataset-naming>
pub(crate) fn dataset_id() -> Validator {
    validate::matches(
        "must be 1 to 1024 letters, digits and underscores, such as `salesforce_raw`",
        is_dataset_id,
    )
}

fn is_dataset_id(text: &str) -> bool {
    (1..=1024).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

pub(crate) fn table_id() -> Validator {
    validate::matches(
        "must be 1 to 300 letters, digits and underscores, not starting with `_headwater_`, such as `account`",
        |text| text.len() <= 300 && is_dataset_id(text) && !text.starts_with("_headwater_"),
    )
}

/// The name of a Cloud Run job.
pub(crate) fn job() -> Validator {
    validate::matches(
        "must be 1 to 49 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen, such as `headwater`",
        |text| text.len() <= 49 && is_kebab(text),
    )
}

pub(crate) fn connection() -> Validator {
    validate::matches(
        "must be 1 to 60 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen, such as `crm`",
        |text| text.len() <= 60 && is_kebab(text),
    )
}

fn is_kebab(text: &str) -> bool {
    is_name(
        text,
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    ) && !text.ends_with('-')
}

pub(crate) fn pipeline() -> Validator {
    rule("must be a pipeline's name", |text| {
        check_pipeline_name(text).map_err(|error| error.to_string())
    })
}

pub(crate) fn object() -> Validator {
    rule("must be the API name of a Salesforce object", |text| {
        check_object_name(text).map_err(|error| error.to_string())
    })
}

pub(crate) fn field() -> Validator {
    rule("must be the API name of a Salesforce field", |text| {
        check_object_name(text).map_err(|error| error.to_string())
    })
}

pub(crate) fn lake() -> Validator {
    rule("must be a Cloud Storage URL", |text| {
        text.parse::<GcsUrl>().map(drop).map_err(|error| error.to_string())
    })
}

fn rule(description: &str, check: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static) -> Validator {
    Validator::new(description, move |value: &Value| value.as_str().map_or(Ok(()), &check))
}

/// Whether a character may be in a label: of any script, but no capital.
/// <https://cloud.google.com/resource-manager/docs/labels-overview#requirements>
fn is_of_label(c: char) -> bool {
    (c.is_alphabetic() && !c.is_uppercase()) || c.is_numeric() || matches!(c, '_' | '-')
}

fn is_label(text: &str) -> bool {
    text.chars().count() <= 63 && text.len() <= 128 && text.chars().all(is_of_label)
}

pub(crate) fn label_keys() -> Validator {
    validate::keys(validate::matches(
        "must be 1 to 63 lowercase letters, digits, `_` and `-` (128 bytes), starting with a letter, and not start with `headwater-` or `goog-`",
        |text| {
            is_label(text)
                && text.starts_with(char::is_alphabetic)
                && !text.starts_with(crate::labels::RESERVED)
                && !text.starts_with("goog-")
        },
    ))
}

pub(crate) fn label_values() -> Validator {
    validate::each(validate::matches(
        "must be at most 63 lowercase letters, digits, `_` and `-` (128 bytes)",
        is_label,
    ))
}

/// <https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets#Secret>
pub(crate) fn annotation_keys() -> Validator {
    validate::keys(validate::matches(
        "must be 1 to 63 letters, digits, `-`, `_` and `.`, starting and ending with a letter or digit",
        |text| {
            (1..=63).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
                && text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        },
    ))
}

pub(crate) fn environment_keys() -> Validator {
    validate::keys(validate::matches(
        "must be letters, digits and `_`, not starting with a digit, and none that Cloud Run sets itself (`PORT`, `K_…`, `CLOUD_RUN_…`)",
        |text| {
            is_name(
                text,
                |c| c.is_ascii_alphabetic() || c == '_',
                |c| c.is_ascii_alphanumeric() || c == '_',
            ) && text != "PORT"
                && !text.starts_with("K_")
                && !text.starts_with("CLOUD_RUN_")
        },
    ))
}

/// `1`, `2`, `0.5` or `500m`.
pub(crate) fn cpu() -> Validator {
    validate::matches("must be a number of CPUs such as `1`, `2`, `4` or `500m`", |text| {
        let number = text.strip_suffix('m').unwrap_or(text);
        number.parse::<f64>().is_ok_and(|n| n > 0.0 && n.is_finite()) && !number.starts_with('+')
    })
}

/// `512Mi`, `2Gi`.
pub(crate) fn memory() -> Validator {
    validate::matches(
        "must be an amount of memory with its unit, such as `512Mi` or `2Gi`",
        |text| {
            ["Ki", "Mi", "Gi", "Ti", "k", "M", "G"]
                .iter()
                .find_map(|unit| text.strip_suffix(unit))
                .is_some_and(|number| number.parse::<u32>().is_ok_and(|n| n > 0) && !number.starts_with('+'))
        },
    )
}

/// The name of a topic, subscription, schema or snapshot. <https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names>
pub(crate) fn pubsub() -> Validator {
    validate::matches(
        "must be 3 to 255 letters, digits and `-_.~+%`, starting with a letter, without `goog` in front, such as `account-changes`",
        is_pubsub,
    )
}

fn is_pubsub(text: &str) -> bool {
    (3..=255).contains(&text.len())
        && is_name(
            text,
            |c| c.is_ascii_alphabetic(),
            |c| c.is_ascii_alphanumeric() || "-_.~+%".contains(c),
        )
        && !text.starts_with("goog")
}

fn is_pubsub_id(text: &str, collection: &str) -> bool {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        ["projects", project, found, name] => is_project(project) && *found == collection && is_pubsub(name),
        _ => false,
    }
}

/// The id of a `headwater_pubsub_topic`.
pub(crate) fn topic_id() -> Validator {
    validate::matches(
        "must be the id of a topic, `projects/PROJECT/topics/TOPIC`: write `headwater_pubsub_topic.NAME.id`",
        |text| is_pubsub_id(text, "topics"),
    )
}

/// The id of a `headwater_pubsub_subscription`.
pub(crate) fn subscription_path() -> Validator {
    validate::matches(
        "must be the id of a subscription, `projects/PROJECT/subscriptions/NAME`: write `headwater_pubsub_subscription.NAME.id`",
        |text| is_pubsub_id(text, "subscriptions"),
    )
}

/// The id of a `headwater_pubsub_schema`.
pub(crate) fn pubsub_schema_id() -> Validator {
    validate::matches(
        "must be the id of a schema, `projects/PROJECT/schemas/SCHEMA`: write `headwater_pubsub_schema.NAME.id`",
        |text| is_pubsub_id(text, "schemas"),
    )
}

/// The id of a service account. <https://cloud.google.com/iam/docs/service-accounts-create>
pub(crate) fn account_id() -> Validator {
    validate::matches(
        "must be 6 to 30 lowercase letters, digits and hyphens, starting with a letter and not ending with a hyphen, such as `headwater-runner`",
        |text| (6..=30).contains(&text.len()) && is_kebab(text),
    )
}

/// The id of a `headwater_service_account`.
pub(crate) fn service_account_path() -> Validator {
    validate::matches(
        "must be the id of a service account, `projects/PROJECT/serviceAccounts/EMAIL`: write `headwater_service_account.NAME.id`",
        |text| {
            matches!(text.split('/').collect::<Vec<_>>().as_slice(), ["projects", project, "serviceAccounts", email]
                if !project.is_empty() && email.contains('@'))
        },
    )
}

/// The name of a secret. <https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create>
pub(crate) fn secret() -> Validator {
    validate::matches(
        "must be 1 to 255 letters, digits, hyphens and underscores, such as `crm-token`",
        is_secret,
    )
}

pub(crate) fn is_secret(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// The id of a `headwater_secret`.
pub(crate) fn secret_id() -> Validator {
    validate::matches(
        "must be the id of a secret, `projects/PROJECT/secrets/SECRET`: write `headwater_secret.NAME.id`",
        |text| matches!(text.split('/').collect::<Vec<_>>().as_slice(), ["projects", p, "secrets", s] if is_project(p) && is_secret(s)),
    )
}

/// The name of a job of Cloud Scheduler.
pub(crate) fn scheduler_job() -> Validator {
    validate::matches(
        "must be 1 to 500 letters, digits, hyphens and underscores, such as `nightly-report`",
        |text| {
            (1..=500).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        },
    )
}

/// An address with a path and perhaps a query.
pub(crate) fn web_address() -> Validator {
    validate::matches(
        "must be an address such as `https://example.com/path`, with http or https",
        |text| {
            let bare = text.split_once(['?', '#']).map_or(text, |(bare, _)| bare);
            is_url(bare, &["http", "https"]) && !text.contains(char::is_whitespace)
        },
    )
}

/// A table as SQL names it.
pub(crate) fn table_dotted() -> Validator {
    validate::matches("must be a table, `PROJECT.DATASET.TABLE`", |text| {
        let mut parts = text.rsplitn(3, '.');
        let (table, dataset, project) = (parts.next(), parts.next(), parts.next());
        table.is_some_and(|table| !table.is_empty() && !table.contains(char::is_whitespace))
            && dataset.is_some_and(is_dataset_id)
            && project.is_some_and(is_project)
    })
}

/// The e-mail address of a service account.
pub(crate) fn service_account() -> Validator {
    validate::matches(
        "must be the e-mail address of a service account, such as `headwater@acme-data.iam.gserviceaccount.com`",
        |text| {
            text.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty()
                    && host.contains('.')
                    && !host.contains('@')
                    && !text.contains(|c: char| c.is_whitespace() || c == '/')
            })
        },
    )
}

/// A key of Cloud KMS.
pub(crate) fn kms_key() -> Validator {
    validate::matches(
        "must be a key of Cloud KMS, `projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY`",
        |text| {
            let parts: Vec<&str> = text.split('/').collect();
            matches!(
                parts.as_slice(),
                ["projects", _, "locations", _, "keyRings", _, "cryptoKeys", _]
            ) && parts.iter().all(|part| !part.is_empty())
        },
    )
}

/// The id of a `headwater_salesforce_connection`.
pub(crate) fn connection_id() -> Validator {
    validate::matches(
        "must be the id of a connection, `projects/PROJECT/secrets/SECRET`: write `headwater_salesforce_connection.NAME.id`",
        |text| matches!(text.split('/').collect::<Vec<_>>().as_slice(), ["projects", p, "secrets", s] if !p.is_empty() && !s.is_empty()),
    )
}

/// The id of a `headwater_runtime`.
pub(crate) fn runtime_id() -> Validator {
    validate::matches(
        "must be the id of a runtime, `projects/PROJECT/locations/REGION/jobs/JOB`: write `headwater_runtime.NAME.id`",
        |text| RuntimeId::parse(text).is_some(),
    )
}

/// The full name of a worker pool.
pub(crate) fn worker_pool() -> Validator {
    validate::matches(
        "must be the full name of a worker pool, `projects/PROJECT/locations/REGION/workerPools/POOL`: write `headwater_cdc_stream.NAME.worker_pool`",
        |text| {
            matches!(text.split('/').collect::<Vec<_>>().as_slice(), ["projects", project, "locations", region, "workerPools", pool]
                if is_project(project) && is_region(region) && is_kebab(pool))
        },
    )
}

/// The id of a `headwater_bigquery_dataset`.
pub(crate) fn dataset_path() -> Validator {
    validate::matches(
        "must be the id of a dataset, `projects/PROJECT/datasets/DATASET`: write `headwater_bigquery_dataset.NAME.id`",
        |text| parse_dataset_path(text).is_some(),
    )
}

/// Project and dataset of `projects/P/datasets/D`.
pub fn parse_dataset_path(text: &str) -> Option<(&str, &str)> {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        ["projects", project, "datasets", dataset] if is_project(project) && is_dataset_id(dataset) => {
            Some((project, dataset))
        }
        _ => None,
    }
}

/// The id of a `headwater_bigquery_table`, or any other spelling of a table's full name.
pub(crate) fn table_path() -> Validator {
    validate::matches(
        "must be the id of a table, `projects/PROJECT/datasets/DATASET/tables/TABLE`: write `headwater_bigquery_table.NAME.id`",
        |text| parse_table_path(text).is_some(),
    )
}

/// The table of `projects/P/datasets/D/tables/T` or `P.D.T`.
pub(crate) fn parse_table_path(text: &str) -> Option<TableRef> {
    TableRef::parse(text).filter(|table| {
        is_project(&table.dataset.project) && is_dataset_id(&table.dataset.dataset) && is_dataset_id(&table.table)
    })
}

/// Two spellings of a table's full name.
pub(crate) fn same_table(a: &Value, b: &Value) -> bool {
    let known = |value: &Value| value.as_str().and_then(parse_table_path);
    known(a).is_some() && known(a) == known(b)
}

/// A Cloud Run job's full name in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeId<'a> {
    /// Project.
    pub project: &'a str,
    /// Region.
    pub region: &'a str,
    /// Job.
    pub job: &'a str,
}

impl<'a> RuntimeId<'a> {
    /// Reads `projects/P/locations/L/jobs/J`.
    pub fn parse(text: &'a str) -> Option<Self> {
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["projects", project, "locations", region, "jobs", job]
                if is_project(project) && is_region(region) && is_kebab(job) =>
            {
                Some(Self { project, region, job })
            }
            _ => None,
        }
    }
}

/// An OAuth scope. <https://developers.google.com/identity/protocols/oauth2/scopes>
pub(crate) fn scope() -> Validator {
    validate::matches(
        "must be an OAuth scope of Google, such as `https://www.googleapis.com/auth/cloud-platform`",
        |text| {
            let named = ["openid", "email", "profile"].contains(&text);
            named
                || text
                    .strip_prefix("https://")
                    .is_some_and(|rest| rest.contains('/') && !rest.contains(char::is_whitespace))
        },
    )
}

/// What `terraform import` was given is not an id of the resource.
pub(crate) fn not_an_id(id: &str, forms: &str) -> Diagnostic {
    Diagnostic::error(format!("`{id}` is not an id that can be imported")).hint(format!("Write {forms}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tfplugin_framework::Path;

    fn accepts(rule: &Validator, text: &str) -> bool {
        rule.check(&text.into(), &Path::root()).is_empty()
    }

    #[test]
    fn rules() {
        let cases: [(&str, Validator, &[&str], &[&str]); 23] = [
            (
                "project",
                project(),
                &["acme-data", "example.com:acme", "p"],
                &["", "Acme", "acme_data", "acme-", "1a"],
            ),
            (
                "region",
                region(),
                &["europe-west1", "us-east4"],
                &["europe", "EU", "europe-west", "1-a1"],
            ),
            (
                "location",
                location(),
                &["EU", "us", "europe-west1", "EUROPE-WEST1"],
                &["", "e", "europe west1", "eu-"],
            ),
            (
                "base_url",
                base_url(),
                &["http://127.0.0.1:1", "https://x/y"],
                &["x", "ftp://x", "http://", "http://a?b", "http://u@h"],
            ),
            (
                "login_url",
                login_url(),
                &[
                    "https://acme.my.salesforce.com",
                    "https://acme.my.salesforce.com/",
                    "http://127.0.0.1:9",
                    "http://localhost",
                ],
                &[
                    "acme.my.salesforce.com",
                    "http://acme.my.salesforce.com",
                    "https://a/services",
                    "https://",
                    "http://127.0.0.1.evil.com",
                ],
            ),
            (
                "api_version",
                api_version(),
                &["66.0", "50.0"],
                &["v66.0", "66", "49.0", "66.1", ""],
            ),
            (
                "bucket",
                bucket(),
                &[
                    "acme-lake",
                    "a.b",
                    "a.0123456789012345678901234567890123456789012345678901234567890.example.com",
                ],
                &[
                    "ab",
                    "Acme",
                    "-a-",
                    "goog-x",
                    "a..b",
                    "lake!",
                    "a-0123456789012345678901234567890123456789012345678901234567890-example-com",
                ],
            ),
            (
                "label",
                validate::matches("a label", is_label),
                &["", "a-b_1", "größe", "顧客"],
                &[
                    "Größe",
                    "a b",
                    "a.b",
                    "顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客顧客",
                ],
            ),
            (
                "job",
                job(),
                &["headwater", "a1"],
                &["", "Headwater", "-a", "a-", "a_b"],
            ),
            ("cpu", cpu(), &["1", "2", "500m", "0.5"], &["", "two", "-1", "0", "+1"]),
            (
                "memory",
                memory(),
                &["512Mi", "2Gi"],
                &["512", "2GB", "Gi", "0Mi", "-1Gi"],
            ),
            (
                "pubsub",
                pubsub(),
                &["account-changes", "A.b~c+d%e_f", "abc"],
                &["ab", "1abc", "google-x", "a b c", ""],
            ),
            (
                "topic",
                topic_id(),
                &["projects/acme-data/topics/changes"],
                &[
                    "changes",
                    "projects/acme-data/subscriptions/changes",
                    "projects/acme-data/topics/x",
                ],
            ),
            (
                "secret",
                secret_id(),
                &["projects/acme-data/secrets/crm_token"],
                &[
                    "crm",
                    "projects/acme-data/secrets/",
                    "projects/acme-data/secrets/a/versions/1",
                ],
            ),
            (
                "web_address",
                web_address(),
                &[
                    "https://x/y?z=1",
                    "http://127.0.0.1:1/a",
                    "https://www.googleapis.com/auth/cloud-platform",
                ],
                &["x.com", "ftp://x", "https://", "https://a b"],
            ),
            (
                "table",
                table_dotted(),
                &["acme-data.raw.account", "example.com:acme.raw.account"],
                &["raw.account", "acme-data.raw-x.account", "acme-data.raw."],
            ),
            (
                "kms_key",
                kms_key(),
                &["projects/p/locations/eu/keyRings/r/cryptoKeys/k"],
                &["k", "projects/p/locations/eu/keyRings/r/cryptoKeys/"],
            ),
            (
                "connection_id",
                connection_id(),
                &["projects/p/secrets/s"],
                &["crm", "projects/p/secrets/", "projects/p/secrets/s/versions/1"],
            ),
            (
                "dataset",
                dataset_path(),
                &["projects/p/datasets/d"],
                &["d", "p.d", "projects/p/datasets/d-e", "projects/p/datasets/d/tables/t"],
            ),
            (
                "service_account",
                service_account(),
                &[
                    "a@acme-data.iam.gserviceaccount.com",
                    "1-compute@developer.gserviceaccount.com",
                ],
                &["a", "@b.c", "a@b", "a b@c.d", "projects/-/serviceAccounts/a@b.c"],
            ),
            (
                "scope",
                scope(),
                &["https://www.googleapis.com/auth/bigquery", "openid"],
                &[
                    "bigquery",
                    "http://www.googleapis.com/auth/x",
                    "https://x",
                    "https://a/b c",
                ],
            ),
            (
                "runtime",
                runtime_id(),
                &["projects/p/locations/europe-west1/jobs/j"],
                &["j", "projects/p/jobs/j", "projects/p/locations/eu/jobs/j"],
            ),
            (
                "worker pool",
                worker_pool(),
                &["projects/p/locations/europe-west1/workerPools/w"],
                &[
                    "w",
                    "projects/p/locations/europe-west1/jobs/w",
                    "projects/p/locations/eu/workerPools/w",
                ],
            ),
        ];
        for (name, rule, good, bad) in cases {
            for text in good {
                assert!(accepts(&rule, text), "{name} refuses {text:?}");
            }
            for text in bad {
                assert!(!accepts(&rule, text), "{name} accepts {text:?}");
            }
        }
    }
}
