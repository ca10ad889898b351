//! The workflows and actions for GitHub, without GitHub: its API is a server of the tests that keeps state and fails as told, its Markdown
//! and its workflows are read by its own parsers, plans are those of the real Terraform. The checks themselves are in `tests/python`.

use headwater_tests::programs;

use super::tools::{run_script, script_with};

fn checks(name: &str) {
    // Asked for by name, so that a tool that is missing is told by the test and not by a script.
    let (terraform, lint) = (programs::terraform(), programs::workflow_lint());
    let mut script = script_with(&programs::github_python(), name, "");
    run_script(
        script
            .env("HEADWATER_TEST_TERRAFORM", terraform)
            .env("HEADWATER_TEST_WORKFLOW_LINT", lint),
    );
}

#[test]
fn plans_are_rendered_within_limits_and_without_secrets() {
    checks("github_render.py");
}

#[test]
fn comments_statuses_and_issues_are_made_once() {
    checks("github_api.py");
}

#[test]
fn actions_do_as_their_inputs_say() {
    checks("github_actions.py");
}

#[test]
fn policies_deny_what_they_should() {
    checks("github_policies.py");
}

#[test]
fn workflows_are_valid_pinned_and_have_no_right_too_many() {
    checks("github_workflows.py");
}
