//! The documentation's examples, applied: together they are one platform, and it comes and goes without a trace.

use std::path::{Path, PathBuf};

use headwater_tests::cloud::Cloud;
use headwater_tests::inventory::inventory;
use headwater_tests::org::{CLIENT_ID, CLIENT_SECRET, Org};
use headwater_tests::programs;
use headwater_tests::terraform::Terraform;
use serde_json::json;

/// The project and region that `examples/provider` names.
pub const EXAMPLES_PROJECT: &str = "acme-data";
pub const EXAMPLES_REGION: &str = "europe-west1";

const RESOURCES: (&str, &str) = ("resources", "resource.tf");
const DATA_SOURCES: (&str, &str) = ("data-sources", "data-source.tf");

/// The examples in some folders as they are documented, with the simulated org in place of acme's.
fn configuration(org: &Org, folders: &[(&str, &str)]) -> String {
    let examples = programs::root().join("examples");
    let mut files = vec![examples.join("provider/provider.tf")];
    for (folder, name) in folders {
        let entries = std::fs::read_dir(examples.join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path().join(name)));
    }
    files.sort();
    let all: String = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
        .collect();
    all.replace("https://acme.my.salesforce.com", org.url())
        .replace("https://acme-service.my.salesforce.com", org.url())
        .replace("integration@acme.com", "integration@headwater.example")
        .replace("3MVG9examplekey", CLIENT_ID)
}

/// A key pair that is good for nothing but tests.
fn keys() -> PathBuf {
    programs::root().join("runtime/salesforce/tests/data")
}

/// An org that lets both flows of the examples in.
pub fn org() -> Org {
    let certificate = keys().join("test-only.public.pem");
    let arguments = ["--jwt-certificate", certificate.to_str().unwrap(), "--capture", "*"];
    Org::start_with(20, &arguments)
}

/// Terraform with the examples of all resources.
pub fn terraform(cloud: &Cloud, org: &Org) -> Terraform {
    let private_key = std::fs::read_to_string(keys().join("test-only.pkcs8.pem")).unwrap();
    let tf = Terraform::new(cloud, &configuration(org, &[RESOURCES]))
        .env("TF_VAR_salesforce_client_secret", CLIENT_SECRET)
        .env("TF_VAR_salesforce_private_key", &private_key)
        .env("TF_VAR_crm_token", "a-token");
    // The folder that the example of a project uploads, and the file that the example of an object does.
    copy(
        &programs::root().join("examples/resources/headwater_dataform_project/marts"),
        &tf.dir().join("marts"),
    );
    std::fs::write(tf.dir().join("calendar.csv"), "day,is_workday\n2026-01-01,false\n").unwrap();
    tf
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The examples' extract, streams and suite keep their tables when they are destroyed, and so the dataset, until they are deleted by hand.
pub fn delete_what_an_extract_leaves(cloud: &Cloud) {
    let of_the_extract = ["Account", "Opportunity", "salesforce_user"];
    let of_the_streams = [
        "Account_changes",
        "account_now",
        "Contact_changes",
        "Contact",
        "orders_changes",
        "orders_now",
        "clicks",
        "clicks_changes",
        "dq_run",
        "dq_result",
    ];
    for table in of_the_extract.into_iter().chain(of_the_streams) {
        let status = cloud.delete(&format!(
            "/bigquery/v2/projects/{EXAMPLES_PROJECT}/datasets/salesforce_raw/tables/{table}"
        ));
        assert!([200, 204, 404].contains(&status), "{table}: {status}");
    }
}

/// What other people have, and the examples of data sources look up.
fn make_what_others_have(cloud: &Cloud) {
    let dataset = json!({"datasetReference": {"projectId": "acme-shared", "datasetId": "reference"}, "location": "EU"});
    let table = json!({
        "tableReference": {"projectId": "acme-shared", "datasetId": "reference", "tableId": "countries"},
        "schema": {"fields": [{"name": "code", "type": "STRING"}]},
    });
    let account = json!({"accountId": "loader-of-others", "serviceAccount": {}});
    for (path, body) in [
        ("/bigquery/v2/projects/acme-shared/datasets".to_owned(), dataset),
        (
            "/bigquery/v2/projects/acme-shared/datasets/reference/tables".to_owned(),
            table,
        ),
        (format!("/v1/projects/{EXAMPLES_PROJECT}/serviceAccounts"), account),
    ] {
        let (status, answer) = cloud.post(&path, &body);
        assert_eq!(status, 200, "{path}: {answer}");
    }
}

#[test]
fn all_examples_are_applied_together_and_leave_nothing_behind() {
    let cloud = Cloud::start();
    let org = org();
    make_what_others_have(&cloud);
    let before = inventory(&cloud, EXAMPLES_PROJECT, EXAMPLES_REGION);
    let tf = terraform(&cloud, &org);
    tf.apply();
    tf.assert_no_changes("after the examples were applied");
    // Data sources look up by name what is there by now.
    tf.write(&configuration(&org, &[RESOURCES, DATA_SOURCES]));
    tf.apply();
    tf.assert_no_changes("with the data sources");
    let held = inventory(&cloud, EXAMPLES_PROJECT, EXAMPLES_REGION);
    assert!(held.len() > before.len() + 5, "{held:?}");
    delete_what_an_extract_leaves(&cloud);
    tf.destroy();
    assert_eq!(inventory(&cloud, EXAMPLES_PROJECT, EXAMPLES_REGION), before);
}
