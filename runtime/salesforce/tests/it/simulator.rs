//! The client against the simulator of an org: every object of it, by REST and by Bulk, whole and with faults.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};
use headwater_salesforce::{
    Client, ClientOptions, DecodeOptions, Kind, PageOptions, QueryOptions, Secret, Selection, Soql, Wait, arrow_schema,
    columns,
};
use headwater_salesforce_org::{Fault, Generate, INTEGRATION_USER, Simulate, Simulator, generate};
use headwater_spec::{Column, SalesforceAuth, SalesforceConnection, SecretRef};
use tempfile::TempDir;

use crate::org::options;

pub(crate) struct Served {
    simulator: Simulator,
    _dir: TempDir,
}

pub(crate) async fn serve(accounts: u64, change: impl FnOnce(&mut Simulate)) -> Served {
    let dir = tempfile::tempdir().unwrap();
    generate(&Generate {
        accounts,
        overwrite: true,
        ..Generate::new(dir.path())
    })
    .unwrap();
    let mut settings = Simulate::new(dir.path());
    change(&mut settings);
    Served {
        simulator: Simulator::start(settings).await.unwrap(),
        _dir: dir,
    }
}

impl Served {
    pub(crate) fn url(&self) -> &str {
        self.simulator.base_url()
    }

    pub(crate) async fn client(&self, options: ClientOptions) -> Client {
        let auth = SalesforceAuth::ClientCredentials {
            client_id: "headwater-client".into(),
            client_secret: SecretRef("s".into()),
        };
        self.connect(auth, "headwater-secret", options).await
    }

    async fn connect(&self, auth: SalesforceAuth, secret: &str, options: ClientOptions) -> Client {
        let connection = SalesforceConnection {
            id: "projects/p/secrets/s".into(),
            login_url: self.simulator.base_url().into(),
            api_version: "66.0".into(),
            auth,
        };
        Client::connect(&connection, Secret::new(secret.into()), options)
            .await
            .unwrap()
    }
}

pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Posts to the org's control, and returns its answer.
pub(crate) async fn control(served: &Served, name: &str, body: serde_json::Value) -> serde_json::Value {
    let url = format!("{}/_control/{name}", served.url());
    let answer = http().post(url).json(&body).send().await.unwrap();
    let (status, body) = (answer.status(), answer.json().await.unwrap());
    assert_eq!(status, 200, "{name}: {body}");
    body
}

/// The live rows of an object as they are.
pub(crate) async fn export(served: &Served, object: &str) -> Vec<serde_json::Map<String, serde_json::Value>> {
    let url = format!("{}/_control/export?object={object}", served.url());
    let text = http().get(url).send().await.unwrap().text().await.unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All rows in the order of their ids.
fn sorted(columns: &[Column], batches: &[RecordBatch]) -> RecordBatch {
    let all = concat_batches(&arrow_schema(columns), batches).unwrap();
    let order = sort_to_indices(all.column_by_name("Id").unwrap(), None, None).unwrap();
    take_record_batch(&all, &order).unwrap()
}

async fn by_rest(client: &Client, soql: &str, columns: &Arc<[Column]>) -> Vec<RecordBatch> {
    let options = QueryOptions {
        include_deleted: true,
        batch_size: Some(200),
    };
    let mut pages = client.query(soql.to_owned(), Arc::clone(columns), options);
    let mut batches = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        batches.extend(page.batch);
    }
    batches
}

const SMALL: PageOptions = PageOptions {
    max_records: Some(97),
    decode: DecodeOptions {
        batch_rows: 50,
        batch_bytes: 1 << 20,
    },
};

async fn by_bulk(client: &Client, soql: &str, columns: &Arc<[Column]>) -> Vec<RecordBatch> {
    let job = client.create_bulk_query(soql, true).await.unwrap();
    let job = client.wait_bulk_job(&job.id, &Wait::default(), |_| {}).await.unwrap();
    let (mut batches, mut locator, mut rows) = (Vec::new(), None, 0);
    loop {
        let mut page = client
            .open_page(&job.id, locator.as_deref(), Arc::clone(columns), SMALL)
            .await
            .unwrap();
        while let Some(batch) = page.next_batch().await.unwrap() {
            batches.push(batch);
        }
        assert_eq!(Some(page.rows()), page.records());
        rows += page.rows();
        locator = page.next_locator().map(str::to_owned);
        if locator.is_none() {
            break;
        }
    }
    assert_eq!(rows, job.number_records_processed);
    client.delete_bulk_job(&job.id).await.unwrap();
    batches
}

#[tokio::test]
async fn every_object_reads_the_same_by_rest_and_by_bulk() {
    let org = serve(60, |_| {}).await;
    // One of the two with compression, which this machine's own servers are not asked for by default.
    let client = org.client(options()).await;
    let compressed = org
        .client(ClientOptions {
            compression: Some(true),
            ..options()
        })
        .await;
    let mut read = 0;
    for object in client.describe_global().await.unwrap().objects {
        let describe = client.describe(&object.name).await.unwrap();
        assert_eq!(
            (describe.refusal(), describe.cursor_field()),
            (None, Some("SystemModstamp")),
            "{}",
            object.name
        );
        let columns: Arc<[Column]> = columns(&describe, &Selection::default()).unwrap().into();
        let soql = Soql::select(&object.name, &columns).build().unwrap();
        let count = client.count(&Soql::count(&object.name), true).await.unwrap();
        let rest = by_rest(&client, &soql, &columns).await;
        let bulk = by_bulk(&compressed, &soql, &columns).await;
        let (rest, bulk) = (sorted(&columns, &rest), sorted(&columns, &bulk));
        assert_eq!(rest.num_rows() as u64, count, "{}", object.name);
        assert!(rest == bulk, "{}: REST and Bulk differ", object.name);
        read += count;
    }
    assert!(read > 500, "{read}");
    assert!(client.api_usage().is_some_and(|usage| usage.used > 18));
    org.simulator.shutdown().await;
}

#[tokio::test]
async fn faults_change_nothing_of_what_is_read() {
    let results = "/services/data/*/jobs/query/*/results";
    let org = serve(200, |settings| {
        let fault = |kind: &str, path: &str, after: u64, after_bytes: u64| {
            let mut fault = Fault::new(kind, path);
            (fault.after, fault.after_bytes) = (after, after_bytes);
            fault
        };
        settings.faults = vec![
            fault("cut_connection", results, 1, 5_000),
            fault("cut_connection", results, 3, 20_000),
            fault("503", results, 5, 0),
            fault("500", results, 6, 0),
            fault("expired_session", results, 8, 0),
            fault("lost_answer", "/services/data/*/jobs/query", 1, 0),
            fault("maintenance_page", "/services/data/*/query", 1, 0),
        ];
    })
    .await;
    let client = org.client(options()).await;
    let columns: Arc<[Column]> = columns(&client.describe("Contact").await.unwrap(), &Selection::default())
        .unwrap()
        .into();
    let soql = Soql::select("Contact", &columns).build().unwrap();
    let bulk = sorted(&columns, &by_bulk(&client, &soql, &columns).await);
    let rest = sorted(&columns, &by_rest(&client, &soql, &columns).await);
    assert!(rest == bulk && rest.num_rows() > 400, "{}", rest.num_rows());
    let url = format!("{}/_control/faults", org.simulator.base_url());
    let report = reqwest::get(url).await.unwrap().text().await.unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["all_consumed"], true, "{report}");
    org.simulator.shutdown().await;
}

#[tokio::test]
async fn pages_in_parallel_are_the_pages_in_sequence() {
    let org = serve(100, |_| {}).await;
    let client = org.client(options()).await;
    let columns: Arc<[Column]> = columns(&client.describe("Account").await.unwrap(), &Selection::default())
        .unwrap()
        .into();
    let job = client
        .create_bulk_query(&Soql::select("Account", &columns).build().unwrap(), true)
        .await
        .unwrap();
    client.wait_bulk_job(&job.id, &Wait::default(), |_| {}).await.unwrap();
    let locators = client.bulk_locators(&job.id).await.unwrap();
    let read = |locator: String| {
        let (client, job, columns) = (client.clone(), job.id.clone(), Arc::clone(&columns));
        tokio::spawn(async move {
            let mut page = client
                .open_page(&job, Some(&locator), columns, PageOptions::default())
                .await
                .unwrap();
            let mut ids = Vec::new();
            while let Some(batch) = page.next_batch().await.unwrap() {
                ids.extend(batch.column(0).as_string::<i32>().iter().flatten().map(str::to_owned));
            }
            ids
        })
    };
    let mut ids: Vec<String> = Vec::new();
    for task in locators.into_iter().map(read).collect::<Vec<_>>() {
        ids.extend(task.await.unwrap());
    }
    let total = ids.len() as u64;
    ids.sort();
    ids.dedup();
    assert_eq!(
        (ids.len() as u64, total),
        (total, client.count(&Soql::count("Account"), true).await.unwrap())
    );
    org.simulator.shutdown().await;
}

#[tokio::test]
async fn the_jwt_flow_and_salesforces_refusals() {
    let org = serve(5, |settings| {
        settings.jwt_certificate = Some(include_str!("../data/test-only.public.pem").into());
    })
    .await;
    let auth = SalesforceAuth::JwtBearer {
        client_id: "headwater-client".into(),
        username: INTEGRATION_USER.into(),
        private_key: SecretRef("s".into()),
    };
    let client = org
        .connect(auth, include_str!("../data/test-only.pkcs1.pem"), options())
        .await;
    client
        .validate_where("Account", "Name != null AND CreatedDate > 2020-01-01T00:00:00Z")
        .await
        .unwrap();
    for (object, condition, kind) in [
        ("Account", "Nmae = 'x'", Kind::Field),
        ("Account", "Name = ", Kind::MalformedQuery),
        ("Acount", "Name = 'x'", Kind::Object),
    ] {
        let refused = client.validate_where(object, condition).await.unwrap_err();
        assert_eq!(refused.kind(), kind, "{refused}");
    }
    assert_eq!(client.describe("Acount").await.unwrap_err().kind(), Kind::NotFound);
    let clock = client.server_time().await.unwrap();
    assert!((chrono::Utc::now() - clock).abs() < chrono::TimeDelta::seconds(5));
    assert!(client.limits().await.unwrap().daily_bulk_query_jobs().is_some());
    let job = client.create_bulk_query("SELECT Id FROM Account", false).await.unwrap();
    client.abort_bulk_job(&job.id).await.unwrap();
    org.simulator.shutdown().await;
}
