//! What the resources of pipelines share: their ids, their documents in the lake, schedules and executions.

pub(crate) mod execution;
mod present;
pub(crate) mod schedule;

pub(crate) use self::present::Present;

use headwater_cloud::{Cloud, ObjectPath, OptionalExt as _};
use headwater_spec::{GcsUrl, LakeLayout, PipelineSpec};
use tfplugin_framework::{Diagnostic, Result};

use crate::names;
use crate::problems::Explain as _;

/// What there is where a pipeline's spec belongs.
pub(crate) enum Found {
    Nothing,
    /// No spec that this provider knows.
    Other(ObjectPath),
    Spec(Box<PipelineSpec>),
}

/// Lake and name that an import names.
pub(crate) fn import(id: &str) -> Result<(String, String)> {
    let known = parse(id).ok_or_else(|| {
        names::not_an_id(
            id,
            "the URL of the spec, `gs://LAKE/headwater/pipelines/NAME/spec.json`, or `gs://LAKE#NAME`",
        )
    })?;
    Ok(known)
}

fn parse(id: &str) -> Option<(String, String)> {
    let (lake, name) = match id.split_once('#') {
        Some(parts) => parts,
        None => id.strip_suffix("/spec.json")?.split_once("/headwater/pipelines/")?,
    };
    let lake: GcsUrl = lake.parse().ok()?;
    headwater_spec::check_pipeline_name(name).ok()?;
    Some((lake.to_string(), name.to_owned()))
}

/// An object of the bucket in which a pipeline lies.
pub(crate) fn document(layout: &LakeLayout, name: String) -> ObjectPath {
    ObjectPath {
        bucket: layout.bucket().to_owned(),
        name,
    }
}

pub(crate) fn spec_path(layout: &LakeLayout) -> ObjectPath {
    document(layout, layout.spec())
}

/// Where a resource keeps what an import needs and the spec does not say.
pub(crate) fn deployment_path(layout: &LakeLayout) -> ObjectPath {
    document(layout, format!("{}deployment.json", layout.root()))
}

pub(crate) async fn read(cloud: &Cloud, layout: &LakeLayout) -> Result<Found, Diagnostic> {
    let path = spec_path(layout);
    let found = cloud.storage().get(&path).await.optional();
    let Some(found) = found.explain(format!("cannot read {path}"))? else {
        return Ok(Found::Nothing);
    };
    Ok(match PipelineSpec::from_json(&found.bytes) {
        Ok(spec) => Found::Spec(Box::new(spec)),
        Err(_) => Found::Other(path),
    })
}

/// Says that what lies at `path` is no spec of `kind`.
pub(crate) fn unknown_spec(path: &ObjectPath, kind: &str) -> Diagnostic {
    Diagnostic::warning(format!("{path} is not {kind} spec that this provider knows"))
        .detail("It was changed by hand, or written by another version, or is another kind of pipeline's.")
        .hint("The next apply writes it again.")
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn ids() {
        let cases = [
            (
                "gs://lake/headwater/pipelines/crm/spec.json",
                Some(("gs://lake", "crm")),
            ),
            (
                "gs://lake/a/b/headwater/pipelines/crm/spec.json",
                Some(("gs://lake/a/b", "crm")),
            ),
            ("gs://lake#crm", Some(("gs://lake", "crm"))),
            ("gs://lake/a/#crm", Some(("gs://lake/a", "crm"))),
            ("gs://lake/crm/spec.json", None),
            ("gs://lake#No Name", None),
            ("crm", None),
            ("s3://lake#crm", None),
        ];
        for (id, expected) in cases {
            let found = parse(id);
            assert_eq!(
                found.as_ref().map(|(lake, name)| (lake.as_str(), name.as_str())),
                expected,
                "{id}"
            );
        }
    }
}
