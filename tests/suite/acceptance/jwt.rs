//! The JWT bearer flow from HCL to rows: the private key is in Secret Manager and nowhere else.

use headwater_tests::cloud::Cloud;
use headwater_tests::org::{CLIENT_ID, Org};
use headwater_tests::terraform::Terraform;
use headwater_tests::{programs, truth};

use super::platform;

const CLIENT_SECRET_FLOW: &str = "client_credentials = {
    client_id                = var.client_id
    client_secret_wo         = var.client_secret
    client_secret_wo_version = 1
  }";

const JWT_FLOW: &str = "jwt_bearer = {
    client_id              = var.client_id
    username               = \"integration@headwater.example\"
    private_key_wo         = var.client_secret
    private_key_wo_version = 1
  }";

#[test]
fn a_connection_by_jwt_extracts() {
    let keys = programs::root().join("runtime/salesforce/tests/data");
    let key = std::fs::read_to_string(keys.join("test-only.pkcs8.pem")).unwrap();
    let certificate = keys.join("test-only.public.pem");
    let cloud = Cloud::start();
    let org = Org::start_with(20, &["--jwt-certificate", certificate.to_str().unwrap()]);
    let configuration = platform("Account = {}", "run_on_apply = true");
    assert!(configuration.contains(CLIENT_SECRET_FLOW), "{configuration}");
    let configuration = configuration.replace(CLIENT_SECRET_FLOW, JWT_FLOW);
    let tf = Terraform::new(&cloud, &configuration)
        .env("TF_VAR_login_url", org.url())
        .env("TF_VAR_client_id", CLIENT_ID)
        .env("TF_VAR_client_secret", &key);
    let applied = tf.apply();
    tf.assert_no_changes("after apply");
    truth::assert_equal(&cloud, &org, "salesforce_raw", "Account");
    let line = key.lines().nth(1).unwrap();
    for (what, text) in [
        ("state", tf.state()),
        ("output", applied.text()),
        ("log", cloud.server.log()),
    ] {
        assert!(!text.contains(line), "the private key is in the {what}");
    }
    tf.destroy();
}
