//! Messages that Terraform never sends: each is answered with a diagnostic, by the same process, within its memory.

use tfplugin_framework::Type;
use tfplugin_proto::wire::tfplugin6 as proto;
use tfplugin_proto::wire::tfplugin6::provider_client::ProviderClient;
use tonic::transport::Channel;

use crate::scenarios::Scenario;
use crate::wire::{Plugin, item, item_type, null, run};

pub const ALL: &[(&str, Scenario)] = &[
    ("hostile_values", || run(hostile_values())),
    ("hostile_requests", || run(hostile_requests())),
    ("hostile_bytes_on_the_socket", || run(hostile_bytes_on_the_socket())),
];

/// How much memory the process may take up beyond what it had, whatever it is sent.
const MEMORY_KIB: u64 = 400 << 10;

/// Text in msgpack.
fn text(text: &str) -> Vec<u8> {
    [&[0xd9, text.len() as u8], text.as_bytes()].concat()
}

/// An item whose attribute is these bytes; all others are null.
fn item_with(attribute: &str, raw: &[u8]) -> Vec<u8> {
    let Type::Object(types) = item_type() else {
        panic!("an object")
    };
    let mut bytes = vec![0xde, 0, types.len() as u8];
    for name in types.keys() {
        bytes.extend(text(name));
        bytes.extend(if name == attribute { raw } else { &[0xc0] });
    }
    bytes
}

/// A dynamic value of this type, its content as it is.
fn dynamic(ty: &str, content: &[u8]) -> Vec<u8> {
    let length = ty.len() as u32;
    [&[0x92, 0xc6], length.to_be_bytes().as_slice(), ty.as_bytes(), content].concat()
}

fn number(text: &str) -> Vec<u8> {
    [&[0xda], (text.len() as u16).to_be_bytes().as_slice(), text.as_bytes()].concat()
}

/// An unknown value with these refinements.
fn refined(content: &[u8]) -> Vec<u8> {
    [&[0xc7, content.len() as u8, 12], content].concat()
}

/// What stands in an attribute, and what the diagnostic says.
fn values() -> Vec<(&'static str, &'static str, Vec<u8>, &'static str)> {
    let nested_types = format!("{}\"string\"{}", "[\"list\",".repeat(200), "]".repeat(200));
    let wide_type = format!("[\"tuple\",[{}]]", vec!["\"bool\""; 200_000].join(","));
    let dynamics = (0..500).fold(vec![0xc0], |inner, _| dynamic("\"dynamic\"", &inner));
    vec![
        ("text cut off", "document", vec![0xd9, 200, b'x'], "cut off"),
        (
            "text longer than memory",
            "document",
            b"\xdb\xff\xff\xff\xffx".to_vec(),
            "cut off",
        ),
        (
            "text that is not UTF-8",
            "document",
            b"\xa2\xc3\x28".to_vec(),
            "not UTF-8",
        ),
        (
            "half a surrogate",
            "document",
            b"\xa3\xed\xa0\x80".to_vec(),
            "not UTF-8",
        ),
        (
            "bytes for text",
            "document",
            b"\xc4\x01x".to_vec(),
            "expected string, found bytes",
        ),
        (
            "a number for text",
            "document",
            vec![7],
            "expected string, found a number",
        ),
        (
            "a bool for text",
            "document",
            vec![0xc3],
            "expected string, found a bool",
        ),
        (
            "a list for text",
            "document",
            vec![0x91, 0xc0],
            "expected string, found an array",
        ),
        ("a reserved byte", "document", vec![0xc1], "a reserved byte"),
        (
            "an extension longer than the message",
            "document",
            b"\xc9\xff\xff\xff\xff\x05x".to_vec(),
            "cut off",
        ),
        (
            "an extension without content",
            "document",
            b"\xd8\x01".to_vec(),
            "does not fit",
        ),
        (
            "text for a bool",
            "protected",
            text("true"),
            "expected bool, found text",
        ),
        (
            "not a number",
            "amount",
            b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00".to_vec(),
            "not a number",
        ),
        (
            "infinity",
            "amount",
            b"\xcb\xff\xf0\x00\x00\x00\x00\x00\x00".to_vec(),
            "not a number",
        ),
        ("a number in words", "amount", text("twelve"), "not a number"),
        (
            "an exponent beyond memory",
            "amount",
            text("1e999999999"),
            "not a number",
        ),
        ("a tiny exponent", "amount", text("1e-999999999"), "not a number"),
        (
            "an exponent that is none",
            "amount",
            text("1e99999999999999999999"),
            "not a number",
        ),
        (
            "sixty thousand digits",
            "amount",
            number(&"9".repeat(60_000)),
            "not a number",
        ),
        ("a map for a set", "zones", vec![0x80], "found a map"),
        (
            "a set longer than memory",
            "zones",
            b"\xdd\xff\xff\xff\xff\xc0".to_vec(),
            "cut off",
        ),
        (
            "a key twice",
            "labels",
            [&[0x82], text("a").as_slice(), &[0xc0], &text("a"), &[0xc0]].concat(),
            "stands there twice",
        ),
        ("a number as key", "labels", vec![0x81, 1, 0xc0], "expected a name"),
        ("null as key", "labels", vec![0x81, 0xc0, 0xc0], "expected a name"),
        (
            "a map longer than memory",
            "labels",
            b"\xdf\xff\xff\xff\xff\xc0".to_vec(),
            "cut off",
        ),
        (
            "an attribute that is not there",
            "schedule",
            [&[0x81], text("crom").as_slice(), &[0xc0]].concat(),
            "unexpected attribute `crom`",
        ),
        (
            "an attribute too few",
            "schedule",
            [&[0x81], text("cron").as_slice(), &[0xc0]].concat(),
            "missing attribute `zone`",
        ),
        (
            "a dynamic value without a type",
            "anything",
            vec![0x91, 0xc0],
            "expected any",
        ),
        (
            "a dynamic value of no type",
            "anything",
            dynamic("\"strange\"", &[0xc0]),
            "bad type",
        ),
        (
            "a type that is not JSON",
            "anything",
            dynamic("[\"list\"", &[0xc0]),
            "bad type",
        ),
        (
            "a type that never ends",
            "anything",
            dynamic(&nested_types, &[0xc0]),
            "bad type",
        ),
        (
            "a type longer than any",
            "anything",
            dynamic(&wide_type, &[0xc0]),
            "bad type",
        ),
        ("dynamic in dynamic without end", "anything", dynamics, "deeper than"),
        (
            "a tuple of another length",
            "anything",
            dynamic("[\"tuple\",[\"bool\"]]", &[0x92, 0xc0, 0xc0]),
            "found an array",
        ),
        (
            "a refinement that is a word",
            "document",
            refined(b"\x81\xa1x\xc2"),
            "the number of a refinement",
        ),
        (
            "nullness that is a number",
            "document",
            refined(b"\x81\x01\x07"),
            "expected bool",
        ),
        (
            "a prefix that is a bool",
            "document",
            refined(b"\x81\x02\xc3"),
            "expected a name",
        ),
        (
            "a prefix that is not UTF-8",
            "document",
            refined(b"\x81\x02\xa1\xff"),
            "not UTF-8",
        ),
        (
            "a bound without its end",
            "amount",
            refined(b"\x81\x03\x91\x01"),
            "expected a bound",
        ),
        (
            "a bound that is not a number",
            "amount",
            refined(b"\x81\x04\x92\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00\xc3"),
            "not a number",
        ),
        (
            "a length in words",
            "labels",
            refined(b"\x81\x05\xa1x"),
            "expected a length",
        ),
        ("refinements cut off", "document", refined(b"\x85\x01"), "cut off"),
        (
            "refinements without end",
            "document",
            refined(&[&[0x81, 99], [0x91; 120].as_slice()].concat()),
            "deeper than",
        ),
    ]
}

fn msgpack(bytes: Vec<u8>) -> Option<proto::DynamicValue> {
    Some(proto::DynamicValue {
        msgpack: bytes,
        json: Vec::new(),
    })
}

fn json(text: impl Into<Vec<u8>>) -> Option<proto::DynamicValue> {
    Some(proto::DynamicValue {
        msgpack: Vec::new(),
        json: text.into(),
    })
}

fn said(found: &[proto::Diagnostic]) -> String {
    let texts = found.iter().map(|found| format!("{}: {}", found.summary, found.detail));
    texts.collect::<Vec<_>>().join("\n")
}

/// The most memory that the process ever took up.
fn peak_kib(plugin: &Plugin) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", plugin.id())).expect("a process");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("its memory");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

/// The process is the one that was started, does its work, and has not grown.
async fn unharmed(plugin: &mut Plugin, client: &mut ProviderClient<Channel>, before: u64) {
    let request = proto::TypedConfig {
        type_name: "store_item".into(),
        config: Some(item(&[("name", "alpha".into())])),
        ..Default::default()
    };
    let reply = client
        .validate_resource_config(request)
        .await
        .expect("a reply")
        .into_inner();
    assert_eq!(reply.diagnostics, []);
    assert!(plugin.runs(), "the process ended");
    let grown = peak_kib(plugin).saturating_sub(before);
    assert!(grown < MEMORY_KIB, "it grew by {grown} KiB");
}

async fn hostile_values() {
    let mut plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let before = peak_kib(&plugin);
    let values = values();
    assert!(values.len() >= 40, "{}", values.len());
    for (what, attribute, raw, text) in values {
        let bad = || msgpack(item_with(attribute, &raw));
        let validate = proto::TypedConfig {
            type_name: "store_item".into(),
            config: bad(),
            ..Default::default()
        };
        let validated = client
            .validate_resource_config(validate)
            .await
            .expect(what)
            .into_inner()
            .diagnostics;
        let plan = proto::PlanRequest {
            type_name: "store_item".into(),
            prior_state: null(),
            proposed_new_state: bad(),
            config: bad(),
            ..Default::default()
        };
        let planned = client
            .plan_resource_change(plan)
            .await
            .expect(what)
            .into_inner()
            .diagnostics;
        let apply = proto::ApplyRequest {
            type_name: "store_item".into(),
            prior_state: bad(),
            planned_state: bad(),
            config: bad(),
            ..Default::default()
        };
        let applied = client.apply_resource_change(apply).await.expect(what).into_inner();
        assert_eq!(applied.new_state, bad(), "{what}: what cannot be read stays as it was");
        let read = proto::ReadRequest {
            type_name: "store_item".into(),
            current_state: bad(),
            ..Default::default()
        };
        let read = client.read_resource(read).await.expect(what).into_inner();
        assert_eq!(read.new_state, bad(), "{what}: what cannot be read stays as it was");
        for found in [validated, planned, applied.diagnostics, read.diagnostics] {
            assert!(said(&found).contains(text), "{what}: {}", said(&found));
            assert!(found.iter().all(|found| found.severity == 1), "{what}: {found:?}");
        }
    }
    unharmed(&mut plugin, &mut client, before).await;
}

/// Whole messages: more than values, and other calls.
async fn hostile_requests() {
    let mut plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let before = peak_kib(&plugin);
    let configs = [
        (
            "nothing at all after the value",
            msgpack([item_with("", &[]), vec![0]].concat()),
            "1 bytes after the value",
        ),
        ("a list instead of an object", msgpack(vec![0x90]), "found an array"),
        ("an object without attributes", msgpack(vec![0x80]), "missing attribute"),
        (
            "five million nulls",
            msgpack(
                [
                    &[0xde, 0, 1][..],
                    &text("labels"),
                    b"\xdf\x00\x4c\x4b\x40",
                    &vec![0xc0; 5_000_000],
                ]
                .concat(),
            ),
            "expected a name",
        ),
        (
            "five million elements",
            msgpack(item_with(
                "anything",
                &dynamic(
                    "[\"list\",\"bool\"]",
                    &[b"\xdd\x00\x4c\x4b\x40".as_slice(), &vec![0xc0; 5_000_000]].concat(),
                ),
            )),
            "more than 4000000 parts",
        ),
        ("JSON that is none", json("{"), "malformed JSON"),
        ("JSON of another type", json("[]"), "expected object"),
        ("JSON without end", json("[".repeat(1_000_000)), "malformed JSON"),
        (
            "JSON that is not UTF-8",
            json(b"{\"name\": \"\xff\"}".to_vec()),
            "not UTF-8",
        ),
        (
            "JSON with a key twice",
            json("{\"name\": \"a\", \"name\": \"b\"}"),
            "the same key twice",
        ),
        (
            "JSON with an attribute that is not there",
            json("{\"nome\": \"a\"}"),
            "missing attribute",
        ),
    ];
    for (what, config, text) in configs {
        let request = proto::TypedConfig {
            type_name: "store_item".into(),
            config,
            ..Default::default()
        };
        let found = client
            .validate_resource_config(request)
            .await
            .expect(what)
            .into_inner()
            .diagnostics;
        assert!(said(&found).contains(text), "{what}: {}", said(&found));
    }
    let upgrades = [
        ("a state that is none", 3, b"{".to_vec(), "cannot be read"),
        ("a state of another type", 3, b"[1]".to_vec(), "cannot be read"),
        ("an old state that is none", 1, b"\xff".to_vec(), "cannot be read"),
        ("an old state that is no object", 1, b"[]".to_vec(), "not an object"),
        (
            "a state without end",
            3,
            "[".repeat(100_000).into_bytes(),
            "cannot be read",
        ),
        (
            "a state with an endless number",
            3,
            b"{\"amount\": 1e999999999}".to_vec(),
            "not a number",
        ),
        ("a state from the future", i64::MAX, b"{}".to_vec(), "newer provider"),
        ("a version before the first", i64::MIN, b"{".to_vec(), "cannot be read"),
        ("no state", 3, Vec::new(), "not JSON"),
    ];
    for (what, version, raw, text) in upgrades {
        let request = proto::UpgradeRequest {
            type_name: "store_item".into(),
            version,
            raw_state: Some(proto::RawState {
                json: raw,
                ..Default::default()
            }),
        };
        let found = client
            .upgrade_resource_state(request)
            .await
            .expect(what)
            .into_inner()
            .diagnostics;
        assert!(said(&found).contains(text), "{what}: {}", said(&found));
    }
    let strange = "\u{202e}\0🦀".repeat(1000);
    for id in ["", "/", "items/", "items/a/b", strange.as_str()] {
        let request = proto::ImportRequest {
            type_name: "store_item".into(),
            id: id.into(),
            ..Default::default()
        };
        let found = client
            .import_resource_state(request)
            .await
            .expect("a reply")
            .into_inner()
            .diagnostics;
        assert!(said(&found).contains("is not an id of the form"), "{}", said(&found));
    }
    let handle = |private: &[u8]| proto::EphemeralHandle {
        type_name: "store_token".into(),
        private: Some(private.to_vec()),
    };
    // Private state that is not ours counts as none.
    for private in [
        b"\xff".as_slice(),
        b"[[[[",
        b"{\"audience\": 1e999999}",
        b"{\".had_prior\": []}",
    ] {
        let reply = client
            .close_ephemeral_resource(handle(private))
            .await
            .expect("a reply")
            .into_inner();
        assert_eq!(reply.diagnostics, []);
    }
    let move_state = proto::MoveRequest {
        target_type_name: "store_item".into(),
        source_type_name: "terraform_data".into(),
        source_state: Some(proto::RawState {
            json: b"{\"input\": [[[[".to_vec(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let found = client
        .move_resource_state(move_state)
        .await
        .expect("a reply")
        .into_inner()
        .diagnostics;
    assert!(said(&found).contains("cannot be read"), "{}", said(&found));
    let call = proto::CallRequest {
        name: "shout".into(),
        arguments: vec![proto::DynamicValue::default(); 100_000],
    };
    assert!(client.call_function(call).await.is_ok());
    let nobody = proto::TypedConfig {
        type_name: strange,
        ..Default::default()
    };
    let found = client
        .validate_ephemeral_resource_config(nobody.clone())
        .await
        .expect("a reply")
        .into_inner();
    assert!(
        said(&found.diagnostics).contains("this provider has no"),
        "{}",
        said(&found.diagnostics)
    );
    let found = client
        .open_ephemeral_resource(nobody)
        .await
        .expect("a reply")
        .into_inner();
    assert!(
        said(&found.diagnostics).contains("this provider has no"),
        "{}",
        said(&found.diagnostics)
    );
    unharmed(&mut plugin, &mut client, before).await;
}

async fn hostile_bytes_on_the_socket() {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::UnixStream;

    let mut plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let before = peak_kib(&plugin);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let frame =
        |length: [u8; 3], kind: u8, content: &[u8]| [length.as_slice(), &[kind, 0, 0, 0, 0, 1], content].concat();
    let floods = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0; 1 << 16],
        [preface.clone(), frame([0xff, 0xff, 0xff], 0, b"x")].concat(),
        [preface.clone(), frame([0, 0, 4], 1, &[0xff; 4])].concat(),
        [preface.clone(), frame([0, 0, 6], 4, &[0, 1, 0xff, 0xff, 0xff, 0xff])].concat(),
        [preface, frame([0, 0, 4], 9, &[0; 4]).repeat(10_000)].concat(),
    ];
    for flood in floods {
        let mut stream = UnixStream::connect(plugin.socket()).await.expect("a socket");
        // It may hang up at any time.
        let _ = stream.write_all(&flood).await;
        let _ = stream.shutdown().await;
    }
    unharmed(&mut plugin, &mut client, before).await;
}
