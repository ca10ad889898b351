//! A kind of document made for the tests, and what the shared parts do with it.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin_framework::{Attribute, Type, check_data_source, check_resource, validate};

use super::changes::{body, differing};
use super::*;
use crate::labels::{self, Labels};

struct Shelf;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Model {
    name: Attr<String>,
    region: Attr<String>,
    project: Attr<String>,
    size: Attr<i64>,
    labels: Attr<Labels>,
    id: Attr<String>,
}

#[async_trait]
impl Described for Shelf {
    type Model = Model;

    fn api(&self) -> Api {
        Api {
            type_name: "headwater_shelf",
            noun: "shelf",
            service: Service::PubSub,
            name: Pattern("projects/{project}/locations/{region}/shelves/{name}"),
            create: CreateBy::Query("shelfId"),
            patch: PatchBy::Query,
            listing: Some(Listing::of("shelves")),
            labelled: true,
            operations: false,
        }
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "name",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(validate::length(3..=9)),
            ),
            ("size", Attribute::number().optional()),
            ("labels", Attribute::map(Type::String).optional()),
        ])
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

    fn document(&self, model: &Model) -> Json {
        json!({ "size": model.size.known(), "labels": labels::wanted(&model.labels, false) })
    }

    fn read(&self, state: &Model, document: &Json) -> Model {
        Model {
            size: document["size"].as_i64().into(),
            labels: labels::read(&document["labels"], &state.labels),
            ..state.clone()
        }
    }
}

#[test]
fn the_schemas_are_sound() {
    assert_eq!(check_resource(&Rest(Shelf)), Default::default());
    assert_eq!(check_data_source(&Lookup(Shelf)), Default::default());
    let lookup = tfplugin_framework::DataSource::schema(&Lookup(Shelf));
    let of = |name: &str| lookup.attribute(name).expect("there").clone();
    assert!(of("name").is_required() && of("region").is_optional());
    assert!(of("size").is_computed() && !of("size").is_optional());
}

#[test]
fn names_are_filled_and_parsed() {
    const PLAIN: Pattern = Pattern("projects/{project}/topics/{name}");
    const REGIONAL: Pattern = Pattern("projects/{project}/locations/{region}/jobs/{name}");
    const CHILD: Pattern = Pattern("{repository}/releaseConfigs/{name}");
    const ACCOUNT: Pattern = Pattern("things/{a}/parts/{b}");
    type Parsed<'a> = Option<&'a [(&'static str, &'a str)]>;
    let cases: [(Pattern, &str, Parsed<'_>); 15] = [
        (PLAIN, "projects/p/topics/t", Some(&[("project", "p"), ("name", "t")])),
        (PLAIN, "p/t", Some(&[("project", "p"), ("name", "t")])),
        (PLAIN, "t", Some(&[("name", "t")])),
        (PLAIN, "", None),
        (PLAIN, "p/", None),
        (PLAIN, "projects//topics/t", None),
        (PLAIN, "projects/p/subscriptions/t", None),
        (PLAIN, "x/projects/p/topics/t", None),
        (
            REGIONAL,
            "p/r/j",
            Some(&[("project", "p"), ("region", "r"), ("name", "j")]),
        ),
        (REGIONAL, "j", Some(&[("name", "j")])),
        (REGIONAL, "r/j", None),
        (
            CHILD,
            "projects/p/repositories/r/releaseConfigs/c",
            Some(&[("repository", "projects/p/repositories/r"), ("name", "c")]),
        ),
        (CHILD, "r/c", None),
        (CHILD, "/releaseConfigs/c", None),
        (ACCOUNT, "a/b", Some(&[("a", "a"), ("b", "b")])),
    ];
    for (pattern, id, expected) in cases {
        let expected = expected.map(|parts| {
            let owned = parts.iter().map(|(name, text)| (*name, (*text).to_owned()));
            owned.collect::<Vec<_>>()
        });
        assert_eq!(pattern.parse(id), expected, "{pattern:?} {id}");
    }
    let fill = |known: &'static str| {
        REGIONAL.fill(move |part| {
            if part == "region" && known.is_empty() {
                Attr::Unknown
            } else {
                Attr::Known(known)
            }
        })
    };
    assert_eq!(fill("x"), "projects/x/locations/x/jobs/x".into());
    assert_eq!(fill(""), Attr::Unknown);
    assert_eq!(
        REGIONAL.forms(),
        "`projects/PROJECT/locations/REGION/jobs/NAME`, `PROJECT/REGION/NAME`, or `NAME` in the provider's project and region"
    );
    assert_eq!(PLAIN.short().as_deref(), Some("{name}"));
    assert_eq!((CHILD.short(), ACCOUNT.short()), (None, None));
    assert_eq!(ACCOUNT.forms(), "`things/A/parts/B` or `A/B`");
}

#[test]
fn what_is_imported_is_judged_by_the_schema() {
    let model = resource::imported(&Shelf, "projects/acme-data/locations/europe-west1/shelves/abc").expect("an id");
    assert_eq!(model.project, "acme-data".into());
    let short = resource::imported(&Shelf, "abc").expect("an id");
    assert_eq!((short.project, short.name), (Attr::Null, "abc".into()));
    for id in [
        "ab",
        "projects/Acme/locations/europe-west1/shelves/abc",
        "acme-data/europe/abc",
        "a/b/c/d",
    ] {
        let problem = resource::imported(&Shelf, id).expect_err(id);
        assert!(
            problem
                .detail
                .contains("projects/PROJECT/locations/REGION/shelves/NAME"),
            "{}",
            problem.detail
        );
    }
}

#[test]
fn only_what_differs_is_changed() {
    let wanted = json!({"size": 2, "note": null, "config": {"a": 1, "b": null}, "labels": {"team": "crm"}});
    type Case<'a> = (Json, &'a [&'a str], Json);
    let cases: [Case<'_>; 4] = [
        (
            json!({"size": 2, "config": {"a": 1}, "labels": {"team": "crm"}}),
            &[],
            json!({}),
        ),
        (
            json!({"size": 3, "config": {"a": 1}, "labels": {"team": "crm"}}),
            &["size"],
            json!({"size": 2}),
        ),
        (
            json!({"size": 2, "note": "x", "config": {"a": 1, "b": 2}, "labels": {"team": "crm"}, "etag": "e"}),
            &["note", "config"],
            json!({"config": {"a": 1}, "etag": "e"}),
        ),
        (
            json!({"size": 2, "config": {"a": 1}, "labels": {"goog-x": "1", "old": "2"}}),
            &["labels"],
            json!({"labels": {"team": "crm", "goog-x": "1"}}),
        ),
    ];
    for (present, fields, expected) in cases {
        assert_eq!(differing(&wanted, &present), fields, "{present}");
        assert_eq!(body(&wanted, &present, fields), expected, "{present}");
    }
}
