//! Which version of the core a project asks for.

use serde_json::Value;

use super::CoreError;
use crate::Files;

pub(super) fn wanted(files: &Files) -> Result<Option<String>, CoreError> {
    if let Some(text) = files.get("workflow_settings.yaml")
        && let Some(version) = of_settings(&String::from_utf8_lossy(text))
    {
        return one("workflow_settings.yaml", "dataformCoreVersion", &version).map(Some);
    }
    let Some(text) = files.get("package.json") else {
        return Ok(None);
    };
    let package = json("package.json", text)?;
    let wanted = ["dependencies", "devDependencies"]
        .iter()
        .find_map(|key| package[*key]["@dataform/core"].as_str());
    let Some(wanted) = wanted else { return Ok(None) };
    if is_version(wanted) {
        return one("package.json", "@dataform/core", wanted).map(Some);
    }
    // A range is settled by whoever installed: the lock says it, and so does what is installed.
    for (file, pointer) in [
        ("node_modules/@dataform/core/package.json", "/version"),
        ("package-lock.json", "/packages/node_modules~1@dataform~1core/version"),
        ("package-lock.json", "/dependencies/@dataform~1core/version"),
    ] {
        if let Some(text) = files.get(file)
            && let Some(version) = json(file, text)?.pointer(pointer).and_then(Value::as_str)
        {
            return one(file, "@dataform/core", version).map(Some);
        }
    }
    Err(CoreError::Wanted {
        file: "package.json".into(),
        message: format!(
            "\"@dataform/core\": {wanted:?} is not one version, and there is no package-lock.json that settles it; write one version"
        ),
    })
}

fn json(file: &str, text: &[u8]) -> Result<Value, CoreError> {
    serde_json::from_slice(text).map_err(|error| CoreError::Wanted {
        file: file.to_owned(),
        message: format!("it is not JSON: {error}"),
    })
}

/// A key at the beginning of a line with a plain or quoted scalar: the one form in which Dataform's own programs write it. All
/// else that YAML can do is read by the core when it compiles.
fn of_settings(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("dataformCoreVersion"))?;
    let value = line.trim_start().strip_prefix(':')?.split(" #").next()?.trim();
    let value = value.trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

/// A version becomes a part of paths and addresses, so it is nothing but a version.
fn is_version(text: &str) -> bool {
    let (numbers, suffix) = text.split_once('-').map_or((text, None), |(n, s)| (n, Some(s)));
    let parts: Vec<&str> = numbers.split('.').collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|p| !p.is_empty() && p.len() < 10 && p.bytes().all(|b| b.is_ascii_digit()))
        && suffix.is_none_or(|s| {
            !s.is_empty() && s.len() < 64 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        })
}

pub(super) fn one(file: &str, field: &str, version: &str) -> Result<String, CoreError> {
    let refuse = |message| CoreError::Wanted {
        file: file.to_owned(),
        message,
    };
    if !is_version(version) {
        return Err(refuse(format!(
            "{field} is {version:?}, which is not a version; write one such as {}",
            super::DEFAULT_VERSION
        )));
    }
    if !version.starts_with("3.") {
        return Err(refuse(format!(
            "{field} is {version:?}; only versions 3.x can be compiled here; write one such as {}",
            super::DEFAULT_VERSION
        )));
    }
    Ok(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_projects_ask_for() {
        let lock = r#"{"packages":{"node_modules/@dataform/core":{"version":"3.0.9"}}}"#;
        for (files, expected) in [
            (vec![], Ok(None)),
            (vec![("workflow_settings.yaml", "defaultDataset: a\n")], Ok(None)),
            (
                vec![(
                    "workflow_settings.yaml",
                    "defaultDataset: a\ndataformCoreVersion: 3.0.61\n",
                )],
                Ok(Some("3.0.61")),
            ),
            (
                vec![(
                    "workflow_settings.yaml",
                    "dataformCoreVersion: \"3.0.0-beta.4\" # why\n",
                )],
                Ok(Some("3.0.0-beta.4")),
            ),
            (
                vec![("workflow_settings.yaml", "# dataformCoreVersion: 3.0.61\n")],
                Ok(None),
            ),
            (
                vec![("workflow_settings.yaml", "dataformCoreVersion: ../../x\n")],
                Err("is not a version"),
            ),
            (
                vec![("workflow_settings.yaml", "dataformCoreVersion: 2.9.0\n")],
                Err("only versions 3.x"),
            ),
            (
                vec![("package.json", r#"{"dependencies":{"@dataform/core":"3.0.62"}}"#)],
                Ok(Some("3.0.62")),
            ),
            (vec![("package.json", r#"{"dependencies":{"x":"1"}}"#)], Ok(None)),
            (
                vec![("package.json", r#"{"dependencies":{"@dataform/core":"^3.0.0"}}"#)],
                Err("not one version"),
            ),
            (
                vec![
                    ("package.json", r#"{"dependencies":{"@dataform/core":"^3.0.0"}}"#),
                    ("package-lock.json", lock),
                ],
                Ok(Some("3.0.9")),
            ),
            (vec![("package.json", "{")], Err("not JSON")),
        ] {
            let named = format!("{files:?}");
            let files: Files = files
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v.as_bytes().to_vec()))
                .collect();
            match (wanted(&files), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.as_deref(), expected, "{named}"),
                (Err(found), Err(expected)) => assert!(found.to_string().contains(expected), "{found}"),
                (found, _) => panic!("{named}: {found:?}"),
            }
        }
    }
}
