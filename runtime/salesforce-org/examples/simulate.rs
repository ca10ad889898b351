//! Serves a synthetic org: `cargo run -p headwater-salesforce-org --example simulate -- DIR PORT ACCOUNTS`. The org is
//! generated when the directory holds none.

use std::path::PathBuf;

use headwater_salesforce_org::{Error, Generate, Simulate, Simulator, generate};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().unwrap_or_else(|| "org".into()));
    let port = arguments.next().and_then(|p| p.parse().ok()).unwrap_or(8651);
    let accounts = arguments.next().and_then(|a| a.parse().ok()).unwrap_or(1000);
    if !dir.join("org.json").exists() {
        let summary = generate(&Generate {
            accounts,
            ..Generate::new(&dir)
        })?;
        println!("generated {:?}", summary.rows);
    }
    let options = Simulate {
        port,
        ..Simulate::new(&dir)
    };
    println!("client id {}, secret {}", options.client_id, options.client_secret);
    let simulator = Simulator::start(options).await?;
    println!("{}", simulator.base_url());
    std::future::pending::<()>().await;
    Ok(())
}
