//! The spec that lies in the lake when an apply begins, and writing the next one over it.

use headwater_cloud::{Cloud, Kind, OptionalExt as _, Precondition};
use headwater_spec::{LakeLayout, PipelineSpec};
use tfplugin_framework::Diagnostic;

use super::spec_path;
use crate::problems::{Explain as _, cloud_problem};

/// What lies there.
pub(crate) struct Present {
    generation: Option<i64>,
    bytes: Option<Vec<u8>>,
    pub spec: Option<PipelineSpec>,
}

impl Present {
    pub async fn read(cloud: &Cloud, layout: &LakeLayout) -> Result<Self, Diagnostic> {
        let path = spec_path(layout);
        let found = cloud
            .storage()
            .get(&path)
            .await
            .optional()
            .explain_at("lake", format!("cannot read {path}"))?;
        Ok(match found {
            None => Self {
                generation: None,
                bytes: None,
                spec: None,
            },
            Some(found) => Self {
                generation: Some(found.generation),
                spec: PipelineSpec::from_json(&found.bytes).ok(),
                bytes: Some(found.bytes.to_vec()),
            },
        })
    }

    /// The spec to write. If only its author would change, it stays the author's who wrote it.
    pub fn settle(&self, spec: PipelineSpec) -> PipelineSpec {
        let Some(before) = &self.spec else { return spec };
        let same = PipelineSpec {
            deployed_by: before.deployed_by.clone(),
            ..spec.clone()
        };
        if same == *before { same } else { spec }
    }

    /// A pipeline that is created must not take over one that is there, unless an apply that was killed left it behind.
    pub fn check_absent(&self, spec: &PipelineSpec, half_made: bool) -> Result<(), Diagnostic> {
        if self.generation.is_none() {
            return Ok(());
        }
        if self.spec.as_ref() == Some(spec) || half_made {
            tracing::info!(pipeline = spec.name, "pipeline of an earlier apply adopted");
            return Ok(());
        }
        let url = spec.layout().spec_url();
        Err(Diagnostic::invalid(
            "name",
            format!("the pipeline `{}` exists already in this lake", spec.name),
        )
        .detail(format!("There is a spec at {url}, and it says something else."))
        .hint(format!(
            "Import it: `terraform import ADDRESS {url}`, or choose another `name`."
        )))
    }

    /// Writes the spec if it is another one; says whether it was.
    pub async fn write(&self, cloud: &Cloud, layout: &LakeLayout, spec: &PipelineSpec) -> Result<bool, Diagnostic> {
        let text = spec.to_json().into_bytes();
        if self.bytes.as_deref() == Some(&text) {
            return Ok(false);
        }
        let path = spec_path(layout);
        let precondition = self.generation.map_or(Precondition::Absent, Precondition::Generation);
        match cloud
            .storage()
            .put(&path, "application/json", text.into(), precondition)
            .await
        {
            Ok(_) => {
                tracing::info!(spec = %path, hash = spec.hash(), "spec written");
                Ok(true)
            }
            Err(error) if error.kind() == Kind::PreconditionFailed => Err(Diagnostic::error(format!(
                "somebody else changed {path} during this apply"
            ))
            .hint("Plan and apply again.")),
            Err(error) if error.is_not_found() => {
                Err(cloud_problem(format!("the lake `gs://{}` does not exist", layout.bucket()), &error).at("lake"))
            }
            Err(error) => Err(cloud_problem(format!("cannot write {path}"), &error).at("lake")),
        }
    }
}
