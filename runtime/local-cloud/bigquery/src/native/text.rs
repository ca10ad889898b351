//! Strings. Characters are Unicode code points.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

use super::sequence as units;
use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("substr", Answers::Text, substr),
    native("left", Answers::Text, |args| end(args, true)),
    native("right", Answers::Text, |args| end(args, false)),
    native("lpad", Answers::Text, |args| pad(args, true)),
    native("rpad", Answers::Text, |args| pad(args, false)),
    native("repeat", Answers::Text, repeat),
    native("reverse", Answers::Text, reverse),
    native("instr", Answers::Int, instr),
    native("split", Answers::Texts, split),
    native("translate", Answers::Text, translate),
    native("initcap", Answers::Text, initcap),
    native("soundex", Answers::Text, soundex),
    native("normalize", Answers::Text, normalize),
    native("casefold", Answers::Text, casefold),
    native("edit_distance", Answers::Int, edit_distance),
    native("ascii", Answers::Int, ascii),
    native("chr", Answers::Text, chr),
    native("code_points", Answers::Ints, code_points),
    native("of_code_points", Answers::Text, of_code_points),
    native("contains_substr", Answers::Bool, contains_substr),
];

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn text(units: impl IntoIterator<Item = char>) -> Cell {
    Cell::Text(units.into_iter().collect())
}

fn int(value: usize) -> Cell {
    Cell::Int(value as i128)
}

fn substr(args: &[Cell]) -> Outcome {
    let (value, position, length) = match args {
        [Cell::Text(value), Cell::Int(position)] => (value, *position, None),
        [Cell::Text(value), Cell::Int(position), Cell::Int(length)] => (value, *position, Some(*length)),
        _ => return Err(misused()),
    };
    Ok(text(units::part(&chars(value), position, length)?.iter().copied()))
}

fn end(args: &[Cell], left: bool) -> Outcome {
    let [Cell::Text(value), Cell::Int(length)] = args else {
        return Err(misused());
    };
    let name = if left { "LEFT" } else { "RIGHT" };
    let length = units::count(*length, &format!("Second argument in {name}() cannot be negative"))?;
    let all = chars(value);
    let length = length.min(all.len());
    Ok(text(if left {
        all[..length].to_vec()
    } else {
        all[all.len() - length..].to_vec()
    }))
}

fn pad(args: &[Cell], left: bool) -> Outcome {
    let (value, width, with) = match args {
        [Cell::Text(value), Cell::Int(width)] => (value, *width, " "),
        [Cell::Text(value), Cell::Int(width), Cell::Text(with)] => (value, *width, with.as_str()),
        _ => return Err(misused()),
    };
    Ok(text(units::pad(&chars(value), width, &chars(with), left)?))
}

fn repeat(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(value), Cell::Int(times)] => Ok(text(units::repeat(&chars(value), *times)?)),
        _ => Err(misused()),
    }
}

fn reverse(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(value)] => Ok(text(value.chars().rev())),
        _ => Err(misused()),
    }
}

fn instr(args: &[Cell]) -> Outcome {
    match args {
        [
            Cell::Text(value),
            Cell::Text(part),
            Cell::Int(position),
            Cell::Int(occurrence),
        ] => units::instr(&chars(value), &chars(part), *position, *occurrence).map(int),
        _ => Err(misused()),
    }
}

fn split(args: &[Cell]) -> Outcome {
    let [Cell::Text(value), Cell::Text(delimiter)] = args else {
        return Err(misused());
    };
    let part = |part: &str| Cell::Text(part.to_owned());
    Ok(Cell::List(if delimiter.is_empty() && !value.is_empty() {
        value.chars().map(|c| Cell::Text(c.into())).collect()
    } else if delimiter.is_empty() {
        vec![part("")]
    } else {
        value.split(delimiter.as_str()).map(part).collect()
    }))
}

fn translate(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(value), Cell::Text(from), Cell::Text(to)] => {
            let shown = |c: &char| format!("character {c}");
            units::translate(&chars(value), &chars(from), &chars(to), shown).map(text)
        }
        _ => Err(misused()),
    }
}

/// What parts words for INITCAP, besides white space.
const DELIMITERS: &str = "[](){}/|\\<>!?@\"#$&~_,.:;*%+-^";

fn initcap(args: &[Cell]) -> Outcome {
    let (value, delimiters) = match args {
        [Cell::Text(value)] => (value, None),
        [Cell::Text(value), Cell::Text(delimiters)] => (value, Some(delimiters.as_str())),
        _ => return Err(misused()),
    };
    let delimits = |c: char| match delimiters {
        Some(own) => own.contains(c),
        None => c.is_whitespace() || DELIMITERS.contains(c),
    };
    let mut out = String::with_capacity(value.len());
    let mut first = true;
    for c in value.chars() {
        match (delimits(c), first) {
            (true, _) => out.push(c),
            (false, true) => out.extend(c.to_uppercase()),
            (false, false) => out.extend(c.to_lowercase()),
        }
        first = delimits(c);
    }
    Ok(Cell::Text(out))
}

/// The code of a letter; vowels, H and W have 0.
fn sound(c: char) -> Option<char> {
    Some(match c.to_ascii_lowercase() {
        'b' | 'f' | 'p' | 'v' => '1',
        'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => '2',
        'd' | 't' => '3',
        'l' => '4',
        'm' | 'n' => '5',
        'r' => '6',
        'a' | 'e' | 'h' | 'i' | 'o' | 'u' | 'w' | 'y' => '0',
        _ => return None,
    })
}

fn soundex(args: &[Cell]) -> Outcome {
    let [Cell::Text(value)] = args else {
        return Err(misused());
    };
    let mut out = String::new();
    let mut previous = '0';
    for (c, code) in value.chars().filter_map(|c| sound(c).map(|code| (c, code))) {
        if out.is_empty() {
            out.push(c);
        } else if code == '0' || code == previous {
            continue;
        } else {
            out.push(code);
        }
        previous = code;
        if out.len() == 4 {
            break;
        }
    }
    while !out.is_empty() && out.len() < 4 {
        out.push('0');
    }
    Ok(Cell::Text(out))
}

pub(super) fn normalized(value: &str, mode: &str) -> String {
    match mode {
        "NFC" => value.nfc().collect(),
        "NFD" => value.nfd().collect(),
        "NFKD" => value.nfkd().collect(),
        _ => value.nfkc().collect(),
    }
}

fn normalize(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(value), Cell::Text(mode)] => Ok(Cell::Text(normalized(value, mode))),
        _ => Err(misused()),
    }
}

/// The form in which strings are the same whatever their case: folded between two decompositions.
pub(super) fn folded(value: &str, mode: &str) -> String {
    let once: String = normalized(value, mode).chars().default_case_fold().collect();
    normalized(&once, mode)
}

fn casefold(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(value), Cell::Text(mode)] => Ok(Cell::Text(folded(value, mode))),
        _ => Err(misused()),
    }
}

fn edit_distance(args: &[Cell]) -> Outcome {
    let (a, b, most) = match args {
        [a, b] => (a, b, None),
        [a, b, Cell::Int(most)] => (a, b, Some(*most)),
        _ => return Err(misused()),
    };
    match (a, b) {
        (Cell::Text(a), Cell::Text(b)) => units::distance(&chars(a), &chars(b), most).map(int),
        (Cell::Bytes(a), Cell::Bytes(b)) => units::distance(a, b, most).map(int),
        _ => Err(misused()),
    }
}

fn ascii(args: &[Cell]) -> Outcome {
    match args {
        [Cell::Text(value)] => match value.chars().next() {
            None => Ok(Cell::Int(0)),
            Some(c) if c.is_ascii() => Ok(Cell::Int(i128::from(u32::from(c)))),
            Some(_) => Err(format!(
                "Argument to ASCII is not a structurally valid ASCII string: '{value}'"
            )),
        },
        [Cell::Bytes(value)] => Ok(Cell::Int(value.first().copied().unwrap_or_default().into())),
        _ => Err(misused()),
    }
}

fn character(code: i128) -> Result<char, String> {
    let c = u32::try_from(code).ok().and_then(char::from_u32);
    c.ok_or_else(|| format!("Invalid codepoint {code}"))
}

fn chr(args: &[Cell]) -> Outcome {
    match args {
        // As documented, the code point 0 makes an empty string.
        [Cell::Int(0)] => Ok(Cell::Text(String::new())),
        [Cell::Int(code)] => Ok(text([character(*code)?])),
        _ => Err(misused()),
    }
}

fn code_points(args: &[Cell]) -> Outcome {
    let codes = match args {
        [Cell::Text(value)] => value.chars().map(|c| Cell::Int(u32::from(c).into())).collect(),
        [Cell::Bytes(value)] => value.iter().map(|b| Cell::Int((*b).into())).collect(),
        _ => return Err(misused()),
    };
    Ok(Cell::List(codes))
}

fn of_code_points(args: &[Cell]) -> Outcome {
    let [Cell::List(codes)] = args else {
        return Err(misused());
    };
    let mut out = String::new();
    for code in codes {
        match code {
            Cell::Int(code) => out.push(character(*code)?),
            _ => return Ok(Cell::Null),
        }
    }
    Ok(Cell::Text(out))
}

/// Whether any text in the value, however deep, contains the words: compared as they are folded.
fn contains_substr(args: &[Cell]) -> Outcome {
    let [value, Cell::Text(words)] = args else {
        return Err(misused());
    };
    let words = folded(words, "NFKC");
    let mut nulls = false;
    let found = leaves_contain(value, &words, &mut nulls);
    Ok(match (found, nulls) {
        (true, _) => Cell::Bool(true),
        (false, true) => Cell::Null,
        (false, false) => Cell::Bool(false),
    })
}

fn leaves_contain(value: &Cell, words: &str, nulls: &mut bool) -> bool {
    match value {
        Cell::Text(text) => folded(text, "NFKC").contains(words),
        Cell::List(items) => any_contains(items.iter(), words, nulls),
        Cell::Struct(fields) => any_contains(fields.iter().map(|(_, f)| f), words, nulls),
        _ => {
            *nulls = true;
            false
        }
    }
}

/// All of them are looked at, for NULLs count as well.
fn any_contains<'c>(cells: impl Iterator<Item = &'c Cell>, words: &str, nulls: &mut bool) -> bool {
    let hits: Vec<bool> = cells.map(|c| leaves_contain(c, words, nulls)).collect();
    hits.contains(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soundex_follows_the_documents() {
        for (word, expected) in [("Ashcraft", "A261"), ("Tymczak", "T520"), ("", ""), ("x", "x000")] {
            assert_eq!(
                soundex(&[Cell::Text(word.into())]),
                Ok(Cell::Text(expected.into())),
                "{word}"
            );
        }
    }
}
