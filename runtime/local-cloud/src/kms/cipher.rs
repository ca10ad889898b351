//! Encryption by keys. A ciphertext says which version of its key made it; nobody but this service reads one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use rand::RngExt;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::json;

use super::keys::{self, Key};
use super::versions::Version;
use super::{KEY, bytes, place};
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::store::View;

const MOST_BYTES: usize = 64 << 10;
const NONCE_LENGTH: usize = 12;
/// How a ciphertext of this service begins.
const MARK: [u8; 3] = *b"hw\x01";

pub(super) fn methods() -> Vec<Method> {
    const ID: &str = "cloudkms.projects.locations.keyRings.cryptoKeys.encrypt";
    vec![
        method(
            ID,
            "POST",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}:encrypt",
            encrypt_call,
        ),
        method(
            ID,
            "POST",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}/cryptoKeyVersions/{version}:encrypt",
            encrypt_call,
        ),
        method(
            "cloudkms.projects.locations.keyRings.cryptoKeys.decrypt",
            "POST",
            "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}:decrypt",
            decrypt_call,
        ),
    ]
}

pub(super) struct Encrypted {
    /// The version's name.
    by: String,
    pub(super) ciphertext: Vec<u8>,
}

pub(super) struct Decrypted {
    pub(super) plaintext: Vec<u8>,
    by_primary: bool,
}

/// Encrypts by the key's primary version.
pub(super) fn encrypt(
    view: &impl View,
    now: DateTime<Utc>,
    place: &[String; 4],
    plaintext: &[u8],
    context: &[u8],
) -> Result<Encrypted, ApiError> {
    let key = Key::read(view, place)?;
    let primary = key.primary.ok_or_else(|| {
        ApiError::failed_precondition(format!("CryptoKey {} has no primary version.", keys::name(place)))
    })?;
    by(view, now, &Version::read(view, place, primary)?, plaintext, context)
}

fn by(
    view: &impl View,
    now: DateTime<Utc>,
    version: &Version,
    plaintext: &[u8],
    context: &[u8],
) -> Result<Encrypted, ApiError> {
    let key = prepared(&version.material(view, now)?)?;
    let nonce: [u8; NONCE_LENGTH] = rand::rng().random();
    let mut sealed = plaintext.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut sealed)
        .map_err(|_| ApiError::internal("encryption failed"))?;
    Ok(Encrypted {
        by: version.name(),
        ciphertext: [MARK.as_slice(), &version.number().to_be_bytes(), &nonce, &sealed].concat(),
    })
}

/// Decrypts by the version that the ciphertext names.
pub(super) fn decrypt(
    view: &impl View,
    now: DateTime<Utc>,
    place: &[String; 4],
    ciphertext: &[u8],
    context: &[u8],
) -> Result<Decrypted, ApiError> {
    let key = Key::read(view, place)?;
    let wrong = || ApiError::invalid("Decryption failed: verify that 'name' refers to the correct CryptoKey.");
    let rest = ciphertext.strip_prefix(MARK.as_slice()).ok_or_else(wrong)?;
    let (number, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
    let (nonce, sealed) = rest.split_first_chunk().ok_or_else(wrong)?;
    let number = u64::from_be_bytes(*number);
    if number == 0 || number > key.made {
        return Err(wrong());
    }
    let material = Version::read(view, place, number)?.material(view, now)?;
    let mut opened = sealed.to_vec();
    let plaintext = prepared(&material)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut opened)
        .map_err(|_| wrong())?;
    Ok(Decrypted {
        plaintext: plaintext.to_vec(),
        by_primary: key.primary == Some(number),
    })
}

fn prepared(material: &[u8]) -> Result<LessSafeKey, ApiError> {
    let key = UnboundKey::new(&AES_256_GCM, material);
    key.map(LessSafeKey::new)
        .map_err(|_| ApiError::internal("a version of a key is made of too little"))
}

fn must_fit(name: &str, data: &[u8]) -> Result<(), ApiError> {
    if data.len() > MOST_BYTES {
        return Err(ApiError::invalid(format!("{name} is larger than {MOST_BYTES} bytes.")));
    }
    Ok(())
}

async fn encrypt_call(mut call: Call) -> Answer {
    let body = call.json().await?;
    let (plaintext, plaintext_checked) = bytes(&body, "plaintext")?;
    let (context, context_checked) = bytes(&body, "additionalAuthenticatedData")?;
    must_fit("plaintext", &plaintext)?;
    must_fit("additional_authenticated_data", &context)?;
    let (snapshot, now, place) = (call.cloud.store.snapshot()?, call.cloud.clock.now(), place(&call, KEY));
    let encrypted = match call.param("version") {
        "" => encrypt(&snapshot, now, &place, &plaintext, &context)?,
        wanted => {
            Key::read(&snapshot, &place)?;
            by(
                &snapshot,
                now,
                &Version::named(&snapshot, &place, wanted)?,
                &plaintext,
                &context,
            )?
        }
    };
    ok(&json!({
        "name": encrypted.by,
        "ciphertext": STANDARD.encode(&encrypted.ciphertext),
        "ciphertextCrc32c": crc32c::crc32c(&encrypted.ciphertext).to_string(),
        "verifiedPlaintextCrc32c": plaintext_checked,
        "verifiedAdditionalAuthenticatedDataCrc32c": context_checked,
        "protectionLevel": "SOFTWARE",
    }))
}

async fn decrypt_call(mut call: Call) -> Answer {
    let body = call.json().await?;
    let (ciphertext, _) = bytes(&body, "ciphertext")?;
    let (context, _) = bytes(&body, "additionalAuthenticatedData")?;
    let (snapshot, now) = (call.cloud.store.snapshot()?, call.cloud.clock.now());
    let decrypted = decrypt(&snapshot, now, &place(&call, KEY), &ciphertext, &context)?;
    ok(&json!({
        "plaintext": STANDARD.encode(&decrypted.plaintext),
        "plaintextCrc32c": crc32c::crc32c(&decrypted.plaintext).to_string(),
        "usedPrimary": decrypted.by_primary,
        "protectionLevel": "SOFTWARE",
    }))
}
