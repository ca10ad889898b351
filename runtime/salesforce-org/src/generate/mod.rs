//! The generator: an org of any size from a seed, the same bytes every time, in memory that does not grow with it.

mod cells;
mod defects;
pub(crate) mod facts;
mod people;
mod sales;
mod text;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

pub(crate) use cells::{Facts, cell};

use crate::Error;
use crate::schema::{Object, builtin};
use crate::store::row::RowBuilder;
use crate::store::table::push_index;
use crate::store::{FORMAT, Manifest};
use defects::Defects;
use facts::{HISTORY_END_MS, World};

pub(crate) const STAGES: &[&str] = &[
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Id. Decision Makers",
    "Perception Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
];

/// What to generate.
#[derive(Clone, Debug)]
pub struct Generate {
    /// Where to; made when it is missing.
    pub dir: PathBuf,
    /// The same seed and sizes give the same bytes.
    pub seed: u64,
    /// How many accounts; the other objects follow (3 contacts, 2 opportunities, 4 tasks … for each).
    pub accounts: u64,
    /// Only these objects get rows, and `User`, without which nothing has an owner. `None` means all.
    pub objects: Option<Vec<String>>,
    /// Whether an org that the directory already holds may be replaced.
    pub overwrite: bool,
    /// How many accounts are wrong in each of twelve ways, for a quality gate to find.
    pub defects: u64,
}

impl Generate {
    /// An org of 1,000 accounts with seed 1.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            seed: 1,
            accounts: 1000,
            objects: None,
            overwrite: false,
            defects: 0,
        }
    }
}

/// What was generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Rows per object, deleted ones included.
    pub rows: BTreeMap<String, u64>,
    /// Of those, the deleted ones.
    pub deleted: BTreeMap<String, u64>,
    /// Accounts that are wrong on purpose, by the way in which they are.
    pub defects: BTreeMap<String, u64>,
    /// Size on disk.
    pub bytes: u64,
}

/// Writes an org to a directory.
///
/// # Errors
/// When the directory is not empty (unless `overwrite`), cannot be written, or an object is unknown.
pub fn generate(options: &Generate) -> Result<Summary, Error> {
    let dir = &options.dir;
    std::fs::create_dir_all(dir).map_err(Error::file("create", dir))?;
    clear(dir, options.overwrite)?;
    let schema = builtin::schema(HISTORY_END_MS);
    let only = match &options.objects {
        None => None,
        Some(names) => Some(
            names
                .iter()
                .map(|n| schema.find(n).ok_or_else(|| Error::UnknownObject(n.clone())))
                .collect::<Result<Vec<_>, _>>()?,
        ),
    };
    let world = World::new(options.seed, options.accounts, only.as_deref());
    let defects = Defects::of(&world, options.defects);
    let mut summary = Summary {
        rows: BTreeMap::new(),
        deleted: BTreeMap::new(),
        defects: defects.counts(),
        bytes: 0,
    };
    for (number, object) in schema.objects.iter().enumerate() {
        let (deleted, bytes) = write_object(dir, &world, &defects, number, object)?;
        summary.rows.insert(object.name.clone(), world.rows[number]);
        summary.deleted.insert(object.name.clone(), deleted);
        summary.bytes += bytes;
    }
    schema.save(dir)?;
    let manifest = Manifest {
        format: FORMAT,
        seed: options.seed,
        accounts: options.accounts,
        history_end_ms: HISTORY_END_MS,
        rows: summary.rows.clone(),
    };
    // Last: a directory with this file holds a whole org.
    let path = dir.join("org.json");
    let bytes = serde_json::to_vec_pretty(&manifest).map_err(|e| Error::Damaged {
        path: path.clone(),
        reason: e.to_string(),
    })?;
    std::fs::write(&path, bytes).map_err(Error::file("write", &path))?;
    Ok(summary)
}

/// Only what an org is made of is removed; a directory with anything else in it is refused.
fn clear(dir: &Path, overwrite: bool) -> Result<(), Error> {
    let entries = std::fs::read_dir(dir).map_err(Error::file("read", dir))?;
    let paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).collect();
    if paths.is_empty() {
        return Ok(());
    }
    let ours = |p: &PathBuf| {
        let name = p
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let part_of_org = ["rows", "index", "log"]
            .iter()
            .any(|end| name.ends_with(&format!(".{end}")));
        part_of_org
            || matches!(
                name.as_str(),
                "org.json" | "schema.json" | "schema.json.new" | "results" | "jobs"
            )
    };
    if !overwrite || !paths.iter().all(ours) {
        return Err(Error::NotEmpty {
            path: dir.to_path_buf(),
        });
    }
    // The manifest goes first, so that a kill leaves no org rather than a mixed one.
    let _ = std::fs::remove_file(dir.join("org.json"));
    for path in paths.iter().filter(|p| !p.ends_with("org.json")) {
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(path)
        } else {
            std::fs::remove_file(path)
        };
        removed.map_err(Error::file("remove", path))?;
    }
    Ok(())
}

fn write_object(
    dir: &Path,
    world: &World,
    defects: &Defects,
    number: usize,
    object: &Object,
) -> Result<(u64, u64), Error> {
    let create = |end: &str| {
        let path = dir.join(format!("{}.{end}", object.name));
        let file = File::create(&path).map_err(Error::file("create", &path))?;
        Ok::<_, Error>((path, BufWriter::with_capacity(1 << 20, file)))
    };
    let (rows_path, mut rows) = create("rows")?;
    let (index_path, mut index) = create("index")?;
    let names: Vec<&str> = object
        .fields
        .iter()
        .filter(|f| f.column.is_some())
        .map(|f| f.name.as_str())
        .collect();
    let (mut builder, mut encoded, mut entry) = (RowBuilder::default(), Vec::new(), Vec::new());
    let (mut offset, mut deleted) = (0u64, 0u64);
    for slot in 0..world.rows[number] {
        let row = Facts::of(world, number, slot);
        builder.clear();
        for (column, name) in names.iter().enumerate() {
            builder.push_with(|out| {
                if !defects.write(number, slot, name, out) {
                    cell(world, &row, name, column as u64, out);
                }
            });
        }
        encoded.clear();
        encoded.extend_from_slice(&[0; 4]);
        builder.encode(&mut encoded);
        let len = (encoded.len() - 4) as u32;
        encoded[..4].copy_from_slice(&len.to_le_bytes());
        rows.write_all(&encoded).map_err(Error::file("write", &rows_path))?;
        entry.clear();
        push_index(&mut entry, offset, row.deleted, row.times.stamp);
        index.write_all(&entry).map_err(Error::file("write", &index_path))?;
        offset += encoded.len() as u64;
        deleted += u64::from(row.deleted);
    }
    rows.flush().map_err(Error::file("write", &rows_path))?;
    index.flush().map_err(Error::file("write", &index_path))?;
    Ok((deleted, offset + 16 * world.rows[number]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hasher;

    fn hash(dir: &Path) -> Vec<(String, u64)> {
        let mut out: Vec<_> = std::fs::read_dir(dir)
            .unwrap()
            .map(|e| {
                let path = e.unwrap().path();
                let mut hasher = std::hash::DefaultHasher::new();
                hasher.write(&std::fs::read(&path).unwrap());
                (
                    path.file_name().unwrap().to_string_lossy().into_owned(),
                    hasher.finish(),
                )
            })
            .collect();
        out.sort();
        out
    }

    #[test]
    fn same_seed_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, seed: u64| {
            let options = Generate {
                seed,
                accounts: 60,
                ..Generate::new(dir.path().join(name))
            };
            generate(&options).unwrap();
            hash(&options.dir)
        };
        let (one, again, other) = (make("a", 5), make("b", 5), make("c", 6));
        assert_eq!(one, again);
        assert_ne!(one, other);
    }

    #[test]
    fn defects_are_counted_and_change_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, defects: u64| {
            let options = Generate {
                accounts: 300,
                defects,
                ..Generate::new(dir.path().join(name))
            };
            (generate(&options).unwrap(), hash(&options.dir))
        };
        let ((none, good), (some, bad)) = (make("good", 0), make("bad", 2));
        assert!(none.defects.is_empty());
        assert_eq!(some.defects.len(), 12);
        let twice = |kind: &str| if kind == "number_twice" { 4 } else { 2 };
        let expected = some.defects.keys().map(|kind| (kind.clone(), twice(kind)));
        assert_eq!(some.defects, expected.collect());
        assert_eq!((none.rows, none.deleted), (some.rows, some.deleted));
        let changed: Vec<&str> = good
            .iter()
            .zip(&bad)
            .filter(|(one, other)| one != other)
            .map(|(one, _)| one.0.as_str())
            .collect();
        assert_eq!(changed, ["Account.index", "Account.rows"]);
    }

    #[test]
    fn an_org_is_replaced_only_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Generate {
            accounts: 5,
            objects: Some(vec!["account".into()]),
            ..Generate::new(dir.path())
        };
        let summary = generate(&options).unwrap();
        assert_eq!((summary.rows["Account"], summary.rows["Contact"]), (5, 0));
        assert!(matches!(generate(&options), Err(Error::NotEmpty { .. })));
        options.overwrite = true;
        generate(&options).unwrap();
        std::fs::write(dir.path().join("mine.txt"), "x").unwrap();
        assert!(matches!(generate(&options), Err(Error::NotEmpty { .. })));
        options.objects = Some(vec!["Nope".into()]);
        options.dir = dir.path().join("new");
        assert!(matches!(generate(&options), Err(Error::UnknownObject(_))));
    }
}
