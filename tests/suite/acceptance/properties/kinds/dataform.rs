//! Dataform's repositories and configurations.

use headwater_tests::cloud::{PROJECT, REGION};
use headwater_tests::programs;

use super::super::hcl::{Body, Hcl};
use super::super::random::Random;
use super::{Group, Kind, account, regional, secret_version};

const GROUND: &str = r#"
resource "headwater_dataform_repository" "ground" {
  name = "ground"
}

resource "headwater_dataform_release_config" "ground" {
  repository    = headwater_dataform_repository.ground.id
  name          = "ground"
  git_commitish = "main"
}
"#;

pub fn group() -> Group {
    Group {
        name: "dataform",
        ground: GROUND.to_owned(),
        kinds: vec![
            Kind::new("headwater_dataform_repository", repository),
            Kind {
                unset: &[("release_compilation_result", "there are no compilation results yet")],
                ..Kind::new("headwater_dataform_release_config", release_config)
            },
            Kind::new("headwater_dataform_workflow_config", workflow_config),
            Kind {
                count: 24,
                fewer: Some("Dataform's core compiles each four times"),
                ..Kind::new("headwater_dataform_project", project)
            },
        ],
        org: false,
        lists: vec![(regional("v1", "repositories"), "repositories")],
    }
}

fn place(random: &mut Random, body: &mut Body) {
    if random.coin() {
        body.text("project", PROJECT);
    }
    if random.coin() {
        body.text("region", REGION);
    }
}

fn repository(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    let name = random.word();
    body.text("name", format!("{}{index}_{name}", random.pick(&["r", "Repo-"])));
    place(random, &mut body);
    if random.coin() {
        body.text("display_name", random.prose());
    }
    if random.coin() {
        body.set("git_remote_settings", remote(random));
    }
    if random.coin() {
        let mut overrides = Body::new();
        for name in random.some(&["default_database", "schema_suffix", "table_prefix"]) {
            overrides.text(name, random.word());
        }
        body.set("workspace_compilation_overrides", overrides.object());
    }
    if random.coin() {
        body.text("npmrc_environment_variables_secret_version", secret_version(random));
    }
    if random.coin() {
        body.text("service_account", account(random));
    }
    if random.once_in(4) {
        let key = random.word();
        body.text(
            "kms_key_name",
            format!("projects/{PROJECT}/locations/{REGION}/keyRings/ring/cryptoKeys/{key}"),
        );
    }
    if random.coin() {
        body.set("labels", random.labels());
    }
    if random.coin() {
        body.raw("force_destroy", random.coin());
    }
    body
}

fn remote(random: &mut Random) -> Hcl {
    let mut remote = Body::new();
    if random.coin() {
        remote.text("default_branch", random.pick(&["main", "trunk", "release/v1"]));
    }
    let path = format!("acme/{}.git", random.word());
    match random.number(0, 3) {
        0 => {
            remote.text("url", format!("https://git.example.com/{path}"));
            remote.text("authentication_token_secret_version", secret_version(random));
        }
        1 => {
            remote.text("url", format!("https://git.example.com/{path}"));
            let link = random.word();
            remote.text(
                "git_repository_link",
                format!("projects/{PROJECT}/locations/{REGION}/connections/c/gitRepositoryLinks/{link}"),
            );
        }
        2 => remote.text("url", format!("https://git.example.com/{path}")),
        _ => {
            let url = random.pick(&["git@git.example.com:", "ssh://git@git.example.com:22/"]);
            remote.text("url", format!("{url}{path}"));
            let mut ssh = Body::new();
            ssh.text("user_private_key_secret_version", secret_version(random));
            ssh.text("host_public_key", format!("ssh-ed25519 AAAA{}", random.word()));
            remote.set("ssh_authentication_config", ssh.object());
        }
    }
    remote.object()
}

fn schedule(random: &mut Random, body: &mut Body) {
    if random.coin() {
        body.text("cron_schedule", random.cron());
    }
    if random.coin() {
        body.text("time_zone", random.zone());
    }
    if random.coin() {
        body.raw("disabled", random.coin());
    }
}

/// The folder of the documentation's example.
fn folder() -> String {
    let folder = programs::root().join("examples/resources/headwater_dataform_project/marts");
    folder.display().to_string()
}

fn project(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.text("name", format!("project{index}"));
    body.text("directory", folder());
    place(random, &mut body);
    if random.coin() {
        body.set("code_compilation_config", compilation(random));
    }
    // Without a schedule there is nothing that an invocation's settings would be for.
    if random.coin() {
        body.text("cron_schedule", random.cron());
        body.set("invocation_config", invocation(random));
    }
    if random.coin() {
        body.text("time_zone", random.zone());
    }
    if random.coin() {
        body.raw("disabled", random.coin());
    }
    if random.coin() {
        body.text("service_account", account(random));
    }
    if random.coin() {
        body.set("labels", random.labels());
    }
    // What would be run is made by chance; that a run is waited for is another test's.
    if random.coin() {
        body.raw("run_on_apply", false);
    }
    body
}

fn release_config(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.raw("repository", "headwater_dataform_repository.ground.id");
    body.text("name", format!("release{index}"));
    body.text(
        "git_commitish",
        random.pick(&[
            "main",
            "v1.2.3",
            "feature/a_b",
            "0123456789abcdef0123456789abcdef01234567",
        ]),
    );
    if random.coin() {
        body.set("code_compilation_config", compilation(random));
    } else if random.once_in(5) {
        body.set("code_compilation_config", Body::new().object());
    }
    schedule(random, &mut body);
    body
}

fn compilation(random: &mut Random) -> Hcl {
    let mut compilation = Body::new();
    for name in random.some(&[
        "database_suffix",
        "schema_suffix",
        "table_prefix",
        "builtin_assertion_name_prefix",
    ]) {
        compilation.text(name, random.word());
    }
    for name in random.some(&["default_schema", "assertion_schema"]) {
        compilation.text(name, format!("s_{}", random.word()));
    }
    if random.coin() {
        compilation.text("default_database", format!("{}-data", random.word()));
    }
    if random.coin() {
        compilation.text("default_location", random.pick(&["EU", "US", "europe-west1"]));
    }
    if random.coin() {
        let count = random.number(1, 4);
        let entry = |n| {
            (
                format!("v{n}"),
                Hcl::text(if n == 0 { String::new() } else { random.prose() }),
            )
        };
        compilation.set("vars", Hcl::Object((0..count).map(entry).collect()));
    }
    compilation.object()
}

fn workflow_config(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    body.raw("repository", "headwater_dataform_repository.ground.id");
    body.text("name", format!("workflow-{index}"));
    body.raw("release_config", "headwater_dataform_release_config.ground.id");
    if random.coin() {
        body.set("invocation_config", invocation(random));
    }
    schedule(random, &mut body);
    body
}

fn invocation(random: &mut Random) -> Hcl {
    let mut invocation = Body::new();
    if random.coin() {
        let count = random.number(1, 3);
        let target = |_| {
            let mut target = Body::new();
            for name in random.some(&["database", "schema"]) {
                target.text(name, random.word());
            }
            target.text("name", random.word());
            target.object()
        };
        invocation.set("included_targets", Hcl::List((0..count).map(target).collect()));
    }
    if random.coin() {
        invocation.set(
            "included_tags",
            Hcl::texts(random.some(&["daily", "b", "a", "Größe", "x y"])),
        );
    }
    for name in [
        "transitive_dependencies_included",
        "transitive_dependents_included",
        "fully_refresh_incremental_tables_enabled",
    ] {
        if random.coin() {
            invocation.raw(name, random.coin());
        }
    }
    if random.coin() {
        invocation.text("service_account", account(random));
    }
    if random.coin() {
        invocation.text("query_priority", random.pick(&["INTERACTIVE", "BATCH"]));
    }
    if random.coin() {
        invocation.text(
            "execution_mode",
            random.pick(&["DEFAULT", "ALL_EXCEPT_UNIT_TESTS", "UNIT_TESTS_ONLY"]),
        );
    }
    if random.coin() {
        invocation.raw("concurrent_actions_limit", random.pick(&[1, 7, 2_147_483_647]));
    }
    invocation.object()
}
