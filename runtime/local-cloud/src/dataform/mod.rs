//! Dataform v1: repositories with their files, release and workflow configurations.
//! <https://cloud.google.com/dataform/reference/rest>
//!
//! A repository without a Git remote keeps its commits here. Not here: what needs the network of a Git remote, workspaces,
//! compilation results and workflow invocations; schedules are checked and kept, and fire nothing.

mod check;
mod configs;
mod files;
mod names;
mod releases;
mod repositories;
mod workflows;

use crate::http::route::Method;

/// The methods of the service, as `v1` and as `v1beta1`, which some of Google's clients still speak.
macro_rules! versions {
    ($($id:literal $verb:literal $path:literal $handler:path;)*) => {
        vec![$(
            crate::http::route::method(concat!("dataform.projects.locations.", $id), $verb,
                concat!("/v1/projects/{project}/locations/{location}/", $path), $handler),
            crate::http::route::method(concat!("dataform.projects.locations.", $id), $verb,
                concat!("/v1beta1/projects/{project}/locations/{location}/", $path), $handler),
        )*]
    };
}

pub(crate) fn methods() -> Vec<Method> {
    versions! {
        "repositories.create" "POST" "repositories" repositories::create;
        "repositories.list" "GET" "repositories" repositories::list;
        "repositories.get" "GET" "repositories/{repository}" repositories::get;
        "repositories.patch" "PATCH" "repositories/{repository}" repositories::patch;
        "repositories.delete" "DELETE" "repositories/{repository}" repositories::delete;
        "repositories.getIamPolicy" "GET" "repositories/{repository}:getIamPolicy" repositories::get_policy;
        "repositories.setIamPolicy" "POST" "repositories/{repository}:setIamPolicy" repositories::set_policy;
        "repositories.testIamPermissions" "POST" "repositories/{repository}:testIamPermissions" crate::iam::test_call;
        "repositories.commit" "POST" "repositories/{repository}:commit" files::commit;
        "repositories.readFile" "GET" "repositories/{repository}:readFile" files::read;
        "repositories.queryDirectoryContents" "GET" "repositories/{repository}:queryDirectoryContents" files::directory;
        "repositories.fetchHistory" "GET" "repositories/{repository}:fetchHistory" files::history;
        "repositories.releaseConfigs.create" "POST" "repositories/{repository}/releaseConfigs" releases::create;
        "repositories.releaseConfigs.list" "GET" "repositories/{repository}/releaseConfigs" releases::list;
        "repositories.releaseConfigs.get" "GET" "repositories/{repository}/releaseConfigs/{config}" releases::get;
        "repositories.releaseConfigs.patch" "PATCH" "repositories/{repository}/releaseConfigs/{config}" releases::patch;
        "repositories.releaseConfigs.delete" "DELETE" "repositories/{repository}/releaseConfigs/{config}" releases::delete;
        "repositories.workflowConfigs.create" "POST" "repositories/{repository}/workflowConfigs" workflows::create;
        "repositories.workflowConfigs.list" "GET" "repositories/{repository}/workflowConfigs" workflows::list;
        "repositories.workflowConfigs.get" "GET" "repositories/{repository}/workflowConfigs/{config}" workflows::get;
        "repositories.workflowConfigs.patch" "PATCH" "repositories/{repository}/workflowConfigs/{config}" workflows::patch;
        "repositories.workflowConfigs.delete" "DELETE" "repositories/{repository}/workflowConfigs/{config}" workflows::delete;
    }
}
