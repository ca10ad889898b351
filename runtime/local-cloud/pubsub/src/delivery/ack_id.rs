//! Ack ids: which message, in which delivery. Short, because a failed acknowledgement names them in a header.

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// `POSITION-DELIVERY` in base 36.
pub(crate) fn write(position: u64, delivery: u64) -> String {
    let mut text = String::with_capacity(24);
    digits(position, &mut text);
    text.push('-');
    digits(delivery, &mut text);
    text
}

pub(crate) fn read(text: &str) -> Option<(u64, u64)> {
    let (position, delivery) = text.split_once('-')?;
    Some((
        u64::from_str_radix(position, 36).ok()?,
        u64::from_str_radix(delivery, 36).ok()?,
    ))
}

fn digits(mut number: u64, into: &mut String) {
    let mut buffer = [0; 13];
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = DIGITS[(number % 36) as usize];
        number /= 36;
        if number == 0 {
            break;
        }
    }
    into.extend(buffer[at..].iter().map(|&digit| digit as char));
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_written_is_read() {
        for pair in [(0, 0), (1, 35), (36, u64::MAX), (u64::MAX, 1)] {
            assert_eq!(super::read(&super::write(pair.0, pair.1)), Some(pair));
        }
        for text in ["", "1", "-", "1-", "projects/p/subscriptions/s:5", "1-2-3", "1-ü"] {
            assert_eq!(super::read(text), None, "{text}");
        }
    }
}
