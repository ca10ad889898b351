//! Names of objects with asterisks: which objects of a bucket are meant.

use std::fmt;

/// `gs://BUCKET/PATTERN`: in the pattern `*` stands for any characters but `/`, `**` for any, and every other character for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    bucket: String,
    pattern: String,
}

/// A text that names no objects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// Not of the form.
    #[error("{0:?} is not of the form gs://BUCKET/NAME, such as gs://lake/orders/*.parquet")]
    Form(String),
    /// Files of another kind.
    #[error("{0:?} does not end in .parquet: files of a lake are judged as Parquet")]
    Kind(String),
}

impl Glob {
    /// Reads one.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn parse(text: &str) -> Result<Self, GlobError> {
        let form = || GlobError::Form(text.to_owned());
        let (bucket, pattern) = text
            .strip_prefix("gs://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(form)?;
        let bucket_ok = bucket.len() >= 3
            && bucket
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c));
        if !bucket_ok || pattern.is_empty() || pattern.starts_with('/') {
            return Err(form());
        }
        if !pattern.ends_with(".parquet") {
            return Err(GlobError::Kind(text.to_owned()));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            pattern: pattern.to_owned(),
        })
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What all names begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.pattern.split('*').next().unwrap_or_default()
    }

    /// Whether an object of the bucket is meant.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        matches(self.pattern.as_bytes(), name.as_bytes())
    }
}

/// In steps as many as the product of the lengths, whatever the pattern.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // One row of the table of prefixes: whether so much of the name is meant by the pattern so far.
    let mut row = vec![false; name.len() + 1];
    row[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let any = pattern[at..].starts_with(b"**");
        let some = pattern[at] == b'*';
        let mut next = vec![false; name.len() + 1];
        for i in 0..=name.len() {
            next[i] = if some {
                row[i] || i > 0 && next[i - 1] && (any || name[i - 1] != b'/')
            } else {
                i > 0 && row[i - 1] && name[i - 1] == pattern[at]
            };
        }
        row = next;
        at += if any { 2 } else { 1 };
    }
    row[name.len()]
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gs://{}/{}", self.bucket, self.pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_objects_are_meant() {
        let cases = [
            ("gs://lake/a.parquet", "a.parquet", true),
            ("gs://lake/a.parquet", "b/a.parquet", false),
            ("gs://lake/a/*.parquet", "a/1.parquet", true),
            ("gs://lake/a/*.parquet", "a/b/1.parquet", false),
            ("gs://lake/a/*.parquet", "a/1.parquet.tmp", false),
            ("gs://lake/a/**.parquet", "a/b/1.parquet", true),
            ("gs://lake/*/part-*.parquet", "x/part-00.parquet", true),
            ("gs://lake/*/part-*.parquet", "x/y/part-00.parquet", false),
            ("gs://lake/*.parquet", ".parquet", true),
        ];
        for (pattern, name, expected) in cases {
            let glob = Glob::parse(pattern).expect(pattern);
            assert_eq!(glob.matches(name), expected, "{pattern} {name}");
        }
        assert_eq!(Glob::parse("gs://lake/a/b*.parquet").expect("a glob").prefix(), "a/b");
        for wrong in [
            "lake/a.parquet",
            "gs://lake",
            "gs://lake/",
            "gs://LAKE/a.parquet",
            "gs://lake/a.csv",
        ] {
            assert!(Glob::parse(wrong).is_err(), "{wrong}");
        }
    }
}
