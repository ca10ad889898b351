//! Serves the local BigQuery alone, over a directory of buckets: `serve DATA-DIR PORT`. Objects are plain files at
//! `DATA-DIR/gcs/BUCKET/NAME`. For trying clients by hand; the local cloud has the real object store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headwater_local_bigquery::{BigQuery, KeyService, ObjectStore, Options, StoredObject};

struct Directory(PathBuf);

fn walk(dir: &Path, root: &Path, out: &mut Vec<StoredObject>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if path.is_dir() {
            walk(&path, root, out)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            let name = name.to_string_lossy().into_owned();
            out.push(StoredObject {
                name,
                size: entry.metadata()?.len(),
                path: path.clone(),
            });
        }
    }
    Ok(())
}

impl ObjectStore for Directory {
    fn list(&self, bucket: &str, prefix: &str) -> std::io::Result<Vec<StoredObject>> {
        let root = self.0.join(bucket);
        let mut out = Vec::new();
        walk(&root, &root, &mut out)?;
        out.retain(|o| o.name.starts_with(prefix));
        out.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(out)
    }

    fn put(&self, bucket: &str, name: &str, path: &Path) -> std::io::Result<()> {
        let to = self.0.join(bucket).join(name);
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::copy(path, to).map(drop)
    }
}

struct NoKeys;

impl KeyService for NoKeys {
    fn encrypt(&self, key: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err(format!("CryptoKey {key} not found."))
    }

    fn decrypt(&self, key: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err(format!("CryptoKey {key} not found."))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(dir), Some(port)) = (args.next(), args.next()) else {
        return Err("usage: serve DATA-DIR PORT".into());
    };
    let dir = PathBuf::from(dir);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let bigquery = BigQuery::open(Options {
        objects: Arc::new(Directory(dir.join("gcs"))),
        keys: Arc::new(NoKeys),
        data_dir: dir,
        base_url: base_url.clone(),
        memory_limit_mb: 1024,
        spill_limit_mb: None,
    })?;
    println!("{base_url}");
    axum::serve(listener, bigquery.router()).await?;
    Ok(())
}
