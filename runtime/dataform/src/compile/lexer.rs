//! The lexer of SQLX in the default core, made to take more than one character at a time.
//!
//! In each of its eight states the core's lexer ends with a rule that takes any one character, so that a file becomes a token for
//! each of its characters; in an engine without a compiler of machine code this is most of a compilation. The rule is replaced by
//! one that takes a run of characters of which none can begin another rule of any state, and else one character as before. The
//! core joins neighbouring texts, so it comes to the same syntax tree, character for character; a test compares the two.
//!
//! Only the default version is touched, whose text is known by its hash.

use std::borrow::Cow;

use crate::Core;
use crate::core::DEFAULT_VERSION;

const ANY: &str = r"{match:/[\s\S]+?/,lineBreaks:!0}";
const STATES: usize = 8;

/// What begins another rule, in any state: `config {`, `js {`, `incremental_where {`, `input "`, `pre_operations {`,
/// `post_operations {`, blanks before `---`, comments, `${`, quotes, brackets and backslashes.
const RUN: &str = concat!(
    r#"{match:/(?:[^cjip\s\-\/$`'"{}\\]|[\r\n]|[^\S\r\n](?![^\S\r\n]*---)|c(?!onfig \{)|j(?!s \{)|i(?!n)|p(?!re_|ost_)"#,
    r"|-(?!-)|\/(?![\/*])|\$(?!\{))+|[\s\S]/,lineBreaks:!0}"
);

/// The bundle to evaluate.
pub(super) fn bundle(core: &Core) -> Cow<'_, str> {
    let text = core.bundle();
    if core.version() == DEFAULT_VERSION && text.matches(ANY).count() == STATES {
        Cow::Owned(text.replace(ANY, RUN))
    } else {
        Cow::Borrowed(text)
    }
}
