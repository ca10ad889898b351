//! Function calls: the catalogue of scalar functions as data (a table of signatures for each family), the few that
//! need more than a template, and the state of every documented function.

mod arrays;
mod conditional;
mod documented;
pub(super) mod json;
mod keys;
mod moments;
mod numbers;
mod patterns;
mod printing;
mod ranges;
mod signature;
mod strings;
mod structs;
mod system;
pub(super) mod text_analysis;
mod tried;

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Spanned};

use super::cast_format::FORMATTED;
use super::dates::wrong_arguments;
use super::scope::Scope;
use super::{Ex, Result, Translator, at, unsupported};
use crate::error::Fault;
use crate::types::{Field, Ty};
use signature::Scalar;
use tried::Settled;

const CATALOGUE: &[&[Scalar]] = &[
    strings::SCALARS,
    patterns::SCALARS,
    conditional::SCALARS,
    json::SCALARS,
    keys::SCALARS,
    numbers::SCALARS,
    arrays::SCALARS,
    moments::SCALARS,
    system::SCALARS,
];

/// `None`: it is not one of the family's.
type Special = fn(&Translator<'_>, &Call<'_>) -> Result<Option<Ex>>;
/// Positional arguments, and named ones.
pub(super) type Arguments = (Vec<Ex>, Vec<(String, Ex)>);

/// Those whose form depends on the types or on literal arguments; they come before the catalogue.
const SPECIAL: &[Special] = &[
    conditional::special,
    strings::special,
    patterns::special,
    printing::special,
    system::special,
    json::special,
    keys::special,
    numbers::special,
    arrays::special,
    moments::special,
    ranges::special,
    text_analysis::special,
];

/// A call of a scalar function, its arguments translated.
struct Call<'c> {
    name: &'c str,
    args: &'c [Ex],
    /// `name => value`, names in lower case.
    named: &'c [(String, Ex)],
    /// ` at [line:column]`.
    place: String,
    /// For a function that draws at random: what is another for each row.
    drawn: Option<&'c Ex>,
}

impl Call<'_> {
    /// The refusal of these arguments, with the signatures that there are.
    fn no_match(&self, signatures: &[String]) -> Fault {
        let types: Vec<String> = self.args.iter().map(|a| a.ty.sql()).collect();
        let known = match signatures {
            [] => String::new(),
            [one] => format!(". Supported signature: {one}"),
            all => format!(". Supported signatures: {}", all.join("; ")),
        };
        let types = if types.is_empty() {
            String::new()
        } else {
            format!(" for argument types: {}", types.join(", "))
        };
        Fault::query(format!(
            "No matching signature for function {}{types}{known}{}",
            self.name, self.place
        ))
    }

    /// The argument of this name.
    fn option(&self, name: &str) -> Option<&Ex> {
        self.named.iter().find(|(n, _)| n == name).map(|(_, ex)| ex)
    }

    /// Refuses named arguments other than these.
    fn only_named(&self, known: &[&str]) -> Result<()> {
        match self.named.iter().find(|(n, _)| !known.contains(&n.as_str())) {
            None => Ok(()),
            Some((name, _)) => Err(Fault::query(format!(
                "Named argument `{name}` not found in signature for call to function {}{}",
                self.name, self.place
            ))),
        }
    }
}

impl Translator<'_> {
    pub(super) fn function(&self, call: &Function, scope: &Scope<'_>) -> Result<Ex> {
        let name = call.name.to_string().replace('`', "").to_ascii_uppercase();
        let bare = name.strip_prefix("SAFE.").unwrap_or(&name);
        if name == FORMATTED {
            return self.formatted_cast(call, scope);
        }
        if documented::is_missing(bare) {
            return Err(unsupported(&format!("the function {bare}"), call));
        }
        if let Some(ex) = self.user_function(call, scope)? {
            return Ok(ex);
        }
        if bare.len() < name.len() {
            if call.over.is_some() {
                return Err(unsupported("SAFE. on an analytic function", call));
            }
            return self.named(bare, call, scope, true);
        }
        self.named(&name, call, scope, false)
    }

    /// A call by the function's name without `SAFE.`; with it, `safe`.
    fn named(&self, name: &str, call: &Function, scope: &Scope<'_>, safe: bool) -> Result<Ex> {
        let tried = |ex: Ex| match safe {
            true => Ex::new(format!("TRY({})", ex.sql), ex.ty),
            false => ex,
        };
        if let Some(ex) = self.aggregate(name, call, scope)? {
            return Ok(tried(ex));
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
            let [Field { ty: item, .. }] = inner.columns.as_slice() else {
                return Err(Fault::query(format!(
                    "ARRAY subquery cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values{}",
                    at(call)
                )));
            };
            let item = item.clone();
            if matches!(item, Ty::Array(_)) {
                return Err(Fault::query(format!(
                    "Cannot use array subquery with column of type {} because nested arrays are not supported{}",
                    item.sql(),
                    at(call)
                )));
            }
            return Ok(tried(Ex::new(
                format!("ARRAY({})", inner.sql),
                Ty::Array(Box::new(item)),
            )));
        }
        if let Some(ex) = self.date_function(name, call, scope)? {
            return Ok(tried(ex));
        }
        if let Some(ex) = self.normalize(name, call, scope)? {
            return Ok(tried(ex));
        }
        if let Some(ex) = self.with_lambda(name, call, scope)? {
            return Ok(tried(ex));
        }
        keys::check_key_type(name, call)?;
        keys::check_constants(self, name, call)?;
        let (mut args, mut named) = self.scalar_args(call, scope)?;
        keys::unwrap(name, &mut args);
        let mut settled = Settled::default();
        let draws = keys::draws(name);
        if draws || ((safe || tried::catches(name)) && tried::holds_rows(call)) {
            let all = args.iter_mut().chain(named.iter_mut().map(|(_, value)| value));
            all.for_each(|arg| *arg = settled.take(arg));
        }
        // What is random stands outside of the call, where TRY does not see it.
        let drawn = draws.then(|| settled.take(&Ex::new("random()", Ty::Float64)));
        let ex = self.called(&Call {
            name,
            args: &args,
            named: &named,
            place: at(call),
            drawn: drawn.as_ref(),
        })?;
        Ok(settled.around(tried(ex)))
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

    /// The positional arguments, and the named ones.
    pub(super) fn scalar_args(&self, call: &Function, scope: &Scope<'_>) -> Result<Arguments> {
        let FunctionArguments::List(FunctionArgumentList { args, .. }) = &call.args else {
            return Ok((self.plain_args(call, scope)?, Vec::new()));
        };
        let (mut positional, mut named) = (Vec::new(), Vec::new());
        for arg in args {
            let (name, value) = match arg {
                FunctionArg::Named { name, arg, .. } => (Some(name.value.to_lowercase()), arg),
                FunctionArg::ExprNamed { name, arg, .. } => (Some(name.to_string().to_lowercase()), arg),
                FunctionArg::Unnamed(arg) => (None, arg),
            };
            let FunctionArgExpr::Expr(value) = value else {
                return Err(unsupported(&format!("the argument `{arg}` of {}", call.name), call));
            };
            let value = self.expr(value, scope)?;
            match name {
                Some(name) => named.push((name, value)),
                None if named.is_empty() => positional.push(value),
                None => {
                    return Err(Fault::query(format!(
                        "Call to function {} must not specify positional arguments after named arguments{}",
                        call.name,
                        at(call)
                    )));
                }
            }
        }
        Ok((positional, named))
    }

    pub(super) fn scalar(&self, name: &str, args: &[Ex], node: &impl Spanned) -> Result<Ex> {
        self.called(&Call {
            name,
            args,
            named: &[],
            place: at(node),
            drawn: None,
        })
    }

    fn called(&self, call: &Call<'_>) -> Result<Ex> {
        for special in SPECIAL {
            if let Some(ex) = special(self, call)? {
                return Ok(ex);
            }
        }
        let known: Vec<&Scalar> = CATALOGUE
            .iter()
            .flat_map(|family| family.iter())
            .filter(|s| s.0 == call.name)
            .collect();
        if known.is_empty() && documented::is_known(call.name) {
            return Err(call.no_match(&[]));
        }
        if known.is_empty() {
            return Err(Fault::query(format!("Function not found: {}{}", call.name, call.place)));
        }
        call.only_named(&[])?;
        match signature::best(&known, call.args) {
            Some(((_, _, template, ret), args)) => Ok(Ex::new(signature::fill(template, &args), ret.ty(&args))),
            None => Err(call.no_match(&known.iter().map(|s| signature::shown(s)).collect::<Vec<_>>())),
        }
    }
}
