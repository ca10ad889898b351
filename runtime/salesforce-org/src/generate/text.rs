//! Words, names and sentences, and the awkward text that breaks naive pipelines.

use crate::rng::Rng;

pub(super) const FIRST: &[&str] = &[
    "Amara", "Björn", "Chloé", "Dmitri", "Elena", "Fatima", "George", "Hana", "Ignacio", "Jürgen", "Keiko", "Liam",
    "María", "Ngozi", "Olga", "Priya", "Quentin", "Rosa", "Søren", "Tariq", "Uma", "Václav", "Wei", "Ximena", "Yusuf",
    "Zoë",
];
pub(super) const LAST: &[&str] = &[
    "Abe",
    "Brown",
    "Castillo",
    "Dubois",
    "Eriksson",
    "Fischer",
    "García",
    "Haddad",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "Li",
    "Müller",
    "Nakamura",
    "O'Connor",
    "Patel",
    "Quispe",
    "Rossi",
    "Smith",
    "Tanaka",
    "Ueda",
    "van der Berg",
    "Wójcik",
    "Xu",
    "Yılmaz",
    "Žižek",
];
const COMPANY: &[&str] = &[
    "Acme",
    "Blue Ridge",
    "Cobalt",
    "Delta",
    "Evergreen",
    "Falcon",
    "Granite",
    "Harbor",
    "Iris",
    "Juniper",
    "Kestrel",
    "Lumen",
    "Meridian",
    "Nordic",
    "Orchid",
    "Pioneer",
    "Quartz",
    "Redwood",
    "Summit",
    "Tidal",
    "Union",
    "Vertex",
    "Willow",
    "Zenith",
];
const TRADE: &[&str] = &[
    "Analytics",
    "Biotech",
    "Capital",
    "Dynamics",
    "Energy",
    "Foods",
    "Group",
    "Health",
    "Industries",
    "Logistics",
    "Media",
    "Mining",
    "Networks",
    "Partners",
    "Robotics",
    "Shipping",
    "Systems",
    "Textiles",
    "Utilities",
    "Works",
];
const FORM: &[&str] = &[
    "Inc.", "LLC", "GmbH", "S.A.", "Ltd", "AG", "K.K.", "B.V.", "AS", "Pty Ltd",
];
pub(super) const CITIES: &[(&str, &str, &str, f64, f64)] = &[
    ("San Francisco", "CA", "United States", 37.7749, -122.4194),
    ("New York", "NY", "United States", 40.7128, -74.0060),
    ("Austin", "TX", "United States", 30.2672, -97.7431),
    ("London", "", "United Kingdom", 51.5072, -0.1276),
    ("München", "Bayern", "Deutschland", 48.1351, 11.5820),
    ("Paris", "Île-de-France", "France", 48.8566, 2.3522),
    ("São Paulo", "SP", "Brasil", -23.5558, -46.6396),
    ("東京", "", "日本", 35.6762, 139.6503),
    ("Sydney", "NSW", "Australia", -33.8688, 151.2093),
    ("القاهرة", "", "مصر", 30.0444, 31.2357),
    ("Toronto", "ON", "Canada", 43.6532, -79.3832),
    ("Kraków", "Małopolskie", "Polska", 50.0647, 19.9450),
];
const WORDS: &[&str] = &[
    "account",
    "agreed",
    "annual",
    "asked",
    "billing",
    "budget",
    "call",
    "change",
    "contract",
    "customer",
    "data",
    "decision",
    "delivery",
    "demo",
    "discount",
    "email",
    "follow-up",
    "forecast",
    "install",
    "invoice",
    "issue",
    "license",
    "meeting",
    "need",
    "next",
    "offer",
    "order",
    "partner",
    "pilot",
    "plan",
    "price",
    "project",
    "proposal",
    "quote",
    "renewal",
    "report",
    "review",
    "risk",
    "rollout",
    "sales",
    "scope",
    "security",
    "site",
    "support",
    "team",
    "terms",
    "training",
    "upgrade",
    "visit",
    "week",
];

/// Text that single-line fields may hold and that breaks careless code.
pub(super) const AWKWARD: &[&str] = &[
    "He said \"hello, world\"",
    "\"quoted\"",
    "ends with a quote\"",
    "O'Brien & Sons; \"Ltd.\", dept. 5",
    "comma, comma,, comma",
    "back\\slash \\n \\\" \\",
    "emoji 🦄 👩‍👩‍👧‍👦 🇫🇷 and \u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "مرحبا بالعالم",
    "שלום, עולם",
    "mixed \u{202E}rtl override\u{202C} text",
    "zero\u{200B}width\u{FEFF} and e\u{301} combining",
    "null",
    "NULL",
    "#N/A",
    "\\N",
    "NaN",
    "true",
    "0012",
    "1e5",
    "2024-01-01",
    "=1+1",
    "'; DROP TABLE Account;--",
    "<b>&amp;</b> &lt;script&gt;",
    "tab\tinside",
    "\u{85}next line\u{2028}line separator\u{2029}",
    "中文字符，和标点。",
    "ÀÉÎÕÜ ß ẞ ﬁ Ⅷ ½",
    "%00 %20 + ? & = #",
    "{\"json\": [1, 2, \"three\"]}",
    "${HOME} $(id) `id`",
    "日本語テキスト・カナ",
    "Ω≈ç√∫˜µ≤≥÷",
];

/// Text with line breaks, for text areas.
const BREAKS: &[&str] = &[
    "first line\r\nsecond line\r\n\r\nfourth line",
    "unix\nbreak",
    "lone carriage\rreturn",
    "\"quote at the start\r\nand, a comma\"",
    "list:\r\n- one\r\n- \"two\"\r\n- three, four",
    "\u{1} unit \u{1F} separators and \u{7F}",
];

pub(super) fn company(rng: &mut Rng, out: &mut Vec<u8>) {
    push(out, rng.pick(COMPANY));
    out.push(b' ');
    push(out, rng.pick(TRADE));
    out.push(b' ');
    push(out, rng.pick(FORM));
}

/// A sentence of `words` words, in text areas now and then with breaks and awkward parts.
pub(super) fn prose(rng: &mut Rng, words: u64, breaks: bool, out: &mut Vec<u8>) {
    for n in 0..words {
        if n > 0 {
            out.push(b' ');
        }
        push(out, rng.pick(WORDS));
    }
    if breaks && rng.one_in(12) {
        push(out, ". ");
        push(out, rng.pick(BREAKS));
    }
    if rng.one_in(25) {
        push(out, " ");
        push(out, rng.pick(AWKWARD));
    }
}

/// Exactly `chars` characters, of every width that UTF-8 has.
pub(super) fn long(rng: &mut Rng, chars: usize, out: &mut Vec<u8>) {
    let mut left = chars;
    while left > 0 {
        let piece = match rng.below(12) {
            0 => rng.pick(AWKWARD),
            1 => rng.pick(BREAKS),
            _ => rng.pick(WORDS),
        };
        for c in piece.chars().chain([' ']).take(left) {
            let mut buffer = [0; 4];
            push(out, c.encode_utf8(&mut buffer));
            left -= 1;
        }
    }
    // The platform trims the ends of text.
    if out.last() == Some(&b' ') {
        out.pop();
        out.push(b'.');
    }
}

pub(super) fn word<'a>(rng: &mut Rng) -> &'a str {
    rng.pick(WORDS)
}

pub(super) fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
