//! The form that several services ask of the ids that clients choose. What they say of one that is not of it, they say themselves.

/// At most so many lowercase letters, digits and hyphens, beginning with a letter and not ending with a hyphen.
pub(crate) fn is_hyphenated(id: &str, most: usize) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=most).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.ends_with(plain)
        && id.chars().all(|c| plain(c) || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_and_hyphens_between_them() {
        for good in ["a", "a1", "a-b", "a--1", "abcde"] {
            assert!(is_hyphenated(good, 5), "{good}");
        }
        for bad in ["", "1a", "-a", "a-", "A", "a_b", "a.b", "é", "abcdef"] {
            assert!(!is_hyphenated(bad, 5), "{bad}");
        }
    }
}
