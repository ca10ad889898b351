//! Service accounts, and members of policies.

use headwater_tests::cloud::PROJECT;

use super::super::hcl::Body;
use super::super::random::Random;
use super::{Group, Kind};

const GROUND: &str = r#"
resource "headwater_storage_bucket" "ground" {
  name = "iam-ground"
}

resource "headwater_pubsub_topic" "ground" {
  name = "iam-ground"
}

resource "headwater_secret" "ground" {
  name = "iam-ground"
}

resource "headwater_service_account" "ground" {
  account_id = "iam-ground"
}

resource "headwater_pubsub_subscription" "ground" {
  name  = "iam-ground"
  topic = headwater_pubsub_topic.ground.id
}

resource "headwater_runtime" "ground" {
  name = "iam-ground"
}

resource "headwater_bigquery_dataset" "ground" {
  dataset_id = "iam_ground"
}

resource "headwater_cdc_stream" "ground" {
  name         = "iam-ground"
  lake         = headwater_storage_bucket.ground.url
  dataset      = headwater_bigquery_dataset.ground.id
  subscription = { id = headwater_pubsub_subscription.ground.id }
  entities     = { orders = { columns = { total = "NUMERIC" } } }
  workers      = 0

  delete_tables_on_destroy = true
}
"#;

pub fn group() -> Group {
    Group {
        name: "iam",
        ground: GROUND.to_owned(),
        kinds: vec![
            Kind::new("headwater_service_account", account),
            Kind::new("headwater_project_iam_member", project_member),
            Kind::new("headwater_storage_bucket_iam_member", |random, index| {
                let mut body = Body::new();
                body.raw("bucket", "headwater_storage_bucket.ground.name");
                let roles = ["storage.objectViewer", "storage.legacyBucketReader", "storage.admin"];
                granted(random, index, &mut body, &roles, true);
                body
            }),
            Kind::new("headwater_pubsub_topic_iam_member", |random, index| {
                let mut body = Body::new();
                body.raw("topic", "headwater_pubsub_topic.ground.id");
                let roles = ["pubsub.publisher", "pubsub.subscriber", "viewer"];
                granted(random, index, &mut body, &roles, true);
                body
            }),
            Kind::new("headwater_pubsub_subscription_iam_member", |random, index| {
                let mut body = Body::new();
                body.raw("subscription", "headwater_pubsub_subscription.ground.id");
                let roles = ["pubsub.subscriber", "pubsub.viewer", "viewer"];
                granted(random, index, &mut body, &roles, true);
                body
            }),
            Kind::new("headwater_runtime_iam_member", |random, index| {
                let mut body = Body::new();
                body.raw("runtime", "headwater_runtime.ground.id");
                let roles = ["run.invoker", "run.jobsExecutorWithOverrides"];
                granted(random, index, &mut body, &roles, false);
                body
            }),
            Kind::new("headwater_worker_pool_iam_member", |random, index| {
                let mut body = Body::new();
                body.raw("worker_pool", "headwater_cdc_stream.ground.worker_pool");
                let roles = ["run.developer", "run.viewer"];
                granted(random, index, &mut body, &roles, false);
                body
            }),
            Kind::new("headwater_service_account_iam_member", |random, index| {
                let mut body = Body::new();
                body.raw("service_account", "headwater_service_account.ground.id");
                let roles = ["iam.serviceAccountUser", "iam.serviceAccountTokenCreator"];
                granted(random, index, &mut body, &roles, false);
                body
            }),
            Kind::new("headwater_secret_iam_member", |random, index| {
                let mut body = Body::new();
                body.raw("secret", "headwater_secret.ground.id");
                let roles = ["secretmanager.secretAccessor", "secretmanager.viewer"];
                granted(random, index, &mut body, &roles, false);
                body
            }),
        ],
        org: false,
        lists: vec![
            (format!("/storage/v1/b?project={PROJECT}&maxResults=1000"), "items"),
            (
                format!("/v1/projects/{PROJECT}/serviceAccounts?pageSize=100"),
                "accounts",
            ),
        ],
    }
}

fn account(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    let id = match random.number(0, 3) {
        0 => format!("{:x<30}", format!("a{index}-")),
        1 => format!("sa-{index:03}"),
        _ => format!("account-{index}-{}", random.word()),
    };
    body.text("account_id", id);
    if random.coin() {
        body.text("project", PROJECT);
    }
    for name in ["display_name", "description"] {
        if random.coin() {
            body.text(name, random.prose());
        }
    }
    if random.coin() {
        body.raw("disabled", random.coin());
    }
    body
}

fn project_member(random: &mut Random, index: usize) -> Body {
    let mut body = Body::new();
    if random.coin() {
        body.text("project", PROJECT);
    }
    let roles = ["bigquery.jobUser", "viewer", "run.developer"];
    granted(random, index, &mut body, &roles, false);
    body
}

/// A role, a member and perhaps a condition that no other configuration has together; the public on some things only.
fn granted(random: &mut Random, index: usize, body: &mut Body, roles: &[&'static str], public: bool) {
    let word = random.word();
    let pool = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool";
    // Members that are there for all, or of this configuration alone.
    let common = random.once_in(3);
    let member = match (common, random.number(0, 6)) {
        (true, 0) if public => "allUsers".to_owned(),
        (true, 1) if public => "allAuthenticatedUsers".to_owned(),
        (true, 2) => format!("projectOwner:{PROJECT}"),
        (true, 3) => format!("serviceAccount:{PROJECT}.svc.id.goog[default/runner]"),
        (true, 4) => "serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com".to_owned(),
        (true, _) => String::new(),
        (false, 0) => format!("user:User{index}.O'{word}+x@Example.com"),
        (false, 1) => format!("group:group{index}@sub.example.co.uk"),
        (false, 2) => format!("domain:D{index}.example.com"),
        (false, 3) => format!("principal://{pool}/subject/system:serviceaccount:ns:{word}-{index}"),
        (false, 4) => format!("principalSet://{pool}/attribute.repository/acme/{word}{index}"),
        (false, 5) => format!("serviceAccount:service-{index}@gcp-sa-aiplatform.iam.gserviceaccount.com"),
        (false, _) => format!("principalSet://{pool}/*{index}"),
    };
    let is_public = member.starts_with("all");
    // By what this configuration differs from the others of the same member.
    let by_title = common && !is_public && random.coin();
    let role = if common && !by_title {
        format!("projects/{PROJECT}/roles/role_{index}.{word}")
    } else {
        format!("roles/{}", random.pick(roles))
    };
    let basic = role == "roles/viewer";
    let role = if by_title && basic {
        format!("roles/{}", roles[0])
    } else {
        role
    };
    body.text("role", &*role);
    if member.is_empty() {
        body.raw("member", "headwater_service_account.ground.member");
    } else {
        body.text("member", member);
    }
    let may = !is_public && (by_title || !basic);
    if by_title || may && random.coin() {
        body.set("condition", condition(random, index));
    }
}

fn condition(random: &mut Random, index: usize) -> super::super::hcl::Hcl {
    let mut condition = Body::new();
    let title = match random.number(0, 3) {
        0 => format!("{index}"),
        1 => format!("until {index}: \"größe\"  (顧客) ${{x}}"),
        2 => format!("{:t<100}", format!("{index} ")),
        _ => format!("expires {index}"),
    };
    condition.text("title", title);
    if random.coin() {
        condition.text("description", random.prose());
    }
    let expressions = [
        "request.time < timestamp(\"2031-01-01T00:00:00Z\")",
        "resource.name.startsWith('projects/_/buckets/x/objects/a\\\\b') &&\n  !(\"${x}\" in [\"%{y}\"])",
        "true",
    ];
    condition.text("expression", random.pick(&expressions));
    condition.object()
}
