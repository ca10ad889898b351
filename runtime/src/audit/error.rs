//! What `headwater audit` fails with. What it merely cannot learn is no failure: that stands in the audit itself.

use std::path::PathBuf;

/// Why there is no audit.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Terraform is not there.
    #[error("cannot start {program}")]
    Program {
        /// What was started.
        program: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Terraform does not show what it was asked for.
    #[error("`{command}` in {} failed: {said}", .dir.display())]
    Show {
        /// The command.
        command: String,
        /// Where.
        dir: PathBuf,
        /// What it said last.
        said: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// A file that cannot be written.
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] std::io::Error),
    /// Not what `terraform show -json` prints.
    #[error("{from} is not what `terraform show -json` prints")]
    Shown {
        /// Where it is from.
        from: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Nothing is there.
    #[error("{0} has no resources")]
    Empty(String),
    /// Columns' classes that are none.
    #[error("{from}: {reason}")]
    Classification {
        /// The file or output.
        from: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The cloud is out of reach.
    #[error("the cloud cannot be asked")]
    Cloud(#[source] headwater_cloud::Error),
}

impl AuditError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Program { .. } => {
                "name it with --terraform, or give --state a file that `terraform show -json` wrote"
            }
            Self::Show { .. } => {
                "run `terraform init` there first, or give --state a file that `terraform show -json` wrote"
            }
            Self::Shown { .. } => {
                "write it with `terraform show -json > state.json`, or `terraform show -json PLAN > plan.json`"
            }
            Self::Empty(_) => "apply the configuration first, name another --dir, or give --plan a plan",
            Self::Classification { .. } => {
                "write { \"DATASET.TABLE\" = { COLUMN = \"direct\" } } with none, indirect or direct; see the guide on auditing"
            }
            Self::Cloud(_) => "set HEADWATER_ENDPOINT and credentials, or leave the cloud out with --offline",
            Self::Read(..) | Self::Write(..) => return None,
        };
        Some(hint.to_owned())
    }
}
