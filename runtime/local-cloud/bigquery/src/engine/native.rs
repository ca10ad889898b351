//! Rust functions that DuckDB calls: one row of cells in, one cell out. NULL goes in nowhere and comes out wherever an
//! argument is NULL; what a function has to see of NULL comes to it inside a struct or a list.

use std::error::Error;
use std::marker::PhantomData;
use std::sync::Arc;

use duckdb::Connection;
use duckdb::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, ListBuilder, NullArray, StringArray,
    StringBuilder,
};
use duckdb::arrow::array::{Float64Builder, Int64Builder};
use duckdb::arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimeUnit};
use duckdb::arrow::datatypes::{Time64MicrosecondType, TimestampMicrosecondType};
use duckdb::core::{DataChunkHandle, LogicalTypeHandle, LogicalTypeId};
use duckdb::vscalar::{ScalarFunctionSignature, VScalar};
use duckdb::vtab::arrow::{WritableVector, data_chunk_to_arrow, write_arrow_array_to_vector};

use super::Cell;
use crate::KeyService;
use crate::native::keys::{WRAPPED, Wrapping};
use crate::native::{Answers, NATIVES, Outcome};

/// A result type of DuckDB's.
trait Kind: 'static {
    fn duck() -> LogicalTypeHandle;
    fn array(cells: &[Cell]) -> ArrayRef;
}

macro_rules! kinds {
    ($($name:ident, $duck:expr, $array:expr;)*) => {$(
        struct $name;
        impl Kind for $name {
            fn duck() -> LogicalTypeHandle {
                $duck
            }
            fn array(cells: &[Cell]) -> ArrayRef {
                let array: fn(&[Cell]) -> ArrayRef = $array;
                array(cells)
            }
        }
    )*};
}

kinds! {
    Text, LogicalTypeHandle::from(LogicalTypeId::Varchar), texts;
    Json, json(), texts;
    Bytes, LogicalTypeHandle::from(LogicalTypeId::Blob), |cells| {
        let bytes = |cell: &Cell| match cell {
            Cell::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        };
        let list: Vec<Option<Vec<u8>>> = cells.iter().map(bytes).collect();
        Arc::new(list.iter().map(Option::as_deref).collect::<BinaryArray>())
    };
    Int, LogicalTypeHandle::from(LogicalTypeId::Bigint), |cells| {
        Arc::new(cells.iter().map(int).collect::<Int64Array>())
    };
    Float, LogicalTypeHandle::from(LogicalTypeId::Double), |cells| {
        Arc::new(cells.iter().map(float).collect::<Float64Array>())
    };
    Bool, LogicalTypeHandle::from(LogicalTypeId::Boolean), |cells| {
        let truth = |cell: &Cell| match cell {
            Cell::Bool(value) => Some(*value),
            _ => None,
        };
        Arc::new(cells.iter().map(truth).collect::<BooleanArray>())
    };
    Texts, LogicalTypeHandle::list(&LogicalTypeHandle::from(LogicalTypeId::Varchar)), text_lists;
    Jsons, LogicalTypeHandle::list(&json()), text_lists;
    Ints, LogicalTypeHandle::list(&LogicalTypeHandle::from(LogicalTypeId::Bigint)), |cells| {
        let mut builder = ListBuilder::new(Int64Builder::new());
        for cell in cells {
            match cell {
                Cell::List(items) => {
                    items.iter().for_each(|i| builder.values().append_option(int(i)));
                    builder.append(true);
                }
                _ => builder.append(false),
            }
        }
        Arc::new(builder.finish())
    };
    Floats, LogicalTypeHandle::list(&LogicalTypeHandle::from(LogicalTypeId::Double)), |cells| {
        let mut builder = ListBuilder::new(Float64Builder::new());
        for cell in cells {
            match cell {
                Cell::List(items) => {
                    items.iter().for_each(|i| builder.values().append_option(float(i)));
                    builder.append(true);
                }
                _ => builder.append(false),
            }
        }
        Arc::new(builder.finish())
    };
    Nothing, LogicalTypeHandle::from(LogicalTypeId::SqlNull), |cells| Arc::new(NullArray::new(cells.len()));
}

/// JSON is text with a name of its own.
fn json() -> LogicalTypeHandle {
    let mut ty = LogicalTypeHandle::from(LogicalTypeId::Varchar);
    ty.set_alias("JSON");
    ty
}

fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

fn float(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Float(value) => Some(*value),
        _ => None,
    }
}

fn int(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Int(value) => i64::try_from(*value).ok(),
        _ => None,
    }
}

fn texts(cells: &[Cell]) -> ArrayRef {
    Arc::new(cells.iter().map(text).collect::<StringArray>())
}

fn text_lists(cells: &[Cell]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for cell in cells {
        match cell {
            Cell::List(items) => {
                items.iter().for_each(|i| builder.values().append_option(text(i)));
                builder.append(true);
            }
            _ => builder.append(false),
        }
    }
    Arc::new(builder.finish())
}

/// A function as DuckDB keeps it.
type Callable = Arc<dyn Fn(&[Cell]) -> Outcome + Send + Sync>;

struct Returning<K>(PhantomData<K>);

impl<K: Kind> VScalar for Returning<K> {
    type State = Callable;

    fn invoke(
        callable: &Callable,
        input: &mut DataChunkHandle,
        output: &mut dyn WritableVector,
    ) -> Result<(), Box<dyn Error>> {
        let batch = data_chunk_to_arrow(input)?;
        let columns = batch.columns();
        let mut args = Vec::with_capacity(columns.len());
        let mut cells = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            args.clear();
            args.extend(columns.iter().map(|column| cell(column, row)));
            cells.push(if args.contains(&Cell::Null) {
                Cell::Null
            } else {
                callable(&args)?
            });
        }
        write_arrow_array_to_vector(&K::array(&cells), output)
    }

    fn signatures() -> Vec<ScalarFunctionSignature> {
        let any = LogicalTypeHandle::from(LogicalTypeId::Any);
        vec![ScalarFunctionSignature::variadic(any, K::duck())]
    }
}

fn cell(array: &ArrayRef, row: usize) -> Cell {
    if array.is_null(row) {
        return Cell::Null;
    }
    match array.data_type() {
        DataType::Boolean => Cell::Bool(array.as_boolean().value(row)),
        DataType::Int64 => Cell::Int(array.as_primitive::<Int64Type>().value(row).into()),
        DataType::Int32 => Cell::Int(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Float64 => Cell::Float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Cell::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::Binary => Cell::Bytes(array.as_binary::<i32>().value(row).to_owned()),
        DataType::Date32 => Cell::Date(array.as_primitive::<Date32Type>().value(row)),
        DataType::Time64(_) => Cell::Time(array.as_primitive::<Time64MicrosecondType>().value(row)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Cell::Timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            Cell::List((0..items.len()).map(|i| cell(&items, i)).collect())
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter().zip(fields);
            Cell::Struct(columns.map(|(c, f)| (f.name().clone(), cell(c, row))).collect())
        }
        // The translator casts what is none of these to text.
        _ => Cell::Null,
    }
}

/// Makes the functions known to the database of this connection.
pub(super) fn register(connection: &Connection, keys: Arc<dyn KeyService>) -> duckdb::Result<()> {
    for native in NATIVES.iter().flat_map(|family| family.iter()) {
        let callable: Callable = Arc::new(native.call);
        register_one(connection, native.name, native.answers, &callable)?;
    }
    let wrapping = Arc::new(Wrapping::new(keys));
    for wrapped in WRAPPED {
        let (wrapping, call) = (Arc::clone(&wrapping), wrapped.call);
        let callable: Callable = Arc::new(move |args| call(&wrapping, args));
        register_one(connection, wrapped.name, wrapped.answers, &callable)?;
    }
    Ok(())
}

fn register_one(connection: &Connection, name: &str, answers: Answers, call: &Callable) -> duckdb::Result<()> {
    let name = format!("_hw_{name}");
    let name = name.as_str();
    match answers {
        Answers::Text => connection.register_scalar_function_with_state::<Returning<Text>>(name, call),
        Answers::Json => connection.register_scalar_function_with_state::<Returning<Json>>(name, call),
        Answers::Bytes => connection.register_scalar_function_with_state::<Returning<Bytes>>(name, call),
        Answers::Int => connection.register_scalar_function_with_state::<Returning<Int>>(name, call),
        Answers::Float => connection.register_scalar_function_with_state::<Returning<Float>>(name, call),
        Answers::Bool => connection.register_scalar_function_with_state::<Returning<Bool>>(name, call),
        Answers::Texts => connection.register_scalar_function_with_state::<Returning<Texts>>(name, call),
        Answers::Jsons => connection.register_scalar_function_with_state::<Returning<Jsons>>(name, call),
        Answers::Floats => connection.register_scalar_function_with_state::<Returning<Floats>>(name, call),
        Answers::Ints => connection.register_scalar_function_with_state::<Returning<Ints>>(name, call),
        Answers::Nothing => connection.register_scalar_function_with_state::<Returning<Nothing>>(name, call),
    }
}
