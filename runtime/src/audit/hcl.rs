//! Where resources stand in the configuration: file and line of each block, in the root module and in the modules that
//! `terraform init` has noted, and which attributes it sets. It reads no values: those are the state's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Blocks by the module's key and `TYPE.NAME`.
#[derive(Debug, Default)]
pub struct Positions(BTreeMap<(String, String), Block>);

#[derive(Debug)]
struct Block {
    /// `FILE:LINE`.
    at: String,
    /// Names that something is assigned to in it, at whatever depth.
    names: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(rename = "Modules")]
    modules: Vec<ManifestModule>,
}

#[derive(Deserialize)]
struct ManifestModule {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Dir")]
    dir: PathBuf,
}

impl Positions {
    /// Of the configuration in a folder. What cannot be read has no positions.
    pub fn of(dir: &Path) -> Self {
        let mut modules = vec![(String::new(), PathBuf::from("."))];
        let manifest = std::fs::read(dir.join(".terraform/modules/modules.json"));
        let manifest = manifest
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
        for module in manifest.into_iter().flat_map(|manifest| manifest.modules) {
            if !module.key.is_empty() {
                modules.push((module.key, module.dir));
            }
        }
        let mut positions = Self::default();
        for (key, module) in modules {
            let Ok(entries) = std::fs::read_dir(dir.join(&module)) else {
                continue;
            };
            for entry in entries.flatten() {
                let path = module.join(entry.file_name());
                if path.extension().is_none_or(|extension| extension != "tf") {
                    continue;
                }
                let Ok(text) = std::fs::read_to_string(dir.join(&path)) else {
                    continue;
                };
                let name = path.strip_prefix(".").unwrap_or(&path).display().to_string();
                positions.read(&key, &name, &text);
            }
        }
        positions
    }

    fn read(&mut self, key: &str, file: &str, text: &str) {
        let mut open: Option<(String, Block)> = None;
        let mut close = |block: Option<(String, Block)>| {
            if let Some((name, block)) = block {
                self.0.entry((key.to_owned(), name)).or_insert(block);
            }
        };
        for (index, line) in text.lines().enumerate() {
            if let Some(name) = block(line) {
                let at = format!("{file}:{}", index + 1);
                let names = BTreeSet::new();
                close(open.replace((name, Block { at, names })));
            } else if line.starts_with('}') {
                close(open.take());
            } else if let (Some((_, block)), Some((name, _))) = (&mut open, line.split_once('=')) {
                block.names.insert(name.trim().to_owned());
            }
        }
        close(open);
    }

    fn block(&self, address: &str) -> Option<&Block> {
        let mut module = Vec::new();
        let plain = without_indexes(address);
        let mut parts = plain.split('.').peekable();
        while parts.next_if_eq(&"module").is_some() {
            module.push(parts.next()?);
        }
        let block = format!("{}.{}", parts.next()?, parts.next()?);
        self.0.get(&(module.join("."), block))
    }

    /// `FILE:LINE` of the block that an address is an instance of.
    pub fn at(&self, address: &str) -> Option<String> {
        self.block(address).map(|block| block.at.clone())
    }

    /// Whether that block sets an attribute; absent: the block is not found.
    pub fn sets(&self, address: &str, attribute: &str) -> Option<bool> {
        self.block(address).map(|block| block.names.contains(attribute))
    }
}

/// `TYPE.NAME` of a line that begins a resource's block.
fn block(line: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix("resource")?;
    let (kind, rest) = quoted(rest)?;
    let (name, rest) = quoted(rest)?;
    rest.trim_start().starts_with('{').then(|| format!("{kind}.{name}"))
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    text.trim_start().strip_prefix('"')?.split_once('"')
}

/// An address without what is in brackets: instances share a block.
fn without_indexes(address: &str) -> String {
    let mut plain = String::with_capacity(address.len());
    let (mut depth, mut text, mut escaped) = (0_u32, false, false);
    for c in address.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if text => escaped = true,
            '"' => text = !text,
            '[' if !text => depth += 1,
            ']' if !text => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_in_root_and_modules() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "main.tf",
            "# resource \"x\" \"no\" {\n\nresource \"headwater_x\" \"a\" {\n  access = []\n}\n  resource   \"headwater_x\"  \"b\"{ }\n",
        );
        write("m/inner.tf", "\nresource \"headwater_x\" \"a\" {\n");
        write(
            ".terraform/modules/modules.json",
            r#"{"Modules": [{"Key": "", "Source": "", "Dir": "."}, {"Key": "one.two", "Source": "./m", "Dir": "m"}]}"#,
        );
        let positions = Positions::of(dir.path());
        let cases = [
            ("headwater_x.a", Some("main.tf:3")),
            ("headwater_x.a[0]", Some("main.tf:3")),
            ("headwater_x.b[\"a.b[\\\"c\"]", Some("main.tf:6")),
            ("module.one.module.two[\"k\"].headwater_x.a", Some("m/inner.tf:2")),
            ("module.one.headwater_x.a", None),
            ("headwater_x.no", None),
        ];
        for (address, expected) in cases {
            assert_eq!(positions.at(address).as_deref(), expected, "{address}");
        }
        let sets =
            ["headwater_x.a", "headwater_x.b", "headwater_x.no"].map(|address| positions.sets(address, "access"));
        assert_eq!(sets, [Some(true), Some(false), None]);
    }
}
