//! Full names as patterns of attributes: filled to make an id, parsed to import one.

use tfplugin_framework::Attr;

/// `projects/{project}/topics/{name}`. A placeholder is a whole segment; one at the very beginning stands for the full
/// name of a parent (`{repository}/releaseConfigs/{name}`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pattern(pub &'static str);

/// A placeholder's name, if a segment is one.
fn placeholder(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn has_default(placeholder: &str) -> bool {
    matches!(placeholder, "project" | "region" | "location")
}

impl Pattern {
    fn segments(self) -> impl DoubleEndedIterator<Item = &'static str> {
        self.0.split('/')
    }

    pub fn placeholders(self) -> impl DoubleEndedIterator<Item = &'static str> {
        self.segments().filter_map(placeholder)
    }

    /// The placeholder that tells siblings apart: the last one.
    pub fn own(self) -> &'static str {
        self.placeholders().next_back().unwrap_or_default()
    }

    /// As documentation writes it: `projects/PROJECT/topics/NAME`.
    pub fn shown(self) -> String {
        join(
            self.segments()
                .map(|segment| placeholder(segment).map_or_else(|| segment.to_owned(), str::to_uppercase)),
        )
    }

    /// The parts that have no default, as an id that can be imported, where that is shorter than all of them.
    pub fn short(self) -> Option<String> {
        let own: Vec<String> = self
            .placeholders()
            .filter(|name| !has_default(name))
            .map(|name| format!("{{{name}}}"))
            .collect();
        (own.len() < self.placeholders().count()).then(|| own.join("/"))
    }

    /// The name, once all of its parts are known.
    pub fn fill<'a>(self, part: impl Fn(&str) -> Attr<&'a str>) -> Attr<String> {
        let mut name = String::new();
        for segment in self.segments() {
            if !name.is_empty() {
                name.push('/');
            }
            match placeholder(segment).map(&part) {
                None => name.push_str(segment),
                Some(Attr::Known(text)) => name.push_str(text),
                Some(Attr::Null | Attr::Unknown) => return Attr::Unknown,
            }
        }
        name.into()
    }

    /// The parts of an id in any of the forms that can be imported.
    pub fn parse(self, id: &str) -> Option<Vec<(&'static str, String)>> {
        self.parse_full(id).or_else(|| self.parse_short(id))
    }

    fn parse_full(self, id: &str) -> Option<Vec<(&'static str, String)>> {
        let given: Vec<&str> = id.split('/').collect();
        let pattern: Vec<&'static str> = self.segments().collect();
        let surplus = given.len().checked_sub(pattern.len())?;
        let parent = placeholder(pattern[0]);
        if surplus > 0 && parent.is_none() {
            return None;
        }
        let (first, rest) = given.split_at(surplus + 1);
        let mut parts = Vec::new();
        match parent {
            Some(name) => parts.push((name, first.join("/"))),
            None if first == [pattern[0]] => {}
            None => return None,
        }
        for (segment, text) in pattern[1..].iter().zip(rest) {
            match placeholder(segment) {
                Some(name) => parts.push((name, (*text).to_owned())),
                None if segment == text => {}
                None => return None,
            }
        }
        parts.iter().all(|(_, text)| !text.is_empty()).then_some(parts)
    }

    /// The parts alone, all of them or those that have no default.
    fn parse_short(self, id: &str) -> Option<Vec<(&'static str, String)>> {
        if placeholder(self.segments().next()?).is_some() {
            return None;
        }
        let given: Vec<&str> = id.split('/').collect();
        let all: Vec<&'static str> = self.placeholders().collect();
        let own: Vec<&'static str> = self.placeholders().filter(|name| !has_default(name)).collect();
        let names = [all, own].into_iter().find(|names| names.len() == given.len())?;
        let parts = names.into_iter().zip(given.iter().map(|text| (*text).to_owned()));
        given.iter().all(|text| !text.is_empty()).then(|| parts.collect())
    }

    /// The forms that [`Pattern::parse`] reads, for a message.
    pub fn forms(self) -> String {
        let full = self.shown();
        if self.segments().next().and_then(placeholder).is_some() {
            return format!("`{full}`");
        }
        let short = join(self.placeholders().map(str::to_uppercase));
        let own = join(
            self.placeholders()
                .filter(|name| !has_default(name))
                .map(str::to_uppercase),
        );
        if short == own {
            return format!("`{full}` or `{short}`");
        }
        let defaults: Vec<&str> = self.placeholders().filter(|name| has_default(name)).collect();
        format!(
            "`{full}`, `{short}`, or `{own}` in the provider's {}",
            defaults.join(" and ")
        )
    }
}

fn join(segments: impl Iterator<Item = String>) -> String {
    segments.collect::<Vec<_>>().join("/")
}
