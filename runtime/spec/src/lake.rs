//! Where a pipeline's documents and data lie in the lake bucket. Only names: reading and writing is the caller's.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `gs://bucket` or `gs://bucket/prefix`; kept without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct GcsUrl {
    #[schemars(skip)]
    bucket: String,
    #[schemars(skip)]
    path: String,
}

/// Not a Cloud Storage URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a Cloud Storage URL: write gs://BUCKET or gs://BUCKET/PREFIX")]
pub struct GcsUrlError(pub String);

impl GcsUrl {
    /// The lake of a document that names none.
    pub(crate) fn nowhere() -> Self {
        Self {
            bucket: String::new(),
            path: String::new(),
        }
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What follows the bucket, without slashes at its ends; may be empty.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The URL of something below this one.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        let path = if self.path.is_empty() {
            below.to_owned()
        } else {
            format!("{}/{below}", self.path)
        };
        Self {
            bucket: self.bucket.clone(),
            path,
        }
    }
}

impl FromStr for GcsUrl {
    type Err = GcsUrlError;

    fn from_str(text: &str) -> Result<Self, GcsUrlError> {
        let error = || GcsUrlError(text.to_owned());
        let rest = text.strip_prefix("gs://").ok_or_else(error)?;
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        let bucket_ok = (3..=222).contains(&bucket.len())
            && bucket
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c));
        if !bucket_ok || path.starts_with('/') || path.contains("//") || path.contains('*') {
            return Err(error());
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            path: path.to_owned(),
        })
    }
}

impl TryFrom<String> for GcsUrl {
    type Error = GcsUrlError;

    fn try_from(text: String) -> Result<Self, GcsUrlError> {
        text.parse()
    }
}

impl From<GcsUrl> for String {
    fn from(url: GcsUrl) -> Self {
        url.to_string()
    }
}

impl fmt::Display for GcsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gs://{}", self.bucket)?;
        if self.path.is_empty() {
            Ok(())
        } else {
            write!(f, "/{}", self.path)
        }
    }
}

/// The names of one pipeline's objects. All are full object names within [`GcsUrl::bucket`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeLayout {
    lake: GcsUrl,
    pipeline: String,
}

impl LakeLayout {
    /// The layout of `pipeline` in `lake`.
    pub fn new(lake: &GcsUrl, pipeline: &str) -> Self {
        Self {
            lake: lake.clone(),
            pipeline: pipeline.to_owned(),
        }
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        self.lake.bucket()
    }

    /// Everything of this pipeline lies below this prefix, which ends with a slash.
    pub fn root(&self) -> String {
        format!("{}/", self.below(""))
    }

    /// The [`crate::PipelineSpec`].
    pub fn spec(&self) -> String {
        self.below("/spec.json")
    }

    /// The Beam pipeline that a stream on Dataflow is rendered as.
    pub fn pipeline(&self) -> String {
        self.below("/pipeline.yaml")
    }

    /// Prefix of what Dataflow keeps for a job, ending with a slash.
    pub fn dataflow(&self) -> String {
        self.below("/dataflow/")
    }

    /// The URL of the spec, as the runtime's `--spec` takes it.
    pub fn spec_url(&self) -> String {
        format!("gs://{}/{}", self.bucket(), self.spec())
    }

    /// The paths of one object.
    pub fn object(&self, object: &str) -> ObjectPaths {
        ObjectPaths {
            state: self.below(&format!("/objects/{object}")),
            data: self.below(&format!("/data/{object}")),
        }
    }

    /// Prefix of all run records, ending with a slash.
    pub fn runs(&self) -> String {
        self.below("/runs/")
    }

    /// The record of one object in one run, a [`crate::ObjectRun`].
    pub fn run_record(&self, run: &str, object: &str) -> String {
        self.below(&format!("/runs/{run}/{object}.json"))
    }

    /// Prefix of what suites note of scans that they have begun, ending with a slash.
    pub fn scan_jobs(&self) -> String {
        self.below("/scans/")
    }

    /// The job of a scan that a run of a suite has begun.
    pub fn scan_job(&self, run: &str) -> String {
        self.below(&format!("/scans/{run}.json"))
    }

    /// Finds lake and pipeline in the URL of a spec, the inverse of [`LakeLayout::spec_url`].
    ///
    /// # Errors
    /// When the URL does not end as a spec's does.
    pub fn of_spec_url(url: &str) -> Result<Self, GcsUrlError> {
        let error = || GcsUrlError(url.to_owned());
        let rest = url.strip_suffix("/spec.json").ok_or_else(error)?;
        let (root, pipeline) = rest.rsplit_once('/').ok_or_else(error)?;
        let lake = root.strip_suffix("/headwater/pipelines").ok_or_else(error)?;
        Ok(Self::new(&lake.parse()?, pipeline))
    }

    fn below(&self, tail: &str) -> String {
        let prefix = self.lake.path();
        let slash = if prefix.is_empty() { "" } else { "/" };
        format!("{prefix}{slash}headwater/pipelines/{}{tail}", self.pipeline)
    }
}

/// The object names of one Salesforce object's state and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPaths {
    state: String,
    data: String,
}

impl ObjectPaths {
    /// The fence.
    pub fn lease(&self) -> String {
        format!("{}/lease.json", self.state)
    }

    /// The committed [`crate::Watermark`].
    pub fn watermark(&self) -> String {
        format!("{}/watermark.json", self.state)
    }

    /// The batch that is being worked on.
    pub fn inflight(&self) -> String {
        format!("{}/inflight.json", self.state)
    }

    /// Prefix of a batch's data, ending with a slash.
    pub fn batch(&self, batch: &str) -> String {
        format!("{}/{batch}/", self.data)
    }

    /// A part of a batch.
    pub fn part(&self, batch: &str, index: usize) -> String {
        format!("{}/{batch}/part-{index:05}.parquet", self.data)
    }

    /// A part of a batch in which rows are marked that a gate sets apart.
    pub fn judged_part(&self, batch: &str, index: usize) -> String {
        format!("{}/{batch}/judged-{index:05}.parquet", self.data)
    }

    /// The [`crate::Manifest`] of a batch.
    pub fn manifest(&self, batch: &str) -> String {
        format!("{}/{batch}/manifest.json", self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let cases = [
            ("gs://lake", Some(("lake", ""))),
            ("gs://lake/", Some(("lake", ""))),
            ("gs://lake/a/b/", Some(("lake", "a/b"))),
            ("gs://La", None),
            ("gs://", None),
            ("s3://lake", None),
            ("gs://lake//a", None),
            ("gs://lake/*", None),
        ];
        for (text, expected) in cases {
            let url = text.parse::<GcsUrl>().ok();
            assert_eq!(url.as_ref().map(|u| (u.bucket(), u.path())), expected, "{text}");
        }
    }

    #[test]
    fn layout() {
        for (lake, root) in [("gs://lake", ""), ("gs://lake/raw/x", "raw/x/")] {
            let layout = LakeLayout::new(&lake.parse().unwrap(), "crm");
            assert_eq!(layout.root(), format!("{root}headwater/pipelines/crm/"));
            assert_eq!(
                layout.spec_url(),
                format!("gs://lake/{root}headwater/pipelines/crm/spec.json")
            );
            assert_eq!(LakeLayout::of_spec_url(&layout.spec_url()), Ok(layout.clone()));
            let account = layout.object("Account");
            assert_eq!(
                account.lease(),
                format!("{root}headwater/pipelines/crm/objects/Account/lease.json")
            );
            assert_eq!(
                account.part("b", 7),
                format!("{root}headwater/pipelines/crm/data/Account/b/part-00007.parquet")
            );
        }
        assert!(LakeLayout::of_spec_url("gs://lake/spec.json").is_err());
    }
}
