//! What must survive: policies are there after a restart, and channels go with the policies that name them.

use serde_json::json;

use crate::harness::Local;

const POLICIES: &str = "/v3/projects/p/alertPolicies";
const CHANNELS: &str = "/v3/projects/p/notificationChannels";

#[tokio::test]
async fn policies_have_names_of_their_own_and_unknown_calls_are_named() {
    let local = Local::start().await;
    let channel = json!({"type": "email", "displayName": "mail", "labels": {"email_address": "a@b.c"}});
    let channel = local.json("POST", CHANNELS, channel).await.expect(200).json();
    let policy = json!({
        "displayName": "late", "combiner": "OR", "notificationChannels": [channel["name"]],
        "conditions": [{"displayName": "query", "conditionPrometheusQueryLanguage": {"query": "vector(1)"}}],
    });
    let first = local.json("POST", POLICIES, policy.clone()).await.expect(200).json();
    let second = local.json("POST", POLICIES, policy).await.expect(200).json();
    assert_ne!(
        first["name"], second["name"],
        "Google lets two have the same display name"
    );
    let listed = local.get(POLICIES).await.expect(200).json();
    assert_eq!(listed["alertPolicies"], json!([first, second]));

    let series = local.get("/v3/projects/p/timeSeries?filter=x").await.expect(501).json();
    let message = series["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("timeSeries"), "{message}");
    let unserved = json!({
        "displayName": "sql", "combiner": "OR",
        "conditions": [{"displayName": "sql", "conditionSql": {"query": "SELECT 1"}}],
    });
    let refused = local.json("POST", POLICIES, unserved).await.expect(501).json();
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("condition_sql"), "{message}");
}
