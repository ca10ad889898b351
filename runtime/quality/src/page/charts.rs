//! Small charts as SVG, drawn in the text's colour and told in words to whoever does not see them.

use std::fmt::Write as _;

use super::html::{escaped, number};
use super::{Past, Point};
use crate::engine::{Cell, State};
use crate::profile::Bin;
use crate::report::state_name;

/// So many points of the past are drawn.
const POINTS: usize = 30;

/// The distribution of a column's numbers.
pub fn bins(bins: &[Bin], name: &str) -> String {
    const HEIGHT: f64 = 64.0;
    const WIDTH: f64 = 240.0;
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or_default().max(1) as f64;
    let step = WIDTH / bins.len().max(1) as f64;
    let (Some(first), Some(last)) = (bins.first(), bins.last()) else {
        return String::new();
    };
    let label = format!(
        "{name}: from {} to {}, at most {most} values in a bin",
        short(&first.from),
        short(&last.to)
    );
    let mut svg = format!(
        "<svg class=\"bins\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escaped(&label)
    );
    for (i, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        // What is there is seen, however little.
        let height = (bin.count as f64 / most * HEIGHT).max(1.5);
        write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{} to {}: {}</title></rect>",
            i as f64 * step + 0.5,
            HEIGHT - height,
            (step - 1.0).max(0.5),
            escaped(&short(&bin.from)),
            escaped(&short(&bin.to)),
            number(bin.count)
        )
        .ok();
    }
    svg.push_str("</svg>");
    write!(
        svg,
        "<p class=\"axis\"><span>{}</span><span>{}</span></p>",
        escaped(&short(&first.from)),
        escaped(&short(&last.to))
    )
    .ok();
    svg
}

/// A value at an axis.
fn short(cell: &Cell) -> String {
    match cell {
        Cell::Float(f) if f.fract() == 0.0 && f.abs() < 1e15 => format!("{f:.0}"),
        Cell::Float(f) if (1e-3..1e15).contains(&f.abs()) => {
            let text = format!("{f:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Cell::Float(f) => format!("{f:e}"),
        Cell::Moment(text) if text.len() > 19 => text[..19].replace('T', " "),
        other => other.to_string(),
    }
}

/// How many values are so: a bar behind its words.
pub fn part(count: u64, of: u64) -> String {
    let percent = count as f64 * 100.0 / of.max(1) as f64;
    format!("<span class=\"part\"><span style=\"width:{percent:.1}%\"></span></span>")
}

/// What the runs said of an expectation: one mark a run, as high as the part that held.
#[must_use]
pub fn spark(points: &[Point]) -> String {
    let points = &points[points.len().saturating_sub(POINTS)..];
    if points.len() < 2 {
        return String::new();
    }
    let states: Vec<&str> = points.iter().map(|point| state_name(point.state)).collect();
    let width = points.len() * 7;
    let mut svg = format!(
        "<svg class=\"spark\" viewBox=\"0 0 {width} 20\" width=\"{width}\" height=\"20\" role=\"img\" aria-label=\"the last runs: {}\">",
        states.join(", ")
    );
    for (i, point) in points.iter().enumerate() {
        let height = point.pass_ratio.unwrap_or(1.0).clamp(0.0, 1.0) * 18.0 + 2.0;
        let ratio = point
            .pass_ratio
            .map(|ratio| format!(", {:.2} % hold", ratio * 100.0))
            .unwrap_or_default();
        write!(
            svg,
            "<rect class=\"{}\" x=\"{}\" y=\"{:.1}\" width=\"5\" height=\"{height:.1}\"><title>{}: {}{ratio}</title></rect>",
            state_name(point.state),
            i * 7,
            20.0 - height,
            escaped(&point.at),
            state_name(point.state)
        )
        .ok();
    }
    svg.push_str("</svg>");
    svg
}

/// The runs, one mark each.
pub fn runs(history: &[Past]) -> String {
    let shown = &history[history.len().saturating_sub(POINTS)..];
    let mut list = String::from("<ol class=\"runs\">");
    for past in shown {
        let rows = past
            .rows
            .map(|rows| format!(", {} rows", number(rows)))
            .unwrap_or_default();
        let failed = match (past.state, past.failed) {
            (State::Pass | State::Skipped, _) | (_, 0) => String::new(),
            (_, n) => format!(", {n} not satisfied"),
        };
        let words = format!("{}: {}{failed}{rows}", past.at, state_name(past.state));
        write!(
            list,
            "<li class=\"{}\" title=\"{words}\"><span class=\"unseen\">{words}</span></li>",
            state_name(past.state),
            words = escaped(&words)
        )
        .ok();
    }
    list.push_str("</ol>");
    list
}
