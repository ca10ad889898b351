//! The numbers on the wire, as Terraform has them: a renumbered field must not go unnoticed. Written down from
//! Terraform's protocol documentation, independently of our `.proto` text.

use std::error::Error;
use std::path::Path;

use protox::prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor};

/// `method: request fields -> response fields`; a name with `*` is repeated, one with `{}` a map.
const METHODS: &str = "
GetMetadata: -> server_capabilities=1 diagnostics*=2 data_sources*=3 resources*=4 functions*=5 ephemeral_resources*=6 list_resources*=7 state_stores*=8 actions*=9
GetProviderSchema: -> provider=1 resource_schemas*=2 data_source_schemas*=3 diagnostics*=4 provider_meta=5 server_capabilities=6 functions*=7 ephemeral_resource_schemas*=8 list_resource_schemas*=9 state_store_schemas*=10 action_schemas*=11
GetResourceIdentitySchemas: -> identity_schemas*=1 diagnostics*=2
ValidateProviderConfig: config=1 -> diagnostics*=2
ValidateResourceConfig: type_name=1 config=2 client_capabilities=3 -> diagnostics*=1
ValidateDataResourceConfig: type_name=1 config=2 -> diagnostics*=1
ValidateEphemeralResourceConfig: type_name=1 config=2 -> diagnostics*=1
UpgradeResourceState: type_name=1 version=2 raw_state=3 -> upgraded_state=1 diagnostics*=2
UpgradeResourceIdentity: type_name=1 version=2 raw_identity=3 -> upgraded_identity=1 diagnostics*=2
ConfigureProvider: terraform_version=1 config=2 client_capabilities=3 -> diagnostics*=1
ReadResource: type_name=1 current_state=2 private=3 provider_meta=4 client_capabilities=5 current_identity=6 -> new_state=1 diagnostics*=2 private=3 deferred=4 new_identity=5
PlanResourceChange: type_name=1 prior_state=2 proposed_new_state=3 config=4 prior_private=5 provider_meta=6 client_capabilities=7 prior_identity=8 planned_private=9 -> planned_state=1 requires_replace*=2 planned_private=3 diagnostics*=4 deferred=6 planned_identity=7
ApplyResourceChange: type_name=1 prior_state=2 planned_state=3 config=4 planned_private=5 provider_meta=6 planned_identity=7 -> new_state=1 private=2 diagnostics*=3 new_identity=5
ImportResourceState: type_name=1 id=2 client_capabilities=3 identity=4 -> imported_resources*=1 diagnostics*=2 deferred=3
MoveResourceState: source_provider_address=1 source_type_name=2 source_schema_version=3 source_state=4 target_type_name=5 source_private=6 source_identity=7 source_identity_schema_version=8 -> target_state=1 diagnostics*=2 target_private=3 target_identity=4
ReadDataSource: type_name=1 config=2 provider_meta=3 client_capabilities=4 -> state=1 diagnostics*=2 deferred=3
GenerateResourceConfig: type_name=1 state=2 -> config=1 diagnostics*=2
OpenEphemeralResource: type_name=1 config=2 client_capabilities=3 -> diagnostics*=1 renew_at=2 result=3 private=4 deferred=5
RenewEphemeralResource: type_name=1 private=2 -> diagnostics*=1 renew_at=2 private=3
CloseEphemeralResource: type_name=1 private=2 -> diagnostics*=1
ListResource: type_name=1 config=2 include_resource_object=3 limit=4 -> identity=1 display_name=2 resource_object=3 diagnostic*=4
ValidateListResourceConfig: type_name=1 config=2 include_resource_object=3 limit=4 -> diagnostics*=1
GetFunctions: -> functions*=1 diagnostics*=2
CallFunction: name=1 arguments*=2 -> result=1 error=2
ValidateStateStoreConfig: type_name=1 config=2 -> diagnostics*=1
ConfigureStateStore: type_name=1 config=2 capabilities=3 -> diagnostics*=1 capabilities=2
ReadStateBytes: type_name=1 state_id=2 -> bytes=1 total_length=2 range=3 diagnostics*=4
WriteStateBytes: meta=1 bytes=2 total_length=3 range=4 -> diagnostics*=1
LockState: type_name=1 state_id=2 operation=3 -> lock_id=1 diagnostics*=2
UnlockState: type_name=1 state_id=2 lock_id=3 -> diagnostics*=1
GetStates: type_name=1 -> state_id*=1 diagnostics*=2
DeleteState: type_name=1 state_id=2 -> diagnostics*=1
PlanAction: action_type=1 config=2 client_capabilities=3 -> diagnostics*=1 deferred=2
InvokeAction: action_type=1 config=2 client_capabilities=3 -> progress=1 completed=2
ValidateActionConfig: type_name=1 config=2 -> diagnostics*=1
StopProvider: -> error=1
";

/// Messages inside those.
const MESSAGES: &str = "
DynamicValue: msgpack=1 json=2
RawState: json=1 flatmap*=2
Diagnostic: severity=1 summary=2 detail=3 attribute=4
AttributePath: steps*=1
PathStep: attribute_name=1 element_key_string=2 element_key_int=3
FunctionError: text=1 function_argument=2
Schema: version=1 block=2
Block: version=1 attributes*=2 block_types*=3 description=4 description_kind=5 deprecated=6 deprecation_message=7 computed=8
Attribute: name=1 type=2 description=3 required=4 optional=5 computed=6 sensitive=7 description_kind=8 deprecated=9 nested_type=10 write_only=11 deprecation_message=12
NestedObject: attributes*=1 nesting=3
NestedBlock: type_name=1 block=2 nesting=3 min_items=4 max_items=5
Function: parameters*=1 variadic_parameter=2 return=3 summary=4 description=5 description_kind=6 deprecation_message=7
Parameter: name=1 type=2 allow_null_value=3 allow_unknown_values=4 description=5 description_kind=6
Return: type=1
ServerCapabilities: plan_destroy=1 get_provider_schema_optional=2 move_resource_state=3 generate_resource_config=4
ClientCapabilities: deferral_allowed=1 write_only_attributes_allowed=2 store_planned_private=3 computed_blocks_allowed=4
Deferred: reason=1
IdentityData: identity_data=1
IdentitySchema: version=1 identity_attributes*=2
IdentityAttribute: name=1 type=2 required_for_import=3 optional_for_import=4 description=5
Imported: type_name=1 state=2 private=3 identity=4
StateRange: start=1 end=2
";

const ENUMS: &str = "
Severity: 0 1 2
StringKind: 0 1
Nesting: 0 1 2 3 4 5
Deferred.Reason: 0 1 2 3
";

type Outcome = Result<(), Box<dyn Error>>;

fn lines(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, rest)| (name.trim(), rest.trim()))
}

/// `name=number`, with `*` for repeated ones.
fn spell(message: &MessageDescriptor) -> String {
    let mut fields: Vec<_> = message.fields().collect();
    fields.sort_by_key(FieldDescriptor::number);
    let many = |repeated| if repeated { "*" } else { "" };
    let spell = |field: &FieldDescriptor| {
        format!(
            "{}{}={}",
            field.name(),
            many(field.is_list() || field.is_map()),
            field.number()
        )
    };
    fields.iter().map(spell).collect::<Vec<_>>().join(" ")
}

/// Requests that share a message may have fields that one of them lacks, and another name for the first.
fn agrees(ours: &str, wanted: &str, shared: bool) -> bool {
    let wanted = wanted.replace("action_type=1", "type_name=1");
    ours == wanted || shared && ours.starts_with(&wanted)
}

#[test]
fn numbers_are_terraforms() -> Outcome {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let pool = DescriptorPool::from_file_descriptor_set(protox::compile(["tfplugin6.proto"], [proto])?)?;
    let message = |name: &str| {
        pool.get_message_by_name(&format!("tfplugin6.{name}"))
            .ok_or(format!("no message {name}"))
    };
    let service = pool.get_service_by_name("tfplugin6.Provider").ok_or("no service")?;
    let methods: Vec<_> = service.methods().collect();
    for (name, wanted) in lines(METHODS) {
        let method = methods
            .iter()
            .find(|method| method.name() == name)
            .ok_or(format!("no method {name}"))?;
        let (request, response) = wanted.split_once("->").ok_or("malformed table")?;
        let ours = spell(&method.input());
        assert!(agrees(&ours, request.trim(), true), "{name}: {ours}, wanted {request}");
        assert_eq!(spell(&method.output()), response.trim(), "{name}");
    }
    assert_eq!(
        methods.len(),
        lines(METHODS).count(),
        "every method stands in the table"
    );
    let streams = |name: &str| {
        methods
            .iter()
            .find(|method| method.name() == name)
            .map(|m| (m.is_client_streaming(), m.is_server_streaming()))
    };
    for name in ["ListResource", "InvokeAction", "ReadStateBytes"] {
        assert_eq!(streams(name), Some((false, true)), "{name}");
    }
    assert_eq!(streams("WriteStateBytes"), Some((true, false)));
    for (name, wanted) in lines(MESSAGES) {
        assert_eq!(spell(&message(name)?), wanted, "{name}");
    }
    for (name, wanted) in lines(ENUMS) {
        let kind = pool
            .get_enum_by_name(&format!("tfplugin6.{name}"))
            .ok_or(format!("no enum {name}"))?;
        let numbers: Vec<String> = kind.values().map(|value| value.number().to_string()).collect();
        assert_eq!(numbers.join(" "), wanted, "{name}");
    }
    Ok(())
}
