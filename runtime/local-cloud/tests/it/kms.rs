//! Cloud KMS.

use headwater_local_cloud::LocalCloud;
use serde_json::{Value, json};

use crate::harness::{Client, Local, options};

const RINGS: &str = "/v1/projects/p/locations/us/keyRings";
const KEYS: &str = "/v1/projects/p/locations/us/keyRings/r/cryptoKeys";

async fn ring_and_key(client: &Client) {
    let ring = client.json("POST", &format!("{RINGS}?keyRingId=r"), json!({})).await;
    assert_eq!(ring.expect(200).json()["name"], "projects/p/locations/us/keyRings/r");
    let body = json!({"purpose": "ENCRYPT_DECRYPT", "labels": {"team": "data"}});
    let key = client.json("POST", &format!("{KEYS}?cryptoKeyId=k"), body).await;
    let key = key.expect(200).json();
    assert_eq!(
        (
            &key["primary"]["state"],
            &key["labels"]["team"],
            &key["destroyScheduledDuration"]
        ),
        (&json!("ENABLED"), &json!("data"), &json!("2592000s"))
    );
}

async fn encrypt(client: &Client, at: &str, body: Value) -> String {
    let answer = client
        .json("POST", &format!("{KEYS}/{at}:encrypt"), body)
        .await
        .expect(200)
        .json();
    answer["ciphertext"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_a_key_encrypts_it_decrypts_also_after_a_restart() {
    let Local { cloud, client, dir } = Local::start().await;
    ring_and_key(&client).await;
    let first = encrypt(&client, "k", json!({"plaintext": "aGVsbG8="})).await;
    let bound = encrypt(
        &client,
        "k",
        json!({"plaintext": "aGVsbG8=", "additionalAuthenticatedData": "YQ=="}),
    )
    .await;
    let second = client
        .json("POST", &format!("{KEYS}/k/cryptoKeyVersions"), json!({}))
        .await
        .expect(200)
        .json();
    assert!(
        second["name"].as_str().unwrap().ends_with("/cryptoKeyVersions/2"),
        "{second}"
    );
    let by_second = encrypt(&client, "k/cryptoKeyVersions/2", json!({"plaintext": ""})).await;
    cloud.shutdown().await;

    let cloud = LocalCloud::start(options(dir.path(), "/bin/true".into()))
        .await
        .unwrap();
    let client = Client::new(cloud.base_url());
    let decrypt = format!("{KEYS}/k:decrypt");
    for (body, expected) in [
        (json!({"ciphertext": first}), Some(("aGVsbG8=", true))),
        (json!({"ciphertext": by_second}), Some(("", false))),
        (
            json!({"ciphertext": bound, "additionalAuthenticatedData": "YQ=="}),
            Some(("aGVsbG8=", true)),
        ),
        (json!({"ciphertext": bound}), None),
        (json!({"ciphertext": "AAAA"}), None),
        (json!({"ciphertext": first, "ciphertextCrc32c": "1"}), None),
    ] {
        let answer = client.json("POST", &decrypt, body.clone()).await;
        match expected {
            Some((plaintext, primary)) => {
                let answer = answer.expect(200).json();
                assert_eq!(
                    (answer["plaintext"].as_str(), answer["usedPrimary"].as_bool()),
                    (Some(plaintext), Some(primary)),
                    "{body}"
                );
            }
            None => assert_eq!(answer.status, 400, "{body}: {}", answer.text()),
        }
    }
    cloud.shutdown().await;
}

#[tokio::test]
async fn versions_are_disabled_destroyed_and_restored() {
    let local = Local::start().await;
    ring_and_key(&local).await;
    let sealed = encrypt(&local, "k", json!({"plaintext": "aGVsbG8="})).await;
    let version = format!("{KEYS}/k/cryptoKeyVersions/1");
    let decrypts = async || {
        let body = json!({"ciphertext": sealed});
        local.json("POST", &format!("{KEYS}/k:decrypt"), body).await
    };
    let state = async |to: &str| {
        local
            .json("PATCH", &format!("{version}?updateMask=state"), json!({"state": to}))
            .await
    };
    assert_eq!(state("DISABLED").await.expect(200).json()["state"], "DISABLED");
    let refused = decrypts().await.expect(400);
    assert!(
        refused.text().contains("current state is: DISABLED"),
        "{}",
        refused.text()
    );
    let refused = local
        .json("POST", &format!("{KEYS}/k:encrypt"), json!({"plaintext": ""}))
        .await;
    assert_eq!(refused.expect(400).json()["error"]["status"], "FAILED_PRECONDITION");
    state("ENABLED").await.expect(200);
    decrypts().await.expect(200);
    let verb = async |verb: &str| local.json("POST", &format!("{version}:{verb}"), json!({})).await;
    let destroyed = verb("destroy").await.expect(200).json();
    assert_eq!(destroyed["state"], "DESTROY_SCHEDULED");
    assert!(destroyed["destroyTime"].is_string(), "{destroyed}");
    verb("destroy").await.expect(400);
    assert_eq!(verb("restore").await.expect(200).json()["state"], "DISABLED");
    verb("restore").await.expect(400);
    state("ENABLED").await.expect(200);
    decrypts().await.expect(200);

    let made = local
        .json("POST", &format!("{KEYS}/k/cryptoKeyVersions"), json!({}))
        .await;
    made.expect(200);
    let primary = json!({"cryptoKeyVersionId": "2"});
    let key = local
        .json("POST", &format!("{KEYS}/k:updatePrimaryVersion"), primary)
        .await;
    let key = key.expect(200).json();
    assert!(key["primary"]["name"].as_str().unwrap().ends_with("/2"), "{key}");
    assert_eq!(decrypts().await.expect(200).json()["usedPrimary"], false);
    let all = local
        .get(&format!("{KEYS}/k/cryptoKeyVersions"))
        .await
        .expect(200)
        .json();
    assert_eq!(all["totalSize"], 2);
}

#[tokio::test]
async fn what_is_refused() {
    let local = Local::start().await;
    ring_and_key(&local).await;
    let symmetric = json!({"purpose": "ENCRYPT_DECRYPT"});
    for (path, body, status) in [
        (format!("{RINGS}?keyRingId=r"), json!({}), 409),
        (format!("{RINGS}?keyRingId=a.b"), json!({}), 400),
        (RINGS.to_owned(), json!({}), 400),
        (format!("{KEYS}?cryptoKeyId=k"), symmetric.clone(), 409),
        (format!("{KEYS}?cryptoKeyId=l"), json!({}), 400),
        (format!("{KEYS}?cryptoKeyId=l"), json!({"purpose": "MAC"}), 501),
        (
            format!("{KEYS}?cryptoKeyId=l"),
            json!({"purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "86400s"}),
            501,
        ),
        (format!("{RINGS}/none/cryptoKeys?cryptoKeyId=l"), symmetric, 404),
        (format!("{KEYS}/none:encrypt"), json!({"plaintext": ""}), 404),
        (
            format!("{KEYS}/k/cryptoKeyVersions/7:encrypt"),
            json!({"plaintext": ""}),
            404,
        ),
        (
            format!("{KEYS}/k:encrypt"),
            json!({"plaintext": "YQ==", "plaintextCrc32c": "1"}),
            400,
        ),
        (format!("{KEYS}/k:encrypt"), json!({"plaintext": "?"}), 400),
        (
            format!("{KEYS}/k:updatePrimaryVersion"),
            json!({"cryptoKeyVersionId": "7"}),
            404,
        ),
    ] {
        let reply = local.json("POST", &path, body).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
    }
    for path in [format!("{RINGS}/none"), format!("{KEYS}/none")] {
        local.get(&path).await.expect(404);
    }
}

#[tokio::test]
async fn bigquery_wraps_keysets_by_its_keys() {
    let local = Local::start().await;
    ring_and_key(&local).await;
    let query = async |sql: &str| {
        let body = json!({"query": sql, "useLegacySql": false});
        local.json("POST", "/bigquery/v2/projects/p/queries", body).await
    };
    let name = "gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k";
    let made = query(&format!("SELECT KEYS.NEW_WRAPPED_KEYSET('{name}', 'AEAD_AES_GCM_256')")).await;
    let wrapped = made.expect(200).json()["rows"][0]["f"][0]["v"]
        .as_str()
        .unwrap()
        .to_owned();
    // What is wrapped is a keyset of Tink's, as KMS tells.
    let opened = local
        .json("POST", &format!("{KEYS}/k:decrypt"), json!({"ciphertext": wrapped}))
        .await
        .expect(200)
        .json();
    let keyset = opened["plaintext"].as_str().unwrap();
    let chain = format!("KEYS.KEYSET_CHAIN('{name}', FROM_BASE64('{wrapped}'))");
    let sql = format!("SELECT AEAD.DECRYPT_STRING(FROM_BASE64('{keyset}'), AEAD.ENCRYPT({chain}, 'zebra', 'x'), 'x')");
    assert_eq!(query(&sql).await.expect(200).json()["rows"][0]["f"][0]["v"], "zebra");
    let body = json!({"state": "DISABLED"});
    let version = format!("{KEYS}/k/cryptoKeyVersions/1?updateMask=state");
    local.json("PATCH", &version, body).await.expect(200);
    let refused = query(&format!("SELECT AEAD.ENCRYPT({chain}, 'zebra', 'x')")).await;
    assert!(
        refused.text().contains("is not enabled, current state is: DISABLED"),
        "{}",
        refused.text()
    );
}
