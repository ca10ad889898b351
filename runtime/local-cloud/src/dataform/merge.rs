//! Differences of files and the merge of two lines of commits: Git's, as a text and as a tree. Pure; what is in the files is
//! handed in.

use std::collections::BTreeSet;

use super::commits::{Tree, check_place};
use crate::http::answer::ApiError;

/// A tree that two lines have been merged into.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// Paths and the ids of contents that both or one of the two have.
    pub(super) tree: Tree,
    /// Paths whose contents are new.
    pub(super) new: Vec<(String, Vec<u8>)>,
    /// Paths that the two changed in ways that do not go together.
    pub(super) conflicts: Vec<String>,
}

/// Merges two trees that come from `base`. `read` gives the contents of an id.
pub(super) fn merge(
    base: &Tree,
    ours: &Tree,
    theirs: &Tree,
    read: impl Fn(&str) -> Result<Vec<u8>, ApiError>,
) -> Result<Merged, ApiError> {
    let mut merged = Merged::default();
    let paths: BTreeSet<&String> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
    for path in paths {
        let (was, our, their) = (base.get(path), ours.get(path), theirs.get(path));
        let same = if our == their || their == was {
            our
        } else if our == was {
            their
        } else {
            match texts(was, our, their, &read)? {
                Some(text) => merged.new.push((path.clone(), text.into_bytes())),
                None => merged.conflicts.push(path.clone()),
            }
            continue;
        };
        if let Some(id) = same {
            merged.tree.insert(path.clone(), id.clone());
        }
    }
    // One line made a file what the other made a directory.
    let places = merged.tree.keys().chain(merged.new.iter().map(|(path, _)| path));
    let clashes: Vec<String> = places
        .filter(|path| check_place(&merged.tree, path).is_err())
        .cloned()
        .collect();
    merged.conflicts.extend(clashes);
    Ok(merged)
}

/// A text merged line by line; none when there is no such merge.
fn texts(
    was: Option<&String>,
    our: Option<&String>,
    their: Option<&String>,
    read: impl Fn(&str) -> Result<Vec<u8>, ApiError>,
) -> Result<Option<String>, ApiError> {
    // Changed here and removed there.
    let (Some(our), Some(their)) = (our, their) else {
        return Ok(None);
    };
    let was = was.map(|id| read(id)).transpose()?.unwrap_or_default();
    let (our, their) = (read(our)?, read(their)?);
    let (Ok(was), Ok(our), Ok(their)) = (
        std::str::from_utf8(&was),
        std::str::from_utf8(&our),
        std::str::from_utf8(&their),
    ) else {
        return Ok(None);
    };
    Ok(diffy::merge(was, our, their).ok())
}

/// What changed in a file, as `git diff` writes it; empty when nothing did.
pub(super) fn unified(path: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> String {
    if before == after {
        return String::new();
    }
    let (a, b) = (format!("a/{path}"), format!("b/{path}"));
    let mut text = format!("diff --git {a} {b}\n");
    match (before, after) {
        (None, _) => text.push_str("new file mode 100644\n"),
        (_, None) => text.push_str("deleted file mode 100644\n"),
        _ => {}
    }
    let absent = || "/dev/null".to_owned();
    let (from, to) = (before.map_or_else(absent, |_| a), after.map_or_else(absent, |_| b));
    let read = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec());
    let (Ok(before), Ok(after)) = (read(before), read(after)) else {
        text.push_str(&format!("Binary files {from} and {to} differ\n"));
        return text;
    };
    // An empty file has no lines to show, and Git shows no hunk then.
    if before == after {
        return text;
    }
    let patch = diffy::DiffOptions::new()
        .set_original_filename(from)
        .set_modified_filename(to)
        .create_patch(&before, &after);
    text.push_str(&patch.to_string());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn lines_are_merged_and_conflicts_are_named() {
        // The id of a text is the text itself here.
        let read = |id: &str| Ok(id.as_bytes().to_vec());
        let base = tree(&[
            ("both", "1\n2\n3\n4\n5\n"),
            ("clash", "x\n"),
            ("gone", "g\n"),
            ("kept", "k\n"),
            ("lost", "l\n"),
        ]);
        let ours = tree(&[
            ("both", "one\n2\n3\n4\n5\n"),
            ("clash", "ours\n"),
            ("kept", "k\n"),
            ("lost", "changed\n"),
            ("place", "file\n"),
        ]);
        let theirs = tree(&[
            ("both", "1\n2\n3\n4\nfive\n"),
            ("clash", "theirs\n"),
            ("gone", "g\n"),
            ("kept", "new\n"),
            ("place/below", "file\n"),
        ]);
        let merged = merge(&base, &ours, &theirs, read).unwrap();
        assert_eq!(merged.new, [("both".to_owned(), b"one\n2\n3\n4\nfive\n".to_vec())]);
        assert_eq!(merged.tree.get("kept").map(String::as_str), Some("new\n"));
        assert!(!merged.tree.contains_key("gone"));
        assert_eq!(merged.conflicts, ["clash", "lost", "place", "place/below"]);
        let merged = merge(&base, &base, &theirs, read).unwrap();
        assert_eq!((merged.tree, merged.conflicts), (theirs, Vec::new()));
    }

    #[test]
    fn differences_read_as_those_of_git() {
        let changed = unified("a.sql", Some(b"1\n2\n3\n"), Some(b"1\ntwo\n3"));
        let expected = "diff --git a/a.sql b/a.sql\n--- a/a.sql\n+++ b/a.sql\n@@ -1,3 +1,3 @@\n 1\n-2\n-3\n+two\n+3\n\\ No newline at end of file\n";
        assert_eq!(changed, expected);
        for (before, after, expected) in [
            (Some("x"), Some("x"), ""),
            (
                None,
                Some("x\n"),
                "diff --git a/p b/p\nnew file mode 100644\n--- /dev/null\n+++ b/p\n@@ -0,0 +1 @@\n+x\n",
            ),
            (
                Some("x\n"),
                None,
                "diff --git a/p b/p\ndeleted file mode 100644\n--- a/p\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
            ),
            (None, Some(""), "diff --git a/p b/p\nnew file mode 100644\n"),
        ] {
            let have = unified("p", before.map(str::as_bytes), after.map(str::as_bytes));
            assert_eq!(have, expected);
        }
        let binary = unified("p", Some(b"\xff"), Some(b"x"));
        assert!(binary.ends_with("Binary files a/p and b/p differ\n"), "{binary}");
    }
}
