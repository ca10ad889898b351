//! Signatures of checksums, by GnuPG with a key of the caller's, in a keyring that is there for one run. Which files are signed:
//! `release`.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::shell::{Error, Result, fail, which};

/// The private key's text; a file is named by an option.
const KEY: &str = "HEADWATER_SIGNING_KEY";
/// The key's passphrase, where it has one.
const PASSPHRASE: &str = "HEADWATER_SIGNING_PASSPHRASE";

/// What the public registry accepts, by OpenPGP's numbers: RSA and DSA (<https://www.rfc-editor.org/rfc/rfc9580#section-9.1>).
const ACCEPTED: [&str; 3] = ["1", "3", "17"];

/// A key, ready to sign.
pub struct Signer {
    keyring: tempfile::TempDir,
    passphrase: String,
    /// The key's long id, in hexadecimal digits.
    pub id: String,
    /// The public key in ASCII armor.
    pub public: String,
}

impl Signer {
    /// The key in a file, or in the environment; none when neither names one.
    pub fn find(file: Option<&Path>) -> Result<Option<Self>> {
        let key = match (file, std::env::var(KEY)) {
            (Some(file), _) => std::fs::read(file)
                .map_err(|e| Error(format!("--signing-key {}: cannot read it: {e}", file.display())))?,
            (None, Ok(text)) if !text.trim().is_empty() => text.into_bytes(),
            _ => return Ok(None),
        };
        Self::new(&key, std::env::var(PASSPHRASE).unwrap_or_default()).map(Some)
    }

    fn new(key: &[u8], passphrase: String) -> Result<Self> {
        if which("gpg").is_none() {
            return fail("gpg is not on PATH: it signs the checksums; install GnuPG (Debian: gnupg, Homebrew: gnupg)");
        }
        let mut signer = Self {
            keyring: tempfile::Builder::new()
                .permissions(std::fs::Permissions::from_mode(0o700))
                .tempdir()?,
            passphrase,
            id: String::new(),
            public: String::new(),
        };
        signer
            .gpg(&["--import"], key)
            .map_err(|e| Error(format!("the signing key is not one that gpg can import: {}", e.0)))?;
        signer.id = only_key(&signer.gpg(&["--with-colons", "--list-secret-keys"], &[])?)?;
        signer.public = signer.gpg(&["--armor", "--export", &signer.id], &[])?;
        Ok(signer)
    }

    /// Writes a detached signature, binary, as registries want it.
    pub fn sign(&self, file: &Path, signature: &Path) -> Result<()> {
        let content = std::fs::read(file)?;
        // Through files and not through gpg's own output, so that the passphrase can come by stdin.
        let draft = self.keyring.path().join("content");
        std::fs::write(&draft, content)?;
        let made = self.keyring.path().join("content.sig");
        let draft = draft.to_string_lossy();
        let arguments = [
            "--yes",
            "--local-user",
            &self.id,
            "--digest-algo",
            "SHA512",
            "--pinentry-mode",
            "loopback",
            "--passphrase-fd",
            "0",
            "--detach-sign",
            &draft,
        ];
        self.gpg(&arguments, self.passphrase.as_bytes()).map_err(|e| {
            Error(format!(
                "{} is not signed; {PASSPHRASE} is to hold the key's passphrase where it has one: {}",
                file.display(),
                e.0
            ))
        })?;
        std::fs::copy(made, signature)?;
        Ok(())
    }

    fn gpg(&self, arguments: &[&str], input: &[u8]) -> Result<String> {
        let mut child = Command::new("gpg")
            .arg("--homedir")
            .arg(self.keyring.path())
            .args(["--batch", "--no-tty", "--quiet"])
            .args(arguments)
            .env_remove(KEY)
            .env_remove(PASSPHRASE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that has failed already says why itself.
            stdin.write_all(input).ok();
        }
        let ended = child.wait_with_output()?;
        if ended.status.success() {
            return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
        }
        fail(String::from_utf8_lossy(&ended.stderr).trim().replace('\n', "; "))
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        // The agent that gpg has started for this keyring.
        Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.keyring.path())
            .args(["--kill", "all"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .ok();
    }
}

/// The id of the key in a listing, which must be one alone, and one that registries accept. The format of listings is GnuPG's
/// doc/DETAILS: 1 the kind of line, 4 the algorithm, 5 the id, 12 what the key can do (small letters: this one itself).
fn only_key(listing: &str) -> Result<String> {
    let lines: Vec<Vec<&str>> = listing.lines().map(|line| line.split(':').collect()).collect();
    let keys: Vec<&Vec<&str>> = lines
        .iter()
        .filter(|line| line[0] == "sec" && line.len() > 11)
        .collect();
    let [key] = keys.as_slice() else {
        return fail(format!(
            "the signing key's file holds {} private keys: export one, with `gpg --armor --export-secret-keys ID`",
            keys.len()
        ));
    };
    let signs = |line: &&Vec<&str>| ["sec", "ssb"].contains(&line[0]) && line.len() > 11 && line[11].contains('s');
    if let Some(other) = lines.iter().filter(signs).find(|line| !ACCEPTED.contains(&line[3])) {
        return fail(format!(
            "the signing key {} is neither RSA nor DSA (it is OpenPGP's algorithm {}), and Terraform's registry accepts no other: \
             make one with `gpg --quick-generate-key NAME rsa4096 sign`",
            other[4], other[3]
        ));
    }
    Ok(key[4].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = "sec:u:3072:1:0123456789ABCDEF:1700000000:::u:::scSC:::+:::23::0:\n\
                       fpr:::::::::00000000000000000000000000000123456789ABCDEF:\n";

    #[test]
    fn a_key_is_one_that_registries_accept() {
        assert_eq!(only_key(RSA).ok().as_deref(), Some("0123456789ABCDEF"));
        for (listing, expected) in [
            (String::new(), "0 private keys"),
            (RSA.repeat(2), "2 private keys"),
            (RSA.replace(":1:0123", ":22:0123"), "algorithm 22"),
            (
                format!("{RSA}ssb:u:256:22:1111111111111111:1700000000::::::s:::+::ed25519::\n"),
                "algorithm 22",
            ),
        ] {
            let error = only_key(&listing).err().map(|e| e.0).unwrap_or_default();
            assert!(error.contains(expected), "{error}");
        }
        // One that only encrypts signs nothing.
        let encrypts = format!("{RSA}ssb:u:256:18:1111111111111111:1700000000::::::e:::+::cv25519::\n");
        assert!(only_key(&encrypts).is_ok());
    }
}
