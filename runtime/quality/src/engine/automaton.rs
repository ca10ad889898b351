//! Regular expressions as tables: one look-up for each byte of a text, and nothing around it.
//!
//! A search by `regex` costs more to begin than a short text costs to be read, and columns hold millions of those. What has no
//! small table (word boundaries, line anchors, large repetitions), and long texts, in which `regex` leaps from literal to
//! literal, stay with it. The two must agree, and a test holds them against each other.

use hashbrown::HashMap;
use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};
use regex_syntax::utf8::Utf8Sequences;

/// A regular expression that is searched for in many texts.
pub struct Pattern {
    regex: Regex,
    automaton: Option<Automaton>,
}

/// Texts of more bytes are searched by `regex`.
const SHORT: usize = 256;

impl Pattern {
    /// Compiles an expression.
    pub fn new(pattern: &str) -> Result<Self, regex::Error> {
        Ok(Self {
            regex: Regex::new(pattern)?,
            automaton: regex_syntax::parse(pattern).ok().and_then(|hir| Automaton::new(&hir)),
        })
    }

    /// Whether it is found in a text.
    #[inline]
    pub fn is_match(&self, text: &str) -> bool {
        match &self.automaton {
            Some(automaton) if text.len() <= SHORT => automaton.is_match(text.as_bytes()),
            _ => self.regex.is_match(text),
        }
    }
}

/// A table of states by classes of bytes.
struct Automaton {
    /// The class of each byte.
    classes: [u8; 256],
    /// For a state and a class, the state that follows. A state is the position of its first class.
    steps: Vec<u32>,
    width: usize,
    start: u32,
    /// Whether a text that ends in a state matches.
    ends: Vec<bool>,
}

/// The state behind which nothing matches any more.
const DEAD: usize = 0;
/// The state of what matches, whatever follows.
const FOUND: usize = 1;
/// Larger ones are not worth their making.
const MOST_NODES: usize = 2_000;
const MOST_STATES: usize = 500;

impl Automaton {
    fn new(hir: &Hir) -> Option<Self> {
        let mut nodes = Nodes(vec![Node::Match]);
        let root = nodes.add(hir, 0)?;
        let (classes, samples) = nodes.classes();
        let width = samples.len();
        let mut states = States {
            nodes: &nodes,
            known: HashMap::new(),
            sets: vec![Set::default(), Set::default()],
            ends: vec![false, true],
        };
        let start = states.number(&[root], true)?;
        let mut steps = vec![DEAD; width];
        steps.resize(width * 2, FOUND);
        let mut at = FOUND + 1;
        while at < states.sets.len() {
            for byte in &samples {
                // A match may also begin here.
                let mut next = vec![root];
                next.extend(states.sets[at].nodes.iter().filter_map(|node| match &nodes.0[*node] {
                    Node::Bytes(from, to, next) if (from..=to).contains(&byte) => Some(*next),
                    _ => None,
                }));
                steps.push(states.number(&next, false)?);
            }
            at += 1;
        }
        let first = |state: usize| u32::try_from(state * width).ok();
        Some(Self {
            classes,
            steps: steps.into_iter().map(first).collect::<Option<_>>()?,
            width,
            start: first(start)?,
            ends: states.ends,
        })
    }

    #[inline]
    fn is_match(&self, text: &[u8]) -> bool {
        let mut state = self.start as usize;
        for byte in text {
            state = self.steps[state + usize::from(self.classes[usize::from(*byte)])] as usize;
            if state <= self.width * FOUND {
                break;
            }
        }
        self.ends[state / self.width]
    }
}

/// What an expression can do next.
enum Node {
    /// The expression is satisfied.
    Match,
    /// A byte of a range, and what follows.
    Bytes(u8, u8, usize),
    /// Any of several.
    Any(Vec<usize>),
    /// The text begins here.
    Start(usize),
    /// The text ends here.
    End(usize),
}

struct Nodes(Vec<Node>);

impl Nodes {
    fn push(&mut self, node: Node) -> Option<usize> {
        self.0.push(node);
        (self.0.len() <= MOST_NODES).then_some(self.0.len() - 1)
    }

    /// Adds what an expression demands before `next`; none: it is too large, or demands what has no table.
    fn add(&mut self, hir: &Hir, next: usize) -> Option<usize> {
        match hir.kind() {
            HirKind::Empty => Some(next),
            HirKind::Literal(literal) => literal
                .0
                .iter()
                .rev()
                .try_fold(next, |next, byte| self.push(Node::Bytes(*byte, *byte, next))),
            HirKind::Class(Class::Bytes(class)) => {
                let ranges = class.iter().map(|range| (range.start(), range.end()));
                let any: Option<Vec<usize>> = ranges
                    .map(|(from, to)| self.push(Node::Bytes(from, to, next)))
                    .collect();
                self.push(Node::Any(any?))
            }
            HirKind::Class(Class::Unicode(class)) => {
                let sequences = class
                    .iter()
                    .flat_map(|range| Utf8Sequences::new(range.start(), range.end()));
                let any: Option<Vec<usize>> = sequences
                    .map(|sequence| {
                        let mut bytes = sequence.as_slice().iter().rev();
                        bytes.try_fold(next, |next, range| self.push(Node::Bytes(range.start, range.end, next)))
                    })
                    .collect();
                self.push(Node::Any(any?))
            }
            HirKind::Look(Look::Start) => self.push(Node::Start(next)),
            HirKind::Look(Look::End) => self.push(Node::End(next)),
            HirKind::Look(_) => None,
            HirKind::Repetition(repetition) => self.repeated(repetition, next),
            HirKind::Capture(capture) => self.add(&capture.sub, next),
            HirKind::Concat(all) => all.iter().rev().try_fold(next, |next, hir| self.add(hir, next)),
            HirKind::Alternation(any) => {
                let any: Option<Vec<usize>> = any.iter().map(|hir| self.add(hir, next)).collect();
                self.push(Node::Any(any?))
            }
        }
    }

    fn repeated(&mut self, repetition: &Repetition, next: usize) -> Option<usize> {
        let mut at = next;
        match repetition.max {
            None => {
                at = self.push(Node::Any(vec![next]))?;
                let again = self.add(&repetition.sub, at)?;
                if let Node::Any(any) = &mut self.0[at] {
                    any.push(again);
                }
            }
            Some(max) => {
                for _ in repetition.min..max {
                    let once = self.add(&repetition.sub, at)?;
                    at = self.push(Node::Any(vec![once, next]))?;
                }
            }
        }
        (0..repetition.min).try_fold(at, |next, _| self.add(&repetition.sub, next))
    }

    /// Bytes between which no node tells apart have one class; and one byte of each.
    fn classes(&self) -> ([u8; 256], Vec<u8>) {
        let mut begins = [false; 257];
        for node in &self.0 {
            if let Node::Bytes(from, to, _) = node {
                begins[usize::from(*from)] = true;
                begins[usize::from(*to) + 1] = true;
            }
        }
        let (mut classes, mut samples) = ([0; 256], vec![0]);
        for byte in 1..=u8::MAX {
            if begins[usize::from(byte)] {
                samples.push(byte);
            }
            classes[usize::from(byte)] = u8::try_from(samples.len() - 1).unwrap_or(u8::MAX);
        }
        (classes, samples)
    }
}

/// Where an expression may be at once: nodes that wait for a byte or for the end, in order.
#[derive(Default, Clone, PartialEq, Eq, Hash)]
struct Set {
    nodes: Vec<usize>,
    /// The text begins here.
    first: bool,
}

struct States<'a> {
    nodes: &'a Nodes,
    known: HashMap<Set, usize>,
    sets: Vec<Set>,
    ends: Vec<bool>,
}

impl States<'_> {
    /// The number of the state of these nodes; none: there would be too many.
    fn number(&mut self, from: &[usize], first: bool) -> Option<usize> {
        let (nodes, found) = self.reached(from, first, false);
        if found {
            return Some(FOUND);
        }
        if nodes.is_empty() {
            return Some(DEAD);
        }
        let set = Set { nodes, first };
        if let Some(known) = self.known.get(&set) {
            return Some(*known);
        }
        let (_, ends) = self.reached(&set.nodes, first, true);
        self.known.insert(set.clone(), self.sets.len());
        self.sets.push(set);
        self.ends.push(ends);
        (self.sets.len() <= MOST_STATES).then_some(self.sets.len() - 1)
    }

    /// What is reached without a byte: the nodes that wait, and whether the expression is satisfied.
    fn reached(&self, from: &[usize], first: bool, last: bool) -> (Vec<usize>, bool) {
        let mut seen = vec![false; self.nodes.0.len()];
        let mut todo = from.to_vec();
        let (mut waiting, mut found) = (Vec::new(), false);
        while let Some(at) = todo.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            match &self.nodes.0[at] {
                Node::Match => found = true,
                Node::Bytes(..) => waiting.push(at),
                Node::Any(any) => todo.extend(any),
                Node::Start(next) if first => todo.push(*next),
                Node::Start(_) => {}
                Node::End(next) if last => todo.push(*next),
                Node::End(_) => waiting.push(at),
            }
        }
        waiting.sort_unstable();
        (waiting, found)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    /// A text out of an alphabet, as numbers decide.
    fn text(alphabet: &[char], seed: &mut u64) -> String {
        let mut next = |below: usize| {
            *seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(*seed >> 33).expect("31 bits") % below
        };
        let length = next(12);
        (0..length).map(|_| alphabet[next(alphabet.len())]).collect()
    }

    #[test]
    fn tables_and_regex_find_the_same() {
        let patterns = [
            "",
            "a",
            "^a",
            "a$",
            "^a$",
            "^$",
            "$^",
            "^",
            "$",
            "a*",
            "^a*$",
            "^(a|b)*$",
            "(^a|b$)",
            "^a|b",
            "a|^",
            "(a|b|)c",
            "ab+c?",
            "a{2}",
            "^a{2,3}$",
            "^(ab){1,2}c{0,2}$",
            "a{0}",
            "(a*)*b",
            "(a*)+$",
            "(?:a?){3}b",
            "[^a]",
            "^[^a-b]+$",
            ".",
            "^.{3}$",
            "(?s)^.*b.$",
            "é",
            "^[à-ü]+$",
            "[^é]$",
            "^\\w+$",
            "\\d",
            "^\\s*a",
            "(?i)^AB",
            "(?i)é",
            "(?-u:a)b",
            "^a.*c$",
            "b.a",
            "^(?:a|ab)(?:c|bcd)$",
            "€$",
            "^[€é]{2}",
            "\\PL",
            "^\\+[1-9][0-9]{2,4}$",
            "^[a-z0-9._%+-]+@[a-z0-9.-]+\\.[a-z]{2,}$",
            "^a\\z",
            "\\Aa",
            "[a&&b]",
            "(?s)^a%.*$",
            // These have no table.
            "\\ba",
            "(?m)^a$",
            "a{500}b{500}c{500}d{501}",
            "^(?:.{100}|a){9}$",
        ];
        let alphabet: Vec<char> = "aabbc1+@.dAB é€ü\n%".chars().collect();
        let mut tables = 0;
        let mut seed = 7;
        for pattern in patterns {
            let both = Pattern::new(pattern).expect("compiles");
            tables += usize::from(both.automaton.is_some());
            for _ in 0..3_000 {
                let text = text(&alphabet, &mut seed);
                assert_eq!(
                    both.is_match(&text),
                    both.regex.is_match(&text),
                    "{pattern:?} in {text:?}"
                );
            }
            let long = "b€".repeat(100) + "a";
            assert_eq!(
                both.is_match(&long),
                both.regex.is_match(&long),
                "{pattern:?} in a long text"
            );
        }
        assert!(tables >= patterns.len() - 6, "{tables} of {}", patterns.len());
    }
}
