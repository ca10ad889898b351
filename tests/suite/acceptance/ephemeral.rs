//! Tokens that exist for one run of terraform: they work, and nothing keeps them.

use std::path::Path;

use headwater_tests::cloud::Cloud;
use headwater_tests::org::{CLIENT_ID, CLIENT_SECRET, Org};
use headwater_tests::terraform::Terraform;

/// A connection, tokens of it and of Google, and a place that they are sent to and that does not keep them. What is shown of
/// them is only whether they look as they should.
fn configuration(more: &str) -> String {
    format!(
        r#"
variable "login_url" {{ type = string }}
variable "client_id" {{ type = string }}
variable "client_secret" {{
  type      = string
  sensitive = true
  ephemeral = true
}}

resource "headwater_salesforce_connection" "crm" {{
  name      = "crm"
  login_url = var.login_url
  client_credentials = {{
    client_id                = var.client_id
    client_secret_wo         = var.client_secret
    client_secret_wo_version = 1
  }}
}}
{more}
"#
    )
}

const TOKENS: &str = r#"
ephemeral "headwater_salesforce_access_token" "stored" {
  connection = headwater_salesforce_connection.crm.id
  lifecycle {
    postcondition {
      condition     = startswith(self.access_token, "00D") && self.instance_url == var.login_url
      error_message = "not a token of the org"
    }
    postcondition {
      condition     = timecmp(timeadd(self.issued_at, "15m"), self.expires_at) == 0
      error_message = "it does not end when it should"
    }
  }
}

ephemeral "headwater_salesforce_access_token" "written" {
  login_url = "${var.login_url}/"
  client_credentials = {
    client_id     = var.client_id
    client_secret = var.client_secret
  }
  session_timeout = "2h"
  lifecycle {
    postcondition {
      condition     = self.access_token != ephemeral.headwater_salesforce_access_token.stored.access_token
      error_message = "both are one session"
    }
  }
}

ephemeral "headwater_google_access_token" "loader" {
  target_service_account = "1-compute@developer.gserviceaccount.com"
  scopes                 = ["https://www.googleapis.com/auth/bigquery"]
  lifetime               = "10m"
  lifecycle {
    postcondition {
      condition     = startswith(self.access_token, "local.") && timecmp(self.expires_at, timeadd(plantimestamp(), "12m")) < 0
      error_message = "not a token of ten minutes"
    }
  }
}

# Each is used by a provider of its own, which only has to exist.
resource "headwater_salesforce_connection" "token" {
  name      = "token"
  login_url = var.login_url
  verify    = false
  client_credentials = {
    client_id                = var.client_id
    client_secret_wo         = "${ephemeral.headwater_salesforce_access_token.stored.access_token}/${ephemeral.headwater_salesforce_access_token.written.access_token}/${ephemeral.headwater_google_access_token.loader.access_token}"
    client_secret_wo_version = 1
  }
}
"#;

fn terraform(cloud: &Cloud, org: &Org, configuration: &str) -> Terraform {
    Terraform::new(cloud, configuration)
        .env("TF_VAR_login_url", org.url())
        .env("TF_VAR_client_id", CLIENT_ID)
        .env("TF_VAR_client_secret", CLIENT_SECRET)
        .env("TF_LOG", "TRACE")
}

/// Every file below a directory, as text.
fn files(dir: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

#[test]
fn tokens_work_and_are_kept_nowhere() {
    let cloud = Cloud::start();
    let org = Org::start(5);
    let tf = terraform(&cloud, &org, &configuration(""));
    tf.apply();
    tf.write(&configuration(TOKENS));
    let planned = tf.run(&["plan", "-out=plan.bin"]).ok();
    let applied = tf.run(&["apply", "plan.bin"]).ok();
    let again = tf.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(again.code, 0, "{}", again.text());
    // The write-only secret is what Secret Manager got: the tokens as they were.
    let (status, stored) = cloud.get(&format!(
        "/v1/projects/{}/secrets/headwater-salesforce-token/versions/latest:access",
        headwater_tests::cloud::PROJECT
    ));
    assert_eq!(status, 200, "{stored}");
    let stored = base64_text(stored["payload"]["data"].as_str().unwrap());
    let tokens: Vec<&str> = stored.split('/').collect();
    let [stored_token, written_token, google_token] = tokens[..] else {
        panic!("{} tokens were stored", tokens.len())
    };
    assert!(stored_token.starts_with("00D") && written_token.starts_with("00D") && google_token.starts_with("local."));
    let limits = ureq::get(format!("{}/services/data/v66.0/limits", org.url()));
    let limits = limits.header("authorization", format!("Bearer {written_token}")).call();
    assert_eq!(
        limits.map(|answer| answer.status().as_u16()).ok(),
        Some(200),
        "the token does not open the org"
    );

    let mut kept = Vec::new();
    files(tf.dir(), &mut kept);
    for (name, ended) in [("plan", &planned), ("apply", &applied), ("plan again", &again)] {
        kept.push((format!("what {name} wrote"), ended.text()));
    }
    let shown = tf.run(&["show", "-json", "plan.bin"]);
    kept.push(("the plan as JSON".to_owned(), shown.text()));
    for (name, text) in &kept {
        for secret in [stored_token, written_token, google_token, CLIENT_SECRET] {
            assert!(!text.contains(secret), "{name} holds a secret");
        }
    }
    assert!(
        kept.len() > 5 && planned.stderr.contains("[TRACE]"),
        "nothing was searched"
    );
    tf.write(&configuration(""));
    tf.destroy();
}

fn base64_text(text: &str) -> String {
    use base64::Engine as _;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
}

#[test]
fn what_cannot_be_had_is_said_with_its_remedy() {
    let cloud = Cloud::start();
    let org = Org::start(5);
    let cases: [(&str, &[&str]); 4] = [
        (
            "ephemeral \"headwater_google_access_token\" \"own\" {}",
            &["requests are anonymous", "service account to act as"],
        ),
        (
            "ephemeral \"headwater_salesforce_access_token\" \"none\" {\n  connection = \"projects/p/secrets/nothing\"\n}",
            &["does not exist yet", "Apply the headwater_salesforce_connection first"],
        ),
        (
            "ephemeral \"headwater_salesforce_access_token\" \"wrong\" {\n  login_url = var.login_url\n  client_credentials = {\n    client_id     = var.client_id\n    client_secret = \"never-the-right-one\"\n  }\n}",
            &["cannot log in to Salesforce"],
        ),
        (
            "ephemeral \"headwater_salesforce_access_token\" \"both\" {\n  connection = \"projects/p/secrets/s\"\n  login_url  = var.login_url\n}",
            &["`login_url` conflicts with `connection`"],
        ),
    ];
    for (block, says) in cases {
        let tf = terraform(&cloud, &org, &configuration(block));
        let planned = tf.run(&["plan"]);
        let text = planned
            .text()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace("│ ", "");
        assert_eq!(planned.code, 1, "{block}: {text}");
        for words in says {
            assert!(text.contains(words), "{block} must say {words:?}");
        }
        assert!(!planned.stdout.contains("never-the-right-one"), "a secret is printed");
    }
}
