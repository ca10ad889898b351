//! The kinds of things on which members are granted roles.

use headwater_cloud::Service;
use serde::{Deserialize, Serialize};
use tfplugin_framework::{Attr, Attribute};

use super::{About, Condition, Granted, Parts};
use crate::names;

/// A model whose target has this name.
macro_rules! member {
    ($model:ident, $target:ident, $about:expr) => {
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $model {
            $target: Attr<String>,
            role: Attr<String>,
            member: Attr<String>,
            condition: Attr<Condition>,
            id: Attr<String>,
        }

        impl Granted for $model {
            const ABOUT: About = $about;

            fn parts(&mut self) -> Parts<'_> {
                Parts {
                    target: &mut self.$target,
                    role: &mut self.role,
                    member: &mut self.member,
                    condition: &mut self.condition,
                    id: &mut self.id,
                }
            }
        }
    };
}

member!(
    ProjectMember,
    project,
    About {
        type_name: "headwater_project_iam_member",
        noun: "project",
        target: "project",
        form: "PROJECT",
        service: Service::ResourceManager,
        name: |project| format!("projects/{project}"),
        attribute: || {
            Attribute::string()
                .optional_computed()
                .use_state_for_unknown()
                .validate(names::project())
                .describe("The project. Default: the provider's.")
        },
        example: "roles/bigquery.jobUser",
    }
);

member!(
    DatasetMember,
    dataset,
    About {
        type_name: "headwater_bigquery_dataset_iam_member",
        noun: "dataset",
        target: "dataset",
        form: "projects/PROJECT/datasets/DATASET",
        service: Service::BigQuery,
        name: str::to_owned,
        attribute: || {
            Attribute::string()
                .required()
                .validate(names::dataset_path())
                .describe("The dataset: the id of a `headwater_bigquery_dataset`, `projects/PROJECT/datasets/DATASET`.")
        },
        example: "roles/bigquery.dataViewer",
    }
);

member!(
    BucketMember,
    bucket,
    About {
        type_name: "headwater_storage_bucket_iam_member",
        noun: "bucket",
        target: "bucket",
        form: "BUCKET",
        service: Service::Storage,
        name: |bucket| format!("b/{bucket}"),
        attribute: || {
            Attribute::string()
                .required()
                .validate(names::bucket())
                .describe("The bucket's name: the id of a `headwater_storage_bucket`.")
        },
        example: "roles/storage.objectViewer",
    }
);

member!(
    TopicMember,
    topic,
    About {
        type_name: "headwater_pubsub_topic_iam_member",
        noun: "topic",
        target: "topic",
        form: "projects/PROJECT/topics/TOPIC",
        service: Service::PubSub,
        name: str::to_owned,
        attribute: || {
            Attribute::string()
                .required()
                .validate(names::topic_id())
                .describe("The topic: the id of a `headwater_pubsub_topic`, `projects/PROJECT/topics/TOPIC`.")
        },
        example: "roles/pubsub.publisher",
    }
);

member!(
    SecretMember,
    secret,
    About {
        type_name: "headwater_secret_iam_member",
        noun: "secret",
        target: "secret",
        form: "projects/PROJECT/secrets/SECRET",
        service: Service::SecretManager,
        name: str::to_owned,
        attribute: || {
            Attribute::string()
                .required()
                .validate(names::secret_id())
                .describe("The secret: its full name, `projects/PROJECT/secrets/SECRET`, such as the id of a `headwater_salesforce_connection`.")
        },
        example: "roles/secretmanager.secretAccessor",
    }
);

member!(
    SubscriptionMember,
    subscription,
    About {
        type_name: "headwater_pubsub_subscription_iam_member",
        noun: "subscription",
        target: "subscription",
        form: "projects/PROJECT/subscriptions/SUBSCRIPTION",
        service: Service::PubSub,
        name: str::to_owned,
        attribute: || {
            Attribute::string().required().validate(names::subscription_path()).describe(
                "The subscription: the id of a `headwater_pubsub_subscription`, `projects/PROJECT/subscriptions/SUBSCRIPTION`.",
            )
        },
        example: "roles/pubsub.subscriber",
    }
);

member!(
    RuntimeMember,
    runtime,
    About {
        type_name: "headwater_runtime_iam_member",
        noun: "runtime",
        target: "runtime",
        form: "projects/PROJECT/locations/REGION/jobs/JOB",
        service: Service::Run,
        name: str::to_owned,
        attribute: || {
            Attribute::string()
                .required()
                .validate(names::runtime_id())
                .describe("The runtime: the id of a `headwater_runtime`, `projects/PROJECT/locations/REGION/jobs/JOB`.")
        },
        example: "roles/run.jobsExecutorWithOverrides",
    }
);

member!(
    WorkerPoolMember,
    worker_pool,
    About {
        type_name: "headwater_worker_pool_iam_member",
        noun: "worker pool",
        target: "worker_pool",
        form: "projects/PROJECT/locations/REGION/workerPools/POOL",
        service: Service::Run,
        name: str::to_owned,
        attribute: || {
            Attribute::string().required().validate(names::worker_pool()).describe(
                "The worker pool: the `worker_pool` of a `headwater_cdc_stream`, `projects/PROJECT/locations/REGION/workerPools/POOL`.",
            )
        },
        example: "roles/run.developer",
    }
);

member!(
    ServiceAccountMember,
    service_account,
    About {
        type_name: "headwater_service_account_iam_member",
        noun: "service account",
        target: "service_account",
        form: "projects/PROJECT/serviceAccounts/EMAIL",
        service: Service::Iam,
        name: str::to_owned,
        attribute: || {
            Attribute::string().required().validate(names::service_account_path()).describe(
                "The service account that others may act as: the id of a `headwater_service_account`, `projects/PROJECT/serviceAccounts/EMAIL`.",
            )
        },
        example: "roles/iam.serviceAccountUser",
    }
);
