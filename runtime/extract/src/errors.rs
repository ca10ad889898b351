//! What can end an object's run, with a stable code and advice. Which kinds are worth another attempt is said here once.

use headwater_quality::engine::EvaluateError;
use headwater_spec::{ErrorRecord, EvolutionError};

/// Why an object's run, or the whole execution, ended before it was done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A Google service.
    #[error(transparent)]
    Cloud(#[from] headwater_cloud::Error),
    /// Salesforce.
    #[error(transparent)]
    Salesforce(#[from] headwater_salesforce::Error),
    /// The spec is another kind of pipeline's.
    #[error(transparent)]
    Spec(#[from] headwater_spec::SpecError),
    /// Another run holds the object's lease and is alive.
    #[error("run {run} is working on this object (its lease is valid until {until})")]
    Busy {
        /// The holder.
        run: String,
        /// Its lease's expiry, RFC 3339.
        until: String,
    },
    /// Another run took the object over while this one was stalled.
    #[error("another run took this object over: {what}")]
    Fenced {
        /// What showed it.
        what: &'static str,
    },
    /// Asked to stop, by a signal or a deadline.
    #[error("the run was asked to stop")]
    Cancelled,
    /// The org's API usage has reached the pipeline's budget.
    #[error("the org has used {used} of {max} daily API requests, the budget is {percent} %")]
    Budget {
        /// Requests used.
        used: u64,
        /// Requests allowed.
        max: u64,
        /// The budget.
        percent: u8,
    },
    /// The org does not offer the object to this user.
    #[error("{0}")]
    Refused(String),
    /// The object's selected fields no longer exist as the spec names them.
    #[error("the selection no longer fits the object: {0}")]
    Selection(String),
    /// The table's columns cannot follow the object's fields.
    #[error("the table cannot follow the object's fields: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Evolution(Vec<EvolutionError>),
    /// The target table has a shape that this pipeline cannot write to.
    #[error("table {table} cannot be written: {reason}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        reason: String,
    },
    /// Rows could not be written as Parquet.
    #[error("a part could not be written")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A document in the lake that is not what it should be.
    #[error("{path} does not parse")]
    Document {
        /// Its URL.
        path: String,
        /// The parser's words; the documents hold no cell values.
        #[source]
        source: serde_json::Error,
    },
    /// A suite of the gate refuses the batch: nothing of it is loaded.
    #[error("the quality gate refuses the batch: {}", .suites.join("; "))]
    Gate {
        /// Which suites, with what of them does not hold.
        suites: Vec<String>,
    },
    /// A suite of the gate that cannot judge.
    #[error("the quality gate cannot judge: {suite}: {reason}")]
    GateUnusable {
        /// Where its spec lies.
        suite: String,
        /// What is wrong.
        reason: String,
    },
    /// Parts that cannot be read.
    #[error("a part cannot be read")]
    Evaluate(#[from] EvaluateError),
    /// The batch was begun anew as often as is reasonable.
    #[error("the batch was begun anew again and again: {why}")]
    Restarts {
        /// The last reason.
        why: &'static str,
    },
    /// What was read does not agree with what Salesforce said.
    #[error("{what}: expected {expected}, found {found}")]
    Count {
        /// What was counted.
        what: &'static str,
        /// As announced.
        expected: u64,
        /// As counted.
        found: u64,
    },
    /// A thread of ours ended abnormally.
    #[error("a worker thread ended abnormally")]
    Worker,
}

/// The result of a step.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How a run that met an error ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Somebody must mend something.
    Failed,
    /// The next run goes on from here by itself.
    Stopped,
    /// Another run is doing it.
    Skipped,
}

impl Error {
    /// How the run ends.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self {
            Error::Busy { .. } | Error::Fenced { .. } => Ending::Skipped,
            Error::Cancelled | Error::Budget { .. } => Ending::Stopped,
            Error::Salesforce(error) => match error.retry() {
                headwater_salesforce::Retry::Limit => Ending::Stopped,
                headwater_salesforce::Retry::Transient
                | headwater_salesforce::Retry::Session
                | headwater_salesforce::Retry::Restart
                | headwater_salesforce::Retry::Fatal => Ending::Failed,
            },
            Error::Cloud(_)
            | Error::Spec(_)
            | Error::Refused(_)
            | Error::Selection(_)
            | Error::Evolution(_)
            | Error::Table { .. }
            | Error::Parquet(_)
            | Error::Document { .. }
            | Error::Gate { .. }
            | Error::GateUnusable { .. }
            | Error::Evaluate(_)
            | Error::Restarts { .. }
            | Error::Count { .. }
            | Error::Worker => Ending::Failed,
        }
    }

    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        use headwater_cloud::Kind;
        match self {
            Error::Cloud(error) => match error.kind() {
                Kind::NotFound => "cloud_not_found",
                Kind::AlreadyExists => "cloud_already_exists",
                Kind::PreconditionFailed | Kind::Conflict => "cloud_conflict",
                Kind::FailedPrecondition => "cloud_precondition",
                Kind::PermissionDenied => "cloud_permission",
                Kind::Unauthenticated => "cloud_credentials",
                Kind::Invalid => "cloud_invalid",
                Kind::RateLimited | Kind::QuotaExceeded => "cloud_quota",
                Kind::Unreachable => "cloud_unreachable",
                Kind::Unavailable => "cloud_unavailable",
                Kind::Unsupported => "cloud_unsupported",
                Kind::DeadlineExceeded => "cloud_deadline",
                Kind::Failed => "cloud_failed",
                Kind::Unexpected => "cloud_unexpected",
            },
            Error::Salesforce(error) => error.kind().code(),
            Error::Spec(_) => "spec",
            Error::Busy { .. } => "busy",
            Error::Fenced { .. } => "fenced",
            Error::Cancelled => "cancelled",
            Error::Budget { .. } => "api_budget",
            Error::Refused(_) => "object_refused",
            Error::Selection(_) => "selection",
            Error::Evolution(_) => "schema_refused",
            Error::Table { .. } => "table_unusable",
            Error::Parquet(_) => "parquet",
            Error::Document { .. } => "lake_document",
            Error::Gate { .. } => "quality_gate",
            Error::GateUnusable { .. } => "quality_gate_unusable",
            Error::Evaluate(_) => "part_unreadable",
            Error::Restarts { .. } => "restarts",
            Error::Count { .. } => "count_mismatch",
            Error::Worker => "internal",
        }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Error::Cloud(error) => error.hint().to_owned(),
            Error::Salesforce(error) => error.hint().to_owned(),
            Error::Spec(_) => "give the spec of a salesforce_extract".into(),
            Error::Busy { .. } => {
                "wait for that run, or cancel it; a run that died is taken over when its lease expires".into()
            }
            Error::Fenced { .. } => "nothing to do: the other run finishes the work".into(),
            Error::Cancelled => "the next run goes on from here".into(),
            Error::Budget { .. } => {
                "the next run goes on from here; raise api_budget.max_daily_percent, or read less often".into()
            }
            Error::Refused(_) => "take the object out of `objects`, or give the connection's user access to it".into(),
            Error::Selection(_) => {
                "run terraform plan: it shows which names of include and exclude no longer exist".into()
            }
            // Each refusal carries its own advice.
            Error::Evolution(_) => "follow the advice for the named columns, then run again".into(),
            Error::Table { .. } => "give the object another `table`, or move the existing table away".into(),
            Error::Parquet(_) => "run again; if it happens again, report it".into(),
            Error::Document { .. } => "the object was changed by other hands: delete it; its data is read again".into(),
            Error::Gate { .. } => {
                "nothing of the batch was loaded: mend the data or the suite, and run again: the rows are read anew"
                    .into()
            }
            Error::GateUnusable { .. } => {
                "apply the suite again, with the object's table as its `table`, or take it out of `quality_gate`".into()
            }
            Error::Evaluate(_) => "run again; if it happens again, delete the batch's parts: they are read anew".into(),
            Error::Restarts { .. } => {
                "look at the job in Salesforce's Setup under Bulk Data Load Jobs, and run again: it goes on from here"
                    .into()
            }
            Error::Count { .. } => "run again: the rows are read anew; if it happens again, report it".into(),
            Error::Worker => "report it, with the log lines before this one".into(),
        }
    }

    /// The error as a run record keeps it: the chain of causes in one line.
    #[must_use]
    pub fn record(&self) -> ErrorRecord {
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = error.source();
        }
        ErrorRecord {
            code: self.code().into(),
            message,
            hint: Some(self.hint()),
        }
    }
}
