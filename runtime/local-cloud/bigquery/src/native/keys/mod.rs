//! Keysets and the encryption of single values by them: KEYS.*, AEAD.*, DETERMINISTIC_*. Keysets and ciphertexts are
//! Tink's: <https://developers.google.com/tink/wire-format>. A keyset is a secret: no message holds a part of one.

mod ciphers;
mod keyset;
mod keyset_json;
mod random;
mod wrapped;

use keyset::{KeyKind, Keyset};
pub(crate) use wrapped::{WRAPPED, Wrapping};

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    // What draws at random has a last argument that is another for each row.
    native("new_keyset", Answers::Bytes, new_keyset),
    native("rotate_keyset", Answers::Bytes, rotate),
    native("add_raw_key", Answers::Bytes, add_raw_key),
    native("keyset_length", Answers::Int, length),
    native("keyset_to_json", Answers::Text, to_json),
    native("keyset_from_json", Answers::Bytes, from_json),
    native("aead_encrypt", Answers::Bytes, |args| {
        encrypt(&AEAD, "AEAD.ENCRYPT", args)
    }),
    native("aead_decrypt_bytes", Answers::Bytes, |args| {
        decrypt(&AEAD, "AEAD.DECRYPT_BYTES", args).map(Cell::Bytes)
    }),
    native("aead_decrypt_text", Answers::Text, |args| {
        decrypt_text(&AEAD, "AEAD.DECRYPT_STRING", "AEAD.DECRYPT_BYTES", args)
    }),
    native("deterministic_encrypt", Answers::Bytes, |args| {
        encrypt(&DETERMINISTIC, "DETERMINISTIC_ENCRYPT", args)
    }),
    native("deterministic_decrypt_bytes", Answers::Bytes, |args| {
        decrypt(&DETERMINISTIC, "DETERMINISTIC_DECRYPT_BYTES", args).map(Cell::Bytes)
    }),
    native("deterministic_decrypt_text", Answers::Text, |args| {
        decrypt_text(
            &DETERMINISTIC,
            "DETERMINISTIC_DECRYPT_STRING",
            "DETERMINISTIC_DECRYPT_BYTES",
            args,
        )
    }),
];

/// What a family of functions makes of a keyset: the primitive's name, and the keys that it takes.
struct Primitive {
    name: &'static str,
    takes: fn(KeyKind) -> bool,
}

const AEAD: Primitive = Primitive {
    name: "AEAD",
    takes: |kind| kind != KeyKind::Siv,
};
const DETERMINISTIC: Primitive = Primitive {
    name: "Deterministic AEAD",
    takes: |kind| kind == KeyKind::Siv,
};

/// A type of keys that are made anew, by its name.
fn made(function: &str, key_type: &str) -> Result<KeyKind, String> {
    match key_type {
        "AEAD_AES_GCM_256" => Ok(KeyKind::Gcm),
        "DETERMINISTIC_AEAD_AES_SIV_CMAC_256" => Ok(KeyKind::Siv),
        _ => Err(format!("Invalid key type provided to {function}: {key_type}")),
    }
}

fn new_keyset(args: &[Cell]) -> Outcome {
    let [Cell::Text(key_type), _] = args else {
        return Err(misused());
    };
    made("KEYS.NEW_KEYSET", key_type).map(|kind| Cell::Bytes(fresh(kind).written()))
}

/// A keyset of one new key.
fn fresh(kind: KeyKind) -> Keyset {
    let mut keyset = Keyset::default();
    keyset.add_primary(kind);
    keyset
}

/// A new key must be of the primitive that the keyset's keys are of.
fn must_suit(function: &str, keyset: &Keyset, kind: KeyKind) -> Result<(), String> {
    let family = |kind: KeyKind| kind == KeyKind::Siv;
    let suits = keyset
        .key
        .iter()
        .all(|key| key.kind().is_none_or(|k| family(k) == family(kind)));
    suits
        .then_some(())
        .ok_or_else(|| format!("{function} failed: the key type must match that of the existing keys of the keyset"))
}

fn read(function: &str, keyset: &[u8]) -> Result<Keyset, String> {
    Keyset::read(keyset).ok_or_else(|| format!("{function} failed: the keyset could not be parsed"))
}

fn rotate(args: &[Cell]) -> Outcome {
    let [Cell::Bytes(keyset), Cell::Text(key_type), _] = args else {
        return Err(misused());
    };
    let function = "KEYS.ROTATE_KEYSET";
    let mut keyset = read(function, keyset)?;
    let kind = made(function, key_type)?;
    must_suit(function, &keyset, kind)?;
    keyset.add_primary(kind);
    Ok(Cell::Bytes(keyset.written()))
}

fn add_raw_key(args: &[Cell]) -> Outcome {
    let [Cell::Bytes(keyset), Cell::Text(key_type), Cell::Bytes(raw), _] = args else {
        return Err(misused());
    };
    let function = "KEYS.ADD_KEY_FROM_RAW_BYTES";
    let (kind, lengths, expected) = match key_type.as_str() {
        "AES_GCM" => (KeyKind::Gcm, [16, 32].as_slice(), "16 or 32"),
        "AES_CBC_PKCS" => (KeyKind::Cbc, [16, 24, 32].as_slice(), "16, 24, or 32"),
        _ => return Err(format!("Invalid key type provided to {function}: {key_type}")),
    };
    if !lengths.contains(&raw.len()) {
        return Err(format!(
            "Failed to add a key from raw bytes: Unsupported key size: {} bytes; expected {expected} bytes.",
            raw.len()
        ));
    }
    let mut keyset = read(function, keyset)?;
    if keyset.is_empty() {
        return Err(format!(
            "{function} failed: A valid keyset must contain at least one key."
        ));
    }
    keyset.add_raw(kind, raw);
    Ok(Cell::Bytes(keyset.written()))
}

fn length(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(keyset)] => Ok(Cell::Int(read("KEYS.KEYSET_LENGTH", keyset)?.len() as i128)),
        _ => Err(misused()),
    }
}

fn to_json(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Bytes(keyset)] => Ok(Cell::Text(keyset_json::written(&read("KEYS.KEYSET_TO_JSON", keyset)?))),
        _ => Err(misused()),
    }
}

fn from_json(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(json)] => keyset_json::read(json)
            .map(|keyset| Cell::Bytes(keyset.written()))
            .ok_or_else(|| "KEYS.KEYSET_FROM_JSON failed: the JSON is no keyset".into()),
        _ => Err(misused()),
    }
}

fn bytes(cell: &Cell) -> Result<&[u8], String> {
    match cell {
        Cell::Text(text) => Ok(text.as_bytes()),
        Cell::Bytes(bytes) => Ok(bytes),
        _ => Err(misused()),
    }
}

/// The keyset as what the function needs of it.
fn prepared(primitive: &Primitive, function: &str, keyset: &Cell) -> Result<Keyset, String> {
    let keyset = read(function, bytes(keyset)?)?;
    let why = if keyset.is_empty() {
        "A valid keyset must contain at least one key."
    } else if !keyset.has_enabled_primary() {
        "A valid keyset must have an enabled primary key."
    } else if !keyset.enabled().all(|key| key.kind().is_some_and(primitive.takes)) {
        "The keyset holds keys of another primitive."
    } else {
        return Ok(keyset);
    };
    Err(format!(
        "{function} failed: Creation of {} primitive failed: {why}",
        primitive.name
    ))
}

fn encrypt(primitive: &Primitive, function: &str, args: &[Cell]) -> Outcome {
    let [keyset, plaintext, context, ..] = args else {
        return Err(misused());
    };
    let keyset = prepared(primitive, function, keyset)?;
    let (plaintext, context) = (bytes(plaintext)?, bytes(context)?);
    let sealed = keyset.primary().and_then(|key| {
        let sealed = ciphers::seal(key.kind()?, &key.material()?, plaintext, context)?;
        Some([key.prefix(), sealed].concat())
    });
    sealed
        .map(Cell::Bytes)
        .ok_or_else(|| format!("{function} failed: the primary key does not encrypt"))
}

fn decrypt(primitive: &Primitive, function: &str, args: &[Cell]) -> Result<Vec<u8>, String> {
    let [keyset, ciphertext, context] = args else {
        return Err(misused());
    };
    let keyset = prepared(primitive, function, keyset)?;
    let (ciphertext, context) = (bytes(ciphertext)?, bytes(context)?);
    let opened = keyset.enabled().find_map(|key| {
        let sealed = ciphertext.strip_prefix(key.prefix().as_slice())?;
        ciphers::open(key.kind()?, &key.material()?, sealed, context)
    });
    opened.ok_or_else(|| format!("{function} failed: decryption failed"))
}

fn decrypt_text(primitive: &Primitive, function: &str, of_bytes: &str, args: &[Cell]) -> Outcome {
    let plaintext = decrypt(primitive, function, args)?;
    String::from_utf8(plaintext).map(Cell::Text).map_err(|_| {
        format!(
            "{function} failed: Decrypted plaintext is not a valid UTF-8 string. To decrypt to BYTES, use {of_bytes}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_keyset_encrypts_its_later_self_decrypts() {
        let [salt, text, context] = ["", "жук", "id 1"].map(|t| Cell::Text(t.into()));
        for (key_type, seal, open) in [
            ("AEAD_AES_GCM_256", "aead_encrypt", "aead_decrypt_text"),
            (
                "DETERMINISTIC_AEAD_AES_SIV_CMAC_256",
                "deterministic_encrypt",
                "deterministic_decrypt_text",
            ),
        ] {
            let call = |name: &str, args: &[Cell]| {
                let native = NATIVES.iter().find(|n| n.name == name).unwrap();
                (native.call)(args)
            };
            let key_type = Cell::Text(key_type.into());
            let keyset = new_keyset(&[key_type.clone(), salt.clone()]).unwrap();
            let sealed = call(seal, &[keyset.clone(), text.clone(), context.clone(), salt.clone()]).unwrap();
            let rotated = rotate(&[keyset, key_type, salt.clone()]).unwrap();
            assert_eq!(length(std::slice::from_ref(&rotated)), Ok(Cell::Int(2)));
            assert_eq!(
                call(open, &[rotated.clone(), sealed.clone(), context.clone()]),
                Ok(text.clone())
            );
            let wrong = call(open, &[rotated, sealed, text.clone()]);
            assert!(wrong.is_err_and(|e| e.ends_with("failed: decryption failed")));
        }
    }
}
