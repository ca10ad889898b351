//! What is attacked.

use std::collections::BTreeMap;

use super::value::{number, typed, value_of};
use super::{Rng, Target};
use crate::json::{self, Objects};
use crate::{Type, Value, msgpack, plugin};

/// By name.
pub const TARGETS: &[(&str, Target)] = &[
    ("msgpack", msgpack),
    ("refinements", refinements),
    ("json", json),
    ("types", types),
    ("handshake", plugin::fuzz_handshake),
    ("certificate", plugin::fuzz_certificate),
];

/// Values in msgpack: what was written is read as it was; what is read of damaged bytes can be written and read again.
fn msgpack(rng: &mut Rng) {
    let ty = typed(rng, 3);
    let value = value_of(rng, &ty);
    let Ok(mut bytes) = msgpack::encode(&value, &ty) else {
        panic!("{value:?} of {ty} cannot be written")
    };
    if rng.once_in(8) {
        assert_eq!(msgpack::decode(&bytes, &ty), Ok(value));
        return;
    }
    if rng.once_in(8) {
        let count = rng.below(64);
        bytes = rng.bytes(count);
    }
    rng.damage(&mut bytes);
    read_again(&bytes, &ty);
}

fn read_again(bytes: &[u8], ty: &Type) {
    let Ok(read) = msgpack::decode(bytes, ty) else { return };
    let Ok(written) = msgpack::encode(&read, ty) else {
        panic!("{read:?} was read and cannot be written")
    };
    assert_eq!(msgpack::decode(&written, ty), Ok(read));
}

/// What is known about unknown values: maps of numbers to all kinds of things.
fn refinements(rng: &mut Rng) {
    let mut content = vec![0x80 | rng.below(9) as u8];
    for _ in 0..content[0] & 0x0f {
        content.push(if rng.once_in(9) {
            rng.next() as u8
        } else {
            rng.below(9) as u8
        });
        match rng.below(7) {
            0 => content.push(0xc2 | (rng.next() & 1) as u8),
            1 => content.extend(msgpack::encode(&Value::String(rng.text()), &Type::String).unwrap_or_default()),
            2 => {
                content.push(0x92);
                content.extend(msgpack::encode(&Value::Number(number(rng)), &Type::Number).unwrap_or_default());
                content.push(0xc2 | (rng.next() & 1) as u8);
            }
            3 => content.extend(msgpack::encode(&Value::from(rng.next()), &Type::Number).unwrap_or_default()),
            4 => content.push(0xc0),
            5 => content.extend(b"\x92\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00\xc3"),
            _ => {
                let ty = typed(rng, 2);
                content.extend(msgpack::encode(&value_of(rng, &ty), &ty).unwrap_or_default());
            }
        }
    }
    if !rng.once_in(4) {
        rng.damage(&mut content);
    }
    let length = content.len().min(0xffff);
    let mut bytes = vec![0xc8, (length >> 8) as u8, length as u8, 12];
    bytes.extend(&content[..length]);
    if rng.once_in(16) {
        rng.damage(&mut bytes);
    }
    let ty = typed(rng, 1);
    if let Ok(read) = msgpack::decode(&bytes, &ty)
        && let Some(known) = read.refinements()
    {
        let value = value_of(rng, &ty);
        let _ = known.contradicted_by(&value);
    }
    read_again(&bytes, &ty);
}

/// States in JSON, exact and tolerant: what is read can be written in msgpack.
fn json(rng: &mut Rng) {
    let ty = typed(rng, 3);
    let mut text = String::new();
    write_json(rng, &ty, &mut text);
    let mut bytes = text.into_bytes();
    if !rng.once_in(4) {
        rng.damage(&mut bytes);
    }
    for objects in [Objects::Exact, Objects::Tolerant] {
        if let Ok(read) = json::decode(&bytes, &ty, objects) {
            assert!(
                msgpack::encode(&read, &ty).is_ok(),
                "{read:?} was read and cannot be written"
            );
        }
    }
    let _ = serde_json::from_slice::<serde_json::Value>(&bytes);
}

fn write_json(rng: &mut Rng, ty: &Type, out: &mut String) {
    let text = |rng: &mut Rng| serde_json::Value::from(rng.text()).to_string();
    let list = |rng: &mut Rng, types: &[&Type], out: &mut String| {
        out.push('[');
        for (index, ty) in types.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            write_json(rng, ty, out);
        }
        out.push(']');
    };
    match ty {
        _ if rng.once_in(12) => out.push_str("null"),
        Type::Bool => out.push_str(rng.pick::<&str>(&["true", "false", "\"true\"", "\"no\""])),
        Type::Number => match rng.below(3) {
            0 => out.push_str(&format!("\"{}\"", number(rng))),
            1 => out.push_str(rng.pick::<&str>(&["1e9", "-0", "0.1E-7", "1e4097", "12345678901234567890.5"])),
            _ => out.push_str(&number(rng).to_plain_string()),
        },
        Type::String => match rng.below(8) {
            0 => out.push_str(rng.pick::<&str>(&["true", "12", "\"\\ud800\"", "\"\\u00e9\""])),
            _ => out.push_str(&text(rng)),
        },
        Type::List(element) | Type::Set(element) => {
            let elements = vec![element.as_ref(); rng.below(4)];
            list(rng, &elements, out);
        }
        Type::Tuple(types) => list(rng, &types.iter().collect::<Vec<_>>(), out),
        Type::Map(element) => {
            out.push('{');
            for index in 0..rng.below(4) {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(&text(rng));
                out.push(':');
                write_json(rng, element, out);
            }
            out.push('}');
        }
        Type::Object(types) => {
            out.push('{');
            let mut first = true;
            for (name, ty) in types {
                if rng.once_in(16) {
                    continue;
                }
                out.push_str(if first { "" } else { "," });
                first = false;
                out.push_str(&format!("{name:?}:"));
                write_json(rng, ty, out);
            }
            out.push('}');
        }
        Type::Dynamic => {
            let inner = typed(rng, 1);
            out.push_str(&format!("{{\"type\":{},\"value\":", inner.to_json()));
            write_json(rng, &inner, out);
            out.push('}');
        }
    }
}

/// Type constraints in JSON: what is read is written and read as the same.
fn types(rng: &mut Rng) {
    let ty = typed(rng, 5);
    let mut bytes = ty.to_json_bytes();
    if rng.once_in(8) {
        assert_eq!(Type::from_json_bytes(&bytes), Ok(ty));
        return;
    }
    rng.damage(&mut bytes);
    if let Ok(read) = Type::from_json_bytes(&bytes) {
        assert_eq!(Type::from_json_bytes(&read.to_json_bytes()).as_ref(), Ok(&read));
        assert!(!read.to_string().is_empty());
    }
}

/// Variables of an environment, each perhaps damaged, missing or random.
pub(crate) fn environment(rng: &mut Rng, variables: &[(&'static str, &[&str])]) -> BTreeMap<&'static str, String> {
    let mut environment = BTreeMap::new();
    for (name, values) in variables {
        let value = match rng.below(8) {
            0 => continue,
            1 => rng.text(),
            2 | 3 => {
                let mut bytes = rng.pick(values).as_bytes().to_vec();
                rng.damage(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            }
            _ => (*rng.pick(values)).to_owned(),
        };
        environment.insert(*name, value);
    }
    environment
}
