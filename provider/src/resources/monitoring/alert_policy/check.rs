//! What is wrong with a policy's parts together.

use tfplugin_framework::{Attr, Diagnostic, Diagnostics, Path, parse_duration};

use super::Policy;
use super::condition::{Aggregation, Condition};

pub(super) fn problems(config: &Policy) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let conditions = config.conditions.known().map(Vec::as_slice).unwrap_or_default();
    for (index, condition) in conditions.iter().enumerate() {
        let here = Path::attr("conditions").index(index);
        if let Some(condition) = condition.known() {
            problems.extend(of_condition(condition, &here));
        }
    }
    let is_log = |condition: &&Attr<Condition>| condition.known().is_some_and(|one| !one.log_match.is_null());
    let logs = conditions.iter().filter(is_log).count();
    if logs > 0 && conditions.len() > 1 {
        problems.push(
            Diagnostic::invalid("conditions", "`log_match` must be a policy's only condition").hint(
                "Make a policy for each condition on log entries, or count them by a `headwater_logging_metric`.",
            ),
        );
    }
    if logs > 0 && config.notification_period.is_null() {
        problems.push(
            Diagnostic::invalid(
                "notification_period",
                "`notification_period` is required where a condition is a `log_match`",
            )
            .hint("Say how much time is between two notifications, such as `notification_period = \"5m\"`."),
        );
    }
    let all_known = config.conditions.known().is_some() && conditions.iter().all(|one| one.known().is_some());
    if logs == 0 && all_known && !config.notification_period.is_null() {
        problems.push(
            Diagnostic::invalid(
                "notification_period",
                "`notification_period` is for policies whose condition is a `log_match`",
            )
            .hint("Remove it: Google limits notifications of other policies by itself."),
        );
    }
    problems
}

fn of_condition(condition: &Condition, here: &Path) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let kinds = [
        ("threshold", condition.threshold.is_null()),
        ("absence", condition.absence.is_null()),
        ("promql", condition.promql.is_null()),
        ("log_match", condition.log_match.is_null()),
    ];
    let set: Vec<&str> = kinds.iter().filter(|(_, null)| !null).map(|(name, _)| *name).collect();
    if set.len() != 1 {
        let said = if set.is_empty() {
            "none is".to_owned()
        } else {
            format!("`{}` are", set.join("` and `"))
        };
        problems.push(
            Diagnostic::invalid(
                here.clone(),
                format!(
                    "`{here}` must have exactly one of `threshold`, `absence`, `promql` and `log_match`: {said} set"
                ),
            )
            .hint("Make a condition of each."),
        );
    }
    if let Some(threshold) = condition.threshold.known() {
        let here = here.child("threshold");
        problems.extend(of_aggregation(&threshold.aggregation(), &here));
        let duration = threshold.duration.as_deref().unwrap_or("0s");
        let none = !threshold.duration.is_unknown() && parse_duration(duration).is_ok_and(|time| time.is_zero());
        if none && !threshold.evaluation_missing_data.is_null() {
            let here = here.child("evaluation_missing_data");
            problems.push(
                Diagnostic::invalid(here.clone(), format!("`{here}` needs a `duration` of at least `1m`"))
                    .hint("Set `duration`, or leave `evaluation_missing_data` out."),
            );
        }
    }
    if let Some(absence) = condition.absence.known() {
        problems.extend(of_aggregation(&absence.aggregation(), &here.child("absence")));
    }
    problems
}

fn of_aggregation(aggregation: &Aggregation<'_>, here: &Path) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let mut needs = |what: &str, is_set: bool, needed: &str, is_missing: bool| {
        if is_set && is_missing {
            let path = here.child(what);
            problems.push(
                Diagnostic::invalid(path.clone(), format!("`{path}` needs `{needed}`"))
                    .hint(format!("Set `{needed}` too.")),
            );
        }
    };
    let (period, aligner) = (aggregation.alignment_period, aggregation.per_series_aligner);
    let (reducer, fields) = (aggregation.cross_series_reducer, aggregation.group_by_fields);
    needs(
        "alignment_period",
        !period.is_null(),
        "per_series_aligner",
        aligner.is_null(),
    );
    needs(
        "per_series_aligner",
        !aligner.is_null(),
        "alignment_period",
        period.is_null(),
    );
    needs(
        "cross_series_reducer",
        !reducer.is_null(),
        "per_series_aligner",
        aligner.is_null(),
    );
    needs(
        "group_by_fields",
        !fields.is_null(),
        "cross_series_reducer",
        reducer.is_null(),
    );
    problems
}
