//! What commands fail with. Each has a hint where there is something to do.

/// A command's failure.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// An argument that parses and makes no sense.
    #[error("{argument}: {message}")]
    Usage {
        /// Which.
        argument: &'static str,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// Google Cloud refused or is out of reach.
    #[error(transparent)]
    Cloud(#[from] headwater_cloud::Error),
    /// A run's record that this version cannot read.
    #[error("cannot read the run record {path}")]
    Record {
        /// Where it is.
        path: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// No such run.
    #[error("{} of pipeline {pipeline} in {lake}", run.as_ref().map_or_else(|| "no runs".to_owned(), |run| format!("no run {run}")))]
    NoRun {
        /// The run asked for; `None`: the newest.
        run: Option<String>,
        /// The pipeline.
        pipeline: String,
        /// The lake.
        lake: String,
        /// The pipelines that there are.
        pipelines: Vec<String>,
    },
    /// The address of a server is taken, or none of this machine.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The local cloud.
    #[cfg(not(feature = "runtime-only"))]
    #[error(transparent)]
    Local(#[from] crate::local::LocalError),
    /// The simulated org.
    #[cfg(not(feature = "runtime-only"))]
    #[error(transparent)]
    Org(#[from] headwater_salesforce_org::Error),
    /// Data quality.
    #[error(transparent)]
    Quality(#[from] crate::quality::QualityError),
    /// A Dataform project.
    #[error(transparent)]
    Dataform(#[from] crate::dataform::DataformError),
    /// The runtime's image.
    #[error(transparent)]
    Image(#[from] headwater_image::Error),
    /// An audit.
    #[error(transparent)]
    Audit(#[from] crate::audit::AuditError),
    /// The spec.
    #[error(transparent)]
    Spec(#[from] headwater_spec::SpecError),
    /// The extract.
    #[error(transparent)]
    Extract(#[from] headwater_extract::Error),
    /// The stream.
    #[error(transparent)]
    Stream(#[from] headwater_stream::Error),
    /// The stream's bridge.
    #[error(transparent)]
    Bridge(#[from] headwater_stream::bridge::Error),
}

impl CommandError {
    /// An argument that makes no sense.
    pub fn usage(argument: &'static str, error: &dyn std::error::Error) -> Self {
        Self::Usage {
            argument,
            message: error.to_string(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => Some(error.hint().to_owned()).filter(|h| !h.is_empty()),
            Self::NoRun {
                run,
                pipeline,
                pipelines,
                ..
            } => Some(if pipelines.is_empty() {
                "nothing is deployed there: apply the pipeline, or check the lake's name".into()
            } else if !pipelines.contains(pipeline) {
                format!("the pipelines there are {}", pipelines.join(", "))
            } else if run.is_some() {
                "`headwater runs list` shows the runs that there are".into()
            } else {
                "it is deployed and has not run yet: start it with `headwater runs start`".into()
            }),
            Self::Listen { .. } => Some("is something else there? --port 0 takes any free port".into()),
            #[cfg(not(feature = "runtime-only"))]
            Self::Local(error) => error.hint().map(str::to_owned),
            #[cfg(not(feature = "runtime-only"))]
            Self::Org(error) => error.hint().map(str::to_owned),
            Self::Image(error) => Some(error.hint().to_owned()),
            Self::Record { .. } => Some("it may have been written by a newer headwater: upgrade this one".into()),
            Self::Extract(error) => Some(error.hint().to_owned()).filter(|h| !h.is_empty()),
            Self::Stream(error) => Some(error.hint()).filter(|h| !h.is_empty()),
            Self::Bridge(error) => Some(error.hint().to_owned()).filter(|h| !h.is_empty()),
            Self::Quality(error) => error.hint(),
            Self::Dataform(error) => error.hint(),
            Self::Audit(error) => error.hint(),
            Self::Usage { .. } | Self::Spec(_) => None,
        }
    }
}
