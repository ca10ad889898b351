//! The schemas, made on a thread of their own while Terraform and this process still shake hands: a process that is asked for them is
//! asked for them first, and would have Terraform wait.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use tfplugin_proto::wire::tfplugin6 as proto;

use super::Shared;
use crate::Diagnostics;

type Answer = (proto::ProviderSchema, Diagnostics);

/// An answer that is being made.
#[derive(Default)]
pub(super) struct Early(Mutex<Option<JoinHandle<Answer>>>);

impl Early {
    /// The answer, once; none when it was not begun, or given away already, or could not be made.
    pub fn take(&self) -> Option<Answer> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        begun?.join().ok()
    }
}

impl Shared {
    /// Begins to make the answer. Without a thread it is made when it is asked for.
    pub(crate) fn begin_schema(&self) {
        let server = self.clone();
        let thread = std::thread::Builder::new().name("schemas".to_owned());
        if let Ok(begun) = thread.spawn(move || server.provider_schema()) {
            *self.early.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        }
    }
}
