//! How many change events a second come from the simulated org to a decoded change: `events [COUNT]`, 200,000 by default. One
//! number is the org's (rows changed and events kept), the other that of the way from the bus through the client.

use std::time::Instant;

use headwater_salesforce::{Client, ClientOptions, Secret, Start};
use headwater_salesforce_org::{Generate, Simulate, Simulator, generate};
use headwater_spec::{SalesforceAuth, SalesforceConnection, SecretRef};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(200_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    generate(&Generate {
        accounts: 1000,
        ..Generate::new(dir.path())
    })?;
    let mut simulate = Simulate::new(dir.path());
    simulate.change_data_capture = vec!["*".into()];
    let org = Simulator::start(simulate).await?;
    let connection = SalesforceConnection {
        id: "projects/p/secrets/s".into(),
        login_url: org.base_url().into(),
        api_version: "66.0".into(),
        auth: SalesforceAuth::ClientCredentials {
            client_id: "headwater-client".into(),
            client_secret: SecretRef("s".into()),
        },
    };
    let secret = Secret::new("headwater-secret".into());
    let client = Client::connect(&connection, secret, ClientOptions::default()).await?;

    let begun = Instant::now();
    let churn = json!({ "updates": count, "seed": 1 });
    let url = format!("{}/_control/churn", org.base_url());
    reqwest::Client::new()
        .post(url)
        .json(&churn)
        .send()
        .await?
        .bytes()
        .await?;
    let made = begun.elapsed();
    let url = format!("{}/_control/events", org.base_url());
    let report: Value = reqwest::Client::new().get(url).send().await?.json().await?;
    let total = report["events"]
        .as_u64()
        .ok_or("the org does not say how many events it has")?;
    println!("{total} events made at {:.0}/s", total as f64 / made.as_secs_f64());

    let mut subscription = client.events()?.subscribe("/data/ChangeEvents", Start::Earliest);
    let (begun, mut got, mut fields) = (Instant::now(), 0, 0);
    while got < total {
        for event in subscription.next().await?.events {
            got += 1;
            fields += event.change?.fields.len();
        }
    }
    let took = begun.elapsed();
    println!(
        "{got} events with {fields} values received and decoded at {:.0}/s",
        got as f64 / took.as_secs_f64()
    );
    org.shutdown().await;
    Ok(())
}
