//! Our schemas, diagnostics and paths as messages.

use tfplugin_proto::wire::tfplugin6 as wire;

use crate::schema::{Kind, Nesting};
use crate::{
    Attribute, Deferral, Diagnostic, Diagnostics, Function, Identity, Parameter, Path, Schema, Severity, Step,
};

pub(super) fn capabilities() -> wire::ServerCapabilities {
    wire::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    }
}

/// Takes the schema apart, so that no text is copied: it is what a process that only tells its schemas spends its time on.
pub(super) fn schema(schema: Schema) -> wire::Schema {
    wire::Schema {
        version: schema.version,
        block: Some(wire::Block {
            version: schema.version,
            attributes: attributes(schema.attributes),
            block_types: Vec::new(),
            description: schema.description,
            description_kind: wire::StringKind::Markdown.into(),
            deprecated: schema.deprecated.is_some(),
            deprecation_message: schema.deprecated.unwrap_or_default(),
            computed: false,
        }),
    }
}

/// The identity of a kind of resource; what each attribute means, the resource's schema says.
pub(super) fn identity(identity: &Identity, schema: &Schema) -> wire::IdentitySchema {
    let attribute = |(name, required): (&str, bool)| {
        let rules = schema.attribute(name);
        wire::IdentityAttribute {
            name: name.to_owned(),
            r#type: rules.map_or(crate::Type::String, Attribute::ty).to_json_bytes(),
            required_for_import: required,
            optional_for_import: !required,
            description: rules.map(|rules| rules.description.clone()).unwrap_or_default(),
        }
    };
    wire::IdentitySchema {
        version: identity.schema_version(),
        identity_attributes: identity.attributes().map(attribute).collect(),
    }
}

pub(super) fn deferred(why: Deferral) -> wire::Deferred {
    use wire::deferred::Reason;
    let reason = match why {
        Deferral::ConfigUnknown => Reason::ResourceConfigUnknown,
        Deferral::ProviderConfigUnknown => Reason::ProviderConfigUnknown,
        Deferral::MissingPrerequisite => Reason::AbsentPrereq,
    };
    wire::Deferred { reason: reason.into() }
}

fn attributes(attributes: Vec<(String, Attribute)>) -> Vec<wire::Attribute> {
    attributes
        .into_iter()
        .map(|(name, rules)| attribute(name, rules))
        .collect()
}

fn attribute(name: String, rules: Attribute) -> wire::Attribute {
    // Never both: core refuses the schema.
    let (ty, nested_type) = match rules.kind {
        Kind::Plain(ty) => (ty.to_json_bytes(), None),
        Kind::Nested(nesting, nested) => {
            let nesting = match nesting {
                Nesting::Single => wire::Nesting::Single,
                Nesting::List => wire::Nesting::List,
                Nesting::Set => wire::Nesting::Set,
                Nesting::Map => wire::Nesting::Map,
            };
            (
                Vec::new(),
                Some(wire::NestedObject {
                    attributes: attributes(nested),
                    nesting: nesting.into(),
                }),
            )
        }
    };
    wire::Attribute {
        name,
        r#type: ty,
        description: rules.description,
        required: rules.required,
        optional: rules.optional,
        computed: rules.computed,
        sensitive: rules.sensitive,
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: rules.deprecated.is_some(),
        nested_type,
        write_only: rules.write_only,
        deprecation_message: rules.deprecated.unwrap_or_default(),
    }
}

pub(super) fn function(function: &dyn Function) -> wire::Function {
    let signature = function.signature();
    let parameter = |parameter: &Parameter| wire::Parameter {
        name: parameter.name.clone(),
        r#type: parameter.ty.to_json_bytes(),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: parameter.allow_unknown,
        description: parameter.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
    };
    wire::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(wire::Return {
            r#type: signature.returns.to_json_bytes(),
        }),
        summary: signature.summary,
        description: signature.description,
        description_kind: wire::StringKind::Markdown.into(),
        deprecation_message: signature.deprecated.unwrap_or_default(),
    }
}

pub(super) fn diagnostics(diagnostics: Diagnostics) -> Vec<wire::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: Diagnostic) -> wire::Diagnostic {
    let steps = diagnostic.path.steps();
    let shown = &steps[..pointable(steps)];
    let detail = if shown.len() < steps.len() {
        let blank = if diagnostic.detail.is_empty() { "" } else { "\n\n" };
        format!("{}{blank}Attribute: {}", diagnostic.detail, diagnostic.path)
    } else {
        diagnostic.detail
    };
    wire::Diagnostic {
        severity: match diagnostic.severity {
            Severity::Error => wire::Severity::Error.into(),
            Severity::Warning => wire::Severity::Warning.into(),
        },
        summary: diagnostic.summary,
        detail,
        attribute: (!shown.is_empty()).then(|| wire::AttributePath {
            steps: wire_steps(shown),
        }),
    }
}

/// How much of a path Terraform finds in the configuration: an attribute, and one index into it. Whatever goes deeper
/// into nested attributes is pointed at a wrong line.
fn pointable(steps: &[Step]) -> usize {
    match steps {
        [Step::Attribute(_), Step::Index(_) | Step::Key(_), ..] => 2,
        [Step::Attribute(_), ..] => 1,
        _ => 0,
    }
}

/// A path in full, up to the first set: for replacement, where core compares values.
pub(super) fn path(path: &Path) -> wire::AttributePath {
    let steps = path.steps();
    let end = steps
        .iter()
        .position(|step| *step == Step::Element)
        .unwrap_or(steps.len());
    wire::AttributePath {
        steps: wire_steps(&steps[..end]),
    }
}

fn wire_steps(steps: &[Step]) -> Vec<wire::PathStep> {
    use wire::path_step::Selector;
    let selector = |step: &Step| match step {
        Step::Attribute(name) => Some(Selector::AttributeName(name.clone())),
        Step::Key(key) => Some(Selector::ElementKeyString(key.clone())),
        Step::Index(index) => Some(Selector::ElementKeyInt(*index)),
        Step::Element => None,
    };
    steps
        .iter()
        .map(|step| wire::PathStep {
            selector: selector(step),
        })
        .collect()
}
