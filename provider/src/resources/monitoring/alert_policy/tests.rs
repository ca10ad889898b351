//! Conditions to Google's words and back.

use serde_json::json;

use super::condition::{Absence, LogMatch, PromQl, Threshold};
use super::*;

fn policy(conditions: Vec<Condition>) -> Policy {
    Policy {
        display_name: "late".into(),
        enabled: true.into(),
        combiner: "OR".into(),
        conditions: conditions.into_iter().map(Attr::Known).collect::<Vec<_>>().into(),
        ..Policy::default()
    }
}

#[test]
fn every_kind_comes_back_as_it_went() {
    let series = r#"metric.type="a" AND resource.type="b""#;
    let kinds = [
        Condition {
            display_name: "above".into(),
            threshold: Attr::Known(Threshold {
                filter: series.into(),
                comparison: "COMPARISON_GT".into(),
                value: 0.0.into(),
                duration: "300s".into(),
                alignment_period: "60s".into(),
                per_series_aligner: "ALIGN_SUM".into(),
                cross_series_reducer: "REDUCE_SUM".into(),
                group_by_fields: vec![Attr::from("resource.label.job_name")].into(),
                evaluation_missing_data: "EVALUATION_MISSING_DATA_NO_OP".into(),
            }),
            ..Condition::default()
        },
        Condition {
            display_name: "silent".into(),
            absence: Attr::Known(Absence {
                filter: series.into(),
                duration: "600s".into(),
                ..Absence::default()
            }),
            ..Condition::default()
        },
        Condition {
            display_name: "query".into(),
            promql: Attr::Known(PromQl {
                query: "vector(1)".into(),
                duration: "0s".into(),
                evaluation_interval: "30s".into(),
            }),
            ..Condition::default()
        },
        Condition {
            display_name: "said".into(),
            log_match: Attr::Known(LogMatch {
                filter: "severity>=ERROR".into(),
                label_extractors: Attr::Known([("job".to_owned(), Attr::from("EXTRACT(a)"))].into()),
            }),
            ..Condition::default()
        },
    ];
    for kind in kinds {
        let policy = policy(vec![kind]);
        let mut document = AlertPolicy.document(&policy);
        // As Google answers: without what is zero.
        if let Some(threshold) = document["conditions"][0]["conditionThreshold"].as_object_mut() {
            threshold.remove("thresholdValue");
        }
        assert_eq!(AlertPolicy.read(&policy, &document), policy);
        assert!(
            check::problems(&policy)
                .iter()
                .all(|problem| !problem.summary.contains("conditions[0]"))
        );
    }
}

#[test]
fn a_document_says_only_what_is_said() {
    let document = stripped(&AlertPolicy.document(&policy(Vec::new())));
    let said = json!({
        "displayName": "late", "enabled": true, "combiner": "OR", "conditions": [],
        "userLabels": {"headwater-managed": "true"},
    });
    assert_eq!(document, said);
}
