//! What a registry and a mirror have in common: files of a release put into a directory that others may read meanwhile, and
//! documents of JSON that grow by a version.

use std::path::Path;

use serde_json::{Map, Value};

use crate::shell::{Error, Result, fail};

/// Puts a file there, once and for all: users' lock files hold the hashes of what was published.
pub fn publish(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if !to.exists() {
        // No link: what is published has nothing in common with what is built again.
        std::fs::copy(from, to)
            .map_err(|e| Error(format!("cannot copy {} to {}: {e}", from.display(), to.display())))?;
        return Ok(());
    }
    if std::fs::read(from)? == std::fs::read(to)? {
        return Ok(());
    }
    fail(format!(
        "{} is published, and {} is another file: users' lock files hold the hash of the first, so a change needs a new version",
        to.display(),
        from.display()
    ))
}

/// A document, or an empty one where there is none.
pub fn read(path: &Path) -> Result<Map<String, Value>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(e) => return fail(format!("cannot read {}: {e}", path.display())),
    };
    serde_json::from_slice(&text).map_err(|e| {
        Error(format!(
            "{} is no JSON object ({e}): mend it, or delete it and publish all versions again",
            path.display()
        ))
    })
}

/// Writes a document so that nobody ever sees half of it.
pub fn write(path: &Path, document: &Value) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension("new");
    std::fs::write(&draft, format!("{document:#}\n"))
        .map_err(|e| Error(format!("cannot write {}: {e}", draft.display())))?;
    std::fs::rename(&draft, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_does_not_change() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let (from, to) = (dir.path().join("from"), dir.path().join("a/b/to"));
        std::fs::write(&from, "first")?;
        publish(&from, &to)?;
        publish(&from, &to)?;
        std::fs::write(&from, "second")?;
        let refused = publish(&from, &to).err().map(|e| e.0).unwrap_or_default();
        assert!(refused.contains("new version"), "{refused}");
        assert_eq!(std::fs::read(&to)?, b"first");
        Ok(())
    }
}
