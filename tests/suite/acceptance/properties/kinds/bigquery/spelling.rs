//! SQL that means the same, spelled in many ways.

use headwater_tests::cloud::PROJECT;

use super::super::super::random::Random;

/// The dataset that the names after `@` lie in.
pub(super) const DATASET: &str = "ground";

/// The words of a text, each with another case, other white space and comments between them, and the names after `@` in
/// another form. No literal in it may hold a space.
pub(super) fn spelled(random: &mut Random, sql: &str) -> String {
    let wild = random.coin();
    let mut out = String::new();
    if wild {
        out.push_str(random.pick(&["", "\n  ", "/* a 'head' */ ", "-- it's a head\n", "# head\r\n"]));
    }
    for (index, word) in sql.split(' ').enumerate() {
        if index > 0 {
            out.push_str(if wild { gap(random) } else { " " });
        }
        let keyword = word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
        match word.find('@') {
            Some(_) if word.contains("@@") => out.push_str(word),
            Some(at) => {
                let (before, rest) = (&word[..at], &word[at + 1..]);
                let end = rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                out.push_str(before);
                let called = rest[end..].starts_with('(');
                out.push_str(&full_name(random, &rest[..end], called));
                out.push_str(&rest[end..]);
            }
            None if keyword && wild && random.coin() => out.push_str(&word.to_ascii_lowercase()),
            None if keyword && wild && random.once_in(4) => {
                out.push_str(&word[..1]);
                out.push_str(&word[1..].to_ascii_lowercase());
            }
            None => out.push_str(word),
        }
    }
    if wild {
        out.push_str(random.pick(&["", "\n", "\t\n\n", " -- the end", "\n/* the end */\n"]));
    }
    out
}

/// [`spelled`], perhaps with the semicolon that a statement may end with.
pub(super) fn statement(random: &mut Random, sql: &str) -> String {
    let spelled = spelled(random, sql);
    if random.once_in(4) {
        format!("{spelled}\n;{}", random.pick(&["", "\n", " -- the end"]))
    } else {
        spelled
    }
}

fn gap(random: &mut Random) -> &'static str {
    random.pick(&[
        " ",
        " ",
        " ",
        "\n",
        "\r\n\t",
        "    ",
        " -- why; it's \"so\"\n",
        " # `why`\n",
        " /* why; it's\n\"so\" */ ",
        "/**/ ",
    ])
}

/// What lies in the dataset, by any of its names. Of a function a project with a dash must be quoted.
fn full_name(random: &mut Random, name: &str, called: bool) -> String {
    match random.number(0, if called { 5 } else { 6 }) {
        0 => format!("{DATASET}.{name}"),
        1 => format!("`{DATASET}`.{name}"),
        2 => format!("`{DATASET}.{name}`"),
        3 => format!("`{PROJECT}`.{DATASET}.`{name}`"),
        4 => format!("`{PROJECT}.{DATASET}`.{name}"),
        5 => format!("`{PROJECT}.{DATASET}.{name}`"),
        _ => format!("{PROJECT}.{DATASET}.{name}"),
    }
}
