//! `headwater salesforce`: a synthetic org, generated and served. How is `headwater-salesforce-org`'s.

use headwater_salesforce_org::{Generate, Simulate, Simulator, generate};

use crate::cli::{DEMO_SECRET, SalesforceCommand};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::printer::{Printer, table};

/// Runs one of the commands.
pub async fn run(command: SalesforceCommand, printer: Printer) -> Result<Exit, CommandError> {
    match command {
        SalesforceCommand::Generate {
            dir,
            seed,
            accounts,
            objects,
            overwrite,
            defects,
        } => {
            let objects = (!objects.is_empty()).then_some(objects);
            let options = Generate {
                dir,
                seed,
                accounts,
                objects,
                overwrite,
                defects,
            };
            let summary = generate(&options)?;
            let value = serde_json::json!({"rows": summary.rows, "deleted": summary.deleted, "bytes": summary.bytes, "defects": summary.defects});
            printer.result(&value, || {
                let deleted = |object: &str| summary.deleted.get(object).copied().unwrap_or_default();
                let rows: Vec<Vec<String>> = summary
                    .rows
                    .iter()
                    .map(|(o, n)| vec![o.clone(), n.to_string(), deleted(o).to_string()])
                    .collect();
                format!(
                    "{}\nnext: headwater salesforce simulate --dir {}",
                    table(&["object", "rows", "deleted"], &rows),
                    options.dir.display()
                )
            });
            Ok(Exit::Done)
        }
        SalesforceCommand::Simulate {
            dir,
            port,
            churn,
            capture,
            client_id,
            client_secret,
            jwt_certificate,
            username,
        } => {
            let jwt_certificate = jwt_certificate.as_deref().map(certificate).transpose()?;
            let stop = crate::signals::stop_requested();
            let secret = if client_secret == DEMO_SECRET {
                DEMO_SECRET
            } else {
                "the one that it was given"
            };
            let options = Simulate {
                port,
                churn_per_second: churn,
                change_data_capture: capture,
                client_id: client_id.clone(),
                client_secret,
                jwt_certificate,
                username,
                ..Simulate::new(dir)
            };
            let simulator = Simulator::start(options).await?;
            let url = simulator.base_url().to_owned();
            printer.result(&serde_json::json!({"base_url": url, "client_id": client_id}), || {
                format!(
                    "the org is served until Ctrl-C; a connection to it has\n  login_url      {url}\n  client_id      {client_id}\n  \
                     client_secret  {secret}"
                )
            });
            stop.await;
            simulator.shutdown().await;
            Ok(Exit::Done)
        }
    }
}

/// The PEM text of a certificate or public key.
fn certificate(file: &std::path::Path) -> Result<String, CommandError> {
    std::fs::read_to_string(file).map_err(|error| CommandError::Usage {
        argument: "--jwt-certificate",
        message: format!("cannot read {}: {error}", file.display()),
    })
}
