//! Function calls: the catalogue of scalar functions as data, and the few that need more than a template.

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned, StructField};

use super::dates::wrong_arguments;
use super::literal::{self, coerce};
use super::operators::{common, divide, unify};
use super::scope::Scope;
use super::{Ex, Result, Translator, at, unsupported};
use crate::error::Fault;
use crate::types::{Field, Ty, quoted};

/// The type that a function answers.
#[derive(Clone, Copy)]
enum Ret {
    Int,
    Float,
    Numeric,
    Str,
    Bool,
    Bytes,
    Date,
    Timestamp,
    Json,
    /// That of the nth argument.
    Arg(usize),
    /// An array of STRING.
    Strings,
    /// An array of INT64.
    Ints,
    /// The elements of the first argument.
    Element,
}

/// Name, fewest and most arguments, DuckDB's expression (`$1`… the arguments, `$*` all of them), type.
/// An optional argument that is missing leaves the alternative after `|` to be used.
type Scalar = (&'static str, usize, usize, &'static str, Ret);

const MANY: usize = usize::MAX;

/// The macros that raise errors of their own.
const FAILING: &[&str] = &[
    "_headwater.div(",
    "_headwater.numeric_div(",
    "_headwater.idiv(",
    "_headwater.modulo(",
    "_headwater.int_of_float(",
    "_headwater.part(",
    "_headwater.instr(",
    "_headwater.offset_of(",
    "_headwater.exact_text(",
    "error(",
];

#[rustfmt::skip]
const SCALARS: &[Scalar] = &[
    // strings
    ("LENGTH", 1, 1, "CAST(length($1) AS BIGINT)", Ret::Int), ("CHAR_LENGTH", 1, 1, "length($1)", Ret::Int),
    ("CHARACTER_LENGTH", 1, 1, "length($1)", Ret::Int), ("BYTE_LENGTH", 1, 1, "octet_length(encode($1))", Ret::Int),
    ("UPPER", 1, 1, "upper($1)", Ret::Str), ("LOWER", 1, 1, "lower($1)", Ret::Str),
    ("INITCAP", 1, 1, "_headwater.initial_capitals($1)", Ret::Str),
    ("CONCAT", 1, MANY, "($||)", Ret::Arg(0)),
    ("TRIM", 1, 2, "trim($*)", Ret::Arg(0)), ("LTRIM", 1, 2, "ltrim($*)", Ret::Arg(0)), ("RTRIM", 1, 2, "rtrim($*)", Ret::Arg(0)),
    ("SUBSTR", 3, 3, "_headwater.part($1, $2, $3)", Ret::Arg(0)), ("SUBSTR", 2, 2, "_headwater.from_start($1, $2)", Ret::Arg(0)),
    ("SUBSTRING", 3, 3, "_headwater.part($1, $2, $3)", Ret::Arg(0)), ("SUBSTRING", 2, 2, "_headwater.from_start($1, $2)", Ret::Arg(0)),
    ("LEFT", 2, 2, "left($1, $2)", Ret::Arg(0)), ("RIGHT", 2, 2, "right($1, $2)", Ret::Arg(0)),
    ("REPLACE", 3, 3, "replace($1, $2, $3)", Ret::Str), ("REVERSE", 1, 1, "reverse($1)", Ret::Arg(0)),
    ("REPEAT", 2, 2, "repeat($1, $2)", Ret::Arg(0)),
    ("LPAD", 2, 2, "lpad($1, CAST($2 AS INTEGER), ' ')", Ret::Str), ("LPAD", 3, 3, "lpad($1, CAST($2 AS INTEGER), $3)", Ret::Str),
    ("RPAD", 2, 2, "rpad($1, CAST($2 AS INTEGER), ' ')", Ret::Str), ("RPAD", 3, 3, "rpad($1, CAST($2 AS INTEGER), $3)", Ret::Str),
    ("STARTS_WITH", 2, 2, "starts_with($1, $2)", Ret::Bool), ("ENDS_WITH", 2, 2, "ends_with($1, $2)", Ret::Bool),
    ("STRPOS", 2, 2, "strpos($1, $2)", Ret::Int), ("INSTR", 2, 2, "strpos($1, $2)", Ret::Int),
    ("INSTR", 3, 3, "_headwater.instr($1, $2, $3, 1)", Ret::Int), ("INSTR", 4, 4, "_headwater.instr($1, $2, $3, $4)", Ret::Int),
    ("OCTET_LENGTH", 1, 1, "octet_length(encode($1))", Ret::Int),
    ("CODE_POINTS_TO_STRING", 1, 1, "array_to_string(list_transform($1, lambda c: chr(CAST(c AS INTEGER))), '')", Ret::Str),
    ("CONTAINS_SUBSTR", 2, 2, "contains(lower($1), lower($2))", Ret::Bool),
    ("SPLIT", 1, 1, "string_split($1, ',')", Ret::Strings), ("SPLIT", 2, 2, "string_split($1, $2)", Ret::Strings),
    ("ASCII", 1, 1, "CAST(ascii($1) AS BIGINT)", Ret::Int), ("UNICODE", 1, 1, "CAST(CASE WHEN $1 = '' THEN 0 ELSE unicode($1) END AS BIGINT)", Ret::Int),
    ("CHR", 1, 1, "(CASE WHEN $1 = 0 THEN '' ELSE chr(CAST($1 AS INTEGER)) END)", Ret::Str), ("TRANSLATE", 3, 3, "translate($1, $2, $3)", Ret::Str),
    ("NORMALIZE", 1, 1, "nfc_normalize($1)", Ret::Str), ("SOUNDEX", 1, 1, "soundex($1)", Ret::Str),
    ("EDIT_DISTANCE", 2, 2, "levenshtein($1, $2)", Ret::Int),
    ("TO_HEX", 1, 1, "lower(hex($1))", Ret::Str), ("FROM_HEX", 1, 1, "unhex($1)", Ret::Bytes),
    ("TO_BASE64", 1, 1, "to_base64($1)", Ret::Str), ("FROM_BASE64", 1, 1, "from_base64($1)", Ret::Bytes),
    ("MD5", 1, 1, "unhex(md5($1))", Ret::Bytes), ("SHA1", 1, 1, "unhex(sha1($1))", Ret::Bytes),
    ("SHA256", 1, 1, "unhex(sha256($1))", Ret::Bytes),
    ("GENERATE_UUID", 0, 0, "CAST(uuid() AS VARCHAR)", Ret::Str),
    ("REGEXP_CONTAINS", 2, 2, "regexp_matches($1, $2)", Ret::Bool),
    // numbers
    ("ABS", 1, 1, "abs($1)", Ret::Arg(0)), ("SIGN", 1, 1, "sign($1)", Ret::Arg(0)),
    ("MOD", 2, 2, "_headwater.modulo($1, $2)", Ret::Arg(0)), ("DIV", 2, 2, "_headwater.idiv($1, $2)", Ret::Arg(0)),
    ("SAFE_DIVIDE", 2, 2, "_headwater.safe_div($1, $2)", Ret::Float),
    ("SAFE_ADD", 2, 2, "TRY($1 + $2)", Ret::Arg(0)), ("SAFE_SUBTRACT", 2, 2, "TRY($1 - $2)", Ret::Arg(0)),
    ("SAFE_MULTIPLY", 2, 2, "TRY($1 * $2)", Ret::Arg(0)), ("SAFE_NEGATE", 1, 1, "TRY(-$1)", Ret::Arg(0)),
    ("SQRT", 1, 1, "sqrt($1)", Ret::Float), ("POW", 2, 2, "pow($1, $2)", Ret::Float), ("POWER", 2, 2, "pow($1, $2)", Ret::Float),
    ("EXP", 1, 1, "exp($1)", Ret::Float), ("LN", 1, 1, "ln($1)", Ret::Float), ("LOG10", 1, 1, "log10($1)", Ret::Float),
    ("LOG", 1, 1, "ln($1)", Ret::Float), ("LOG", 2, 2, "(ln($1) / ln($2))", Ret::Float),
    ("SIN", 1, 1, "sin($1)", Ret::Float), ("COS", 1, 1, "cos($1)", Ret::Float), ("TAN", 1, 1, "tan($1)", Ret::Float),
    ("ASIN", 1, 1, "asin($1)", Ret::Float), ("ACOS", 1, 1, "acos($1)", Ret::Float), ("ATAN", 1, 1, "atan($1)", Ret::Float),
    ("ATAN2", 2, 2, "atan2($1, $2)", Ret::Float), ("CBRT", 1, 1, "cbrt($1)", Ret::Float),
    ("IS_NAN", 1, 1, "isnan($1)", Ret::Bool), ("IS_INF", 1, 1, "isinf($1)", Ret::Bool), ("RAND", 0, 0, "random()", Ret::Float),
    ("SINH", 1, 1, "sinh($1)", Ret::Float), ("COSH", 1, 1, "cosh($1)", Ret::Float), ("TANH", 1, 1, "tanh($1)", Ret::Float),
    ("ASINH", 1, 1, "asinh($1)", Ret::Float), ("ACOSH", 1, 1, "acosh($1)", Ret::Float), ("ATANH", 1, 1, "atanh($1)", Ret::Float),
    ("COT", 1, 1, "cot($1)", Ret::Float), ("CSC", 1, 1, "(1 / sin($1))", Ret::Float), ("SEC", 1, 1, "(1 / cos($1))", Ret::Float),
    ("COTH", 1, 1, "(1 / tanh($1))", Ret::Float), ("CSCH", 1, 1, "(1 / sinh($1))", Ret::Float), ("SECH", 1, 1, "(1 / cosh($1))", Ret::Float),
    ("COSINE_DISTANCE", 2, 2, "list_cosine_distance($1, $2)", Ret::Float),
    ("EUCLIDEAN_DISTANCE", 2, 2, "list_distance($1, $2)", Ret::Float),
    ("PARSE_NUMERIC", 1, 1, "CAST(regexp_replace($1, '[, ]', '', 'g') AS DECIMAL(38,9))", Ret::Numeric),
    ("BIT_COUNT", 1, 1, "CAST(bit_count($1) AS BIGINT)", Ret::Int),
    ("RANGE_BUCKET", 2, 2, "CAST(len(list_filter($2, lambda e: e <= $1)) AS BIGINT)", Ret::Int),
    // arrays
    ("ARRAY_LENGTH", 1, 1, "len($1)", Ret::Int), ("ARRAY_REVERSE", 1, 1, "list_reverse($1)", Ret::Arg(0)),
    ("ARRAY_TO_STRING", 2, 2, "array_to_string(list_filter($1, lambda e: e IS NOT NULL), $2)", Ret::Str),
    ("ARRAY_TO_STRING", 3, 3, "array_to_string(list_transform($1, lambda e: coalesce(e, $3)), $2)", Ret::Str),
    ("ARRAY_FIRST", 1, 1, "_headwater.offset_of($1, 0)", Ret::Element),
    ("ARRAY_LAST", 1, 1, "_headwater.offset_of($1, len($1) - 1)", Ret::Element),
    ("ARRAY_SLICE", 3, 3, "list_slice($1, CASE WHEN $2 < 0 THEN $2 ELSE $2 + 1 END, CASE WHEN $3 < 0 THEN $3 ELSE $3 + 1 END)", Ret::Arg(0)),
    ("ARRAY_IS_DISTINCT", 1, 1, "(len(list_distinct($1)) + CASE WHEN len(list_filter($1, lambda e: e IS NULL)) > 0 THEN 1 ELSE 0 END = len($1))", Ret::Bool),
    ("ARRAY_INCLUDES", 2, 2, "list_contains($1, $2)", Ret::Bool),
    ("ARRAY_MAX", 1, 1, "list_max($1)", Ret::Element), ("ARRAY_MIN", 1, 1, "list_min($1)", Ret::Element),
    ("ARRAY_SUM", 1, 1, "list_sum($1)", Ret::Element), ("ARRAY_AVG", 1, 1, "list_avg($1)", Ret::Float),
    ("GENERATE_ARRAY", 2, 2, "generate_series($1, $2)", Ret::Ints),
    ("GENERATE_ARRAY", 3, 3, "generate_series($1, $2, $3)", Ret::Ints),
    // dates
    ("UNIX_SECONDS", 1, 1, "CAST(floor(epoch_us($1) / 1000000) AS BIGINT)", Ret::Int),
    ("UNIX_MILLIS", 1, 1, "CAST(floor(epoch_us($1) / 1000) AS BIGINT)", Ret::Int),
    ("UNIX_MICROS", 1, 1, "epoch_us($1)", Ret::Int), ("UNIX_DATE", 1, 1, "CAST($1 - DATE '1970-01-01' AS BIGINT)", Ret::Int),
    ("TIMESTAMP_SECONDS", 1, 1, "make_timestamptz($1 * 1000000)", Ret::Timestamp),
    ("TIMESTAMP_MILLIS", 1, 1, "make_timestamptz($1 * 1000)", Ret::Timestamp),
    ("TIMESTAMP_MICROS", 1, 1, "make_timestamptz($1)", Ret::Timestamp),
    ("DATE_FROM_UNIX_DATE", 1, 1, "(DATE '1970-01-01' + CAST($1 AS INTEGER))", Ret::Date),
    ("DATE_BUCKET", 2, 2, "CAST(time_bucket($2, $1, DATE '1950-01-01') AS DATE)", Ret::Date),
    ("DATE_BUCKET", 3, 3, "CAST(time_bucket($2, $1, $3) AS DATE)", Ret::Date),
    ("DATETIME_BUCKET", 2, 2, "time_bucket($2, $1, TIMESTAMP '1950-01-01')", Ret::Arg(0)),
    ("DATETIME_BUCKET", 3, 3, "time_bucket($2, $1, $3)", Ret::Arg(0)),
    ("TIMESTAMP_BUCKET", 2, 2, "time_bucket($2, $1, TIMESTAMPTZ '1950-01-01 00:00:00+00')", Ret::Timestamp),
    ("TIMESTAMP_BUCKET", 3, 3, "time_bucket($2, $1, $3)", Ret::Timestamp),
    // JSON
    ("JSON_ARRAY", 0, MANY, "json_array($*)", Ret::Json), ("JSON_OBJECT", 0, MANY, "json_object($*)", Ret::Json),
    ("LAX_STRING", 1, 1, "CASE WHEN json_type($1) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL ELSE json_extract_string($1, '$$') END", Ret::Str),
    ("LAX_FLOAT64", 1, 1, "CASE WHEN json_type($1) IN ('OBJECT', 'ARRAY', 'NULL', 'BOOLEAN') THEN NULL ELSE TRY_CAST(json_extract_string($1, '$$') AS DOUBLE) END", Ret::Float),
    ("LAX_INT64", 1, 1, "CASE json_type($1) WHEN 'BOOLEAN' THEN CAST(CAST($1 AS BOOLEAN) AS BIGINT) WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL WHEN 'NULL' THEN NULL ELSE TRY_CAST(round(TRY_CAST(json_extract_string($1, '$$') AS DOUBLE)) AS BIGINT) END", Ret::Int),
    ("LAX_BOOL", 1, 1, "CASE WHEN json_type($1) = 'BOOLEAN' THEN CAST($1 AS BOOLEAN) WHEN json_type($1) = 'VARCHAR' THEN TRY_CAST(json_extract_string($1, '$$') AS BOOLEAN) WHEN json_type($1) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL ELSE TRY_CAST($1 AS DOUBLE) <> 0 END", Ret::Bool),
    ("JSON_VALUE", 1, 1, "_headwater.json_scalar($1, '$$')", Ret::Str), ("JSON_VALUE", 2, 2, "_headwater.json_scalar($1, $2)", Ret::Str),
    ("JSON_EXTRACT_SCALAR", 1, 1, "_headwater.json_scalar($1, '$$')", Ret::Str),
    ("JSON_EXTRACT_SCALAR", 2, 2, "_headwater.json_scalar($1, $2)", Ret::Str),
    ("JSON_TYPE", 1, 1, "CASE json_type($1) WHEN 'VARCHAR' THEN 'string' WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE 'number' END", Ret::Str),
    ("TO_JSON_STRING", 1, 2, "CAST(to_json($1) AS VARCHAR)", Ret::Str), ("TO_JSON", 1, 1, "to_json($1)", Ret::Json),
    ("PARSE_JSON", 1, 1, "CAST($1 AS JSON)", Ret::Json),
    ("SESSION_USER", 0, 0, "'local@headwater'", Ret::Str),
    ("ERROR", 1, 1, "error($1)", Ret::Arg(0)),
];

impl Translator<'_> {
    pub(super) fn function(&self, call: &Function, scope: &Scope<'_>) -> Result<Ex> {
        if let Some(ex) = self.user_function(call, scope)? {
            return Ok(ex);
        }
        let name = call.name.to_string().replace('`', "").to_ascii_uppercase();
        if let Some(inner) = name.strip_prefix("SAFE.") {
            if call.over.is_some() {
                return Err(unsupported("SAFE. on an analytic function", call));
            }
            let ex = self.named(inner, call, scope)?;
            if FAILING.iter().any(|name| ex.sql.contains(name)) {
                // TRY and the macros' own errors exclude each other in DuckDB.
                return Err(unsupported(&format!("{name} (SAFE. on this function)"), call));
            }
            return Ok(Ex::new(format!("TRY({})", ex.sql), ex.ty));
        }
        self.named(&name, call, scope)
    }

    fn named(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Ex> {
        if let Some(ex) = self.aggregate(name, call, scope)? {
            return Ok(ex);
        }
        if call.over.is_some() {
            return Err(Fault::query(format!(
                "Function {name} does not support an OVER clause{}",
                at(call)
            )));
        }
        if let FunctionArguments::Subquery(query) = &call.args {
            if name != "ARRAY" {
                return Err(wrong_arguments(name, call));
            }
            let inner = self.query(query, scope)?;
            let item = inner.columns.first().map_or(Ty::Unknown, |c| c.ty.clone());
            return Ok(Ex::new(format!("ARRAY({})", inner.sql), Ty::Array(Box::new(item))));
        }
        if let Some(ex) = self.date_function(name, call, scope)? {
            return Ok(ex);
        }
        let args = self.plain_args(call, scope)?;
        self.scalar(name, &args, call)
    }

    /// The arguments as they were written.
    pub(super) fn raw_args<'f>(&self, call: &'f Function) -> Result<Vec<&'f Expr>> {
        let list = match &call.args {
            FunctionArguments::None => return Ok(Vec::new()),
            FunctionArguments::List(list) => list,
            FunctionArguments::Subquery(_) => return Err(wrong_arguments(&call.name.to_string(), call)),
        };
        list.args
            .iter()
            .map(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
                other => Err(unsupported(&format!("the argument `{other}` of {}", call.name), call)),
            })
            .collect()
    }

    pub(super) fn plain_args(&self, call: &Function, scope: &Scope<'_>) -> Result<Vec<Ex>> {
        self.raw_args(call)?.into_iter().map(|e| self.expr(e, scope)).collect()
    }

    pub(super) fn scalar(&self, name: &str, args: &[Ex], node: &impl Spanned) -> Result<Ex> {
        if let Some(ex) = self.special(name, args, node)? {
            return Ok(ex);
        }
        let mut known = SCALARS.iter().filter(|s| s.0 == name).peekable();
        if known.peek().is_none() {
            return Err(Fault::query(format!("Function not found: {name}{}", at(node))));
        }
        let fitting = known.find(|s| (s.1..=s.2).contains(&args.len()));
        let Some((_, _, _, template, ret)) = fitting else {
            let types: Vec<String> = args.iter().map(|a| a.ty.sql()).collect();
            return Err(Fault::query(format!(
                "No matching signature for function {name} for argument types: {}{}",
                types.join(", "),
                at(node)
            )));
        };
        let first = args.first().map_or(Ty::Unknown, |a| a.ty.clone());
        let ty = match ret {
            Ret::Int => Ty::Int64,
            Ret::Float => Ty::Float64,
            Ret::Numeric => Ty::Numeric,
            Ret::Str => Ty::String,
            Ret::Bool => Ty::Bool,
            Ret::Bytes => Ty::Bytes,
            Ret::Date => Ty::Date,
            Ret::Timestamp => Ty::Timestamp,
            Ret::Json => Ty::Json,
            Ret::Arg(i) => args.get(*i).map_or(Ty::Unknown, |a| a.ty.clone()),
            Ret::Strings => Ty::Array(Box::new(Ty::String)),
            Ret::Ints => Ty::Array(Box::new(common(args.iter().map(|a| &a.ty)))),
            Ret::Element => match first {
                Ty::Array(item) => *item,
                _ => Ty::Unknown,
            },
        };
        Ok(Ex::new(fill(template, args), ty))
    }

    /// Functions whose form depends on the types or on literal arguments.
    fn special(&self, name: &str, args: &[Ex], node: &impl Spanned) -> Result<Option<Ex>> {
        let all = || args.iter().map(|a| a.sql.as_str()).collect::<Vec<_>>().join(", ");
        let ex = match (name, args) {
            ("COALESCE" | "IFNULL" | "GREATEST" | "LEAST", [_, ..]) => {
                let (items, ty) = unify(args.to_vec());
                let joined = items.iter().map(|i| i.sql.as_str()).collect::<Vec<_>>().join(", ");
                if name.ends_with("ST") {
                    // BigQuery answers NULL when any argument is NULL.
                    let nulls = items
                        .iter()
                        .map(|i| format!("{} IS NULL", i.sql))
                        .collect::<Vec<_>>()
                        .join(" OR ");
                    let sql = format!(
                        "(CASE WHEN {nulls} THEN NULL ELSE {}({joined}) END)",
                        name.to_lowercase()
                    );
                    return Ok(Some(Ex::new(sql, ty)));
                }
                Ex::new(format!("coalesce({joined})"), ty)
            }
            ("IF", [condition, yes, no]) => {
                let (items, ty) = unify(vec![yes.clone(), no.clone()]);
                let sql = format!(
                    "(CASE WHEN {} THEN {} ELSE {} END)",
                    condition.sql, items[0].sql, items[1].sql
                );
                Ex::new(sql, ty)
            }
            ("NULLIF", [a, b]) => {
                let b = coerce(b.clone(), &a.ty);
                Ex::new(format!("nullif({}, {})", a.sql, b.sql), a.ty.clone())
            }
            ("NULLIFERROR" | "IFERROR", _) => return Err(unsupported(&format!("the function {name}"), node)),
            ("ROUND" | "TRUNC", [value, rest @ ..]) if rest.len() <= 1 => {
                let digits = rest
                    .first()
                    .map_or("0".to_owned(), |d| format!("CAST({} AS INTEGER)", d.sql));
                let ty = if value.ty == Ty::Int64 {
                    Ty::Float64
                } else {
                    value.ty.clone()
                };
                let function = name.to_lowercase();
                Ex::new(
                    format!("CAST({function}({}, {digits}) AS {})", value.sql, number_duck(&ty)),
                    ty,
                )
            }
            ("CEIL" | "CEILING" | "FLOOR", [value]) => {
                let ty = if value.ty == Ty::Int64 {
                    Ty::Float64
                } else {
                    value.ty.clone()
                };
                let function = if name == "FLOOR" { "floor" } else { "ceil" };
                Ex::new(format!("CAST({function}({}) AS {})", value.sql, number_duck(&ty)), ty)
            }
            ("IEEE_DIVIDE", [a, b]) => Ex::new(
                format!("(CAST({} AS DOUBLE) / CAST({} AS DOUBLE))", a.sql, b.sql),
                Ty::Float64,
            ),
            ("SAFE_DIVIDE", [a, b]) if common([&a.ty, &b.ty].into_iter()) == Ty::Numeric => {
                let b = Ex::new(format!("nullif({}, 0)", b.sql), b.ty.clone());
                divide(a, &b, &Ty::Numeric, node)?
            }
            ("LENGTH", [value]) if value.ty == Ty::Bytes => Ex::new(format!("octet_length({})", value.sql), Ty::Int64),
            ("REGEXP_INSTR", [value, pattern]) => {
                let plain = literal::text(pattern).and_then(group_of) == Some(0);
                if !plain {
                    return Err(unsupported(
                        "REGEXP_INSTR with a group, or a pattern that is not a literal",
                        node,
                    ));
                }
                let (v, p) = (&value.sql, &pattern.sql);
                Ex::new(
                    format!(
                        "(CASE WHEN regexp_matches({v}, {p}) THEN \
                         length(regexp_extract({v}, '(?s)^(.*?)(?:' || {p} || ')', 1)) + 1 ELSE 0 END)"
                    ),
                    Ty::Int64,
                )
            }
            ("BYTE_LENGTH" | "OCTET_LENGTH", [value]) if value.ty == Ty::Bytes => {
                Ex::new(format!("octet_length({})", value.sql), Ty::Int64)
            }
            ("CONCAT", [first, ..]) if first.ty != Ty::Bytes => {
                let parts: Vec<String> = args
                    .iter()
                    .map(|a| self.cast(a, &Ty::String, false).map(|e| e.sql))
                    .collect::<Result<_>>()?;
                Ex::new(format!("({})", parts.join(" || ")), Ty::String)
            }
            ("TO_CODE_POINTS", [value]) => Ex::new(
                format!(
                    "list_transform(string_split({}, ''), lambda c: CAST(unicode(c) AS BIGINT))",
                    value.sql
                ),
                Ty::Array(Box::new(Ty::Int64)),
            ),
            ("ARRAY_CONCAT", [first, ..]) => Ex::new(format!("list_concat({})", all()), first.ty.clone()),
            ("STRING", [value]) => match value.ty {
                Ty::Json => Ex::new(format!("json_extract_string({}, '$')", value.sql), Ty::String),
                _ => self.cast(value, &Ty::String, false)?,
            },
            ("INT64" | "FLOAT64" | "BOOL", [value]) if value.ty == Ty::Json => {
                let ty = Ty::scalar(name).unwrap_or(Ty::Unknown);
                Ex::new(format!("CAST({} AS {})", value.sql, ty.duck()), ty)
            }
            ("JSON_QUERY" | "JSON_EXTRACT", [value, path @ ..]) if path.len() <= 1 => {
                let path = path.first().map_or("'$'", |p| p.sql.as_str());
                let sql = format!("_headwater.json_object({}, {path})", value.sql);
                if value.ty == Ty::Json {
                    Ex::new(sql, Ty::Json)
                } else {
                    Ex::new(format!("CAST({sql} AS VARCHAR)"), Ty::String)
                }
            }
            ("JSON_VALUE_ARRAY" | "JSON_EXTRACT_STRING_ARRAY", [value, path @ ..]) if path.len() <= 1 => {
                let path = path.first().map_or("'$'", |p| p.sql.as_str());
                let sql = format!(
                    "list_transform(CAST(json_extract({}, {path}) AS JSON[]), lambda e: json_extract_string(e, '$'))",
                    value.sql
                );
                Ex::new(sql, Ty::Array(Box::new(Ty::String)))
            }
            ("JSON_QUERY_ARRAY" | "JSON_EXTRACT_ARRAY", [value, path @ ..]) if path.len() <= 1 => {
                let path = path.first().map_or("'$'", |p| p.sql.as_str());
                let sql = format!("CAST(json_extract({}, {path}) AS JSON[])", value.sql);
                if value.ty == Ty::Json {
                    Ex::new(sql, Ty::Array(Box::new(Ty::Json)))
                } else {
                    Ex::new(format!("CAST({sql} AS VARCHAR[])"), Ty::Array(Box::new(Ty::String)))
                }
            }
            ("REGEXP_EXTRACT" | "REGEXP_SUBSTR" | "REGEXP_EXTRACT_ALL", [value, pattern]) => {
                let Some(text) = literal::text(pattern) else {
                    return Err(unsupported(
                        &format!("{name} with a pattern that is not a literal"),
                        node,
                    ));
                };
                let group = group_of(text).ok_or_else(|| {
                    Fault::query(format!(
                        "Regular expression passed to {name} must not have more than 1 capturing group{}",
                        at(node)
                    ))
                })?;
                let (v, p) = (&value.sql, &pattern.sql);
                if name.ends_with("ALL") {
                    Ex::new(
                        format!("regexp_extract_all({v}, {p}, {group})"),
                        Ty::Array(Box::new(Ty::String)),
                    )
                } else {
                    Ex::new(
                        format!("(CASE WHEN regexp_matches({v}, {p}) THEN regexp_extract({v}, {p}, {group}) END)"),
                        Ty::String,
                    )
                }
            }
            ("REGEXP_REPLACE", [value, pattern, with]) => Ex::new(
                format!("regexp_replace({}, {}, {}, 'g')", value.sql, pattern.sql, with.sql),
                Ty::String,
            ),
            ("GENERATE_DATE_ARRAY", [from, to, step @ ..]) if step.len() <= 1 => {
                let step = step.first().map_or("to_days(1)", |s| s.sql.as_str());
                let (from, to) = (coerce(from.clone(), &Ty::Date).sql, coerce(to.clone(), &Ty::Date).sql);
                let sql = format!(
                    "CAST(generate_series(CAST({from} AS TIMESTAMP), CAST({to} AS TIMESTAMP), {step}) AS DATE[])"
                );
                Ex::new(sql, Ty::Array(Box::new(Ty::Date)))
            }
            ("GENERATE_TIMESTAMP_ARRAY", [from, to, step]) => Ex::new(
                format!(
                    "generate_series({}, {}, {})",
                    coerce(from.clone(), &Ty::Timestamp).sql,
                    coerce(to.clone(), &Ty::Timestamp).sql,
                    step.sql
                ),
                Ty::Array(Box::new(Ty::Timestamp)),
            ),
            ("FARM_FINGERPRINT", _) => return Err(unsupported("the function FARM_FINGERPRINT", node)),
            ("FORMAT", [pattern, rest @ ..]) => {
                let text =
                    literal::text(pattern).filter(|t| !t.contains("%t") && !t.contains("%T") && !t.contains("%'"));
                if text.is_none() {
                    return Err(unsupported(
                        "FORMAT with %t, %T, %' or a format that is not a literal",
                        node,
                    ));
                }
                let mut parts = vec![pattern.sql.clone()];
                parts.extend(rest.iter().map(|r| r.sql.clone()));
                Ex::new(format!("printf({})", parts.join(", ")), Ty::String)
            }
            _ => return Ok(None),
        };
        Ok(Some(ex))
    }

    pub(super) fn struct_literal(&self, values: &[Expr], fields: &[StructField], scope: &Scope<'_>) -> Result<Ex> {
        if !fields.is_empty() && fields.len() != values.len() {
            return Err(Fault::query(
                "STRUCT type has a different number of fields than its values",
            ));
        }
        let mut packed = Vec::new();
        let mut columns = Vec::new();
        for (i, value) in values.iter().enumerate() {
            let (value, name) = match value {
                Expr::Named { expr, name } => (&**expr, name.value.clone()),
                Expr::Identifier(ident) => (value, ident.value.clone()),
                Expr::CompoundIdentifier(parts) => (value, parts.last().map_or_else(String::new, |p| p.value.clone())),
                _ => (value, format!("_field_{}", i + 1)),
            };
            let mut ex = self.expr(value, scope)?;
            let mut name = name;
            if let Some(declared) = fields.get(i) {
                let ty = self.data_type(&declared.field_type)?;
                name = declared
                    .field_name
                    .as_ref()
                    .map_or_else(|| format!("_field_{}", i + 1), |n| n.value.clone());
                ex = Ex::new(format!("CAST({} AS {})", coerce(ex, &ty).sql, ty.duck()), ty);
            }
            packed.push(format!("{} := {}", quoted(&name), ex.sql));
            columns.push(Field { name, ty: ex.ty });
        }
        Ok(Ex::new(
            format!("struct_pack({})", packed.join(", ")),
            Ty::Struct(columns),
        ))
    }
}

fn number_duck(ty: &Ty) -> String {
    if ty.is_number() { ty.duck() } else { "DOUBLE".into() }
}

/// Which group a regular expression extracts: 1 if it has one, 0 if none, nothing if it has more.
fn group_of(pattern: &str) -> Option<u8> {
    let groups = regex::Regex::new(pattern).ok().map_or(1, |r| r.captures_len());
    match groups {
        1 => Some(0),
        2 => Some(1),
        _ => None,
    }
}

fn fill(template: &str, args: &[Ex]) -> String {
    let mut out = String::new();
    let mut chars = template.chars().peekable();
    let joined = |with: &str| args.iter().map(|a| a.sql.as_str()).collect::<Vec<_>>().join(with);
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('$', Some('*')) => {
                chars.next();
                out.push_str(&joined(", "));
            }
            ('$', Some('|')) => {
                chars.nth(1);
                out.push_str(&joined(" || "));
            }
            ('$', Some('$')) => {
                chars.next();
                out.push('$');
            }
            ('$', Some(digit)) if digit.is_ascii_digit() => {
                let index = digit.to_digit(10).unwrap_or(1) as usize - 1;
                chars.next();
                out.push_str(args.get(index).map_or("NULL", |a| &a.sql));
            }
            _ => out.push(c),
        }
    }
    out
}
