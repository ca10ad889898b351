//! Files of a lake, looked at while they are planned: the columns of the first are held against the expectations.

use arrow::datatypes::{DataType, Schema};
use headwater_cloud::{Cloud, Error, Object};
use headwater_spec::{DqFiles, Glob};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use serde_json::{Value as Json, json};
use tfplugin_framework::{Diagnostic, Path, Result};

use super::model::Model;
use super::plan::check_columns;
use super::target::Target;
use crate::clients::Clients;
use crate::problems::Explain as _;

/// A footer is most often within so many last bytes.
const FOOTER: u64 = 64 * 1024;

/// Holds the expectations against the first file, if there is one.
pub(super) async fn check(clients: &Clients, planned: &Model, files: &DqFiles) -> Result<()> {
    let Ok(glob) = Glob::parse(&files.uri) else {
        return Ok(());
    };
    let bucket = format!("gs://{}", glob.bucket());
    if clients.any_in_flux(|id| id == bucket) {
        return Ok(());
    }
    let cloud = clients.cloud()?;
    let at = || Path::attr("files").child("uri");
    let first = first(cloud, &glob).await;
    let Some(first) = first.explain_at(at(), format!("cannot list the files `{glob}`"))? else {
        return Ok(());
    };
    let name = format!("gs://{}/{}", first.bucket, first.name);
    let schema = match schema(cloud, &first).await {
        Ok(schema) => schema,
        Err(Unread::Cloud(error)) => {
            return Err(crate::problems::cloud_problem(format!("cannot read {name}"), &error)
                .at(at())
                .into());
        }
        Err(Unread::Damaged(error)) => {
            let problem = Diagnostic::invalid(at(), format!("{name} is no Parquet file, or a damaged one"));
            return Err(problem
                .detail(error.to_string())
                .hint("Name other files, or write this one anew.")
                .into());
        }
    };
    let target = Target::of(&json!({ "schema": { "fields": fields(&schema) } }));
    check_columns(planned, &target).into_result()
}

async fn first(cloud: &Cloud, glob: &Glob) -> std::result::Result<Option<Object>, Error> {
    match cloud.storage().list(glob.bucket(), glob.prefix()).await {
        Ok(objects) => Ok(objects.into_iter().find(|object| glob.matches(&object.name))),
        // The bucket may be made by the same apply.
        Err(error) if error.kind() == headwater_cloud::Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

enum Unread {
    Cloud(Error),
    Damaged(ParquetError),
}

/// The columns of a file, out of its last bytes.
async fn schema(cloud: &Cloud, object: &Object) -> std::result::Result<Schema, Unread> {
    let mut length = FOOTER.min(object.size);
    loop {
        let tail = cloud.storage().read_range(object, object.size - length, length).await;
        let tail = tail.map_err(Unread::Cloud)?;
        let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
        match reader.try_parse_sized(&tail, object.size) {
            Ok(()) => {
                let metadata = reader.finish().map_err(Unread::Damaged)?;
                let file = metadata.file_metadata();
                return parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata())
                    .map_err(Unread::Damaged);
            }
            Err(ParquetError::NeedMoreData(needed)) if needed as u64 > length && needed as u64 <= object.size => {
                length = needed as u64;
            }
            Err(error) => return Err(Unread::Damaged(error)),
        }
    }
}

/// The columns as a table of BigQuery would have them.
fn fields(schema: &Schema) -> Vec<Json> {
    let fields = schema.fields().iter();
    fields
        .map(|field| {
            let mode = if matches!(field.data_type(), DataType::List(_) | DataType::LargeList(_)) {
                "REPEATED"
            } else {
                "NULLABLE"
            };
            json!({"name": field.name(), "type": googlesql(field.data_type()), "mode": mode})
        })
        .collect()
}

fn googlesql(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "BOOL",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "STRING",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "BYTES",
        DataType::Float16 | DataType::Float32 | DataType::Float64 => "FLOAT64",
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP",
        DataType::Timestamp(_, None) => "DATETIME",
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            "NUMERIC"
        }
        DataType::Dictionary(_, values) => googlesql(values),
        DataType::List(field) | DataType::LargeList(field) => googlesql(field.data_type()),
        other if other.is_integer() => "INT64",
        _ => "RECORD",
    }
}
