//! The client of Google Cloud on the local cloud: what only a server can show.

use bytes::Bytes;
use futures::StreamExt as _;
use headwater_cloud::{Kind, ObjectPath, OptionalExt as _, Precondition};
use serde_json::json;

use crate::world::{BUCKET, PROJECT, World};

fn path(name: &str) -> ObjectPath {
    ObjectPath {
        bucket: BUCKET.into(),
        name: name.into(),
    }
}

#[tokio::test]
async fn objects_and_preconditions() {
    let world = World::bare("objects", 1, &["Account"]).await;
    let storage = world.cloud.storage();
    let put = async |bytes: &'static str, precondition| {
        storage
            .put(
                &path("a/ü b.json"),
                "application/json",
                Bytes::from_static(bytes.as_bytes()),
                precondition,
            )
            .await
    };

    let first = put("one", Precondition::Absent).await.expect("absent");
    let again = put("two", Precondition::Absent).await.expect_err("present");
    assert_eq!(again.kind(), Kind::PreconditionFailed);
    let second = put("two", Precondition::Generation(first.generation))
        .await
        .expect("the generation");
    assert!(second.generation > first.generation);
    let stale = put("three", Precondition::Generation(first.generation))
        .await
        .expect_err("a stale generation");
    assert_eq!(stale.kind(), Kind::PreconditionFailed);
    let read = storage.get(&path("a/ü b.json")).await.expect("the object");
    assert_eq!((read.generation, &read.bytes[..]), (second.generation, &b"two"[..]));
    assert_eq!(storage.stat(&path("a/ü b.json")).await.expect("metadata").size, 3);
    assert!(
        storage
            .get(&path("none"))
            .await
            .optional()
            .expect("absence is no error")
            .is_none()
    );

    let error = storage
        .delete(&path("a/ü b.json"), Precondition::Generation(1))
        .await
        .expect_err("a wrong generation");
    assert_eq!(error.kind(), Kind::PreconditionFailed);
    assert!(
        storage
            .delete(&path("a/ü b.json"), Precondition::None)
            .await
            .expect("deleted")
    );
    assert!(
        !storage
            .delete(&path("a/ü b.json"), Precondition::None)
            .await
            .expect("gone already")
    );

    let many = (0..1203).map(|number| format!("many/{number:04}"));
    futures::stream::iter(many)
        .for_each_concurrent(32, |name| put_at(storage.clone(), name))
        .await;
    put_at(storage.clone(), "other/x".into()).await;
    let names = storage.list(BUCKET, "many/").await.expect("a listing");
    assert_eq!((names.len(), names[7].name.as_str()), (1203, "many/0007"));
    assert_eq!(
        storage.list_prefixes(BUCKET, "").await.expect("prefixes"),
        ["many/", "other/"]
    );
    let full = storage.delete_bucket(BUCKET).await.expect_err("a full bucket");
    assert_eq!(full.kind(), Kind::FailedPrecondition);
    assert_eq!(storage.delete_prefix(BUCKET, "").await.expect("emptied"), 1204);
    assert!(storage.delete_bucket(BUCKET).await.expect("deleted"));
    assert!(!storage.delete_bucket(BUCKET).await.expect("gone already"));
    world.end().await;
}

async fn put_at(storage: headwater_cloud::Storage, name: String) {
    storage
        .put(&path(&name), "text/plain", Bytes::from_static(b"x"), Precondition::None)
        .await
        .expect("written");
}

#[tokio::test]
async fn large_objects_stream() {
    let world = World::bare("stream", 1, &["Account"]).await;
    let storage = world.cloud.storage();
    let piece = Bytes::from((0..1 << 20).map(|byte: u32| (byte % 251) as u8).collect::<Vec<_>>());

    let mut upload = storage
        .upload(&path("large"), "application/octet-stream", Precondition::Absent)
        .await
        .expect("begun");
    for _ in 0..21 {
        upload.write(piece.clone()).await.expect("sent");
    }
    let object = upload.finish().await.expect("stored");
    assert_eq!(object.size, 21 << 20);

    let mut download = storage.download(&path("large"), 20 << 20).await.expect("begun");
    let mut bytes = Vec::new();
    while let Some(chunk) = download.next().await.expect("received") {
        bytes.extend_from_slice(&chunk);
    }
    assert!(bytes == piece[..], "the last piece");

    let mut upload = storage
        .upload(&path("large"), "text/plain", Precondition::Absent)
        .await
        .expect("begun");
    let mut failed = None;
    for _ in 0..21 {
        if let Err(error) = upload.write(piece.clone()).await {
            failed = Some(error);
            break;
        }
    }
    let error = match failed {
        Some(error) => error,
        None => upload.finish().await.expect_err("it exists"),
    };
    assert_eq!(error.kind(), Kind::PreconditionFailed, "{error:?}");

    let mut dropped = storage
        .upload(&path("dropped"), "text/plain", Precondition::None)
        .await
        .expect("begun");
    dropped.write(piece.clone()).await.expect("sent");
    drop(dropped);
    assert!(
        storage
            .stat(&path("dropped"))
            .await
            .optional()
            .expect("absence")
            .is_none()
    );
    world.end().await;
}

#[tokio::test]
async fn buckets_keep_what_a_patch_does_not_name() {
    let world = World::bare("buckets", 1, &["Account"]).await;
    let storage = world.cloud.storage();
    let bucket =
        json!({"name": "second", "location": "EU", "labels": {"a": "1", "b": "2"}, "versioning": {"enabled": true}});
    let made = storage.create_bucket(PROJECT, &bucket).await.expect("made");
    let taken = storage.create_bucket(PROJECT, &bucket).await.expect_err("taken");
    assert_eq!(taken.kind(), Kind::AlreadyExists);

    let generation = made["metageneration"].as_str().and_then(|text| text.parse().ok());
    let change = json!({"labels": {"a": null}});
    let changed = storage
        .patch_bucket("second", &change, generation)
        .await
        .expect("changed");
    assert_eq!(changed["labels"], json!({"b": "2"}));
    assert_eq!(changed["versioning"]["enabled"], true);
    let stale = storage
        .patch_bucket("second", &change, generation)
        .await
        .expect_err("stale");
    assert_eq!(stale.kind(), Kind::PreconditionFailed);
    world.end().await;
}

#[tokio::test]
async fn lost_answers_are_not_mistaken_for_others_work() {
    let world = World::bare("lost", 1, &["Account"]).await;
    let storage = world.cloud.storage();
    let lost = json!([
        {"method": "POST", "path_prefix": "/storage/v1/b", "action": "apply_then_drop"},
        {"method": "POST", "path_prefix": "/upload/storage/v1/b", "action": "apply_then_drop"},
        {"method": "DELETE", "path_prefix": "/storage/v1/b", "action": "apply_then_drop"},
        {"method": "GET", "path_prefix": "/storage/v1/b", "action": {"status": 503, "retry_after": 1}},
    ]);
    world.cloud_faults(lost).await;
    let bucket = json!({"name": "fresh", "location": "EU"});
    storage
        .create_bucket(PROJECT, &bucket)
        .await
        .expect("ours, though the answer was lost");
    let bytes = Bytes::from_static(b"ours");
    let made = storage
        .put(&path("x"), "text/plain", bytes, Precondition::Absent)
        .await
        .expect("ours, too");
    assert_eq!(
        storage.get(&path("x")).await.expect("the object").generation,
        made.generation
    );
    storage
        .delete(&path("x"), Precondition::Generation(made.generation))
        .await
        .expect("gone is gone");
    world.assert_struck().await;

    // Somebody else's object stays somebody else's, whatever was lost.
    storage
        .put(
            &path("y"),
            "text/plain",
            Bytes::from_static(b"theirs"),
            Precondition::None,
        )
        .await
        .expect("written");
    let unavailable = json!([{"method": "POST", "path_prefix": "/upload/storage/v1/b", "action": {"status": 503}}]);
    world.cloud_faults(unavailable).await;
    let error = storage
        .put(
            &path("y"),
            "text/plain",
            Bytes::from_static(b"ours"),
            Precondition::Absent,
        )
        .await;
    assert_eq!(error.expect_err("theirs").kind(), Kind::PreconditionFailed);
    world.assert_struck().await;
    world.end().await;
}
