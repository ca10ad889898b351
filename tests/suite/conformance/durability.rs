//! A real client uploads while the local cloud is killed: what it was told is stored is there afterwards, whole.

use headwater_tests::cloud::Cloud;

use super::tools::run_through_kills;

#[test]
fn uploads_survive_kills() {
    let mut cloud = Cloud::start();
    run_through_kills(&mut cloud, "durability.py", &[], 240, 5);
}
