//! What the rendering must keep, without Beam: the suite runs what is rendered.

use serde_json::{Value, json};

use super::{dataflow_job, dataflow_launch};
use crate::PipelineSpec;

fn spec(change: impl FnOnce(&mut Value)) -> Result<PipelineSpec, String> {
    let mut stream = crate::stream::sample();
    stream["drift"] = "freeze".into();
    stream["engine"] = json!({"dataflow": {
        "template": "gs://dataflow-templates-europe-west1/latest/flex/Yaml_Template", "workers": 3,
    }});
    change(&mut stream);
    let document = json!({
        "api_version": "headwater.dev/v1", "name": "crm", "project": "acme-data", "region": "europe-west1",
        "labels": {"team": "crm"}, "cdc_stream": stream,
    });
    PipelineSpec::from_json(document.to_string().as_bytes())
        .map_err(|e| std::error::Error::source(&e).map_or_else(|| e.to_string(), |source| format!("{e}: {source}")))
}

#[test]
fn a_stream_on_dataflow_survives_the_way_through_json() {
    let spec = spec(|_| ()).expect("a spec");
    assert_eq!(
        PipelineSpec::from_json(spec.to_json().as_bytes()).expect("a spec"),
        spec
    );
}

#[test]
fn what_beam_cannot_express_is_refused_by_path() {
    let cases: [(&str, Value, &str); 6] = [
        ("drift", "evolve".into(), "cdc_stream.drift is wrong"),
        ("batching", json!({"rows": 7}), "cdc_stream.batching is wrong"),
        ("parallelism", 7.into(), "cdc_stream.parallelism is wrong"),
        (
            "status_topic",
            "projects/p/topics/t".into(),
            "cdc_stream.status_topic is wrong",
        ),
        (
            "alert_topic",
            "projects/p/topics/t".into(),
            "cdc_stream.alert_topic is wrong",
        ),
        (
            "engine",
            json!({"dataflow": {"template": "x", "workers": 1}}),
            "cdc_stream.engine.dataflow.template is wrong",
        ),
    ];
    for (member, value, expected) in cases {
        let error = spec(|stream| stream[member] = value).expect_err(member);
        assert!(error.contains(expected), "{member}: {error}");
    }
    let error = spec(|stream| stream["entities"]["Account"]["retention_days"] = 7.into()).expect_err("a view of less");
    assert!(error.contains("entities.Account.retention_days is wrong"), "{error}");
}

#[test]
fn a_launch_names_the_job_and_what_it_executes() {
    let spec = spec(|_| ()).expect("a spec");
    let stream = spec.stream().expect("a stream");
    let dataflow = stream.engine.dataflow().expect("Dataflow");
    let body = dataflow_launch(&spec, dataflow, false);
    let parameter = &body["launchParameter"];
    assert_eq!(parameter["jobName"], dataflow_job("crm"));
    assert_eq!(
        parameter["parameters"],
        json!({"yaml_pipeline_file": "gs://lake/headwater/pipelines/crm/pipeline.yaml"})
    );
    let labels = &parameter["environment"]["additionalUserLabels"];
    assert_eq!(labels["headwater-pipeline"], "crm");
    assert_eq!(labels["team"], "crm");
    assert!(
        spec.hash()
            .starts_with(labels["headwater-spec"].as_str().expect("a text"))
    );
    assert_eq!(parameter.get("update"), None);
    assert_eq!(
        dataflow_launch(&spec, dataflow, true)["launchParameter"]["update"],
        true
    );
}

/// The template puts a file through Jinja before it reads it.
#[test]
fn nothing_in_a_pipeline_looks_like_a_template() {
    let rendered = |name: &str| {
        let mut columns = crate::stream::sample()["entities"]["Account"]["columns"].clone();
        columns[0]["description"] = "{{ x }}".into();
        let format = json!({"mapping": {"key": name, "order": "$.at"}});
        let spec = spec(|stream| stream["source"] = json!({"subscription": {"format": format}})).expect("a spec");
        spec.stream().expect("a stream").beam_pipeline()
    };
    let text = rendered("$['{{ secret }} {% raw %}']");
    for mark in ["{{", "{%", "{#"] {
        assert!(!text.contains(mark), "{mark} is in the pipeline");
    }
    assert!(text.contains("\\x7b\\x7b secret }} \\x7b% raw %}"), "{text}");
}
