//! IP addresses and the hosts of URLs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("ip_from_string", Answers::Bytes, ip_from_string),
    native("safe_ip_from_string", Answers::Bytes, |args| {
        Ok(ip_from_string(args).unwrap_or(Cell::Null))
    }),
    native("ip_to_string", Answers::Text, ip_to_string),
    native("ip_net_mask", Answers::Bytes, ip_net_mask),
    native("ip_trunc", Answers::Bytes, ip_trunc),
    native("ipv4_from_int64", Answers::Bytes, ipv4_from_int64),
    native("ipv4_to_int64", Answers::Int, ipv4_to_int64),
    native("host", Answers::Text, |args| part(args, |host| Some(host.to_owned()))),
    native("public_suffix", Answers::Text, |args| part(args, public_suffix)),
    native("reg_domain", Answers::Text, |args| part(args, reg_domain)),
];

fn ip_from_string(args: &[Cell]) -> Outcome {
    let [Cell::Text(text)] = args else {
        return Err(misused());
    };
    match text.parse() {
        Ok(IpAddr::V4(ip)) => Ok(Cell::Bytes(ip.octets().to_vec())),
        Ok(IpAddr::V6(ip)) => Ok(Cell::Bytes(ip.octets().to_vec())),
        Err(_) => Err(format!(
            "NET.IP_FROM_STRING() encountered an unparseable IP-address: {text}"
        )),
    }
}

fn ip_to_string(args: &[Cell]) -> Outcome {
    let [Cell::Bytes(bytes)] = args else {
        return Err(misused());
    };
    let text = if let Ok(octets) = <[u8; 4]>::try_from(bytes.as_slice()) {
        Ipv4Addr::from(octets).to_string()
    } else if let Ok(octets) = <[u8; 16]>::try_from(bytes.as_slice()) {
        Ipv6Addr::from(octets).to_string()
    } else {
        return Err(format!(
            "NET.IP_TO_STRING() encountered an invalid IP address. Expected 4 (for IPv4) or 16 (for IPv6) bytes but got {}",
            bytes.len()
        ));
    };
    Ok(Cell::Text(text))
}

/// Ones from the left, as many as the prefix is long.
fn mask(bytes: usize, prefix: usize) -> Vec<u8> {
    (0..bytes)
        .map(|i| {
            let ones = prefix.saturating_sub(8 * i).min(8);
            (0xff00_u16 >> ones) as u8
        })
        .collect()
}

fn ip_net_mask(args: &[Cell]) -> Outcome {
    let [Cell::Int(bytes), Cell::Int(prefix)] = args else {
        return Err(misused());
    };
    let size = match bytes {
        4 => 4,
        16 => 16,
        other => {
            return Err(format!(
                "The first argument of NET.IP_NET_MASK() must be either 4 (for IPv4) or 16 (for IPv6); got {other}"
            ));
        }
    };
    match usize::try_from(*prefix) {
        Ok(prefix) if prefix <= size * 8 => Ok(Cell::Bytes(mask(size, prefix))),
        _ => Err(format!(
            "The second argument of NET.IP_NET_MASK() must be between 0 and the first argument * 8; got {prefix}"
        )),
    }
}

fn ip_trunc(args: &[Cell]) -> Outcome {
    let [Cell::Bytes(bytes), Cell::Int(prefix)] = args else {
        return Err(misused());
    };
    if !matches!(bytes.len(), 4 | 16) {
        return Err(format!(
            "The first argument of NET.IP_TRUNC() must have length 4 (for IPv4) or 16 (for IPv6); got {}",
            bytes.len()
        ));
    }
    match usize::try_from(*prefix) {
        Ok(prefix) if prefix <= bytes.len() * 8 => {
            let mask = mask(bytes.len(), prefix);
            Ok(Cell::Bytes(bytes.iter().zip(mask).map(|(b, m)| b & m).collect()))
        }
        _ => Err(format!(
            "The second argument of NET.IP_TRUNC() must be between 0 and 8 * LENGTH(first argument); got {prefix}"
        )),
    }
}

fn ipv4_from_int64(args: &[Cell]) -> Outcome {
    let [Cell::Int(value)] = args else {
        return Err(misused());
    };
    // Negative numbers are those of 32 bits with a sign.
    if !(-0x8000_0000..=0xffff_ffff).contains(value) {
        return Err(format!(
            "NET.IPV4_FROM_INT64() encountered an invalid integer IP. Expected range: [-0x80000000, 0xFFFFFFFF]; got {value}"
        ));
    }
    Ok(Cell::Bytes((*value as u32).to_be_bytes().to_vec()))
}

fn ipv4_to_int64(args: &[Cell]) -> Outcome {
    let [Cell::Bytes(bytes)] = args else {
        return Err(misused());
    };
    match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(octets) => Ok(Cell::Int(u32::from_be_bytes(octets).into())),
        Err(_) => Err(format!(
            "NET.IPV4_TO_INT64() encountered a non-IPv4 address. Expected 4 bytes but got {}",
            bytes.len()
        )),
    }
}

/// The host of a URL, which need not be a well-formed one.
fn host(url: &str) -> Option<&str> {
    let trimmed = url.trim_matches(|c: char| c.is_ascii_whitespace() || c.is_ascii_control());
    let rest = if let Some(rest) = trimmed.strip_prefix("//") {
        rest
    } else {
        // A scheme counts only with both slashes after it.
        match trimmed.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?', '#', '\\', '@', '[', ':']) => rest,
            _ => trimmed,
        }
    };
    let authority = rest.split(['#', '/', '?', '\\']).next().unwrap_or_default();
    let named = authority.rsplit('@').next().unwrap_or_default();
    let host = if named.starts_with('[') {
        match named.find(']') {
            Some(end) => &named[..=end],
            None => return None,
        }
    } else {
        named.split(':').next().unwrap_or_default()
    };
    (!host.is_empty() && !host.contains(char::is_whitespace)).then_some(host)
}

fn part(args: &[Cell], of: fn(&str) -> Option<String>) -> Outcome {
    match args {
        [Cell::Text(url)] => Ok(host(url).and_then(of).map_or(Cell::Null, Cell::Text)),
        _ => Err(misused()),
    }
}

/// A host as the list of suffixes is asked for it: in lower case, without dots at its ends.
fn asked(host: &str) -> Option<(String, usize)> {
    if host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() || host.contains("..") {
        return None;
    }
    let bare = host.trim_matches('.');
    let lower = bare.to_lowercase();
    let start = host.len() - host.trim_start_matches('.').len();
    (lower.len() == bare.len() && !bare.is_empty()).then_some((lower, start))
}

fn public_suffix(host: &str) -> Option<String> {
    let (lower, start) = asked(host)?;
    let suffix = psl::suffix(lower.as_bytes()).filter(psl::Suffix::is_known)?;
    let from = start + lower.len() - suffix.as_bytes().len();
    Some(host[from..].to_owned())
}

fn reg_domain(host: &str) -> Option<String> {
    let (lower, start) = asked(host)?;
    let domain = psl::domain(lower.as_bytes()).filter(|d| d.suffix().is_known())?;
    let from = start + lower.len() - domain.as_bytes().len();
    Some(host[from..].to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn hosts_are_found_in_what_is_hardly_a_url() {
        for (url, expected) in [
            ("", None),
            ("http://abc.xyz", Some("abc.xyz")),
            ("//user:password@a.b:80/path?query", Some("a.b")),
            ("https://[::1]:80", Some("[::1]")),
            ("http://例子.卷筒纸.中国", Some("例子.卷筒纸.中国")),
            ("    www.Example.Co.UK    ", Some("www.Example.Co.UK")),
            ("mailto:?to=&subject=&body=", Some("mailto")),
        ] {
            assert_eq!(super::host(url), expected, "{url}");
        }
    }
}
