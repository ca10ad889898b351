//! The bucket's settings as the API has them, and back. <https://cloud.google.com/storage/docs/json_api/v1/buckets>

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Diagnostic, Diagnostics, parse_duration};

use super::{Bucket, lifecycle};
use crate::labels;
use crate::rest::changes::differing;
use crate::rest::fields::{flag, number, text, texts};

/// How long objects are kept at least.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Retention {
    pub period: Attr<String>,
    pub locked: Attr<bool>,
}

/// Classes by how objects are used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Autoclass {
    pub terminal_storage_class: Attr<String>,
}

/// Which pages of other sites may read objects.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cors {
    pub origins: Attr<Vec<Attr<String>>>,
    pub methods: Attr<Vec<Attr<String>>>,
    pub response_headers: Attr<Vec<Attr<String>>>,
    pub max_age_seconds: Attr<i64>,
}

/// The bucket as a web site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Website {
    pub main_page_suffix: Attr<String>,
    pub not_found_page: Attr<String>,
}

/// Where usage is logged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Logging {
    pub bucket: Attr<String>,
    pub prefix: Attr<String>,
}

/// Whole seconds as the API writes them: in text.
fn seconds(duration: &Attr<String>) -> Option<String> {
    let duration = parse_duration(duration.as_deref()?).ok()?;
    Some(duration.as_secs().to_string())
}

/// A field of seconds as a duration.
fn duration(field: &Json) -> Attr<String> {
    number(field).map(|seconds| format!("{seconds}s"))
}

fn list(texts: &Attr<Vec<Attr<String>>>) -> Json {
    texts
        .known()
        .map_or(Json::Null, |texts| texts.iter().filter_map(Attr::as_deref).collect())
}

/// A flag that Google leaves out when it is off.
fn on(flag: &Attr<bool>) -> Option<bool> {
    flag.known().copied().filter(|on| *on)
}

impl Cors {
    fn document(&self) -> Json {
        json!({
            "origin": list(&self.origins),
            "method": list(&self.methods),
            "responseHeader": list(&self.response_headers),
            "maxAgeSeconds": self.max_age_seconds.known(),
        })
    }

    fn read(document: &Json, state: &Cors) -> Cors {
        Cors {
            origins: texts(&document["origin"], &state.origins),
            methods: texts(&document["method"], &state.methods),
            response_headers: texts(&document["responseHeader"], &state.response_headers),
            max_age_seconds: number(&document["maxAgeSeconds"]),
        }
    }
}

impl Bucket {
    /// Everything that this resource has to say; null where nothing is said.
    pub(super) fn document(&self) -> Json {
        let cors = self.cors.known().filter(|entries| !entries.is_empty());
        json!({
            "name": self.name.as_deref(),
            "location": self.location.as_deref().map(str::to_ascii_uppercase),
            "storageClass": self.storage_class.as_deref(),
            "iamConfiguration": {
                "uniformBucketLevelAccess": { "enabled": self.uniform_bucket_level_access.known() },
                "publicAccessPrevention": self.public_access_prevention.as_deref(),
            },
            "versioning": { "enabled": self.versioning.known() },
            "lifecycle": lifecycle::document(&self.lifecycle_rules, &self.delete_after_days),
            "retentionPolicy": self
                .retention_policy
                .known()
                .map(|policy| json!({ "retentionPeriod": seconds(&policy.period) })),
            "softDeletePolicy": seconds(&self.soft_delete_retention)
                .map(|seconds| json!({ "retentionDurationSeconds": seconds })),
            "autoclass": self.autoclass.known().map(|autoclass| {
                json!({ "enabled": true, "terminalStorageClass": autoclass.terminal_storage_class.as_deref() })
            }),
            "cors": cors.map(|entries| {
                entries.iter().filter_map(Attr::known).map(Cors::document).collect::<Vec<_>>()
            }),
            "website": self.website.known().map(|website| {
                json!({
                    "mainPageSuffix": website.main_page_suffix.as_deref(),
                    "notFoundPage": website.not_found_page.as_deref(),
                })
            }),
            "logging": self.logging.known().map(|logging| {
                json!({ "logBucket": logging.bucket.as_deref(), "logObjectPrefix": logging.prefix.as_deref() })
            }),
            "hierarchicalNamespace": on(&self.hierarchical_namespace).map(|on| json!({ "enabled": on })),
            "rpo": self.rpo.as_deref(),
            "defaultEventBasedHold": on(&self.default_event_based_hold),
            "billing": on(&self.requester_pays).map(|on| json!({ "requesterPays": on })),
            "encryption": self.kms_key_name.as_deref().map(|key| json!({ "defaultKmsKeyName": key })),
            "labels": labels::wanted(&self.labels, self.force_destroy()),
        })
    }

    /// What a patch must say to lead from what is there to what is planned; `None` when it is there already.
    pub(super) fn change(&self, present: &Json) -> Option<Json> {
        let wanted = self.document();
        let there = self.read(present).document();
        let mut change = json!({});
        for field in differing(&wanted, &there) {
            if !matches!(field, "name" | "location" | "hierarchicalNamespace") {
                change[field] = wanted[field].clone();
            }
        }
        let labels = labels::wanted(&self.labels, self.force_destroy());
        let labels = labels::change(&present["labels"], labels);
        if labels
            .as_object()
            .is_some_and(|labels| labels.iter().any(|(key, value)| present["labels"][key] != *value))
        {
            change["labels"] = labels;
        }
        change
            .as_object()
            .is_some_and(|change| !change.is_empty())
            .then_some(change)
    }

    /// The state that a document amounts to, in the spelling of the state before.
    pub(super) fn read(&self, document: &Json) -> Bucket {
        let location = document["location"].as_str().map(str::to_owned);
        let same_place = self
            .location
            .as_deref()
            .zip(location.as_deref())
            .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        let access = &document["iamConfiguration"];
        let (website, logging) = (&document["website"], &document["logging"]);
        let before = |state: &Attr<Website>| state.known().cloned().unwrap_or_default();
        let lifecycle = &document["lifecycle"];
        Bucket {
            name: self.name.clone(),
            location: if same_place {
                self.location.clone()
            } else {
                location.into()
            },
            storage_class: text(&document["storageClass"], &Attr::Null),
            uniform_bucket_level_access: flag(&access["uniformBucketLevelAccess"]["enabled"]),
            public_access_prevention: access["publicAccessPrevention"].as_str().unwrap_or("inherited").into(),
            versioning: flag(&document["versioning"]["enabled"]),
            delete_after_days: lifecycle::delete_after(lifecycle).into(),
            lifecycle_rules: lifecycle::read(lifecycle, &self.lifecycle_rules),
            retention_policy: document["retentionPolicy"]
                .get("retentionPeriod")
                .map(|period| Retention {
                    period: duration(period),
                    locked: flag(&document["retentionPolicy"]["isLocked"]),
                })
                .into(),
            soft_delete_retention: duration(&document["softDeletePolicy"]["retentionDurationSeconds"]),
            autoclass: (document["autoclass"]["enabled"] == true)
                .then(|| Autoclass {
                    terminal_storage_class: text(&document["autoclass"]["terminalStorageClass"], &Attr::Null),
                })
                .into(),
            cors: self.read_cors(&document["cors"]),
            website: website
                .as_object()
                .filter(|website| !website.is_empty())
                .map(|_| Website {
                    main_page_suffix: text(&website["mainPageSuffix"], &before(&self.website).main_page_suffix),
                    not_found_page: text(&website["notFoundPage"], &before(&self.website).not_found_page),
                })
                .into(),
            logging: logging["logBucket"]
                .as_str()
                .map(|bucket| Logging {
                    bucket: bucket.into(),
                    prefix: text(&logging["logObjectPrefix"], &Attr::Null),
                })
                .into(),
            hierarchical_namespace: flag(&document["hierarchicalNamespace"]["enabled"]),
            rpo: text(&document["rpo"], &Attr::Null),
            default_event_based_hold: flag(&document["defaultEventBasedHold"]),
            requester_pays: flag(&document["billing"]["requesterPays"]),
            kms_key_name: text(&document["encryption"]["defaultKmsKeyName"], &Attr::Null),
            labels: labels::read(&document["labels"], &self.labels),
            force_destroy: labels::has(&document["labels"], labels::FORCE_DESTROY).into(),
            url: self.name.clone().map(|name| format!("gs://{name}")),
            id: self.name.clone(),
        }
    }

    fn read_cors(&self, cors: &Json) -> Attr<Vec<Attr<Cors>>> {
        let Some(entries) = cors.as_array().filter(|entries| !entries.is_empty()) else {
            return match &self.cors {
                Attr::Known(entries) if entries.is_empty() => self.cors.clone(),
                _ => Attr::Null,
            };
        };
        let before = self.cors.known().map(Vec::as_slice).unwrap_or_default();
        let entries = entries.iter().enumerate().map(|(index, entry)| {
            let before = before.get(index).and_then(Attr::known).cloned().unwrap_or_default();
            Attr::Known(Cors::read(entry, &before))
        });
        entries.collect::<Vec<_>>().into()
    }
}

/// What is wrong with settings together.
pub(super) fn problems(config: &Bucket) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let is_on = |flag: &Attr<bool>| *flag == Attr::Known(true);
    if config.autoclass.known().is_some() && config.storage_class.as_deref().is_some_and(|class| class != "STANDARD") {
        problems.push(
            Diagnostic::invalid(
                "storage_class",
                "a bucket with `autoclass` has the storage class `STANDARD`",
            )
            .hint("Leave `storage_class` out: Autoclass moves objects to colder classes by itself."),
        );
    }
    if is_on(&config.hierarchical_namespace) {
        if is_on(&config.versioning) {
            problems.push(
                Diagnostic::invalid("versioning", "a bucket with a hierarchical namespace keeps no versions")
                    .hint("Leave `versioning` or `hierarchical_namespace` out."),
            );
        }
        if config.uniform_bucket_level_access == Attr::Known(false) {
            problems.push(
                Diagnostic::invalid(
                    "uniform_bucket_level_access",
                    "a hierarchical namespace needs uniform bucket-level access",
                )
                .hint("Leave `uniform_bucket_level_access` out: it is on by default."),
            );
        }
    }
    if let Some(website) = config.website.known()
        && *website == Website::default()
    {
        problems.push(
            Diagnostic::invalid("website", "`website` says nothing")
                .hint("Set `main_page_suffix` or `not_found_page`, or leave it out."),
        );
    }
    problems
}

/// What is locked stays locked, and can only grow.
pub(super) fn check_lock(prior: &Bucket, planned: &Bucket) -> Result<(), Diagnostic> {
    if !prior.wants_lock() || planned.replaces(prior) {
        return Ok(());
    }
    let period = |bucket: &Bucket| {
        let policy = bucket.retention_policy.known()?;
        parse_duration(policy.period.as_deref()?).ok()
    };
    let stays = planned.wants_lock() || planned.retention_policy.is_unknown();
    if stays && (period(planned) >= period(prior) || period(planned).is_none()) {
        return Ok(());
    }
    Err(Diagnostic::invalid(
        "retention_policy",
        "the retention policy is locked: it cannot be removed, unlocked or made shorter",
    )
    .hint("Keep `locked = true` and at least the period that it has. The bucket can only be deleted once every object in it is old enough."))
}
