//! The quality gate: a batch's parts are judged by suites before anything of them is loaded. The rows that are set apart are marked
//! in the parts that are loaded, with their reasons, so that one load job brings in all and the MERGE takes those without.
//!
//! Removed rows are not judged: they leave the table whatever they hold. So are not the rows that only say "no longer selected".

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchReader as _, StringArray};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use headwater_cloud::{Cloud, ObjectPath, OptionalExt as _, Precondition};
use headwater_quality::Suite;
use headwater_quality::engine::{
    Batches, Context, Detail, EvaluateError, Options, Source, State, SuiteResult, conclude, evaluate,
};
pub(crate) use headwater_quality::gate::REASONS;
use headwater_quality::gate::Split;
use headwater_quality::suite::OnFail;
use headwater_salesforce::arrow_schema;
use headwater_spec::{GateVerdict, ObjectSpec, Part, Phase, PipelineSpec, SalesforceExtractSpec, gate_run_id};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use tokio::runtime::Handle;

use crate::batch::{Inflight, Judged};
use crate::errors::{Error, Result};
use crate::lake::Lake;
use crate::object::ObjectTask;
use crate::parts::writer_properties;

/// Salesforce's mark of a removed row.
const REMOVED: &str = "IsDeleted";
/// Rows of a batch: few enough that a column of it stays in a processor's cache.
const BATCH_ROWS: usize = 16_384;

/// What a suite of a gate said of a batch.
#[derive(Debug)]
pub struct Verdict {
    /// The suite's spec.
    pub suite: Arc<PipelineSpec>,
    /// Its name among the suite's runs: the same when a run that was killed judges again.
    pub run_id: String,
    /// What was judged: `PROJECT.DATASET.TABLE`, into which the rows were to go.
    pub target: String,
    /// When that began.
    pub started: DateTime<Utc>,
    /// What came of it.
    pub result: SuiteResult,
    /// Rows that it sets apart.
    pub quarantined: u64,
}

/// Who writes verdicts down and tells of them.
#[async_trait]
pub trait Verdicts: Send + Sync {
    /// Returns when the verdict is durable. Called before anything is loaded, and perhaps twice of one verdict.
    ///
    /// # Errors
    /// Then nothing is loaded.
    async fn keep(&self, verdict: &Verdict) -> Result<(), headwater_cloud::Error>;
}

/// Nobody.
#[derive(Debug, Clone, Copy)]
pub struct Unkept;

#[async_trait]
impl Verdicts for Unkept {
    async fn keep(&self, _verdict: &Verdict) -> Result<(), headwater_cloud::Error> {
        Ok(())
    }
}

/// The suites of each object.
pub(crate) type Gates = BTreeMap<String, Vec<Arc<PipelineSpec>>>;

/// Reads the gate's suites. Each judges the object whose table is its target.
pub(crate) async fn gates(cloud: &Cloud, extract: &SalesforceExtractSpec) -> Result<Gates> {
    let mut gates = Gates::new();
    for url in &extract.quality_gate {
        let unusable = |reason: String| Error::GateUnusable {
            suite: url.to_string(),
            reason,
        };
        let path = ObjectPath {
            bucket: url.bucket().to_owned(),
            name: url.path().to_owned(),
        };
        let found = cloud.storage().get(&path).await.optional()?;
        let found = found.ok_or_else(|| unusable("there is no spec".into()))?;
        let spec = PipelineSpec::from_json(&found.bytes).map_err(|error| unusable(error.to_string()))?;
        let target = &spec.suite().map_err(|error| unusable(error.to_string()))?.target;
        let dataset = &extract.dataset;
        let is_ours = |object: &ObjectSpec| {
            (&target.project, &target.dataset, &target.table) == (&dataset.project, &dataset.dataset, &object.table)
        };
        let object = extract.objects.iter().find(|(_, object)| is_ours(object));
        let (object, _) =
            object.ok_or_else(|| unusable(format!("its table {} is no object's of this extract", target.name())))?;
        gates.entry(object.clone()).or_default().push(Arc::new(spec));
    }
    Ok(gates)
}

impl ObjectTask<'_> {
    /// Has the parts judged. `None`: nobody is asked.
    ///
    /// # Errors
    /// `Gate`: nothing of the batch may be loaded.
    pub async fn judge(&self, batch: &Inflight) -> Result<Option<Judged>> {
        if self.gate.is_empty() {
            return Ok(None);
        }
        self.recorder.phase(Phase::Judge).await;
        let started = Utc::now();
        // The last part, when there are rows that left the selection, holds nothing but them.
        let judged = batch.parts.len() - usize::from(batch.left.is_some_and(|rows| rows > 0));
        if judged == 0 {
            return Ok(None);
        }
        let parts = Parts {
            lake: self.lake.clone(),
            runtime: Handle::current(),
            schema: arrow_schema(&batch.columns),
            live: vec![Cell::new(0); judged],
            parts: batch.parts[..judged].to_vec(),
        };
        let suites: Vec<Suite> = self.suites();
        let judging = suites.clone();
        let evaluated = tokio::task::spawn_blocking(move || Evaluated::of(parts, &judging, started));
        let evaluated = evaluated.await.map_err(|_| Error::Worker)??;
        if evaluated.results.iter().all(|result| result.rows == 0) {
            // Only removals: of nothing, nothing can be expected.
            return Ok(None);
        }

        let mut verdicts = Vec::new();
        let mut refused = Vec::new();
        let mut marking = Marking(Vec::new());
        for ((spec, suite), result) in self.gate.iter().zip(&suites).zip(evaluated.results) {
            let split = Split::of(suite, &result);
            let (refusal, state) = (refusal(suite, &result), word(result.state));
            let verdict = Verdict {
                suite: Arc::clone(spec),
                run_id: gate_run_id(self.name, &batch.batch),
                target: self.warehouse.target.to_string(),
                started,
                quarantined: split.quarantined(),
                result,
            };
            self.context.verdicts.keep(&verdict).await?;
            tracing::info!(step = "verdict_kept", suite = %spec.name, state, "step");
            if let Some(why) = refusal {
                refused.push(format!("{}: {why}", spec.name));
            }
            verdicts.push(GateVerdict {
                suite: spec.name.clone(),
                suite_hash: spec.hash(),
                run_id: verdict.run_id,
                state,
                quarantined: verdict.quarantined,
            });
            marking.0.push((spec.name.clone(), split));
        }
        self.recorder.note(|record| record.gate.clone_from(&verdicts));
        if !refused.is_empty() {
            return Err(Error::Gate { suites: refused });
        }
        let (mut parts, quarantined) = self.mark(batch, marking, evaluated.parts).await?;
        parts.extend_from_slice(&batch.parts[judged..]);
        Ok(Some(Judged {
            parts,
            quarantined,
            verdicts,
        }))
    }

    fn suites(&self) -> Vec<Suite> {
        let suites = self.gate.iter().filter_map(|spec| spec.suite().ok());
        suites.map(|suite| suite.suite.clone()).collect()
    }

    /// Writes the parts anew that hold rows to set apart, and counts these; the others stay as they are.
    async fn mark(&self, batch: &Inflight, marking: Marking, parts: Parts) -> Result<(Vec<Part>, u64)> {
        let paths = self.paths.clone();
        let unique: Vec<String> = batch
            .columns
            .iter()
            .filter(|column| column.field == "Id")
            .map(|column| column.name.clone())
            .collect();
        let batch = batch.batch.clone();
        let work = move || -> Result<(Vec<Part>, u64)> {
            let mut marked = Vec::with_capacity(parts.parts.len());
            let (mut from, mut quarantined) = (0, 0);
            for (index, (part, live)) in parts.parts.iter().zip(&parts.live).enumerate() {
                let until = from + live.get();
                if !marking.any(from, live.get()) {
                    from = until;
                    marked.push(part.clone());
                    continue;
                }
                let (bytes, apart) = parts.marked(part, &marking, from, &unique)?;
                (from, quarantined) = (until, quarantined + apart);
                let path = parts.lake.path(&paths.judged_part(&batch, index));
                let size = bytes.len() as u64;
                let put = parts.lake.storage();
                let put = put.put(&path, "application/vnd.apache.parquet", bytes, Precondition::None);
                let object = parts.runtime.block_on(put)?;
                marked.push(Part {
                    object: path.name.clone(),
                    generation: object.generation,
                    rows: part.rows,
                    bytes: size,
                });
            }
            Ok((marked, quarantined))
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Worker)?
    }
}

fn word(state: State) -> String {
    let word = serde_json::to_value(state).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

/// Why a suite lets nothing pass. What could not be evaluated is never passed, unless it is only recorded; a check that sets rows
/// apart refuses the batch when fewer hold than its `mostly`, if it is not the usual 1.
fn refusal(suite: &Suite, result: &SuiteResult) -> Option<String> {
    let expectations = suite.expectations.iter();
    let refusing =
        expectations
            .zip(&result.results)
            .filter(|(expectation, result)| match (result.state, result.on_fail) {
                (_, OnFail::Record) => false,
                (State::Error, _) | (State::Fail, OnFail::Fail) => true,
                (State::Fail, OnFail::Quarantine) => expectation.mostly < 1.0 || result.failing.is_none(),
                _ => false,
            });
    let refusing: Vec<String> = refusing
        .map(|(_, result)| match &result.reason {
            Some(reason) => format!("{} has no verdict ({})", result.id, reason.message),
            None => format!("{} does not hold", result.id),
        })
        .collect();
    (!refusing.is_empty()).then(|| refusing.join(", "))
}

/// What came of all suites, in one pass.
struct Evaluated {
    parts: Parts,
    /// Suite by suite.
    results: Vec<SuiteResult>,
}

impl Evaluated {
    fn of(mut parts: Parts, suites: &[Suite], started: DateTime<Utc>) -> Result<Self> {
        let Some(first) = suites.first() else {
            return Err(Error::Worker);
        };
        let all = Suite {
            expectations: suites.iter().flat_map(|suite| suite.expectations.clone()).collect(),
            ..first.clone()
        };
        let context = Context::at(started);
        let options = Options {
            samples: 0,
            detail: Detail::Samples,
            rows: true,
            context: &context,
        };
        let whole = evaluate(&all, &mut parts, options)?;
        let mut found = whole.results.into_iter();
        let results = suites
            .iter()
            .map(|suite| {
                conclude(
                    suite,
                    whole.rows,
                    found.by_ref().take(suite.expectations.len()).collect(),
                )
            })
            .collect();
        Ok(Self { parts, results })
    }
}

/// Which rows are set apart, by suite.
struct Marking(Vec<(String, Split)>);

impl Marking {
    fn any(&self, from: usize, len: usize) -> bool {
        self.0.iter().any(|(_, split)| split.any(from, len))
    }

    /// Each reason as `SUITE:EXPECTATION`; `None`: the row is let pass.
    fn of(&self, row: usize) -> Option<String> {
        let against = self.0.iter().flat_map(|(suite, split)| {
            let ids = split.against(row);
            ids.map(move |id| format!("{suite}:{id}"))
        });
        let against: Vec<String> = against.collect();
        (!against.is_empty()).then(|| serde_json::json!(against).to_string())
    }
}

/// A batch's parts, one at a time in memory.
struct Parts {
    lake: Lake,
    runtime: Handle,
    /// What each is written with.
    schema: SchemaRef,
    /// How many rows of each are judged, once it was read.
    live: Vec<Cell<usize>>,
    parts: Vec<Part>,
}

impl Parts {
    fn open(&self, part: &Part) -> Result<ParquetRecordBatchReaderBuilder<Bytes>> {
        let path = self.lake.path(&part.object);
        let found = self.runtime.block_on(self.lake.storage().get(&path))?;
        let metadata = ArrowReaderMetadata::load(&found.bytes, Default::default())?;
        Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(found.bytes, metadata).with_batch_size(BATCH_ROWS))
    }

    /// A part with reasons, and how many rows have some; its first judged row is the batch's `from`th.
    fn marked(&self, part: &Part, marking: &Marking, from: usize, unique: &[String]) -> Result<(Bytes, u64)> {
        let reader = self.open(part)?.build()?;
        let schema = reader.schema();
        let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(REASONS, DataType::Utf8, true)));
        let schema = Arc::new(Schema::new(fields));
        let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(writer_properties(unique)?))?;
        let (mut next, mut apart) = (from, 0);
        for batch in reader {
            let batch = batch.map_err(EvaluateError::from)?;
            let live = live(&batch);
            let mut reason = |row: usize| {
                if live.as_ref().is_some_and(|live| !live.value(row)) {
                    return None;
                }
                next += 1;
                marking.of(next - 1)
            };
            let reasons: StringArray = (0..batch.num_rows()).map(&mut reason).collect();
            apart += (reasons.len() - reasons.null_count()) as u64;
            let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
            columns.push(Arc::new(reasons));
            let marked = RecordBatch::try_new(Arc::clone(&schema), columns);
            writer.write(&marked.map_err(EvaluateError::from)?)?;
        }
        Ok((Bytes::from(writer.into_inner()?), apart))
    }
}

/// Which rows of a batch are judged; `None`: all.
fn live(batch: &RecordBatch) -> Option<BooleanArray> {
    let removed = batch.column_by_name(REMOVED)?.as_any().downcast_ref::<BooleanArray>()?;
    // That it is not known is not that it is removed.
    let known: BooleanArray = removed.iter().map(|removed| Some(removed.unwrap_or(false))).collect();
    not(&known).ok().filter(|live| live.true_count() < live.len())
}

impl Source for Parts {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn scan(&mut self, columns: &[usize]) -> std::result::Result<Batches<'_>, ArrowError> {
        let wanted = Arc::new(self.schema.project(columns)?);
        let parts = &*self;
        let read = (0..parts.parts.len()).flat_map(move |index| {
            let (batches, failed) = match project(parts, index, &wanted) {
                Ok(batches) => (Some(batches), None),
                Err(error) => (None, Some(Err(ArrowError::ExternalError(Box::new(error))))),
            };
            batches.into_iter().flatten().chain(failed)
        });
        Ok(Box::new(read))
    }
}

/// The judged rows of a part, of some columns.
fn project<'p>(
    parts: &'p Parts,
    index: usize,
    wanted: &SchemaRef,
) -> Result<impl Iterator<Item = std::result::Result<RecordBatch, ArrowError>> + use<'p>> {
    let builder = parts.open(&parts.parts[index])?;
    let live_rows = &parts.live[index];
    live_rows.set(0);
    let names = wanted.fields().iter().map(|field| field.name().as_str());
    let names: Vec<&str> = names.chain([REMOVED]).collect();
    let mask = ProjectionMask::columns(builder.parquet_schema(), names);
    let reader = builder.with_projection(mask).build()?;
    let wanted = Arc::clone(wanted);
    Ok(reader.map(move |batch| {
        let batch = batch?;
        let batch = match live(&batch) {
            Some(live) => filter_record_batch(&batch, &live)?,
            None => batch,
        };
        live_rows.set(live_rows.get() + batch.num_rows());
        let places = wanted
            .fields()
            .iter()
            .map(|field| batch.schema().index_of(field.name()));
        batch.project(&places.collect::<std::result::Result<Vec<_>, _>>()?)
    }))
}
