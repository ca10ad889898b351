//! SOQL against the truth: each case is a condition and what it must mean for an exported row.

use serde_json::Value;

use crate::harness::{Org, refusal};

type Test = fn(&Value) -> bool;

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or("")
}

fn number(row: &Value, field: &str) -> Option<f64> {
    row[field]
        .as_str()
        .map(|t| t.parse().unwrap())
        .or_else(|| row[field].as_f64())
}

#[tokio::test]
async fn conditions_mean_what_they_say() {
    let org = Org::start().await;
    let cases: &[(&str, &str, Test)] = &[
        ("Account", "Region__c = 'EMEA'", |r| text(r, "Region__c") == "EMEA"),
        ("Account", "region__C = 'emea'", |r| text(r, "Region__c") == "EMEA"),
        ("Account", "Region__c != 'EMEA'", |r| text(r, "Region__c") != "EMEA"),
        ("Account", "Region__c <> 'EMEA' AND Region__c != null", |r| {
            !matches!(text(r, "Region__c"), "EMEA" | "")
        }),
        ("Account", "Region__c = null OR Rating = 'Hot'", |r| {
            r["Region__c"].is_null() || text(r, "Rating") == "Hot"
        }),
        ("Account", "NOT Region__c = 'EMEA'", |r| text(r, "Region__c") != "EMEA"),
        (
            "Account",
            "(NOT (Rating = 'Hot' OR Rating = 'Cold')) AND Phone != null",
            |r| !matches!(text(r, "Rating"), "Hot" | "Cold") && !r["Phone"].is_null(),
        ),
        ("Account", "NumberOfEmployees > 1000", |r| {
            number(r, "NumberOfEmployees").is_some_and(|n| n > 1000.0)
        }),
        ("Account", "AnnualRevenue >= 1.5E9", |r| {
            number(r, "AnnualRevenue").is_some_and(|n| n >= 1.5e9)
        }),
        ("Account", "Score__c < -1", |r| {
            number(r, "Score__c").is_some_and(|n| n < -1.0)
        }),
        ("Account", "Is_Strategic__c = true", |r| r["Is_Strategic__c"] == true),
        ("Account", "Founded__c < 1970-01-01", |r| {
            !r["Founded__c"].is_null() && text(r, "Founded__c") < "1970-01-01"
        }),
        ("Account", "Founded__c = LAST_N_YEARS:60", |r| {
            !r["Founded__c"].is_null() && text(r, "Founded__c") >= "1966-01-01" && text(r, "Founded__c") < "2026-01-01"
        }),
        ("Account", "Support_Opens__c > 12:00:00.000Z", |r| {
            text(r, "Support_Opens__c") > "12:00:00.000Z"
        }),
        (
            "Account",
            "SystemModstamp >= 2022-01-01T00:00:00Z AND SystemModstamp < 2024-06-01T02:00:00+02:00",
            |r| {
                (text(r, "SystemModstamp") >= "2022-01-01T00:00:00.000Z")
                    && (text(r, "SystemModstamp") < "2024-06-01T00:00:00.000Z")
            },
        ),
        ("Account", "CreatedDate > 2020-01-01T00:00:00.000Z", |r| {
            text(r, "CreatedDate") > "2020-01-01T00:00:00.000Z"
        }),
        ("Account", "LastModifiedDate <= 2023-01-01T00:00:00Z", |r| {
            text(r, "LastModifiedDate") <= "2023-01-01T00:00:00.000Z"
        }),
        ("Account", "CreatedDate < TODAY", |_| true),
        ("Account", "CreatedDate = LAST_N_DAYS:3", |_| false),
        ("Account", "Name LIKE '%inc.'", |r| {
            text(r, "Name").to_lowercase().ends_with("inc.")
        }),
        ("Account", "Name LIKE '_c%'", |r| {
            text(r, "Name").to_lowercase().chars().nth(1) == Some('c')
        }),
        ("Account", "Name LIKE '%\\_%' OR Website LIKE '%\\%20'", |r| {
            text(r, "Name").contains('_') || !r["Website"].is_null()
        }),
        ("Account", "Industry IN ('Energy', 'retail')", |r| {
            matches!(text(r, "Industry"), "Energy" | "Retail")
        }),
        ("Account", "Industry NOT IN ('Energy', 'Retail')", |r| {
            !matches!(text(r, "Industry"), "Energy" | "Retail")
        }),
        ("Account", "Interests__c INCLUDES ('Cloud;Security', 'R&D')", |r| {
            let has = |v: &str| text(r, "Interests__c").split(';').any(|c| c == v);
            (has("Cloud") && has("Security")) || has("R&D")
        }),
        ("Account", "Interests__c EXCLUDES ('Cloud')", |r| {
            !text(r, "Interests__c").split(';').any(|c| c == "Cloud")
        }),
        ("Account", "Id > '0018W000000000A'", |r| {
            text(r, "Id") > "0018W000000000AQAQ"
        }),
        ("Account", "Id IN ('0018W0000000005', '0018W0000000006QAA')", |r| {
            text(r, "Id").starts_with("0018W0000000005") || text(r, "Id") == "0018W0000000006QAA"
        }),
        ("Account", "Parent.Name != null", |r| !r["ParentId"].is_null()),
        ("Account a", "a.Rating = 'Hot'", |r| text(r, "Rating") == "Hot"),
        (
            "Contact",
            "Account.Name != null AND Account.Owner.IsActive != null",
            |r| !r["AccountId"].is_null(),
        ),
        ("Contact", "AccountId NOT IN (SELECT Id FROM Account)", |r| {
            r["AccountId"].is_null()
        }),
        ("Contact", "FirstName = 'bjÖrn'", |r| text(r, "FirstName") == "Björn"),
        ("Task", "Who.Name != null", |r| !r["WhoId"].is_null()),
        ("Task", "IsDeleted = true", |r| r["IsDeleted"] == true),
        ("Opportunity", "Name = 'O\\'Brien & Sons; \\\"Ltd.\\\", dept. 5'", |r| {
            text(r, "Name") == "O'Brien & Sons; \"Ltd.\", dept. 5"
        }),
        (
            "Opportunity",
            "Amount != null AND Amount > 1000 AND Amount <= 1000000.00",
            |r| number(r, "Amount").is_some_and(|n| n > 1000.0 && n <= 1_000_000.0),
        ),
        ("User", "IsActive = false", |r| r["IsActive"] == false),
    ];
    let mut matched = 0;
    for (object, condition, test) in cases {
        let truth = org.truth(object.split(' ').next().unwrap(), true).await;
        for all in [false, true] {
            let soql = format!("SELECT Id FROM {object} WHERE {condition}");
            let found: Vec<String> = org
                .query(&soql, all)
                .await
                .iter()
                .map(|r| text(r, "Id").to_owned())
                .collect();
            let visible = truth.iter().filter(|r| all || r["IsDeleted"] != true);
            let expected: Vec<String> = visible.filter(|r| test(r)).map(|r| text(r, "Id").to_owned()).collect();
            assert_eq!(found, expected, "{soql} (all: {all})");
            matched += found.len();
        }
    }
    assert!(matched > 1000, "the cases match something, got {matched}");
}

#[tokio::test]
async fn order_limits_and_aggregates() {
    let org = Org::start().await;
    let truth = org.truth("Account", false).await;
    let mut expected: Vec<&Value> = truth.iter().collect();
    expected.sort_by(|a, b| {
        let key = |r: &Value| number(r, "AnnualRevenue").map_or((1, 0.0), |n| (0, -n));
        key(a)
            .partial_cmp(&key(b))
            .unwrap()
            .then(text(a, "Id").cmp(text(b, "Id")))
    });
    let found = org
        .query(
            "SELECT Id FROM Account ORDER BY AnnualRevenue DESC NULLS LAST, Id LIMIT 20 OFFSET 3",
            false,
        )
        .await;
    let ids: Vec<&str> = found.iter().map(|r| text(r, "Id")).collect();
    assert_eq!(ids, expected[3..23].iter().map(|r| text(r, "Id")).collect::<Vec<_>>());

    let revenues: Vec<f64> = truth.iter().filter_map(|r| number(r, "AnnualRevenue")).collect();
    let all = &org.query("SELECT COUNT(Id) n, COUNT(AnnualRevenue) r, SUM(AnnualRevenue) s, MIN(AnnualRevenue), MAX(AnnualRevenue) FROM Account", false).await[0];
    assert_eq!(
        (all["n"].as_u64(), all["r"].as_u64()),
        (Some(truth.len() as u64), Some(revenues.len() as u64))
    );
    assert_eq!(all["s"].as_f64(), Some(revenues.iter().sum()));
    assert_eq!(all["expr0"].as_f64(), revenues.iter().copied().reduce(f64::min));
    assert_eq!(all["expr1"].as_f64(), revenues.iter().copied().reduce(f64::max));

    let groups = org
        .query(
            "SELECT Region__c, COUNT(Id) FROM Account GROUP BY Region__c HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC",
            false,
        )
        .await;
    assert!(!groups.is_empty());
    for group in &groups {
        let same = truth.iter().filter(|r| r["Region__c"] == group["Region__c"]).count() as u64;
        assert_eq!(group["expr0"].as_u64(), Some(same));
    }
    assert!(
        groups
            .windows(2)
            .all(|w| w[0]["expr0"].as_u64() >= w[1]["expr0"].as_u64())
    );

    let count: Value = org
        .ask("SELECT COUNT() FROM Account", false)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (count["totalSize"].as_u64(), count["records"].as_array().map(Vec::len)),
        (Some(truth.len() as u64), Some(0))
    );
    assert_eq!(
        org.query("SELECT FIELDS(ALL) FROM Account LIMIT 200", false)
            .await
            .len(),
        truth.len()
    );
    let deleted = org
        .query("SELECT Id FROM Contact WHERE IsDeleted = true ALL ROWS", false)
        .await;
    assert!(!deleted.is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_salesforces_codes() {
    let org = Org::start().await;
    for (soql, code, says) in [
        ("", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT FROM Account", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Id Account", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "Row:1:Column:29"),
        (
            "SELECT Id FROM Account WHERE Name = 'x",
            "MALFORMED_QUERY",
            "Unterminated",
        ),
        (
            "SELECT Id FROM Account WHERE Name = \"x\"",
            "MALFORMED_QUERY",
            "unexpected char",
        ),
        (
            "SELECT Id FROM Account WHERE Rating = 'a' AND Rating = 'b' OR Rating = 'c'",
            "MALFORMED_QUERY",
            "unexpected token: 'OR'",
        ),
        (
            "SELECT Id FROM Account LIMIT x",
            "MALFORMED_QUERY",
            "unexpected token: 'x'",
        ),
        (
            "SELECT Id FROM Account OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "2000",
        ),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "MALFORMED_QUERY",
            "subqueries",
        ),
        (
            "SELECT Id, Id FROM Account",
            "MALFORMED_QUERY",
            "duplicate field selected: Id",
        ),
        (
            "SELECT Rating, COUNT(Id) FROM Account",
            "MALFORMED_QUERY",
            "grouped or aggregated: Rating",
        ),
        (
            "SELECT FIELDS(ALL) FROM Account",
            "MALFORMED_QUERY",
            "LIMIT of at most 200",
        ),
        (
            "SELECT Nope FROM Account",
            "INVALID_FIELD",
            "No such column 'Nope' on entity 'Account'",
        ),
        (
            "SELECT Id FROM Account WHERE Nope__c = 1",
            "INVALID_FIELD",
            "ERROR at Row:1:Column:30",
        ),
        (
            "SELECT Nope.Name FROM Account",
            "INVALID_FIELD",
            "Didn't understand relationship 'Nope'",
        ),
        (
            "SELECT Id FROM Account WHERE AnnualRevenue = '5'",
            "INVALID_FIELD",
            "of type double",
        ),
        (
            "SELECT Id FROM Account WHERE CreatedDate > '2020-01-01T00:00:00Z'",
            "INVALID_FIELD",
            "of type dateTime",
        ),
        (
            "SELECT Id FROM Account WHERE CreatedDate > 2020-01-01",
            "INVALID_FIELD",
            "of type dateTime",
        ),
        (
            "SELECT Id FROM Account WHERE Founded__c > 2020-01-01T00:00:00Z",
            "INVALID_FIELD",
            "of type date",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 5",
            "INVALID_FIELD",
            "of type string and should be enclosed",
        ),
        (
            "SELECT Id FROM Account WHERE Notes__c = 'x'",
            "INVALID_FIELD",
            "can not be filtered",
        ),
        (
            "SELECT Id FROM Account ORDER BY Notes__c",
            "MALFORMED_QUERY",
            "can not be sorted",
        ),
        (
            "SELECT Id FROM Account WHERE Id = 'abc'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: abc",
        ),
        (
            "SELECT Id FROM Nope",
            "INVALID_TYPE",
            "sObject type 'Nope' is not supported",
        ),
        (
            "SELECT IsDeleted FROM User",
            "INVALID_FIELD",
            "No such column 'IsDeleted'",
        ),
    ] {
        let response = org.ask(soql, false).await;
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        assert_eq!(
            (status, body[0]["errorCode"].as_str()),
            (400, Some(code)),
            "{soql}: {body}"
        );
        let message = body[0]["message"].as_str().unwrap();
        assert!(message.contains(says), "{soql}: {message}");
    }
    let long = format!("SELECT Id FROM Account WHERE Name IN ('{}')", "x".repeat(17_000));
    assert_eq!(org.ask(&long, false).await.status(), 414);
    let missing = org
        .get(&format!("{}/query", crate::harness::DATA))
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(missing).await, (400, "MALFORMED_QUERY".into()));
}
