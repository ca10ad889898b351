//! The engine with a project in it: one fresh runtime for each compilation, on a thread of its own whose stack is as large as the
//! limit wants. What comes out is text: the graph's JSON, or what was thrown.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rquickjs::context::EvalOptions;
use rquickjs::function::Func;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Runtime, Value};

use super::{CompileFailure, Limits, lexer};
use crate::{Core, Files};

/// Below which the engine sees a project's files. It must not occur in a project's own paths, since it is taken out of messages.
pub(super) const ROOT: &str = "/.dataform-project";

const PRELUDE: &str = include_str!("prelude.js");

/// What the engine came to.
pub(super) struct Outcome {
    pub result: Result<String, Thrown>,
    /// What the core made of each SQLX file, for the positions of errors.
    pub compiled: BTreeMap<String, String>,
    /// The deadline passed.
    pub interrupted: bool,
    /// An allocation failed, or something else did while the heap was nearly all used.
    pub exhausted: bool,
}

/// Something that was thrown and not caught.
pub(super) struct Thrown {
    pub message: String,
    pub stack: String,
}

pub(super) fn execute(core: &Core, files: &Files, request: &str, limits: &Limits) -> Result<Outcome, CompileFailure> {
    let engine = |what: &str| {
        let what = what.to_owned();
        move |error: rquickjs::Error| CompileFailure::Engine(format!("{what}: {error}"))
    };
    let runtime = Runtime::new().map_err(engine("no runtime"))?;
    runtime.set_memory_limit(limits.memory);
    runtime.set_max_stack_size(limits.stack);
    // Reference counts free nearly all; the search for rings costs more than what it finds in a compilation.
    runtime.set_gc_threshold(limits.memory / 4);
    let interrupted = Arc::new(AtomicBool::new(false));
    let deadline = Instant::now().checked_add(limits.time);
    runtime.set_interrupt_handler(Some(Box::new({
        let interrupted = interrupted.clone();
        move || {
            let over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if over {
                interrupted.store(true, Ordering::Relaxed);
            }
            over
        }
    })));
    let context = Context::full(&runtime).map_err(engine("no context"))?;
    let compiled: Rc<RefCell<BTreeMap<String, String>>> = Rc::default();
    let exhausted: Rc<Cell<bool>> = Rc::default();
    let result = context.with(|ctx| {
        compile(&ctx, core, files, request, &compiled, &exhausted)
            .catch(&ctx)
            .map_err(|error| thrown(&error))
    });
    let usage = runtime.memory_usage();
    let nearly_all = usize::try_from(usage.malloc_size).unwrap_or(usize::MAX) > limits.memory / 10 * 9;
    let exhausted = exhausted.get() || (result.is_err() && nearly_all);
    Ok(Outcome {
        result,
        compiled: compiled.take(),
        interrupted: interrupted.load(Ordering::Relaxed),
        exhausted,
    })
}

fn compile<'js>(
    ctx: &Ctx<'js>,
    core: &Core,
    files: &Files,
    request: &str,
    compiled: &Rc<RefCell<BTreeMap<String, String>>>,
    exhausted: &Rc<Cell<bool>>,
) -> rquickjs::Result<String> {
    let host = host(ctx, files, compiled, exhausted)?;
    let prelude: Function<'js> = evaluate(ctx, PRELUDE, "/.prelude.js")?;
    let api: Object<'js> = prelude.call((host, ROOT))?;
    let bundle = format!(
        "(function (exports, require, module, __filename, __dirname) {{{}\n}})",
        lexer::bundle(core)
    );
    let define: Function<'js> = evaluate(ctx, &bundle, "/.core/bundle.js")?;
    let version: Option<String> = api.get::<_, Function<'js>>("loadCore")?.call((define,))?;
    if version.is_none() {
        return Err(rquickjs::Exception::throw_message(
            ctx,
            "the bundle is not one of @dataform/core 3.x",
        ));
    }
    let graph: Option<String> = api.get::<_, Function<'js>>("compile")?.call((request,))?;
    graph.ok_or_else(|| rquickjs::Exception::throw_message(ctx, "the core ended without a graph"))
}

fn host<'js>(
    ctx: &Ctx<'js>,
    files: &Files,
    compiled: &Rc<RefCell<BTreeMap<String, String>>>,
    exhausted: &Rc<Cell<bool>>,
) -> rquickjs::Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    let names: Vec<String> = files.keys().cloned().collect();
    host.set("names", Func::from(move || names.clone()))?;
    // The engine's functions outlive no borrow, so the files are shared with it.
    let shared: Rc<BTreeMap<String, Vec<u8>>> = Rc::new(files.clone());
    host.set(
        "read",
        Func::from(move |path: String| shared.get(&path).map(|text| String::from_utf8_lossy(text).into_owned())),
    )?;
    let kept = compiled.clone();
    host.set(
        "evaluate",
        Func::from(
            move |ctx: Ctx<'js>, source: String, filename: String| -> rquickjs::Result<Value<'js>> {
                let value = evaluate(&ctx, &source, &filename);
                if let Some(path) = filename.strip_prefix(ROOT).filter(|p| p.ends_with(".sqlx")) {
                    kept.borrow_mut()
                        .insert(path.trim_start_matches('/').to_owned(), source);
                }
                value
            },
        ),
    )?;
    let exhausted = exhausted.clone();
    host.set("exhausted", Func::from(move || exhausted.set(true)))?;
    host.set("log", Func::from(|level: String, text: String| log(&level, &text)))?;
    Ok(host)
}

/// What a project prints is its own text, and at most a page of it at once.
fn log(level: &str, text: &str) {
    let text: String = text.chars().take(4000).collect();
    match level {
        "error" => tracing::error!(text, "printed by the project"),
        "warn" => tracing::warn!(text, "printed by the project"),
        "debug" => tracing::debug!(text, "printed by the project"),
        _ => tracing::info!(text, "printed by the project"),
    }
}

fn evaluate<'js, V: rquickjs::FromJs<'js>>(ctx: &Ctx<'js>, source: &str, filename: &str) -> rquickjs::Result<V> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(filename.to_owned());
    ctx.eval_with_options(source, options)
}

fn thrown(error: &CaughtError<'_>) -> Thrown {
    match error {
        CaughtError::Exception(exception) => Thrown {
            message: exception.message().unwrap_or_default(),
            stack: exception.stack().unwrap_or_default(),
        },
        CaughtError::Value(value) => {
            let message = value.as_string().and_then(|s| s.to_string().ok());
            Thrown {
                message: message.unwrap_or_else(|| format!("a {} was thrown", value.type_of())),
                stack: String::new(),
            }
        }
        CaughtError::Error(error) => Thrown {
            message: error.to_string(),
            stack: String::new(),
        },
    }
}
