//! IAM policies of all resources: kept, versioned by etag, given back. Nobody is denied anything.

use std::sync::Arc;

use crate::name::Kind;
use crate::record::{PolicyRecord, policy_key};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire::iam::{
    GetIamPolicyRequest, Policy, SetIamPolicyRequest, TestIamPermissionsRequest, TestIamPermissionsResponse,
};

/// The etag of a policy that was never set.
const FIRST: &[u8] = &[0, 32];

impl Service {
    pub(crate) fn get_iam_policy(&self, request: &GetIamPolicyRequest) -> Result<Policy, Refusal> {
        self.must_exist(&request.resource)?;
        let found: Option<PolicyRecord> = self.store.snapshot()?.record(&policy_key(&request.resource))?;
        Ok(found.map_or_else(unset, |record| record.policy))
    }

    pub(crate) async fn set_iam_policy(self: &Arc<Self>, request: SetIamPolicyRequest) -> Result<Policy, Refusal> {
        self.must_exist(&request.resource)?;
        let mut policy = request
            .policy
            .ok_or_else(|| Refusal::invalid("You have passed an invalid argument to the service (argument=policy)."))?;
        let at = policy_key(&request.resource);
        let set = self.store.write(
            move |txn| {
                let current: Option<PolicyRecord> = txn.record(&at)?;
                let current = current.map_or_else(unset, |record| record.policy);
                if !policy.etag.is_empty() && policy.etag != current.etag {
                    return Err(Refusal::new(
                        tonic::Code::Aborted,
                        "There were concurrent policy changes. Please retry the whole read-modify-write with \
                         exponential backoff.",
                    ));
                }
                policy.etag = txn.next_id()?.to_be_bytes().to_vec();
                policy.version = policy.version.max(1);
                let record = PolicyRecord { policy };
                txn.put(&at, &record)?;
                Ok(record.policy)
            },
            |_| {},
        );
        set.await
    }

    /// The caller has every permission it asks about.
    pub(crate) fn test_iam_permissions(
        &self,
        request: TestIamPermissionsRequest,
    ) -> Result<TestIamPermissionsResponse, Refusal> {
        self.must_exist(&request.resource)?;
        Ok(TestIamPermissionsResponse {
            permissions: request.permissions,
        })
    }

    fn must_exist(&self, name: &str) -> Result<(), Refusal> {
        match Kind::of(name) {
            Some(Kind::Topic) => self.topics.get(name).map(|_| ()),
            Some(Kind::Subscription) => self.subscriptions.get(name).map(|_| ()),
            Some(Kind::Snapshot) => self.snapshots.get(name).map(|_| ()),
            Some(Kind::Schema) => self.schemas.get(name).map(|_| ()),
            None => Kind::Topic.check(name),
        }
    }
}

fn unset() -> Policy {
    Policy {
        version: 1,
        etag: FIRST.to_vec(),
        ..Policy::default()
    }
}
