//! What somebody may have meant by a word that is not among the possible ones.

/// Longer words are not compared: the work grows with the product of their lengths.
const MAX: usize = 100;

/// The candidate that the word most resembles, if any does: what "did you mean" offers.
///
/// ```
/// assert_eq!(tfplugin_framework::nearest("colum", ["column", "table"]), Some("column"));
/// assert_eq!(tfplugin_framework::nearest("xyz", ["column", "table"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(word);
    if wanted.len() > MAX {
        return None;
    }
    let close = |candidate: &'a str| {
        let other = plain(candidate);
        let distance = distance(&wanted, &other);
        // A third may be wrong, and one letter of a short word.
        let most = (other.chars().count() / 3).max(1);
        (other.len() <= MAX && distance <= most && distance < other.chars().count()).then_some((distance, candidate))
    };
    candidates
        .into_iter()
        .filter_map(close)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be inserted, removed or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(MAX).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(MAX).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_is_near_is_offered() {
        let choices = ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "US", "delete_contents"];
        let cases = [
            ("standard", Some("STANDARD")),
            ("STANDRAD", Some("STANDARD")),
            ("coldlin", Some("COLDLINE")),
            ("delete-contents", Some("delete_contents")),
            ("DURABLE", None),
            ("us", Some("US")),
            ("x", None),
            ("", None),
        ];
        for (word, wanted) in cases {
            assert_eq!(nearest(word, choices), wanted, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(1 << 20), choices), None);
    }
}
