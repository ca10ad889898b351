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
    ($($id:literal $verb:literal $path:literal $handler:expr;)*) => {
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
        "repositories.releaseConfigs.create" "POST" "repositories/{repository}/releaseConfigs" |call| configs::create(call, &releases::KIND);
        "repositories.releaseConfigs.list" "GET" "repositories/{repository}/releaseConfigs" |call| configs::list(call, &releases::KIND);
        "repositories.releaseConfigs.get" "GET" "repositories/{repository}/releaseConfigs/{config}" |call| configs::get(call, &releases::KIND);
        "repositories.releaseConfigs.patch" "PATCH" "repositories/{repository}/releaseConfigs/{config}" |call| configs::patch(call, &releases::KIND);
        "repositories.releaseConfigs.delete" "DELETE" "repositories/{repository}/releaseConfigs/{config}" |call| configs::delete(call, &releases::KIND);
        "repositories.workflowConfigs.create" "POST" "repositories/{repository}/workflowConfigs" |call| configs::create(call, &workflows::KIND);
        "repositories.workflowConfigs.list" "GET" "repositories/{repository}/workflowConfigs" |call| configs::list(call, &workflows::KIND);
        "repositories.workflowConfigs.get" "GET" "repositories/{repository}/workflowConfigs/{config}" |call| configs::get(call, &workflows::KIND);
        "repositories.workflowConfigs.patch" "PATCH" "repositories/{repository}/workflowConfigs/{config}" |call| configs::patch(call, &workflows::KIND);
        "repositories.workflowConfigs.delete" "DELETE" "repositories/{repository}/workflowConfigs/{config}" |call| configs::delete(call, &workflows::KIND);
    }
}
