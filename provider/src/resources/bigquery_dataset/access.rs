//! Who may do what with a dataset: the entries of its access list, and when two spellings of one mean the same.

use headwater_cloud::{DatasetRef, TableRef};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Attr, Attribute, Diagnostic, Diagnostics, Path, Schema, Value, from_value, validate};

use crate::names::{parse_dataset_path, parse_table_path};

/// One entry: a role for somebody, or access for a view, a routine or the views of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    role: Attr<String>,
    user_by_email: Attr<String>,
    group_by_email: Attr<String>,
    domain: Attr<String>,
    special_group: Attr<String>,
    iam_member: Attr<String>,
    view: Attr<String>,
    routine: Attr<String>,
    dataset: Attr<String>,
}

/// The whole list.
pub(super) type Access = Vec<Attr<Entry>>;

/// Roles that BigQuery writes in its older names.
const BASIC: &[(&str, &str)] = &[
    ("roles/bigquery.dataOwner", "OWNER"),
    ("roles/bigquery.dataEditor", "WRITER"),
    ("roles/bigquery.dataViewer", "READER"),
];

impl Entry {
    /// The principals with the names that BigQuery has for them.
    fn principals(&self) -> [(&'static str, &'static str, &Attr<String>); 8] {
        [
            ("user_by_email", "userByEmail", &self.user_by_email),
            ("group_by_email", "groupByEmail", &self.group_by_email),
            ("domain", "domain", &self.domain),
            ("special_group", "specialGroup", &self.special_group),
            ("iam_member", "iamMember", &self.iam_member),
            ("view", "view", &self.view),
            ("routine", "routine", &self.routine),
            ("dataset", "dataset", &self.dataset),
        ]
    }

    fn to_json(&self) -> Json {
        let mut entry = json!({});
        if let Some(role) = self.role.as_deref() {
            entry["role"] = role.into();
        }
        for (_, api, value) in self.principals() {
            let Some(value) = value.as_deref() else { continue };
            entry[api] = match api {
                "view" => parse_table_path(value).map_or(Json::Null, |table| table.to_json()),
                "routine" => parse_routine(value).map_or(Json::Null, |(dataset, routine)| {
                    let mut reference = dataset.to_json();
                    reference["routineId"] = routine.into();
                    reference
                }),
                "dataset" => parse_dataset_path(value).map_or(Json::Null, |(project, dataset)| {
                    json!({"dataset": DatasetRef::new(project, dataset).to_json(), "targetTypes": ["VIEWS"]})
                }),
                _ => value.into(),
            };
        }
        entry
    }

    fn of(found: &Json) -> Self {
        let text = |name: &str| found[name].as_str().map(str::to_owned).into();
        let dataset = |reference: &Json| {
            let part = |name: &str| reference[name].as_str();
            Some(DatasetRef::new(part("projectId")?, part("datasetId")?))
        };
        let table = |reference: &Json| Some(dataset(reference)?.table(reference["tableId"].as_str()?));
        let routine = |reference: &Json| {
            let routine = reference["routineId"].as_str()?;
            Some(format!("{}/routines/{routine}", dataset(reference)?.id()))
        };
        Self {
            role: text("role"),
            user_by_email: text("userByEmail"),
            group_by_email: text("groupByEmail"),
            domain: text("domain"),
            special_group: text("specialGroup"),
            iam_member: text("iamMember"),
            view: table(&found["view"]).map(|table: TableRef| table.id()).into(),
            routine: routine(&found["routine"]).into(),
            dataset: dataset(&found["dataset"]["dataset"]).map(|dataset| dataset.id()).into(),
        }
    }

    /// Role and principal in one spelling; `None` while something is not known.
    fn meaning(&self) -> Option<(String, String)> {
        if self.role.is_unknown() || self.principals().iter().any(|(_, _, value)| value.is_unknown()) {
            return None;
        }
        let role = self.role.as_deref().unwrap_or_default();
        let role = BASIC
            .iter()
            .find(|(iam, _)| *iam == role)
            .map_or(role, |(_, basic)| basic);
        let (kind, _, value) = self.principals().into_iter().find(|(_, _, value)| !value.is_null())?;
        let value = value.as_deref()?;
        let who = match (kind, value.split_once(':')) {
            ("user_by_email", _) => format!("user:{}", value.to_ascii_lowercase()),
            ("group_by_email", _) => format!("group:{}", value.to_ascii_lowercase()),
            ("domain", _) => format!("domain:{}", value.to_ascii_lowercase()),
            ("iam_member", Some(("user" | "serviceAccount", email))) => format!("user:{}", email.to_ascii_lowercase()),
            ("iam_member", Some((other, name))) => format!("{other}:{}", name.to_ascii_lowercase()),
            ("iam_member", None) => value.to_owned(),
            ("special_group", _) => value.to_owned(),
            ("view", _) => format!("view:{}", parse_table_path(value)?.id()),
            (kind, _) => format!("{kind}:{value}"),
        };
        Some((role.to_owned(), who))
    }
}

fn parse_routine(text: &str) -> Option<(DatasetRef, &str)> {
    let (dataset, routine) = text.split_once("/routines/")?;
    let (project, dataset) = parse_dataset_path(dataset)?;
    (!routine.is_empty() && !routine.contains('/')).then(|| (DatasetRef::new(project, dataset), routine))
}

/// The entries as BigQuery wants them.
pub(super) fn document(access: &Access) -> Json {
    access.iter().filter_map(Attr::known).map(Entry::to_json).collect()
}

/// The entries as found, or as they were before when that means the same.
pub(super) fn read(found: &Json, before: &Attr<Access>) -> Attr<Access> {
    let found: Access = found
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| Entry::of(entry).into())
        .collect();
    match before {
        Attr::Known(before) if same(before, &found) => Attr::Known(before.clone()),
        _ => found.into(),
    }
}

/// Whether both grant the same, whatever their order and spelling.
fn same(a: &Access, b: &Access) -> bool {
    let meanings = |access: &Access| {
        let mut all: Vec<(String, String)> = access
            .iter()
            .map(|entry| entry.known()?.meaning())
            .collect::<Option<_>>()?;
        all.sort();
        all.dedup();
        Some(all)
    };
    matches!((meanings(a), meanings(b)), (Some(a), Some(b)) if a == b)
}

fn same_values(before: &Value, after: &Value) -> bool {
    let known = |value: &Value| from_value::<Access>(value, &Schema::default()).ok();
    matches!((known(before), known(after)), (Some(before), Some(after)) if same(&before, &after))
}

/// What the attributes' own rules cannot say.
pub(super) fn check(access: &Access, problems: &mut Diagnostics) {
    for (index, entry) in access.iter().enumerate() {
        let at = Path::attr("access").index(index);
        let Some(entry) = entry.known() else { continue };
        let set: Vec<&str> = entry
            .principals()
            .iter()
            .filter(|(_, _, value)| !value.is_null())
            .map(|(name, _, _)| *name)
            .collect();
        let names =
            "`user_by_email`, `group_by_email`, `domain`, `special_group`, `iam_member`, `view`, `routine`, `dataset`";
        match set.as_slice() {
            [] => problems
                .push(Diagnostic::invalid(at, "the entry says nobody").hint(format!("Set exactly one of {names}."))),
            [one] => {
                let shares = ["view", "routine", "dataset"].contains(one);
                if shares && !entry.role.is_null() {
                    problems.push(
                        Diagnostic::invalid(at.child("role"), format!("a `{one}` has no role"))
                            .hint("It may read what its query reads: leave `role` out."),
                    );
                } else if !shares && entry.role.is_null() {
                    problems.push(
                        Diagnostic::invalid(at.child("role"), format!("the role of this `{one}` is missing"))
                            .hint("Set `role` to `READER`, `WRITER`, `OWNER` or a role of IAM such as `roles/bigquery.dataViewer`."),
                    );
                }
            }
            [first, second, ..] => problems.push(
                Diagnostic::invalid(at.child(*second), format!("`{second}` conflicts with `{first}`"))
                    .hint("An entry is about one principal: write another entry for the other."),
            ),
        }
    }
}

/// The attribute `access`.
pub(super) fn attribute() -> Attribute {
    let email = || {
        validate::matches(
            "must be an e-mail address, without `user:` or `group:` in front",
            |text| {
                text.split_once('@')
                    .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
                    && !text.contains([':', ' '])
            },
        )
    };
    let optional = |text: &str| Attribute::string().optional().describe(text);
    Attribute::list_of([
        (
            "role",
            optional("`READER`, `WRITER`, `OWNER`, or a role of IAM.").validate(validate::matches(
                "must be `READER`, `WRITER`, `OWNER`, or a role of IAM such as `roles/bigquery.dataViewer`",
                |text| {
                    ["READER", "WRITER", "OWNER"].contains(&text)
                        || ["roles/", "projects/", "organizations/"].iter().any(|prefix| text.starts_with(prefix))
                },
            )),
        ),
        ("user_by_email", optional("A person or a service account.").validate(email())),
        ("group_by_email", optional("A Google group.").validate(email())),
        ("domain", optional("Everybody of a domain, such as `acme.com`.")),
        (
            "special_group",
            optional("A group that BigQuery knows.").validate(validate::one_of([
                "projectOwners",
                "projectReaders",
                "projectWriters",
                "allAuthenticatedUsers",
            ])),
        ),
        ("iam_member", optional("Any principal as IAM writes it, such as `allUsers` or `principalSet://…`.")),
        (
            "view",
            optional("A view that may read the dataset for its readers: the id of a `headwater_bigquery_view`.")
                .validate(crate::names::table_path()),
        ),
        (
            "routine",
            optional("A routine that may: the id of a `headwater_bigquery_routine`.").validate(validate::matches(
                "must be the id of a routine, `projects/PROJECT/datasets/DATASET/routines/ROUTINE`",
                |text| parse_routine(text).is_some(),
            )),
        ),
        (
            "dataset",
            optional("A dataset all of whose views may: the id of a `headwater_bigquery_dataset`.")
                .validate(crate::names::dataset_path()),
        ),
    ])
    .optional_computed()
    .use_state_for_unknown()
    .equivalent(same_values)
    .validate(validate::size(1..))
    .describe("All who have access; whoever is not in the list has none. Left out, BigQuery's defaults hold for a new dataset and an existing one keeps its list. Order and spelling (`roles/bigquery.dataViewer` or `READER`) do not matter.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back_and_spellings_are_the_same() {
        let found = json!([
            {"role": "OWNER", "specialGroup": "projectOwners"},
            {"role": "READER", "userByEmail": "a@acme.com"},
            {"view": {"projectId": "p", "datasetId": "d", "tableId": "v"}},
            {"routine": {"projectId": "p", "datasetId": "d", "routineId": "r"}},
            {"dataset": {"dataset": {"projectId": "p", "datasetId": "e"}, "targetTypes": ["VIEWS"]}},
        ]);
        let Attr::Known(access) = read(&found, &Attr::Null) else {
            panic!("nothing was read")
        };
        assert_eq!(document(&access), found);
        let mut spelled = access.clone();
        spelled.reverse();
        for entry in spelled.iter_mut().filter_map(Attr::known_mut) {
            if entry.view.known().is_some() {
                entry.view = "p.d.v".into();
            }
            if entry.user_by_email.known().is_some() {
                *entry = Entry {
                    role: "roles/bigquery.dataViewer".into(),
                    iam_member: "user:A@acme.com".into(),
                    ..Entry::default()
                };
            }
        }
        assert_eq!(
            read(&found, &Attr::Known(spelled.clone())),
            Attr::Known(spelled.clone())
        );
        spelled.pop();
        assert_eq!(read(&found, &Attr::Known(spelled)), Attr::Known(access));
    }
}
