//! What a user does, and what must come of it.

use std::fs;
use std::io::Read as _;
use std::time::{Duration, Instant};

use crate::terraform::Workspace;

pub type Scenario = fn();

pub const ALL: &[(&str, Scenario)] = &[
    ("life", life),
    (
        "validate_is_offline_and_points_at_lines",
        validate_is_offline_and_points_at_lines,
    ),
    ("plan_errors_point_at_lines", plan_errors_point_at_lines),
    ("write_only_is_stored_nowhere", write_only_is_stored_nowhere),
    ("unknown_values_pass_through", unknown_values_pass_through),
    ("odd_values_come_back_as_they_were", odd_values_come_back_as_they_were),
    ("nested_defaults_and_computed", nested_defaults_and_computed),
    ("equivalent_spellings_are_no_change", equivalent_spellings_are_no_change),
    ("replacement", replacement),
    ("drift", drift),
    ("import", import),
    ("old_state_is_upgraded", old_state_is_upgraded),
    ("moved_from_another_type", moved_from_another_type),
    ("failed_create_is_remembered", failed_create_is_remembered),
    ("panic_and_contradictions_are_named", panic_and_contradictions_are_named),
    ("timeout", timeout),
    ("interrupt_keeps_the_result", interrupt_keeps_the_result),
    ("killed_terraform_leaves_no_process", killed_terraform_leaves_no_process),
    ("protection_at_plan_time", protection_at_plan_time),
    ("data_function_ephemeral", data_function_ephemeral),
    ("logs_reach_terraform", logs_reach_terraform),
    ("plaintext_when_tls_is_disabled", plaintext_when_tls_is_disabled),
];

fn life() {
    let work = Workspace::new();
    work.config(
        r#"
resource "store_item" "a" {
  name      = "alpha"
  document  = "{}"
  amount    = 12345678901234567890.123456789
  labels    = { team = "x", none = null }
  zones     = ["b", "a", "b"]
  anything  = { list = [1, "two", true], empty = null }
  timeouts  = { create = "1m" }
}
output "amount" { value = store_item.a.amount }
# Known although the URL is not: the provider promised it.
output "promised" { value = store_item.a.url != null && startswith(store_item.a.url, "store:") }
"#,
    );
    work.plan().succeeds().says(&[
        "+ promised = true",
        "+ size = (known after apply)",
        "+ id = \"items/alpha\"",
        "1 to add",
    ]);
    work.apply().succeeds().says(&["12345678901234567890.123456789"]);
    work.settled();
    let item = work.attributes("a");
    assert_eq!(item["kind"], "plain");
    assert_eq!(item["size"], 2);
    assert_eq!(item["zones"], serde_json::json!(["a", "b"]));
    assert_eq!(item["timeouts"], serde_json::json!({ "create": "1m", "delete": null }));
    work.config("resource \"store_item\" \"a\" {\n  name = \"alpha\"\n  document = \"[]\"\n  kind = \"other\"\n}\n");
    work.plan()
        .succeeds()
        .says(&["~ size = 2 -> (known after apply)", "1 to change"])
        .does_not_say("~ id");
    work.apply().succeeds();
    work.settled();
    work.terraform(&["destroy", "-auto-approve", "-no-color"]).succeeds();
    assert!(
        fs::read_dir(work.store()).expect("the store").next().is_none(),
        "something is left"
    );
}

fn validate_is_offline_and_points_at_lines() {
    let work = Workspace::new();
    let cases = [
        ("name = \"x\"", "name", "must be 2 to 10 characters long, has 1"),
        ("name = \"forbidden\"", "name", "this name is forbidden"),
        (
            "name = \"ab\"\n kind = \"odd\"",
            "kind",
            "must be one of `plain`, `other`, `fancy`, got \"odd\"",
        ),
        (
            "name = \"ab\"\n secret_version = 0",
            "secret_version",
            "must be at least 1, got 0",
        ),
        (
            "name = \"ab\"\n schedule = { cron = \"* *\" }",
            "schedule",
            "Attribute: schedule.cron",
        ),
        (
            "name = \"ab\"\n timeouts = { create = \"soon\" }",
            "timeouts",
            "`soon` is not a duration",
        ),
        (
            "name = \"ab\"\n behaviour = \"x\"\n schedule = { cron = \"* * * * *\" }",
            "schedule",
            "`schedule` conflicts with `behaviour`",
        ),
    ];
    for (body, attribute, text) in cases {
        work.config(&format!("resource \"store_item\" \"a\" {{\n {body}\n}}\n"));
        let line = body
            .lines()
            .position(|line| line.trim().starts_with(attribute))
            .expect("the attribute")
            + 2;
        // Nothing is configured in a validation: it would fail without its directory.
        let ran = work.terraform_with(&[("STORE_DIR", "")], &["validate", "-no-color"]);
        ran.fails().says(&[text, &format!("on main.tf line {line}")]);
    }
    work.config("variable \"v\" {}\nresource \"store_item\" \"a\" {\n name = var.v\n behaviour = \"x\"\n}\n");
    work.validate()
        .succeeds()
        .says(&["`behaviour` is deprecated", "It is for tests."]);
}

fn plan_errors_point_at_lines() {
    let work = Workspace::new();
    work.config(
        r#"resource "store_item" "a" {
  name    = "alpha"
  objects = {
    Account = { fields = ["Id", "Name"] }
    Case    = { fields = ["Id", "Nonexistent"] }
  }
}
"#,
    );
    let full = "Attribute: objects[\"Case\"].fields[1]";
    work.plan().fails().says(&[
        "Case has no such field",
        "Did you mean `Name`?",
        full,
        "on main.tf line 5",
    ]);
}

fn write_only_is_stored_nowhere() {
    let secret = "s3cr3t-0f-th3-t3st";
    let work = Workspace::new();
    work.config(
        r#"
variable "secret" { ephemeral = true }
resource "store_item" "a" {
  name           = "alpha"
  secret_wo      = var.secret
  secret_version = 1
}
"#,
    );
    let run = |arguments: &[&str]| {
        work.terraform_with(&[("TF_VAR_secret", secret)], arguments)
            .succeeds()
            .does_not_say(secret)
    };
    run(&["plan", "-no-color", "-out=plan"]);
    run(&["show", "-json", "plan"]);
    run(&["apply", "-no-color", "plan"]);
    run(&["show", "-json"]);
    assert!(!work.state().contains(secret), "the state holds the secret");
    let stored = fs::read_to_string(work.store().join("alpha.json")).expect("the item");
    assert!(stored.contains(secret), "the provider did not get it: {stored}");
    let again = run(&["plan", "-no-color", "-detailed-exitcode"]);
    assert_eq!(again.code, Some(0), "{}", again.text);
}

fn unknown_values_pass_through() {
    let work = Workspace::new();
    work.config(
        r#"
resource "store_item" "a" { name = "alpha" }
resource "store_item" "b" {
  name     = "beta"
  document = "url ${store_item.a.url}"
  labels   = { from = store_item.a.url, fixed = "x" }
  objects  = {
    Known   = { fields = ["Id"] }
    Unknown = { fields = ["Id", store_item.a.url] }
  }
}
"#,
    );
    work.plan().succeeds().says(&[
        "2 to add",
        "+ document = (known after apply)",
        "+ \"fixed\" = \"x\"",
        "+ \"id\",",
    ]);
    work.apply().succeeds();
    work.settled();
    let item = work.attributes("b");
    assert_eq!(
        item["objects"]["Unknown"]["columns"],
        serde_json::json!(["id", "store://alpha"])
    );
    assert_eq!(item["labels"]["from"], "store://alpha");
}

fn odd_values_come_back_as_they_were() {
    let work = Workspace::new();
    work.config(
        r#"
locals { big = 123456789012345678901234567890.000000000000000000001 }
resource "store_item" "a" {
  name     = "alpha"
  document = ""
  amount   = local.big
  labels   = { "" = "", "schlüssel/ключ" = "🦀 é", none = null, "a.b[0]" = "\t\n" }
  zones    = ["é", "é", "", "b", "b"]
  series   = [0.1, null, 1e300, -0, 9007199254740993, 0.1 + 0.2, 1 / 3, local.big]
  anything = { list = [null, 1e100, "", [], {}], "ключ" = null }
  objects  = { "ein Schlüssel ☃" = { fields = [] }, "" = {} }
}
resource "store_item" "b" {
  name     = "beta"
  labels   = { for key in ["x", "y"] : key => key == "x" ? store_item.a.url : null }
  anything = [store_item.a.url, { deep = [store_item.a.size] }]
  zones    = [store_item.a.url, "store://alpha"]
  series   = [store_item.a.size, null]
}
output "amount" { value = store_item.a.amount == local.big }
output "series" { value = store_item.a.series[5] == 0.1 + 0.2 && store_item.a.series[4] == 9007199254740993 }
output "zones" { value = length(store_item.b.zones) }
"#,
    );
    work.apply()
        .succeeds()
        .says(&["amount = true", "series = true", "zones = 1"]);
    work.settled();
    let item = work.attributes("a");
    assert_eq!(item["document"], "");
    assert_eq!(item["labels"]["none"], serde_json::Value::Null);
    assert_eq!(item["labels"]["schlüssel/ключ"], "🦀 é");
    assert_eq!(item["zones"], serde_json::json!(["", "b", "é"]));
    assert_eq!(item["series"][1], serde_json::Value::Null);
    // An empty text is not nothing, and an empty list is not null.
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n series = []\n labels = {}\n}\n");
    work.plan().succeeds().says(&["- document = \"\" -> null"]);
    work.apply().succeeds();
    work.settled();
    assert_eq!(work.attributes("a")["series"], serde_json::json!([]));
}

fn nested_defaults_and_computed() {
    let work = Workspace::new();
    let config = |objects: &str| {
        work.config(&format!(
            "resource \"store_item\" \"a\" {{\n name = \"alpha\"\n schedule = {{ cron = \"0 * * * *\" }}\n objects = {objects}\n}}\n"
        ));
    };
    config("{ Account = { fields = [\"Id\"] }, Case = {} }");
    work.apply().succeeds();
    work.settled();
    let item = work.attributes("a");
    assert_eq!(item["schedule"]["zone"], "UTC");
    assert_eq!(
        item["objects"]["Case"],
        serde_json::json!({ "columns": [], "fields": null, "mode": "fast" })
    );
    // A further object does not touch what is computed for the others.
    config("{ Account = { fields = [\"Id\"] }, Case = {}, Lead = { fields = [\"Id\"] } }");
    work.plan()
        .succeeds()
        .says(&["+ \"Lead\" = {", "# (2 unchanged elements hidden)", "1 to change"]);
    work.apply().succeeds();
    work.settled();
}

fn equivalent_spellings_are_no_change() {
    let work = Workspace::new();
    let config = |document: &str| {
        work.config(&format!(
            "resource \"store_item\" \"a\" {{\n name = \"alpha\"\n document = {document:?}\n}}\n"
        ));
    };
    config("{\"a\": 1, \"b\": 2}");
    work.apply().succeeds();
    config("{\"b\":2,\"a\":1}");
    work.settled();
    config("{\"b\":2,\"a\":3}");
    work.plan().succeeds().says(&["1 to change"]);
}

fn replacement() {
    let work = Workspace::new();
    let config = |body: &str| {
        work.config(&format!("resource \"store_item\" \"a\" {{\n {body}\n}}\n"));
    };
    config("name = \"alpha\"\n objects = { X = {} }");
    work.apply().succeeds();
    config("name = \"beta\"\n objects = { X = {} }");
    work.plan()
        .succeeds()
        .says(&["~ name = \"alpha\" -> \"beta\" # forces replacement", "1 to destroy"]);
    // The resource knows a replacement from a create, whoever asked for it.
    config("name = \"guarded\"\n objects = { X = {} }");
    work.plan()
        .fails()
        .says(&["items/guarded must not replace another one"]);
    config("name = \"alpha\"\n objects = { X = {} }");
    work.terraform(&["plan", "-no-color", "-replace=store_item.a"])
        .succeeds()
        .says(&["as requested"]);
    // By a rule with a condition, deep in nested attributes.
    config("name = \"alpha\"\n objects = { X = { mode = \"exact\" }, Y = { mode = \"exact\" } }");
    work.plan()
        .succeeds()
        .says(&["~ mode = \"fast\" -> \"exact\" # forces replacement", "1 to destroy"]);
    config("name = \"alpha\"\n objects = { X = { mode = \"lazy\" } }");
    work.plan().succeeds().says(&["1 to change", "0 to destroy"]);
    // By the resource itself.
    config("name = \"alpha\"\n kind = \"fancy\"\n objects = { X = {} }");
    work.apply()
        .succeeds()
        .says(&["\"fancy\" # forces replacement", "1 added, 0 changed, 1 destroyed"]);
    work.settled();
}

fn drift() {
    let work = Workspace::new();
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n document = \"[1]\"\n}\n");
    work.apply().succeeds();
    let file = work.store().join("alpha.json");
    // The same document in another spelling is none.
    fs::write(&file, r#"{"document":" [ 1 ] ","kind":"plain","secret":null}"#).expect("a changed item");
    work.settled();
    fs::write(&file, r#"{"document":"[2]","kind":"plain","secret":null}"#).expect("a changed item");
    work.plan().succeeds().says(&["1 to change"]);
    work.apply().succeeds();
    work.settled();
    fs::remove_file(&file).expect("the item");
    work.plan().succeeds().says(&["1 to add"]);
    work.apply().succeeds();
    work.settled();
}

fn import() {
    let work = Workspace::new();
    fs::write(
        work.store().join("alpha.json"),
        r#"{"document":"[]","kind":"plain","secret":null}"#,
    )
    .expect("an item");
    work.config(
        "resource \"store_item\" \"a\" {\n name = \"alpha\"\n document = \"[]\"\n}\nresource \"store_item\" \"b\" {\n name = \"beta\"\n}\n",
    );
    work.terraform(&["import", "-no-color", "store_item.a", "nonsense"])
        .fails()
        .says(&["`nonsense` is not an id of the form `items/NAME`"]);
    work.terraform(&["import", "-no-color", "store_item.b", "items/beta"])
        .fails()
        .says(&["non-existent remote object"]);
    work.terraform(&["import", "-no-color", "store_item.a", "items/alpha"])
        .succeeds();
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n document = \"[]\"\n}\n");
    work.settled();
}

fn old_state_is_upgraded() {
    let work = Workspace::new();
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n kind = \"other\"\n}\n");
    work.apply().succeeds();
    let mut state: serde_json::Value = serde_json::from_str(&work.state()).expect("a state");
    let instance = &mut state["resources"][0]["instances"][0];
    instance["schema_version"] = 1.into();
    let attributes = instance["attributes"].as_object_mut().expect("attributes");
    let kind = attributes.remove("kind").expect("the kind");
    attributes.insert("category".to_owned(), kind);
    attributes.insert("long_gone".to_owned(), true.into());
    attributes.remove("zones");
    fs::write(work.path().join("terraform.tfstate"), state.to_string()).expect("the state");
    work.settled();
    let newer = work.state().replace("\"schema_version\":1", "\"schema_version\":9");
    fs::write(work.path().join("terraform.tfstate"), newer).expect("the state");
    work.plan().fails();
}

fn moved_from_another_type() {
    let work = Workspace::new();
    fs::write(
        work.store().join("alpha.json"),
        r#"{"document":null,"kind":"plain","secret":null}"#,
    )
    .expect("an item");
    work.config("resource \"terraform_data\" \"old\" {\n input = \"alpha\"\n}\n");
    work.apply().succeeds();
    let moved = "moved {\n from = terraform_data.old\n to = store_item.a\n}\n";
    work.config(&format!(
        "{moved}resource \"store_item\" \"a\" {{\n name = \"alpha\"\n}}\n"
    ));
    work.apply().succeeds().says(&["0 added, 0 changed, 0 destroyed"]);
    work.settled();
}

fn failed_create_is_remembered() {
    let work = Workspace::new();
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n behaviour = \"fail\"\n}\n");
    work.apply().fails().says(&["a deliberate failure"]);
    assert!(work.state().contains("\"tainted\""), "the item is not tainted");
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n}\n");
    work.apply().succeeds().says(&["1 added, 0 changed, 1 destroyed"]);
    work.settled();
}

fn panic_and_contradictions_are_named() {
    let work = Workspace::new();
    let cases = [
        (
            "panic",
            [
                "failed unexpectedly in create of store_item",
                "a deliberate panic",
                "bug in the provider",
            ],
        ),
        (
            "contradict",
            [
                "contradicts itself about `kind`",
                "The plan said \"plain\", after apply it is \"other\"",
                "bug",
            ],
        ),
        (
            "forget",
            [
                "contradicts itself about `size`",
                "still unknown after apply",
                "bug in the provider",
            ],
        ),
    ];
    for (behaviour, texts) in cases {
        work.config(&format!(
            "resource \"store_item\" \"a\" {{\n name = \"alpha\"\n behaviour = \"{behaviour}\"\n}}\n"
        ));
        work.apply().fails().says(&texts);
    }
}

fn timeout() {
    let work = Workspace::new();
    work.config(
        "resource \"store_item\" \"a\" {\n name = \"alpha\"\n behaviour = \"patient\"\n timeouts = { create = \"300ms\" }\n}\n",
    );
    // It ends as soon as it hears of the deadline, and has a result.
    work.apply().succeeds();
    work.config(
        "resource \"store_item\" \"b\" {\n name = \"beta\"\n behaviour = \"slow\"\n timeouts = { create = \"300ms\" }\n}\n",
    );
    let start = Instant::now();
    work.apply().fails().says(&[
        "create was given up after 300ms",
        "raise `timeouts",
        "on main.tf line 4",
    ]);
    assert!(start.elapsed() < Duration::from_secs(20), "it was not given up");
    assert!(work.state().contains("\"tainted\""), "what was recorded is lost");
}

fn interrupt_keeps_the_result() {
    let work = Workspace::new();
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n behaviour = \"patient\"\n}\n");
    let child = work.start(&["apply", "-auto-approve", "-no-color"]);
    let item = work.store().join("alpha.json");
    let start = Instant::now();
    while !item.exists() {
        assert!(start.elapsed() < Duration::from_secs(30), "the create did not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill").success());
    let ran = Workspace::finish(child).says(&["Interrupt received", "Creation complete"]);
    assert!(start.elapsed() < Duration::from_secs(20), "{}", ran.text);
    assert_eq!(work.attributes("a")["size"], 0);
    assert!(!work.state().contains("\"tainted\""), "the result was not kept");
}

fn killed_terraform_leaves_no_process() {
    let work = Workspace::new();
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n behaviour = \"patient\"\n}\n");
    let mut child = work.start(&["apply", "-auto-approve", "-no-color"]);
    let start = Instant::now();
    let wait = |what: &str| {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    };
    let read_pid = || {
        fs::read_to_string(work.store().join("pid"))
            .ok()
            .filter(|pid| !pid.is_empty())
    };
    while read_pid().is_none() {
        wait("the create did not begin");
    }
    let process = format!("/proc/{}", read_pid().expect("a process"));
    assert!(fs::exists(&process).expect("/proc"), "the provider runs");
    child.kill().expect("killed");
    child.wait().expect("its end");
    // Who has no parent to reap it stays as a zombie without a program.
    while fs::read_link(format!("{process}/exe")).is_ok() {
        wait("the provider outlives terraform");
    }
}

fn protection_at_plan_time() {
    let work = Workspace::new();
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n protected = true\n}\n");
    work.apply().succeeds();
    work.terraform(&["plan", "-destroy", "-no-color"])
        .fails()
        .says(&["items/alpha is protected"]);
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n}\n");
    work.apply().succeeds();
    work.terraform(&["plan", "-destroy", "-no-color"]).succeeds();
}

fn data_function_ephemeral() {
    let work = Workspace::new();
    work.config(
        r#"
ephemeral "store_token" "t" { audience = "crm" }
resource "store_item" "a" {
  name           = "alpha"
  secret_wo      = ephemeral.store_token.t.token
  secret_version = 1
}
data "store_listing" "all" {
  prefix     = "alp"
  depends_on = [store_item.a]
}
output "names" { value = data.store_listing.all.names }
output "shout" { value = provider::store::shout("hello", "world") }
"#,
    );
    work.apply().succeeds().says(&["HELLO WORLD", "\"alpha.json\""]);
    assert!(!work.state().contains("hush-crm"), "the token is in the state");
    let stored = fs::read_to_string(work.store().join("alpha.json")).expect("the item");
    assert!(stored.contains("hush-crm"), "{stored}");
    assert_eq!(
        fs::read_to_string(work.store().join("closed")).expect("the note"),
        "crm"
    );
    work.config("output \"x\" { value = provider::store::shout(\"\") }\n");
    work.plan()
        .fails()
        .says(&["Invalid value for \"text\" parameter: must not be empty"]);
}

fn logs_reach_terraform() {
    let work = Workspace::new();
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n}\n");
    let log = work.path().join("log").display().to_string();
    work.terraform_with(&[("TF_LOG", "TRACE"), ("TF_LOG_PATH", &log)], &["plan", "-no-color"])
        .succeeds();
    let mut text = String::new();
    fs::File::open(&log)
        .expect("the log")
        .read_to_string(&mut text)
        .expect("text");
    let line = text
        .lines()
        .find(|line| line.contains("call=PlanResourceChange"))
        .expect("a line of the provider");
    assert!(
        line.contains("[TRACE] provider.") && line.contains(": called"),
        "{line}"
    );
    // The connection is encrypted and authenticated, and the process left by itself.
    assert!(
        !text.contains("plugin failed to exit gracefully"),
        "it had to be killed"
    );
}

fn plaintext_when_tls_is_disabled() {
    let work = Workspace::new();
    work.config("resource \"store_item\" \"a\" {\n name = \"alpha\"\n}\n");
    let ran = work.terraform_with(&[("TF_DISABLE_PLUGIN_TLS", "1")], &["plan", "-no-color"]);
    ran.succeeds().says(&["1 to add"]);
}
