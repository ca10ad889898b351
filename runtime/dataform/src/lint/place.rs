//! The line of a finding in a project's file: by the text that it is about, because a graph has no positions.

use crate::Files;

/// The first line that has one of the texts, tried in their order; else that of the file's config; nothing for a file that is not
/// among the files.
pub(super) fn line(files: &Files, file: &str, texts: &[&str]) -> Option<u32> {
    let source = String::from_utf8_lossy(files.get(file)?).into_owned();
    let of = |wanted: &str| {
        let wanted = wanted.trim();
        let found = source
            .lines()
            .position(|line| !wanted.is_empty() && has(line, wanted))?;
        u32::try_from(found + 1).ok()
    };
    texts
        .iter()
        .find_map(|text| of(text))
        .or_else(|| of("config {"))
        .or(Some(1))
}

/// Whether a line has a text that does not begin or end in the middle of a word.
fn has(line: &str, wanted: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let inside = |edge: Option<char>, beyond: Option<char>| edge.is_some_and(word) && beyond.is_some_and(word);
    line.match_indices(wanted).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let after = line[at + found.len()..].chars().next();
        !inside(wanted.chars().next(), before) && !inside(wanted.chars().next_back(), after)
    })
}
