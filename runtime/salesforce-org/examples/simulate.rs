//! Serves a synthetic org: `cargo run -p headwater-salesforce-org --example simulate -- DIR PORT ACCOUNTS [OBJECTS [CHURN]]`. The
//! org is generated when the directory holds none; OBJECTS (comma-separated) restricts it, CHURN is rows per second.

use std::path::PathBuf;

use headwater_salesforce_org::{Error, Generate, Simulate, Simulator, generate};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().unwrap_or_else(|| "org".into()));
    let port = arguments.next().and_then(|p| p.parse().ok()).unwrap_or(8651);
    let accounts = arguments.next().and_then(|a| a.parse().ok()).unwrap_or(1000);
    let objects: Option<Vec<String>> = arguments
        .next()
        .filter(|o| o != "all")
        .map(|o| o.split(',').map(str::to_owned).collect());
    let churn_per_second = arguments.next().and_then(|c| c.parse().ok()).unwrap_or(0.0);
    if !dir.join("org.json").exists() {
        let summary = generate(&Generate {
            accounts,
            objects,
            ..Generate::new(&dir)
        })?;
        println!("generated {:?}", summary.rows);
    }
    let options = Simulate {
        port,
        churn_per_second,
        ..Simulate::new(&dir)
    };
    println!("client id {}, secret {}", options.client_id, options.client_secret);
    let simulator = Simulator::start(options).await?;
    println!("{}", simulator.base_url());
    std::future::pending::<()>().await;
    Ok(())
}
