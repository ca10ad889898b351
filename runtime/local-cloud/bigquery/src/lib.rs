//! Placeholder.
#[cfg(test)]
mod tests {
    #[test]
    fn t() {
        let c = duckdb::Connection::open_in_memory().unwrap();
        let s: String = c.query_row("select version() || (timezone('Europe/Berlin', TIMESTAMPTZ '2024-01-01 00:00:00+00'))::varchar", [], |r| r.get(0)).unwrap();
        println!("{s}");
    }
}
