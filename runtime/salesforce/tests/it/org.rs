//! An org that answers by script: a list of answers for each request, the last of which stays.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures::StreamExt;
use headwater_salesforce::{Client, ClientOptions, RetryPolicy, Secret};
use headwater_spec::{SalesforceAuth, SalesforceConnection, SecretRef};

pub const SECRET: &str = "hunter2-the-consumer-secret";

/// One answer.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    pieces: Vec<String>,
    /// The connection breaks after the pieces.
    cut: bool,
}

pub fn answer(status: u16, body: impl Into<String>) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        pieces: vec![body.into()],
        cut: false,
    }
}

pub fn error(status: u16, code: &str) -> Answer {
    answer(
        status,
        format!(r#"[{{"message":"the message of {code}","errorCode":"{code}"}}]"#),
    )
}

impl Answer {
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn cut(mut self) -> Self {
        self.cut = true;
        self
    }

    fn response(self) -> Response {
        let pieces = futures::stream::iter(self.pieces.into_iter().map(|p| Ok::<_, std::io::Error>(Bytes::from(p))));
        let cut = futures::stream::iter(self.cut.then_some(())).then(|()| async {
            // hyper sends what it holds when it finds nothing ready, and only then meets the error.
            tokio::task::yield_now().await;
            Err(std::io::Error::other("cut"))
        });
        let mut builder = Response::builder().status(self.status);
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        builder.body(Body::from_stream(pieces.chain(cut))).unwrap()
    }
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, VecDeque<Answer>>,
    log: Vec<String>,
    bodies: Vec<String>,
}

#[derive(Clone)]
pub struct Org {
    pub url: String,
    script: Arc<Mutex<Script>>,
}

async fn serve(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let path = format!("{} {}", parts.method, parts.uri.path());
    let exact = format!("{} {}", parts.method, parts.uri);
    let mut script = script.lock().unwrap();
    let bearer = parts
        .headers
        .get("authorization")
        .and_then(|v| v.to_str().ok())
        .unwrap_or("-");
    script.log.push(format!("{exact} {bearer}"));
    script.bodies.push(String::from_utf8_lossy(&body).into_owned());
    let key = if script.answers.contains_key(&exact) {
        exact
    } else {
        path
    };
    match script.answers.get_mut(&key) {
        Some(answers) if answers.len() > 1 => answers.pop_front().map(Answer::response).unwrap(),
        Some(answers) => answers.front().cloned().unwrap().response(),
        None => error(404, "NOT_FOUND").response(),
    }
}

impl Org {
    /// Starts an org whose logins give the tokens `token-1`, `token-2`, …
    pub async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(serve).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let org = Self { url, script };
        let tokens = (1..=9).map(|n| {
            answer(
                200,
                format!(
                    r#"{{"access_token":"token-{n}","instance_url":"{}","token_type":"Bearer"}}"#,
                    org.url
                ),
            )
        });
        org.on("POST /services/oauth2/token", tokens);
        org
    }

    /// What a request is answered, time after time. The request is named with or without its query.
    pub fn on(&self, request: &str, answers: impl IntoIterator<Item = Answer>) {
        self.script
            .lock()
            .unwrap()
            .answers
            .insert(request.to_owned(), answers.into_iter().collect());
    }

    /// The requests so far that contain a text, with their tokens.
    pub fn requests(&self, containing: &str) -> Vec<String> {
        self.script
            .lock()
            .unwrap()
            .log
            .iter()
            .filter(|line| line.contains(containing))
            .cloned()
            .collect()
    }

    pub fn bodies(&self) -> Vec<String> {
        self.script.lock().unwrap().bodies.clone()
    }

    pub fn connection(&self) -> SalesforceConnection {
        SalesforceConnection {
            id: "projects/p/secrets/s".into(),
            login_url: self.url.clone(),
            api_version: "66.0".into(),
            auth: SalesforceAuth::ClientCredentials {
                client_id: "the-client".into(),
                client_secret: SecretRef("projects/p/secrets/s/versions/1".into()),
            },
        }
    }

    pub async fn client(&self) -> Client {
        Client::connect(&self.connection(), Secret::new(SECRET.into()), options())
            .await
            .unwrap()
    }
}

/// Four repeats without noticeable pauses.
pub fn options() -> ClientOptions {
    let retry = RetryPolicy {
        max_retries: 4,
        base: Duration::from_millis(1),
        cap: Duration::from_millis(5),
        ..RetryPolicy::default()
    };
    ClientOptions {
        retry,
        ..ClientOptions::default()
    }
}
