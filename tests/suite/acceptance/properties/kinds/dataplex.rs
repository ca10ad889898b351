//! Dataplex's data scans.

use headwater_tests::cloud::{PROJECT, REGION};

use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::{Group, Kind, account, regional};

pub fn group() -> Group {
    Group {
        name: "dataplex",
        ground: String::new(),
        kinds: vec![Kind::new("headwater_dataplex_data_scan", scan)],
        org: false,
        lists: vec![(regional("v1", "dataScans"), "dataScans")],
    }
}

fn table(random: &mut Random) -> String {
    format!("projects/{PROJECT}/datasets/raw/tables/{}", random.word())
}

fn scan(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", format!("scan{index}-{}", random.word()));
    if random.coin() {
        body.text("project", PROJECT);
    }
    if random.coin() {
        body.text("region", REGION);
    }
    body.text("table", table(random));
    for name in ["display_name", "description"] {
        if random.coin() {
            body.text(name, random.prose());
        }
    }
    if random.coin() {
        body.set("labels", random.labels());
    }
    if random.coin() {
        let mut schedule = Body::new();
        schedule.text("cron", random.cron());
        if random.coin() {
            schedule.text("time_zone", random.zone());
        }
        body.set("schedule", schedule.object());
    }
    if random.coin() {
        body.text("incremental_field", random.word());
    }
    if random.coin() {
        body.text("service_account", account(random));
    }
    if random.once_in(3) {
        body.set("data_profile_spec", profile(random));
    } else {
        body.set("data_quality_spec", quality(random));
    }
    body
}

/// What both kinds of scan have.
fn reading(random: &mut Random, spec: &mut Body) {
    if random.coin() {
        spec.raw(
            "sampling_percent",
            random.pick(&["100", "50", "12.5", "0.001", "99.999", "33.333"]),
        );
    }
    if random.coin() {
        spec.text(
            "row_filter",
            random.pick(&["amount > 0", "name != \"x\"", "note LIKE '%a\\\\b%'"]),
        );
    }
    if random.coin() {
        spec.raw("catalog_publishing_enabled", random.coin());
    }
    if random.coin() {
        spec.text("results_table", table(random));
    }
}

fn profile(random: &mut Random) -> Hcl {
    let mut spec = Body::new();
    if random.coin() {
        spec.text("mode", random.pick(&["STANDARD", "LIGHTWEIGHT"]));
    }
    for name in ["include_fields", "exclude_fields"] {
        if random.coin() {
            spec.set(name, Hcl::texts(random.some(&["id", "name", "amount", "Größe"])));
        }
    }
    reading(random, &mut spec);
    spec.object()
}

fn quality(random: &mut Random) -> Hcl {
    let mut spec = Body::new();
    let count = usize::try_from(random.number(1, 5)).unwrap();
    spec.set(
        "rules",
        Hcl::List((0..count).map(|index| rule(random, index)).collect()),
    );
    if random.coin() {
        spec.text("filter", "name = \"rule0\"");
    }
    reading(random, &mut spec);
    if random.coin() {
        let mut report = Body::new();
        report.set("emails", Hcl::texts(random.some(&["b@example.com", "a@example.com"])));
        for name in random.some(&["score_threshold", "job_failure", "job_end"]) {
            match name {
                "score_threshold" => report.raw(name, random.pick(&["100", "0.5", "97.25"])),
                _ => report.raw(name, true),
            }
        }
        spec.set("notification_report", report.object());
    }
    spec.object()
}

fn rule(random: &mut Random, index: usize) -> Hcl {
    let mut rule = Body::new();
    if random.coin() {
        rule.text("name", format!("rule{index}"));
    }
    if random.coin() {
        rule.text("description", random.prose());
    }
    if random.coin() {
        rule.text("dimension", random.pick(&["COMPLETENESS", "VALIDITY", "OUR_OWN"]));
    }
    if random.once_in(4) {
        rule.raw("suspended", random.coin());
    }
    if random.once_in(4) {
        rule.set(
            "attributes",
            Hcl::Object(vec![("owner".into(), Hcl::text(random.word()))]),
        );
    }
    if random.once_in(4) {
        let mut query = Body::new();
        if random.coin() {
            query.text("description", random.prose());
        }
        query.text("sql_statement", "SELECT * FROM ${data()} WHERE amount < 0");
        rule.set("debug_query", query.object());
    }
    let kinds = [
        "non_null",
        "uniqueness",
        "range",
        "set",
        "regex",
        "statistic_range",
        "row_condition",
        "table_condition",
        "sql_assertion",
    ];
    let kind = random.pick(&kinds);
    let row_level = !matches!(kind, "statistic_range" | "table_condition" | "sql_assertion");
    if row_level && random.coin() {
        rule.raw("threshold", random.pick(&["1", "0.5", "0.999", "0.000001"]));
    }
    if !matches!(kind, "row_condition" | "table_condition" | "sql_assertion") || random.once_in(3) {
        rule.text("column", random.word());
    }
    if matches!(kind, "uniqueness" | "range" | "set" | "regex") && random.coin() {
        rule.raw("ignore_null", random.coin());
    }
    let (name, expectation) = expectation(random, kind);
    rule.set(&name, expectation);
    rule.object()
}

fn expectation(random: &mut Random, kind: &str) -> (String, Hcl) {
    let mut body = Body::new();
    match kind {
        "range" => bounds(random, &mut body),
        "statistic_range" => {
            body.text("statistic", random.pick(&["MEAN", "MIN", "MAX"]));
            bounds(random, &mut body);
        }
        "set" => body.set("values", Hcl::texts(random.some(&["new", "paid", "", "顧客", "1"]))),
        "regex" => body.text("regex", random.pick(&["^[a-z]+@x\\.com$", "\\d{3}", "a|\"b\""])),
        "row_condition" => body.text("sql_expression", "amount >= 0"),
        "table_condition" => body.text("sql_expression", "COUNT(*) > 10"),
        "sql_assertion" => {
            body.text("sql_statement", "SELECT * FROM ${data()} WHERE amount IS NULL");
            return (kind.to_owned(), body.object());
        }
        _ => {}
    }
    (format!("{kind}_expectation"), body.object())
}

fn bounds(random: &mut Random, body: &mut Body) {
    for bound in random.some(&["min", "max"]) {
        let value = if bound == "min" {
            random.pick(&["0", "-1.5", "2020-01-01"])
        } else {
            random.pick(&["10", "1e9", "2030-01-01"])
        };
        body.text(&format!("{bound}_value"), value);
        if random.coin() {
            body.raw(&format!("strict_{bound}_enabled"), random.coin());
        }
    }
}
