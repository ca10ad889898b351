//! The executor of `salesforce_extract`: partition → fetch → Parquet → load → merge → commit.
//!
//! It knows the contract (`headwater-spec`), Google Cloud (`headwater-cloud`), Salesforce (`headwater-salesforce`) and how
//! suites judge (`headwater-quality`), and
//! how the three make one guarantee: killed anywhere, the next run goes on or repeats without loss or doubles. It refuses
//! to know HCL, Terraform, command lines, and whether the cloud is Google's or a laptop's. Only `runtime` and tests may
//! depend on it.
//!
//! # How the guarantee is made
//! - `objects/OBJ/lease.json` admits one run (`lease`). A run that was stalled and taken over finds out at its next write,
//!   because every document is written against the generation that was read.
//! - `objects/OBJ/inflight.json` names the batch before anything is done for it and records each step after it is done
//!   (`batch`, `object`). What is named there is repeated under the same names: parts in the lake, job ids in BigQuery.
//! - A load or MERGE job's id derives from the batch, and BigQuery runs one job per id: repeating one is finding it.
//! - A batch that cannot be gone on with is first made impossible: an empty job takes the place of its MERGE
//!   (`warehouse`), so that not even a stalled run can bring it in afterwards.
//! - Suites of a gate judge the parts before they are loaded (`gate`): nothing of a batch is to be seen that was not let
//!   pass. Rows that are set apart are inserted into their table after the MERGE, when the batch cannot be given up any more,
//!   by a job with an id of the batch, as all others.
//! - `objects/OBJ/watermark.json` moves last, and only against the generation that the batch began from.
//!
//! # What a window holds
//! `[watermark, Salesforce's clock − safety lag)` of the object's cursor field; a read without a watermark has no bounds,
//! and its MERGE removes what it did not find. Rows that no longer meet a `where` condition are found by what changed
//! without it (`leavers`). Salesforce does not restamp rows when a field is added: a new column fills as rows change, or
//! with the next full read. Records that were purged from the recycle bin between two reads are found missing by a full
//! read only.

mod batch;
mod errors;
mod execute;
mod fetch;
mod gate;
mod lake;
mod lease;
mod leavers;
mod object;
mod parts;
mod progress;
mod quarantine;
mod schema;
mod sql;
mod warehouse;

pub use errors::{Ending, Error, Result};
pub use execute::{Context, Options, RunOutcome, execute, share};
pub use gate::{Unkept, Verdict, Verdicts};
pub use headwater_spec::{ObjectRun, Phase, PipelineSpec, RunState, RunTotals};
pub use parts::{ROW_GROUP_BYTES, writer_properties};
pub use progress::{Progress, Silent, Update};
