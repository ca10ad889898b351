//! The operators of FLOAT64. As in BigQuery, finite numbers whose result is not finite are an error; infinities and NaN go
//! through. A column at a time: they are in every query's way.

use std::error::Error;
use std::sync::Arc;

use duckdb::Connection;
use duckdb::arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use duckdb::arrow::compute::binary;
use duckdb::arrow::datatypes::Float64Type;
use duckdb::core::{DataChunkHandle, LogicalTypeHandle, LogicalTypeId};
use duckdb::vscalar::{ScalarFunctionSignature, VScalar};
use duckdb::vtab::arrow::{WritableVector, data_chunk_to_arrow, write_arrow_array_to_vector};

use crate::native::shown_float;

/// Its name without `_hw_`, its sign, what it does.
type Operator = (&'static str, &'static str, fn(f64, f64) -> f64);

const OPERATORS: &[Operator] = &[
    ("float_sum", "+", |a, b| a + b),
    ("float_difference", "-", |a, b| a - b),
    ("float_product", "*", |a, b| a * b),
    ("float_quotient", "/", |a, b| a / b),
];

struct Checked;

impl VScalar for Checked {
    type State = Operator;

    fn invoke(
        (_, sign, operate): &Operator,
        input: &mut DataChunkHandle,
        output: &mut dyn WritableVector,
    ) -> Result<(), Box<dyn Error>> {
        let batch = data_chunk_to_arrow(input)?;
        let [left, right] = [0, 1].map(|i| batch.column(i).as_primitive::<Float64Type>());
        let results: Float64Array = binary(left, right, operate)?;
        // Most columns are finite throughout; what stands where a NULL is does not count.
        if !results.values().iter().all(|result| result.is_finite()) {
            let overflowed = (0..results.len()).find(|&row| {
                let finite = left.value(row).is_finite() && right.value(row).is_finite();
                results.is_valid(row) && !results.value(row).is_finite() && finite
            });
            if let Some(row) = overflowed {
                let (a, b) = (shown_float(left.value(row)), shown_float(right.value(row)));
                return Err(format!("double overflow: {a} {sign} {b}").into());
            }
        }
        let results: ArrayRef = Arc::new(results);
        write_arrow_array_to_vector(&results, output)
    }

    fn signatures() -> Vec<ScalarFunctionSignature> {
        let double = || LogicalTypeHandle::from(LogicalTypeId::Double);
        vec![ScalarFunctionSignature::exact(vec![double(), double()], double())]
    }
}

/// Makes the operators known to the database of this connection.
pub(super) fn register(connection: &Connection) -> duckdb::Result<()> {
    for operator in OPERATORS {
        let name = format!("_hw_{}", operator.0);
        connection.register_scalar_function_with_state::<Checked>(&name, operator)?;
    }
    Ok(())
}
