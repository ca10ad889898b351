//! Resources of one kind by name, as committed. Changed on the store's writing thread only.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::refusal::Refusal;

const DEFAULT_PAGE: usize = 100;
const MOST_PAGE: usize = 1000;

/// See the module.
pub(crate) struct Registry<T>(RwLock<BTreeMap<String, Arc<T>>>);

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Registry(RwLock::default())
    }
}

impl<T> Registry<T> {
    pub(crate) fn find(&self, name: &str) -> Option<Arc<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn get(&self, name: &str) -> Result<Arc<T>, Refusal> {
        self.find(name).ok_or_else(|| Refusal::not_found(name))
    }

    pub(crate) fn put(&self, name: &str, value: T) {
        self.put_shared(name, Arc::new(value));
    }

    pub(crate) fn put_shared(&self, name: &str, value: Arc<T>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), value);
    }

    pub(crate) fn remove(&self, name: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.values().cloned().collect()
    }

    /// One page of those whose names begin with `prefix`, and the token of the next.
    pub(crate) fn page(&self, prefix: &str, size: i32, token: &str) -> Result<(Vec<Arc<T>>, String), Refusal> {
        let size = page_size(size)?;
        if !token.is_empty() && !token.starts_with(prefix) {
            return Err(bad_token());
        }
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let from = prefix.max(token).to_owned();
        let mut rest = all.range(from..).take_while(|(name, _)| name.starts_with(prefix));
        let page = rest.by_ref().take(size).map(|(_, value)| value.clone()).collect();
        let next = rest.next().map(|(name, _)| name.clone()).unwrap_or_default();
        Ok((page, next))
    }
}

/// One page of names that are sorted, and the token of the next.
pub(crate) fn page_of_names(names: Vec<String>, size: i32, token: &str) -> Result<(Vec<String>, String), Refusal> {
    let size = page_size(size)?;
    let mut rest = names.into_iter().skip_while(|name| name.as_str() < token);
    let page = rest.by_ref().take(size).collect();
    Ok((page, rest.next().unwrap_or_default()))
}

pub(crate) fn page_size(size: i32) -> Result<usize, Refusal> {
    match usize::try_from(size) {
        Ok(0) => Ok(DEFAULT_PAGE),
        Ok(size) => Ok(size.min(MOST_PAGE)),
        Err(_) => Err(Refusal::invalid(
            "You have passed an invalid argument to the service (argument=page_size).",
        )),
    }
}

pub(crate) fn bad_token() -> Refusal {
    Refusal::invalid("You have passed an invalid argument to the service (argument=page_token).")
}
