//! Service accounts: <https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts>. Not here: their keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::policy::is_address;
use crate::http::answer::{Answer, ApiError, ok};
use crate::http::call::Call;
use crate::http::patch::camel;
use crate::http::route::{Method, method};
use crate::page::page;
use crate::store::{StoreError, Txn, View, key, under};

/// How long a deleted account can be brought back.
const KEPT: TimeDelta = TimeDelta::days(30);
const DOMAIN: &str = ".iam.gserviceaccount.com";

pub(crate) fn methods() -> Vec<Method> {
    const ALL: &str = "/v1/projects/{project}/serviceAccounts";
    const ONE: &str = "/v1/projects/{project}/serviceAccounts/{account}";
    vec![
        method("iam.projects.serviceAccounts.create", "POST", ALL, create),
        method("iam.projects.serviceAccounts.list", "GET", ALL, list),
        method("iam.projects.serviceAccounts.get", "GET", ONE, get),
        method("iam.projects.serviceAccounts.patch", "PATCH", ONE, patch),
        method("iam.projects.serviceAccounts.update", "PUT", ONE, update),
        method("iam.projects.serviceAccounts.delete", "DELETE", ONE, delete),
        method(
            "iam.projects.serviceAccounts.undelete",
            "POST",
            "/v1/projects/{project}/serviceAccounts/{account}:undelete",
            undelete,
        ),
        method(
            "iam.projects.serviceAccounts.enable",
            "POST",
            "/v1/projects/{project}/serviceAccounts/{account}:enable",
            |call| switch(call, false),
        ),
        method(
            "iam.projects.serviceAccounts.disable",
            "POST",
            "/v1/projects/{project}/serviceAccounts/{account}:disable",
            |call| switch(call, true),
        ),
        method(
            "iam.projects.serviceAccounts.getIamPolicy",
            "POST",
            "/v1/projects/{project}/serviceAccounts/{account}:getIamPolicy",
            get_policy,
        ),
        method(
            "iam.projects.serviceAccounts.setIamPolicy",
            "POST",
            "/v1/projects/{project}/serviceAccounts/{account}:setIamPolicy",
            set_policy,
        ),
        method(
            "iam.projects.serviceAccounts.testIamPermissions",
            "POST",
            "/v1/projects/{project}/serviceAccounts/{account}:testIamPermissions",
            super::test_call,
        ),
    ]
}

/// A service account, live or deleted.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Account {
    project: String,
    email: String,
    unique_id: String,
    display_name: String,
    description: String,
    disabled: bool,
    /// Changes with every change.
    version: i64,
    deleted: Option<DateTime<Utc>>,
}

fn account_key(unique_id: &str) -> Vec<u8> {
    key(&["iam", "account", unique_id])
}

/// Leads from the address of a live account to its unique id.
fn email_key(email: &str) -> Vec<u8> {
    key(&["iam", "email", email])
}

fn policy_key(unique_id: &str) -> Vec<u8> {
    key(&["iam", "policy", unique_id])
}

/// `ID@PROJECT.iam.gserviceaccount.com`; a project of a domain, `example.com:acme`, is `acme.example.com` in it.
fn email_of(id: &str, project: &str) -> String {
    let home = match project.rsplit_once(':') {
        Some((domain, project)) => format!("{project}.{domain}"),
        None => project.to_owned(),
    };
    format!("{id}@{home}{DOMAIN}")
}

fn unknown() -> ApiError {
    ApiError::not_found("Unknown service account")
}

/// What is known of the address of a service account.
pub(super) enum Known {
    /// It is live, with this unique id.
    Here(String),
    /// It belongs to Google, or comes with a project: nobody creates it.
    Googles,
    Nowhere,
    Malformed,
}

pub(super) fn lookup(view: &impl View, email: &str) -> Result<Known, StoreError> {
    let Some((name, domain)) = email.split_once('@').filter(|_| is_address(email)) else {
        return Ok(Known::Malformed);
    };
    let Some(home) = domain.strip_suffix(DOMAIN) else {
        return Ok(if domain.ends_with("gserviceaccount.com") {
            Known::Googles
        } else {
            Known::Malformed
        });
    };
    if let Some(uid) = view.get(&email_key(email))? {
        return Ok(Known::Here(uid));
    }
    let numbered = |prefix: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
    };
    let agent = numbered("service-") || numbered("bq-") || home.starts_with("gcp-sa-");
    Ok(if agent { Known::Googles } else { Known::Nowhere })
}

/// The address that a path means, which names an account by its address or its unique id.
pub(crate) fn address(view: &impl View, name: &str) -> Result<Option<String>, StoreError> {
    if name.contains('@') {
        return Ok(Some(name.to_owned()));
    }
    let account: Option<Account> = view.get(&account_key(name))?;
    Ok(account.map(|account| account.email))
}

/// Whether the account of this unique id is there.
pub(super) fn is_live(view: &impl View, unique_id: &str) -> Result<bool, StoreError> {
    let account: Option<Account> = view.get(&account_key(unique_id))?;
    Ok(account.is_some_and(|account| account.deleted.is_none()))
}

impl Account {
    /// The live account that a path names by its address or its unique id; the project may be `-`.
    fn read(view: &impl View, project: &str, name: &str) -> Result<Account, ApiError> {
        let uid = if name.contains('@') {
            view.get(&email_key(&name.to_lowercase()))?
        } else {
            Some(name.to_owned())
        };
        let account: Option<Account> = match uid {
            Some(uid) => view.get(&account_key(&uid))?,
            None => None,
        };
        account
            .filter(|account| account.deleted.is_none() && (project == "-" || account.project == project))
            .ok_or_else(unknown)
    }

    fn of(view: &impl View, call: &Call) -> Result<Account, ApiError> {
        Account::read(view, call.param("project"), call.param("account"))
    }

    fn etag(&self) -> String {
        STANDARD.encode(self.version.to_be_bytes())
    }

    fn resource(&self) -> Value {
        let mut out = json!({
            "name": format!("projects/{}/serviceAccounts/{}", self.project, self.email),
            "projectId": self.project,
            "uniqueId": self.unique_id,
            "email": self.email,
            "etag": self.etag(),
            "oauth2ClientId": self.unique_id,
        });
        for (name, text) in [("displayName", &self.display_name), ("description", &self.description)] {
            if !text.is_empty() {
                out[name] = json!(text);
            }
        }
        if self.disabled {
            out["disabled"] = json!(true);
        }
        out
    }

    /// Takes what the caller may set, of the named fields.
    fn set(&mut self, from: &Map<String, Value>, fields: &[String]) -> Result<(), ApiError> {
        for field in fields {
            let text = from.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (most, place) = match field.as_str() {
                "displayName" => (100, &mut self.display_name),
                "description" => (256, &mut self.description),
                other => {
                    return Err(ApiError::invalid(format!(
                        "Invalid update mask: {other} cannot be updated. Valid values are [display_name, description]"
                    )));
                }
            };
            if text.len() > most {
                return Err(ApiError::invalid(format!(
                    "The {field} is {} bytes long, and the most is {most}.",
                    text.len()
                )));
            }
            *place = text;
        }
        Ok(())
    }

    fn keep(&mut self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        self.version = txn.next_generation()?;
        txn.put(account_key(&self.unique_id), self)
    }
}

fn check_id(id: &str) -> Result<(), ApiError> {
    if !(6..=30).contains(&id.len()) {
        return Err(ApiError::invalid(format!(
            "The account ID \"{id}\" does not have a length between 6 and 30."
        )));
    }
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let valid = id.chars().all(inner) && id.starts_with(|c: char| c.is_ascii_lowercase()) && !id.ends_with('-');
    if valid {
        Ok(())
    } else {
        Err(ApiError::invalid(format!(
            "The account ID \"{id}\" does not match [a-z]([-a-z0-9]*[a-z0-9])."
        )))
    }
}

async fn create(mut call: Call) -> Answer {
    let body = call.json().await?;
    let id = body.get("accountId").and_then(Value::as_str).unwrap_or_default();
    check_id(id)?;
    let project = call.param("project").to_owned();
    let mut account = Account {
        email: email_of(id, &project),
        project,
        unique_id: String::new(),
        display_name: String::new(),
        description: String::new(),
        disabled: false,
        version: 0,
        deleted: None,
    };
    if let Some(Value::Object(given)) = body.get("serviceAccount") {
        account.set(given, &["displayName".to_owned(), "description".to_owned()])?;
    }
    let taken = ApiError::exists(format!(
        "Service account {id} already exists within project projects/{}.",
        account.project
    ));
    let made = call.cloud.store.write(move |txn| {
        if txn.bytes(&email_key(&account.email))?.is_some() {
            return Err(taken);
        }
        account.unique_id = format!("1{:020}", txn.next_generation()?);
        account.keep(txn)?;
        txn.put(email_key(&account.email), &account.unique_id)?;
        Ok::<_, ApiError>(account)
    });
    ok(&made.await?.resource())
}

async fn list(call: Call) -> Answer {
    let mut accounts: Vec<Account> = call.cloud.store.snapshot()?.all(&under(&["iam", "account"]))?;
    accounts.retain(|account| account.deleted.is_none() && account.project == call.param("project"));
    let shown = accounts.iter().map(Account::resource).collect();
    ok(&page(&call.query, "accounts", shown, 20)?)
}

async fn get(call: Call) -> Answer {
    ok(&Account::of(&call.cloud.store.snapshot()?, &call)?.resource())
}

async fn patch(mut call: Call) -> Answer {
    let body = call.json().await?;
    let mask = body.get("updateMask").and_then(Value::as_str).unwrap_or_default();
    let fields: Vec<String> = mask
        .split(',')
        .map(|field| camel(field.trim()))
        .filter(|field| !field.is_empty())
        .collect();
    if fields.is_empty() {
        return Err(ApiError::invalid("Update mask must be specified."));
    }
    let given = body.get("serviceAccount").and_then(Value::as_object).cloned();
    change(call, given.unwrap_or_default(), fields).await
}

/// The older form, which knows the display name only.
async fn update(mut call: Call) -> Answer {
    let body = call.json().await?;
    change(call, body, vec!["displayName".to_owned()]).await
}

async fn change(call: Call, given: Map<String, Value>, fields: Vec<String>) -> Answer {
    let (project, name) = (call.param("project").to_owned(), call.param("account").to_owned());
    let changed = call.cloud.store.write(move |txn| {
        let mut account = Account::read(txn, &project, &name)?;
        let etag = given.get("etag").and_then(Value::as_str).unwrap_or_default();
        if !etag.is_empty() && etag != account.etag() {
            return Err(ApiError::aborted(
                "There were concurrent changes to the service account. Please read it again and retry.",
            ));
        }
        account.set(&given, &fields)?;
        account.keep(txn)?;
        Ok::<_, ApiError>(account)
    });
    ok(&changed.await?.resource())
}

async fn switch(call: Call, disabled: bool) -> Answer {
    let (project, name) = (call.param("project").to_owned(), call.param("account").to_owned());
    let switched = call.cloud.store.write(move |txn| {
        let mut account = Account::read(txn, &project, &name)?;
        account.disabled = disabled;
        Ok::<_, ApiError>(account.keep(txn)?)
    });
    switched.await?;
    ok(&json!({}))
}

async fn delete(call: Call) -> Answer {
    let (project, name) = (call.param("project").to_owned(), call.param("account").to_owned());
    let now = call.cloud.clock.now();
    let deleted = call.cloud.store.write(move |txn| {
        let mut account = Account::read(txn, &project, &name)?;
        account.deleted = Some(now);
        txn.remove(email_key(&account.email));
        Ok::<_, ApiError>(account.keep(txn)?)
    });
    deleted.await?;
    ok(&json!({}))
}

async fn undelete(call: Call) -> Answer {
    let uid = call.param("account").to_owned();
    let now = call.cloud.clock.now();
    let restored = call.cloud.store.write(move |txn| {
        let account: Option<Account> = txn.get(&account_key(&uid))?;
        let in_time = |account: &Account| account.deleted.is_some_and(|deleted| now - deleted < KEPT);
        let mut account = account.filter(in_time).ok_or_else(unknown)?;
        if txn.bytes(&email_key(&account.email))?.is_some() {
            return Err(ApiError::failed_precondition(format!(
                "A service account with the email {} exists: the deleted one cannot be brought back.",
                account.email
            )));
        }
        account.deleted = None;
        account.keep(txn)?;
        txn.put(email_key(&account.email), &account.unique_id)?;
        Ok::<_, ApiError>(account)
    });
    ok(&json!({ "restoredAccount": restored.await?.resource() }))
}

async fn get_policy(call: Call) -> Answer {
    let account = Account::of(&call.cloud.store.snapshot()?, &call)?;
    super::get_call(call, policy_key(&account.unique_id)).await
}

async fn set_policy(call: Call) -> Answer {
    let account = Account::of(&call.cloud.store.snapshot()?, &call)?;
    super::set_call(call, policy_key(&account.unique_id)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_addresses() {
        for (id, valid) in [
            ("runner", true),
            ("a-b-c-1", true),
            ("short", false),
            ("a234567890123456789012345678901", false),
            ("1runner", false),
            ("runner-", false),
            ("Runner", false),
            ("run_ner", false),
        ] {
            assert_eq!(check_id(id).is_ok(), valid, "{id}");
        }
        assert_eq!(email_of("runner", "acme"), "runner@acme.iam.gserviceaccount.com");
        assert_eq!(
            email_of("runner", "example.com:acme"),
            "runner@acme.example.com.iam.gserviceaccount.com"
        );
    }
}
