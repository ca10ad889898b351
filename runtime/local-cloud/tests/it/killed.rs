//! What SIGKILL must not lose. The server runs in a child: this test binary, told by its environment to serve.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use headwater_local_cloud::LocalCloud;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Client, options, write_script};

const ASKED: &str = "HEADWATER_TEST_SERVE";

/// Serves until killed, if this process was started to.
fn serve_if_asked() {
    let Some(dir) = std::env::var_os(ASKED).map(PathBuf::from) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let cloud = LocalCloud::start(options(&dir, dir.join("runtime.sh"))).await.unwrap();
        std::fs::write(dir.join("url.tmp"), cloud.base_url()).unwrap();
        std::fs::rename(dir.join("url.tmp"), dir.join("url")).unwrap();
        std::future::pending::<()>().await;
    });
}

pub struct Server {
    child: Child,
    pub client: Client,
    ready: Duration,
}

impl Server {
    pub fn start(dir: &Path) -> Server {
        let url = dir.join("url");
        drop(std::fs::remove_file(&url));
        let begun = Instant::now();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::answers_survive_a_kill"])
            .env(ASKED, dir)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while !url.exists() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the server did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        let ready = begun.elapsed();
        Server {
            child,
            client: Client::new(&std::fs::read_to_string(url).unwrap()),
            ready,
        }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The most memory that the process ever held, in MiB.
    fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

pub fn dir_with(script: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_script(dir.path(), script);
    dir
}

#[test]
fn answers_survive_a_kill() {
    serve_if_asked();
    let dir = dir_with("exit 0");
    let mut last_generation = String::new();
    let mut kept: Vec<(String, String)> = Vec::new();
    for round in 0..4 {
        let mut server = Server::start(dir.path());
        assert!(
            server.ready < Duration::from_secs(1) || cfg!(debug_assertions),
            "ready in {:?}",
            server.ready
        );
        let client = server.client.clone();
        block_on(async {
            if round == 0 {
                client.bucket("bkt").await;
            }
            for (name, body) in &kept {
                assert_eq!(
                    client
                        .get(&format!("/storage/v1/b/bkt/o/{name}?alt=media"))
                        .await
                        .expect(200)
                        .text(),
                    *body
                );
            }
            // Killed in the middle of writes: what was answered is there, what was not may be.
            let writers = (0..4).map(|writer| {
                let client = client.clone();
                async move {
                    let mut answered = Vec::new();
                    for n in 0.. {
                        let name = format!("{round}-{writer}-{n}");
                        let body = format!("{name} ").repeat(1000);
                        let path = format!("/upload/storage/v1/b/bkt/o?uploadType=media&name={name}");
                        match client.try_send(client.request("POST", &path).body(body.clone())).await {
                            Ok(reply) => answered.push((
                                name,
                                body,
                                reply.expect(200).json()["generation"].as_str().unwrap().to_owned(),
                            )),
                            Err(_) => break,
                        }
                    }
                    answered
                }
            });
            let writers: Vec<_> = writers.map(tokio::spawn).collect();
            client
                .until("/storage/v1/b/bkt/o?maxResults=1000", |reply| {
                    reply.json()["items"].as_array().map_or(0, Vec::len) > 20 * (round + 1)
                })
                .await;
            server.kill();
            for writer in writers {
                for (name, body, generation) in writer.await.unwrap() {
                    assert!(
                        generation > last_generation
                            || round == 0
                            || kept.iter().any(|(known, _)| known.starts_with(&format!("{round}-")))
                    );
                    last_generation = generation.max(last_generation.clone());
                    kept.push((name, body));
                }
            }
        });
    }
    let server = Server::start(dir.path());
    block_on(async {
        for (name, body) in &kept {
            assert_eq!(
                server
                    .client
                    .get(&format!("/storage/v1/b/bkt/o/{name}?alt=media"))
                    .await
                    .expect(200)
                    .text(),
                *body
            );
        }
        let newest = server.client.put("bkt", "newest", "", "x").await.expect(200).json();
        assert!(newest["generation"].as_str().unwrap() > last_generation.as_str());
        // The files of writes that were cut off are collected in the background.
        let begun = Instant::now();
        while std::fs::read_dir(dir.path().join("data/partial"))
            .unwrap()
            .next()
            .is_some()
        {
            assert!(begun.elapsed() < Duration::from_secs(20), "partial bodies are left");
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn a_resumable_upload_goes_on_after_a_kill() {
    let dir = dir_with("exit 0");
    let mut server = Server::start(dir.path());
    let all: Vec<u8> = (0..(512 << 10) + 77u32).map(|n| (n % 253) as u8).collect();
    let half = 256 << 10;
    let path = block_on(async {
        let client = &server.client;
        client.bucket("bkt").await;
        let begin = client
            .request("POST", "/upload/storage/v1/b/bkt/o?uploadType=resumable&name=o")
            .json(&json!({}));
        let location = client.send(begin).await.expect(200).header("location").to_owned();
        let first = client
            .request("PUT", &location)
            .header("content-range", format!("bytes 0-{}/*", half - 1));
        client.send(first.body(all[..half].to_vec())).await.expect(308);
        location[client.base.len()..].to_owned()
    });
    server.kill();
    let server = Server::start(dir.path());
    block_on(async {
        let client = &server.client;
        let state = client
            .send(client.request("PUT", &path).header("content-range", "bytes */*"))
            .await
            .expect(308);
        assert_eq!(state.header("range"), format!("bytes=0-{}", half - 1));
        let range = format!("bytes {half}-{}/{}", all.len() - 1, all.len());
        let last = client
            .request("PUT", &path)
            .header("content-range", range)
            .body(all[half..].to_vec());
        let object = client.send(last).await.expect(200).json();
        let download = client.get("/storage/v1/b/bkt/o/o?alt=media").await.expect(200);
        assert_eq!(download.bytes, all);
        assert!(
            download
                .header("x-goog-hash")
                .contains(object["crc32c"].as_str().unwrap())
        );
    });
}

#[test]
fn an_execution_goes_on_after_a_kill() {
    // Each attempt says when it begins; only the second one ends.
    let dir = dir_with(
        r#"echo "$$" > "$OUT/pid-$CLOUD_RUN_TASK_ATTEMPT"; [ "$CLOUD_RUN_TASK_ATTEMPT" -ge 1 ] || exec sleep 300"#,
    );
    let out = dir.path().to_str().unwrap().to_owned();
    let mut server = Server::start(dir.path());
    let execution = block_on(async {
        let client = &server.client;
        for (job, retries) in [("again", 1), ("once", 0)] {
            let container = json!({"image": "i", "env": [{"name": "OUT", "value": out}]});
            let body = json!({"template": {"template": {"containers": [container], "maxRetries": retries}}});
            client
                .json("POST", &format!("/v2/projects/p/locations/l/jobs?jobId={job}"), body)
                .await
                .expect(200);
        }
        let begun = client
            .json("POST", "/v2/projects/p/locations/l/jobs/again:run", json!({}))
            .await
            .expect(200)
            .json();
        client
            .json("POST", "/v2/projects/p/locations/l/jobs/once:run", json!({}))
            .await
            .expect(200);
        for job in ["again", "once"] {
            let path = format!("/v2/projects/p/locations/l/jobs/{job}/executions");
            client
                .until(&path, |reply| reply.json()["executions"][0]["runningCount"] == 1)
                .await;
        }
        let begun_at = Instant::now();
        while !dir.path().join("pid-0").exists() {
            assert!(begun_at.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (
            begun["name"].as_str().unwrap().to_owned(),
            begun["metadata"]["name"].as_str().unwrap().to_owned(),
        )
    });
    let pid = std::fs::read_to_string(dir.path().join("pid-0"))
        .unwrap()
        .trim()
        .to_owned();
    server.kill();
    let begun = Instant::now();
    while Path::new(&format!("/proc/{pid}/exe")).exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "the task outlived its local cloud"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    let server = Server::start(dir.path());
    block_on(async {
        let client = &server.client;
        let (operation, execution) = execution;
        let over = client
            .until(&format!("/v2/{execution}"), |reply| {
                reply.json()["completionTime"].is_string()
            })
            .await
            .json();
        assert_eq!(
            (&over["succeededCount"], &over["retriedCount"]),
            (&json!(1), &json!(1)),
            "{over}"
        );
        client
            .until(&format!("/v2/{operation}"), |reply| {
                reply.json()["response"]["succeededCount"] == 1
            })
            .await;
        let path = "/v2/projects/p/locations/l/jobs/once/executions";
        let once = client
            .until(path, |reply| reply.json()["executions"][0]["failedCount"] == 1)
            .await
            .json();
        let message = once["executions"][0]["conditions"][0]["message"].as_str().unwrap();
        assert!(message.contains("local cloud ended"), "{message}");
    });
}

#[test]
fn memory_does_not_grow_with_objects() {
    const CHUNKS: usize = 192;
    let dir = dir_with("exit 0");
    let server = Server::start(dir.path());
    // The program's own pages, which depend on how it was built.
    let before = server.peak_mib();
    block_on(async {
        let client = &server.client;
        client.bucket("bkt").await;
        let chunk = bytes::Bytes::from(vec![7u8; 1 << 20]);
        let body = futures::stream::iter((0..CHUNKS).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
        let made = client
            .put("bkt", "big", "", reqwest::Body::wrap_stream(body))
            .await
            .expect(200)
            .json();
        assert_eq!(made["size"], (CHUNKS << 20).to_string());
        let mut response = client
            .request("GET", "/storage/v1/b/bkt/o/big?alt=media")
            .send()
            .await
            .unwrap();
        let mut read = 0;
        while let Some(chunk) = response.chunk().await.unwrap() {
            read += chunk.len();
        }
        assert_eq!(read, CHUNKS << 20);
    });
    let grown = server.peak_mib() - before;
    assert!(grown < 48, "memory has grown by {grown} MiB from {before} MiB");
}
