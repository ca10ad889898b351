//! Encodings of values: known bytes, an independent decoder, and hostile input.

use std::error::Error;

use bigdecimal::BigDecimal;
use proptest::prelude::*;
use tfplugin_proto::json::{self, Objects};
use tfplugin_proto::{Bound, CodecError, Refinements, Type, Value, msgpack};

type Outcome = Result<(), Box<dyn Error>>;

fn number(text: &str) -> Result<Value, Box<dyn Error>> {
    Ok(Value::Number(text.parse::<BigDecimal>()?))
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).unwrap_or_default();
    digits.chunks(2).map(pair).collect()
}

fn refined(refinements: Refinements) -> Value {
    Value::Unknown(Some(Box::new(refinements)))
}

/// Bytes as Terraform 1.11 sends and accepts them.
#[test]
fn known_bytes() -> Outcome {
    let prefix = Refinements {
        null: Some(false),
        prefix: Some("gs://".into()),
        ..Refinements::default()
    };
    let ranges = Refinements {
        min: Some(Bound {
            number: 1.into(),
            inclusive: true,
        }),
        max: Some(Bound {
            number: "2.5".parse()?,
            inclusive: false,
        }),
        min_length: Some(1),
        max_length: Some(300),
        ..Refinements::default()
    };
    let dynamic = Value::Dynamic(Box::new(Type::list(Type::String)), Box::new(Value::list(["a".into()])));
    let cases: Vec<(Type, Value, &str)> = vec![
        (Type::Bool, true.into(), "c3"),
        (Type::Bool, Value::Null, "c0"),
        (Type::String, "ü".into(), "a2c3bc"),
        (Type::Number, 0.into(), "00"),
        (Type::Number, 127.into(), "7f"),
        (Type::Number, 128.into(), "cc80"),
        (Type::Number, 65535.into(), "cdffff"),
        (Type::Number, 65536.into(), "ce00010000"),
        (Type::Number, u64::MAX.into(), "cfffffffffffffffff"),
        (Type::Number, (-1).into(), "ff"),
        (Type::Number, (-32).into(), "e0"),
        (Type::Number, (-33).into(), "d3ffffffffffffffdf"),
        (Type::Number, number("0.1")?, "a3302e31"),
        (
            Type::Number,
            number("18446744073709551616")?,
            "b43138343436373434303733373039353531363136",
        ),
        (Type::Number, number("1e3")?, "cd03e8"),
        (Type::String, Value::unknown(), "d40000"),
        (Type::String, refined(prefix), "c70a0c 8201c202 a567733a2f2f"),
        (
            Type::Number,
            refined(ranges),
            "c7120c 84 03 9201c3 04 92a3322e35c2 05 01 06 cd012c",
        ),
        (
            Type::Dynamic,
            dynamic,
            "92 c411 5b226c697374222c22737472696e67225d 91a161",
        ),
        (Type::Dynamic, Value::Null, "c0"),
        (
            Type::set(Type::Number),
            Value::set([2.into(), 1.into(), 2.into()]),
            "920102",
        ),
        (
            Type::object([("b", Type::Bool), ("a", Type::String)]),
            Value::object([("b", false.into()), ("a", Value::Null)]),
            "82a161c0a162c2",
        ),
        (
            Type::Tuple(vec![Type::Bool, Type::String]),
            Value::Tuple(vec![true.into(), "x".into()]),
            "92c3a178",
        ),
    ];
    for (ty, value, bytes) in cases {
        assert_eq!(msgpack::encode(&value, &ty)?, hex(bytes), "{value:?}");
        assert_eq!(msgpack::decode(&hex(bytes), &ty)?, value, "{bytes}");
    }
    Ok(())
}

#[test]
fn other_spellings_are_read() -> Outcome {
    let cases: Vec<(Type, &str, Value)> = vec![
        (Type::Number, "cb3fe0000000000000", number("0.5")?),
        (Type::Number, "ca3f000000", number("0.5")?),
        (Type::Number, "d1ff00", (-256).into()),
        (Type::String, "d9026869", "hi".into()),
        (Type::String, "d5070000", Value::unknown()),
        // A refinement from the future, and an infinite bound: both say nothing.
        (
            Type::String,
            "c7070c 82 01c2 63 92c0c0",
            refined(Refinements {
                null: Some(false),
                ..Refinements::default()
            }),
        ),
        (Type::Number, "c70d0c 81 03 92cb7ff0000000000000 c3", Value::unknown()),
    ];
    for (ty, bytes, value) in cases {
        assert_eq!(msgpack::decode(&hex(bytes), &ty)?, value, "{bytes}");
    }
    Ok(())
}

#[test]
fn hostile_bytes_are_errors() {
    let list = Type::list(Type::String);
    let object = Type::object([("a", Type::String)]);
    let deep = [vec![0x92, 0xc4, 0x09].as_slice(), br#""dynamic""#]
        .concat()
        .repeat(500);
    let cases: Vec<(&Type, Vec<u8>)> = vec![
        (&list, hex("ddffffffff")),
        (&list, hex("dcffffc0")),
        (&Type::String, hex("dbffffffff61")),
        (&Type::String, hex("a2ff")),
        (&Type::String, hex("a1ff")),
        (&Type::String, hex("c1")),
        (&Type::String, hex("")),
        (&Type::String, hex("a161c0")),
        (&object, hex("80")),
        (&object, hex("81a162c0")),
        (&object, hex("82a161c0a161c0")),
        (&Type::Number, hex("cb7ff0000000000000")),
        (&Type::Number, hex("cb7ff8000000000000")),
        (&Type::Number, [&[0xab], b"1e999999999".as_slice()].concat()),
        (&Type::Number, [&[0xac], b"1e-999999999".as_slice()].concat()),
        (
            &Type::Number,
            [&[0xda, 0xff, 0xff], vec![b'9'; 65535].as_slice()].concat(),
        ),
        (&Type::Dynamic, deep),
        (&Type::Dynamic, hex("92c40122c0")),
        (&Type::String, hex("c7ffff0c")),
        (&Type::String, hex("c7000c")),
    ];
    for (ty, bytes) in cases {
        let read = msgpack::decode(&bytes, ty);
        assert!(
            read.is_err(),
            "{:02x?} as {ty} is {read:?}",
            &bytes[..bytes.len().min(16)]
        );
    }
    let nested = "[\"list\",".repeat(200);
    assert!(Type::from_json_bytes(nested.as_bytes()).is_err());
    assert!(json::decode("[".repeat(100_000).as_bytes(), &list, Objects::Exact).is_err());
    assert!(json::decode(b"1e999999999", &Type::Number, Objects::Exact).is_err());
}

#[test]
fn json_of_states() -> Outcome {
    let ty = Type::object([
        ("n", Type::Number),
        ("d", Type::Dynamic),
        ("new", Type::Bool),
        ("m", Type::map(Type::String)),
    ]);
    let text =
        r#"{"n":12345678901234567890.123456789,"d":{"value":["x"],"type":["set","string"]},"m":{"k":"v"},"old":{}}"#;
    let dynamic = Value::Dynamic(Box::new(Type::set(Type::String)), Box::new(Value::set(["x".into()])));
    let wanted = Value::object([
        ("n", number("12345678901234567890.123456789")?),
        ("d", dynamic),
        ("new", Value::Null),
        ("m", Value::map([("k", "v".into())])),
    ]);
    assert_eq!(json::decode(text.as_bytes(), &ty, Objects::Tolerant)?, wanted);
    assert_eq!(
        json::decode(text.as_bytes(), &ty, Objects::Exact),
        Err(CodecError::MissingAttribute("new".into()))
    );
    Ok(())
}

/// A type and a value of it.
fn typed() -> impl Strategy<Value = (Type, Value)> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(|value| (Type::Bool, Value::Bool(value))),
        "\\PC{0,40}".prop_map(|text| (Type::String, Value::String(text))),
        (any::<i128>(), -60_i64..60)
            .prop_map(|(digits, scale)| (Type::Number, Value::Number(BigDecimal::new(digits.into(), scale)))),
        any::<i64>().prop_map(|number| (Type::Number, number.into())),
        Just((Type::String, Value::unknown())),
        Just((Type::Dynamic, Value::Null)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(|parts| {
                let (types, values) = parts.into_iter().unzip();
                (Type::Tuple(types), Value::Tuple(values))
            }),
            prop::collection::btree_map("[a-z]{1,40}", inner.clone(), 0..20).prop_map(|parts| {
                let types = parts.iter().map(|(name, (ty, _))| (name.clone(), ty.clone())).collect();
                (
                    Type::Object(types),
                    Value::Object(parts.into_iter().map(|(name, (_, value))| (name, value)).collect()),
                )
            }),
            (inner.clone(), 0_usize..20)
                .prop_map(|((ty, value), count)| (Type::list(ty), Value::List(vec![value; count]))),
            inner
                .clone()
                .prop_map(|(ty, value)| (Type::set(ty), Value::set([value, Value::Null]))),
            (inner.clone(), "\\PC{0,9}").prop_map(|((ty, value), key)| (Type::map(ty), Value::map([(key, value)]))),
            inner
                .prop_filter("dynamic in dynamic", |(ty, _)| *ty != Type::Dynamic)
                .prop_map(|(ty, value)| (Type::Dynamic, Value::Dynamic(Box::new(ty), Box::new(value)))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_comes_back((ty, value) in typed()) {
        let bytes = msgpack::encode(&value, &ty)?;
        prop_assert_eq!(msgpack::decode(&bytes, &ty)?, value);
        prop_assert_eq!(Type::from_json_bytes(&ty.to_json_bytes())?, ty);
        // An independent decoder finds one value and nothing after it.
        let mut rest = bytes.as_slice();
        prop_assert!(rmpv::decode::read_value(&mut rest).is_ok());
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn mutated_values_never_panic((ty, value) in typed(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
        let mut bytes = msgpack::encode(&value, &ty)?;
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        // Whatever is accepted can be sent back.
        if let Ok(read) = msgpack::decode(&bytes, &ty) {
            prop_assert!(msgpack::encode(&read, &ty).is_ok());
        }
        let _ = msgpack::decode(&bytes[..cut.index(bytes.len())], &ty);
    }

    #[test]
    fn random_bytes_never_panic((ty, _) in typed(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = msgpack::decode(&bytes, &ty);
        let _ = json::decode(&bytes, &ty, Objects::Tolerant);
        let _ = Type::from_json_bytes(&bytes);
    }

    #[test]
    fn sets_have_one_form(numbers in prop::collection::vec(0_i64..9, 0..9)) {
        let forward = Value::set(numbers.iter().map(|number| Value::from(*number)));
        let backward = Value::set(numbers.iter().rev().map(|number| Value::from(*number)));
        prop_assert_eq!(forward, backward);
    }
}
