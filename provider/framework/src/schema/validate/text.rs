//! Rules for text.

use std::ops::RangeBounds;
use std::sync::LazyLock;

use regex::Regex;
use tfplugin_proto::Refinements;

use super::{Validator, below_start, spell_range};
use crate::nearest;

/// A rule about text: `matches("must be a host name", |text| …)`.
pub fn matches(description: impl Into<String>, accept: impl Fn(&str) -> bool + Send + Sync + 'static) -> Validator {
    let description = description.into();
    let text = description.clone();
    Validator::new(description, move |value| match value.as_str() {
        Some(value) if !accept(value) => Err(format!("{text}, got {value:?}")),
        _ => Ok(()),
    })
}

/// Text that matches a regular expression somewhere (anchor it with `^` and `$`); the description says it in words:
/// `pattern("^[a-z][a-z0-9-]*$", "must be lowercase letters, digits and hyphens, starting with a letter")`.
/// It is compiled when it is first needed. [`check_resource`](crate::check_resource) finds one that does not compile.
pub fn pattern(regex: &'static str, description: impl Into<String>) -> Validator {
    let compiled = LazyLock::new(move || Regex::new(regex));
    let rule = matches(description, move |text| match &*compiled {
        Ok(regex) => regex.is_match(text),
        // A provider's mistake is no user's mistake.
        Err(_) => true,
    });
    rule.that_may_be_broken(move || Some(format!("the pattern is none: {}", Regex::new(regex).err()?)))
}

/// Text of so many characters: `length(1..=63)`. Also judges text that is known only in part.
pub fn length(range: impl RangeBounds<usize> + Send + Sync + Clone + 'static) -> Validator {
    let text = format!("must be {} characters long", spell_range(&range));
    let (long, said) = (range.clone(), text.clone());
    Validator::new(text.clone(), move |value| {
        match value.as_str().map(|value| value.chars().count()) {
            Some(count) if !range.contains(&count) => Err(format!("{text}, has {count}")),
            _ => Ok(()),
        }
    })
    .judging_unknown(move |refinements| {
        let known = refinements.prefix.as_deref()?.chars().count();
        (!long.contains(&known) && !below_start(&long, known)).then(|| format!("{said}, has {known} or more"))
    })
}

/// Text of so many bytes in UTF-8, which is what many services count.
pub fn byte_length(range: impl RangeBounds<usize> + Send + Sync + Clone + 'static) -> Validator {
    let text = format!("must be {} bytes long", spell_range(&range));
    Validator::new(text.clone(), move |value| match value.as_str().map(str::len) {
        Some(count) if !range.contains(&count) => Err(format!("{text}, has {count}")),
        _ => Ok(()),
    })
}

/// Text that starts so. Also judges text that is known only in part.
pub fn prefix(prefix: impl Into<String>) -> Validator {
    let prefix = prefix.into();
    let text = format!("must start with `{prefix}`");
    let (wanted, said) = (prefix.clone(), text.clone());
    matches(text, move |value| value.starts_with(&prefix)).judging_unknown(move |refinements| {
        let known = refinements.prefix.as_deref()?;
        (!agree(known, &wanted)).then(|| format!("{said}, starts with {known:?}"))
    })
}

/// Whether one of two texts goes on where the other ends.
fn agree(a: &str, b: &str) -> bool {
    let shorter = a.len().min(b.len());
    a.as_bytes()[..shorter] == b.as_bytes()[..shorter]
}

/// Text that ends so.
pub fn suffix(suffix: impl Into<String>) -> Validator {
    let suffix = suffix.into();
    matches(format!("must end with `{suffix}`"), move |value| {
        value.ends_with(&suffix)
    })
}

fn listed(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// One of these texts; offers the one that was probably meant. Also judges text that is known only in part.
pub fn one_of(choices: impl IntoIterator<Item = impl Into<String>>) -> Validator {
    let choices: Vec<String> = choices.into_iter().map(Into::into).collect();
    let text = format!("must be one of {}", listed(&choices));
    let (possible, said) = (choices.clone(), text.clone());
    Validator::new(text.clone(), move |value| {
        let Some(value) = value.as_str() else { return Ok(()) };
        if choices.iter().any(|choice| choice == value) {
            return Ok(());
        }
        let meant = nearest(value, choices.iter().map(String::as_str));
        let meant = meant
            .map(|choice| format!("; did you mean `{choice}`?"))
            .unwrap_or_default();
        Err(format!("{text}, got {value:?}{meant}"))
    })
    .judging_unknown(move |refinements| {
        let known = refinements.prefix.as_deref()?;
        let possible = possible.iter().any(|choice| choice.starts_with(known));
        (!possible).then(|| format!("{said}, starts with {known:?}"))
    })
}

/// None of these texts.
pub fn none_of(words: impl IntoIterator<Item = impl Into<String>>) -> Validator {
    let words: Vec<String> = words.into_iter().map(Into::into).collect();
    matches(format!("must be none of {}", listed(&words)), move |value| {
        !words.iter().any(|word| word == value)
    })
}

/// A document in JSON.
pub fn json() -> Validator {
    Validator::new("must be JSON", |value| {
        value.as_str().map_or(Ok(()), |text| {
            serde_json::from_str::<serde::de::IgnoredAny>(text)
                .map(|_| ())
                .map_err(|error| format!("must be JSON: {error}"))
        })
    })
}

/// A JSON object: `{…}`.
pub fn json_object() -> Validator {
    Validator::new("must be a JSON object", |value| {
        value.as_str().map_or(Ok(()), |text| {
            match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) if text.trim_start().starts_with('{') => Ok(()),
                Ok(_) => Err("must be a JSON object such as `{\"key\": \"value\"}`".to_owned()),
                Err(error) => Err(format!("must be a JSON object: {error}")),
            }
        })
    })
}

/// A URL with one of these schemes, a host and no spaces: `url(["https"])`. Also judges text that is known only in part.
pub fn url(schemes: impl IntoIterator<Item = impl Into<String>>) -> Validator {
    let schemes: Vec<String> = schemes
        .into_iter()
        .map(|scheme| format!("{}://", scheme.into()))
        .collect();
    let start = schemes.join("` or `");
    let text = format!("must be a URL that starts with `{start}`");
    let (possible, said) = (schemes.clone(), text.clone());
    matches(text, move |text| {
        let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme.as_str()));
        rest.is_some_and(|rest| {
            let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            is_host_and_port(host) && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        })
    })
    .judging_unknown(move |refinements: &Refinements| {
        let known = refinements.prefix.as_deref()?;
        let possible = possible.iter().any(|scheme| agree(known, scheme));
        (!possible).then(|| format!("{said}, starts with {known:?}"))
    })
}

fn is_host_and_port(text: &str) -> bool {
    if let Some(literal) = text.strip_prefix('[') {
        return literal.split_once(']').is_some_and(|(address, port)| {
            address.parse::<std::net::Ipv6Addr>().is_ok() && (port.is_empty() || is_port(port.strip_prefix(':')))
        });
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    is_host(host) && (port.is_none() || is_port(port))
}

fn is_port(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.parse::<u16>().is_ok())
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    text.len() <= 253 && text.trim_end_matches('.').split('.').all(label)
}

/// An address of electronic mail.
pub fn email() -> Validator {
    matches("must be an email address such as `someone@example.com`", |text| {
        text.rsplit_once('@').is_some_and(|(local, host)| {
            (1..=64).contains(&local.len())
                && !local.contains(|c: char| c.is_whitespace() || c.is_control() || "()<>,;:\\\"[]@".contains(c))
                && host.contains('.')
                && is_host(host)
        })
    })
}

/// A range of addresses in CIDR notation without bits beyond its mask: `10.0.0.0/8`, `2001:db8::/32`.
pub fn cidr() -> Validator {
    matches("must be a range of IP addresses such as `10.0.0.0/8`", |text| {
        text.split_once('/').is_some_and(|(address, bits)| {
            let Ok(bits) = bits.parse::<u32>() else { return false };
            match address.parse() {
                Ok(std::net::IpAddr::V4(address)) => {
                    bits <= 32 && u64::from(address.to_bits()) << bits & u64::from(u32::MAX) == 0
                }
                Ok(std::net::IpAddr::V6(address)) => {
                    bits <= 128 && address.to_bits().checked_shl(bits).unwrap_or(0) == 0
                }
                Err(_) => false,
            }
        })
    })
}
