//! `lint`: names inside nested attributes that the schemas do not have. Terraform converts a nested object to the attribute's type
//! before any provider sees it, and drops what the type does not have without a word; so this reads the files themselves. What can
//! be told from a plan is no business of this.

use std::error::Error;
use std::path::{Path, PathBuf};

use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::Block;
use hcl_edit::{Span as _, parser};
use serde::Serialize;
use terraform_provider_headwater::Headwater;
use tfplugin_framework::schema::Nesting;
use tfplugin_framework::{Attribute, Provider as _, Schema, nearest};

/// A name that is dropped.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Finding {
    file: PathBuf,
    line: usize,
    /// `headwater_dq_suite.accounts`.
    block: String,
    /// The nested attribute that does not have it: `expectations.not_null`.
    within: String,
    name: String,
    did_you_mean: Option<String>,
}

/// `lint DIR…`: prints each, and fails when there are any, or a file cannot be read.
pub(super) fn run(places: &[PathBuf], json: bool) -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    for place in places {
        collect(place, &mut files).map_err(|error| format!("cannot read {}: {error}", place.display()))?;
    }
    let schemas = schemas();
    let mut findings = Vec::new();
    let mut unread = 0;
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        match check(file, &text, &schemas) {
            Ok(found) => findings.extend(found),
            Err(problem) => {
                unread += 1;
                eprintln!("{} is not checked: {problem}", file.display());
            }
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        findings.iter().for_each(|finding| println!("{}", sentence(finding)));
    }
    match (findings.len(), unread) {
        (0, 0) => {
            if !json {
                println!("{} files: every nested attribute is known", files.len());
            }
            Ok(())
        }
        (0, _) => Err(format!("{unread} of {} files could not be checked", files.len()).into()),
        (found, _) => {
            Err(format!("Terraform drops {found} of these attributes without a word: it does not know them").into())
        }
    }
}

fn sentence(finding: &Finding) -> String {
    let Finding {
        file,
        line,
        block,
        within,
        name,
        did_you_mean,
    } = finding;
    let meant = did_you_mean
        .as_ref()
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    format!(
        "{}:{line}: {block}: `{within}` has no attribute `{name}`{meant}",
        file.display()
    )
}

/// The files with Terraform's ending at a place and below it, without hidden directories (`.terraform` among them).
fn collect(place: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !place.is_dir() {
        std::fs::metadata(place)?;
        files.push(place.to_path_buf());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(place)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        // A link is not followed: it may lead back here.
        if hidden || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "tf") {
            files.push(path);
        }
    }
    Ok(())
}

/// The kind of block, the type, and what it may hold.
type Schemas = Vec<(&'static str, String, Schema)>;

fn schemas() -> Schemas {
    let resources = Headwater.resources();
    let sources = Headwater.data_sources();
    let ephemeral = Headwater.ephemeral_resources();
    let resources = resources
        .iter()
        .map(|one| ("resource", one.name().to_owned(), one.describe()));
    let sources = sources
        .iter()
        .map(|one| ("data", one.name().to_owned(), one.describe()));
    let ephemeral = ephemeral
        .iter()
        .map(|one| ("ephemeral", one.name().to_owned(), one.describe()));
    resources.chain(sources).chain(ephemeral).collect()
}

fn check(file: &Path, text: &str, schemas: &Schemas) -> Result<Vec<Finding>, parser::Error> {
    let body = parser::parse_body(text)?;
    let mut findings = Vec::new();
    for block in body.blocks() {
        let [kind, name] = block.labels.as_slice() else {
            continue;
        };
        let known = schemas
            .iter()
            .find(|(keyword, of, _)| *keyword == block.ident.as_str() && of == kind.as_str());
        let Some((.., schema)) = known else { continue };
        let mut walk = Walk {
            file,
            text,
            block: format!("{}.{}", kind.as_str(), name.as_str()),
            findings: &mut findings,
        };
        walk.block(block, schema);
    }
    Ok(findings)
}

/// A walk through one block's values, along the schema.
struct Walk<'a> {
    file: &'a Path,
    text: &'a str,
    block: String,
    findings: &'a mut Vec<Finding>,
}

impl Walk<'_> {
    /// The block's own arguments are checked by Terraform.
    fn block(&mut self, block: &Block, schema: &Schema) {
        for (name, attribute) in schema.attributes() {
            let Some(given) = block.body.get_attribute(name) else {
                continue;
            };
            if let Some((nesting, attributes)) = attribute.nested_attributes() {
                self.nested(&given.value, nesting, attributes, name);
            }
        }
    }

    fn nested(&mut self, value: &Expression, nesting: Nesting, attributes: &[(String, Attribute)], within: &str) {
        match (value, nesting) {
            (Expression::Parenthesis(inner), _) => self.nested(inner.inner(), nesting, attributes, within),
            (Expression::Conditional(either), _) => {
                self.nested(&either.true_expr, nesting, attributes, within);
                self.nested(&either.false_expr, nesting, attributes, within);
            }
            (Expression::Object(object), Nesting::Single) => self.object(object, attributes, within),
            (Expression::Object(object), Nesting::Map) => {
                for (_, value) in object.iter() {
                    self.nested(value.expr(), Nesting::Single, attributes, within);
                }
            }
            (Expression::Array(elements), Nesting::List | Nesting::Set) => {
                for element in elements.iter() {
                    self.nested(element, Nesting::Single, attributes, within);
                }
            }
            (Expression::ForExpr(each), Nesting::List | Nesting::Set | Nesting::Map) => {
                self.nested(&each.value_expr, Nesting::Single, attributes, within);
            }
            // A reference or a function's result: what it holds is not written here.
            _ => {}
        }
    }

    fn object(&mut self, object: &Object, attributes: &[(String, Attribute)], within: &str) {
        for (key, value) in object.iter() {
            let (name, span) = match key {
                ObjectKey::Ident(name) => (name.as_str(), name.span()),
                ObjectKey::Expression(Expression::String(name)) => (name.as_str(), name.span()),
                ObjectKey::Expression(_) => continue,
            };
            match attributes.iter().find(|(known, _)| known == name) {
                Some((_, attribute)) => {
                    if let Some((nesting, attributes)) = attribute.nested_attributes() {
                        self.nested(value.expr(), nesting, attributes, &format!("{within}.{name}"));
                    }
                }
                None => {
                    let before = &self.text[..span.map_or(0, |span| span.start.min(self.text.len()))];
                    self.findings.push(Finding {
                        file: self.file.to_path_buf(),
                        line: before.matches('\n').count() + 1,
                        block: self.block.clone(),
                        within: within.to_owned(),
                        name: name.to_owned(),
                        did_you_mean: nearest(name, attributes.iter().map(|(known, _)| known.as_str()))
                            .map(str::to_owned),
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of the file, a line for each finding.
    fn said(text: &str) -> Vec<String> {
        let findings = check(Path::new("main.tf"), text, &schemas()).expect("HCL");
        findings.iter().map(sentence).collect()
    }

    #[test]
    fn a_name_that_terraform_drops_is_found_with_its_line() {
        let cases: [(&str, &str); 7] = [
            (
                "resource \"headwater_salesforce_extract\" \"crm\" {\n  schedule = { cron = \"0 * * * *\", timezone = \"UTC\" }\n}",
                "main.tf:2: headwater_salesforce_extract.crm: `schedule` has no attribute `timezone`; did you mean `time_zone`?",
            ),
            (
                "resource \"headwater_salesforce_extract\" \"crm\" {\n  objects = {\n    Account = {\n      \"wher\" = \"x\"\n    }\n  }\n}",
                "main.tf:4: headwater_salesforce_extract.crm: `objects` has no attribute `wher`; did you mean `where`?",
            ),
            (
                "resource \"headwater_salesforce_extract\" \"crm\" {\n  objects = { for o in var.all : o => { exclud = [] } }\n}",
                "main.tf:2: headwater_salesforce_extract.crm: `objects` has no attribute `exclud`; did you mean `exclude`?",
            ),
            (
                "resource \"headwater_dq_suite\" \"s\" {\n  expectations = {\n    not_null = [{ column = \"a\", on_fial = \"quarantine\" }]\n  }\n}",
                "main.tf:3: headwater_dq_suite.s: `expectations.not_null` has no attribute `on_fial`; did you mean `on_fail`?",
            ),
            (
                "resource \"headwater_dq_suite\" \"s\" {\n  expectations = {\n    notnull = []\n  }\n}",
                "main.tf:3: headwater_dq_suite.s: `expectations` has no attribute `notnull`; did you mean `not_null`?",
            ),
            (
                "resource \"headwater_dq_suite\" \"s\" {\n  schedule = var.x ? null : ({ zebra = 1 })\n}",
                "main.tf:2: headwater_dq_suite.s: `schedule` has no attribute `zebra`",
            ),
            (
                "resource \"headwater_dq_suite\" \"s\" {\n  # é, two bytes\n\n  schedule = { crn = \"x\" }\n}",
                "main.tf:4: headwater_dq_suite.s: `schedule` has no attribute `crn`; did you mean `cron`?",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(said(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_cannot_be_told_from_the_file_is_left_alone() {
        let cases = [
            // Terraform itself refuses these.
            "resource \"headwater_salesforce_extract\" \"crm\" {\n  zebra = 1\n}",
            // Keys of a map are anybody's.
            "resource \"headwater_salesforce_extract\" \"crm\" {\n  objects = { Zebra__c = {} }\n  labels = { zebra = \"1\" }\n}",
            "resource \"headwater_salesforce_extract\" \"crm\" {\n  objects = merge(local.a, { (var.o) = { zebra = 1 } })\n}",
            "resource \"headwater_dq_suite\" \"s\" {\n  schedule = { (var.key) = 1 }\n}",
            "resource \"google_storage_bucket\" \"b\" {\n  schedule = { zebra = 1 }\n}",
            "module \"m\" {\n  schedule = { zebra = 1 }\n}",
        ];
        for text in cases {
            assert_eq!(said(text), Vec::<String>::new(), "{text}");
        }
    }
}
