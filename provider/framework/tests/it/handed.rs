//! What one call hands to the next through the client: private states, handles of ephemeral resources, states of older
//! versions and of other types.

use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::{Value as Json, json};
use tfplugin_framework::{Type, Value};
use tfplugin_proto::wire::tfplugin6 as proto;
use tfplugin_proto::wire::tfplugin6::provider_client::ProviderClient;
use tonic::transport::Channel;

use crate::newer::{apply, create, identity, plan};
use crate::scenarios::Scenario;
use crate::store::expires;
use crate::wire::{Plugin, item, item_type, null, run};

pub const ALL: &[(&str, Scenario)] = &[
    ("private_states_go_round", || run(private_states_go_round())),
    ("ephemeral_resources_are_renewed_and_closed", || {
        run(ephemeral_resources_are_renewed_and_closed());
    }),
    ("states_are_upgraded_over_several_versions", || {
        run(states_are_upgraded_over_several_versions());
    }),
    ("states_are_moved", || run(states_are_moved())),
];

fn entries(private: &[u8]) -> Json {
    serde_json::from_slice(private).expect("a private state")
}

async fn private_states_go_round() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let request = create(&[("name", "alpha".into())]);
    let planned = plan(&mut client, request.clone()).await;
    assert_eq!(planned.planned_private, b"", "nothing is remembered before it exists");
    let made = apply(&mut client, &request, planned).await;
    assert_eq!(
        (made.diagnostics, entries(&made.private)),
        (vec![], json!({"writes": 1}))
    );

    // A read keeps it, and drops what it cannot read.
    let read = |private: &[u8]| proto::ReadRequest {
        type_name: "store_item".into(),
        current_state: made.new_state.clone(),
        private: private.to_vec(),
        ..Default::default()
    };
    for (given, wanted) in [(made.private.as_slice(), made.private.as_slice()), (b"not ours", b"")] {
        let reply = client.read_resource(read(given)).await.expect("a reply").into_inner();
        assert_eq!((reply.diagnostics, reply.private.as_slice()), (vec![], wanted));
    }

    // An update gets it through the plan, in which the framework's own mark is; no mark outlives the apply.
    let update = |behaviour: &'static str| proto::PlanRequest {
        prior_state: made.new_state.clone(),
        prior_private: made.private.clone(),
        ..create(&[("name", "alpha".into()), ("behaviour", behaviour.into())])
    };
    for (behaviour, errors) in [("keep", 0), ("fail", 1)] {
        let request = update(behaviour);
        let planned = plan(&mut client, request.clone()).await;
        let kept = entries(&planned.planned_private);
        assert_eq!(kept["writes"], 1, "{kept}");
        assert_eq!(kept.as_object().map(serde_json::Map::len), Some(2), "{kept}");
        let changed = apply(&mut client, &request, planned).await;
        assert_eq!(changed.diagnostics.len(), errors, "{:?}", changed.diagnostics);
        assert_eq!(entries(&changed.private), json!({"writes": 2}), "{behaviour}");
    }

    // What could not be deleted is remembered with all that belongs to it; what is gone is forgotten.
    let destroy = proto::PlanRequest {
        prior_state: made.new_state.clone(),
        prior_private: made.private.clone(),
        proposed_new_state: null(),
        config: null(),
        ..create(&[])
    };
    let file = plugin.dir.path().join("alpha.json");
    let content = fs::read(&file).expect("the item");
    for there in [false, true] {
        if there {
            fs::write(&file, &content).expect("the item");
        } else {
            fs::remove_file(&file).expect("the item");
        }
        let planned = plan(&mut client, destroy.clone()).await;
        assert_eq!(entries(&planned.planned_private), json!({"writes": 1}));
        let gone = apply(&mut client, &destroy, planned).await;
        let wanted: &[u8] = if there { b"" } else { &made.private };
        assert_eq!((gone.diagnostics.is_empty(), gone.private.as_slice()), (there, wanted));
    }
}

fn token_type() -> Type {
    Type::object([("audience", Type::String), ("token", Type::String)])
}

async fn open(client: &mut ProviderClient<Channel>, audience: &str, may_defer: bool) -> proto::OpenResponse {
    let config = Value::object([("audience", audience.into()), ("token", Value::Null)]);
    let request = proto::TypedConfig {
        type_name: "store_token".into(),
        config: Some(proto::DynamicValue::encode(&config, &token_type()).expect("a configuration")),
        client_capabilities: Some(proto::ClientCapabilities {
            deferral_allowed: may_defer,
            ..Default::default()
        }),
    };
    client
        .open_ephemeral_resource(request)
        .await
        .expect("a reply")
        .into_inner()
}

async fn ephemeral_resources_are_renewed_and_closed() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let handle = |private: Option<Vec<u8>>| proto::EphemeralHandle {
        type_name: "store_token".into(),
        private,
    };
    let at = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        Some(proto::Timestamp {
            seconds: since.as_secs() as i64,
            nanos: since.subsec_nanos() as i32,
        })
    };
    let closed = || fs::read_to_string(plugin.dir.path().join("closed")).unwrap_or_default();

    // One that lives as long as the run is never renewed.
    let opened = open(&mut client, "crm", false).await;
    assert_eq!((&opened.diagnostics, &opened.renew_at), (&vec![], &None));
    let result = opened.result.expect("a result").decode(&token_type()).expect("a token");
    assert_eq!(result.get("token"), Some(&"hush-crm".into()));
    let ended = client.close_ephemeral_resource(handle(opened.private)).await;
    assert_eq!(ended.expect("a reply").into_inner().diagnostics, []);
    assert_eq!(closed(), "crm");

    // Each renewal gets what the one before it remembered, and says when the next is due.
    let opened = open(&mut client, "short", false).await;
    assert_eq!(opened.renew_at, at(expires()), "to the fraction of a second");
    let mut private = opened.private;
    for due in [at(expires() + Duration::from_secs(60)), None] {
        let renewed = client.renew_ephemeral_resource(handle(private)).await;
        let renewed = renewed.expect("a reply").into_inner();
        assert_eq!((renewed.diagnostics, renewed.renew_at), (vec![], due));
        private = renewed.private;
    }
    let refused = client.renew_ephemeral_resource(handle(private.clone())).await;
    let refused = refused.expect("a reply").into_inner();
    assert_eq!(refused.diagnostics[0].summary, "a token lives so long and no longer");
    let ended = client.close_ephemeral_resource(handle(private)).await;
    assert_eq!(ended.expect("a reply").into_inner().diagnostics, []);
    assert_eq!(closed(), "short, renewed 2 times");

    // A handle that is damaged or of nothing is no crash.
    for private in [None, Some(b"[".to_vec())] {
        let ended = client.close_ephemeral_resource(handle(private)).await;
        assert_eq!(ended.expect("a reply").into_inner().diagnostics, []);
        assert_eq!(closed(), "");
    }
    let nothing = proto::EphemeralHandle {
        type_name: "store_nothing".into(),
        private: None,
    };
    let renewed = client.renew_ephemeral_resource(nothing.clone()).await;
    let ended = client.close_ephemeral_resource(nothing).await;
    for found in [
        renewed.expect("a reply").into_inner().diagnostics,
        ended.expect("a reply").into_inner().diagnostics,
    ] {
        assert_eq!(found[0].summary, "this provider has no `store_nothing`");
    }

    // Put off only for a client that allows it; then with a preview.
    let refused = open(&mut client, "later", false).await;
    assert!(
        refused.diagnostics[0].summary.contains("does not exist yet"),
        "{:?}",
        refused.diagnostics
    );
    let deferred = open(&mut client, "later", true).await;
    let reason = deferred.deferred.expect("deferred").reason;
    assert_eq!(
        (deferred.diagnostics, reason),
        (vec![], i32::from(proto::deferred::Reason::AbsentPrereq))
    );
    let preview = deferred
        .result
        .expect("a result")
        .decode(&token_type())
        .expect("a token");
    assert_eq!(preview.get("token"), Some(&Value::unknown()));
}

async fn states_are_upgraded_over_several_versions() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.client().await;
    let newest = json!({"name": "alpha", "kind": "other", "labels": {"a": "1", "b": ""}});
    let cases = [
        (3, newest.to_string(), Ok(())),
        // Each version's own step, and all that follow it; what is not known any more is dropped.
        (
            2,
            json!({"name": "alpha", "kind": "other", "labels": ["a=1", "b="], "gone": [1]}).to_string(),
            Ok(()),
        ),
        (
            1,
            json!({"name": "alpha", "category": "other", "labels": ["a=1", "b="]}).to_string(),
            Ok(()),
        ),
        (
            0,
            json!({"title": "alpha", "category": "other", "labels": ["a=1", "b="]}).to_string(),
            Ok(()),
        ),
        // A step that fails says so, and so do states that fit no version.
        (
            1,
            json!({"name": "alpha", "labels": ["a"]}).to_string(),
            Err("a label has no value"),
        ),
        (3, json!({"name": ["alpha"]}).to_string(), Err("cannot be read")),
        (2, "[]".to_owned(), Err("cannot be read")),
        (4, newest.to_string(), Err("was written by a newer provider")),
        (2, String::new(), Err("is not JSON")),
    ];
    for (version, raw, wanted) in cases {
        let request = proto::UpgradeRequest {
            type_name: "store_item".into(),
            version,
            raw_state: Some(proto::RawState {
                json: raw.clone().into_bytes(),
                ..Default::default()
            }),
        };
        let reply = client
            .upgrade_resource_state(request)
            .await
            .expect("a reply")
            .into_inner();
        match wanted {
            Ok(()) => {
                let labels = Value::map([("a", "1".into()), ("b", "".into())]);
                let wanted = item(&[("name", "alpha".into()), ("kind", "other".into()), ("labels", labels)]);
                assert_eq!(
                    (reply.diagnostics, reply.upgraded_state),
                    (vec![], Some(wanted)),
                    "{raw}"
                );
            }
            Err(text) => {
                let said = reply.diagnostics.first().map(|found| found.summary.as_str());
                assert!(said.is_some_and(|said| said.contains(text)), "{raw}: {said:?}");
            }
        }
    }
}

async fn states_are_moved() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.client().await;
    let request = |type_name: &str, target: &str, state: &str| proto::MoveRequest {
        source_provider_address: "terraform.io/builtin/terraform".into(),
        source_type_name: type_name.into(),
        source_state: Some(proto::RawState {
            json: state.into(),
            ..Default::default()
        }),
        target_type_name: target.into(),
        source_private: br#"{"writes":7}"#.to_vec(),
        ..Default::default()
    };
    let state = r#"{"input": {"value": "alpha", "type": "string"}, "id": "x"}"#;
    let moved = client
        .move_resource_state(request("terraform_data", "store_item", state))
        .await
        .expect("a reply")
        .into_inner();
    assert_eq!(
        (moved.diagnostics, moved.target_state, moved.target_identity),
        (vec![], Some(item(&[("name", "alpha".into())])), Some(identity("alpha")))
    );
    assert_eq!(moved.target_private, b"", "another type's memory means nothing");
    let cases = [
        (
            "other_thing",
            "store_item",
            state,
            "cannot take over the state of other_thing",
        ),
        (
            "terraform_data",
            "store_nothing",
            state,
            "this provider has no `store_nothing`",
        ),
        ("terraform_data", "store_item", "[]", "cannot be read"),
        ("terraform_data", "store_item", "", "is not JSON"),
        (
            "terraform_data",
            "store_item",
            r#"{"input": {"value": {"a": 1}}}"#,
            "cannot be read",
        ),
    ];
    for (type_name, target, state, text) in cases {
        let refused = client.move_resource_state(request(type_name, target, state)).await;
        let refused = refused.expect("a reply").into_inner();
        let said = refused.diagnostics.first().map(|found| found.summary.as_str());
        assert!(said.is_some_and(|said| said.contains(text)), "{state}: {said:?}");
        assert_eq!(refused.target_state, None);
    }
    // What was moved is what a read goes on with.
    fs::write(
        plugin.dir.path().join("alpha.json"),
        r#"{"document":null,"kind":"plain","secret":null}"#,
    )
    .expect("an item");
    let mut client = plugin.configured().await;
    let moved = item(&[("name", "alpha".into())]);
    let request = proto::ReadRequest {
        type_name: "store_item".into(),
        current_state: Some(moved),
        ..Default::default()
    };
    let read = client.read_resource(request).await.expect("a reply").into_inner();
    let state = read.new_state.expect("a state").decode(&item_type()).expect("an item");
    assert_eq!(state.get("id"), Some(&"items/alpha".into()));
}
