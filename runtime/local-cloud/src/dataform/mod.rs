//! Dataform v1: repositories with their files and workspaces, release and workflow configurations, compilation results and
//! workflow invocations. <https://cloud.google.com/dataform/reference/rest>
//!
//! A repository without a Git remote keeps its commits here, and workspaces push to its one branch. Projects are compiled and
//! executed by `headwater-dataform`, over the local BigQuery; schedules fire. Not here: what needs the network of a Git remote,
//! npm packages other than `@dataform/core`, notebooks, data preparations and unit tests, folders and `config`.

mod branch;
mod check;
mod commits;
mod compilations;
mod compiled;
mod compiling;
mod configs;
mod directory;
mod execution;
mod files;
mod filter;
mod invocations;
mod invoking;
mod merge;
mod names;
mod packages;
mod releases;
mod repositories;
mod schedules;
mod shapes;
mod warehouse;
mod workflows;
mod working_copy;
mod workspaces;

use headwater_dataform::CoreStore;
use tokio::sync::{Notify, Semaphore};

use crate::http::route::Method;

pub(crate) use execution::{Running, resume};
pub(crate) use repositories::remove_all;
pub(crate) use schedules::keep_firing;

/// How many projects are compiled at once.
const COMPILING: usize = 2;

/// The moving part of the service.
pub(crate) struct Service {
    /// Where Dataform's own compiler is kept.
    cores: CoreStore,
    /// Turns to compile.
    compiling: Semaphore,
    /// The invocations at work.
    pub(crate) running: Running,
    /// Rung when configurations change.
    changed: Notify,
}

impl Service {
    pub(crate) fn new() -> Service {
        Service {
            cores: CoreStore::default(),
            compiling: Semaphore::new(COMPILING),
            running: Running::default(),
            changed: Notify::new(),
        }
    }
}

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
        "repositories.workspaces.create" "POST" "repositories/{repository}/workspaces" workspaces::create;
        "repositories.workspaces.list" "GET" "repositories/{repository}/workspaces" workspaces::list;
        "repositories.workspaces.get" "GET" "repositories/{repository}/workspaces/{workspace}" workspaces::get;
        "repositories.workspaces.delete" "DELETE" "repositories/{repository}/workspaces/{workspace}" workspaces::delete;
        "repositories.workspaces.getIamPolicy" "GET" "repositories/{repository}/workspaces/{workspace}:getIamPolicy" workspaces::get_policy;
        "repositories.workspaces.setIamPolicy" "POST" "repositories/{repository}/workspaces/{workspace}:setIamPolicy" workspaces::set_policy;
        "repositories.workspaces.testIamPermissions" "POST" "repositories/{repository}/workspaces/{workspace}:testIamPermissions" workspaces::test_permissions;
        "repositories.workspaces.writeFile" "POST" "repositories/{repository}/workspaces/{workspace}:writeFile" working_copy::write;
        "repositories.workspaces.readFile" "GET" "repositories/{repository}/workspaces/{workspace}:readFile" working_copy::read;
        "repositories.workspaces.removeFile" "POST" "repositories/{repository}/workspaces/{workspace}:removeFile" working_copy::remove;
        "repositories.workspaces.moveFile" "POST" "repositories/{repository}/workspaces/{workspace}:moveFile" working_copy::rename;
        "repositories.workspaces.makeDirectory" "POST" "repositories/{repository}/workspaces/{workspace}:makeDirectory" working_copy::make_directory;
        "repositories.workspaces.removeDirectory" "POST" "repositories/{repository}/workspaces/{workspace}:removeDirectory" working_copy::remove_directory;
        "repositories.workspaces.moveDirectory" "POST" "repositories/{repository}/workspaces/{workspace}:moveDirectory" working_copy::move_directory;
        "repositories.workspaces.queryDirectoryContents" "GET" "repositories/{repository}/workspaces/{workspace}:queryDirectoryContents" working_copy::directory;
        "repositories.workspaces.searchFiles" "GET" "repositories/{repository}/workspaces/{workspace}:searchFiles" working_copy::search;
        "repositories.workspaces.commit" "POST" "repositories/{repository}/workspaces/{workspace}:commit" branch::commit;
        "repositories.workspaces.reset" "POST" "repositories/{repository}/workspaces/{workspace}:reset" branch::reset;
        "repositories.workspaces.push" "POST" "repositories/{repository}/workspaces/{workspace}:push" branch::push;
        "repositories.workspaces.pull" "POST" "repositories/{repository}/workspaces/{workspace}:pull" branch::pull;
        "repositories.workspaces.fetchFileGitStatuses" "GET" "repositories/{repository}/workspaces/{workspace}:fetchFileGitStatuses" branch::statuses;
        "repositories.workspaces.fetchFileDiff" "GET" "repositories/{repository}/workspaces/{workspace}:fetchFileDiff" branch::difference;
        "repositories.workspaces.fetchGitAheadBehind" "GET" "repositories/{repository}/workspaces/{workspace}:fetchGitAheadBehind" branch::ahead_behind;
        "repositories.workspaces.installNpmPackages" "POST" "repositories/{repository}/workspaces/{workspace}:installNpmPackages" packages::install;
        "repositories.compilationResults.create" "POST" "repositories/{repository}/compilationResults" compilations::create;
        "repositories.compilationResults.list" "GET" "repositories/{repository}/compilationResults" compilations::list;
        "repositories.compilationResults.get" "GET" "repositories/{repository}/compilationResults/{result}" compilations::get;
        "repositories.compilationResults.query" "GET" "repositories/{repository}/compilationResults/{result}:query" compilations::query;
        "repositories.workflowInvocations.create" "POST" "repositories/{repository}/workflowInvocations" invocations::create;
        "repositories.workflowInvocations.list" "GET" "repositories/{repository}/workflowInvocations" invocations::list;
        "repositories.workflowInvocations.get" "GET" "repositories/{repository}/workflowInvocations/{invocation}" invocations::get;
        "repositories.workflowInvocations.delete" "DELETE" "repositories/{repository}/workflowInvocations/{invocation}" invocations::delete;
        "repositories.workflowInvocations.cancel" "POST" "repositories/{repository}/workflowInvocations/{invocation}:cancel" invocations::cancel;
        "repositories.workflowInvocations.query" "GET" "repositories/{repository}/workflowInvocations/{invocation}:query" invocations::query;
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
