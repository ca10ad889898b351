//! What strings and bytes have in common: sequences of units, a unit being a character or a byte. Positions count
//! from 1, negative ones from the end.

/// The longest value that padding and repeating make, in units.
const LONGEST: usize = 1 << 20;

/// A count that must not be negative.
pub(super) fn count(value: i128, words: &str) -> Result<usize, String> {
    usize::try_from(value).map_err(|_| words.to_owned())
}

pub(super) fn pad<T: Clone>(units: &[T], width: i128, with: &[T], left: bool) -> Result<Vec<T>, String> {
    let width = count(width, "Second argument (output size) for LPAD/RPAD cannot be negative")?;
    if with.is_empty() {
        return Err("Third argument (pad pattern) for LPAD/RPAD cannot be empty".into());
    }
    if width > LONGEST {
        return Err("Output of LPAD/RPAD exceeds max allowed output size of 1MB".into());
    }
    let Some(missing) = width.checked_sub(units.len()) else {
        return Ok(units[..width].to_vec());
    };
    let padding = with.iter().cycle().take(missing).cloned();
    Ok(if left {
        padding.chain(units.iter().cloned()).collect()
    } else {
        units.iter().cloned().chain(padding).collect()
    })
}

pub(super) fn repeat<T: Copy>(units: &[T], times: i128) -> Result<Vec<T>, String> {
    let times = count(times, "Second argument (repeat count) for REPEAT cannot be negative")?;
    match units.len().checked_mul(times) {
        Some(length) if length <= LONGEST => Ok(units.repeat(times)),
        _ => Err("Output of REPEAT exceeds max allowed output size of 1MB".into()),
    }
}

/// The place of the nth occurrence, overlapping ones included, or 0.
pub(super) fn instr<T: PartialEq>(units: &[T], part: &[T], position: i128, occurrence: i128) -> Result<usize, String> {
    if position == 0 {
        return Err("Position must be non-zero".into());
    }
    if occurrence < 1 {
        return Err("Occurrence must be positive".into());
    }
    let nth = usize::try_from(occurrence - 1).unwrap_or(usize::MAX);
    let found = |at: &usize| units[*at..].starts_with(part);
    let length = units.len() as i128;
    let last = units.len().saturating_sub(part.len());
    let at = if position > length || part.len() > units.len() {
        None
    } else if position > 0 {
        let from = usize::try_from(position - 1).unwrap_or(usize::MAX);
        (from..=last).filter(found).nth(nth)
    } else if position < -length {
        None
    } else {
        let from = usize::try_from(length + position).unwrap_or(0).min(last);
        (0..=from).rev().filter(found).nth(nth)
    };
    Ok(at.map_or(0, |at| at + 1))
}

/// SUBSTR: from a position, as many units as `length` says.
pub(super) fn part<T>(units: &[T], position: i128, length: Option<i128>) -> Result<&[T], String> {
    let length = match length {
        Some(length) => count(length, "Third argument in SUBSTR() cannot be negative")?,
        None => units.len(),
    };
    let size = units.len() as i128;
    let from = match position {
        p if p > 0 => p - 1,
        p => {
            if p == 0 || p < -size {
                0
            } else {
                size + p
            }
        }
    };
    let from = usize::try_from(from).unwrap_or(usize::MAX).min(units.len());
    Ok(&units[from..units.len().min(from.saturating_add(length))])
}

pub(super) fn translate<T: PartialEq + Clone>(
    units: &[T],
    from: &[T],
    to: &[T],
    shown: impl Fn(&T) -> String,
) -> Result<Vec<T>, String> {
    if let Some((_, twice)) = from.iter().enumerate().find(|(i, unit)| from[..*i].contains(unit)) {
        return Err(format!("Duplicate {} in TRANSLATE source characters", shown(twice)));
    }
    let one = |unit: &T| match from.iter().position(|f| f == unit) {
        Some(at) => to.get(at).cloned(),
        None => Some(unit.clone()),
    };
    Ok(units.iter().filter_map(one).collect())
}

/// The least number of units to insert, delete and replace, or `most` where it is more.
pub(super) fn distance<T: PartialEq>(a: &[T], b: &[T], most: Option<i128>) -> Result<usize, String> {
    let most = match most {
        Some(most) => count(most, "max_distance must be non-negative")?,
        None => usize::MAX,
    };
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    Ok(row[b.len()].min(most))
}
