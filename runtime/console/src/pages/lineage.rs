//! Lineage: the graph as a picture, and the same as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{RawQuery, State as Given};
use headwater_quality::page::escaped;

use super::{Page, asked, link, needs, path, row, segment, table};
use crate::http::Reply;
use crate::lineage::{Graph, Kind, Node};
use crate::source::Source;

const WIDTH: usize = 216;
const HEIGHT: usize = 36;
const STEP_X: usize = 245;
const STEP_Y: usize = 46;
const TOP: usize = 40;
const LEFT: usize = 16;
/// Letters of a name that fit.
const LETTERS: usize = 28;

/// `GET /lineage`, with `of=ID` for what surrounds one node.
pub async fn page(Given(source): Given<Arc<Source>>, RawQuery(query): RawQuery) -> Reply {
    let mut page = Page::new(&source, "/lineage", "Lineage");
    page.raw("<h1>Lineage</h1>\n");
    let catalog = source.catalog().await;
    let Some(catalog) = needs(&mut page, &catalog) else {
        return page.reply();
    };
    let marts = source.marts(&catalog).await;
    page.of("Dataform's actions", &marts);
    page.every(15_000);
    let whole = Graph::of(&catalog, marts.value.as_deref());
    let of = asked(query.as_deref(), "of").and_then(|id| whole.nodes.get(&id));
    let graph = of.map_or_else(|| whole.clone(), |node| whole.around(&node.id));
    if graph.nodes.is_empty() {
        page.live("graph", "<p class=\"empty\">There are no tables yet.</p>");
        return page.reply();
    }
    if let Some(node) = of {
        let behind = node.of.as_ref().map_or_else(String::new, |key| {
            let area = if node.kind == Kind::Suite {
                "quality"
            } else {
                "pipelines"
            };
            format!(" Filled by {}.", link(&path(area, key), &key.name))
        });
        page.raw(&format!(
            "<p>What <b>{}</b> ({}) is made of, and what is made of it.{} {}</p>\n",
            escaped(&node.name),
            escaped(&node.place),
            if node.kind == Kind::Suite {
                behind.replace("Filled by", "Verdicts of")
            } else {
                behind
            },
            link("/lineage", "Show all")
        ));
    } else {
        page.raw("<p>From Salesforce's objects to tables, marts and the suites that judge them. Choose one to see what it is made of and what is made of it.</p>\n");
    }
    page.live("graph", &picture(&graph));
    page.live("edges", &edges(&graph));
    page.reply()
}

fn about(node: &Node) -> String {
    format!("/lineage?of={}", segment(&node.id))
}

fn picture(graph: &Graph) -> String {
    let layers = graph.layers();
    let rows = layers.iter().map(Vec::len).max().unwrap_or_default();
    let (width, height) = (LEFT * 2 + (layers.len() - 1) * STEP_X + WIDTH, TOP + rows * STEP_Y + 10);
    let mut place: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (x, layer) in layers.iter().enumerate() {
        // Shorter columns stand in the middle, unless the picture is so high that nobody would see them.
        let offset = if rows <= 20 {
            (rows - layer.len()) * STEP_Y / 2
        } else {
            0
        };
        for (y, id) in layer.iter().enumerate() {
            place.insert(id, (LEFT + x * STEP_X, TOP + offset + y * STEP_Y));
        }
    }
    let mut svg = format!(
        "<div class=\"graph\" tabindex=\"0\" role=\"region\" aria-label=\"The graph; the table below says the same\">\
         <svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"group\" aria-label=\"{} nodes, {} edges\">",
        graph.nodes.len(),
        graph.edges.len()
    );
    for (from, to, _) in &graph.edges {
        let (Some((x1, y1)), Some((x2, y2))) = (place.get(from.as_str()), place.get(to.as_str())) else {
            continue;
        };
        let (x1, y1, y2) = (x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2);
        let bend = (STEP_X - WIDTH) / 2 + 8;
        write!(
            svg,
            "<path d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\"/>",
            x1 + bend,
            x2.saturating_sub(bend)
        )
        .ok();
    }
    for (id, (x, y)) in &place {
        let Some(node) = graph.nodes.get(*id) else { continue };
        write!(
            svg,
            "<a href=\"{}\" class=\"{}\"><title>{} ({})</title><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\
             <text x=\"{}\" y=\"{}\">{}</text><text class=\"sub\" x=\"{}\" y=\"{}\">{}</text></a>",
            escaped(&about(node)),
            node.kind.word(),
            escaped(&node.name),
            escaped(&node.place),
            x + 10,
            y + 15,
            escaped(&short(&node.name)),
            x + 10,
            y + 29,
            escaped(&short(&node.place))
        )
        .ok();
    }
    svg.push_str("</svg></div>\n");
    svg
}

/// The end of a name is what tells it apart.
fn short(name: &str) -> String {
    let letters = name.chars().count();
    if letters <= LETTERS {
        return name.to_owned();
    }
    let tail: String = name.chars().skip(letters - LETTERS + 1).collect();
    format!("…{tail}")
}

fn edges(graph: &Graph) -> String {
    let name = |id: &str| {
        let node = graph.nodes.get(id);
        node.map_or_else(String::new, |node| {
            format!(
                "{} <small>{}</small>",
                link(&about(node), &node.name),
                escaped(&node.place)
            )
        })
    };
    // As the picture reads: from Salesforce on.
    let layers = graph.layers();
    let in_order = layers.iter().flatten();
    let rows: Vec<String> = in_order
        .flat_map(|id| graph.edges.iter().filter(move |(from, _, _)| from == id))
        .map(|(from, to, by)| row(&[name(from), name(to), escaped(by)]))
        .collect();
    table("What is made of what", "", &["From", "To", "By"], &rows)
}
