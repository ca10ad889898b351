//! Record ids: key prefix, a counter in base 62, and the three letters that make fifteen case-sensitive characters into
//! eighteen that survive a comparison without case.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// The part of an id that names the instance; the same for every record of the simulated org.
const INSTANCE: &[u8; 3] = b"8W0";

/// The 18 character id of a record: `slot` is its position in its table.
pub(crate) fn make(prefix: &str, slot: u64) -> [u8; 18] {
    let mut id = [b'0'; 18];
    id[..3].copy_from_slice(&prefix.as_bytes()[..3]);
    id[3..6].copy_from_slice(INSTANCE);
    // Slot 0 is counter 1: an all-zero counter would be Salesforce's null id.
    let mut n = slot + 1;
    for at in (6..15).rev() {
        id[at] = DIGITS[(n % 62) as usize];
        n /= 62;
    }
    let suffix = checksum(&id[..15]);
    id[15..].copy_from_slice(&suffix);
    id
}

/// [`make`] as text.
pub(crate) fn make_string(prefix: &str, slot: u64) -> String {
    make(prefix, slot).iter().map(|&b| char::from(b)).collect()
}

fn checksum(id15: &[u8]) -> [u8; 3] {
    let mut out = [b'A'; 3];
    for (chunk, letter) in id15.chunks(5).zip(&mut out) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0usize, |bits, (i, c)| bits | (usize::from(c.is_ascii_uppercase()) << i));
        *letter = SUFFIX[bits];
    }
    out
}

/// The 18 character form of a 15 or 18 character id; `None` when it is no id.
pub(crate) fn normalize(id: &str) -> Option<String> {
    let bytes = id.as_bytes();
    if !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    match bytes.len() {
        15 => Some(format!("{id}{}", String::from_utf8_lossy(&checksum(bytes)))),
        // Case may have been lost on the way; the suffix restores it.
        18 => Some(restore_case(bytes)),
        _ => None,
    }
}

fn restore_case(bytes: &[u8]) -> String {
    let mut out: Vec<u8> = bytes.to_vec();
    for (chunk, letter) in (0..3).zip(&bytes[15..]) {
        let Some(bits) = SUFFIX.iter().position(|c| c.eq_ignore_ascii_case(letter)) else {
            return String::from_utf8_lossy(bytes).into_owned();
        };
        for i in 0..5 {
            let at = chunk * 5 + i;
            out[at] = if bits >> i & 1 == 1 {
                out[at].to_ascii_uppercase()
            } else {
                out[at].to_ascii_lowercase()
            };
        }
        out[15 + chunk] = SUFFIX[bits];
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The position in its table of the record with this id, when the prefix and the instance are ours.
pub(crate) fn slot(prefix: &str, id: &[u8]) -> Option<u64> {
    if id.len() < 15 || !id.starts_with(prefix.as_bytes()) || &id[3..6] != INSTANCE {
        return None;
    }
    let mut n = 0u64;
    for c in &id[6..15] {
        let digit = match c {
            b'0'..=b'9' => c - b'0',
            b'A'..=b'Z' => c - b'A' + 10,
            b'a'..=b'z' => c - b'a' + 36,
            _ => return None,
        };
        n = n.checked_mul(62)?.checked_add(u64::from(digit))?;
    }
    n.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_matches_published_pairs() {
        // Fifteen and eighteen character forms of the same ids, from Salesforce's own documentation.
        for (short, long) in [
            ("001A0000006Vm9u", "001A0000006Vm9uIAC"),
            ("00530000003T2PG", "00530000003T2PGAA0"),
        ] {
            assert_eq!(normalize(short).as_deref(), Some(long));
            assert_eq!(normalize(&long.to_lowercase()).as_deref(), Some(long));
        }
        assert_eq!(normalize("abc"), None);
        assert_eq!(normalize("001A0000006Vm9'"), None);
    }

    #[test]
    fn ids_round_trip_and_sort_like_slots() {
        let mut last = [0u8; 18];
        for slot_no in (0..4_000_000u64).step_by(9973) {
            let id = make("001", slot_no);
            assert_eq!(slot("001", &id), Some(slot_no));
            assert_eq!(slot("003", &id), None);
            assert!(id > last);
            last = id;
        }
    }
}
