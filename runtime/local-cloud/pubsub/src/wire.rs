//! The generated messages and services, and their descriptors.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

/// Pub/Sub's messages and services, and clients of them.
#[allow(
    missing_docs,
    unused_qualifications,
    rust_2018_idioms,
    deprecated,
    clippy::all,
    clippy::pedantic,
    clippy::needless_pass_by_value
)]
pub mod pubsub {
    include!("generated/google.pubsub.v1.rs");
}

// The generated code finds its neighbours by the packages' names.
#[allow(
    missing_docs,
    unused_qualifications,
    rust_2018_idioms,
    clippy::all,
    clippy::pedantic,
    clippy::needless_pass_by_value
)]
mod google {
    pub mod iam {
        pub mod v1 {
            include!("generated/google.iam.v1.rs");
        }
    }
    pub mod r#type {
        include!("generated/google.r#type.rs");
    }
    pub mod rpc {
        include!("generated/google.rpc.rs");
    }
}

/// Policies.
pub use google::iam::v1 as iam;
/// Errors and their details.
pub use google::rpc;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    // Committed and checked by a test: bytes that do not decode cannot be built.
    DescriptorPool::decode(include_bytes!("generated/descriptors.bin").as_slice()).unwrap_or_default()
});

/// The descriptor of a message by its full name.
pub(crate) fn descriptor(name: &str) -> Option<MessageDescriptor> {
    POOL.get_message_by_name(name)
}
