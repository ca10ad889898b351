//! Choices that a seed decides, so that a failure can be had again.

use super::hcl::Hcl;

/// A source of choices: xorshift, which is random enough to vary configurations.
#[derive(Debug)]
pub struct Random(u64);

const WORDS: [&str; 16] = [
    "account", "amount", "belt", "crane", "delta", "ember", "flow", "grain", "harbour", "index", "june", "kiln",
    "ledger", "mill", "north", "order",
];

impl Random {
    /// The same choices for the same seed.
    pub fn new(seed: u64) -> Self {
        // No seed may lead to the state of all zeros, which xorshift never leaves.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number from `least` to `most`.
    pub fn number(&mut self, least: u64, most: u64) -> u64 {
        least + (self.next() >> 16) % (most - least + 1)
    }

    /// True once in `n`.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.number(1, n) == 1
    }

    /// True half of the time.
    pub fn coin(&mut self) -> bool {
        self.once_in(2)
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.number(0, of.len() as u64 - 1)).unwrap()]
    }

    /// Some of these, in their order, at least one.
    pub fn some<T: Copy>(&mut self, of: &[T]) -> Vec<T> {
        let first = self.number(0, of.len() as u64 - 1);
        let mut chosen = Vec::new();
        for (index, element) in of.iter().enumerate() {
            if index as u64 == first || self.coin() {
                chosen.push(*element);
            }
        }
        chosen
    }

    /// A lowercase word with a number.
    pub fn word(&mut self) -> String {
        let number = self.number(0, 999);
        format!("{}{number}", self.pick(&WORDS))
    }

    /// Text for people, with what is hard to quote: quotes, templates, backslashes, other scripts, emoji, lines.
    pub fn prose(&mut self) -> String {
        const PARTS: [&str; 12] = [
            "plain",
            "two words",
            "\"quoted\"",
            "back\\slash",
            "${not_a_template}",
            "%{nor_this}",
            "Größe",
            "顧客",
            "🚰",
            "a\nb",
            "tab\there",
            "<tag> & more",
        ];
        let count = self.number(1, 3);
        let parts: Vec<&str> = (0..count).map(|_| self.pick(&PARTS)).collect();
        parts.join(" ")
    }

    /// Variables of an environment: an empty one, and one with whatever text.
    pub fn environment(&mut self) -> Hcl {
        let note = self.prose();
        Hcl::Object(vec![("LEVEL".into(), Hcl::text("")), ("_NOTE".into(), Hcl::text(note))])
    }

    /// Labels as all of Google's services take them, up to as many, as long and as foreign as they may be: 64 with a few
    /// of our own.
    pub fn labels(&mut self) -> Hcl {
        let count = if self.once_in(16) { 60 } else { self.number(1, 4) };
        let mut label = |n| {
            let key = match self.number(0, 7) {
                0 => format!("größe{n}_{}", self.word()),
                1 => format!("{:_<63}", format!("k{n}")),
                2 => format!("顧客-{n}"),
                _ => format!("k{n}-{}", self.word()),
            };
            let value = match self.number(0, 7) {
                0 => String::new(),
                1 => format!("{:-<63}", self.word()),
                2 => format!("_{}é日本", self.word()),
                _ => self.word(),
            };
            (key, Hcl::text(value))
        };
        Hcl::Object((0..count).map(&mut label).collect())
    }

    /// A schedule in unix-cron format.
    pub fn cron(&mut self) -> String {
        let (minute, hour) = (self.number(0, 59), self.number(0, 23));
        let day = self.number(1, 28);
        match self.number(0, 4) {
            0 => format!("{minute} {hour} * * *"),
            1 => format!("*/{} * * * *", self.pick(&[5, 10, 15, 30])),
            2 => format!("{minute} {hour} * * 1-5"),
            3 => format!("{minute} {hour} {day} * *"),
            _ => format!("{minute} {hour} * * MON,thu"),
        }
    }

    /// A time zone.
    pub fn zone(&mut self) -> &'static str {
        self.pick(&[
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Asia/Kolkata",
            "Australia/Lord_Howe",
        ])
    }
}
