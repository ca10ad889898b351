//! The documentation's examples, applied: together they are one platform, and it comes and goes without a trace.

use headwater_tests::cloud::Cloud;
use headwater_tests::inventory::inventory;
use headwater_tests::org::{CLIENT_ID, CLIENT_SECRET, Org};
use headwater_tests::programs;
use headwater_tests::terraform::Terraform;

/// The project and region that `examples/provider` names.
pub const EXAMPLES_PROJECT: &str = "acme-data";
pub const EXAMPLES_REGION: &str = "europe-west1";

/// What a private key looks like; nobody signs with it.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n";

/// All examples of resources and data sources as they are documented, with the simulated org in place of acme's.
pub fn configuration(org: &Org) -> String {
    let examples = programs::root().join("examples");
    let mut files = vec![examples.join("provider/provider.tf")];
    for (folder, name) in [("resources", "resource.tf"), ("data-sources", "data-source.tf")] {
        let entries = std::fs::read_dir(examples.join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path().join(name)));
    }
    files.sort();
    let all: String = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
        .collect();
    all.replace("https://acme.my.salesforce.com", org.url())
        .replace("3MVG9examplekey", CLIENT_ID)
}

/// Terraform with all examples.
pub fn terraform(cloud: &Cloud, org: &Org) -> Terraform {
    let tf = Terraform::new(cloud, &configuration(org))
        .env("TF_VAR_salesforce_client_secret", CLIENT_SECRET)
        .env("TF_VAR_salesforce_private_key", PRIVATE_KEY);
    // Files that the examples refer to, beside the configuration as they are beside an example.
    for example in std::fs::read_dir(programs::root().join("examples/resources")).unwrap() {
        for file in std::fs::read_dir(example.unwrap().path()).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            if !["resource.tf", "import.sh"].contains(&name.as_str()) && file.path().is_file() {
                std::fs::copy(file.path(), tf.dir().join(name)).unwrap();
            }
        }
    }
    tf
}

#[test]
fn all_examples_are_applied_together_and_leave_nothing_behind() {
    let cloud = Cloud::start();
    let org = Org::start(20);
    let before = inventory(&cloud, EXAMPLES_PROJECT, EXAMPLES_REGION);
    let tf = terraform(&cloud, &org);
    tf.apply();
    tf.assert_no_changes("after the examples were applied");
    let held = inventory(&cloud, EXAMPLES_PROJECT, EXAMPLES_REGION);
    assert!(held.len() > before.len() + 5, "{held:?}");
    tf.destroy();
    assert_eq!(inventory(&cloud, EXAMPLES_PROJECT, EXAMPLES_REGION), before);
}
