//! Many reads of one collection become one listing of it. Counts and remembers; knows neither HTTP nor services.
//!
//! A refresh of a thousand topics is a thousand reads by name. The first few are made so; then the collection is listed
//! once, by one of the readers while the others wait, and the rest is answered from the list. It is kept for seconds
//! only, and any write of this process to the collection drops it: nobody reads behind their own writes. What is not in
//! the list is asked for by name, so absence is always the service's word.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Document;
use crate::errors::Error;

/// So many reads are made one by one before the collection is listed.
const SINGLES: u32 = 4;
/// So long a list is believed.
const KEPT: Duration = Duration::from_secs(5);
/// After so long without a read, counting begins anew.
const QUIET: Duration = Duration::from_secs(10);
/// The id of a document that is read by itself.
const ONLY: &str = "";

/// What is known of the collections that this process reads.
#[derive(Default)]
pub(crate) struct Collections {
    shelves: Mutex<HashMap<String, Arc<Shelf>>>,
}

/// Documents by the last segment of their names (Google answers project numbers where it was asked for project ids).
pub(crate) struct Listed {
    pub documents: HashMap<String, Document>,
    /// Whether these are all.
    pub complete: bool,
}

#[derive(Default)]
struct Shelf {
    state: Mutex<State>,
    /// Held by the one who lists.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    reads: u32,
    last_read: Option<Instant>,
    writing: u32,
    /// Counts the writes.
    epoch: u64,
    listed: Option<(Instant, Arc<Listed>)>,
    /// Listing failed, or there is too much to list.
    unlistable: bool,
}

/// A write that is under way.
pub(crate) struct Writing(Arc<Shelf>);

impl Collections {
    /// Reads one document: from a list of the collection where many are read, else by name.
    pub async fn read<G, L>(
        &self,
        collection: &str,
        id: &str,
        get: impl FnOnce() -> G,
        list: impl FnOnce() -> L,
    ) -> Result<Document, Error>
    where
        G: Future<Output = Result<Document, Error>>,
        L: Future<Output = Result<Listed, Error>>,
    {
        let shelf = self.shelf(collection);
        if shelf.state().wants_list(Instant::now())
            && let Some(found) = shelf.find(id, list).await
        {
            return Ok(found);
        }
        get().await
    }

    /// Reads what is one document by itself, such as a policy that has many members: one of those who ask reads it, and
    /// the others get the same answer, believed for as long as a list is.
    pub async fn read_one<G>(&self, name: &str, get: impl FnOnce() -> G) -> Result<Document, Error>
    where
        G: Future<Output = Result<Document, Error>>,
    {
        let shelf = self.shelf(name);
        if !shelf.state().may_share() {
            return get().await;
        }
        if let Some(found) = shelf.only() {
            return Ok(found);
        }
        let turn = shelf.turn.lock().await;
        if let Some(found) = shelf.only() {
            return Ok(found);
        }
        let epoch = shelf.state().epoch;
        if !shelf.state().may_share() {
            drop(turn);
            return get().await;
        }
        let found = get().await;
        let mut state = shelf.state();
        match &found {
            Ok(document) => {
                let listed = Listed {
                    documents: HashMap::from([(ONLY.to_owned(), document.clone())]),
                    complete: true,
                };
                state.keep(epoch, Arc::new(listed), Instant::now());
            }
            // The others shall not have to wait for one refusal after another.
            Err(_) => state.unlistable = true,
        }
        found
    }

    /// Drops what is known of a collection, now and again when the write is over.
    pub fn write(&self, collection: &str) -> Writing {
        let shelf = self.shelf(collection);
        shelf.state().write();
        shelf.state().writing += 1;
        Writing(shelf)
    }

    fn shelf(&self, collection: &str) -> Arc<Shelf> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shelf) = shelves.get(collection) {
            return shelf.clone();
        }
        shelves.entry(collection.to_owned()).or_default().clone()
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.write();
        state.writing -= 1;
    }
}

impl Shelf {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn only(&self) -> Option<Document> {
        let listed = self.state().fresh(Instant::now())?;
        listed.documents.get(ONLY).cloned()
    }

    async fn find<L>(&self, id: &str, list: impl FnOnce() -> L) -> Option<Document>
    where
        L: Future<Output = Result<Listed, Error>>,
    {
        let known = self.state().fresh(Instant::now());
        if let Some(listed) = known {
            return listed.documents.get(id).cloned();
        }
        let _turn = self.turn.lock().await;
        let epoch = {
            let state = self.state();
            if let Some(listed) = state.fresh(Instant::now()) {
                return listed.documents.get(id).cloned();
            }
            // A write or a failed listing while waiting for the turn.
            if !state.may_list() {
                return None;
            }
            state.epoch
        };
        let listed = list().await;
        let mut state = self.state();
        match listed {
            Ok(listed) => state.keep(epoch, Arc::new(listed), Instant::now()),
            Err(error) => {
                tracing::debug!(kind = ?error.kind(), "collection cannot be listed, its documents are read one by one");
                state.unlistable = true;
            }
        }
        state.fresh(Instant::now())?.documents.get(id).cloned()
    }
}

impl State {
    /// Counts a read, and says whether a list should answer it.
    fn wants_list(&mut self, now: Instant) -> bool {
        if self.last_read.is_some_and(|last| now.duration_since(last) > QUIET) {
            self.reads = 0;
        }
        self.reads = self.reads.saturating_add(1);
        self.last_read = Some(now);
        self.fresh(now).is_some() || self.may_list()
    }

    fn may_list(&self) -> bool {
        self.may_share() && self.reads > SINGLES
    }

    fn may_share(&self) -> bool {
        !self.unlistable && self.writing == 0
    }

    fn fresh(&self, now: Instant) -> Option<Arc<Listed>> {
        let (at, listed) = self.listed.as_ref()?;
        (now.duration_since(*at) <= KEPT).then(|| listed.clone())
    }

    /// Keeps a list that was begun at this epoch, unless it may miss a write.
    fn keep(&mut self, epoch: u64, listed: Arc<Listed>, now: Instant) {
        self.unlistable |= !listed.complete;
        if self.epoch == epoch && self.writing == 0 {
            self.listed = Some((now, listed));
        }
    }

    fn write(&mut self) {
        self.epoch += 1;
        self.reads = 0;
        self.listed = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::Kind;
    use serde_json::json;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A service with documents `0`…`99` that counts what it is asked.
    #[derive(Default)]
    struct Service {
        gets: AtomicUsize,
        lists: AtomicUsize,
    }

    impl Service {
        async fn get(&self, id: &str) -> Result<Document, Error> {
            self.gets.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            match id.parse::<u32>() {
                Ok(number) if number < 100 => Ok(json!({ "id": id })),
                _ => Err(Error::new(Kind::NotFound, "get", "none")),
            }
        }

        async fn list(&self, complete: bool) -> Result<Listed, Error> {
            self.lists.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            let count = if complete { 100 } else { 10 };
            let documents = (0..count)
                .map(|n| (n.to_string(), json!({ "id": n.to_string() })))
                .collect();
            Ok(Listed { documents, complete })
        }

        fn asked(&self) -> (usize, usize) {
            (self.gets.load(Ordering::Relaxed), self.lists.load(Ordering::Relaxed))
        }
    }

    async fn read(collections: &Collections, service: &Service, id: &str) -> Result<Document, Error> {
        collections
            .read("c", id, || service.get(id), || service.list(true))
            .await
    }

    #[tokio::test]
    async fn many_reads_in_flight_are_one_listing() {
        let (collections, service) = (Collections::default(), Service::default());
        let ids: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let reads = ids.iter().map(|id| read(&collections, &service, id));
        for (found, id) in futures::future::join_all(reads).await.into_iter().zip(&ids) {
            assert_eq!(found.expect("there"), json!({ "id": id }));
        }
        assert_eq!(service.asked(), (SINGLES as usize, 1));
    }

    #[tokio::test]
    async fn few_reads_are_made_one_by_one() {
        let (collections, service) = (Collections::default(), Service::default());
        for id in ["1", "2", "3", "4"] {
            read(&collections, &service, id).await.expect("there");
        }
        assert_eq!(service.asked(), (4, 0));
    }

    #[tokio::test]
    async fn absence_is_the_services_word() {
        let (collections, service) = (Collections::default(), Service::default());
        for id in 0..10 {
            read(&collections, &service, &id.to_string()).await.expect("there");
        }
        let (gets, lists) = service.asked();
        let absent = read(&collections, &service, "gone").await.expect_err("absent");
        assert!(absent.is_not_found());
        assert_eq!(service.asked(), (gets + 1, lists));
    }

    #[tokio::test]
    async fn a_write_drops_the_list() {
        let (collections, service) = (Collections::default(), Service::default());
        for id in 0..10 {
            read(&collections, &service, &id.to_string()).await.expect("there");
        }
        let (gets, lists) = service.asked();
        drop(collections.write("other"));
        read(&collections, &service, "1").await.expect("there");
        assert_eq!(service.asked(), (gets, lists), "another collection's write");
        let writing = collections.write("c");
        for id in 0..10 {
            read(&collections, &service, &id.to_string()).await.expect("there");
        }
        assert_eq!(service.asked(), (gets + 10, lists), "while a write is under way");
        drop(writing);
        for id in 0..10 {
            read(&collections, &service, &id.to_string()).await.expect("there");
        }
        assert_eq!(service.asked(), (gets + 10 + SINGLES as usize, lists + 1));
    }

    #[tokio::test]
    async fn a_list_that_a_write_overtook_is_not_kept() {
        let (collections, service) = (Collections::default(), Service::default());
        let overtaken = || async {
            drop(collections.write("c"));
            service.list(true).await
        };
        for id in 0..10 {
            let id = id.to_string();
            let found = collections.read("c", &id, || service.get(&id), overtaken).await;
            assert_eq!(found.expect("there"), json!({ "id": id }));
        }
        assert_eq!(service.asked(), (10, 2), "every answer is a read after the write");
    }

    #[tokio::test]
    async fn what_cannot_be_listed_is_read_one_by_one() {
        let (collections, service) = (Collections::default(), Service::default());
        let refused = || async {
            service.lists.fetch_add(1, Ordering::Relaxed);
            Err(Error::new(Kind::PermissionDenied, "list", "no"))
        };
        for id in 0..10 {
            let id = id.to_string();
            let found = collections.read("c", &id, || service.get(&id), refused).await;
            assert_eq!(found.expect("there"), json!({ "id": id }));
        }
        assert_eq!(service.asked(), (10, 1));
    }

    #[tokio::test]
    async fn a_collection_too_large_is_listed_once() {
        let (collections, service) = (Collections::default(), Service::default());
        for id in 0..20 {
            let id = id.to_string();
            let found = collections
                .read("c", &id, || service.get(&id), || service.list(false))
                .await;
            assert_eq!(found.expect("there"), json!({ "id": id }));
        }
        assert_eq!(service.asked(), (SINGLES as usize + 10, 1));
    }

    #[tokio::test]
    async fn one_document_is_read_once_until_it_is_written() {
        let (collections, service) = (Collections::default(), Service::default());
        let reads = (0..50).map(|_| collections.read_one("p", || service.get("7")));
        for found in futures::future::join_all(reads).await {
            assert_eq!(found.expect("there"), json!({ "id": "7" }));
        }
        assert_eq!(service.asked(), (1, 0));
        let writing = collections.write("p");
        let reads = (0..3).map(|_| collections.read_one("p", || service.get("7")));
        futures::future::join_all(reads).await;
        assert_eq!(service.asked(), (4, 0), "while a write is under way");
        drop(writing);
        let reads = (0..3).map(|_| collections.read_one("p", || service.get("7")));
        futures::future::join_all(reads).await;
        assert_eq!(service.asked(), (5, 0), "and once after it");
        let reads = (0..3).map(|_| collections.read_one("gone", || service.get("gone")));
        let refused = futures::future::join_all(reads).await;
        assert!(refused.iter().all(Result::is_err));
    }

    #[test]
    fn lists_and_counts_grow_old() {
        let mut state = State::default();
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        let wants = (0..6).map(|_| state.wants_list(start)).collect::<Vec<_>>();
        assert_eq!(wants, [false, false, false, false, true, true]);
        let listed = Listed {
            documents: HashMap::new(),
            complete: true,
        };
        state.keep(state.epoch, Arc::new(listed), start);
        assert!(state.fresh(later(5)).is_some() && state.fresh(later(6)).is_none());
        assert!(state.wants_list(later(8)), "a new list is due");
        assert!(!state.wants_list(later(30)), "counting begins anew");
    }
}
