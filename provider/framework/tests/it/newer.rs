//! What Terraforms newer than 1.11 ask for: identities, deferrals, promises about unknown values.

use tfplugin_framework::{Refinements, Type, Value};
use tfplugin_proto::wire::tfplugin6 as proto;
use tfplugin_proto::wire::tfplugin6::provider_client::ProviderClient;
use tonic::transport::Channel;

use crate::scenarios::Scenario;
use crate::wire::{Plugin, item, item_type, null, run};

pub const ALL: &[(&str, Scenario)] = &[
    ("identity_follows_the_object", || run(identity_follows_the_object())),
    ("import_by_identity", || run(import_by_identity())),
    ("identities_are_upgraded", || run(identities_are_upgraded())),
    ("deferral_is_the_clients_choice", || {
        run(deferral_is_the_clients_choice());
    }),
    ("everything_can_wait", || run(everything_can_wait())),
    ("unknown_values_keep_what_is_known", || {
        run(unknown_values_keep_what_is_known());
    }),
    ("lists_are_streamed", || run(lists_are_streamed())),
    ("configurations_are_made_of_states", || {
        run(configurations_are_made_of_states());
    }),
    ("promises_bind", || run(promises_bind())),
];

fn identity_type() -> Type {
    Type::object([("name", Type::String)])
}

pub fn identity(name: impl Into<Value>) -> proto::IdentityData {
    let value = Value::object([("name", name.into())]);
    let data = proto::DynamicValue::encode(&value, &identity_type()).expect("an identity");
    proto::IdentityData {
        identity_data: Some(data),
    }
}

pub fn create(set: &[(&str, Value)]) -> proto::PlanRequest {
    proto::PlanRequest {
        type_name: "store_item".into(),
        prior_state: null(),
        proposed_new_state: Some(item(set)),
        config: Some(item(set)),
        ..Default::default()
    }
}

pub async fn plan(client: &mut ProviderClient<Channel>, request: proto::PlanRequest) -> proto::PlanResponse {
    client
        .plan_resource_change(request)
        .await
        .expect("a reply")
        .into_inner()
}

/// Applies what was planned for this request.
pub async fn apply(
    client: &mut ProviderClient<Channel>,
    request: &proto::PlanRequest,
    planned: proto::PlanResponse,
) -> proto::ApplyResponse {
    let apply = proto::ApplyRequest {
        type_name: request.type_name.clone(),
        prior_state: request.prior_state.clone(),
        planned_state: planned.planned_state,
        config: request.config.clone(),
        planned_private: planned.planned_private,
        planned_identity: planned.planned_identity,
        ..Default::default()
    };
    client.apply_resource_change(apply).await.expect("a reply").into_inner()
}

async fn identity_follows_the_object() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let schemas = client
        .get_resource_identity_schemas(proto::Empty {})
        .await
        .expect("identities")
        .into_inner();
    assert_eq!(schemas.diagnostics, []);
    let schema = &schemas.identity_schemas["store_item"];
    let declared: Vec<_> = schema
        .identity_attributes
        .iter()
        .map(|part| {
            (
                part.name.as_str(),
                part.r#type.as_slice(),
                part.required_for_import,
                part.optional_for_import,
            )
        })
        .collect();
    assert_eq!(
        (schema.version, declared),
        (1, vec![("name", br#""string""#.as_slice(), true, false)])
    );

    // It is in the plan as soon as it is known, and not before.
    let later = create(&[("name", Value::unknown())]);
    let planned = plan(&mut client, later).await;
    assert_eq!((planned.diagnostics, planned.planned_identity), (vec![], None));
    let request = create(&[("name", "alpha".into())]);
    let planned = plan(&mut client, request.clone()).await;
    assert_eq!(
        (&planned.diagnostics, &planned.planned_identity),
        (&vec![], &Some(identity("alpha")))
    );
    let made = apply(&mut client, &request, planned).await;
    assert_eq!((made.diagnostics, made.new_identity), (vec![], Some(identity("alpha"))));

    // Refreshing gives it to a state that has none yet, and holds it against the one that it has.
    let read = |current_identity| proto::ReadRequest {
        type_name: "store_item".into(),
        current_state: made.new_state.clone(),
        private: made.private.clone(),
        current_identity,
        ..Default::default()
    };
    for before in [
        None,
        Some(identity("alpha")),
        Some(proto::IdentityData { identity_data: null() }),
    ] {
        let reply = client.read_resource(read(before)).await.expect("a reply").into_inner();
        assert_eq!(
            (reply.diagnostics, reply.new_identity),
            (vec![], Some(identity("alpha")))
        );
    }
    let reply = client
        .read_resource(read(Some(identity("beta"))))
        .await
        .expect("a reply")
        .into_inner();
    assert!(
        reply.diagnostics[0]
            .summary
            .contains("the identity of the object changed"),
        "{:?}",
        reply.diagnostics
    );

    // An update keeps it; a replacement gets another one in its second plan.
    let set = [("name", Value::from("alpha")), ("document", "[]".into())];
    let update = proto::PlanRequest {
        prior_state: made.new_state.clone(),
        prior_identity: Some(identity("alpha")),
        ..create(&set)
    };
    let planned = plan(&mut client, update).await;
    assert_eq!(
        (planned.diagnostics, planned.planned_identity),
        (vec![], Some(identity("alpha")))
    );
    let replace = proto::PlanRequest {
        prior_state: made.new_state.clone(),
        prior_identity: Some(identity("alpha")),
        ..create(&[("name", "beta".into())])
    };
    let planned = plan(&mut client, replace).await;
    assert_eq!(
        (
            planned.diagnostics,
            planned.requires_replace.len(),
            planned.planned_identity
        ),
        (vec![], 1, None)
    );

    // A destroy that fails keeps it, one that succeeds does not.
    let destroy = proto::PlanRequest {
        prior_state: made.new_state.clone(),
        prior_identity: Some(identity("alpha")),
        proposed_new_state: null(),
        config: null(),
        ..create(&[])
    };
    for wanted in [None, Some(identity("alpha"))] {
        let planned = plan(&mut client, destroy.clone()).await;
        assert_eq!(planned.planned_identity, Some(identity("alpha")));
        let gone = apply(&mut client, &destroy, planned).await;
        assert_eq!(
            (gone.diagnostics.is_empty(), gone.new_identity),
            (wanted.is_none(), wanted)
        );
    }
}

async fn import_by_identity() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let import = |id: &str, identity| proto::ImportRequest {
        type_name: "store_item".into(),
        id: id.into(),
        identity,
        ..Default::default()
    };
    for request in [import("", Some(identity("alpha"))), import("items/alpha", None)] {
        let reply = client
            .import_resource_state(request)
            .await
            .expect("a reply")
            .into_inner();
        assert_eq!(reply.diagnostics, []);
        let [imported] = reply.imported_resources.as_slice() else {
            panic!("one object: {:?}", reply.imported_resources)
        };
        let state = imported
            .state
            .as_ref()
            .expect("a state")
            .decode(&item_type())
            .expect("an item");
        assert_eq!(state.get("name"), Some(&"alpha".into()));
        assert_eq!(imported.identity, Some(identity("alpha")));
    }
    let bad = [
        (identity(Value::Null), "the identity needs `name`"),
        (identity("a/b"), "is not an id of the form"),
        (
            proto::IdentityData {
                identity_data: Some(proto::DynamicValue {
                    msgpack: b"\x80".to_vec(),
                    json: Vec::new(),
                }),
            },
            "an identity that does not fit",
        ),
    ];
    for (given, text) in bad {
        let reply = client
            .import_resource_state(import("", Some(given)))
            .await
            .expect("a reply")
            .into_inner();
        assert!(reply.diagnostics[0].summary.contains(text), "{:?}", reply.diagnostics);
    }
}

async fn identities_are_upgraded() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.client().await;
    let cases = [
        (1, r#"{"name":"alpha"}"#, Ok("alpha")),
        (1, r#"{"name":"alpha","more":1}"#, Ok("alpha")),
        (0, r#"{"item":"alpha"}"#, Ok("alpha")),
        (2, r#"{"name":"alpha"}"#, Err("written by a newer provider")),
        (1, "[", Err("cannot be read")),
        (0, "[", Err("cannot be read")),
        (1, "", Err("is not JSON")),
    ];
    for (version, raw, wanted) in cases {
        let request = proto::UpgradeIdentityRequest {
            type_name: "store_item".into(),
            version,
            raw_identity: Some(proto::RawState {
                json: raw.into(),
                ..Default::default()
            }),
        };
        let reply = client
            .upgrade_resource_identity(request)
            .await
            .expect("a reply")
            .into_inner();
        match wanted {
            Ok(name) => assert_eq!(
                (reply.diagnostics, reply.upgraded_identity),
                (vec![], Some(identity(name)))
            ),
            Err(text) => assert!(reply.diagnostics[0].summary.contains(text), "{:?}", reply.diagnostics),
        }
    }
}

async fn deferral_is_the_clients_choice() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let unknown = Value::Unknown(Some(Box::new(Refinements::not_null().starting_with("later "))));
    let request = |deferral_allowed| proto::PlanRequest {
        client_capabilities: Some(proto::ClientCapabilities {
            deferral_allowed,
            ..Default::default()
        }),
        ..create(&[("name", "alpha".into()), ("document", unknown.clone())])
    };
    let refused = plan(&mut client, request(false)).await;
    assert!(
        refused.diagnostics[0].summary.contains("known only after apply"),
        "{:?}",
        refused.diagnostics
    );
    assert!(
        refused.diagnostics[0].detail.contains("-target"),
        "{:?}",
        refused.diagnostics
    );
    let deferred = plan(&mut client, request(true)).await;
    assert_eq!(deferred.diagnostics, []);
    let reason = deferred.deferred.expect("deferred").reason;
    assert_eq!(reason, i32::from(proto::deferred::Reason::ResourceConfigUnknown));
    // What can be planned is not put off, whoever would allow it.
    let known = proto::PlanRequest {
        client_capabilities: request(true).client_capabilities,
        ..create(&[("name", "alpha".into()), ("document", "later on".into())])
    };
    let planned = plan(&mut client, known).await;
    assert_eq!((planned.diagnostics, planned.deferred), (vec![], None));
}

/// Every other call that can be put off, and its reason; refused to a client that does not allow it.
async fn everything_can_wait() {
    use proto::deferred::Reason;
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let waiting = item(&[("name", "alpha".into()), ("behaviour", "wait".into())]);
    for allowed in [false, true] {
        let client_capabilities = Some(proto::ClientCapabilities {
            deferral_allowed: allowed,
            ..Default::default()
        });
        let check = |what: &str, found: &[proto::Diagnostic], deferred: Option<proto::Deferred>, reason: Reason| {
            let wanted = allowed.then(|| i32::from(reason));
            assert_eq!(deferred.map(|deferred| deferred.reason), wanted, "{what}: {found:?}");
            assert_eq!(found.is_empty(), allowed, "{what}: {found:?}");
        };
        let read = proto::ReadRequest {
            type_name: "store_item".into(),
            current_state: Some(waiting.clone()),
            client_capabilities,
            ..Default::default()
        };
        let reply = client.read_resource(read).await.expect("a reply").into_inner();
        check("read", &reply.diagnostics, reply.deferred, Reason::AbsentPrereq);
        // Whether put off or refused: the state is not lost.
        assert_eq!(reply.new_state, Some(waiting.clone()));

        let import = proto::ImportRequest {
            type_name: "store_item".into(),
            id: "items/later".into(),
            client_capabilities,
            ..Default::default()
        };
        let reply = client
            .import_resource_state(import)
            .await
            .expect("a reply")
            .into_inner();
        check("import", &reply.diagnostics, reply.deferred, Reason::AbsentPrereq);

        let ty = Type::object([("prefix", Type::String), ("names", Type::list(Type::String))]);
        let config = Value::object([("prefix", "later".into()), ("names", Value::Null)]);
        let data = proto::ReadDataRequest {
            type_name: "store_listing".into(),
            config: Some(proto::DynamicValue::encode(&config, &ty).expect("a configuration")),
            client_capabilities,
            ..Default::default()
        };
        let reply = client.read_data_source(data).await.expect("a reply").into_inner();
        check(
            "data",
            &reply.diagnostics,
            reply.deferred,
            Reason::ProviderConfigUnknown,
        );
        let preview = reply.state.map(|state| state.decode(&ty).expect("a listing"));
        let names = preview.as_ref().and_then(|preview| preview.get("names"));
        assert_eq!(names, allowed.then(Value::unknown).as_ref());
    }
}

/// What is known of an unknown value is kept in the plan, and what it rules out is an error before it is known.
async fn unknown_values_keep_what_is_known() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let none = Refinements::default;
    let cases = [
        ("document", none().starting_with("gs://"), None),
        ("document", Refinements::not_null(), None),
        ("amount", none().at_least(1).at_most(5), None),
        ("labels", none().of_length(Some(1), Some(3)), None),
        ("zones", Refinements::not_null().of_length(Some(2), None), None),
        ("series", none().of_length(None, Some(4)), None),
        ("secret_version", none().at_least(1), None),
        ("secret_version", none().at_most(0), Some("is known to be smaller")),
        ("kind", none().starting_with("pl"), None),
        ("kind", none().starting_with("x"), Some("starts with \"x\"")),
        ("name", none().starting_with("much too long"), Some("has 13 or more")),
    ];
    for (attribute, known, refusal) in cases {
        let unknown = Value::Unknown(Some(Box::new(known.clone())));
        let set: Vec<_> = [("name", "alpha".into()), (attribute, unknown.clone())].into();
        let request = create(&set);
        let checked = client
            .validate_resource_config(proto::TypedConfig {
                type_name: "store_item".into(),
                config: request.config.clone(),
                ..Default::default()
            })
            .await
            .expect("a reply")
            .into_inner();
        let said: Vec<&str> = checked.diagnostics.iter().map(|found| found.detail.as_str()).collect();
        match refusal {
            Some(text) => assert!(
                said.len() == 1 && said[0].contains(text),
                "{attribute} {known:?}: {said:?}"
            ),
            None => {
                assert_eq!(said, Vec::<&str>::new(), "{attribute} {known:?}");
                let planned = plan(&mut client, request).await;
                assert_eq!(planned.diagnostics, [], "{attribute} {known:?}");
                let planned = planned.planned_state.expect("a plan");
                let planned = planned.decode(&item_type()).expect("an item");
                assert_eq!(planned.get(attribute), Some(&unknown));
            }
        }
    }
}

/// The names in a list's answer, and the texts of its diagnostics.
async fn listed(client: &mut ProviderClient<Channel>, request: proto::ListRequest) -> (Vec<String>, Vec<String>) {
    let whole = request.include_resource_object;
    let mut stream = client.list_resource(request).await.expect("a stream").into_inner();
    let (mut names, mut texts) = (Vec::new(), Vec::new());
    while let Some(event) = stream.message().await.expect("an event") {
        texts.extend(event.diagnostic.iter().map(|found| found.summary.clone()));
        let Some(found) = event.identity else { continue };
        let name = found
            .identity_data
            .expect("data")
            .decode(&identity_type())
            .expect("an identity");
        let name = name.get("name").and_then(Value::as_str).expect("a name").to_owned();
        assert_eq!(event.display_name, format!("item {name}"));
        let object = event
            .resource_object
            .map(|object| object.decode(&item_type()).expect("an item"));
        let of_object = object.as_ref().and_then(|object| object.get("name")?.as_str());
        assert_eq!(of_object, whole.then_some(name.as_str()));
        names.push(name);
    }
    (names, texts)
}

async fn lists_are_streamed() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    let count = 500;
    for index in 0..count {
        std::fs::write(plugin.dir.path().join(format!("a{index:03}.json")), "{}").expect("an item");
    }
    std::fs::write(plugin.dir.path().join("broken.json"), "").expect("an item");
    let ty = Type::object([("prefix", Type::String)]);
    let config = |prefix: Value| {
        let config = Value::object([("prefix", prefix)]);
        Some(proto::DynamicValue::encode(&config, &ty).expect("a configuration"))
    };
    let request = |prefix: Value, limit, include_resource_object| proto::ListRequest {
        type_name: "store_item".into(),
        config: config(prefix),
        include_resource_object,
        limit,
    };
    let (names, texts) = listed(&mut client, request(Value::Null, 0, true)).await;
    assert_eq!((names.len(), texts), (count, vec!["broken cannot be read".to_owned()]));
    assert!(names.is_sorted());
    let (names, texts) = listed(&mut client, request("a00".into(), 3, false)).await;
    assert_eq!(
        (names, texts),
        (vec!["a000".into(), "a001".into(), "a002".into()], vec![])
    );
    // A client that hangs up after the first leaves nothing behind that would hinder the next.
    let mut stream = client
        .list_resource(request(Value::Null, 0, true))
        .await
        .expect("a stream")
        .into_inner();
    assert!(stream.message().await.expect("an event").is_some());
    drop(stream);
    assert_eq!(
        listed(&mut client, request("zzz".into(), 0, true)).await,
        (vec![], vec![])
    );
    let nowhere = proto::ListRequest {
        type_name: "store_nothing".into(),
        ..Default::default()
    };
    let (names, texts) = listed(&mut client, nowhere).await;
    assert_eq!(
        (names, texts),
        (vec![], vec!["this provider has no `store_nothing`".to_owned()])
    );
    let bad = proto::ListConfig {
        type_name: "store_item".into(),
        config: config("".into()),
        ..Default::default()
    };
    let found = client
        .validate_list_resource_config(bad)
        .await
        .expect("a reply")
        .into_inner()
        .diagnostics;
    assert!(found[0].detail.contains("at least 1 characters"), "{found:?}");
}

async fn configurations_are_made_of_states() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.client().await;
    let state = item(&[
        ("name", "alpha".into()),
        ("id", "items/alpha".into()),
        ("kind", "fancy".into()),
        ("protected", false.into()),
        ("size", 3.into()),
        ("behaviour", "old".into()),
    ]);
    let request = proto::GenerateConfigRequest {
        type_name: "store_item".into(),
        state: Some(state),
    };
    let reply = client
        .generate_resource_config(request)
        .await
        .expect("a reply")
        .into_inner();
    let wanted = item(&[("name", "alpha".into()), ("kind", "fancy".into())]);
    assert_eq!((reply.diagnostics, reply.config), (vec![], Some(wanted)));
}

async fn promises_bind() {
    let plugin = Plugin::start(&[]);
    let mut client = plugin.configured().await;
    for (behaviour, kept) in [("keep", true), ("break a promise", false)] {
        let request = create(&[("name", "alpha".into()), ("behaviour", behaviour.into())]);
        let planned = plan(&mut client, request.clone()).await;
        let value = planned
            .planned_state
            .as_ref()
            .expect("a plan")
            .decode(&item_type())
            .expect("an item");
        let promised = value.get("url").and_then(Value::refinements);
        assert_eq!(promised, Some(&Refinements::not_null().starting_with("store://")));
        let made = apply(&mut client, &request, planned).await;
        let said = made
            .diagnostics
            .iter()
            .any(|found| found.detail.contains("it would start with \"store://\""));
        assert_eq!(
            (made.diagnostics.is_empty(), said),
            (kept, !kept),
            "{:?}",
            made.diagnostics
        );
    }
}
