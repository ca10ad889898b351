//! `headwater_service_account`: an identity for what runs in the project.
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts>

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::{Backoff, CreateBy, Documents, Kind, Listing, OptionalExt as _, PatchBy, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{
    Attr, Attribute, Cx, DataSource, Diagnostic, Identity, Path, Plan, Resource, Result, Schema, Timeouts, validate,
};

use crate::clients::Clients;
use crate::names;
use crate::problems::{Explain as _, cloud_problem};
use crate::rest::changes::differing;
use crate::rest::fields::{flag, text};

const CREATE: CreateBy = CreateBy::Envelope {
    id: "accountId",
    member: "serviceAccount",
};
const PATCH: PatchBy = PatchBy::Envelope("serviceAccount");
const LISTING: Listing = Listing {
    member: "accounts",
    query: &[],
    page_size: 100,
};
/// A new account is not seen everywhere at once.
const SEEN_WITHIN: Duration = Duration::from_secs(60);

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct ServiceAccount;

/// The data source of the same name.
#[derive(Debug, Clone, Copy)]
pub struct ServiceAccountLookup;

/// The state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    account_id: Attr<String>,
    project: Attr<String>,
    display_name: Attr<String>,
    description: Attr<String>,
    disabled: Attr<bool>,
    email: Attr<String>,
    member: Attr<String>,
    unique_id: Attr<String>,
    id: Attr<String>,
}

impl Account {
    /// What follows from the account's id and its project.
    fn named(mut self) -> Account {
        self.email = match (&self.account_id, &self.project) {
            (Attr::Known(id), Attr::Known(project)) => email(id, project).into(),
            _ => Attr::Unknown,
        };
        self.member = self.email.clone().map(|email| format!("serviceAccount:{email}"));
        self.id = match (&self.project, &self.email) {
            (Attr::Known(project), Attr::Known(email)) => format!("projects/{project}/serviceAccounts/{email}").into(),
            _ => Attr::Unknown,
        };
        self
    }

    fn name(&self) -> Result<String, Diagnostic> {
        let (id, project) = (self.account_id.require("account_id")?, self.project.require("project")?);
        Ok(format!("projects/{project}/serviceAccounts/{}", email(id, project)))
    }

    fn document(&self) -> Json {
        json!({ "displayName": self.display_name.as_deref(), "description": self.description.as_deref() })
    }

    fn read(&self, document: &Json) -> Account {
        Account {
            display_name: text(&document["displayName"], &self.display_name),
            description: text(&document["description"], &self.description),
            disabled: flag(&document["disabled"]),
            unique_id: text(&document["uniqueId"], &Attr::Null),
            ..self.clone()
        }
        .named()
    }

    /// Enables or disables the account if it is not as planned.
    async fn settle(
        &self,
        documents: &Documents,
        name: &str,
        mut document: Json,
    ) -> Result<Json, headwater_cloud::Error> {
        let wanted = self.disabled.known().copied().unwrap_or(false);
        if wanted != document["disabled"].as_bool().unwrap_or(false) {
            let verb = if wanted { "disable" } else { "enable" };
            documents.repeatable_verb(name, verb, &json!({})).await?;
            document["disabled"] = wanted.into();
        }
        Ok(document)
    }
}

/// A project of a domain, `example.com:acme`, is `acme.example.com` in addresses.
fn email(id: &str, project: &str) -> String {
    let home = match project.rsplit_once(':') {
        Some((domain, project)) => format!("{project}.{domain}"),
        None => project.to_owned(),
    };
    format!("{id}@{home}.iam.gserviceaccount.com")
}

/// The account's id and project that an address names.
fn parse_email(text: &str) -> Option<(String, String)> {
    let (id, home) = text.strip_suffix(".iam.gserviceaccount.com")?.split_once('@')?;
    let project = match home.split_once('.') {
        Some((project, domain)) => format!("{domain}:{project}"),
        None => home.to_owned(),
    };
    Some((id.to_owned(), project))
}

fn documents(clients: &Clients) -> Result<Documents, Diagnostic> {
    Ok(clients.cloud()?.documents(Service::Iam))
}

#[async_trait]
impl Resource for ServiceAccount {
    type Model = Account;

    fn type_name(&self) -> &'static str {
        "headwater_service_account"
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new("projects/{project}/serviceAccounts/{email}").or("{email}"))
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "account_id",
                Attribute::string()
                    .required()
                    .requires_replace()
                    .validate(names::account_id())
                    .describe("The part of the account's address before the `@`, unique in the project."),
            ),
            (
                "project",
                Attribute::string()
                    .optional_computed()
                    .requires_replace()
                    .use_state_for_unknown()
                    .validate(names::project())
                    .describe("The project of the account. Default: the provider's."),
            ),
            (
                "display_name",
                Attribute::string().optional().validate(validate::length(..=100)).describe("What the console calls the account."),
            ),
            (
                "description",
                Attribute::string().optional().validate(validate::length(..=256)).describe("What the account is for."),
            ),
            (
                "disabled",
                Attribute::bool().default(false).describe("Whether nobody can act as the account for the time being. What is granted to it stays."),
            ),
            ("email", Attribute::string().computed().use_state_for_unknown().describe("The account's address.")),
            (
                "member",
                Attribute::string()
                    .computed()
                    .use_state_for_unknown()
                    .describe("The account as a member of IAM policies: `serviceAccount:EMAIL`. It is known in the plan already."),
            ),
            (
                "unique_id",
                Attribute::string()
                    .computed()
                    .use_state_for_unknown()
                    .describe("The number that tells the account from earlier and later ones of the same address."),
            ),
            (
                "id",
                Attribute::string()
                    .computed()
                    .use_state_for_unknown()
                    .describe("The full name: `projects/PROJECT/serviceAccounts/EMAIL`."),
            ),
        ])
        .describe("A service account: an identity that runtimes and jobs act as. What is granted to it goes with it: an account that is deleted and made again has nothing of what the first one had.")
        .timeouts(
            Timeouts::new()
                .create(Duration::from_secs(300))
                .read(Duration::from_secs(120))
                .update(Duration::from_secs(300))
                .delete(Duration::from_secs(300)),
        )
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<Account>) -> Result<Account> {
        let clients = cx.provider::<Clients>()?;
        let mut planned = plan.proposed;
        if plan.config.project.is_null() && !matches!(planned.project, Attr::Known(_)) {
            planned.project = clients.project().clone();
        }
        Ok(planned.named())
    }

    async fn create(&self, cx: &mut Cx, planned: Account) -> Result<Account> {
        let clients = cx.provider::<Clients>()?;
        let documents = documents(&clients)?;
        let name = planned.name()?;
        let document = match documents.create(&name, CREATE, &planned.document()).await {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::AlreadyExists => {
                let found = documents.get(&name).await;
                let found = found.explain(format!("cannot read the service account `{name}`"))?;
                let ours = planned.read(&found).document() == planned.document();
                ours.then_some(found).ok_or_else(|| taken(&name))?
            }
            Err(error) => {
                return Err(cloud_problem(format!("cannot create the service account `{name}`"), &error).into());
            }
        };
        cx.record(&planned.read(&document))?;
        let summary = format!("cannot complete the service account `{name}`");
        until_seen(&documents, &name).await.explain(&*summary)?;
        let document = planned.settle(&documents, &name, document).await.explain(summary)?;
        Ok(planned.read(&document))
    }

    async fn read(&self, cx: &mut Cx, state: Account) -> Result<Option<Account>> {
        let clients = cx.provider::<Clients>()?;
        let name = state.name()?;
        let found = documents(&clients)?.read(&name, Some(LISTING)).await.optional();
        let found = found.explain(format!("cannot read the service account `{name}`"))?;
        Ok(found.map(|document| state.read(&document)))
    }

    async fn update(&self, cx: &mut Cx, _prior: Account, planned: Account) -> Result<Account> {
        let clients = cx.provider::<Clients>()?;
        let documents = documents(&clients)?;
        let name = planned.name()?;
        let summary = format!("cannot change the service account `{name}`");
        let mut document = documents.get(&name).await.explain(&*summary)?;
        let wanted = planned.document();
        let fields = differing(&wanted, &planned.read(&document).document());
        if !fields.is_empty() {
            let mut body = json!({ "etag": document["etag"] });
            for field in &fields {
                body[*field] = wanted[*field].clone();
            }
            document = documents.patch(&name, PATCH, &body, &fields).await.explain(&*summary)?;
        }
        let document = planned.settle(&documents, &name, document).await.explain(summary)?;
        Ok(planned.read(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: Account) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let name = state.name()?;
        let deleted = documents(&clients)?.delete(&name).await;
        deleted.explain(format!("cannot delete the service account `{name}`"))?;
        Ok(())
    }

    async fn import(&self, cx: &mut Cx, id: &str) -> Result<Account> {
        let clients = cx.provider::<Clients>()?;
        let forms = "`projects/PROJECT/serviceAccounts/EMAIL`, `EMAIL`, or the account's id in the provider's project";
        let (account_id, project) = match *id.split('/').collect::<Vec<_>>() {
            ["projects", _, "serviceAccounts", email] => parse_email(email),
            [email] if email.contains('@') => parse_email(email),
            [account] => clients
                .project()
                .as_deref()
                .map(|project| (account.to_owned(), project.to_owned())),
            _ => None,
        }
        .filter(|(account, project)| is_account_id(account) && names::is_project(project))
        .ok_or_else(|| names::not_an_id(id, forms))?;
        Ok(Account {
            account_id: account_id.into(),
            project: project.into(),
            ..Account::default()
        })
    }
}

fn is_account_id(text: &str) -> bool {
    names::account_id().check(&text.into(), &Path::root()).is_empty()
}

/// Waits until a new account can be read, for a while.
async fn until_seen(documents: &Documents, name: &str) -> Result<(), headwater_cloud::Error> {
    let begun = std::time::Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(5));
    loop {
        match documents.get(name).await {
            Err(error) if error.is_not_found() && begun.elapsed() < SEEN_WITHIN => {
                tokio::time::sleep(backoff.next_wait()).await;
            }
            other => return other.map(drop),
        }
    }
}

fn taken(name: &str) -> Diagnostic {
    Diagnostic::invalid("account_id", format!("the service account `{name}` exists already")).hint(format!(
        "Import it: `terraform import ADDRESS {name}`, or choose another `account_id`."
    ))
}

#[async_trait]
impl DataSource for ServiceAccountLookup {
    type Model = Account;

    fn type_name(&self) -> &'static str {
        "headwater_service_account"
    }

    fn schema(&self) -> Schema {
        let computed = |text: &str| Attribute::string().computed().describe(text);
        Schema::new([
            (
                "account_id",
                Attribute::string()
                    .required()
                    .validate(names::account_id())
                    .describe("The part of the account's address before the `@`."),
            ),
            (
                "project",
                Attribute::string()
                    .optional_computed()
                    .validate(names::project())
                    .describe("The project of the account. Default: the provider's."),
            ),
            ("display_name", computed("What the console calls the account.")),
            ("description", computed("What the account is for.")),
            (
                "disabled",
                Attribute::bool()
                    .computed()
                    .describe("Whether nobody can act as the account for the time being."),
            ),
            ("email", computed("The account's address.")),
            (
                "member",
                computed("The account as a member of IAM policies: `serviceAccount:EMAIL`."),
            ),
            (
                "unique_id",
                computed("The number that tells the account from earlier and later ones of the same address."),
            ),
            (
                "id",
                computed("The full name: `projects/PROJECT/serviceAccounts/EMAIL`."),
            ),
        ])
        .describe("A service account that exists already.")
        .timeouts(Timeouts::new().read(Duration::from_secs(120)))
    }

    async fn read(&self, cx: &mut Cx, mut config: Account) -> Result<Account> {
        let clients = cx.provider::<Clients>()?;
        if config.project.is_null() {
            config.project = clients.project().clone();
        }
        let name = config.name()?;
        let found = documents(&clients)?.read(&name, Some(LISTING)).await.optional();
        let found = found.explain(format!("cannot read the service account `{name}`"))?;
        let document = found.ok_or_else(|| {
            Diagnostic::invalid("account_id", format!("the service account `{name}` does not exist"))
                .hint("Check the id and the project; if this configuration creates it, refer to the resource instead.")
        })?;
        Ok(config.read(&document))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_accounts() {
        for (id, project, address) in [
            ("runner", "acme-data", "runner@acme-data.iam.gserviceaccount.com"),
            (
                "runner",
                "example.com:acme",
                "runner@acme.example.com.iam.gserviceaccount.com",
            ),
        ] {
            assert_eq!(email(id, project), address);
            assert_eq!(parse_email(address), Some((id.to_owned(), project.to_owned())));
        }
        for other in ["runner", "a@b.c", "1-compute@developer.gserviceaccount.com"] {
            assert_eq!(parse_email(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_created_reads_back_as_planned() {
        let planned = Account {
            account_id: "runner".into(),
            project: "acme-data".into(),
            display_name: "".into(),
            description: "runs".into(),
            disabled: false.into(),
            unique_id: "1".into(),
            ..Account::default()
        }
        .named();
        let mut document = planned.document();
        document["uniqueId"] = "1".into();
        assert_eq!(planned.read(&document), planned);
        assert_eq!(
            planned.member.as_deref(),
            Some("serviceAccount:runner@acme-data.iam.gserviceaccount.com")
        );
    }

    #[test]
    fn the_schemas_are_sound() {
        assert_eq!(tfplugin_framework::check_resource(&ServiceAccount), Default::default());
        assert_eq!(
            tfplugin_framework::check_data_source(&ServiceAccountLookup),
            Default::default()
        );
    }
}
