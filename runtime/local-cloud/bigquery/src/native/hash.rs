//! Hashes that DuckDB does not have.

use sha2::Digest as _;

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("farm_fingerprint", Answers::Int, farm_fingerprint),
    native("sha512", Answers::Bytes, sha512),
];

fn bytes(args: &[Cell]) -> Result<&[u8], String> {
    match args {
        [Cell::Text(text)] => Ok(text.as_bytes()),
        [Cell::Bytes(bytes)] => Ok(bytes),
        _ => Err(misused()),
    }
}

fn farm_fingerprint(args: &[Cell]) -> Outcome {
    let fingerprint = farmhash::fingerprint64(bytes(args)?);
    Ok(Cell::Int(fingerprint.cast_signed().into()))
}

fn sha512(args: &[Cell]) -> Outcome {
    Ok(Cell::Bytes(sha2::Sha512::digest(bytes(args)?).to_vec()))
}
