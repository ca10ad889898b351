//! The environment that go-plugin's client sets up, and the line with which we answer.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The environment variable by which Terraform says that it started this process, and its value.
const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

/// The version of go-plugin's own protocol, and of Terraform's.
const CORE_VERSION: u32 = 1;
const PROTOCOL: u32 = 6;

/// What the client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The certificate (DER) that the client will show; `None`: no TLS.
    pub(super) client_cert: Option<Vec<u8>>,
    /// Where the socket shall be.
    pub(super) socket_dir: Option<PathBuf>,
    /// Whether the client wants to hear whether we multiplex.
    multiplex: bool,
}

/// What is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// An old client.
    #[error("terraform offers plugin protocol {0}, this provider speaks {PROTOCOL}: use terraform 1.0 or newer")]
    Protocol(String),
    /// An unreadable certificate.
    #[error("PLUGIN_CLIENT_CERT is not a PEM certificate")]
    ClientCert,
}

impl Handshake {
    /// Reads the process's environment. `None`: not started by Terraform.
    pub fn from_env() -> Result<Option<Self>, HandshakeError> {
        Handshake::from(|name| std::env::var(name).ok())
    }

    fn from(env: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, HandshakeError> {
        if env(COOKIE.0).as_deref() != Some(COOKIE.1) {
            return Ok(None);
        }
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        if let Some(versions) = set("PLUGIN_PROTOCOL_VERSIONS")
            && !versions
                .split(',')
                .any(|version| version.trim().parse() == Ok(PROTOCOL))
        {
            return Err(HandshakeError::Protocol(versions));
        }
        let client_cert = match set("PLUGIN_CLIENT_CERT") {
            Some(text) => Some(
                pem::parse(text)
                    .map_err(|_| HandshakeError::ClientCert)?
                    .into_contents(),
            ),
            None => None,
        };
        Ok(Some(Handshake {
            client_cert,
            socket_dir: set("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            multiplex: set("PLUGIN_MULTIPLEX_GRPC").is_some(),
        }))
    }

    /// `1|6|unix|/path|grpc|certificate`: the client takes a certificate only if it asked for TLS, and base64 only
    /// without padding; the seventh part only if it asked.
    pub(super) fn line(&self, socket: &Path, certificate: Option<&[u8]>) -> String {
        let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
        let multiplex = if self.multiplex { "|false" } else { "" };
        format!(
            "{CORE_VERSION}|{PROTOCOL}|unix|{}|grpc|{certificate}{multiplex}",
            socket.display()
        )
    }
}

/// The value of `TF_REATTACH_PROVIDERS` for a provider that listens there.
pub(super) fn reattach(address: &str, socket: &Path) -> String {
    serde_json::json!({ address: {
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL,
        "Pid": std::process::id(),
        "Test": true,
        "Addr": { "Network": "unix", "String": socket },
    }})
    .to_string()
}

/// Any environment gives a handshake, none, or an error; and a handshake one line.
pub(crate) fn fuzz(rng: &mut crate::fuzz::Rng) {
    const PEM: &str =
        "-----BEGIN CERTIFICATE-----\nMIIBAQIDBAUGBwgJCgsMDQ4P\nAQIDBAUGBwgJCgsMDQ4P\n-----END CERTIFICATE-----\n";
    let variables: [(&'static str, &[&str]); 5] = [
        (COOKIE.0, &[COOKIE.1]),
        ("PLUGIN_PROTOCOL_VERSIONS", &["5,6", "6", "6,5", "5"]),
        ("PLUGIN_CLIENT_CERT", &[PEM]),
        ("PLUGIN_UNIX_SOCKET_DIR", &["/tmp/x"]),
        ("PLUGIN_MULTIPLEX_GRPC", &["true", ""]),
    ];
    let mut environment = crate::fuzz::environment(rng, &variables);
    if !rng.once_in(8) {
        environment.insert(COOKIE.0, COOKIE.1.to_owned());
    }
    if let Ok(Some(handshake)) = Handshake::from(|name| environment.get(name).cloned()) {
        let line = handshake.line(Path::new("/tmp/s"), handshake.client_cert.as_deref());
        assert!(
            line.starts_with("1|6|unix|/tmp/s|grpc|") && !line.contains(['\n', '=']),
            "{line}"
        );
        assert_eq!(line.split('|').count(), if handshake.multiplex { 7 } else { 6 });
    }
    let _ = super::hclog::level("x", |name| {
        environment.values().next().cloned().filter(|_| name == "TF_LOG")
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

    fn read(vars: &[(&str, &str)]) -> Result<Option<Handshake>, HandshakeError> {
        Handshake::from(|name| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn environment_decides() {
        let with = |name, value| read(&[COOKIE, (name, value)]);
        assert_eq!(read(&[]), Ok(None), "no cookie");
        assert_eq!(read(&[(COOKIE.0, "other")]), Ok(None), "another cookie");
        assert_eq!(
            with("PLUGIN_PROTOCOL_VERSIONS", "5"),
            Err(HandshakeError::Protocol("5".into()))
        );
        assert_eq!(with("PLUGIN_CLIENT_CERT", "x"), Err(HandshakeError::ClientCert));
        assert!(matches!(with("PLUGIN_PROTOCOL_VERSIONS", "6,5"), Ok(Some(_))));
        let cert = with("PLUGIN_CLIENT_CERT", PEM).map(|read| read.and_then(|handshake| handshake.client_cert));
        assert_eq!(cert, Ok(Some(vec![1, 2, 3])));
    }

    #[test]
    fn line_has_the_parts_that_the_client_asked_for() {
        let socket = Path::new("/tmp/s");
        let line = |vars: &[_], certificate| read(vars).map(|read| read.map(|asked| asked.line(socket, certificate)));
        let says = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(
            line(&[COOKIE], None),
            says("1|6|unix|/tmp/s|grpc|"),
            "without tls the part is empty"
        );
        assert_eq!(
            line(&[COOKIE], Some(&[1])),
            says("1|6|unix|/tmp/s|grpc|AQ"),
            "no padding"
        );
        let multiplex = [COOKIE, ("PLUGIN_MULTIPLEX_GRPC", "true")];
        assert_eq!(line(&multiplex, None), says("1|6|unix|/tmp/s|grpc||false"));
    }
}
