//! What can end the bridge, with a stable code and advice.

/// Why the bridge stopped although nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A Google service.
    #[error(transparent)]
    Cloud(#[from] headwater_cloud::Error),
    /// Salesforce.
    #[error(transparent)]
    Salesforce(#[from] headwater_salesforce::Error),
    /// The spec is another kind of pipeline's, or its source is not Salesforce.
    #[error("the spec has no change events of Salesforce to bridge")]
    Spec,
    /// A topic does not take messages.
    #[error("{topic} does not take messages: {reason}")]
    Publish {
        /// Its full name.
        topic: String,
        /// Google's words.
        reason: String,
    },
    /// Another bridge took over.
    #[error("another bridge of this pipeline took over")]
    Fenced,
    /// It was asked to stop in the middle of a repair, which the next one makes anew.
    #[error("the bridge was stopped")]
    Stopped,
    /// A task of ours ended abnormally.
    #[error("a task of the bridge ended abnormally")]
    Worker,
    /// A document in the lake that cannot be read.
    #[error("{path} cannot be read")]
    Document {
        /// Where it is.
        path: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// An entity has a field that cannot be.
    #[error("{entity} cannot be read")]
    Columns {
        /// The entity.
        entity: String,
    },
}

/// The result of a step.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cloud(_) => "cloud",
            Self::Salesforce(error) => error.kind().code(),
            Self::Spec => "spec",
            Self::Publish { .. } => "transport_unusable",
            Self::Fenced => "fenced",
            Self::Stopped => "stopped",
            Self::Worker => "internal",
            Self::Document { .. } => "document_damaged",
            Self::Columns { .. } => "salesforce_field",
        }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Cloud(error) => error.hint(),
            Self::Salesforce(error) => error.hint(),
            Self::Spec => "give the spec of a cdc_stream whose source is salesforce",
            Self::Publish { .. } => {
                "run terraform apply: it makes the stream's topics; the runtime's account needs roles/pubsub.publisher"
            }
            Self::Fenced => "nothing is lost: the other bridge goes on from the last durable position",
            Self::Stopped => "nothing is lost: start it again",
            Self::Worker => "report it, with the log lines before this one; nothing is lost: start it again",
            Self::Document { .. } => {
                "restore an older generation of the document, or delete it: the stream then begins anew"
            }
            Self::Columns { .. } => "check the entity's API name and what the connection's user may read",
        }
    }
}
