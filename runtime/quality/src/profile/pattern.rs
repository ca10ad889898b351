//! What texts look like: runs of digits, of capital and of small letters, and what stands between them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Pattern;

/// A column whose texts look more different than that has no pattern.
const MOST: usize = 24;
/// A longer text is prose.
const LONGEST: usize = 64;
/// More runs than that have no form.
const RUNS: usize = 16;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Digits,
    Capitals,
    Small,
    Is(char),
}

impl Part {
    const fn of(c: char) -> Self {
        match c {
            '0'..='9' => Self::Digits,
            'A'..='Z' => Self::Capitals,
            'a'..='z' => Self::Small,
            other => Self::Is(other),
        }
    }
}

/// How many texts have a form, and how long each part is at least and at most.
type Form = (u64, Vec<(u32, u32)>);

/// The forms of texts that come one by one.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    /// By their parts.
    forms: BTreeMap<Vec<Part>, Form>,
    /// They look too different.
    formless: bool,
}

impl Patterns {
    /// Looks at a text.
    pub fn add(&mut self, text: &str) {
        if self.formless {
            return;
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut lengths: Vec<u32> = Vec::new();
        for c in text.chars() {
            let part = Part::of(c);
            match (parts.last(), lengths.last_mut()) {
                (Some(last), Some(length)) if *last == part => *length += 1,
                _ => {
                    parts.push(part);
                    lengths.push(1);
                }
            }
        }
        if text.len() > LONGEST || parts.len() > RUNS || text.is_empty() {
            self.give_up();
            return;
        }
        if let Some((n, known)) = self.forms.get_mut(&parts) {
            *n += 1;
            for ((least, most), length) in known.iter_mut().zip(lengths) {
                *least = length.min(*least);
                *most = length.max(*most);
            }
        } else if self.forms.len() == MOST {
            self.give_up();
        } else {
            let known = lengths.into_iter().map(|length| (length, length)).collect();
            self.forms.insert(parts, (1, known));
        }
    }

    fn give_up(&mut self) {
        self.formless = true;
        self.forms.clear();
    }

    /// The forms, the most frequent first.
    pub fn finish(self) -> Vec<Pattern> {
        let mut all: Vec<Pattern> = self
            .forms
            .into_iter()
            .map(|(parts, (count, lengths))| Pattern {
                expression: expression(&parts, &lengths),
                count,
            })
            .collect();
        all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.expression.cmp(&b.expression)));
        all
    }
}

fn expression(parts: &[Part], lengths: &[(u32, u32)]) -> String {
    let mut text = String::from("^");
    for (part, (least, most)) in parts.iter().zip(lengths) {
        match part {
            Part::Digits => text.push_str("[0-9]"),
            Part::Capitals => text.push_str("[A-Z]"),
            Part::Small => text.push_str("[a-z]"),
            Part::Is(c) => text.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
        match (least, most) {
            (1, 1) => {}
            (least, most) if least == most => write!(text, "{{{least}}}").unwrap_or_default(),
            (least, most) => write!(text, "{{{least},{most}}}").unwrap_or_default(),
        }
    }
    text.push('$');
    text
}
