//! What Dataform makes of the tables: the actions of the newest compilation of each repository, with what each is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headwater_cloud::{Cloud, Error, Listing, OptionalExt as _, Service};
use serde_json::Value;

use super::catalog::Catalog;
use super::said;

/// A page of the actions of a compilation.
const PAGE: &str = "1000";
/// More pages than this are not read.
const PAGES: usize = 10;

/// A table, view or assertion that Dataform makes.
#[derive(Debug, Clone)]
pub struct Action {
    /// `PROJECT.DATASET.TABLE`.
    pub target: String,
    /// `table`, `view`, `incremental_table`, `operations`, `assertion`, `declaration`, …
    pub kind: String,
    /// What it is made of.
    pub of: Vec<String>,
}

/// A repository.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Its id.
    pub id: String,
    compilation: String,
    /// What it makes.
    pub actions: Arc<Vec<Action>>,
}

/// All repositories.
#[derive(Debug, Default)]
pub struct Marts {
    /// By full name.
    pub repositories: BTreeMap<String, Repository>,
}

/// Asks Dataform in the regions of the pipelines. A compilation never changes: one that is known is not read again.
pub async fn find(cloud: Cloud, catalog: Arc<Catalog>, before: Option<Arc<Marts>>) -> Result<Marts, String> {
    let mut places: BTreeSet<(String, String)> = BTreeSet::new();
    if !cloud.region().is_empty() {
        places.insert((cloud.project().to_owned(), cloud.region().to_owned()));
    }
    for spec in catalog.pipelines.iter().filter_map(|one| one.spec().ok()) {
        places.insert((spec.project.clone(), spec.region.clone()));
    }
    let mut marts = Marts::default();
    for (project, region) in places {
        let of_place = repositories(&cloud, &project, &region, before.as_deref()).await;
        marts.repositories.extend(of_place.map_err(|error| said(&error))?);
    }
    Ok(marts)
}

async fn repositories(
    cloud: &Cloud,
    project: &str,
    region: &str,
    before: Option<&Marts>,
) -> Result<Vec<(String, Repository)>, Error> {
    let dataform = cloud.documents(Service::Dataform);
    let collection = format!("projects/{project}/locations/{region}/repositories");
    let mut repositories = Vec::new();
    let listed = dataform
        .list(&collection, Listing::of("repositories"))
        .await
        .optional()?;
    for repository in listed.unwrap_or_default() {
        let Some(name) = repository["name"].as_str() else {
            continue;
        };
        let results = format!("{name}/compilationResults");
        let results = dataform.list(&results, Listing::of("compilationResults")).await?;
        let sound = results
            .iter()
            .filter(|one| one["compilationErrors"].as_array().is_none_or(Vec::is_empty));
        let newest = sound.max_by_key(|one| one["createTime"].as_str().unwrap_or_default());
        let Some(compilation) = newest.and_then(|one| one["name"].as_str()) else {
            continue;
        };
        let known = before.and_then(|before| before.repositories.get(name));
        let actions = match known.filter(|known| known.compilation == compilation) {
            Some(known) => Arc::clone(&known.actions),
            None => Arc::new(actions(cloud, compilation).await?),
        };
        repositories.push((
            name.to_owned(),
            Repository {
                id: name.rsplit('/').next().unwrap_or_default().to_owned(),
                compilation: compilation.to_owned(),
                actions,
            },
        ));
    }
    Ok(repositories)
}

async fn actions(cloud: &Cloud, compilation: &str) -> Result<Vec<Action>, Error> {
    let dataform = cloud.documents(Service::Dataform);
    let mut actions = Vec::new();
    let mut token = String::new();
    for _ in 0..PAGES {
        let mut query = vec![("pageSize", PAGE)];
        if !token.is_empty() {
            query.push(("pageToken", token.as_str()));
        }
        let page = dataform.look(compilation, "query", &query).await?;
        let found = page["compilationResultActions"].as_array().into_iter().flatten();
        actions.extend(found.filter_map(action));
        token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            break;
        }
    }
    Ok(actions)
}

fn action(action: &Value) -> Option<Action> {
    const KINDS: [&str; 6] = [
        "relation",
        "operations",
        "assertion",
        "declaration",
        "notebook",
        "dataPreparation",
    ];
    let kind = KINDS.into_iter().find(|kind| action[*kind].is_object())?;
    let of = action[kind]["dependencyTargets"].as_array().into_iter().flatten();
    let relation = action[kind]["relationType"].as_str().filter(|_| kind == "relation");
    Some(Action {
        target: target(&action["target"])?,
        kind: relation.unwrap_or(kind).to_ascii_lowercase(),
        of: of.filter_map(target).collect(),
    })
}

fn target(target: &Value) -> Option<String> {
    let part = |name: &str| target[name].as_str();
    Some(format!("{}.{}.{}", part("database")?, part("schema")?, part("name")?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn an_action_names_what_it_is_made_of() {
        let target = |name: &str| json!({"database": "p", "schema": "d", "name": name});
        let action = super::action(&json!({
            "target": target("mart"), "relation": {"relationType": "TABLE", "dependencyTargets": [target("raw")]},
        }))
        .unwrap();
        assert_eq!((action.target.as_str(), action.kind.as_str()), ("p.d.mart", "table"));
        assert_eq!(action.of, ["p.d.raw"]);
    }
}
