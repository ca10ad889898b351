//! `gsutil` against the local cloud. It hands its work to gcloud storage (its own JSON client cannot speak plain http), so each
//! call takes seconds: here is only what a user's script does, the rest is in `gcloud_storage`.

use headwater_tests::cloud::Cloud;

use super::tools::{Tools, lines, noise};

#[test]
fn buckets_and_objects() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let big = noise(9_000_000);
    tools.file("big.bin", &big);
    tools.file("notes.txt", "one\ntwo\n");

    tools.gsutil(&["mb", "-l", "EU", "gs://of-gsutil"]).ok();
    tools
        .gsutil(&["-m", "cp", "big.bin", "notes.txt", "gs://of-gsutil/dir/"])
        .ok();
    let listed = lines(&tools.gsutil(&["ls", "-l", "gs://of-gsutil/dir/"]).ok().stdout);
    assert!(
        listed[0].starts_with("9000000 ") && listed[0].ends_with(" gs://of-gsutil/dir/big.bin"),
        "{listed:?}"
    );
    assert!(
        listed[1].starts_with("8 ") && listed[1].ends_with(" gs://of-gsutil/dir/notes.txt"),
        "{listed:?}"
    );
    let text = tools.gsutil(&["cat", "gs://of-gsutil/dir/notes.txt"]).ok().stdout;
    assert_eq!(text, "one\ntwo\n");
    tools.gsutil(&["cp", "gs://of-gsutil/dir/big.bin", "down.bin"]).ok();
    assert!(
        std::fs::read(tools.dir().join("down.bin")).unwrap() == big,
        "9 MB have come back changed"
    );
    tools
        .gsutil(&["mv", "gs://of-gsutil/dir/notes.txt", "gs://of-gsutil/moved.txt"])
        .ok();
    assert_eq!(cloud.objects("of-gsutil", ""), ["dir/big.bin", "moved.txt"]);
    tools.gsutil(&["rm", "-r", "gs://of-gsutil"]).ok();
    let (status, _) = cloud.get("/storage/v1/b/of-gsutil");
    assert_eq!(status, 404);
}
