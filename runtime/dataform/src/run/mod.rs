//! The execution of a graph: what is chosen of it ([`plan`]), in which order and over which warehouse ([`run`]), and the unit
//! tests of a project ([`test`]). The SQL of an action lives in [`crate::statements`].

mod action;
mod describe;
mod event;
mod execute;
mod plan;
mod prepare;
pub mod test;
mod warehouse;

pub use event::{ActionEvent, ActionReport, ActionState, RunReport, RunState, Task};
pub use execute::{RunSettings, run};
pub use plan::{Plan, PlannedAction, Selection, SelectionError, TargetPattern, plan};
pub use warehouse::{Done, Existing, ExistingKind, Failure, FailureKind, Job, Priority, Warehouse};
