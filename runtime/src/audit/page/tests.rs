//! What a page may never do: let a text from outside become markup, load anything, or run anything.

use super::html;
use crate::audit::model::{
    Audit, Column, Finding, Grant, Mart, May, Pipeline, Run, RunObject, Severity, Store, Suite, Table,
};

const EVIL: &str = "<script>alert('x')</script>\"'&";

fn evil() -> Audit {
    let text = || EVIL.to_owned();
    let grant = Grant {
        principal: text(),
        role: text(),
        may: May::Read,
        on: text(),
        condition: Some(text()),
        declared: Some(text()),
        in_cloud: Some(true),
    };
    let mut pipeline = Pipeline {
        kind: "salesforce_extract",
        name: text(),
        source: text(),
        lake: text(),
        labels: [(text(), text())].into(),
        gates: vec![text()],
        tables: vec![Table {
            name: text(),
            role: "target",
            object: text(),
            filter: Some(text()),
            retention: vec![text()],
            columns: vec![Column {
                name: text(),
                data_type: text(),
                field: Some(text()),
                field_type: Some(text()),
                description: Some(text()),
                class: Some(text()),
                class_from: Some(text()),
                policy_tags: Some(vec![text()]),
                looks_personal: Some(text()),
                ..Column::default()
            }],
            readers: vec![grant.clone()],
            ..Table::default()
        }],
        ..Pipeline::default()
    };
    pipeline.declared.address = text();
    pipeline.declared.at = Some(text());
    pipeline.spec.declared = Some(text());
    pipeline.spec.found = Some("ä".repeat(20));
    pipeline.runtime.image = Some(text());
    pipeline.runs.total = Some(10_000);
    pipeline.runs.newest = vec![Run {
        id: text(),
        state: text(),
        spec_hashes: vec![text()],
        images: vec![text()],
        objects: vec![RunObject {
            object: text(),
            state: text(),
            error: Some(text()),
            ..RunObject::default()
        }],
        ..Run::default()
    }];
    let mut suite = Suite {
        name: text(),
        target: text(),
        ..Suite::default()
    };
    suite.declared.address = text();
    Audit {
        pipelines: vec![pipeline],
        suites: vec![suite],
        marts: vec![Mart {
            name: text(),
            kind: text(),
            reads: vec![text()],
            ..Mart::default()
        }],
        stores: vec![Store {
            kind: "dataset",
            name: text(),
            retention: vec![text()],
            grants: vec![grant],
            ..Store::default()
        }],
        findings: vec![Finding {
            severity: Severity::Error,
            rule: "public",
            subject: text(),
            message: text(),
            remedy: text(),
        }],
        unknown: vec![text()],
        ..Audit::default()
    }
}

#[test]
fn texts_stay_texts() {
    let page = html(&evil());
    assert!(!page.contains("<script"), "{page}");
    assert!(page.matches("&lt;script&gt;").count() > 30);
    for loads in [" src=", "@import", "url(", "http://", "https://"] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert!(page.contains("Of 10,000 runs the newest 1 are shown."), "{page}");
}

#[test]
fn a_page_of_nothing_is_a_page() {
    let page = html(&Audit::default());
    for id in ["findings", "pipelines", "suites", "marts", "stores", "unknown"] {
        assert!(page.contains(&format!("<h2 id=\"{id}\">")), "{id}");
    }
}
