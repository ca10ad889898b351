//! The JWT bearer flow: an assertion signed with RS256 by the connected app's private key.

use base64::Engine;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use super::App;
use crate::Error;

/// An assertion may be valid for three minutes; clocks differ a little.
const LONGEST_MS: i64 = 5 * 60 * 1000;

/// Why an assertion is refused: OAuth's error and description.
pub(super) fn verify(app: &App, assertion: &str) -> Result<(), (&'static str, &'static str)> {
    let invalid = |what| Err(("invalid_grant", what));
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let Some((signed, signature)) = assertion.rsplit_once('.') else {
        return invalid("invalid assertion");
    };
    let Some((header, claims)) = signed.split_once('.') else {
        return invalid("invalid assertion");
    };
    let json =
        |part: &str| -> Option<Value> { serde_json::from_slice(&engine.decode(part.trim_end_matches('=')).ok()?).ok() };
    let (Some(header), Some(claims)) = (json(header), json(claims)) else {
        return invalid("invalid assertion");
    };
    if header["alg"] != "RS256" {
        return invalid("invalid assertion");
    }
    if claims["iss"] != app.settings.client_id.as_str() {
        return Err(("invalid_client_id", "client identifier invalid"));
    }
    let Some(key) = &app.settings.public_key else {
        return Err(("invalid_app_access", "no certificate is registered for this app"));
    };
    let verified = engine.decode(signature.trim_end_matches('=')).is_ok_and(|s| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
            .verify(signed.as_bytes(), &s)
            .is_ok()
    });
    if !verified {
        return invalid("invalid assertion");
    }
    let ours = [
        app.base_url.as_str(),
        "https://login.salesforce.com",
        "https://test.salesforce.com",
    ];
    let of_us = |aud: &Value| aud.as_str().is_some_and(|a| ours.contains(&a.trim_end_matches('/')));
    let audience = &claims["aud"];
    if !(of_us(audience) || audience.as_array().is_some_and(|all| all.iter().any(of_us))) {
        return invalid("audience is invalid");
    }
    let expires = claims["exp"]
        .as_f64()
        .or_else(|| claims["exp"].as_str().and_then(|e| e.parse().ok()))
        .map(|s| (s * 1000.0) as i64);
    let now = app.org.clock.now();
    match expires {
        Some(at) if at > now && at <= now + LONGEST_MS => {}
        Some(at) if at <= now => return invalid("expired authorization code"),
        _ => return invalid("assertion must expire within 3 minutes"),
    }
    if claims["sub"].as_str() != Some(app.settings.username.as_str()) {
        return invalid("user hasn't approved this consumer");
    }
    Ok(())
}

/// The RSA public key (PKCS #1) in a PEM: of a certificate, a public key, or a private key in PKCS #8.
pub(crate) fn public_key(pem: &str) -> Result<Vec<u8>, Error> {
    let block = pem::parse(pem).map_err(|_| Error::Certificate("it is no PEM"))?;
    let der = block.contents();
    let found = match block.tag() {
        "RSA PUBLIC KEY" => Some(der.to_vec()),
        "PUBLIC KEY" => spki_key(der),
        "CERTIFICATE" => certificate_key(der),
        "PRIVATE KEY" => ring::rsa::KeyPair::from_pkcs8(der)
            .ok()
            .map(|pair| pair.public().as_ref().to_vec()),
        _ => return Err(Error::Certificate("it is neither a certificate nor a key")),
    };
    found.ok_or(Error::Certificate("it holds no RSA key"))
}

/// Tag and content of the first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut len = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        if count > 4 {
            return None;
        }
        len = rest.get(..count)?.iter().fold(0, |n, &b| n << 8 | usize::from(b));
        rest = &rest[count..];
    }
    Some((tag, rest.get(..len)?, &rest[len..]))
}

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// SubjectPublicKeyInfo: algorithm, then the key as a bit string.
fn spki_key(der: &[u8]) -> Option<Vec<u8>> {
    let (SEQUENCE, inner, _) = element(der)? else {
        return None;
    };
    let (SEQUENCE, _, rest) = element(inner)? else {
        return None;
    };
    let (BIT_STRING, bits, _) = element(rest)? else {
        return None;
    };
    bits.split_first().map(|(_, key)| key.to_vec())
}

/// Certificate → TBSCertificate → version?, serial, algorithm, issuer, validity, subject, SubjectPublicKeyInfo.
fn certificate_key(der: &[u8]) -> Option<Vec<u8>> {
    let (SEQUENCE, certificate, _) = element(der)? else {
        return None;
    };
    let (SEQUENCE, mut tbs, _) = element(certificate)? else {
        return None;
    };
    if tbs.first() == Some(&0xA0) {
        tbs = element(tbs)?.2;
    }
    for _ in 0..5 {
        tbs = element(tbs)?.2;
    }
    spki_key(tbs)
}
