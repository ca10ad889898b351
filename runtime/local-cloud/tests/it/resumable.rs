//! Resumable uploads, byte by byte.

use serde_json::json;

use crate::harness::{Local, Reply};

const GRANULE: usize = 256 << 10;

async fn begin(local: &Local, query: &str) -> String {
    let path = format!("/upload/storage/v1/b/bkt/o?uploadType=resumable&name=o{query}");
    // The Host header is not to be believed: Google's own clients send it without the port.
    let begun = local
        .send(local.request("POST", &path).header("host", "nowhere").json(&json!({})))
        .await
        .expect(200);
    let location = begun.header("location").to_owned();
    assert!(location.starts_with(&local.base), "{location}");
    location
}

async fn chunk(local: &Local, location: &str, range: &str, bytes: &[u8]) -> Reply {
    local
        .send(
            local
                .request("PUT", location)
                .header("content-range", range)
                .body(bytes.to_vec()),
        )
        .await
}

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

#[tokio::test]
async fn chunks_arrive_in_any_portions() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    let total = 2 * GRANULE + 100;
    let all = body(total);
    let location = begin(&local, "&ifGenerationMatch=0").await;
    let state = |range: &str| format!("bytes={range}");

    let nothing = chunk(&local, &location, "bytes */*", b"").await.expect(308);
    assert_eq!(nothing.header("range"), "");
    let first = chunk(
        &local,
        &location,
        &format!("bytes 0-{}/*", GRANULE - 1),
        &all[..GRANULE],
    )
    .await
    .expect(308);
    assert_eq!(first.header("range"), state(&format!("0-{}", GRANULE - 1)));
    chunk(
        &local,
        &location,
        &format!("bytes {}-{}/{total}", 2 * GRANULE, total - 1),
        &all[2 * GRANULE..],
    )
    .await
    .expect(400);
    chunk(
        &local,
        &location,
        &format!("bytes {GRANULE}-{}/*", GRANULE + 9),
        &all[GRANULE..GRANULE + 10],
    )
    .await
    .expect(400);
    chunk(&local, &location, "bytes nonsense", b"").await.expect(400);
    let asked = chunk(&local, &location, &format!("bytes */{total}"), b"")
        .await
        .expect(308);
    assert_eq!(asked.header("range"), state(&format!("0-{}", GRANULE - 1)));
    // What is already there may come again.
    let again = chunk(
        &local,
        &location,
        &format!("bytes 0-{}/{total}", 2 * GRANULE - 1),
        &all[..2 * GRANULE],
    )
    .await
    .expect(308);
    assert_eq!(again.header("range"), state(&format!("0-{}", 2 * GRANULE - 1)));
    let last = chunk(
        &local,
        &location,
        &format!("bytes {}-{}/{total}", 2 * GRANULE, total - 1),
        &all[2 * GRANULE..],
    )
    .await;
    let object = last.expect(200).json();
    assert_eq!(object["size"], total.to_string());
    assert_eq!(local.get("/storage/v1/b/bkt/o/o?alt=media").await.bytes, all);
    // The answer may have been lost: asking again gives it again.
    for range in [
        format!("bytes */{total}"),
        format!("bytes {}-{}/{total}", 2 * GRANULE, total - 1),
    ] {
        assert_eq!(
            chunk(&local, &location, &range, &all[2 * GRANULE..])
                .await
                .expect(200)
                .json()["generation"],
            object["generation"]
        );
    }
}

#[tokio::test]
async fn one_request_or_an_unknown_length_or_nothing() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    let location = begin(&local, "").await;
    local
        .send(local.request("PUT", &location).body("whole"))
        .await
        .expect(200);
    assert_eq!(local.get("/storage/v1/b/bkt/o/o?alt=media").await.text(), "whole");

    let location = begin(&local, "").await;
    chunk(&local, &location, &format!("bytes 0-{}/*", GRANULE - 1), &body(GRANULE))
        .await
        .expect(308);
    // The length turns out to be what has arrived.
    chunk(&local, &location, &format!("bytes */{GRANULE}"), b"")
        .await
        .expect(200);

    let location = begin(&local, "").await;
    assert_eq!(
        chunk(&local, &location, "bytes */0", b"").await.expect(200).json()["size"],
        "0"
    );
}

#[tokio::test]
async fn uploads_end_as_they_should() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    let location = begin(&local, "").await;
    local.send(local.request("DELETE", &location)).await.expect(499);
    chunk(&local, &location, "bytes */*", b"").await.expect(404);

    // The precondition held at the beginning and does not at the end.
    let location = begin(&local, "&ifGenerationMatch=0").await;
    local.put("bkt", "o", "", "meanwhile").await.expect(200);
    local
        .send(local.request("PUT", &location).body("late"))
        .await
        .expect(412);
    chunk(&local, &location, "bytes */*", b"").await.expect(404);
    assert_eq!(local.get("/storage/v1/b/bkt/o/o?alt=media").await.text(), "meanwhile");
    let refused = local.request(
        "POST",
        "/upload/storage/v1/b/bkt/o?uploadType=resumable&name=o&ifGenerationMatch=0",
    );
    local.send(refused.json(&json!({}))).await.expect(412);

    let location = begin(&local, "").await;
    local
        .send(
            local
                .request("PUT", &location)
                .header("x-goog-hash", "crc32c=AAAAAA==")
                .body("wrong"),
        )
        .await
        .expect(400);
    assert_eq!(local.get("/storage/v1/b/bkt/o/o?alt=media").await.text(), "meanwhile");
    let left = std::fs::read_dir(local.dir.path().join("data/partial"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
}
