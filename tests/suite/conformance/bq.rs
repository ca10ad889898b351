//! `bq` against the local cloud.
