//! `headwater_project`: a Google Cloud project, by its id.

use std::time::Duration;

use async_trait::async_trait;
use headwater_cloud::Service;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin_framework::{Attr, Attribute, Cx, DataSource, Diagnostic, Result, Schema, Timeouts, Type};

use crate::clients::Clients;
use crate::labels::{self, Labels};
use crate::names;
use crate::problems::cloud_problem;
use crate::rest::fields::text;

/// The data source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProjectSource;

/// What it is given and what it finds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Project {
    project_id: Attr<String>,
    number: Attr<String>,
    display_name: Attr<String>,
    parent: Attr<String>,
    labels: Attr<Labels>,
    id: Attr<String>,
}

impl Project {
    fn read(project: &str, document: &Json) -> Project {
        // `projects/415104041262`.
        let number = document["name"]
            .as_str()
            .and_then(|name| name.strip_prefix("projects/"));
        Project {
            project_id: project.into(),
            number: number.map(str::to_owned).into(),
            display_name: text(&document["displayName"], &Attr::Null),
            parent: text(&document["parent"], &Attr::Null),
            labels: labels::read(&document["labels"], &Attr::Null),
            id: format!("projects/{project}").into(),
        }
    }
}

#[async_trait]
impl DataSource for ProjectSource {
    type Model = Project;

    fn type_name(&self) -> &'static str {
        "headwater_project"
    }

    fn schema(&self) -> Schema {
        Schema::new([
            (
                "project_id",
                Attribute::string()
                    .optional_computed()
                    .validate(names::project())
                    .describe("The project's id. Default: the provider's project."),
            ),
            (
                "number",
                Attribute::string().computed().describe("The project's number, which is in the names of Google's service agents."),
            ),
            ("display_name", Attribute::string().computed().describe("What people call it.")),
            ("parent", Attribute::string().computed().describe("The folder or organisation that it is in, such as `folders/876`.")),
            ("labels", Attribute::map(Type::String).computed().describe("Its labels.")),
            ("id", Attribute::string().computed().describe("The full name: `projects/PROJECT_ID`.")),
        ])
        .describe("A Google Cloud project that exists already: its number, for the names of service agents, and what it is called.")
        .timeouts(Timeouts::new().read(Duration::from_secs(120)))
    }

    async fn read(&self, cx: &mut Cx, config: Project) -> Result<Project> {
        let clients = cx.provider::<Clients>()?;
        let project = match config.project_id.known() {
            Some(project) => project.as_str(),
            None => clients.require_project()?,
        };
        let name = format!("projects/{project}");
        let documents = clients.cloud()?.documents(Service::ResourceManager);
        match documents.get(&name).await {
            Ok(document) => Ok(Project::read(project, &document)),
            // Google does not tell those who may not see it whether it exists.
            Err(error) => {
                let problem = cloud_problem(format!("cannot read the project `{project}`"), &error);
                Err(Diagnostic::at(problem, "project_id").into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tfplugin_framework::check_data_source;

    #[test]
    fn the_schema_is_sound() {
        assert_eq!(check_data_source(&ProjectSource), Default::default());
    }

    #[test]
    fn the_number_is_in_the_name() {
        let found = Project::read("acme-data", &json!({"name": "projects/415", "displayName": "Acme"}));
        assert_eq!((found.number, found.display_name), ("415".into(), "Acme".into()));
    }
}
