//! Import by identity, for every resource: Terraform 1.12 asks for it, so a client of our own does.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use hyper_util::rt::TokioIo;
use serde_json::{Map, Value as Json, json};
use tfplugin_proto::wire::tfplugin6 as proto;
use tfplugin_proto::wire::tfplugin6::provider_client::ProviderClient;
use tfplugin_proto::{Type, Value};
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};

use crate::terraform::PROVIDER;

const ACCOUNT: &str = "runner@acme-data.iam.gserviceaccount.com";

/// A resource, an identity (of which parts may be left out), and the id that it is the same as.
fn cases() -> Vec<(&'static str, Json, String)> {
    let dataset = "projects/acme-data/datasets/raw";
    let place = "projects/acme-data/locations/europe-west1";
    let repository = format!("{place}/repositories/marts");
    let member = format!("serviceAccount:{ACCOUNT}");
    let grant = |target: &str| format!("{target} roles/viewer {member}");
    let of_table = json!({"dataset": dataset, "table_id": "orders"});
    let table = format!("{dataset}/tables/orders");
    let named = |name: &str| json!({"name": name});
    let by_id = |id: &str| json!({"id": id});
    let mut cases = vec![
        ("storage_bucket", named("acme-lake"), "acme-lake".to_owned()),
        (
            "storage_object",
            json!({"bucket": "acme-lake", "name": "config/rules.json"}),
            "gs://acme-lake/config/rules.json".to_owned(),
        ),
        (
            "service_account",
            json!({"project": "acme-data", "email": ACCOUNT}),
            format!("projects/acme-data/serviceAccounts/{ACCOUNT}"),
        ),
        ("service_account", json!({"email": ACCOUNT}), ACCOUNT.to_owned()),
        (
            "bigquery_dataset",
            json!({"project": "acme-data", "dataset_id": "raw"}),
            dataset.to_owned(),
        ),
        ("bigquery_dataset", json!({"dataset_id": "raw"}), "raw".to_owned()),
        ("bigquery_table", of_table.clone(), table.clone()),
        ("bigquery_view", of_table.clone(), table.clone()),
        ("bigquery_materialized_view", of_table, table),
        (
            "bigquery_routine",
            json!({"dataset": dataset, "routine_id": "net"}),
            format!("{dataset}/routines/net"),
        ),
        ("pubsub_schema", named("change"), "change".to_owned()),
        (
            "pubsub_topic",
            json!({"project": "acme-data", "name": "changes"}),
            "projects/acme-data/topics/changes".to_owned(),
        ),
        ("pubsub_subscription", named("workers"), "workers".to_owned()),
        ("secret", named("token"), "token".to_owned()),
        (
            "secret_version",
            json!({"secret": "projects/acme-data/secrets/token", "version": "3"}),
            "projects/acme-data/secrets/token/versions/3".to_owned(),
        ),
        (
            "scheduler_job",
            json!({"project": "acme-data", "region": "europe-west1", "name": "nightly"}),
            format!("{place}/jobs/nightly"),
        ),
        ("scheduler_job", named("nightly"), "nightly".to_owned()),
        ("dataform_repository", named("marts"), "marts".to_owned()),
        (
            "dataform_project",
            json!({"project": "acme-data", "region": "europe-west1", "name": "marts"}),
            format!("{place}/repositories/marts"),
        ),
        ("dataform_project", named("marts"), "marts".to_owned()),
        (
            "dataform_release_config",
            json!({"repository": repository, "name": "daily"}),
            format!("{repository}/releaseConfigs/daily"),
        ),
        (
            "dataform_workflow_config",
            json!({"repository": repository, "name": "daily"}),
            format!("{repository}/workflowConfigs/daily"),
        ),
        ("dataplex_data_scan", named("quality"), "quality".to_owned()),
        (
            "monitoring_alert_policy",
            json!({"project": "acme-data", "name": "17"}),
            "projects/acme-data/alertPolicies/17".to_owned(),
        ),
        ("monitoring_notification_channel", named("17"), "17".to_owned()),
        ("monitoring_dashboard", named("crm"), "crm".to_owned()),
        ("logging_metric", named("runs"), "runs".to_owned()),
        (
            "salesforce_extract",
            json!({"lake": "gs://acme-lake/crm", "name": "crm"}),
            "gs://acme-lake/crm/headwater/pipelines/crm/spec.json".to_owned(),
        ),
        (
            "cdc_stream",
            json!({"lake": "gs://acme-lake/crm", "name": "changes"}),
            "gs://acme-lake/crm/headwater/pipelines/changes/spec.json".to_owned(),
        ),
        (
            "dq_suite",
            json!({"lake": "gs://acme-lake/crm", "name": "order-quality"}),
            "gs://acme-lake/crm/headwater/pipelines/order-quality/spec.json".to_owned(),
        ),
    ];
    let secret = "projects/acme-data/secrets/headwater-salesforce-crm";
    let until = format!("{} until the audit is over", grant("acme-lake"));
    for (kind, id) in [
        ("runtime", format!("{place}/jobs/headwater")),
        ("salesforce_connection", secret.to_owned()),
        ("project_iam_member", grant("acme-data")),
        ("bigquery_dataset_iam_member", grant(dataset)),
        ("storage_bucket_iam_member", grant("acme-lake")),
        ("storage_bucket_iam_member", until),
        ("pubsub_topic_iam_member", grant("projects/acme-data/topics/changes")),
        (
            "pubsub_subscription_iam_member",
            grant("projects/acme-data/subscriptions/changes"),
        ),
        ("runtime_iam_member", grant(&format!("{place}/jobs/headwater"))),
        (
            "worker_pool_iam_member",
            grant(&format!("{place}/workerPools/headwater-changes")),
        ),
        (
            "service_account_iam_member",
            grant("projects/acme-data/serviceAccounts/headwater@acme-data.iam.gserviceaccount.com"),
        ),
        ("secret_iam_member", grant(secret)),
    ] {
        cases.push((kind, by_id(&id), id));
    }
    cases
}

#[test]
fn every_resource_is_imported_by_its_identity_as_by_its_id() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut plugin = Plugin::start().await;
        let mut left = plugin.identities.clone();
        let mut wrong = Vec::new();
        for (kind, given, id) in cases() {
            let kind = format!("headwater_{kind}");
            let Some(schema) = plugin.identities.get(&kind).cloned() else {
                wrong.push(format!("{kind} has no identity"));
                continue;
            };
            left.remove(&kind);
            let (ty, identity) = identity(&schema, &given);
            let by_identity = plugin.import(&kind, "", Some(&identity), &ty).await;
            let by_id = plugin.import(&kind, &id, None, &ty).await;
            assert_eq!(by_id.said, Vec::<String>::new(), "{id}");
            if by_identity.state != by_id.state {
                wrong.push(format!("{kind} by {given} is not {id}: {by_identity:?}, not {by_id:?}"));
            }
            // What was left out is known only when the object has been read.
            let whole = identity.children().all(|part| !part.is_null());
            if whole && by_identity.identity.as_ref() != Some(&identity) {
                wrong.push(format!("{kind}: {given} came back as {:?}", by_identity.identity));
            }
        }
        wrong.extend(left.keys().map(|kind| format!("{kind} is not tested")));
        wrong.extend(
            plugin
                .kinds
                .iter()
                .filter(|kind| !plugin.identities.contains_key(*kind))
                .map(|kind| format!("{kind} has no identity")),
        );
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// The identity's type, and the value; what is not given is null, if that is allowed.
fn identity(schema: &proto::IdentitySchema, given: &Json) -> (Type, Value) {
    let mut given: Map<String, Json> = given.as_object().expect("an object").clone();
    let mut types = Vec::new();
    let mut values = Vec::new();
    for part in &schema.identity_attributes {
        assert_ne!(part.required_for_import, part.optional_for_import, "{}", part.name);
        let value = match given.remove(&part.name) {
            Some(text) => text.as_str().expect("text").into(),
            None => {
                assert!(part.optional_for_import, "{} must be given", part.name);
                Value::Null
            }
        };
        types.push((part.name.clone(), Type::String));
        values.push((part.name.clone(), value));
    }
    assert!(given.is_empty(), "the identity has no {given:?}");
    (Type::object(types), Value::object(values))
}

/// What an import answered.
#[derive(Debug, PartialEq)]
struct Imported {
    state: Vec<u8>,
    identity: Option<Value>,
    said: Vec<String>,
}

/// The provider's process as Terraform has it, configured.
struct Plugin {
    child: Child,
    client: ProviderClient<Channel>,
    kinds: Vec<String>,
    identities: BTreeMap<String, proto::IdentitySchema>,
}

impl Plugin {
    async fn start() -> Self {
        let mut command = Command::new(PROVIDER);
        // Nothing of an import is asked of a cloud: none answers here.
        command
            .env(
                "TF_PLUGIN_MAGIC_COOKIE",
                "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
            )
            .env("PLUGIN_PROTOCOL_VERSIONS", "6")
            .env_remove("PLUGIN_CLIENT_CERT")
            .env("HEADWATER_PROJECT", "acme-data")
            .env("HEADWATER_REGION", "europe-west1")
            .env("HEADWATER_ENDPOINT", "http://127.0.0.1:9")
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("the provider");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout"))
            .read_line(&mut line)
            .expect("a line");
        let socket = line.split('|').nth(3).expect("a socket").to_owned();
        let mut client = ProviderClient::new(connect(Path::new(&socket)).await);
        let schemas = client
            .get_provider_schema(proto::Empty {})
            .await
            .expect("schemas")
            .into_inner();
        let identities = client
            .get_resource_identity_schemas(proto::Empty {})
            .await
            .expect("identities")
            .into_inner();
        assert_eq!((schemas.diagnostics, identities.diagnostics), (vec![], vec![]));
        let settings = schemas.provider.and_then(|schema| schema.block).expect("a block");
        let names = || settings.attributes.iter().map(|attribute| attribute.name.clone());
        let ty = Type::object(names().map(|name| (name, Type::String)));
        let nothing = Value::object(names().map(|name| (name, Value::Null)));
        let request = proto::ConfigureRequest {
            config: Some(proto::DynamicValue::encode(&nothing, &ty).expect("settings")),
            ..Default::default()
        };
        let configured = client.configure_provider(request).await.expect("a reply").into_inner();
        assert_eq!(configured.diagnostics, []);
        Plugin {
            child,
            client,
            kinds: schemas.resource_schemas.into_keys().collect(),
            identities: identities.identity_schemas.into_iter().collect(),
        }
    }

    async fn import(&mut self, kind: &str, id: &str, identity: Option<&Value>, ty: &Type) -> Imported {
        let request = proto::ImportRequest {
            type_name: kind.to_owned(),
            id: id.to_owned(),
            identity: identity.map(|identity| proto::IdentityData {
                identity_data: Some(proto::DynamicValue::encode(identity, ty).expect("an identity")),
            }),
            ..Default::default()
        };
        let reply = self.client.import_resource_state(request).await.expect("a reply");
        let reply = reply.into_inner();
        let imported = reply.imported_resources.into_iter().next();
        let identity = imported
            .as_ref()
            .and_then(|imported| imported.identity.as_ref()?.identity_data.as_ref());
        Imported {
            identity: identity.map(|data| data.decode(ty).expect("an identity")),
            state: imported.and_then(|imported| imported.state).unwrap_or_default().msgpack,
            said: reply.diagnostics.into_iter().map(|found| found.summary).collect(),
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
    let connector = tower::service_fn(move |_| {
        let socket = socket.clone();
        async move { Ok::<_, std::io::Error>(TokioIo::new(UnixStream::connect(socket).await?)) }
    });
    let endpoint = Endpoint::from_static("http://localhost");
    endpoint.connect_with_connector(connector).await.expect("a connection")
}
