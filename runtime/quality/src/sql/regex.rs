//! Regular expressions for BigQuery. `\d`, `\w` and `\s` mean Unicode's classes here and ASCII's in RE2: they are spelled out.

use regex_syntax::ast::{self, Ast, ClassPerlKind};

use crate::engine::Reason;

/// What `\w` is, inside of brackets: letters, marks, digits, connecting punctuation, and the two joiners.
const WORD: &str = r"\p{L}\p{Nl}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}\x{24B6}-\x{24E9}";
const DIGIT: &str = r"\p{Nd}";
const SPACE: &str = r"\t\n\v\f\r\x{85}\p{Z}";

/// An expression as RE2 understands it.
///
/// # Errors
/// It is none, or says what RE2 has no words for.
pub(super) fn for_re2(pattern: &str) -> Result<String, Reason> {
    let wrong = |message: String| Reason::new("wrong_value", format!("{pattern:?} {message}"));
    let tree = ast::parse::Parser::new()
        .parse(pattern)
        .map_err(|e| wrong(format!("does not compile: {}", e.kind())))?;
    let mut found = Vec::new();
    ast::visit(&tree, Finder { found: &mut found }).map_err(|message| Reason::new("unsupported", message))?;
    let mut out = String::with_capacity(pattern.len());
    let mut at = 0;
    for (start, end, text) in found {
        out.push_str(&pattern[at..start]);
        out.push_str(&text);
        at = end;
    }
    out.push_str(&pattern[at..]);
    Ok(out)
}

struct Finder<'a> {
    found: &'a mut Vec<(usize, usize, String)>,
}

impl Finder<'_> {
    fn perl(&mut self, class: &ast::ClassPerl, inside: bool) -> Result<(), String> {
        let set = match class.kind {
            ClassPerlKind::Digit => DIGIT,
            ClassPerlKind::Space => SPACE,
            ClassPerlKind::Word => WORD,
        };
        let text = match (inside, class.negated) {
            (false, negated) => format!("[{}{set}]", if negated { "^" } else { "" }),
            (true, false) => set.to_owned(),
            (true, true) if class.kind == ClassPerlKind::Digit => r"\P{Nd}".to_owned(),
            (true, true) => {
                return Err(
                    "a negated class inside of brackets, such as [\\W_], has no equivalent in BigQuery: write it apart"
                        .into(),
                );
            }
        };
        self.found.push((class.span.start.offset, class.span.end.offset, text));
        Ok(())
    }
}

impl ast::Visitor for Finder<'_> {
    type Output = ();
    type Err = String;

    fn finish(self) -> Result<(), String> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), String> {
        match ast {
            Ast::ClassPerl(class) => self.perl(class, false),
            _ => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ast::ClassSetItem) -> Result<(), String> {
        match item {
            ast::ClassSetItem::Perl(class) => self.perl(class, true),
            _ => Ok(()),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ast::ClassSetBinaryOp) -> Result<(), String> {
        Err("an intersection or difference of classes has no equivalent in BigQuery".into())
    }
}

#[cfg(test)]
mod tests {
    use super::for_re2;

    #[test]
    fn classes_are_unicode() {
        assert_eq!(for_re2(r"^\d+$").unwrap(), r"^[\p{Nd}]+$");
        assert_eq!(
            for_re2(r"[\d.]x\S").unwrap(),
            format!(r"[\p{{Nd}}.]x[^{}]", super::SPACE)
        );
        assert_eq!(for_re2("a|(?i)b").unwrap(), "a|(?i)b");
        assert_eq!(for_re2("[^a]&&").unwrap(), "[^a]&&");
        for bad in ["(", r"[\W_]", "[a-z&&[^b]]"] {
            assert!(for_re2(bad).is_err(), "{bad}");
        }
    }
}
