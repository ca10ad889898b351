//! A client of our own: calls that Terraform 1.11 does not make, input that it does not send, and the process itself.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper_util::rt::TokioIo;
use tfplugin_framework::{Type, Value};
use tfplugin_proto::wire::goplugin::Nothing;
use tfplugin_proto::wire::goplugin::grpc_broker_client::GrpcBrokerClient;
use tfplugin_proto::wire::goplugin::grpc_controller_client::GrpcControllerClient;
use tfplugin_proto::wire::goplugin::grpc_stdio_client::GrpcStdioClient;
use tfplugin_proto::wire::health::HealthQuestion;
use tfplugin_proto::wire::health::health_client::HealthClient;
use tfplugin_proto::wire::tfplugin6 as proto;
use tfplugin_proto::wire::tfplugin6::provider_client::ProviderClient;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};

use crate::scenarios::Scenario;

pub const ALL: &[(&str, Scenario)] = &[
    ("process", || run(process())),
    ("strangers_are_turned_away", || run(strangers_are_turned_away())),
    ("calls_of_newer_clients", || run(calls_of_newer_clients())),
    ("bad_requests_are_diagnostics", || run(bad_requests_are_diagnostics())),
    ("plans_in_detail", || run(plans_in_detail())),
    ("functions_and_large_messages", || run(functions_and_large_messages())),
    ("configured_again_after_stop", || run(configured_again_after_stop())),
    ("debug_mode", || run(debug_mode())),
];

const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(test);
}

/// This program as a provider's process.
pub struct Plugin {
    child: Child,
    /// The parts of the handshake's line.
    line: Vec<String>,
    pub dir: tempfile::TempDir,
}

impl Plugin {
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .env(COOKIE.0, COOKIE.1)
            .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
            .env("STORE_DIR", dir.path())
            .env_remove("PLUGIN_CLIENT_CERT")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("the process");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout"))
            .read_line(&mut line)
            .expect("a line");
        let line = line.trim_end_matches('\n').split('|').map(str::to_owned).collect();
        Plugin { child, line, dir }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("the process").is_none()
    }

    pub fn socket(&self) -> PathBuf {
        PathBuf::from(self.line.get(3).expect("a socket"))
    }

    /// Dials what the line names, as Go does: a name after `@` stands in no file system.
    async fn dial(&self) -> UnixStream {
        let socket = self.socket();
        let socket = match socket.to_str().and_then(|path| path.strip_prefix('@')) {
            Some(name) => PathBuf::from(format!("\0{name}")),
            None => socket,
        };
        UnixStream::connect(socket).await.expect("a socket")
    }

    pub async fn client(&self) -> ProviderClient<Channel> {
        let client = ProviderClient::new(connect(&self.socket()).await);
        client
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX)
    }

    pub async fn configured(&self) -> ProviderClient<Channel> {
        let mut client = self.client().await;
        let reply = client
            .configure_provider(proto::ConfigureRequest {
                config: settings(),
                ..Default::default()
            })
            .await;
        assert_eq!(reply.expect("a reply").into_inner().diagnostics, []);
        client
    }

    /// Waits for the end of the process.
    fn ends(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the process") {
                return status.code();
            }
            assert!(start.elapsed() < Duration::from_secs(10), "the process does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn connect(socket: &Path) -> Channel {
    let socket = socket.to_owned();
    let endpoint = Endpoint::from_static("http://localhost");
    let connector = tower::service_fn(move |_| {
        let socket = socket.clone();
        async move { Ok::<_, std::io::Error>(TokioIo::new(UnixStream::connect(socket).await?)) }
    });
    endpoint.connect_with_connector(connector).await.expect("a connection")
}

fn settings() -> Option<proto::DynamicValue> {
    let ty = Type::object([("directory", Type::String)]);
    Some(proto::DynamicValue::encode(&Value::object([("directory", Value::Null)]), &ty).expect("settings"))
}

async fn process() {
    let mut plugin = Plugin::start(&[]);
    assert_eq!(
        [&plugin.line[..3], &plugin.line[4..]].concat(),
        ["1", "6", "unix", "grpc", ""]
    );
    let socket = plugin.socket();
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(socket.parent().expect("a directory"))
            .expect("it exists")
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o700, "others could connect");
    let channel = connect(&socket).await;
    let health = HealthClient::new(channel.clone())
        .check(HealthQuestion {
            service: "plugin".into(),
        })
        .await;
    assert_eq!(health.expect("an answer").into_inner().status, 1);
    // go-plugin's client holds these open; they must not delay the end.
    let mut stdio = GrpcStdioClient::new(channel.clone())
        .stream_stdio(Nothing {})
        .await
        .expect("a stream")
        .into_inner();
    let broker = GrpcBrokerClient::new(channel.clone())
        .start_stream(tokio_stream_pending())
        .await;
    let mut broker = broker.expect("a stream").into_inner();
    // Ctrl-C reaches the whole process group and must not end it.
    let id = plugin.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .expect("kill")
            .success()
    );
    let start = Instant::now();
    GrpcControllerClient::new(channel)
        .shutdown(Nothing {})
        .await
        .expect("goodbye");
    assert_eq!(plugin.ends(), Some(0));
    assert!(
        start.elapsed() < Duration::from_millis(1500),
        "it took {:?}",
        start.elapsed()
    );
    assert!(
        !socket.exists() && !socket.parent().expect("a directory").exists(),
        "the socket stays behind"
    );
    let _ = (stdio.message().await, broker.message().await);
}

/// A stream that never has an item.
fn tokio_stream_pending() -> impl futures::Stream<Item = tfplugin_proto::wire::goplugin::ConnInfo> + Send + 'static {
    futures::stream::pending()
}

/// Some certificate that is not Terraform's, as PEM.
fn stranger() -> (rcgen::CertifiedKey<rcgen::KeyPair>, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let pem = made.cert.pem();
    (made, pem)
}

async fn strangers_are_turned_away() {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};

    let (pinned, pem) = stranger();
    let (other, _) = stranger();
    let plugin = Plugin::start(&[("PLUGIN_CLIENT_CERT", &pem), ("PLUGIN_MULTIPLEX_GRPC", "true")]);
    let [certificate, multiplex] = [&plugin.line[5], &plugin.line[6]];
    assert!(certificate.len() > 50 && !certificate.contains('='), "{certificate}");
    assert_eq!(multiplex, "false");
    assert_eq!(
        plugin.socket().exists(),
        !cfg!(target_os = "linux"),
        "a process that is killed would leave it behind"
    );
    let der = base64(certificate);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(der)).expect("the plugin's certificate");
    let builder = || {
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots.clone())
    };
    let with = |own: &rcgen::CertifiedKey<rcgen::KeyPair>| {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
        builder()
            .with_client_auth_cert(vec![own.cert.der().clone()], key)
            .expect("a key")
    };
    // The third has the right certificate but a key that the server does not accept: it cannot prove to own it.
    for mut config in [builder().with_no_client_auth(), with(&other), with(&pinned)] {
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = plugin.dial().await;
        let name = ServerName::try_from("localhost").expect("a name");
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        // In TLS 1.3 the client is ready before the server has judged it.
        if let Ok(mut stream) = connector.connect(name, stream).await {
            let read = stream.read(&mut [0; 16]).await;
            assert!(matches!(read, Err(_) | Ok(0)), "a stranger was let in: {read:?}");
        }
    }
    // Nor does anybody get in without TLS.
    let mut plain = plugin.dial().await;
    tokio::io::AsyncWriteExt::write_all(&mut plain, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .expect("written");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(
        answer.first().is_none_or(|kind| *kind == 0x15),
        "only an alert: {answer:?}"
    );
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let bits = group.iter().fold(0_u32, |bits, c| bits << 6 | u32::from(digit(*c))) << (6 * (4 - group.len()));
        bytes.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}

async fn calls_of_newer_clients() {
    let problems = tfplugin_framework::check_resource(&crate::store::Item);
    assert!(problems.is_empty(), "{problems:?}");
    let problems = tfplugin_framework::check_data_source(&crate::store::Listed);
    assert!(problems.is_empty(), "{problems:?}");
    let plugin = Plugin::start(&[]);
    let mut client = plugin.client().await;
    let metadata = client
        .get_metadata(proto::Empty {})
        .await
        .expect("metadata")
        .into_inner();
    let names = |names: &[proto::TypeName]| names.iter().map(|name| name.type_name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&metadata.resources), ["store_item"]);
    assert_eq!(names(&metadata.data_sources), ["store_listing"]);
    assert_eq!(names(&metadata.ephemeral_resources), ["store_token"]);
    assert_eq!(names(&metadata.functions), ["shout", "yell"]);
    assert_eq!(names(&metadata.list_resources), ["store_item"]);
    let capabilities = metadata.server_capabilities.expect("capabilities");
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional && capabilities.move_resource_state);
    let functions = client
        .get_functions(proto::Empty {})
        .await
        .expect("functions")
        .into_inner()
        .functions;
    let said = |name: &str| functions[name].deprecation_message.as_str();
    assert_eq!((functions.len(), said("shout"), said("yell")), (2, "", "Use `shout`."));
    let schema = client
        .get_provider_schema(proto::Empty {})
        .await
        .expect("a schema")
        .into_inner();
    assert_eq!(schema.diagnostics, []);
    let block = schema.resource_schemas["store_item"].block.clone().expect("a block");
    for attribute in &block.attributes {
        assert!(
            attribute.r#type.is_empty() != attribute.nested_type.is_none(),
            "{}: both types or none",
            attribute.name
        );
    }
    // What is not there says so in gRPC's own way, which newer clients tolerate.
    let action = client.plan_action(proto::TypedConfig::default()).await;
    assert_eq!(action.expect_err("not there").code(), tonic::Code::Unimplemented);
}

async fn bad_requests_are_diagnostics() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.client().await;
    let config = |bytes: &[u8]| {
        Some(proto::DynamicValue {
            msgpack: bytes.to_vec(),
            json: Vec::new(),
        })
    };
    let cases = [
        ("store_nothing", config(&[0xc0]), "this provider has no `store_nothing`"),
        ("store_item", config(&[0x80]), "does not fit the schema"),
        (
            "store_item",
            config(&[0xdf, 0xff, 0xff, 0xff, 0xff]),
            "does not fit the schema",
        ),
        ("store_item", config(b"\xc1"), "does not fit the schema"),
    ];
    for (type_name, config, text) in cases {
        let request = proto::TypedConfig {
            type_name: type_name.into(),
            config,
            ..Default::default()
        };
        let reply = client
            .validate_resource_config(request)
            .await
            .expect("a reply")
            .into_inner();
        let summary = reply
            .diagnostics
            .first()
            .map(|found| found.summary.clone())
            .unwrap_or_default();
        assert!(summary.contains(text), "{summary}");
    }
    // A client from before write-only attributes would store the secret.
    let config = Some(item(&[("name", "alpha".into()), ("secret_wo", "x".into())]));
    for (known, errors) in [(None, 1), (Some(false), 1), (Some(true), 0)] {
        let client_capabilities = known.map(|write_only_attributes_allowed| proto::ClientCapabilities {
            write_only_attributes_allowed,
            ..Default::default()
        });
        let request = proto::TypedConfig {
            type_name: "store_item".into(),
            config: config.clone(),
            client_capabilities,
        };
        let reply = client
            .validate_resource_config(request)
            .await
            .expect("a reply")
            .into_inner();
        assert_eq!(reply.diagnostics.len(), errors, "{:?}", reply.diagnostics);
    }
    // Not configured: an error, not a crash; the state stays as it was.
    let item = item(&[("name", "alpha".into())]);
    let request = proto::ReadRequest {
        type_name: "store_item".into(),
        current_state: Some(item.clone()),
        ..Default::default()
    };
    let reply = client.read_resource(request).await.expect("a reply").into_inner();
    assert!(
        reply.diagnostics[0].summary.contains("not configured"),
        "{:?}",
        reply.diagnostics
    );
    assert_eq!(reply.new_state, Some(item));
}

pub fn item_type() -> Type {
    tfplugin_framework::Resource::schema(&crate::store::Item).ty()
}

fn item_value(set: &[(&str, Value)]) -> Value {
    let Type::Object(types) = item_type() else {
        return Value::Null;
    };
    let mut attributes: BTreeMap<String, Value> = types.into_keys().map(|name| (name, Value::Null)).collect();
    attributes.extend(set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Object(attributes)
}

pub fn item(set: &[(&str, Value)]) -> proto::DynamicValue {
    proto::DynamicValue::encode(&item_value(set), &item_type()).expect("an item")
}

pub fn null() -> Option<proto::DynamicValue> {
    Some(proto::DynamicValue {
        msgpack: vec![0xc0],
        json: Vec::new(),
    })
}

async fn plans_in_detail() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let objects = |mode: &str| {
        let object = |mode: &str| {
            Value::object([
                ("fields", Value::Null),
                ("mode", mode.into()),
                ("columns", Value::list([])),
            ])
        };
        Value::map([("b", object(mode)), ("a", object(mode))])
    };
    let common = [
        ("id", "items/alpha".into()),
        ("url", "store://alpha".into()),
        ("size", 0.into()),
        ("protected", false.into()),
        ("kind", "plain".into()),
    ];
    let with = |set: &[(&'static str, Value)]| [common.as_slice(), set].concat();
    let plan = |prior, proposed, config, private| proto::PlanRequest {
        type_name: "store_item".into(),
        prior_state: prior,
        proposed_new_state: proposed,
        config,
        prior_private: private,
        ..Default::default()
    };

    // Paths that replace: in full, sorted, each once.
    let prior = item(&with(&[("name", "alpha".into()), ("objects", objects("fast"))]));
    let proposed = item(&with(&[("name", "beta".into()), ("objects", objects("exact"))]));
    let config = item(&[("name", "beta".into()), ("objects", objects("exact"))]);
    // (Computed columns are null in a configuration.)
    let mut decoded = config.decode(&item_type()).expect("a configuration");
    let entries = decoded
        .as_entries_mut()
        .and_then(|all| all.get_mut("objects")?.as_entries_mut())
        .expect("objects");
    for object in entries.values_mut() {
        object
            .as_entries_mut()
            .expect("an object")
            .insert("columns".into(), Value::Null);
    }
    let config = proto::DynamicValue::encode(&decoded, &item_type()).expect("a configuration");
    let reply = client
        .plan_resource_change(plan(Some(prior.clone()), Some(proposed), Some(config), Vec::new()))
        .await;
    let reply = reply.expect("a reply").into_inner();
    assert_eq!(reply.diagnostics, []);
    let steps = reply
        .requires_replace
        .iter()
        .map(|path| path.steps.len())
        .collect::<Vec<_>>();
    assert_eq!(steps, [1, 3, 3], "{:?}", reply.requires_replace);
    assert!(
        !reply.planned_private.is_empty(),
        "the second plan would not know of the replacement"
    );

    // The second plan of a replacement is told so by the private state of the first, and starts afresh.
    let again = plan(
        null(),
        Some(item(&[("name", "beta".into())])),
        Some(item(&[("name", "beta".into())])),
        reply.planned_private,
    );
    let reply = client.plan_resource_change(again).await.expect("a reply").into_inner();
    assert_eq!(
        (
            reply.diagnostics.len(),
            reply.planned_private.len(),
            reply.requires_replace.len()
        ),
        (0, 0, 0)
    );

    // Unknown values keep what is known about them, and JSON is read where msgpack is missing.
    let known = tfplugin_framework::Refinements {
        prefix: Some("gs://".into()),
        null: Some(false),
        ..Default::default()
    };
    let unknown = Value::Unknown(Some(Box::new(known)));
    let wanted = [("name", "alpha".into()), ("document", unknown.clone())];
    let request = plan(null(), Some(item(&wanted)), Some(item(&wanted)), Vec::new());
    let reply = client
        .plan_resource_change(request)
        .await
        .expect("a reply")
        .into_inner();
    let planned = reply
        .planned_state
        .expect("a plan")
        .decode(&item_type())
        .expect("an item");
    assert_eq!(planned.get("document"), Some(&unknown));
    assert_eq!(planned.get("size"), Some(&Value::unknown()));
    assert_eq!(planned.get("id"), Some(&"items/alpha".into()));
    assert_eq!(planned.get("kind"), Some(&"plain".into()));

    // Nothing changes: nothing is unknown, and the plan is the prior state.
    let prior = item(&with(&[("name", "alpha".into())]));
    let request = plan(
        Some(prior.clone()),
        Some(prior.clone()),
        Some(item(&[("name", "alpha".into())])),
        b"not ours".to_vec(),
    );
    let reply = client
        .plan_resource_change(request)
        .await
        .expect("a reply")
        .into_inner();
    assert_eq!((reply.diagnostics, reply.planned_state), (vec![], Some(prior)));
}

async fn functions_and_large_messages() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.client().await;
    let of = |value: Value| proto::DynamicValue::encode(&value, &Type::String).expect("text");
    let text = |text: &str| of(text.into());
    let json = proto::DynamicValue {
        msgpack: Vec::new(),
        json: b"\"world\"".to_vec(),
    };
    let long = "x".repeat(8 << 20);
    type Wanted = Result<String, Option<i64>>;
    let cases: Vec<(&str, Vec<_>, Wanted)> = vec![
        ("shout", vec![text("hello"), json], Ok("HELLO WORLD".into())),
        ("shout", vec![text(&long)], Ok(long.to_uppercase())),
        ("shout", vec![text("a"), text("")], Err(Some(1))),
        ("shout", vec![], Err(None)),
        ("yell", vec![text("old")], Ok("OLD".into())),
        ("shout", vec![text("a"), text("b"), of(Value::Null)], Err(Some(2))),
        ("shout", vec![of(Value::unknown())], Err(Some(0))),
        ("whisper", vec![], Err(None)),
        (
            "shout",
            vec![proto::DynamicValue {
                msgpack: vec![0xc3],
                json: Vec::new(),
            }],
            Err(Some(0)),
        ),
    ];
    for (name, arguments, wanted) in cases {
        let reply = client
            .call_function(proto::CallRequest {
                name: name.into(),
                arguments,
            })
            .await
            .expect("a reply");
        let reply = reply.into_inner();
        let got = match (reply.result, reply.error) {
            (Some(value), None) => Ok(value
                .decode(&Type::String)
                .expect("text")
                .as_str()
                .unwrap_or_default()
                .to_owned()),
            (None, Some(error)) => Err(error.function_argument),
            both => panic!("{both:?}"),
        };
        assert!(got == wanted, "{name}");
    }
}

async fn configured_again_after_stop() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    client.stop_provider(proto::Empty {}).await.expect("stopped");
    // The process serves on, and a new session is not stopped.
    let mut client = plugin.configured().await;
    let planned = item(&[("name", "alpha".into()), ("behaviour", "patient".into())]);
    let request = proto::ApplyRequest {
        type_name: "store_item".into(),
        prior_state: null(),
        planned_state: Some(planned.clone()),
        config: Some(planned),
        ..Default::default()
    };
    let mut other = client.clone();
    let apply = tokio::spawn(async move { other.apply_resource_change(request).await });
    let file = plugin.dir.path().join("alpha.json");
    let start = Instant::now();
    while !file.exists() {
        assert!(start.elapsed() < Duration::from_secs(10), "the create did not begin");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!apply.is_finished(), "the new session was stopped by the old one's end");
    client.stop_provider(proto::Empty {}).await.expect("stopped");
    let reply = apply.await.expect("joined").expect("a reply").into_inner();
    let state = reply.new_state.expect("a state").decode(&item_type()).expect("an item");
    assert_eq!(state.get("name"), Some(&"alpha".into()));
}

async fn debug_mode() {
    let work = crate::terraform::Workspace::new();
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n}\n");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .arg("--debug")
        .env_remove(COOKIE.0)
        .env("STORE_DIR", work.store())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the process");
    let lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let line = lines
        .map_while(Result::ok)
        .find(|line| line.contains("TF_REATTACH_PROVIDERS"))
        .expect("the line");
    let value = line.split('\'').nth(1).expect("a value").to_owned();
    let reattach = [("TF_REATTACH_PROVIDERS", value.as_str())];
    work.terraform_with(&reattach, &["apply", "-auto-approve", "-no-color"])
        .succeeds();
    work.terraform_with(&reattach, &["plan", "-no-color"])
        .succeeds()
        .says(&["No changes"]);
    assert!(
        child.try_wait().expect("the process").is_none(),
        "it must outlive terraform"
    );
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .expect("kill")
            .success()
    );
    assert!(child.wait().expect("the end").success());
}
