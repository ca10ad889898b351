//! Where tables come from: Salesforce's objects, the tables that pipelines fill, what Dataform makes of them, and the suites that
//! judge them; and a layout of it in layers. No HTML.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use headwater_spec::StreamSource;

use crate::source::catalog::{Catalog, Key};
use crate::source::marts::Marts;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An object of Salesforce, or another source.
    Source,
    /// A table that a pipeline fills.
    Table,
    /// A table or view that Dataform makes.
    Mart,
    /// A suite.
    Suite,
}

impl Kind {
    /// As the JSON says it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Table => "table",
            Self::Mart => "mart",
            Self::Suite => "suite",
        }
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// `salesforce:HOST/OBJECT`, `bigquery:PROJECT.DATASET.TABLE`, `gs://…`, `suite:LAKE/NAME`.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Its name, short.
    pub name: String,
    /// Where it is.
    pub place: String,
    /// The suite or the pipeline that is behind it.
    pub of: Option<Key>,
}

/// The graph: nodes by id, and edges from what is read to what is made of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Graph {
    /// By id.
    pub nodes: BTreeMap<String, Node>,
    /// From, to, and by what.
    pub edges: BTreeSet<(String, String, String)>,
}

impl Graph {
    /// Of all that is known.
    pub fn of(catalog: &Catalog, marts: Option<&Marts>) -> Self {
        let mut graph = Self::default();
        for pipeline in &catalog.pipelines {
            let Ok(spec) = pipeline.spec() else { continue };
            let key = &pipeline.key;
            if let Some(extract) = &spec.salesforce_extract {
                let host = host(&extract.connection.login_url);
                for (name, object) in &extract.objects {
                    let from = graph.source(host, name);
                    let to = format!(
                        "{}.{}.{}",
                        extract.dataset.project, extract.dataset.dataset, object.table
                    );
                    let to = graph.table(&to, Kind::Table, Some(key));
                    graph.edge(&from, &to, &key.name);
                }
            }
            if let Some(stream) = &spec.cdc_stream {
                for (name, entity) in &stream.entities {
                    let from = match &stream.source {
                        StreamSource::Salesforce(source) => graph.source(host(&source.connection.login_url), name),
                        StreamSource::Subscription(_) => graph.source(&stream.transport.subscription, name),
                    };
                    let place = format!("{}.{}", stream.dataset.project, stream.dataset.dataset);
                    let changelog = graph.table(&format!("{place}.{}", entity.changelog), Kind::Table, Some(key));
                    graph.edge(&from, &changelog, &key.name);
                    if let Some(current) = &entity.current {
                        let current = graph.table(&format!("{place}.{current}"), Kind::Table, Some(key));
                        graph.edge(&changelog, &current, &key.name);
                    }
                }
            }
        }
        for repository in marts.iter().flat_map(|marts| marts.repositories.values()) {
            // Assertions judge, and declarations name what others make.
            let makes = |kind: &str| !matches!(kind, "assertion" | "declaration");
            for action in repository.actions.iter().filter(|action| makes(&action.kind)) {
                let to = graph.table(&action.target, Kind::Mart, None);
                for of in &action.of {
                    let from = graph.table(of, Kind::Table, None);
                    graph.edge(&from, &to, &repository.id);
                }
            }
        }
        for pipeline in &catalog.pipelines {
            let Some(suite) = pipeline.spec().ok().and_then(|spec| spec.dq_suite.as_ref()) else {
                continue;
            };
            let key = &pipeline.key;
            let target = suite.target.name();
            let from = match &suite.target.files {
                Some(files) => graph.add(Node {
                    id: files.uri.clone(),
                    kind: Kind::Source,
                    name: files.uri.rsplit('/').next().unwrap_or_default().to_owned(),
                    place: files.uri.clone(),
                    of: None,
                }),
                None => graph.table(&target, Kind::Table, None),
            };
            let to = graph.add(Node {
                id: format!("suite:{}/{}", key.short_lake(), key.name),
                kind: Kind::Suite,
                name: key.name.to_string(),
                place: "suite".to_owned(),
                of: Some(key.clone()),
            });
            graph.edge(&from, &to, &key.name);
        }
        graph
    }

    fn add(&mut self, node: Node) -> String {
        let id = node.id.clone();
        let known = self.nodes.entry(id.clone()).or_insert_with(|| node.clone());
        // A table that something else only names is what its maker says it is.
        known.kind = known.kind.max(node.kind);
        known.of = known.of.take().or(node.of);
        id
    }

    fn source(&mut self, place: &str, name: &str) -> String {
        self.add(Node {
            id: format!("salesforce:{place}/{name}"),
            kind: Kind::Source,
            name: name.to_owned(),
            place: place.to_owned(),
            of: None,
        })
    }

    fn table(&mut self, name: &str, kind: Kind, of: Option<&Key>) -> String {
        let (place, table) = name.rsplit_once('.').unwrap_or(("", name));
        self.add(Node {
            id: format!("bigquery:{name}"),
            kind,
            name: table.to_owned(),
            place: place.to_owned(),
            of: of.cloned(),
        })
    }

    fn edge(&mut self, from: &str, to: &str, by: &str) {
        if from != to {
            self.edges.insert((from.to_owned(), to.to_owned(), by.to_owned()));
        }
    }

    /// Only what a node is made of, and what is made of it.
    pub fn around(&self, id: &str) -> Self {
        let mut keep = BTreeSet::from([id.to_owned()]);
        for down in [true, false] {
            let mut next = VecDeque::from([id.to_owned()]);
            while let Some(at) = next.pop_front() {
                for (from, to, _) in &self.edges {
                    let (here, there) = if down { (from, to) } else { (to, from) };
                    if *here == at && keep.insert(there.clone()) {
                        next.push_back(there.clone());
                    }
                }
            }
        }
        Self {
            nodes: self
                .nodes
                .iter()
                .filter(|(id, _)| keep.contains(*id))
                .map(|(id, node)| (id.clone(), node.clone()))
                .collect(),
            edges: self
                .edges
                .iter()
                .filter(|(from, to, _)| keep.contains(from) && keep.contains(to))
                .cloned()
                .collect(),
        }
    }

    /// Columns of ids: what is read stands to the left of what is made of it, and neighbours near each other.
    pub fn layers(&self) -> Vec<Vec<&str>> {
        let depth = self.depths();
        let deepest = depth.values().copied().max().unwrap_or_default();
        let mut layers: Vec<Vec<&str>> = vec![Vec::new(); deepest + 1];
        for (id, node) in &self.nodes {
            // Sources begin where they are read.
            let at = depth.get(id.as_str()).copied().unwrap_or_default();
            debug_assert!(node.kind != Kind::Source || at == 0 || self.edges.iter().any(|(_, to, _)| to == id));
            layers[at].push(id);
        }
        for sweep in 0..4 {
            let mut place: BTreeMap<&str, f64> = BTreeMap::new();
            for layer in &layers {
                for (i, id) in layer.iter().enumerate() {
                    #[expect(clippy::cast_precision_loss, reason = "positions are few")]
                    place.insert(id, i as f64 / layer.len().max(1) as f64);
                }
            }
            for layer in &mut layers {
                let middle = |id: &str| {
                    let near = self.edges.iter().filter_map(|(from, to, _)| match sweep % 2 {
                        0 if to == id => place.get(from.as_str()),
                        1 if from == id => place.get(to.as_str()),
                        _ => None,
                    });
                    let (sum, n) = near.fold((0.0, 0.0), |(sum, n), at| (sum + at, n + 1.0));
                    if n > 0.0 {
                        sum / n
                    } else {
                        place.get(id).copied().unwrap_or_default()
                    }
                };
                let mut placed: Vec<(f64, &str)> = layer.iter().map(|id| (middle(id), *id)).collect();
                placed.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
                *layer = placed.into_iter().map(|(_, id)| id).collect();
            }
        }
        layers
    }

    /// The longest way to each node. A circle, which there should not be, is cut after as many steps as there are nodes.
    fn depths(&self) -> BTreeMap<&str, usize> {
        let mut depth: BTreeMap<&str, usize> = self.nodes.keys().map(|id| (id.as_str(), 0)).collect();
        for _ in 0..self.nodes.len().min(64) {
            let mut changed = false;
            for (from, to, _) in &self.edges {
                let wanted = depth.get(from.as_str()).copied().unwrap_or_default() + 1;
                if let Some(at) = depth.get_mut(to.as_str())
                    && *at < wanted
                {
                    *at = wanted;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        depth
    }
}

fn host(url: &str) -> &str {
    url.split_once("://")
        .map_or(url, |(_, rest)| rest)
        .trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to) in edges {
            let from = graph.table(from, Kind::Table, None);
            let to = graph.table(to, Kind::Mart, None);
            graph.edge(&from, &to, "x");
        }
        graph
    }

    #[test]
    fn what_is_made_of_something_stands_to_its_right() {
        let graph = graph(&[("p.a", "p.b"), ("p.b", "p.c"), ("p.a", "p.c"), ("p.z", "p.c")]);
        let layers = graph.layers();
        assert_eq!(
            layers,
            [
                vec!["bigquery:p.a", "bigquery:p.z"],
                vec!["bigquery:p.b"],
                vec!["bigquery:p.c"]
            ]
        );
        let around = graph.around("bigquery:p.b");
        assert_eq!(
            around.nodes.keys().collect::<Vec<_>>(),
            ["bigquery:p.a", "bigquery:p.b", "bigquery:p.c"]
        );
        // A table that is made is what its maker says.
        assert_eq!(graph.nodes["bigquery:p.b"].kind, Kind::Mart);
    }

    #[test]
    fn a_circle_ends() {
        assert!(!graph(&[("p.a", "p.b"), ("p.b", "p.a")]).layers().is_empty());
    }
}
