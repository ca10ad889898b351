//! Measures how fast CSV of a Bulk result becomes Arrow on one thread, in its CPU time, against arrow-csv on the same bytes.
//!
//! `cargo run --profile bench-build -p headwater-salesforce --example decode -- [ROWS]`

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use arrow::csv::ReaderBuilder;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use headwater_salesforce::{
    CsvDecoder, DecodeOptions, FieldDescribe, ObjectDescribe, ObjectSummary, Selection, arrow_schema, columns,
};
use headwater_spec::Column;

/// A stretch of Account: 40 fields in the mixture of a real org.
const FIELDS: &str = "Id:id IsDeleted:boolean MasterRecordId:reference Name:string Type:picklist ParentId:reference BillingStreet:textarea \
    BillingCity:string BillingState:string BillingPostalCode:string BillingCountry:string BillingLatitude:double,18,15 \
    BillingLongitude:double,18,15 Phone:phone Fax:phone AccountNumber:string Website:url Sic:string Industry:picklist \
    AnnualRevenue:currency,18,0 NumberOfEmployees:int Ownership:picklist Rating:picklist Description:textarea OwnerId:reference \
    CreatedDate:datetime CreatedById:reference LastModifiedDate:datetime LastModifiedById:reference SystemModstamp:datetime \
    LastActivityDate:date Jigsaw:string AccountSource:picklist SicDesc:string Score__c:double,18,2 Health__c:percent,5,2 \
    Renewal__c:date Active__c:boolean Regions__c:multipicklist Tier__c:picklist";

fn object() -> ObjectDescribe {
    let field = |word: &str| {
        let (name, kind) = word.split_once(':').unwrap_or((word, "string"));
        let mut kind = kind.split(',');
        let mut next = || kind.next().unwrap_or("0");
        let data_type = next().to_owned();
        let (precision, scale) = (next().parse().unwrap_or(0), next().parse().unwrap_or(0));
        FieldDescribe {
            name: name.into(),
            data_type,
            precision,
            scale,
            ..FieldDescribe::default()
        }
    };
    let object = ObjectSummary {
        name: "Account".into(),
        queryable: true,
        ..ObjectSummary::default()
    };
    ObjectDescribe {
        object,
        fields: FIELDS.split_whitespace().map(field).collect(),
    }
}

fn csv(columns: &[Column], rows: u64) -> String {
    let mut text = columns
        .iter()
        .map(|c| format!("\"{}\"", c.field))
        .collect::<Vec<_>>()
        .join(",");
    text.push('\n');
    for row in 0..rows {
        for (i, column) in columns.iter().enumerate() {
            let seed = row
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .wrapping_add(i as u64 * 0x1234_5678_9ABC_DEF1);
            text.push_str(if i == 0 { "\"" } else { ",\"" });
            let empty = i > 0 && seed.is_multiple_of(5);
            let _ = match column.salesforce_type.as_str() {
                "id" => write!(text, "001{row:012}AAA"),
                _ if empty => Ok(()),
                "reference" => write!(text, "005{:012}AAA", seed % 5000),
                "boolean" => write!(text, "{}", seed.is_multiple_of(2)),
                "double" => write!(text, "{}.{:06}", seed % 180, seed % 999_983),
                "currency" => write!(text, "{}.{}E7", seed % 9 + 1, seed % 1000),
                "percent" => write!(text, "{}.{:02}", seed % 100, seed % 97),
                "int" => write!(text, "{}", seed % 100_000),
                "date" => write!(text, "2024-{:02}-{:02}", seed % 12 + 1, seed % 28 + 1),
                "datetime" => write!(
                    text,
                    "2025-{:02}-{:02}T{:02}:{:02}:{:02}.000Z",
                    seed % 12 + 1,
                    seed % 28 + 1,
                    seed % 24,
                    seed % 60,
                    seed % 59
                ),
                "picklist" => write!(
                    text,
                    "{}",
                    ["Prospect", "Customer - Direct", "Other", "Technology"][(seed % 4) as usize]
                ),
                "multipicklist" => write!(text, "EMEA;APAC"),
                "textarea" => write!(
                    text,
                    "{} Main \"\"St\"\", Building {}\nFloor {}",
                    seed % 9999,
                    seed % 7,
                    seed % 30
                ),
                _ => write!(text, "Value {} of {}", seed % 100_000, column.field),
            };
            text.push('"');
        }
        text.push('\n');
    }
    text
}

/// Seconds that this thread has had a core: on a busy machine the clock on the wall measures the others. Linux tells them;
/// elsewhere the wall must do.
fn cpu_seconds(start: Instant) -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |n| n as f64 / 1e9)
}

fn report(name: &str, bytes: usize, rows: u64, seconds: f64) {
    println!(
        "{name}: {:.0} MB/s, {:.0} rows/s",
        bytes as f64 / 1e6 / seconds,
        rows as f64 / seconds
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let rows = std::env::args().nth(1).map_or(Ok(200_000), |text| text.parse())?;
    let columns: Arc<[Column]> = columns(&object(), &Selection::default())
        .map_err(|e| format!("{e:?}"))?
        .into();
    let text = csv(&columns, rows);
    println!(
        "{} columns, {rows} rows, {} bytes a row",
        columns.len(),
        text.len() as u64 / rows
    );

    for _ in 0..3 {
        let before = cpu_seconds(start);
        let mut decoder = CsvDecoder::new(Arc::clone(&columns), DecodeOptions::default());
        let mut count = 0;
        // Pieces of the size that a socket gives.
        for piece in text.as_bytes().chunks(64 << 10) {
            decoder.push(piece)?;
            count += decoder.next_batch().map_or(0, |batch| batch.num_rows() as u64);
        }
        count += decoder.finish()?.map_or(0, |batch| batch.num_rows() as u64);
        assert_eq!(count, rows);
        report("headwater", text.len(), rows, cpu_seconds(start) - before);
    }

    // arrow-csv names the zone UTC only with its time-zone database: without one here.
    let plain = |field: &Arc<Field>| match field.data_type() {
        DataType::Timestamp(..) => Field::new(field.name(), DataType::Timestamp(TimeUnit::Microsecond, None), true),
        other => Field::new(field.name(), other.clone(), true),
    };
    let schema = Arc::new(Schema::new(
        arrow_schema(&columns).fields().iter().map(plain).collect::<Vec<_>>(),
    ));
    for _ in 0..3 {
        let before = cpu_seconds(start);
        let mut decoder = ReaderBuilder::new(Arc::clone(&schema))
            .with_header(true)
            .with_batch_size(8192)
            .build_decoder();
        let (mut rest, mut count) = (text.as_bytes(), 0);
        loop {
            let used = decoder.decode(&rest[..rest.len().min(64 << 10)])?;
            rest = &rest[used..];
            if used == 0 || decoder.capacity() == 0 {
                match decoder.flush()? {
                    Some(batch) => count += batch.num_rows() as u64,
                    None => break,
                }
            }
        }
        assert_eq!(count, rows);
        report("arrow-csv", text.len(), rows, cpu_seconds(start) - before);
    }
    Ok(())
}
