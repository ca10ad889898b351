//! What variables and outputs of a module say, read from files that `terraform fmt` has formatted: a block begins in the first
//! column, its arguments behind two spaces, and what goes on is indented further or closes a bracket. What is not formatted so is an error.

/// A `variable` or `output` block.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Declaration {
    pub name: String,
    pub description: String,
    /// The type's expression; of variables.
    pub ty: Option<String>,
    /// The default's expression; without one, a variable must be set.
    pub default: Option<String>,
    /// Whether it is for secrets.
    pub ephemeral: bool,
}

/// The blocks of a kind, in their order.
pub fn declarations(source: &str, kind: &str) -> Result<Vec<Declaration>, String> {
    let opening = format!("{kind} \"");
    let mut found = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let Some(rest) = line.strip_prefix(&opening) else {
            continue;
        };
        let name = rest
            .strip_suffix("\" {")
            .ok_or_else(|| format!("`{line}` is not formatted"))?;
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
        found.push(declaration(name, kind, &body).map_err(|error| format!("{kind} {name}: {error}"))?);
    }
    Ok(found)
}

fn declaration(name: &str, kind: &str, body: &[&str]) -> Result<Declaration, String> {
    let mut declaration = Declaration {
        name: name.to_owned(),
        ..Declaration::default()
    };
    for (argument, expression) in arguments(body) {
        match argument {
            "description" => declaration.description = text(&expression)?,
            "type" => declaration.ty = Some(expression),
            "default" => declaration.default = Some(expression),
            "ephemeral" => declaration.ephemeral = expression == "true",
            _ => {}
        }
    }
    if declaration.description.is_empty() {
        return Err("has no description".into());
    }
    if kind == "variable" && declaration.ty.is_none() {
        return Err("has no type".into());
    }
    Ok(declaration)
}

/// The arguments of a block with their expressions, which may go on for lines; without the blocks in it.
fn arguments<'a>(body: &[&'a str]) -> Vec<(&'a str, String)> {
    let mut arguments: Vec<(&str, String)> = Vec::new();
    // Whether what is indented further belongs to the last argument.
    let mut open = false;
    for line in body {
        let Some(inner) = line.strip_prefix("  ") else {
            continue;
        };
        let starts = inner.starts_with(|c: char| c.is_ascii_lowercase());
        if starts && let Some((name, expression)) = inner.split_once(" = ") {
            arguments.push((name.trim_end(), expression.to_owned()));
            open = true;
        } else if starts || inner.starts_with('#') {
            open = false;
        } else if open && let Some((_, expression)) = arguments.last_mut() {
            expression.push('\n');
            expression.push_str(inner);
        }
    }
    for (_, expression) in &mut arguments {
        expression.truncate(expression.trim_end().len());
    }
    arguments
}

/// What a text in quotes says.
fn text(expression: &str) -> Result<String, String> {
    let quoted = expression.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(quoted) = quoted.filter(|quoted| !quoted.contains("${") || quoted.contains("$${")) else {
        return Err(format!("the description must be one text in quotes: {expression}"));
    };
    let mut said = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('"' | '\\')) => said.push(escaped),
                other => {
                    return Err(format!(
                        "the description must be one line, and \\{} is in it",
                        other.unwrap_or(' ')
                    ));
                }
            },
            other => said.push(other),
        }
    }
    Ok(said.replace("$${", "${"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_go_on_and_blocks_are_left_out() {
        let source = r#"# About them.

variable "lake" {
  description = "Called \"lake\", or $${name}."
  type = object({
    name = string
    days = optional(number)
  })

  validation {
    condition     = true
    error_message = "No."
  }
}

variable "secret" {
  description = "Hidden."
  # Of whatever kind.
  type      = any
  default   = null
  ephemeral = true
}
"#;
        let lake = Declaration {
            name: "lake".into(),
            description: "Called \"lake\", or ${name}.".into(),
            ty: Some("object({\n  name = string\n  days = optional(number)\n})".into()),
            ..Declaration::default()
        };
        let secret = Declaration {
            name: "secret".into(),
            description: "Hidden.".into(),
            ty: Some("any".into()),
            default: Some("null".into()),
            ephemeral: true,
        };
        assert_eq!(declarations(source, "variable"), Ok(vec![lake, secret]));
        assert_eq!(declarations(source, "output"), Ok(vec![]));
    }

    #[test]
    fn what_says_nothing_is_an_error() {
        for (source, error) in [
            (
                "variable \"a\" {\n  type = string\n}\n",
                "variable a: has no description",
            ),
            (
                "variable \"a\" {\n  description = \"A.\"\n}\n",
                "variable a: has no type",
            ),
            (
                "variable \"a\" { type = string }\n",
                "`variable \"a\" { type = string }` is not formatted",
            ),
        ] {
            assert_eq!(declarations(source, "variable"), Err(error.to_owned()));
        }
        let heredoc = "output \"a\" {\n  description = <<-EOT\n    A.\n  EOT\n}\n";
        assert!(declarations(heredoc, "output").is_err());
    }
}
