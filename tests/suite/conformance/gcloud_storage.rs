//! `gcloud storage` against the local cloud.

use headwater_tests::cloud::{Cloud, request};

use super::tools::{Tools, contains, lines, noise};

#[test]
fn buckets_and_objects() {
    let cloud = Cloud::start();
    let tools = Tools::new(&cloud);
    let gcloud = |arguments: &[&str]| tools.gcloud(&[&["storage"], arguments].concat());
    // Above 8 MiB gcloud uploads resumably.
    let big = noise(20_000_000);
    tools.file("big.bin", &big);
    tools.file("sp ace.csv", "a,b\r\n1,ü\r\n");
    tools.file("empty", "");

    gcloud(&[
        "buckets",
        "create",
        "gs://of-gcloud",
        "--location=EU",
        "--uniform-bucket-level-access",
    ])
    .ok();
    let bucket = gcloud(&["buckets", "describe", "gs://of-gcloud", "--format=json"])
        .ok()
        .json();
    assert_eq!(bucket["name"], "of-gcloud");
    assert_eq!(bucket["location"], "EU");
    assert_eq!(bucket["uniform_bucket_level_access"], true, "{bucket}");

    gcloud(&["cp", "big.bin", "sp ace.csv", "empty", "gs://of-gcloud/dir/"]).ok();
    let listed = lines(&gcloud(&["ls", "-l", "gs://of-gcloud/dir/"]).ok().stdout);
    let listed: Vec<(&str, &str)> = listed
        .iter()
        .filter_map(|line| line.split_once(' '))
        .map(|(size, rest)| (size, rest.split_once(' ').map_or(rest, |(_, name)| name)))
        .collect();
    assert_eq!(
        listed,
        [
            ("20000000", "gs://of-gcloud/dir/big.bin"),
            ("0", "gs://of-gcloud/dir/empty"),
            ("11", "gs://of-gcloud/dir/sp ace.csv"),
            ("TOTAL:", "objects, 20000011 bytes (19.07MiB)"),
        ]
    );
    let (_, object) = cloud.get("/storage/v1/b/of-gcloud/o/dir%2Fsp%20ace.csv");
    assert_eq!(object["contentType"], "text/csv", "{object}");

    let text = gcloud(&["cat", "gs://of-gcloud/dir/sp ace.csv", "gs://of-gcloud/dir/empty"])
        .ok()
        .stdout;
    assert_eq!(text, "a,b\r\n1,ü\r\n");
    std::fs::create_dir(tools.dir().join("down")).unwrap();
    gcloud(&["cp", "gs://of-gcloud/dir/*", "down/"]).ok();
    let down = |name: &str| std::fs::read(tools.dir().join("down").join(name)).unwrap();
    assert!(down("big.bin") == big, "20 MB have come back changed");
    assert_eq!(down("empty"), b"");

    let refused = gcloud(&[
        "cp",
        "--if-generation-match=0",
        "empty",
        "gs://of-gcloud/dir/sp ace.csv",
    ]);
    assert_ne!(refused.code, 0);
    contains(&refused.stderr, &["pre-conditions you specified did not hold"]);
    assert_eq!(
        cloud.get("/storage/v1/b/of-gcloud/o/dir%2Fsp%20ace.csv").1["generation"],
        object["generation"]
    );

    gcloud(&["cp", "gs://of-gcloud/dir/big.bin", "gs://of-gcloud/copy/big.bin"]).ok();
    gcloud(&["mv", "gs://of-gcloud/dir/sp ace.csv", "gs://of-gcloud/moved/ü.csv"]).ok();
    assert_eq!(
        cloud.objects("of-gcloud", ""),
        ["copy/big.bin", "dir/big.bin", "dir/empty", "moved/ü.csv"]
    );
    let described = gcloud(&["objects", "describe", "gs://of-gcloud/copy/big.bin", "--format=json"])
        .ok()
        .json();
    let (_, source) = cloud.get("/storage/v1/b/of-gcloud/o/dir%2Fbig.bin");
    assert_eq!(described["crc32c_hash"], source["crc32c"], "{described}");
    assert_eq!(described["size"], 20_000_000, "{described}");

    gcloud(&["rm", "gs://of-gcloud/copy/**", "gs://of-gcloud/dir/empty"]).ok();
    assert_eq!(cloud.objects("of-gcloud", ""), ["dir/big.bin", "moved/ü.csv"]);
    let refused = gcloud(&["buckets", "delete", "gs://of-gcloud"]);
    assert_ne!(refused.code, 0);
    contains(&refused.stderr, &["not empty"]);
    gcloud(&["rm", "--recursive", "gs://of-gcloud"]).ok();
    let (status, _) = request("GET", &format!("{}/storage/v1/b/of-gcloud", cloud.url()), None);
    assert_eq!(status, 404);
    let missing = gcloud(&["ls", "gs://of-gcloud"]);
    assert_ne!(missing.code, 0);
    contains(&missing.stderr, &["gs://of-gcloud not found: 404"]);
}
