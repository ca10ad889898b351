//! The local cloud over the wire: what Google's clients rely on, and what a kill must not lose.

#[cfg(test)]
mod artifacts;
#[cfg(test)]
mod buckets;
#[cfg(test)]
mod dataflow;
#[cfg(test)]
mod dataform;
#[cfg(test)]
mod dataform_compilations;
#[cfg(test)]
mod dataform_project;
#[cfg(test)]
mod dataform_runs;
#[cfg(test)]
mod dataform_workspaces;
#[cfg(test)]
mod dataplex;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod iam;
#[cfg(test)]
mod killed;
mod kms;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod monitoring;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod platform;
#[cfg(test)]
mod pools;
#[cfg(test)]
mod resumable;
#[cfg(test)]
mod run;
#[cfg(test)]
mod scheduler;
#[cfg(test)]
mod secrets;
