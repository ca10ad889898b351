//! Dataform without Node and without Google: SQLX projects are compiled by Dataform's own `@dataform/core` inside an embedded
//! engine, and the compiled graph is planned, executed over any warehouse, tested and linted.
//!
//! ```text
//! Files ── compile (Core, CompilationConfig, Limits) ──▶ Graph ── plan (Selection) ──▶ Plan ── run (Warehouse) ──▶ RunReport
//!                                                         └── lint ──▶ findings         └── test ──▶ verdicts
//! ```
//!
//! It refuses to know Google's APIs, Terraform and command lines: a warehouse is the trait [`run::Warehouse`], and the only host
//! that it speaks to itself is an npm registry, once for each version of the core. The local cloud, the runtime and the provider
//! may depend on it.

mod compile;
mod config;
mod core;
mod files;
pub mod graph;
pub mod lint;
pub mod run;
pub mod statements;

pub use compile::{CompileFailure, Limit, Limits, compile};
pub use config::{CompilationConfig, names_project};
pub use core::{Core, CoreError, CoreStore, DEFAULT_VERSION};
pub use files::{FileLimits, Files, FilesError, read_folder, read_packages};
pub use graph::{Graph, GraphError, Target};
pub use run::{Plan, RunReport, Selection, Warehouse, plan, run};
