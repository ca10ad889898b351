//! Where a position in what the core made of a SQLX file is in that file. The core copies the parts of a file line by line into
//! JavaScript, with backticks and backslashes escaped, so a line is found by its text and, where several have it, by its neighbours.

/// Line and column (both from 1) in the source for those in the compiled text.
pub(super) fn in_source(source: &str, compiled: &str, line: u32, column: u32) -> Option<(u32, u32)> {
    let compiled: Vec<String> = compiled.lines().map(plain).collect();
    let source: Vec<&str> = source.lines().collect();
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    let text = compiled.get(at)?;
    let mut best: Option<(usize, usize)> = None;
    for (candidate, line) in source.iter().enumerate() {
        if shared(text, line).is_none() {
            continue;
        }
        let score = around(&compiled, &source, at, candidate);
        if best.is_none_or(|(_, s)| score > s) {
            best = Some((candidate, score));
        }
    }
    let (found, _) = best?;
    let original = source.get(found)?;
    let (in_compiled, in_original) = shared(text, original)?;
    let column = usize::try_from(column).ok()?;
    let column = (column + in_original)
        .saturating_sub(in_compiled)
        .clamp(1, original.chars().count().max(1));
    Some((u32::try_from(found).ok()? + 1, u32::try_from(column).ok()?))
}

/// As it stood in the source.
fn plain(line: &str) -> String {
    line.replace("\\`", "`").replace("\\\\", "\\").replace("\\${", "${")
}

/// Where the common text begins in each of the lines: the same line, or the first or last of a block, to which JavaScript is added.
fn shared(compiled: &str, source: &str) -> Option<(usize, usize)> {
    let wanted = source.trim();
    let wanted = wanted.strip_prefix("config ").unwrap_or(wanted);
    let wanted = wanted.strip_prefix("js {").unwrap_or(wanted).trim();
    if wanted.is_empty() || (wanted.len() < 3 && wanted != compiled.trim()) {
        return None;
    }
    let in_compiled = compiled.find(wanted)?;
    let in_source = source.find(wanted)?;
    Some((
        compiled[..in_compiled].chars().count(),
        source[..in_source].chars().count(),
    ))
}

/// How many lines before and after agree, and whether the line itself is the same as a whole.
fn around(compiled: &[String], source: &[&str], a: usize, b: usize) -> usize {
    let same = |a: Option<&String>, b: Option<&&str>| matches!((a, b), (Some(a), Some(b)) if a.trim() == b.trim());
    let whole = usize::from(same(compiled.get(a), source.get(b)));
    let before = (1..=a.min(b))
        .take_while(|n| same(compiled.get(a - n), source.get(b - n)))
        .count();
    let after = (1..)
        .take_while(|n| same(compiled.get(a + n), source.get(b + n)))
        .count();
    whole + before + after
}
