//! Attributes as Markdown: a line for each, a section for each that has attributes of its own.

use std::fmt::Write as _;

use serde_json::Value;

use super::schema::{Attribute, Block, in_order};

/// `## Argument Reference` and `## Attributes Reference`, with their nested sections.
pub fn reference(block: &Block) -> String {
    let all: Vec<(&str, &Attribute)> = in_order(&block.rules.order, &block.attributes).collect();
    let mut text = String::from("## Argument Reference\n");
    let groups = [
        ("The following arguments are required:", pick(&all, |it| it.required)),
        ("The following arguments are optional:", pick(&all, |it| it.optional)),
    ];
    if groups.iter().all(|(_, members)| members.is_empty()) {
        text.push_str("\nIt takes no arguments.\n");
    }
    for (head, members) in groups {
        list(&mut text, head, &members);
    }
    if !block.rules.checks.is_empty() {
        text.push_str("\nAcross arguments:\n\n");
        for check in &block.rules.checks {
            writeln!(text, "- {check}").ok();
        }
    }
    let arguments = pick(&all, |it| !it.is_read_only());
    sections(&mut text, "", &arguments);
    let exported = pick(&all, Attribute::is_read_only);
    if !exported.is_empty() {
        text.push_str("\n## Attributes Reference\n");
        list(
            &mut text,
            "In addition to the arguments above, the following attributes are exported:",
            &exported,
        );
        sections(&mut text, "", &exported);
    }
    text
}

fn pick<'a>(all: &[(&'a str, &'a Attribute)], wanted: impl Fn(&Attribute) -> bool) -> Vec<(&'a str, &'a Attribute)> {
    all.iter().copied().filter(|(_, attribute)| wanted(attribute)).collect()
}

fn list(text: &mut String, head: &str, members: &[(&str, &Attribute)]) {
    list_below(text, head, "", members);
}

fn list_below(text: &mut String, head: &str, path: &str, members: &[(&str, &Attribute)]) {
    if members.is_empty() {
        return;
    }
    write!(text, "\n{head}\n\n").ok();
    for (name, attribute) in members {
        writeln!(text, "{}", line(path, name, attribute)).ok();
    }
}

/// The sections of nested attributes, depth first.
fn sections(text: &mut String, path: &str, members: &[(&str, &Attribute)]) {
    for (name, attribute) in members {
        let Some(nested) = &attribute.nested_type else { continue };
        let below = join(path, name);
        let all: Vec<(&str, &Attribute)> = in_order(&attribute.rules.order, &nested.attributes).collect();
        write!(text, "\n<a id=\"{}\"></a>\n\n### `{below}`\n", anchor(&below)).ok();
        let what = match nested.nesting_mode.as_str() {
            "list" | "set" => "Each element",
            "map" => "Each value",
            _ => "The object",
        };
        if attribute.is_read_only() {
            list_below(text, &format!("{what} has:"), &below, &all);
        } else {
            list_below(
                text,
                &format!("{what} requires:"),
                &below,
                &pick(&all, |it| it.required),
            );
            list_below(
                text,
                &format!("{what} supports:"),
                &below,
                &pick(&all, |it| it.optional),
            );
            list_below(
                text,
                &format!("{what} exports:"),
                &below,
                &pick(&all, Attribute::is_read_only),
            );
        }
        sections(text, &below, &all);
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn anchor(path: &str) -> String {
    format!("nested--{}", path.replace('.', "--"))
}

/// `- `name` - (Required, String) What it is. What is allowed. …`
fn line(path: &str, name: &str, attribute: &Attribute) -> String {
    let mut marks = Vec::new();
    if attribute.required {
        marks.push("Required".to_owned());
    } else if attribute.optional {
        marks.push("Optional".to_owned());
    }
    marks.push(type_of(attribute));
    if attribute.sensitive && !attribute.write_only {
        marks.push("Sensitive".to_owned());
    }
    if attribute.write_only {
        marks.push("Write-only".to_owned());
    }
    let mut text = format!("- `{name}` - ({}) {}", marks.join(", "), attribute.description.trim());
    for sentence in sentences(attribute) {
        // What the author said already is not said again.
        if !attribute.description.contains(sentence.trim_end_matches('.')) {
            text.push(' ');
            text.push_str(&sentence);
        }
    }
    if attribute.nested_type.is_some() {
        write!(text, " See [`{}`](#{}).", join(path, name), anchor(&join(path, name))).ok();
    }
    text
}

fn sentences(attribute: &Attribute) -> Vec<String> {
    let rules = &attribute.rules;
    let mut all = allowed(&rules.allowed, &attribute.description);
    if let Some(members) = attribute.ty.as_ref().and_then(members) {
        all.push(format!("Members: {members}."));
    }
    if let Some(default) = &rules.default
        && !attribute.description.contains("Default")
    {
        all.push(format!("Default: `{}`.", hcl(default)));
    }
    for rule in &rules.replaces {
        all.push(if rule.is_empty() {
            "Changing it replaces the resource.".to_owned()
        } else {
            format!("Changing it replaces the resource when {}.", rule.trim_end_matches('.'))
        });
    }
    if let Some(instead) = &rules.deprecated {
        all.push(format!("**Deprecated:** {}", sentence(instead)));
    }
    all
}

/// What is allowed. A range of whole numbers is one sentence, not two; that a text must not be empty goes without saying, as
/// does the form of a duration of which the description gives examples.
fn allowed(rules: &[String], description: &str) -> Vec<String> {
    const WHOLE: &str = "must be a whole number";
    let range = |rule: &&String| {
        let rest = rule.strip_prefix("must be ").unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with("at least ") || rest.starts_with("at most ")
    };
    let in_range = rules
        .iter()
        .find(range)
        .filter(|_| rules.iter().any(|rule| rule == WHOLE));
    let mut all = Vec::new();
    for rule in rules {
        match rule.as_str() {
            "must be at least 1 characters long" => {}
            duration
                if duration.starts_with("must be a duration such as ") && description.contains("such as `30s`") => {}
            WHOLE => all.push(match in_range {
                Some(range) => format!("Must be a whole number, {}.", range.trim_start_matches("must be ")),
                None => sentence(rule),
            }),
            other if in_range.is_some_and(|range| range == other) => {}
            other => all.push(sentence(other)),
        }
    }
    all
}

/// `must be JSON` → `Must be JSON.`
fn sentence(rule: &str) -> String {
    let mut letters = rule.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    let end = if rule.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

fn type_of(attribute: &Attribute) -> String {
    match (&attribute.ty, &attribute.nested_type) {
        (_, Some(nested)) => match nested.nesting_mode.as_str() {
            "list" => "List of Object".to_owned(),
            "set" => "Set of Object".to_owned(),
            "map" => "Map of Object".to_owned(),
            _ => "Object".to_owned(),
        },
        (Some(ty), None) => words(ty),
        (None, None) => "Any".to_owned(),
    }
}

/// A type in words: `["list","string"]` → `List of String`.
pub fn words(ty: &Value) -> String {
    match ty {
        Value::String(name) if name == "dynamic" => "Any".to_owned(),
        Value::String(name) => name[..1].to_uppercase() + &name[1..],
        Value::Array(parts) => match parts[0].as_str().unwrap_or_default() {
            "object" => "Object".to_owned(),
            "tuple" => "Tuple".to_owned(),
            kind => format!("{} of {}", kind[..1].to_uppercase() + &kind[1..], words(&parts[1])),
        },
        _ => "Any".to_owned(),
    }
}

/// The members of the objects of a type that has no attributes with rules of their own.
fn members(ty: &Value) -> Option<String> {
    let parts = ty.as_array()?;
    if parts[0] != "object" {
        return members(&parts[1]);
    }
    let one = |(name, ty): (&String, &Value)| format!("`{name}` ({})", words(ty));
    Some(parts[1].as_object()?.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// A default as it would stand in a configuration.
fn hcl(value: &Value) -> String {
    match value {
        Value::Array(elements) => format!("[{}]", elements.iter().map(hcl).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key} = {}", hcl(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_and_values_in_words() {
        for (ty, expected) in [
            (json!("string"), "String"),
            (json!("dynamic"), "Any"),
            (json!(["list", ["map", "bool"]]), "List of Map of Bool"),
            (json!(["set", ["object", {"a": "number"}]]), "Set of Object"),
        ] {
            assert_eq!(words(&ty), expected);
        }
        assert_eq!(
            members(&json!(["list", ["object", {"a": "number"}]])).as_deref(),
            Some("`a` (Number)")
        );
        for (value, expected) in [
            (json!("66.0"), "\"66.0\""),
            (json!([1, true]), "[1, true]"),
            (json!({"a": "b"}), "{ a = \"b\" }"),
        ] {
            assert_eq!(hcl(&value), expected);
        }
    }

    #[test]
    fn rules_become_few_sentences() {
        let rules = ["must be a whole number", "must be 1 to 9", "must not be 5"].map(str::to_owned);
        assert_eq!(
            allowed(&rules, ""),
            ["Must be a whole number, 1 to 9.", "Must not be 5."]
        );
        let rules = [
            "must be at least 1 characters long",
            "must be a duration such as `30s`, `20m` or `1h30m`",
        ]
        .map(str::to_owned);
        assert!(allowed(&rules, "How long, such as `30s`.").is_empty());
        assert_eq!(allowed(&rules, "How long.").len(), 1);
    }

    #[test]
    fn a_line_says_all_there_is_and_nothing_twice() {
        let attribute: Attribute = serde_json::from_value(json!({
            "type": "string", "description": "The mode. Must be one of `a`, `b`.", "optional": true, "computed": true,
            "rules": {"allowed": ["must be one of `a`, `b`"], "replaces": [""], "default": "a"},
        }))
        .expect("an attribute");
        assert_eq!(
            line("", "mode", &attribute),
            "- `mode` - (Optional, String) The mode. Must be one of `a`, `b`. Default: `\"a\"`. Changing it replaces the resource."
        );
    }
}
