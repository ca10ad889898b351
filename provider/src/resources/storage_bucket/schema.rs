//! The attributes of a bucket and their rules.

use std::time::Duration;

use tfplugin_framework::{
    Attribute, Schema, Timeouts, Type, Validator, conflicts_with, equal, parse_duration, validate,
};

use super::lifecycle;
use crate::{durations, names};

pub(super) const CLASSES: [&str; 4] = ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"];
const METHODS: [&str; 8] = ["*", "GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"];

/// Nothing, or a week to ninety days.
fn soft_delete() -> Validator {
    const RULE: &str = "must be `0s` or a duration from `168h` (7 days) to `2160h` (90 days)";
    Validator::new(RULE, |value| {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let Some(text) = value.as_str() else { return Ok(()) };
        match parse_duration(text)? {
            Duration::ZERO => Ok(()),
            given if (hours(168)..=hours(2160)).contains(&given) => Ok(()),
            _ => Err(format!("{RULE}, got `{text}`")),
        }
    })
}

fn switch(text: &str) -> Attribute {
    Attribute::bool().default(false).describe(text)
}

fn cors() -> Attribute {
    let texts = |text: &str| Attribute::list(Type::String).describe(text);
    Attribute::list_of([
        (
            "origins",
            texts("The sites, such as `https://acme.example`, or `*`.")
                .required()
                .validate(validate::size(1..)),
        ),
        (
            "methods",
            texts("The methods that they may use, such as `GET`.")
                .required()
                .validate(validate::size(1..))
                .validate(validate::each(validate::one_of(METHODS))),
        ),
        ("response_headers", texts("The headers that they may see.").optional()),
        (
            "max_age_seconds",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(0..=86_400))
                .describe("How long browsers remember this, in seconds."),
        ),
    ])
    .optional()
    .describe("Which pages of other sites may read objects in a browser.")
}

pub(super) fn schema() -> Schema {
    Schema::new([
        (
            "name",
            Attribute::string()
                .required()
                .requires_replace()
                .validate(names::bucket())
                .describe("The bucket's name, unique in all of Google Cloud."),
        ),
        (
            "location",
            Attribute::string()
                .optional_computed()
                .requires_replace()
                .use_state_for_unknown()
                .equivalent(equal::ignore_case)
                .validate(names::location())
                .describe("Where the data lies: a region such as `europe-west1` or a multi-region such as `EU`. Default: the provider's region."),
        ),
        (
            "storage_class",
            Attribute::string()
                .default("STANDARD")
                .validate(validate::one_of(CLASSES))
                .describe("The storage class of new objects."),
        ),
        (
            "uniform_bucket_level_access",
            Attribute::bool().default(true).describe("Whether access is granted by IAM on the bucket alone, without ACLs on objects. Ninety days after it was turned on it cannot be turned off any more."),
        ),
        (
            "public_access_prevention",
            Attribute::string()
                .default("inherited")
                .validate(validate::one_of(["inherited", "enforced"]))
                .describe("`enforced` keeps the public out, whatever is granted to `allUsers`; `inherited` leaves that to the organisation's policy."),
        ),
        ("versioning", switch("Whether overwritten and deleted objects are kept as noncurrent versions.")),
        (
            "delete_after_days",
            Attribute::number()
                .optional()
                .validate(validate::whole_number())
                .validate(validate::range(1..=36_500))
                .describe("Objects are deleted when they are this many days old. Without it, they are kept. It applies to every object of the bucket, the state of pipelines included: do not set it on a lake whose pipelines rest for longer."),
        ),
        ("lifecycle_rules", lifecycle::attribute()),
        (
            "retention_policy",
            Attribute::object([
                (
                    "period",
                    Attribute::string()
                        .required()
                        .equivalent(equal::duration)
                        .validate(durations::between("1s", "876600h"))
                        .describe("How long an object is neither deleted nor overwritten, such as `720h`."),
                ),
                (
                    "locked",
                    switch("Whether the policy is locked for ever: from then on it can be made longer, and nothing else. **This cannot be undone**, and the bucket cannot be deleted until every object in it is old enough."),
                ),
            ])
            .optional()
            .describe("How long objects are kept at least. A pipeline overwrites its state, so a lake cannot have one."),
        ),
        (
            "soft_delete_retention",
            Attribute::string()
                .optional_computed()
                .use_state_for_unknown()
                .equivalent(equal::duration)
                .validate(soft_delete())
                .describe("How long deleted objects can be restored: `0s` for not at all, or from `168h` to `2160h`. Without it, what Google or the organisation's policy says, usually `168h`."),
        ),
        (
            "autoclass",
            Attribute::object([(
                "terminal_storage_class",
                Attribute::string()
                    .default("NEARLINE")
                    .validate(validate::one_of(["NEARLINE", "ARCHIVE"]))
                    .describe("The coldest class that objects reach when nobody reads them."),
            )])
            .optional()
            .describe("Lets Google choose each object's class by how it is used."),
        ),
        ("cors", cors()),
        (
            "website",
            Attribute::object([
                (
                    "main_page_suffix",
                    Attribute::string().optional().validate(validate::length(1..)).describe("The page of a directory, such as `index.html`."),
                ),
                (
                    "not_found_page",
                    Attribute::string().optional().validate(validate::length(1..)).describe("The page for what does not exist, such as `404.html`."),
                ),
            ])
            .optional()
            .describe("The bucket as a web site."),
        ),
        (
            "logging",
            Attribute::object([
                ("bucket", Attribute::string().required().validate(names::bucket()).describe("The bucket that logs are written to.")),
                (
                    "prefix",
                    Attribute::string()
                        .optional_computed()
                        .use_state_for_unknown()
                        .validate(validate::length(1..=900))
                        .describe("What the names of logs begin with. Default: the bucket's name."),
                ),
            ])
            .optional()
            .describe("Where the use of the bucket is logged."),
        ),
        (
            "hierarchical_namespace",
            switch("Whether the bucket has real folders, which can be renamed at once. It is decided when the bucket is made.").requires_replace(),
        ),
        (
            "rpo",
            Attribute::string()
                .optional_computed()
                .use_state_for_unknown()
                .validate(validate::one_of(["DEFAULT", "ASYNC_TURBO"]))
                .describe("How soon objects are copied to the second region: `ASYNC_TURBO` within 15 minutes, in dual-regions only."),
        ),
        ("default_event_based_hold", switch("Whether new objects are held until the hold is released by hand.")),
        ("requester_pays", switch("Whether who reads pays for it.")),
        (
            "kms_key_name",
            Attribute::string().optional().validate(names::kms_key()).describe("The Cloud KMS key that new objects are encrypted with. Without it, a key of Google's."),
        ),
        (
            "labels",
            Attribute::map(Type::String)
                .optional()
                .validate(names::label_keys())
                .validate(names::label_values())
                .describe("Labels, for cost attribution."),
        ),
        (
            "force_destroy",
            Attribute::bool()
                .default(false)
                .describe("Whether destroying the bucket deletes the objects in it, noncurrent versions included. Otherwise a bucket that is not empty is never destroyed. The plan says how many objects and bytes it is about."),
        ),
        ("url", Attribute::string().computed().use_state_for_unknown().describe("The bucket as a URL: `gs://NAME`.")),
        ("id", Attribute::string().computed().use_state_for_unknown().describe("The bucket's name.")),
    ])
    .check(conflicts_with(["delete_after_days", "lifecycle_rules"]))
    .describe("A Cloud Storage bucket. As the `lake` of a pipeline it holds the pipeline's spec, its state, its Parquet files and the records of its runs.")
    .timeouts(
        Timeouts::new()
            .create(Duration::from_secs(300))
            .read(Duration::from_secs(120))
            .update(Duration::from_secs(300))
            .delete(Duration::from_secs(1800)),
    )
}
