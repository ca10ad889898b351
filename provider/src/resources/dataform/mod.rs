//! Dataform: repositories, and the configurations that say what of them is compiled and run, and when; and all of that as one
//! project, of a local folder.

mod project;
mod release_config;
mod repository;
mod rules;
mod workflow_config;

pub(crate) use project::Project;
pub(crate) use release_config::ReleaseConfig;
pub(crate) use repository::Repository;
pub(crate) use workflow_config::WorkflowConfig;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::Rest;
    use tfplugin_framework::check_resource;

    #[test]
    fn the_schemas_are_sound() {
        assert_eq!(check_resource(&Project), Default::default());
        assert_eq!(check_resource(&Rest(Repository)), Default::default());
        assert_eq!(check_resource(&Rest(ReleaseConfig)), Default::default());
        assert_eq!(check_resource(&Rest(WorkflowConfig)), Default::default());
    }
}
