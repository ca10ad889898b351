//! A server of one's own per test, over a temporary directory, and a client for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_local_bigquery::{BigQuery, KeyService, ObjectStore, Options, StoredObject};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// Buckets as directories.
pub struct Buckets(pub PathBuf);

impl ObjectStore for Buckets {
    fn list(&self, bucket: &str, prefix: &str) -> std::io::Result<Vec<StoredObject>> {
        let mut out = Vec::new();
        for entry in std::fs::read_dir(self.0.join(bucket))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(prefix) {
                out.push(StoredObject {
                    name,
                    size: entry.metadata()?.len(),
                    path: entry.path(),
                });
            }
        }
        out.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(out)
    }

    fn put(&self, bucket: &str, name: &str, path: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(self.0.join(bucket))?;
        std::fs::copy(path, self.0.join(bucket).join(name)).map(drop)
    }
}

/// What a server may take, in megabytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub memory: u64,
    pub spill: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 512,
            spill: None,
        }
    }
}

/// Two keys that seal nothing: what they encrypt begins with their name.
pub struct Keys;

impl KeyService for Keys {
    fn encrypt(&self, key: &str, plaintext: &[u8]) -> Result<Vec<u8>, String> {
        let ring = "projects/p/locations/us/keyRings/r/cryptoKeys";
        if ![format!("{ring}/k"), format!("{ring}/l")].contains(&key.to_owned()) {
            return Err(format!("CryptoKey {key} not found."));
        }
        Ok([key.as_bytes(), b" ", plaintext].concat())
    }

    fn decrypt(&self, key: &str, ciphertext: &[u8]) -> Result<Vec<u8>, String> {
        let start = self.encrypt(key, b"")?;
        let rest = ciphertext.strip_prefix(start.as_slice()).map(<[u8]>::to_vec);
        rest.ok_or_else(|| "Decryption failed: verify that 'name' refers to the correct CryptoKey.".into())
    }
}

/// Opens the warehouse of a directory and serves it.
pub async fn serve(dir: &Path, limits: Limits) -> (Arc<BigQuery>, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let bigquery = BigQuery::open(Options {
        data_dir: dir.to_owned(),
        base_url: base.clone(),
        objects: Arc::new(Buckets(dir.join("buckets"))),
        keys: Arc::new(Keys),
        memory_limit_mb: limits.memory,
        spill_limit_mb: limits.spill,
    })
    .unwrap();
    let router = bigquery.router().merge(bigquery.grpc());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Arc::new(bigquery), base)
}

pub struct Api {
    pub dir: tempfile::TempDir,
    pub base: String,
    client: Client,
    _bigquery: Arc<BigQuery>,
}

impl Api {
    pub async fn start() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("buckets/lake")).unwrap();
        let (bigquery, base) = serve(dir.path(), Limits::default()).await;
        let api = Self {
            dir,
            base,
            client: Client::new(),
            _bigquery: bigquery,
        };
        let body = json!({"datasetReference": {"datasetId": "d"}});
        assert_eq!(api.call(Method::POST, "datasets", Some(body)).await.0, StatusCode::OK);
        api
    }

    pub fn object(&self, name: &str) -> PathBuf {
        self.dir.path().join("buckets/lake").join(name)
    }

    /// Any call below the project `p`.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.call_with(method, path, body, &[]).await
    }

    pub async fn call_with(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> (StatusCode, Value) {
        let url = format!("{}/bigquery/v2/projects/p/{path}", self.base);
        let mut request = self.client.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await.1
    }

    /// A query's answer; panics with BigQuery's message when it is refused.
    pub async fn query(&self, sql: &str) -> Value {
        let (status, answer) = self.try_query(sql).await;
        assert_eq!(status, StatusCode::OK, "{sql}: {answer}");
        answer
    }

    pub async fn try_query(&self, sql: &str) -> (StatusCode, Value) {
        let body = json!({"query": sql, "useLegacySql": false, "timeoutMs": 60_000, "formatOptions": {"useInt64Timestamp": true}});
        self.call(Method::POST, "queries", Some(body)).await
    }

    /// A query's rows as plain arrays.
    pub async fn rows(&self, sql: &str) -> Value {
        plain(&self.query(sql).await["rows"])
    }

    /// Inserts a job and waits until it is done.
    pub async fn job(&self, id: &str, configuration: Value) -> Value {
        let body = json!({"jobReference": {"jobId": id}, "configuration": configuration});
        let (status, doc) = self.call(Method::POST, "jobs", Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{doc}");
        assert_ne!(
            doc["status"]["state"], "DONE",
            "jobs.insert answers before the work is done"
        );
        self.done(id).await
    }

    pub async fn done(&self, id: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let doc = self.get(&format!("jobs/{id}")).await;
            if doc["status"]["state"] == "DONE" {
                return doc;
            }
            assert!(Instant::now() < deadline, "the job {id} is not done in time: {doc}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn load(&self, id: &str, table: &str, mut settings: Value) -> Value {
        settings["destinationTable"] = json!({"datasetId": "d", "tableId": table});
        self.job(id, json!({"load": settings})).await
    }
}

/// Rows without their `f` and `v`.
pub fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.get("f").or_else(|| map.get("v")).map_or(Value::Null, plain),
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        other => other.clone(),
    }
}
