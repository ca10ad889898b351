//! Results of Bulk queries, rendered once to files that pages are slices of. A result is named by what it was made from:
//! the same rows in the same versions, the same columns, the same form. So a second job, even after a restart, finds it
//! there, and a benchmark that has warmed it measures the reader only.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::render::Csv;
use crate::rng::mix;
use crate::soql::eval::{Evaluator, FieldRef};
use crate::store::Org;
use crate::store::row::Layout;
use crate::store::table::Location;

/// A rendered result.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    pub rows: u64,
    pub header: Vec<u8>,
    csv: PathBuf,
    offsets: PathBuf,
}

/// How many results are kept, the newest ones.
const KEPT: usize = 48;

impl Rendered {
    /// The bytes of the rows from `first` to (exclusive) `last`, without the header: a file, and from where to where.
    pub(crate) fn slice(&self, first: u64, last: u64) -> std::io::Result<(File, u64, u64)> {
        let offsets = File::open(&self.offsets)?;
        let at = |row: u64| {
            let mut word = [0; 8];
            offsets.read_exact_at(&mut word, row * 8)?;
            Ok::<_, std::io::Error>(u64::from_le_bytes(word))
        };
        Ok((File::open(&self.csv)?, at(first)?, at(last)?))
    }
}

/// Renders rows, or finds that this has been done. `keep_on` is asked now and then whether to go on.
pub(crate) fn render(
    org: &Org,
    object: usize,
    fields: &[FieldRef],
    form: Csv,
    rows: &[Location],
    keep_on: &dyn Fn() -> bool,
) -> std::io::Result<Option<Rendered>> {
    let dir = org.dir.join("results");
    std::fs::create_dir_all(&dir)?;
    let name = name(org, object, fields, form, rows);
    let rendered = Rendered {
        rows: rows.len() as u64,
        header: form.header(fields),
        csv: dir.join(format!("{name}.csv")),
        offsets: dir.join(format!("{name}.offsets")),
    };
    if rendered.csv.exists() && rendered.offsets.exists() {
        return Ok(Some(rendered));
    }
    let beside = dir.join(format!("{name}.{:?}.new", std::thread::current().id()));
    let done = write(org, object, fields, form, rows, &beside, &rendered.offsets, keep_on)?;
    if !done {
        std::fs::remove_file(&beside)?;
        return Ok(None);
    }
    std::fs::rename(&beside, &rendered.csv)?;
    forget_old(&dir);
    Ok(Some(rendered))
}

#[expect(clippy::too_many_arguments, reason = "the parts of a result, used in this one place")]
fn write(
    org: &Org,
    object: usize,
    fields: &[FieldRef],
    form: Csv,
    rows: &[Location],
    csv: &Path,
    offsets: &Path,
    keep_on: &dyn Fn() -> bool,
) -> std::io::Result<bool> {
    let mut csv = File::create(csv)?;
    let mut offsets = BufWriter::with_capacity(1 << 16, File::create(offsets)?);
    let mut evaluator = Evaluator::new(org);
    let mut reader = org.reader(object);
    let mut layout = Layout::default();
    let mut buffer: Vec<u8> = Vec::with_capacity(FLUSH + (1 << 18));
    let mut written = 0u64;
    offsets.write_all(&0u64.to_le_bytes())?;
    for (n, &location) in rows.iter().enumerate() {
        let row = reader.row(location)?;
        layout.parse(row);
        form.row(&mut evaluator, fields, row, &layout, &mut buffer);
        offsets.write_all(&(written + buffer.len() as u64).to_le_bytes())?;
        if buffer.len() >= FLUSH {
            csv.write_all(&buffer)?;
            written += buffer.len() as u64;
            buffer.clear();
        }
        if n % 4096 == 0 && !keep_on() {
            return Ok(false);
        }
    }
    csv.write_all(&buffer)?;
    offsets.flush()?;
    Ok(true)
}

const FLUSH: usize = 1 << 20;

fn name(org: &Org, object: usize, fields: &[FieldRef], form: Csv, rows: &[Location]) -> String {
    let (mut a, mut b) = (
        mix(org.manifest.seed, object as u64),
        mix(org.manifest.accounts, rows.len() as u64),
    );
    let mut word = |w: u64| {
        a = mix(a, w);
        b = mix(b.rotate_left(17), !w);
    };
    word(u64::from(form.delimiter) << 8 | form.line_ending.len() as u64);
    for field in fields {
        let own = field.field();
        let text = format!("{}\0{:?}\0{:?}", field.shown, field.hops, own);
        for chunk in text.as_bytes().chunks(8) {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            word(u64::from_le_bytes(bytes));
        }
    }
    if fields.iter().any(|f| !f.hops.is_empty()) {
        // Values of other tables are in it, so it is only good for their present state.
        for other in 0..org.schema().objects.len() {
            let (base, log) = org.table(other).version();
            word(base);
            word(log);
        }
    }
    for row in rows {
        word(row.0);
    }
    format!("{a:016x}{b:016x}")
}

fn forget_old(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut results: Vec<(std::time::SystemTime, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter(|e| e.path().extension().is_some_and(|x| x == "csv"))
        .filter_map(|e| Some((e.metadata().ok()?.modified().ok()?, e.path())))
        .collect();
    results.sort();
    for (_, path) in results.iter().rev().skip(KEPT) {
        // A page being read keeps its open file; a later one is answered as an expired job.
        let _ = std::fs::remove_file(path);
        let _ = std::fs::remove_file(path.with_extension("offsets"));
    }
}
