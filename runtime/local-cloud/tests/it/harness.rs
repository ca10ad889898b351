//! A local cloud in a temporary directory, and a plain HTTP client for it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headwater_local_cloud::{LocalCloud, Options};
use reqwest::header::HeaderMap;
use serde_json::Value;
use tempfile::TempDir;

/// What was answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e} in {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Fails unless the status is the given one.
    pub fn expect(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A client of one server.
#[derive(Clone)]
pub struct Client {
    pub base: String,
    pub http: reqwest::Client,
}

impl Client {
    pub fn new(base: &str) -> Client {
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
        Client {
            base: base.to_owned(),
            http,
        }
    }

    /// A request; `path` may be a whole URL.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        self.http.request(method.parse().unwrap(), url)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        self.try_send(request).await.unwrap()
    }

    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?.to_vec();
        Ok(Reply { status, headers, bytes })
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request("DELETE", path)).await
    }

    pub async fn json(&self, method: &str, path: &str, body: Value) -> Reply {
        self.send(self.request(method, path).json(&body)).await
    }

    /// A bucket in the project `p`.
    pub async fn bucket(&self, name: &str) {
        self.json("POST", "/storage/v1/b?project=p", serde_json::json!({ "name": name }))
            .await
            .expect(200);
    }

    /// A simple upload.
    pub async fn put(&self, bucket: &str, name: &str, query: &str, body: impl Into<reqwest::Body>) -> Reply {
        let path = format!("/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}{query}");
        self.send(
            self.request("POST", &path)
                .header("content-type", "text/plain")
                .body(body),
        )
        .await
    }

    /// Asks until the answer passes, for half a minute.
    pub async fn until(&self, path: &str, passes: impl Fn(&Reply) -> bool) -> Reply {
        let begun = Instant::now();
        loop {
            let reply = self.get(path).await;
            if passes(&reply) {
                return reply;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "{path} never passed: {}",
                reply.text()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Follows an operation to its end. It must not be done at the first look.
    pub async fn finish(&self, operation: &Reply) -> Value {
        self.finish_at("v2", operation).await
    }

    /// The same for a service whose operations are under another version.
    pub async fn finish_at(&self, version: &str, operation: &Reply) -> Value {
        let name = operation.json()["name"].as_str().unwrap().to_owned();
        let path = format!("/{version}/{name}");
        assert_ne!(
            self.get(&path).await.json()["done"],
            true,
            "the first look must find the operation unfinished"
        );
        self.until(&path, |reply| reply.json()["done"] == true).await.json()
    }
}

/// A local cloud in this process.
pub struct Local {
    pub cloud: LocalCloud,
    pub client: Client,
    pub dir: TempDir,
}

impl std::ops::Deref for Local {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

pub fn options(dir: &Path, runtime_binary: PathBuf) -> Options {
    Options {
        data_dir: dir.join("data"),
        port: 0,
        project: "p".into(),
        region: "r".into(),
        record: None,
        runtime_binary,
    }
}

impl Local {
    pub async fn start() -> Local {
        Local::with_runtime("exit 0").await
    }

    /// With a shell script in the place of the runtime.
    pub async fn with_runtime(script: &str) -> Local {
        let dir = tempfile::tempdir().unwrap();
        let runtime = write_script(dir.path(), script);
        let cloud = LocalCloud::start(options(dir.path(), runtime)).await.unwrap();
        let client = Client::new(cloud.base_url());
        Local { cloud, client, dir }
    }

    /// Stops it and starts it again on the same directory.
    pub async fn restart(self) -> Local {
        let Local { cloud, dir, .. } = self;
        cloud.shutdown().await;
        let again = options(dir.path(), dir.path().join("runtime.sh"));
        let cloud = LocalCloud::start(again).await.unwrap();
        let client = Client::new(cloud.base_url());
        Local { cloud, client, dir }
    }
}

pub fn write_script(dir: &Path, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join("runtime.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}
