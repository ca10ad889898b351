//! What the plan knows: schemas from the org, and what is wrong before anything is done.

use headwater_tests::cloud::Cloud;
use headwater_tests::org::Org;
use serde_json::json;

use super::{platform, terraform};

#[test]
fn the_plan_shows_the_schema_and_a_field_added_in_salesforce() {
    let cloud = Cloud::start();
    let org = Org::start(20);
    let tf = terraform(
        &cloud,
        &org,
        &platform(
            "Account = {}\n    Opportunity = { exclude = [\"Secret__c\"], where = \"Amount > 0\" }",
            "",
        ),
    );
    tf.apply();
    let state: serde_json::Value = serde_json::from_str(&tf.state()).unwrap();
    let extract = state["resources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["type"] == "headwater_salesforce_extract")
        .unwrap();
    let schemas = &extract["instances"][0]["attributes"]["schemas"];
    let columns = |object: &str| -> Vec<String> {
        let columns = schemas[object]
            .as_array()
            .unwrap_or_else(|| panic!("{object}: {schemas}"));
        columns
            .iter()
            .map(|c| format!("{}:{}", c["name"].as_str().unwrap(), c["type"].as_str().unwrap()))
            .collect()
    };
    let account = columns("Account");
    for expected in [
        "Id:STRING",
        "SystemModstamp:TIMESTAMP",
        "IsDeleted:BOOL",
        "AnnualRevenue:NUMERIC",
        "BillingCity:STRING",
    ] {
        assert!(
            account.contains(&expected.to_owned()),
            "{expected} is missing in {account:?}"
        );
    }
    assert!(
        !columns("Opportunity").iter().any(|c| c.starts_with("Secret__c")),
        "an excluded field was planned"
    );

    org.control(
        "schema",
        &json!({"action": "add_field", "object": "Account", "name": "Tier__c", "type": "string", "length": 40}),
    );
    assert_eq!(tf.changes(), vec!["headwater_salesforce_extract.crm: update"]);
    let plan = tf.run(&["plan"]).ok();
    assert!(plan.stdout.contains("Tier__c"), "{}", plan.stdout);
    tf.apply();
    tf.assert_no_changes("after the new field was applied");
    tf.destroy();
}

#[test]
fn what_the_org_refuses_is_an_error_in_the_plan_with_its_path() {
    let cloud = Cloud::start();
    let org = Org::start(20);
    let tf = terraform(&cloud, &org, &platform("Account = {}", ""));
    tf.apply();
    // What is wrong, and what the error must say.
    let cases: [(&str, &[&str]); 6] = [
        ("Acount = {}", &["Acount", "Account"]),
        (
            "Account = { include = [\"Id\", \"Nmae\"] }",
            &["include", "Nmae", "Name"],
        ),
        (
            "Account = { exclude = [\"NoSuchField__c\"] }",
            &["exclude", "NoSuchField__c"],
        ),
        ("Account = { where = \"Amount >\" }", &["where"]),
        (
            "Account = { where = \"NoSuchField__c = 1\" }",
            &["where", "NoSuchField__c"],
        ),
        ("Account = { mode = \"sometimes\" }", &["mode", "incremental"]),
    ];
    for (objects, expected) in cases {
        tf.write(&platform(objects, ""));
        let plan = tf.run(&["plan"]);
        assert_eq!(plan.code, 1, "{objects}: {}", plan.text());
        for word in expected {
            assert!(
                plan.stderr.contains(word),
                "{objects}: {word:?} is not in\n{}",
                plan.stderr
            );
        }
        assert!(
            plan.stderr.contains("objects"),
            "{objects}: no path in\n{}",
            plan.stderr
        );
    }
    // A field that the user may not read is unknown to the plan as well.
    org.control(
        "schema",
        &json!({"action": "hide_field", "object": "Account", "name": "Rating"}),
    );
    tf.write(&platform("Account = { include = [\"Id\", \"Rating\"] }", ""));
    let plan = tf.run(&["plan"]);
    assert_eq!(plan.code, 1);
    assert!(plan.stderr.contains("Rating"), "{}", plan.stderr);
}
