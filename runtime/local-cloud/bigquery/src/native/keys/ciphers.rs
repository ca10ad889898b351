//! The ciphers that keys stand for. What is sealed is as Tink lays it out, without the key's prefix.

use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::keyset::KeyKind;
use super::random;

const NONCE_LENGTH: usize = 12;
const BLOCK_LENGTH: usize = 16;

/// `None`: the key is none of the cipher's, or it does not encrypt.
pub(super) fn seal(kind: KeyKind, key: &[u8], plaintext: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    match kind {
        KeyKind::Gcm => {
            let mut nonce = [0; NONCE_LENGTH];
            random::fill(&mut nonce);
            let mut sealed = plaintext.to_vec();
            gcm(key)?
                .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut sealed)
                .ok()?;
            Some([nonce.as_slice(), &sealed].concat())
        }
        KeyKind::Siv => {
            let mut siv = Aes256Siv::new_from_slice(key).ok()?;
            siv.encrypt([context], plaintext).ok()
        }
        KeyKind::Cbc => None,
    }
}

/// `None`: it was not sealed by this key, or for another context.
pub(super) fn open(kind: KeyKind, key: &[u8], sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    match kind {
        KeyKind::Gcm => {
            let (nonce, sealed) = sealed.split_at_checked(NONCE_LENGTH)?;
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut opened = sealed.to_vec();
            let length = gcm(key)?
                .open_in_place(nonce, Aad::from(context), &mut opened)
                .ok()?
                .len();
            opened.truncate(length);
            Some(opened)
        }
        KeyKind::Siv => {
            let mut siv = Aes256Siv::new_from_slice(key).ok()?;
            siv.decrypt([context], sealed).ok()
        }
        // Nothing binds this cipher to a context.
        KeyKind::Cbc => {
            let (iv, sealed) = sealed.split_at_checked(BLOCK_LENGTH)?;
            match key.len() {
                16 => cbc::Decryptor::<aes::Aes128>::new_from_slices(key, iv)
                    .ok()?
                    .decrypt_padded_vec::<Pkcs7>(sealed)
                    .ok(),
                24 => cbc::Decryptor::<aes::Aes192>::new_from_slices(key, iv)
                    .ok()?
                    .decrypt_padded_vec::<Pkcs7>(sealed)
                    .ok(),
                32 => cbc::Decryptor::<aes::Aes256>::new_from_slices(key, iv)
                    .ok()?
                    .decrypt_padded_vec::<Pkcs7>(sealed)
                    .ok(),
                _ => None,
            }
        }
    }
}

fn gcm(key: &[u8]) -> Option<LessSafeKey> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        32 => &AES_256_GCM,
        _ => return None,
    };
    UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
}
