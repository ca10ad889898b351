//! `headwater_bigquery_routine`: a function, a table function or a procedure.
//!
//! `types` are SQL types in both spellings, `model` is the state, `schema` the attributes.

mod model;
mod schema;
mod types;

use async_trait::async_trait;
use headwater_cloud::{Kind, OptionalExt as _, RoutineRef};
use tfplugin_framework::{Cx, Diagnostic, Identity, Path, Plan, Resource, Result, Schema};

pub use self::model::Routine;
use crate::clients::Clients;
use crate::names;
use crate::problems::{Explain as _, cloud_problem};
use crate::queries;

/// The resource.
#[derive(Debug, Clone, Copy)]
pub struct BigQueryRoutine;

#[async_trait]
impl Resource for BigQueryRoutine {
    type Model = Routine;

    fn type_name(&self) -> &'static str {
        "headwater_bigquery_routine"
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new("{dataset}/routines/{routine_id}"))
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    async fn validate(&self, _cx: &mut Cx, config: &Routine) -> Result<()> {
        schema::check(config).into_result()
    }

    async fn plan(&self, cx: &mut Cx, plan: Plan<Routine>) -> Result<Routine> {
        let clients = cx.provider::<Clients>()?;
        let mut planned = plan.proposed;
        planned.name();
        if let Some(prior) = &plan.prior {
            planned.keep_body(prior);
        }
        let same = plan
            .prior
            .as_ref()
            .is_some_and(|prior| prior.statement().is_some() && prior.statement() == planned.statement());
        if !same {
            if let (Some(statement), Some(body), Ok(_)) =
                (planned.statement(), planned.definition_body.known(), clients.cloud())
            {
                queries::dry_run(&clients, &statement, body, None, "definition_body").await?;
            }
            if let Some(id) = planned.id.known() {
                match plan.prior {
                    None => clients.note_fresh(id),
                    Some(_) => clients.note_changing(id),
                }
            }
        }
        Ok(planned)
    }

    async fn create(&self, cx: &mut Cx, planned: Routine) -> Result<Routine> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let routine = planned.reference()?;
        let summary = format!("cannot create the routine `{routine}`");
        let document = match bigquery.create_routine(&routine, &planned.document()).await {
            Ok(document) => document,
            Err(error) if error.kind() == Kind::AlreadyExists => {
                // A routine has no labels that would say who made it: one that is the same to the letter is taken over,
                // because creating it would have given just that.
                let present = bigquery.get_routine(&routine).await.explain(summary)?;
                if !planned.is_made_of(&present) {
                    return Err(taken(&routine).into());
                }
                tracing::info!(routine = %routine, "equal routine adopted");
                present
            }
            Err(error) => return Err(cloud_problem(summary, &error).at("definition_body").into()),
        };
        Ok(planned.read(&document))
    }

    async fn read(&self, cx: &mut Cx, state: Routine) -> Result<Option<Routine>> {
        let clients = cx.provider::<Clients>()?;
        let routine = state.reference()?;
        let found = clients.cloud()?.bigquery().get_routine(&routine).await.optional();
        let found = found.explain(format!("cannot read the routine `{routine}`"))?;
        Ok(found.map(|document| state.read(&document)))
    }

    async fn update(&self, cx: &mut Cx, _prior: Routine, planned: Routine) -> Result<Routine> {
        let clients = cx.provider::<Clients>()?;
        let bigquery = clients.cloud()?.bigquery();
        let routine = planned.reference()?;
        let summary = format!("cannot change the routine `{routine}`");
        let present = bigquery.get_routine(&routine).await.explain(&*summary)?;
        // What this resource does not know (security mode, remote options) stays.
        let mut document = present.clone();
        if let Some(fields) = document.as_object_mut() {
            for ours in [
                "returnType",
                "returnTableType",
                "importedLibraries",
                "determinismLevel",
                "description",
            ] {
                fields.remove(ours);
            }
            for answered in ["etag", "creationTime", "lastModifiedTime"] {
                fields.remove(answered);
            }
            if let Some(wanted) = planned.document().as_object() {
                fields.extend(wanted.clone());
            }
        }
        let etag = present["etag"].as_str();
        let document = bigquery
            .replace_routine(&routine, &document, etag)
            .await
            .explain(summary)?;
        Ok(planned.read(&document))
    }

    async fn delete(&self, cx: &mut Cx, state: Routine) -> Result<()> {
        let clients = cx.provider::<Clients>()?;
        let routine = state.reference()?;
        let deleted = clients.cloud()?.bigquery().delete_routine(&routine).await;
        deleted.explain(format!("cannot delete the routine `{routine}`"))?;
        Ok(())
    }

    async fn import(&self, _cx: &mut Cx, id: &str) -> Result<Routine> {
        let forms = "`projects/PROJECT/datasets/DATASET/routines/ROUTINE` or `PROJECT.DATASET.ROUTINE`";
        let routine = RoutineRef::parse(id)
            .filter(|routine| {
                names::is_project(&routine.dataset.project)
                    && types::name()
                        .check(&routine.routine.as_str().into(), &Path::root())
                        .is_empty()
            })
            .ok_or_else(|| names::not_an_id(id, forms))?;
        Ok(Routine {
            dataset: routine.dataset.id().into(),
            routine_id: routine.routine.into(),
            ..Routine::default()
        })
    }
}

fn taken(routine: &RoutineRef) -> Diagnostic {
    let id = routine.id();
    Diagnostic::invalid(
        "routine_id",
        format!("the routine `{routine}` exists already, and is another one"),
    )
    .hint(format!(
        "Import it: `terraform import ADDRESS {id}`, or choose another `routine_id`."
    ))
}

#[cfg(test)]
mod tests;
