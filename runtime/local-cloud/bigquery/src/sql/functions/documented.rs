//! The state of every function that GoogleSQL's reference names: `documented.txt`, of which `cargo xtask docs` makes
//! docs/googlesql.md. A function that is missing is refused by its name.

use std::collections::HashMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("documented.txt");

/// Functions by name: whether they are missing.
static STATES: LazyLock<HashMap<&'static str, bool>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter_map(|line| line.split_once(" | "));
    rows.map(|(name, state)| (name, state.starts_with("missing"))).collect()
});

/// Whether GoogleSQL has this function and the local BigQuery does not.
pub(super) fn is_missing(name: &str) -> bool {
    STATES.get(name) == Some(&true)
}

/// Whether the local BigQuery has it.
pub(super) fn is_known(name: &str) -> bool {
    STATES.get(name) == Some(&false)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_line_is_a_family_or_a_function_with_its_state() {
        let mut names = HashSet::new();
        let mut family = "";
        for line in TABLE.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            if let Some(title) = line.strip_prefix("= ") {
                family = title;
                continue;
            }
            let parts: Vec<&str> = line.split(" | ").collect();
            let fine = match parts.as_slice() {
                [_, "exact" | "missing"] => true,
                [_, "differs" | "missing", how] => !how.is_empty(),
                _ => false,
            };
            assert!(fine, "{line}");
            assert!(!family.is_empty() && names.insert((family, parts[0])), "{line}");
        }
        assert!(names.len() > 300, "{}", names.len());
    }
}
