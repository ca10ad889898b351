//! The metadata as clients see it: describe global, describe of an object, the resource of a single object.

use serde_json::{Value, json};

use super::{Field, Kind, Object, Schema};

/// The body of `GET /sobjects`.
pub(crate) fn global(schema: &Schema, base: &str) -> Value {
    json!({
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": schema.objects.iter().map(|o| summary(o, base)).collect::<Vec<_>>(),
    })
}

/// An entry of describe global, also the `objectDescribe` of an object's resource.
pub(crate) fn summary(object: &Object, base: &str) -> Value {
    let mut value = flags(object);
    value["urls"] = json!({
        "rowTemplate": format!("{base}/sobjects/{}/{{ID}}", object.name),
        "describe": format!("{base}/sobjects/{}/describe", object.name),
        "sobject": format!("{base}/sobjects/{}", object.name),
    });
    value
}

fn flags(object: &Object) -> Value {
    json!({
        "activateable": false,
        "associateEntityType": null,
        "associateParentEntity": null,
        "createable": true,
        "custom": object.name.ends_with("__c"),
        "customSetting": false,
        "deepCloneable": false,
        "deletable": object.deletable,
        "deprecatedAndHidden": false,
        "feedEnabled": true,
        "hasSubtypes": false,
        "isInterface": false,
        "isSubtype": false,
        "keyPrefix": object.prefix,
        "label": object.label,
        "labelPlural": object.plural,
        "layoutable": true,
        "mergeable": matches!(object.name.as_str(), "Account" | "Contact" | "Lead" | "Case"),
        "mruEnabled": true,
        "name": object.name,
        "queryable": true,
        "replicateable": true,
        "retrieveable": true,
        "searchable": true,
        "triggerable": true,
        "undeletable": object.deletable,
        "updateable": true,
    })
}

/// The body of `GET /sobjects/X/describe`.
pub(crate) fn object(schema: &Schema, number: usize, base: &str) -> Value {
    let object = &schema.objects[number];
    let mut value = flags(object);
    value["actionOverrides"] = json!([]);
    value["childRelationships"] = children(schema, &object.name).into();
    value["compactLayoutable"] = true.into();
    value["defaultImplementation"] = Value::Null;
    value["extendedBy"] = Value::Null;
    value["extendsInterfaces"] = Value::Null;
    value["fields"] = object.readable().map(field).collect();
    value["implementedBy"] = Value::Null;
    value["implementsInterfaces"] = Value::Null;
    value["listviewable"] = Value::Null;
    value["lookupLayoutable"] = Value::Null;
    value["namedLayoutInfos"] = json!([]);
    value["networkScopeFieldName"] = Value::Null;
    value["recordTypeInfos"] = json!([{
        "active": true,
        "available": true,
        "defaultRecordTypeMapping": true,
        "developerName": "Master",
        "master": true,
        "name": "Master",
        "recordTypeId": "012000000000000AAA",
        "urls": { "layout": format!("{base}/sobjects/{}/describe/layouts/012000000000000AAA", object.name) },
    }]);
    value["searchLayoutable"] = true.into();
    value["sobjectDescribeOption"] = "FULL".into();
    value["supportedScopes"] = json!([{ "label": format!("All {}", object.plural), "name": "everything" }]);
    value["urls"] = json!({
        "sobject": format!("{base}/sobjects/{}", object.name),
        "describe": format!("{base}/sobjects/{}/describe", object.name),
        "rowTemplate": format!("{base}/sobjects/{}/{{ID}}", object.name),
        "layouts": format!("{base}/sobjects/{}/describe/layouts", object.name),
    });
    value
}

fn children(schema: &Schema, parent: &str) -> Vec<Value> {
    let mut out = vec![];
    for child in &schema.objects {
        for field in child
            .readable()
            .filter(|f| f.reference_to.iter().any(|to| to == parent))
        {
            out.push(json!({
                "cascadeDelete": field.cascade,
                "childSObject": child.name,
                "deprecatedAndHidden": false,
                "field": field.name,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": field.child_relationship,
                "restrictedDelete": false,
            }));
        }
    }
    out
}

fn soap_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Reference => "tns:ID",
        Kind::Boolean => "xsd:boolean",
        Kind::Int => "xsd:int",
        Kind::Double | Kind::Currency | Kind::Percent => "xsd:double",
        Kind::Date => "xsd:date",
        Kind::Datetime => "xsd:dateTime",
        Kind::Time => "xsd:time",
        Kind::Base64 => "xsd:base64Binary",
        Kind::Address => "urn:address",
        Kind::Location => "urn:location",
        Kind::Anytype => "xsd:anyType",
        _ => "xsd:string",
    }
}

fn extra_type(field: &Field) -> Option<&'static str> {
    match (field.kind, field.name.as_str()) {
        (Kind::Textarea, _) => Some("plaintextarea"),
        (Kind::String, "Name") if field.compound.is_some() => Some("personname"),
        (Kind::Reference, "OwnerId") => None,
        _ => None,
    }
}

fn field(field: &Field) -> Value {
    let kind = field.kind;
    let is_name =
        field.name == "Name" || field.name == "CaseNumber" || (field.name == "Subject" && kind == Kind::Combobox);
    let bytes = match kind {
        Kind::Boolean
        | Kind::Int
        | Kind::Double
        | Kind::Currency
        | Kind::Percent
        | Kind::Date
        | Kind::Datetime
        | Kind::Time => 0,
        Kind::Id | Kind::Reference => 18,
        _ => field.length * 3,
    };
    let picklist: Vec<Value> = field
        .picklist
        .iter()
        .map(|v| json!({ "active": true, "defaultValue": false, "label": v, "validFor": null, "value": v }))
        .collect();
    let system_id = matches!(kind, Kind::Id) || field.compound.is_some();
    let mut all = serde_json::Map::new();
    let parts = [
        json!({
            "aggregatable": field.is_filterable() && kind != Kind::Boolean && !kind.is_compound(),
            "aiPredictionField": false,
            "autoNumber": field.name == "CaseNumber",
            "byteLength": bytes,
            "calculated": false,
            "calculatedFormula": null,
            "cascadeDelete": field.cascade,
            "caseSensitive": false,
            "compoundFieldName": field.compound,
            "controllerName": null,
            "createable": field.createable,
            "custom": field.is_custom(),
            "defaultValue": if kind == Kind::Boolean { json!(field.default.as_deref() == Some("true")) } else { Value::Null },
            "defaultValueFormula": null,
            "defaultedOnCreate": !field.nillable && (kind == Kind::Boolean || !field.createable),
            "dependentPicklist": false,
            "deprecatedAndHidden": false,
            "digits": if kind == Kind::Int { field.precision } else { 0 },
            "displayLocationInDecimal": false,
        }),
        json!({
            "encrypted": kind == Kind::Encryptedstring,
            "externalId": field.external_id,
            "extraTypeInfo": extra_type(field),
            "filterable": field.is_filterable(),
            "filteredLookupInfo": null,
            "formulaTreatNullNumberAsZero": false,
            "groupable": field.is_groupable(),
            "highScaleNumber": false,
            "htmlFormatted": false,
            "idLookup": matches!(kind, Kind::Id | Kind::Email) || field.external_id || is_name,
            "inlineHelpText": null,
            "label": field.label,
            "length": if kind.is_number() || matches!(kind, Kind::Boolean | Kind::Date | Kind::Datetime | Kind::Time) { 0 } else { field.length },
            "mask": null,
            "maskType": null,
            "name": field.name,
            "nameField": is_name,
            "namePointing": field.reference_to.len() > 1,
            "nillable": field.nillable,
        }),
        json!({
            "permissionable": field.nillable && !system_id && field.name != "OwnerId",
            "picklistValues": picklist,
            "polymorphicForeignKey": field.reference_to.len() > 1,
            "precision": if kind == Kind::Int { 0 } else { field.precision },
            "queryByDistance": kind.is_compound(),
            "referenceTargetField": null,
            "referenceTo": field.reference_to,
            "relationshipName": field.relationship,
            "relationshipOrder": null,
            "restrictedDelete": false,
            "restrictedPicklist": false,
            "scale": field.scale,
            "searchPrefilterable": kind == Kind::Reference,
            "soapType": soap_type(kind),
            "sortable": field.is_sortable(),
            "type": kind.name(),
            "unique": field.unique,
            "updateable": field.updateable,
            "writeRequiresMasterRead": false,
        }),
    ];
    for part in parts {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    Value::Object(all)
}
