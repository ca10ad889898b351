//! Objects: preconditions, ranges, listing, versions, what is made of other objects.

use serde_json::{Value, json};

use crate::harness::Local;

#[tokio::test]
async fn preconditions_decide() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    let first = local
        .put("bkt", "o", "&ifGenerationMatch=0", "one")
        .await
        .expect(200)
        .json();
    let generation = first["generation"].as_str().unwrap().to_owned();
    let g = generation.as_str();
    for (method, query, status) in [
        ("POST", "ifGenerationMatch=0", 412),
        ("POST", "ifGenerationMatch=7", 412),
        ("POST", &format!("ifGenerationNotMatch={g}"), 412),
        ("POST", "ifMetagenerationMatch=2", 412),
        ("GET", &format!("ifGenerationMatch={g}"), 200),
        ("GET", "ifGenerationMatch=7", 412),
        ("GET", &format!("ifGenerationNotMatch={g}"), 304),
        ("GET", "ifMetagenerationNotMatch=1", 304),
        ("GET", "ifMetagenerationMatch=1&ifGenerationNotMatch=7", 200),
        ("GET", "generation=7", 404),
        ("GET", &format!("generation={g}&alt=media"), 200),
        ("GET", "alt=media&ifGenerationMatch=7", 412),
        ("GET", "ifGenerationMatch=x", 400),
        ("PATCH", "ifMetagenerationMatch=9", 412),
        ("DELETE", "ifGenerationMatch=7", 412),
    ] {
        let reply = match method {
            "POST" => local.put("bkt", "o", &format!("&{query}"), "two").await,
            "PATCH" => {
                local
                    .json("PATCH", &format!("/storage/v1/b/bkt/o/o?{query}"), json!({}))
                    .await
            }
            _ => {
                local
                    .send(local.request(method, &format!("/storage/v1/b/bkt/o/o?{query}")))
                    .await
            }
        };
        assert_eq!(reply.status, status, "{method} {query}: {}", reply.text());
        if status == 412 && !query.contains("alt=media") {
            assert_eq!(
                reply.json()["error"]["errors"][0]["reason"],
                "conditionNotMet",
                "{method} {query}"
            );
        }
    }
    let second = local
        .put("bkt", "o", &format!("&ifGenerationMatch={g}"), "two")
        .await
        .expect(200)
        .json();
    assert!(second["generation"].as_str().unwrap() > g, "generations rise");
    let patched = local
        .json("PATCH", "/storage/v1/b/bkt/o/o", json!({"metadata": {"k": "v"}}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&patched["metageneration"], &patched["generation"]),
        (&json!("2"), &second["generation"])
    );
    local
        .delete("/storage/v1/b/bkt/o/o?ifMetagenerationMatch=2")
        .await
        .expect(204);
    assert_eq!(
        local.get("/storage/v1/b/bkt/o/o?alt=media").await.expect(404).text(),
        "No such object: bkt/o"
    );
}

#[tokio::test]
async fn of_many_writers_with_the_same_precondition_one_wins() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    let writers = (0..16).map(|n| {
        let client = local.client.clone();
        async move {
            client
                .put("bkt", "lease", "&ifGenerationMatch=0", format!("{n}"))
                .await
                .status
        }
    });
    let mut statuses = futures::future::join_all(writers).await;
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15);
}

#[tokio::test]
async fn bodies_come_back_whole_and_in_ranges() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    let made = local.put("bkt", "o", "", "0123456789").await.expect(200).json();
    assert_eq!((&made["size"], &made["crc32c"]), (&json!("10"), &json!("KAwGng==")));
    assert_eq!(made["md5Hash"], "eB5eJF1ptWaXm4bijSPyxw==");
    for (range, status, content_range, body) in [
        ("bytes=2-4", 206, "bytes 2-4/10", "234"),
        ("bytes=7-", 206, "bytes 7-9/10", "789"),
        ("bytes=-2", 206, "bytes 8-9/10", "89"),
        ("bytes=4-99", 206, "bytes 4-9/10", "456789"),
        ("bytes=10-", 416, "bytes */10", "Request range not satisfiable"),
        ("bytes=0-1,3-4", 200, "", "0123456789"),
    ] {
        for path in [
            "/storage/v1/b/bkt/o/o?alt=media",
            "/download/storage/v1/b/bkt/o/o?alt=media",
        ] {
            let reply = local.send(local.request("GET", path).header("range", range)).await;
            assert_eq!(
                (reply.status, reply.header("content-range")),
                (status, content_range),
                "{range}"
            );
            assert_eq!(reply.text(), body, "{range}");
        }
    }
    let whole = local.get("/storage/v1/b/bkt/o/o?alt=media").await.expect(200);
    assert_eq!(
        whole.header("x-goog-hash"),
        "crc32c=KAwGng==,md5=eB5eJF1ptWaXm4bijSPyxw=="
    );
    assert_eq!(whole.header("x-goog-generation"), made["generation"].as_str().unwrap());
    assert_eq!(
        (whole.header("content-type"), whole.header("content-length")),
        ("text/plain", "10")
    );
}

#[tokio::test]
async fn multipart_uploads_check_what_they_are_told() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    let upload = |resource: Value, media: &str| {
        let body = format!(
            "--x\r\nContent-Type: application/json\r\n\r\n{resource}\r\n--x\r\nContent-Type: text/csv\r\n\r\n{media}\r\n--x--"
        );
        local.send(
            local
                .request("POST", "/upload/storage/v1/b/bkt/o?uploadType=multipart")
                .header("content-type", "multipart/related; boundary=\"x\"")
                .body(body),
        )
    };
    let made = upload(
        json!({"name": "a/b c", "metadata": {"k": "v"}, "crc32c": "KAwGng=="}),
        "0123456789",
    )
    .await;
    let made = made.expect(200).json();
    assert_eq!(
        (&made["contentType"], &made["metadata"]["k"]),
        (&json!("text/csv"), &json!("v"))
    );
    assert_eq!(
        local
            .get("/storage/v1/b/bkt/o/a%2Fb%20c?alt=media")
            .await
            .expect(200)
            .text(),
        "0123456789"
    );
    for wrong in [
        json!({"name": "w", "crc32c": "AAAAAA=="}),
        json!({"name": "w", "md5Hash": "AAAA"}),
    ] {
        let refused = upload(wrong, "0123456789").await.expect(400).json();
        assert!(
            refused["error"]["message"]
                .as_str()
                .unwrap()
                .contains("doesn't match calculated"),
            "{refused}"
        );
    }
    let hash = local
        .request("POST", "/upload/storage/v1/b/bkt/o?uploadType=media&name=w")
        .header("x-goog-hash", "md5=AAAA");
    local.send(hash.body("x")).await.expect(400);
    upload(json!({"name": "line\nend"}), "").await.expect(400);
    local.get("/storage/v1/b/bkt/o/w").await.expect(404);
    let left = std::fs::read_dir(local.dir.path().join("data/partial"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "what was refused leaves nothing");
}

async fn names(local: &Local, query: &str) -> (Vec<String>, Vec<String>) {
    let (mut items, mut prefixes, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = local
            .get(&format!("/storage/v1/b/bkt/o?{query}{token}"))
            .await
            .expect(200)
            .json();
        let texts = |value: &Value, field: Option<&str>| -> Vec<String> {
            let list = value.as_array().cloned().unwrap_or_default();
            list.iter()
                .map(|v| field.map_or(v, |f| &v[f]).as_str().unwrap().to_owned())
                .collect()
        };
        items.extend(texts(&page["items"], Some("name")));
        prefixes.extend(texts(&page["prefixes"], None));
        match page["nextPageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => return (items, prefixes),
        }
    }
}

#[tokio::test]
async fn listings() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    local.bucket("bkt2").await;
    local.put("bkt2", "elsewhere", "", "").await.expect(200);
    for name in ["a", "d/", "d/1", "d/2", "d/e/3", "d0", "f/1.csv", "z"] {
        local.put("bkt", &name.replace('/', "%2F"), "", name).await.expect(200);
    }
    for (query, items, prefixes) in [
        ("", "a d/ d/1 d/2 d/e/3 d0 f/1.csv z", ""),
        ("prefix=d/", "d/ d/1 d/2 d/e/3", ""),
        ("delimiter=/", "a d0 z", "d/ f/"),
        ("prefix=d/&delimiter=/", "d/ d/1 d/2", "d/e/"),
        ("prefix=d&delimiter=/", "d0", "d/"),
        ("delimiter=/&includeTrailingDelimiter=true", "a d/ d0 z", "d/ f/"),
        ("startOffset=d/2&endOffset=f", "d/2 d/e/3 d0", ""),
        ("delimiter=/&startOffset=d/2", "d0 z", "d/ f/"),
        ("matchGlob=**.csv", "f/1.csv", ""),
        ("matchGlob=d/*", "d/ d/1 d/2", ""),
        ("prefix=none", "", ""),
        (
            "delimiter=/&includeFoldersAsPrefixes=True&maxResults=&pageToken=",
            "a d0 z",
            "d/ f/",
        ),
    ] {
        for size in [1, 2, 3, 1000] {
            let query = format!("{query}&maxResults={size}");
            let (found, folded) = names(&local, &query).await;
            assert_eq!(
                (found.join(" ").as_str(), folded.join(" ").as_str()),
                (items, prefixes),
                "{query}"
            );
        }
    }
    let partial = local
        .get("/storage/v1/b/bkt/o?prefix=a&fields=items(name,size),nextPageToken")
        .await
        .json();
    assert_eq!(partial, json!({"items": [{"name": "a", "size": "1"}]}));
}

#[tokio::test]
async fn versions_are_kept_where_the_bucket_says_so() {
    let local = Local::start().await;
    local
        .json(
            "POST",
            "/storage/v1/b?project=p",
            json!({"name": "bkt", "versioning": {"enabled": true}}),
        )
        .await
        .expect(200);
    let first = local.put("bkt", "o", "", "one").await.json()["generation"]
        .as_str()
        .unwrap()
        .to_owned();
    local.put("bkt", "o", "", "two").await.expect(200);
    local.delete("/storage/v1/b/bkt/o/o").await.expect(204);
    local.get("/storage/v1/b/bkt/o/o").await.expect(404);
    assert_eq!(
        local
            .get(&format!("/storage/v1/b/bkt/o/o?alt=media&generation={first}"))
            .await
            .expect(200)
            .text(),
        "one"
    );
    local.put("bkt", "o", "&ifGenerationMatch=0", "three").await.expect(200);
    let listed = local.get("/storage/v1/b/bkt/o?versions=true").await.json()["items"]
        .as_array()
        .unwrap()
        .clone();
    let dead: Vec<bool> = listed.iter().map(|object| !object["timeDeleted"].is_null()).collect();
    assert_eq!(dead, [true, true, false]);
    local.delete("/storage/v1/b/bkt").await.expect(409);
    for object in listed {
        local
            .delete(&format!(
                "/storage/v1/b/bkt/o/o?generation={}",
                object["generation"].as_str().unwrap()
            ))
            .await
            .expect(204);
    }
    local.delete("/storage/v1/b/bkt").await.expect(204);
}

#[tokio::test]
async fn objects_of_objects() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    let made = local.put("bkt", "one", "", "1111").await.json();
    local.put("bkt", "two", "", "22").await.expect(200);
    let composed = json!({"sourceObjects": [{"name": "one", "objectPreconditions": {"ifGenerationMatch": made["generation"]}},
        {"name": "two"}], "destination": {"contentType": "x/y"}});
    let made_of = local
        .json("POST", "/storage/v1/b/bkt/o/c/compose", composed)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&made_of["componentCount"], &made_of["md5Hash"]),
        (&json!(2), &Value::Null)
    );
    assert_eq!(local.get("/storage/v1/b/bkt/o/c?alt=media").await.text(), "111122");
    let many: Vec<Value> = (0..33).map(|_| json!({"name": "one"})).collect();
    local
        .json("POST", "/storage/v1/b/bkt/o/c/compose", json!({"sourceObjects": many}))
        .await
        .expect(400);

    let rewritten = local
        .json("POST", "/storage/v1/b/bkt/o/one/rewriteTo/b/bkt/o/r", json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&rewritten["done"], &rewritten["resource"]["md5Hash"]),
        (&json!(true), &made["md5Hash"])
    );
    local
        .json(
            "POST",
            "/storage/v1/b/bkt/o/one/copyTo/b/bkt/o/r?ifGenerationMatch=0",
            json!({}),
        )
        .await
        .expect(412);
    local
        .json(
            "POST",
            "/storage/v1/b/bkt/o/one/copyTo/b/bkt/o/k?ifSourceGenerationMatch=7",
            json!({}),
        )
        .await
        .expect(412);
    local.delete("/storage/v1/b/bkt/o/one").await.expect(204);
    assert_eq!(
        local.get("/storage/v1/b/bkt/o/r?alt=media").await.expect(200).text(),
        "1111",
        "a copy outlives its source"
    );
    local
        .json("POST", "/storage/v1/b/bkt/o/r/moveTo/o/m", json!({}))
        .await
        .expect(200);
    local.get("/storage/v1/b/bkt/o/r").await.expect(404);
    assert_eq!(
        local.get("/storage/v1/b/bkt/o/m?alt=media").await.expect(200).text(),
        "1111"
    );
}

#[tokio::test]
async fn batches_hold_many_calls() {
    let local = Local::start().await;
    local.bucket("bkt").await;
    local.put("bkt", "x", "", "1").await.expect(200);
    let part = |id: u32, call: &str| {
        format!("--q\r\nContent-Type: application/http\r\nContent-ID: <i+{id}>\r\n\r\n{call}\r\n\r\n\r\n")
    };
    let body = [
        part(1, "DELETE /storage/v1/b/bkt/o/x HTTP/1.1"),
        part(2, "DELETE /storage/v1/b/bkt/o/x HTTP/1.1"),
        part(3, "GET /storage/v1/b/bkt?fields=name HTTP/1.1"),
        "--q--".to_owned(),
    ];
    let request = local
        .request("POST", "/batch/storage/v1")
        .header("content-type", "multipart/mixed; boundary=q");
    let text = local.send(request.body(body.concat())).await.expect(200).text();
    for expected in [
        "<response-i+1>",
        "HTTP/1.1 204",
        "HTTP/1.1 404",
        "HTTP/1.1 200 OK",
        "{\"name\":\"bkt\"}",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[tokio::test]
async fn holds_and_retention_keep_objects() {
    let local = Local::start().await;
    let policy = json!({"name": "bkt", "retentionPolicy": {"retentionPeriod": "3600"}});
    local.json("POST", "/storage/v1/b?project=p", policy).await.expect(200);
    local.put("bkt", "o", "", "1").await.expect(200);
    let kept = local.delete("/storage/v1/b/bkt/o/o").await.expect(403).json();
    assert_eq!(kept["error"]["errors"][0]["reason"], "retentionPolicyNotMet");
    local
        .json("PATCH", "/storage/v1/b/bkt", json!({"retentionPolicy": null}))
        .await
        .expect(200);
    local
        .json("PATCH", "/storage/v1/b/bkt/o/o", json!({"temporaryHold": true}))
        .await
        .expect(200);
    let held = local.put("bkt", "o", "", "2").await.expect(403).json();
    assert_eq!(held["error"]["errors"][0]["reason"], "objectUnderActiveHold");
    local
        .json("PATCH", "/storage/v1/b/bkt/o/o", json!({"temporaryHold": false}))
        .await
        .expect(200);
    local.delete("/storage/v1/b/bkt/o/o").await.expect(204);
}

#[tokio::test]
async fn gzip_is_unpacked_on_the_way_in_and_out() {
    use std::io::Write;
    let local = Local::start().await;
    local.bucket("bkt").await;
    let pack = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let request = local
        .request("POST", "/storage/v1/b?project=p")
        .header("content-encoding", "gzip");
    local
        .send(request.body(pack(br#"{"name": "packed"}"#)))
        .await
        .expect(200);
    local.get("/storage/v1/b/packed").await.expect(200);

    local
        .put("bkt", "o", "&contentEncoding=gzip", pack(b"unpacked"))
        .await
        .expect(200);
    let path = "/storage/v1/b/bkt/o/o?alt=media";
    let plain = local
        .send(local.request("GET", path).header("accept-encoding", "identity"))
        .await
        .expect(200);
    assert_eq!(
        (plain.text().as_str(), plain.header("x-goog-stored-content-encoding")),
        ("unpacked", "gzip")
    );
    let packed = local
        .http
        .get(format!("{}{path}", local.base))
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
}
