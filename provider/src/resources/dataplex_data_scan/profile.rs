//! What a profile scan tells.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Type, validate};

use super::quality::{export, read_export};
use super::schema::{results_table, said, sampling_percent};
use crate::rest::fields::{flag, set_document, text, texts};

/// Settings of a profile scan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    mode: Attr<String>,
    include_fields: Attr<Vec<Attr<String>>>,
    exclude_fields: Attr<Vec<Attr<String>>>,
    sampling_percent: Attr<f64>,
    row_filter: Attr<String>,
    catalog_publishing_enabled: Attr<bool>,
    results_table: Attr<String>,
}

pub(super) fn attribute() -> Attribute {
    let fields = |what: &str| {
        Attribute::set(Type::String)
            .optional()
            .validate(validate::size(1..))
            .validate(validate::each(validate::matches(
                "must be the name of a top-level column",
                |text| !text.is_empty() && !text.contains('.'),
            )))
            .describe(what.to_owned())
    };
    Attribute::object([
        (
            "mode",
            Attribute::string()
                .optional()
                .validate(validate::one_of(["STANDARD", "LIGHTWEIGHT"]))
                .describe("How much is told. Default: the standard profile."),
        ),
        ("include_fields", fields("Only these columns. Without it, all.")),
        ("exclude_fields", fields("Not these columns.")),
        ("sampling_percent", sampling_percent()),
        (
            "row_filter",
            said().describe("A condition in GoogleSQL, without the word WHERE: only rows that meet it are read."),
        ),
        (
            "catalog_publishing_enabled",
            Attribute::bool()
                .default(false)
                .describe("Whether the latest results are shown in the catalog."),
        ),
        ("results_table", results_table()),
    ])
}

impl Profile {
    pub(super) fn document(&self) -> Json {
        let selected =
            |fields: &Attr<Vec<Attr<String>>>| fields.known().map(|_| json!({ "fieldNames": set_document(fields) }));
        json!({
            "mode": self.mode.as_deref(),
            "includeFields": selected(&self.include_fields),
            "excludeFields": selected(&self.exclude_fields),
            "samplingPercent": self.sampling_percent.known(),
            "rowFilter": self.row_filter.as_deref(),
            "catalogPublishingEnabled": self.catalog_publishing_enabled.known(),
            "postScanActions": export(&self.results_table),
        })
    }

    pub(super) fn read(document: &Json) -> Attr<Profile> {
        let fields = |name: &str| texts(&document[name]["fieldNames"], &Attr::Null);
        let read = || Profile {
            mode: text(&document["mode"], &Attr::Null),
            include_fields: fields("includeFields"),
            exclude_fields: fields("excludeFields"),
            sampling_percent: document["samplingPercent"].as_f64().into(),
            row_filter: text(&document["rowFilter"], &Attr::Null),
            catalog_publishing_enabled: flag(&document["catalogPublishingEnabled"]),
            results_table: read_export(&document["postScanActions"]),
        };
        document.is_object().then(read).into()
    }
}
