//! An org on a free port, and requests as clients send them.

use headwater_salesforce_org::{Generate, Simulate, Simulator, generate};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

/// A running org with a client that is logged in.
pub(crate) struct Org {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
    pub(crate) token: String,
    pub(crate) dir: tempfile::TempDir,
}

pub(crate) const DATA: &str = "/services/data/v62.0";

pub(crate) fn client() -> Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder().no_gzip().build().unwrap()
}

impl Org {
    /// An org of 60 accounts.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Simulate)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        generate(&Generate {
            seed: 5,
            accounts: 60,
            ..Generate::new(dir.path())
        })
        .unwrap();
        Self::open(dir, change).await
    }

    pub(crate) async fn open(dir: tempfile::TempDir, change: impl FnOnce(&mut Simulate)) -> Self {
        let mut options = Simulate::new(dir.path());
        change(&mut options);
        let simulator = Simulator::start(options).await.unwrap();
        let mut org = Self {
            simulator,
            client: client(),
            token: String::new(),
            dir,
        };
        org.login().await;
        org
    }

    pub(crate) async fn login(&mut self) {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "headwater-client"),
            ("client_secret", "headwater-secret"),
        ];
        let answer: Value = self
            .post("/services/oauth2/token")
            .form(&form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        self.token = answer["access_token"].as_str().unwrap().to_owned();
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.simulator.base_url());
        self.client.request(method, url).bearer_auth(&self.token)
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn control(&self, name: &str, body: Value) -> Value {
        let response = self
            .post(&format!("/_control/{name}"))
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{name}: {answer}");
        answer
    }

    pub(crate) async fn ask(&self, soql: &str, all: bool) -> Response {
        let resource = if all { "queryAll" } else { "query" };
        self.get(&format!("{DATA}/{resource}"))
            .query(&[("q", soql)])
            .send()
            .await
            .unwrap()
    }

    /// All records of a query.
    pub(crate) async fn query(&self, soql: &str, all: bool) -> Vec<Value> {
        let response = self.ask(soql, all).await;
        let status = response.status();
        let mut page: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{soql}: {page}");
        let mut records = page["records"].as_array().unwrap().clone();
        while let Some(next) = page["nextRecordsUrl"].as_str().map(str::to_owned) {
            page = self.json(&next).await;
            records.extend(page["records"].as_array().unwrap().iter().cloned());
        }
        assert_eq!(page["totalSize"], records.len(), "{soql}");
        records
    }

    /// The truth about an object.
    pub(crate) async fn truth(&self, object: &str, all: bool) -> Vec<Value> {
        let path = format!("/_control/export?object={object}&all={all}");
        let text = self.get(&path).send().await.unwrap().text().await.unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs a Bulk query to its end.
    pub(crate) async fn bulk(&self, body: Value) -> Value {
        let response = self
            .post(&format!("{DATA}/jobs/query"))
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = response.status();
        let mut job: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{body}: {job}");
        let path = format!("{DATA}/jobs/query/{}", job["id"].as_str().unwrap());
        while matches!(job["state"].as_str(), Some("UploadComplete" | "InProgress")) {
            tokio::task::yield_now().await;
            job = self.json(&path).await;
        }
        job
    }
}

/// Status and error code of an answer.
pub(crate) async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body[0]["errorCode"].as_str().unwrap_or_default().to_owned())
}
