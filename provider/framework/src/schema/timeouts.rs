//! The `timeouts` attribute, and durations as Go writes them.

use std::time::Duration;

use super::{Attribute, equal, validate};

/// The name that the attribute has in every resource.
pub(crate) const ATTRIBUTE: &str = "timeouts";

/// How long operations may take when the user does not say; an operation that is not listed has no limit and no entry.
///
/// ```
/// # use std::time::Duration;
/// # use tfplugin_framework::Timeouts;
/// let timeouts = Timeouts::new().create(Duration::from_secs(20 * 60)).delete(Duration::from_secs(300));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Of create.
    pub create: Option<Duration>,
    /// Of read (refresh; for data sources too).
    pub read: Option<Duration>,
    /// Of update.
    pub update: Option<Duration>,
    /// Of delete.
    pub delete: Option<Duration>,
}

impl Timeouts {
    /// No limits.
    pub fn new() -> Self {
        Timeouts::default()
    }

    /// Of create.
    #[must_use]
    pub fn create(mut self, limit: Duration) -> Self {
        self.create = Some(limit);
        self
    }

    /// Of read.
    #[must_use]
    pub fn read(mut self, limit: Duration) -> Self {
        self.read = Some(limit);
        self
    }

    /// Of update.
    #[must_use]
    pub fn update(mut self, limit: Duration) -> Self {
        self.update = Some(limit);
        self
    }

    /// Of delete.
    #[must_use]
    pub fn delete(mut self, limit: Duration) -> Self {
        self.delete = Some(limit);
        self
    }

    /// The operations that have a limit.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        [
            ("create", self.create),
            ("read", self.read),
            ("update", self.update),
            ("delete", self.delete),
        ]
        .into_iter()
        .filter_map(|(name, limit)| Some((name, limit?)))
    }

    pub(crate) fn attribute(&self) -> Attribute {
        Attribute::object(self.entries().map(|(name, limit)| {
            let attribute = Attribute::string()
                .optional()
                .equivalent(equal::duration)
                .validate(validate::duration())
                .describe(format!(
                    "How long {name} may take, such as `30s`, `20m` or `1h30m`. Default: `{}`.",
                    spell(limit)
                ));
            (name, attribute)
        }))
        .optional()
        .describe("How long operations may take before they are given up.")
    }
}

/// A duration in Go's notation: `300ms`, `1.5h`, `2h45m`. Negative ones are refused.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let malformed = || format!("`{text}` is not a duration such as `30s`, `20m` or `1h30m`");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return Err(malformed());
    }
    let mut total = 0_u128;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(malformed)?;
        let amount = &rest[..digits];
        rest = &rest[digits..];
        let unit_end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = match &rest[..unit_end] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => NANOSECONDS,
            "m" => 60 * NANOSECONDS,
            "h" => 3600 * NANOSECONDS,
            _ => return Err(malformed()),
        };
        let length = nanoseconds(amount, unit).ok_or_else(malformed)?;
        total = total.checked_add(length).ok_or_else(malformed)?;
        rest = &rest[unit_end..];
    }
    let seconds = u64::try_from(total / NANOSECONDS).map_err(|_| malformed())?;
    Ok(Duration::new(
        seconds,
        u32::try_from(total % NANOSECONDS).unwrap_or_default(),
    ))
}

/// In a second.
const NANOSECONDS: u128 = 1_000_000_000;

/// A decimal amount of a unit, exactly; what is less than a nanosecond is cut off, as Go does.
fn nanoseconds(amount: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let digits = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<u128>().ok()
        }
    };
    let fraction = &fraction[..fraction.len().min(18)];
    let part = digits(fraction)?.checked_mul(unit)? / 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    digits(whole)?.checked_mul(unit)?.checked_add(part)
}

/// A duration as a user would write it: whole hours, minutes or seconds.
pub(crate) fn spell(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{}ms", duration.as_millis()),
        s if s.is_multiple_of(3600) => format!("{}h", s / 3600),
        s if s.is_multiple_of(60) => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
