//! Mutual TLS in which each side knows the other's one certificate.
//!
//! Terraform shows a self-signed certificate that is its own authority, with a P-521 key. WebPKI refuses the first and
//! ring cannot do the second, so this pins the bytes of the certificate that Terraform announced and checks the
//! handshake's signature with RustCrypto. No signature schemes but that one are offered: Terraform has no other key.

use std::sync::Arc;

use p521::ecdsa::signature::Verifier as _;
use p521::ecdsa::{Signature, VerifyingKey};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, PeerMisbehaved, ServerConfig, SignatureScheme,
};

use super::PluginError;

/// The name by which Terraform calls every plugin.
const SERVER_NAME: &str = "localhost";

/// What precedes the 133 bytes of an uncompressed point in the DER of a P-521 public key, less the outer sequence.
const P521_KEY: [u8; 22] = [
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, // id-ecPublicKey
    0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23, // secp521r1
    0x03, 0x81, 0x86, 0x00, // a bit string of 133 bytes
];

/// Our side.
pub(super) struct Tls {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) config: Arc<ServerConfig>,
}

/// A fresh certificate, and a server that talks to the owner of that client certificate only.
pub(super) fn pinned_to(client: &[u8]) -> Result<Tls, PluginError> {
    let own = rcgen::generate_simple_self_signed([SERVER_NAME.to_owned()])?;
    let certificate = own.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let verifier = Arc::new(Pinned {
        certificate: client.to_vec(),
    });
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.clone()], key)?;
    // Newer clients insist on it.
    config.alpn_protocols = vec![b"h2".to_vec()];
    // One connection per process: a session to resume would only be made in vain.
    config.send_tls13_tickets = 0;
    Ok(Tls {
        certificate,
        config: Arc::new(config),
    })
}

#[derive(Debug)]
struct Pinned {
    certificate: Vec<u8>,
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if end_entity.as_ref() == self.certificate {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if signed.scheme != SignatureScheme::ECDSA_NISTP521_SHA512 {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        let parsed = webpki::EndEntityCert::try_from(cert).map_err(|_| CertificateError::BadEncoding)?;
        if verify(parsed.subject_public_key_info().as_ref(), message, signed.signature()) {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(CertificateError::BadSignature.into())
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP521_SHA512]
    }
}

/// The point of a P-521 key. Only it varies in such a key, so its place is found by what must stand before it.
fn point(key: &[u8]) -> Option<&[u8]> {
    key.windows(P521_KEY.len())
        .position(|window| window == P521_KEY)
        .map(|at| &key[at + P521_KEY.len()..])
}

/// Whether the owner of this P-521 key (a DER `SubjectPublicKeyInfo`) signed the message.
fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = point(key).and_then(|point| VerifyingKey::from_sec1_bytes(point).ok());
    let signature = Signature::from_der(signature).ok();
    matches!((key, signature), (Some(key), Some(signature)) if key.verify(message, &signature).is_ok())
}

/// Terraform's certificate, and a key of the same kind whose owner signed something. Damaged, neither gets anybody in.
pub(crate) fn fuzz(rng: &mut crate::fuzz::Rng) {
    use std::sync::OnceLock;

    use p521::ecdsa::SigningKey;
    use p521::ecdsa::signature::Signer as _;

    const CERTIFICATE: &[u8] = include_bytes!("../fuzz/client.der");
    const MESSAGE: &[u8] = b"transcript";
    static SIGNED: OnceLock<Option<(Vec<u8>, Vec<u8>)>> = OnceLock::new();
    let signed = SIGNED.get_or_init(|| {
        let signer = SigningKey::from_slice(&[1; 66].map(|byte: u8| byte & 1)).ok()?;
        let point = signer.verifying_key().to_sec1_point(false);
        let key = [&[0x30, 0x81, 0x9b], P521_KEY.as_slice(), point.as_bytes()].concat();
        let signature: Signature = signer.sign(MESSAGE);
        Some((key, signature.to_der().as_bytes().to_vec()))
    });
    let mut certificate = CERTIFICATE.to_vec();
    if rng.once_in(64) {
        let count = rng.below(200);
        certificate = rng.bytes(count);
    }
    rng.damage(&mut certificate);
    let damaged = CertificateDer::from(certificate);
    let pinned = Pinned {
        certificate: CERTIFICATE.to_vec(),
    };
    let admitted = pinned.verify_client_cert(&damaged, &[], UnixTime::now()).is_ok();
    assert_eq!(admitted, damaged.as_ref() == CERTIFICATE);
    if let Ok(parsed) = webpki::EndEntityCert::try_from(&damaged) {
        let _ = point(parsed.subject_public_key_info().as_ref());
    }
    // What follows takes a thousand times longer.
    let Some((key, signature)) = signed else { return };
    if rng.once_in(512) {
        let (mut bad_key, mut bad_signature) = (key.clone(), signature.clone());
        if rng.once_in(2) {
            rng.damage(&mut bad_key);
        } else {
            rng.damage(&mut bad_signature);
        }
        let same_point = point(&bad_key) == point(key);
        if verify(&bad_key, MESSAGE, &bad_signature) {
            assert!(
                same_point && bad_signature == *signature,
                "a damaged key or signature was taken"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use p521::ecdsa::SigningKey;
    use p521::ecdsa::signature::Signer as _;

    use super::*;

    #[test]
    fn signature_is_checked() -> Result<(), Box<dyn std::error::Error>> {
        let signer = SigningKey::from_slice(&[7; 66].map(|byte| byte & 1))?;
        let stranger = SigningKey::from_slice(&[9; 66].map(|byte| byte & 1))?;
        let other = SigningKey::from_slice(&[[0; 33], [1; 33]].concat())?;
        let der = |signer: &SigningKey| {
            let point = signer.verifying_key().to_sec1_point(false);
            [&[0x30, 0x81, 0x9b], P521_KEY.as_slice(), point.as_bytes()].concat()
        };
        let signature: Signature = signer.sign(b"transcript");
        let signature = signature.to_der();
        assert!(verify(&der(&signer), b"transcript", signature.as_bytes()));
        assert_eq!(der(&signer), der(&stranger), "the same scalar");
        assert!(
            !verify(&der(&other), b"transcript", signature.as_bytes()),
            "another key"
        );
        assert!(
            !verify(&der(&signer), b"Transcript", signature.as_bytes()),
            "another message"
        );
        assert!(
            !verify(&der(&signer), b"transcript", &signature.as_bytes()[1..]),
            "not a signature"
        );
        assert!(!verify(b"", b"transcript", signature.as_bytes()), "not a key");
        Ok(())
    }

    #[test]
    fn only_the_pinned_certificate_passes() {
        let pinned = Pinned {
            certificate: vec![1, 2, 3],
        };
        let judge = |der: Vec<u8>| {
            pinned
                .verify_client_cert(&CertificateDer::from(der), &[], UnixTime::now())
                .is_ok()
        };
        assert!(judge(vec![1, 2, 3]));
        assert!(!judge(vec![1, 2, 4]));
        assert!(
            pinned.client_auth_mandatory(),
            "a client without a certificate is turned away"
        );
    }
}
