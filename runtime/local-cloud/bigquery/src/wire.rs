//! The generated messages and services of the Storage APIs, and clients of them.

// The generated code finds its neighbours by the packages' names.
#[allow(
    missing_docs,
    unused_qualifications,
    rust_2018_idioms,
    deprecated,
    clippy::all,
    clippy::pedantic,
    clippy::needless_pass_by_value
)]
mod google {
    pub mod cloud {
        pub mod bigquery {
            pub mod storage {
                pub mod v1 {
                    include!("generated/google.cloud.bigquery.storage.v1.rs");
                }
            }
        }
    }
    pub mod rpc {
        include!("generated/google.rpc.rs");
    }
}

/// BigQuery Storage's messages, services and clients.
pub use google::cloud::bigquery::storage::v1 as storage;
/// The status of a call.
pub use google::rpc;
