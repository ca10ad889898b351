//! Projects and their IAM policies: Resource Manager v1 and v3. Every project exists.
//! <https://cloud.google.com/resource-manager/reference/rest>

use serde_json::json;

use crate::clock::stamp;
use crate::cloud::Cloud;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::route::{Method, method};
use crate::iam;
use crate::store::key;

pub(crate) fn methods() -> Vec<Method> {
    const GET: &str = "cloudresourcemanager.projects.get";
    const GET_POLICY: &str = "cloudresourcemanager.projects.getIamPolicy";
    const SET_POLICY: &str = "cloudresourcemanager.projects.setIamPolicy";
    const TEST: &str = "cloudresourcemanager.projects.testIamPermissions";
    vec![
        method(GET, "GET", "/v1/projects/{project}", get),
        method(GET, "GET", "/v3/projects/{project}", get_v3),
        method(GET_POLICY, "POST", "/v1/projects/{project}:getIamPolicy", get_policy),
        method(GET_POLICY, "POST", "/v3/projects/{project}:getIamPolicy", get_policy),
        method(SET_POLICY, "POST", "/v1/projects/{project}:setIamPolicy", set_policy),
        method(SET_POLICY, "POST", "/v3/projects/{project}:setIamPolicy", set_policy),
        method(
            TEST,
            "POST",
            "/v1/projects/{project}:testIamPermissions",
            iam::test_call,
        ),
        method(
            TEST,
            "POST",
            "/v3/projects/{project}:testIamPermissions",
            iam::test_call,
        ),
    ]
}

async fn get(call: Call) -> Answer {
    let id = call.param("project");
    ok(&json!({
        "projectNumber": Cloud::project_number(id).to_string(),
        "projectId": id,
        "lifecycleState": "ACTIVE",
        "name": id,
        "createTime": stamp(chrono::DateTime::UNIX_EPOCH),
    }))
}

async fn get_v3(call: Call) -> Answer {
    let id = call.param("project");
    ok(&json!({
        "name": format!("projects/{}", Cloud::project_number(id)),
        "projectId": id,
        "state": "ACTIVE",
        "displayName": id,
        "createTime": stamp(chrono::DateTime::UNIX_EPOCH),
    }))
}

fn policy_key(call: &Call) -> Vec<u8> {
    key(&["project", "iam", call.cloud.project_of(call.param("project"))])
}

async fn get_policy(call: Call) -> Answer {
    let at = policy_key(&call);
    iam::get_call(call, at).await
}

async fn set_policy(mut call: Call) -> Answer {
    let policy = iam::policy_of(&mut call).await?;
    let set = iam::set_or(&call.cloud, policy_key(&call), policy, iam::stale(), |policy, _| {
        if policy.is_public() {
            return Err(ApiError::failed_precondition(
                "Members of the type allUsers and allAuthenticatedUsers cannot be added to the policy of a project.",
            ));
        }
        Ok(())
    });
    ok(&set.await?)
}
