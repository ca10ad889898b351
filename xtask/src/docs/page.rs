//! One page each for the provider, a resource, a data source, an ephemeral resource, a function, as the Terraform Registry
//! lays them out. <https://developer.hashicorp.com/terraform/registry/providers/docs>

use std::path::Path;

use super::arguments::{reference, words};
use super::schema::{Block, Function, Identity, Parameter, Schema};
use crate::shell::{Error, Result, fail, root};

const PROVIDER: &str = "headwater";
const INDEX: &str = include_str!("index.md");

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Resource,
    DataSource,
    Ephemeral,
}

impl Kind {
    /// Its directory below docs/.
    pub fn directory(self) -> &'static str {
        match self {
            Kind::Resource => "resources",
            Kind::DataSource => "data-sources",
            Kind::Ephemeral => "ephemeral-resources",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Kind::Resource => "Resource",
            Kind::DataSource => "Data Source",
            Kind::Ephemeral => "Ephemeral Resource",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Kind::Resource => "resource.tf",
            Kind::DataSource => "data-source.tf",
            Kind::Ephemeral => "ephemeral-resource.tf",
        }
    }
}

/// Where the registry files a page, by how its name goes on behind `headwater_`.
const SUBCATEGORIES: &[(&str, &str)] = &[
    ("salesforce", "Salesforce"),
    ("runtime", "Runtime"),
    ("storage", "Cloud Storage"),
    ("bigquery", "BigQuery"),
    ("pubsub", "Pub/Sub"),
    ("dataform", "Dataform"),
    ("dataplex", "Dataplex"),
    ("monitoring", "Cloud Monitoring"),
    ("logging", "Cloud Monitoring"),
    ("secret", "Secret Manager"),
    ("scheduler", "Cloud Scheduler"),
    ("cloud_scheduler", "Cloud Scheduler"),
    ("service_account", "IAM"),
    ("project_iam", "IAM"),
    ("iam", "IAM"),
    ("google", "IAM"),
    ("project", "Project"),
    ("dq", "Data Quality"),
    ("cdc", "Salesforce"),
];

fn subcategory(name: &str) -> Result<&'static str> {
    let bare = bare(name);
    if bare.ends_with("_iam_member") {
        return Ok("IAM");
    }
    let found = SUBCATEGORIES.iter().find(|(start, _)| bare.starts_with(start));
    found.map(|(_, subcategory)| *subcategory).ok_or_else(|| {
        Error(format!(
            "{name} has no subcategory: add it to SUBCATEGORIES in xtask/src/docs/page.rs"
        ))
    })
}

/// A name without the provider's prefix, as pages are called.
pub fn bare(name: &str) -> &str {
    name.strip_prefix(PROVIDER)
        .and_then(|rest| rest.strip_prefix('_'))
        .unwrap_or(name)
}

/// The page of the provider itself.
pub fn index(provider: &Schema) -> Result<String> {
    let block = &provider.block;
    Ok(format!(
        "{}{}",
        front(&format!("Provider: {PROVIDER}"), None, &block.description),
        INDEX
            .replace("{{description}}", &block.description)
            .replace("{{example}}", &example("provider/provider.tf")?)
            .replace("{{reference}}", reference(block).trim_end())
    ))
}

/// The page of something with a schema.
pub fn typed(kind: Kind, name: &str, schema: &Schema) -> Result<String> {
    let block = &schema.block;
    let directory = format!("{}/{name}", kind.directory());
    let mut text = front(
        &format!("{name} {} - {PROVIDER}", kind.title()),
        Some(subcategory(name)?),
        &block.description,
    );
    text.push_str(&format!("# {name} ({})\n\n{}\n", kind.title(), block.description));
    text.push_str(&notes(kind, block));
    text.push_str(&format!(
        "\n## Example Usage\n\n{}\n",
        example(&format!("{directory}/{}", kind.example()))?
    ));
    text.push_str(&reference(block));
    if kind == Kind::Resource {
        text.push_str(&import(&directory, &block.rules.identity)?);
    }
    Ok(text)
}

fn notes(kind: Kind, block: &Block) -> String {
    let mut text = String::new();
    if let Some(instead) = &block.rules.deprecated {
        text.push_str(&format!("\n~> **Deprecated:** {instead}\n"));
    }
    if kind == Kind::Ephemeral {
        text.push_str("\n-> Ephemeral resources need Terraform 1.10 or newer.\n");
    } else if block.attributes.values().any(has_write_only) {
        text.push_str(
            "\n-> Write-only arguments need Terraform 1.11 or newer. They are stored in no plan and no state.\n",
        );
    }
    text
}

fn has_write_only(attribute: &super::schema::Attribute) -> bool {
    attribute.write_only
        || attribute
            .nested_type
            .iter()
            .any(|nested| nested.attributes.values().any(has_write_only))
}

fn import(directory: &str, identity: &[Identity]) -> Result<String> {
    let file = format!("{directory}/import.sh");
    let commands = read(&file)?;
    let Some((address, id)) = commands
        .lines()
        .find_map(|line| line.strip_prefix("terraform import ")?.split_once(' '))
    else {
        return fail(format!("examples/{file} has no line `terraform import ADDRESS ID`"));
    };
    let id = id.trim().trim_matches(['\'', '"']);
    let mut text = format!(
        "\n## Import\n\nIn a configuration, with Terraform 1.5 or newer:\n\n```terraform\nimport {{\n  to = {address}\n  id = \"{id}\"\n}}\n```\n"
    );
    if !identity.is_empty() {
        text.push_str("\nWith Terraform 1.12 or newer an `identity` can stand in place of the `id`:\n\n");
        for part in identity {
            let word = if part.required_for_import {
                "Required"
            } else {
                "Optional"
            };
            text.push_str(&format!("- `{}` - ({word}) {}\n", part.name, part.description));
        }
    }
    text.push_str(&format!(
        "\nOn the command line:\n\n```shell\n{}\n```\n",
        commands.trim_end()
    ));
    Ok(text)
}

/// The page of a function.
pub fn function(name: &str, function: &Function) -> Result<String> {
    let mut text = front(&format!("{name} function - {PROVIDER}"), None, &function.summary);
    text.push_str(&format!("# function: {name}\n\n{}\n", function.description));
    if let Some(instead) = &function.deprecation_message {
        text.push_str(&format!("\n~> **Deprecated:** {instead}\n"));
    }
    text.push_str("\n-> Provider functions need Terraform 1.8 or newer.\n");
    text.push_str(&format!(
        "\n## Example Usage\n\n{}\n",
        example(&format!("functions/{name}/function.tf"))?
    ));
    let mut shown: Vec<String> = function
        .parameters
        .iter()
        .map(|it| format!("{} {}", it.name, words(&it.ty).to_lowercase()))
        .collect();
    shown.extend(
        function
            .variadic_parameter
            .iter()
            .map(|it| format!("{} {}...", it.name, words(&it.ty).to_lowercase())),
    );
    text.push_str(&format!(
        "## Signature\n\n```text\nprovider::{PROVIDER}::{name}({}) {}\n```\n\n## Arguments\n\n",
        shown.join(", "),
        words(&function.return_type).to_lowercase()
    ));
    let all = function.parameters.iter().chain(&function.variadic_parameter);
    for (
        index,
        Parameter {
            name,
            description,
            ty,
            is_nullable,
        },
    ) in all.enumerate()
    {
        let nullable = if *is_nullable { ", Nullable" } else { "" };
        text.push_str(&format!(
            "{}. `{name}` - ({}{nullable}) {description}\n",
            index + 1,
            words(ty)
        ));
    }
    Ok(text)
}

fn front(title: &str, subcategory: Option<&str>, description: &str) -> String {
    format!(
        "---\n# Generated by `cargo xtask docs`: change the schema or the example, not this file.\npage_title: \"{title}\"\nsubcategory: \"{}\"\ndescription: |-\n  {}\n---\n\n",
        subcategory.unwrap_or_default(),
        first_sentence(description)
    )
}

/// What stands in lists of pages: one sentence, on one line.
fn first_sentence(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.find(". ").map_or(line, |end| &line[..=end])
}

fn example(file: &str) -> Result<String> {
    Ok(format!("```terraform\n{}\n```\n", read(file)?.trim_end()))
}

fn read(file: &str) -> Result<String> {
    let path = root().join("examples").join(Path::new(file));
    std::fs::read_to_string(&path).map_err(|error| Error(format!("examples/{file} cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_prefix_and_find_their_shelf() {
        for (name, short, shelf) in [
            ("headwater_storage_bucket", "storage_bucket", "Cloud Storage"),
            (
                "headwater_storage_bucket_iam_member",
                "storage_bucket_iam_member",
                "IAM",
            ),
            ("headwater_salesforce_extract", "salesforce_extract", "Salesforce"),
        ] {
            assert_eq!((bare(name), subcategory(name).ok()), (short, Some(shelf)));
        }
        assert!(subcategory("headwater_nonsense").is_err());
    }

    #[test]
    fn descriptions_of_pages_are_one_sentence() {
        assert_eq!(first_sentence("One. Two.\nThree."), "One.");
        assert_eq!(first_sentence("Only one such as `a.b`."), "Only one such as `a.b`.");
    }
}
