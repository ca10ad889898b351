//! What can end a stream's work, with a stable code and advice.

/// Why a stream stopped although nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A Google service.
    #[error(transparent)]
    Cloud(#[from] headwater_cloud::Error),
    /// The spec is another kind of pipeline's.
    #[error(transparent)]
    Spec(#[from] headwater_spec::SpecError),
    /// A table cannot be written to.
    #[error("table {table} cannot be written: {reason}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        reason: String,
    },
    /// The subscription or a topic cannot be used.
    #[error("{name} cannot be used: {reason}")]
    Transport {
        /// Its full name.
        name: String,
        /// Google's words.
        reason: String,
    },
    /// A port cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A task of ours ended abnormally.
    #[error("a worker task ended abnormally")]
    Worker,
}

/// The result of a step.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::Cloud(_) => "cloud",
            Error::Spec(_) => "spec",
            Error::Table { .. } => "table_unusable",
            Error::Transport { .. } => "transport_unusable",
            Error::Listen { .. } => "listen",
            Error::Worker => "internal",
        }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Error::Cloud(error) => error.hint().to_owned(),
            Error::Spec(_) => "give the spec of a cdc_stream".into(),
            Error::Table { .. } => "run terraform apply: it makes the stream's tables what they have to be".into(),
            Error::Transport { .. } => {
                "run terraform apply: it makes the stream's topics and subscriptions; the runtime's account needs \
                 roles/pubsub.subscriber and roles/pubsub.publisher"
                    .into()
            }
            Error::Listen { .. } => "give another --metrics-address; port 0 takes any free one".into(),
            Error::Worker => "report it, with the log lines before this one".into(),
        }
    }
}
