//! Google's own emulator of Pub/Sub, from the Cloud SDK.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running emulator; ended when dropped, with everything that it held.
pub struct Emulator {
    process: Child,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

impl Emulator {
    /// Starts one on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let process = Command::new("java")
            .arg("-jar")
            .arg(jar())
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("java, which the emulator needs");
        let emulator = Self { process, port };
        crate::wait_for("the emulator is up", Duration::from_secs(60), || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        });
        emulator
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn jar() -> PathBuf {
    let sdk = Command::new("gcloud")
        .args(["info", "--format=value(installation.sdk_root)"])
        .output()
        .expect("gcloud, of the Google Cloud SDK");
    let root = String::from_utf8(sdk.stdout).unwrap();
    let lib = Path::new(root.trim()).join("platform/pubsub-emulator/lib");
    let jars = std::fs::read_dir(&lib).unwrap_or_else(|error| {
        panic!(
            "{}: {error}: install it with `gcloud components install pubsub-emulator`",
            lib.display()
        )
    });
    jars.map(|jar| jar.unwrap().path())
        .find(|jar| jar.to_string_lossy().ends_with("-all.jar"))
        .expect("the emulator's jar")
}
