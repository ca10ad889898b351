//! The mapping as a table, and selections as strings.

use super::*;
use BigQueryType as T;

/// `name:type`, with precision and scale behind commas, and the compound field behind `<`.
fn object(text: &str) -> ObjectDescribe {
    let fields = text
        .split_whitespace()
        .map(|word| {
            let (word, compound) = word
                .split_once('<')
                .map_or((word, None), |(w, c)| (w, Some(c.to_owned())));
            let (name, kind) = word.split_once(':').unwrap();
            let mut kind = kind.split(',');
            FieldDescribe {
                name: name.into(),
                data_type: kind.next().unwrap().into(),
                precision: kind.next().map_or(0, |p| p.parse().unwrap()),
                scale: kind.next().map_or(0, |s| s.parse().unwrap()),
                compound_field_name: compound,
                filterable: true,
                ..FieldDescribe::default()
            }
        })
        .collect();
    let object = crate::describe::ObjectSummary {
        name: "Account".into(),
        queryable: true,
        ..Default::default()
    };
    ObjectDescribe { object, fields }
}

#[test]
fn every_type_of_salesforce() {
    let cases = [
        ("id", T::String, "Utf8"),
        ("reference", T::String, "Utf8"),
        ("string", T::String, "Utf8"),
        ("picklist", T::String, "Utf8"),
        ("multipicklist", T::String, "Utf8"),
        ("textarea", T::String, "Utf8"),
        ("email", T::String, "Utf8"),
        ("phone", T::String, "Utf8"),
        ("url", T::String, "Utf8"),
        ("combobox", T::String, "Utf8"),
        ("encryptedstring", T::String, "Utf8"),
        ("anyType", T::String, "Utf8"),
        ("base64", T::String, "Utf8"),
        ("inventedin2030", T::String, "Utf8"),
        ("boolean", T::Bool, "Boolean"),
        ("int", T::Int64, "Int64"),
        ("long", T::Int64, "Int64"),
        ("double,18,2", T::Numeric, "Decimal128(38, 9)"),
        ("double,0,0", T::Numeric, "Decimal128(38, 9)"),
        ("double,18,9", T::Numeric, "Decimal128(38, 9)"),
        ("double,18,10", T::BigNumeric, "Decimal256(76, 38)"),
        ("double,18,15", T::BigNumeric, "Decimal256(76, 38)"),
        ("currency,18,0", T::Numeric, "Decimal128(38, 9)"),
        ("currency,32,3", T::Numeric, "Decimal128(38, 9)"),
        ("currency,32,2", T::BigNumeric, "Decimal256(76, 38)"),
        ("percent,5,2", T::Numeric, "Decimal128(38, 9)"),
        ("date", T::Date, "Date32"),
        ("datetime", T::Timestamp, "Timestamp(µs, \"UTC\")"),
        ("time", T::Time, "Time64(µs)"),
    ];
    for (kind, expected, arrow) in cases {
        let field = object(&format!("F:{kind}")).fields.remove(0);
        assert_eq!(bigquery_type(&field), expected, "{kind}");
        assert_eq!(arrow_type(expected).data_type().to_string(), arrow, "{kind}");
    }
}

const ACCOUNT: &str = "Id:id IsDeleted:boolean Name:string BillingStreet:textarea<BillingAddress BillingCity:string<BillingAddress \
    BillingAddress:address Photo__c:base64 Region__c:picklist Amount:currency,18,2 Where__c:location \
    Where__Latitude__s:double,18,15<Where__c SystemModstamp:datetime";

/// Names separated by spaces; `*` as include means "not given".
fn select(include: &str, exclude: &str) -> Result<String, Vec<String>> {
    let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let selection = Selection {
        include: (include != "*").then(|| list(include)),
        exclude: list(exclude),
    };
    match columns(&object(ACCOUNT), &selection) {
        Ok(columns) => Ok(columns.into_iter().map(|c| c.name).collect::<Vec<_>>().join(" ")),
        Err(errors) => Err(errors
            .into_iter()
            .map(|e| format!("{:?}[{}] {e}", e.list, e.index))
            .collect()),
    }
}

#[test]
fn selections() {
    let cases = [
        (
            "*",
            "",
            "Id IsDeleted Name BillingStreet BillingCity Region__c Amount Where__Latitude__s SystemModstamp",
        ),
        (
            "*",
            "Amount region__C",
            "Id IsDeleted Name BillingStreet BillingCity Where__Latitude__s SystemModstamp",
        ),
        ("name", "", "Id IsDeleted Name SystemModstamp"),
        ("Photo__c", "", "Id IsDeleted Photo__c SystemModstamp"),
        ("", "", "Id IsDeleted SystemModstamp"),
    ];
    for (include, exclude, expected) in cases {
        assert_eq!(
            select(include, exclude).as_deref(),
            Ok(expected),
            "{include} - {exclude}"
        );
    }
}

#[test]
fn refusals_name_the_place_and_the_remedy() {
    let cases = [
        (
            "*",
            "Nmae",
            "Exclude[0] Account has no field Nmae that the connection's user may read; did you mean Name?",
        ),
        (
            "Id Region",
            "",
            "Include[1] Account has no field Region that the connection's user may read; did you mean Region__c?",
        ),
        (
            "Zebra__c",
            "",
            "Include[0] Account has no field Zebra__c that the connection's user may read; check its API name and field-level security",
        ),
        (
            "*",
            "Amount systemmodstamp",
            "Exclude[1] Account cannot be read without systemmodstamp, which finds and orders changes: take it out of the list",
        ),
        (
            "Amount",
            "amount",
            "Include[0] Account has Amount in both include and exclude: take it out of one",
        ),
        (
            "BillingAddress",
            "",
            "Include[0] Account has BillingAddress as a compound field: name its parts instead (BillingStreet, BillingCity)",
        ),
    ];
    for (include, exclude, expected) in cases {
        assert_eq!(
            select(include, exclude),
            Err(vec![expected.to_owned()]),
            "{include} - {exclude}"
        );
    }
    assert_eq!(select("X1 Id X2", "X3").map_err(|e| e.len()), Err(3));
}

#[test]
fn columns_carry_what_the_field_says() {
    let mut describe = object("Id:id Name:string");
    describe.fields[1].label = "Account Name".into();
    describe.fields[1].inline_help_text = Some(" As on the contract. ".into());
    let columns = columns(&describe, &Selection::default()).unwrap();
    assert_eq!(columns[1].description, "Account Name: As on the contract.");
    assert_eq!((columns[0].mode, columns[1].mode), (Mode::Required, Mode::Nullable));
    let schema = arrow_schema(&columns);
    assert_eq!(
        (schema.field(0).is_nullable(), schema.field(1).is_nullable()),
        (false, true)
    );
}

#[test]
fn awkward_names_become_columns() {
    for (field, expected) in [
        ("Name", "Name"),
        ("ns__Thing__c", "ns__Thing__c"),
        ("9lives", "f_9lives"),
        ("a-b.c", "a_b_c"),
        ("_x", "f__x"),
    ] {
        assert_eq!(column_name(field), expected);
    }
}
