//! A real client uploads while the local cloud is killed: what it was told is stored is there afterwards, whole.

use std::process::Stdio;
use std::time::Duration;

use headwater_tests::cloud::Cloud;
use headwater_tests::wait_for;

use super::tools::script;

const OBJECTS: usize = 240;
const KILLS: usize = 5;

#[test]
fn uploads_survive_kills() {
    let mut cloud = Cloud::start();
    let dir = tempfile::tempdir().unwrap();
    let (journal, said) = (dir.path().join("journal"), dir.path().join("said"));
    std::fs::write(&journal, "").unwrap();
    let output = std::fs::File::create(&said).unwrap();
    let mut child = script("durability.py", &cloud.url())
        .arg(&journal)
        .arg(OBJECTS.to_string())
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    let said = || std::fs::read_to_string(&said).unwrap();
    for kill in 1..=KILLS {
        let wanted = kill * OBJECTS / (KILLS + 1);
        wait_for(
            &format!("{wanted} uploads are acknowledged"),
            Duration::from_secs(60),
            || {
                if let Some(status) = child.try_wait().unwrap() {
                    panic!("the uploads ended with {status} before kill {kill}: {}", said());
                }
                let acknowledged = std::fs::read_to_string(&journal).unwrap().lines().count();
                (acknowledged >= wanted).then_some(())
            },
        );
        // Four uploads at a time are under way.
        cloud.kill_and_restart();
    }
    let status = wait_for("the uploads end", Duration::from_secs(90), || child.try_wait().unwrap());
    assert!(status.success(), "{status}: {}", said());
    let interrupted = !said().contains("; 0 calls were interrupted");
    assert!(interrupted, "no upload met a kill, so nothing was tested: {}", said());
    print!("{}", said());
}
