//! Keysets and encryption: KEYS.*, AEAD.*, DETERMINISTIC_*.

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value};

use super::Call;
use super::signature::{self, Ret, Scalar};
use crate::error::Fault;
use crate::sql::scope::Scope;
use crate::sql::{Ex, Result, Translator, at};
use crate::types::{Field, Ty, literal};

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("KEYS.KEYSET_LENGTH", "Y", "_hw_keyset_length($1)", Ret::Int),
    ("KEYS.KEYSET_TO_JSON", "Y", "_hw_keyset_to_json($1)", Ret::Str),
    ("KEYS.KEYSET_FROM_JSON", "S", "_hw_keyset_from_json($1)", Ret::Bytes),
    ("AEAD.DECRYPT_STRING", "YYS", "_hw_aead_decrypt_text($*)", Ret::Str),
    ("AEAD.DECRYPT_BYTES", "YYY", "_hw_aead_decrypt_bytes($*)", Ret::Bytes),
    ("DETERMINISTIC_ENCRYPT", "YSS", "_hw_deterministic_encrypt($*)", Ret::Bytes),
    ("DETERMINISTIC_ENCRYPT", "YYY", "_hw_deterministic_encrypt($*)", Ret::Bytes),
    ("DETERMINISTIC_DECRYPT_STRING", "YYS", "_hw_deterministic_decrypt_text($*)", Ret::Str),
    ("DETERMINISTIC_DECRYPT_BYTES", "YYY", "_hw_deterministic_decrypt_bytes($*)", Ret::Bytes),
];

/// Those that draw at random. Their last argument is another for each row.
#[rustfmt::skip]
const DRAWING: &[Scalar] = &[
    ("KEYS.NEW_KEYSET", "S", "_hw_new_keyset($*)", Ret::Bytes),
    ("KEYS.ROTATE_KEYSET", "YS", "_hw_rotate_keyset($*)", Ret::Bytes),
    ("KEYS.ADD_KEY_FROM_RAW_BYTES", "YSY", "_hw_add_raw_key($*)", Ret::Bytes),
    ("AEAD.ENCRYPT", "YSS", "_hw_aead_encrypt($*)", Ret::Bytes),
    ("AEAD.ENCRYPT", "YYY", "_hw_aead_encrypt($*)", Ret::Bytes),
];

/// Whether a function answers something else each time.
pub(super) fn draws(name: &str) -> bool {
    DRAWING.iter().any(|scalar| scalar.0 == name)
}

/// Those that ask Cloud KMS: their arguments are constants, and their answer is one in the whole statement.
#[rustfmt::skip]
const WRAPPING: &[Scalar] = &[
    ("KEYS.NEW_WRAPPED_KEYSET", "SS", "_hw_new_wrapped_keyset({'k': $1, 't': $2}, $3)", Ret::Bytes),
    ("KEYS.ROTATE_WRAPPED_KEYSET", "SYS", "_hw_rotate_wrapped_keyset({'k': $1, 'w': $2, 't': $3}, $4)", Ret::Bytes),
    ("KEYS.REWRAP_KEYSET", "SSY", "_hw_rewrap_keyset({'s': $1, 't': $2, 'w': $3}, $4)", Ret::Bytes),
];
const CHAIN: Scalar = (
    "KEYS.KEYSET_CHAIN",
    "SY",
    "{'kms_resource_name': $1, 'first_level_keyset': $2}",
    Ret::Bytes,
);

/// The type of a keyset chain.
fn chain() -> Ty {
    let field = |name: &str, ty| Field { name: name.into(), ty };
    Ty::Struct(vec![
        field("kms_resource_name", Ty::String),
        field("first_level_keyset", Ty::Bytes),
    ])
}

/// A keyset chain in the place of a keyset becomes the keyset to which it leads.
pub(super) fn unwrap(name: &str, args: &mut [Ex]) {
    let takes = ["AEAD.", "DETERMINISTIC_"]
        .iter()
        .any(|family| name.starts_with(family));
    if let Some(keyset) = args.first_mut().filter(|arg| takes && arg.ty == chain()) {
        *keyset = Ex::new(format!("_hw_unwrapped_keyset({})", keyset.sql), Ty::Bytes);
    }
}

fn wrapping(translator: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let lines = WRAPPING.iter().chain([&CHAIN]);
    let Some(line) = lines.into_iter().find(|scalar| scalar.0 == call.name) else {
        return Ok(None);
    };
    call.only_named(&[])?;
    let Some(((_, _, template, ret), mut args)) = signature::best(&[line], call.args) else {
        return Err(call.no_match(&[signature::shown(line)]));
    };
    if call.name == CHAIN.0 {
        return Ok(Some(Ex::new(signature::fill(template, &args), chain())));
    }
    let ty = ret.ty(&args);
    let salt = translator.shared.salt.get_or_init(|| uuid::Uuid::new_v4().to_string());
    args.push(Ex::new(literal(salt), Ty::String));
    Ok(Some(Ex::new(signature::fill(template, &args), ty)))
}

/// Refuses arguments of what asks Cloud KMS that are not the same for all rows.
pub(super) fn check_constants(translator: &Translator<'_>, name: &str, call: &Function) -> Result<()> {
    if name != CHAIN.0 && !WRAPPING.iter().any(|scalar| scalar.0 == name) {
        return Ok(());
    }
    for (place, arg) in translator.raw_args(call)?.into_iter().enumerate() {
        let constant = !matches!(arg, Expr::Subquery(_)) && translator.expr(arg, &Scope::root()).is_ok();
        if !constant {
            return Err(Fault::query(format!(
                "Argument {} to {name} must be a constant expression{}",
                place + 1,
                at(call)
            )));
        }
    }
    Ok(())
}

pub(super) fn special(translator: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    if let Some(ex) = wrapping(translator, call)? {
        return Ok(Some(ex));
    }
    let Some(drawn) = call.drawn else {
        return Ok(None);
    };
    let known: Vec<&Scalar> = DRAWING.iter().filter(|s| s.0 == call.name).collect();
    call.only_named(&[])?;
    match signature::best(&known, call.args) {
        Some(((_, _, template, ret), mut args)) => {
            let ty = ret.ty(&args);
            args.push(drawn.clone());
            Ok(Some(Ex::new(signature::fill(template, &args), ty)))
        }
        None => Err(call.no_match(&known.iter().map(|s| signature::shown(s)).collect::<Vec<_>>())),
    }
}

const MADE: &[&str] = &["AEAD_AES_GCM_256", "DETERMINISTIC_AEAD_AES_SIV_CMAC_256"];
const RAW: &[&str] = &["AES_CBC_PKCS", "AES_GCM"];

/// Function, the place of its key type, and the types that it takes.
const KEY_TYPES: &[(&str, usize, &[&str])] = &[
    ("KEYS.NEW_KEYSET", 0, MADE),
    ("KEYS.ROTATE_KEYSET", 1, MADE),
    ("KEYS.ADD_KEY_FROM_RAW_BYTES", 1, RAW),
    ("KEYS.NEW_WRAPPED_KEYSET", 1, MADE),
    ("KEYS.ROTATE_WRAPPED_KEYSET", 2, MADE),
];

/// Refuses a key type that is neither a literal nor a parameter, or none of the function's.
pub(super) fn check_key_type(name: &str, call: &Function) -> Result<()> {
    let Some((_, place, known)) = KEY_TYPES.iter().find(|(function, ..)| *function == name) else {
        return Ok(());
    };
    let FunctionArguments::List(list) = &call.args else {
        return Ok(());
    };
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) = list.args.get(*place) else {
        return Ok(());
    };
    let ordinal = ["First", "Second", "Third"][*place];
    let subject = format!("{ordinal} argument (key type) in function {name}");
    let text = match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text)
            | Value::DoubleQuotedString(text)
            | Value::TripleSingleQuotedString(text)
            | Value::TripleDoubleQuotedString(text)
            | Value::SingleQuotedRawStringLiteral(text)
            | Value::DoubleQuotedRawStringLiteral(text) => Some(text),
            Value::Placeholder(_) => return Ok(()),
            _ => None,
        },
        Expr::Identifier(name) if name.value.starts_with('@') => return Ok(()),
        _ => None,
    };
    match text {
        Some(text) if known.contains(&text.as_str()) => Ok(()),
        Some(text) => Err(Fault::query(format!(
            "{subject} must be one of '{}', but is '{text}'{}",
            known.join("', '"),
            at(call)
        ))),
        None => Err(Fault::query(format!(
            "{subject} must be a string literal or query parameter{}",
            at(call)
        ))),
    }
}
