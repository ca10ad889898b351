//! The release set of `cargo xtask dist`, judged by Terraform: as a mirror, and as a registry that a plain server of files serves
//! by https. The programs in it are those under test, without their symbols.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use headwater_tests::programs::{self, Ended};
use headwater_tests::server::Server;

use super::tools::{contains, script};

const LIMIT: Duration = Duration::from_secs(600);
const PASSPHRASE: &str = "correct horse";
const PROVIDER: &str = "terraform-provider-headwater";
const SOURCE: &str = "headwater-data/headwater";

/// A directory with programs to pack, and a key to sign with.
struct Workshop {
    dir: tempfile::TempDir,
}

impl Workshop {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let this = Self { dir };
        fs::create_dir(this.path("programs")).unwrap();
        for program in [programs::headwater(), programs::provider()] {
            let to = this.path("programs").join(program.file_name().unwrap());
            programs::run_within(Command::new("strip").arg("-o").arg(to).arg(&program), LIMIT).ok();
        }
        // The library that the runtime links, beside it, as far as it links one.
        let linked = programs::run(Command::new("ldd").arg(programs::headwater()))
            .ok()
            .stdout;
        if let Some(library) = library(&linked) {
            std::os::unix::fs::symlink(&library, this.path("programs").join(library.file_name().unwrap())).unwrap();
        }
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A key of this kind with a passphrase, exported to a file.
    fn key(&self, name: &str, algorithm: &str) -> PathBuf {
        let home = self.path(&format!("{name}.gnupg"));
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let gpg = |arguments: &[&str]| {
            let mut command = Command::new("gpg");
            command.arg("--homedir").arg(&home).args(["--batch", "--quiet"]);
            command.args(["--pinentry-mode", "loopback", "--passphrase", PASSPHRASE]);
            programs::run(command.args(arguments)).ok().stdout
        };
        gpg(&[
            "--quick-generate-key",
            &format!("{name} <{name}@example.com>"),
            algorithm,
            "sign",
            "never",
        ]);
        let file = self.path(&format!("{name}.asc"));
        fs::write(&file, gpg(&["--armor", "--export-secret-keys"])).unwrap();
        programs::run(
            Command::new("gpgconf")
                .arg("--homedir")
                .arg(&home)
                .args(["--kill", "all"]),
        );
        file
    }

    fn dist(&self, arguments: &[&str]) -> Ended {
        let mut command = programs::xtask();
        command
            .current_dir(self.dir.path())
            .env_remove("HEADWATER_SIGNING_KEY")
            .env("HEADWATER_SIGNING_PASSPHRASE", PASSPHRASE)
            .arg("dist")
            .args(arguments);
        programs::run_within(&mut command, LIMIT)
    }

    /// Makes the archives from the programs; quickly, not small.
    fn make(&self, arguments: &[&str]) -> Ended {
        self.dist(&[&["--programs-from", "programs", "--compression", "0"], arguments].concat())
    }

    /// A working directory of terraform that takes the provider from this source, with these settings.
    fn terraform(&self, name: &str, source: &str, settings: &str) -> Workspace {
        let dir = self.path(name);
        fs::create_dir(&dir).unwrap();
        let configuration =
            format!("terraform {{\n  required_providers {{\n    headwater = {{ source = \"{source}\" }}\n  }}\n}}\n");
        fs::write(dir.join("main.tf"), configuration).unwrap();
        fs::write(dir.join("terraform.rc"), settings).unwrap();
        Workspace {
            dir,
            certificate: self.path("certificate.pem"),
        }
    }

    /// A server of the files in a directory, with a certificate of its own.
    fn serve(&self, directory: &str) -> Server {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (self.path("certificate.pem"), self.path("certificate.key"));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let directory = self.path(directory);
        let mut server = script("static_https.py", directory.to_str().unwrap());
        Server::start(server.arg(&certificate).arg(&key), self.path("https.log"))
    }
}

struct Workspace {
    dir: PathBuf,
    certificate: PathBuf,
}

impl Workspace {
    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(programs::terraform());
        command
            .current_dir(&self.dir)
            .env("TF_CLI_CONFIG_FILE", self.dir.join("terraform.rc"))
            .env("SSL_CERT_FILE", &self.certificate)
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .args(arguments);
        programs::run_within(&mut command, LIMIT)
    }

    fn init(&self) -> Ended {
        self.run(&["init", "-no-color"])
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.dir.join(".terraform.lock.hcl")).unwrap()
    }

    /// What is installed is the provider, and it runs.
    #[track_caller]
    fn assert_answers(&self, address: &str) {
        let schema = self.run(&["providers", "schema", "-json"]).ok().json();
        let resources = &schema["provider_schemas"][address]["resource_schemas"];
        assert!(
            resources["headwater_salesforce_extract"].is_object(),
            "{address}: {schema}"
        );
    }
}

/// Where the dynamic linker finds DuckDB.
fn library(ldd: &str) -> Option<PathBuf> {
    let line = ldd.lines().find(|line| line.contains("libduckdb"))?;
    let path = line.split_once("=> ")?.1.split(" (").next()?;
    Some(PathBuf::from(path))
}

/// The names and contents of a directory's files.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

/// The version that the programs are of.
fn version() -> String {
    let said = programs::run(Command::new(programs::provider()).args(["--json", "version"]))
        .ok()
        .json();
    said["version"].as_str().unwrap().to_owned()
}

#[test]
fn a_release_set_is_the_same_each_time_and_terraform_installs_it_from_a_mirror() {
    let shop = Workshop::new();
    let version = version();
    let unsigned = shop.make(&["--output", "first", "--mirror", "mirror"]).ok();
    contains(
        &unsigned.stderr,
        &["UNSIGNED", "--signing-key", "HEADWATER_SIGNING_KEY"],
    );
    shop.make(&["--output", "second"]).ok();
    let (first, second) = (files(&shop.path("first")), files(&shop.path("second")));
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    let [archive, runtime] = [
        names.iter().find(|name| name.ends_with(".zip")).unwrap(),
        names.iter().find(|name| name.ends_with(".tar.gz")).unwrap(),
    ];
    let platform = archive
        .strip_prefix(&format!("{PROVIDER}_{version}_"))
        .and_then(|rest| rest.strip_suffix(".zip"))
        .unwrap();
    assert_eq!(
        names,
        [
            format!("headwater_{version}_SHA256SUMS"),
            format!("headwater_{version}_{platform}.tar.gz"),
            format!("{PROVIDER}_{version}_SHA256SUMS"),
            format!("{PROVIDER}_{version}_{platform}.zip"),
            format!("{PROVIDER}_{version}_manifest.json"),
        ]
    );
    for ((name, once), (_, again)) in first.iter().zip(&second) {
        assert!(once == again, "{name} differs between two runs");
    }
    // A judge of another author.
    for sums in [
        format!("headwater_{version}_SHA256SUMS"),
        format!("{PROVIDER}_{version}_SHA256SUMS"),
    ] {
        programs::run(
            Command::new("sha256sum")
                .current_dir(shop.path("first"))
                .args(["--check", &sums]),
        )
        .ok();
    }

    // The runtime's archive holds all that the runtime needs.
    let unpacked = shop.path("unpacked");
    fs::create_dir(&unpacked).unwrap();
    let mut tar = Command::new("tar");
    tar.current_dir(&unpacked).args(["-x", "--strip-components=1", "-f"]);
    programs::run(tar.arg(shop.path("first").join(runtime))).ok();
    let program = unpacked.join("bin/headwater");
    let bare = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new(program);
        programs::run(command.env_remove("LD_LIBRARY_PATH").args(arguments))
            .ok()
            .stdout
    };
    contains(&bare(&program, &["version"]), &[&version]);
    if let Some(found) = library(&bare(Path::new("ldd"), &[program.to_str().unwrap()])) {
        let own = unpacked.join("lib").join(found.file_name().unwrap());
        assert_eq!(found.canonicalize().unwrap(), own.canonicalize().unwrap());
    }
    let bash = fs::read_to_string(unpacked.join("share/bash-completion/completions/headwater")).unwrap();
    contains(&bash, &["complete -F _headwater"]);

    // The provider, from the mirror as files and from the same directory by https.
    let mirror = shop.path("mirror");
    let server = shop.serve("mirror");
    for (name, said, settings) in [
        (
            "by-files",
            "unauthenticated",
            format!("filesystem_mirror {{\n    path = \"{}\"\n  }}", mirror.display()),
        ),
        (
            "by-https",
            "verified checksum",
            format!("network_mirror {{\n    url = \"{}/\"\n  }}", server.base_url()),
        ),
    ] {
        let workspace = shop.terraform(name, SOURCE, &format!("provider_installation {{\n  {settings}\n}}\n"));
        let installed = format!("Installed {SOURCE} v{version} ({said})");
        contains(&workspace.init().ok().stdout, &[&installed]);
        contains(&workspace.lock(), &["\"h1:"]);
        workspace.assert_answers(&format!("registry.terraform.io/{SOURCE}"));
    }
}

#[test]
fn terraform_installs_and_verifies_from_a_registry_of_files() {
    let shop = Workshop::new();
    let version = version();
    for (key, expected) in [
        (None, "no key to sign with"),
        (Some(shop.key("elliptic", "ed25519")), "neither RSA nor DSA"),
    ] {
        let key = key.map(|key| key.display().to_string());
        let key: Vec<&str> = key
            .as_deref()
            .map(|key| ["--signing-key", key])
            .into_iter()
            .flatten()
            .collect();
        let refused = shop.make(&[&["--output", "none", "--registry", "none"], key.as_slice()].concat());
        assert_eq!(refused.code, 1, "{}", refused.text());
        contains(&refused.stderr, &[expected]);
        assert!(!shop.path("none").exists(), "it is refused before anything is made");
    }

    // Two steps, as when archives come from several machines.
    shop.make(&["--output", "set"]).ok();
    let key = shop.key("signer", "rsa3072");
    let publish = [
        "--finish",
        "set",
        "--registry",
        "registry",
        "--require-signature",
        "--signing-key",
    ];
    let published = shop.dist(&[&publish[..], &[key.to_str().unwrap()]].concat()).ok();
    assert!(!published.stderr.contains("UNSIGNED"), "{}", published.stderr);
    let id = published
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("signed by  "))
        .unwrap()
        .to_owned();
    let all = [published.stdout, published.stderr].concat();
    assert!(!all.contains(PASSPHRASE) && !all.contains("PRIVATE KEY"), "{all}");

    let server = shop.serve("registry");
    let source = format!("localhost:{}/{SOURCE}", server.port());
    let workspace = shop.terraform("good", &source, "");
    let said = workspace.init().ok().stdout;
    contains(&said, &[&format!("v{version} (self-signed, key ID {id})")]);
    let folder = shop.path(&format!("registry/v1/providers/{SOURCE}/{version}"));
    let sums = fs::read_to_string(folder.join(format!("{PROVIDER}_{version}_SHA256SUMS"))).unwrap();
    let (lock, mut archives) = (workspace.lock(), 0);
    assert!(lock.contains("\"h1:"), "{lock}");
    for line in sums.lines() {
        let (sum, _) = line.split_once("  ").unwrap();
        assert!(lock.contains(&format!("\"zh:{sum}\"")), "{line} is not in {lock}");
        archives += 1;
    }
    assert_eq!(archives, 2, "the archive and the manifest: {sums}");
    workspace.assert_answers(&source);

    // What was published does not change.
    let other = shop.path("set").join(format!("{PROVIDER}_{version}_plan9_amd64.zip"));
    fs::write(&other, "another platform").unwrap();
    let refused = shop.dist(&[&publish[..], &[key.to_str().unwrap()]].concat());
    contains(&refused.stderr, &["a change needs a new version"]);

    // Each damage is seen by Terraform: of an archive, of the checksums, of what the checksums were signed with.
    let archive = files(&folder)
        .into_iter()
        .find(|(name, _)| name.ends_with(".zip"))
        .unwrap();
    let sums_file = folder.join(format!("{PROVIDER}_{version}_SHA256SUMS"));
    let signature = folder.join(format!("{PROVIDER}_{version}_SHA256SUMS.sig"));
    let mut bent = archive.1.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    let stranger = fs::read(&signature).map(|mut bytes| {
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    });
    for (name, file, content, expected) in [
        ("archive", folder.join(&archive.0), bent, "checksum"),
        ("sums", sums_file, format!("{sums}\n").into_bytes(), "signature"),
        ("signature", signature, stranger.unwrap(), "signature"),
    ] {
        let good = fs::read(&file).unwrap();
        fs::write(&file, content).unwrap();
        let refused = shop.terraform(name, &source, "").init();
        fs::write(&file, good).unwrap();
        assert_ne!(refused.code, 0, "{name}: {}", refused.text());
        contains(&refused.stderr, &["Failed to install provider", expected]);
    }
}
