//! What is planned of a content, and what is read of an object.

use headwater_cloud::Checksum;
use serde_json::json;
use tfplugin_framework::check_resource;

use super::*;

fn sum(text: &str) -> Checksum {
    let mut sum = Checksum::default();
    sum.update(text.as_bytes());
    sum
}

fn object(content: &str) -> Object {
    Object {
        bucket: "acme-lake".into(),
        name: "a/b c.json".into(),
        content: content.into(),
        content_type: "application/json".into(),
        storage_class: "STANDARD".into(),
        metadata: Attr::Known([("owner".to_owned(), "crm".into())].into()),
        size: i64::try_from(content.len()).expect("small").into(),
        crc32c: sum(content).crc32c().into(),
        md5: "m".into(),
        generation: 7.into(),
        ..Object::default()
    }
    .named()
}

#[test]
fn what_is_written_reads_back_as_planned() {
    let planned = object("{}");
    let mut document = planned.document();
    for (field, value) in [("size", "2"), ("generation", "7"), ("md5Hash", "m")] {
        document[field] = value.into();
    }
    document["crc32c"] = planned.crc32c.as_deref().into();
    assert_eq!(planned.read(&document), planned);
    assert_eq!(planned.change(&document), None);
    assert!(planned.is_described_by(&document));
    assert_eq!(planned.url.as_deref(), Some("gs://acme-lake/a/b c.json"));
}

#[test]
fn an_import_learns_where_the_content_comes_from() {
    for (planned, source, version) in [
        (object("x"), Attr::Null, Attr::Null),
        (
            Object {
                source: "files/x".into(),
                content: Attr::Null,
                ..object("x")
            },
            "files/x".into(),
            Attr::Null,
        ),
        (
            Object {
                content_wo_version: 3.into(),
                content: Attr::Null,
                ..object("x")
            },
            Attr::Null,
            3.into(),
        ),
    ] {
        let mut imported = Object::default();
        imported.take_origin(&planned.document());
        assert_eq!((imported.source, imported.content_wo_version), (source, version));
    }
}

#[test]
fn contents_are_told_apart_by_their_checksum() {
    let prior = object("old");
    let mut same = prior.clone();
    same.plan_content(Some(&prior), Some(sum("old")));
    assert_eq!(same, prior);
    let mut new = object("new");
    new.plan_content(Some(&prior), Some(sum("newer")));
    assert_eq!(
        (&new.size, &new.generation, &new.md5),
        (&5.into(), &Attr::Unknown, &Attr::Unknown)
    );
    assert_eq!(new.crc32c, sum("newer").crc32c().into());
    let mut colder = Object {
        storage_class: "COLDLINE".into(),
        ..object("old")
    };
    colder.plan_content(Some(&prior), Some(sum("old")));
    assert_eq!(colder.generation, Attr::Unknown, "another class is another write");
}

#[test]
fn a_secret_leaves_no_checksum() {
    let secret = |version: i64| Object {
        content: Attr::Null,
        content_wo_version: version.into(),
        ..object("x")
    };
    let document = json!({"crc32c": "c", "md5Hash": "m", "size": "4", "generation": "7", "contentType": "text/plain"});
    let prior = secret(1).read(&document);
    assert_eq!((&prior.crc32c, &prior.md5), (&Attr::Null, &Attr::Null));
    let mut same = secret(1);
    same.plan_content(Some(&prior), None);
    assert_eq!(same.generation, prior.generation);
    let mut next = secret(2);
    next.plan_content(Some(&prior), None);
    assert_eq!((&next.generation, &next.crc32c), (&Attr::Unknown, &Attr::Null));
}

#[test]
fn metadata_of_others_is_cleared_and_ours_is_not_shown() {
    let planned = object("x");
    let mut present = planned.document();
    present["metadata"]["stray"] = "1".into();
    present["cacheControl"] = "no-store".into();
    let change = planned.change(&present).expect("it differs");
    assert_eq!(change["cacheControl"], serde_json::Value::Null);
    assert_eq!(change["metadata"]["stray"], serde_json::Value::Null);
    assert_eq!(change["metadata"]["owner"], "crm");
}

#[test]
fn the_schema_is_sound() {
    assert_eq!(check_resource(&StorageObject), Default::default());
}
