//! Avro's binary encoding, as far as events need it. <https://avro.apache.org/docs/1.12.0/specification/#binary-encoding>

/// Zigzag, then seven bits a byte.
pub(crate) fn long(out: &mut Vec<u8>, value: i64) {
    let mut n = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

pub(crate) fn text(out: &mut Vec<u8>, value: &[u8]) {
    long(out, i64::try_from(value.len()).unwrap_or(i64::MAX));
    out.extend_from_slice(value);
}

/// An array in one block.
pub(crate) fn texts<T: AsRef<[u8]>>(out: &mut Vec<u8>, values: &[T]) {
    if !values.is_empty() {
        long(out, i64::try_from(values.len()).unwrap_or(i64::MAX));
        for value in values {
            text(out, value.as_ref());
        }
    }
    long(out, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_zigzag() {
        for (value, bytes) in [
            (0, &[0u8][..]),
            (-1, &[1]),
            (1, &[2]),
            (-64, &[0x7f]),
            (64, &[0x80, 1]),
            (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        ] {
            let mut out = vec![];
            long(&mut out, value);
            assert_eq!(out, bytes, "{value}");
        }
        let mut out = vec![];
        texts(&mut out, &["ab", ""]);
        texts::<&str>(&mut out, &[]);
        assert_eq!(out, [4, 4, b'a', b'b', 0, 0, 0]);
    }
}
