//! What belongs to no type: identities, names of types, who asks.

use super::Call;
use super::signature::{Ret, Scalar};
use crate::sql::{Ex, Result, Translator};
use crate::types::{Ty, literal};

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("GENERATE_UUID", "", "CAST(uuid() AS VARCHAR)", Ret::Str),
    ("BIT_COUNT", "I", "CAST(bit_count($1) AS BIGINT)", Ret::Int),
    ("BIT_COUNT", "Y", "_hw_bytes_bit_count($1)", Ret::Int),
    ("NET.HOST", "S", "_hw_host($1)", Ret::Str),
    ("NET.PUBLIC_SUFFIX", "S", "_hw_public_suffix($1)", Ret::Str),
    ("NET.REG_DOMAIN", "S", "_hw_reg_domain($1)", Ret::Str),
    ("NET.IP_FROM_STRING", "S", "_hw_ip_from_string($1)", Ret::Bytes),
    ("NET.SAFE_IP_FROM_STRING", "S", "_hw_safe_ip_from_string($1)", Ret::Bytes),
    ("NET.IP_TO_STRING", "Y", "_hw_ip_to_string($1)", Ret::Str),
    ("NET.IP_NET_MASK", "II", "_hw_ip_net_mask($*)", Ret::Bytes),
    ("NET.IP_TRUNC", "YI", "_hw_ip_trunc($*)", Ret::Bytes),
    ("NET.IPV4_FROM_INT64", "I", "_hw_ipv4_from_int64($1)", Ret::Bytes),
    ("NET.IPV4_TO_INT64", "Y", "_hw_ipv4_to_int64($1)", Ret::Int),
];

pub(super) fn special(translator: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    Ok(match (call.name, call.args) {
        ("SESSION_USER", []) => Some(Ex::new(literal(&translator.shared.user.0), Ty::String)),
        ("TYPEOF", [value]) => {
            let name = match &value.ty {
                Ty::Unknown => "INT64".to_owned(),
                ty => ty.sql(),
            };
            Some(Ex::new(literal(&name), Ty::String))
        }
        _ => None,
    })
}
