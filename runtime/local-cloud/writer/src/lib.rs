//! One thread that carries out changes in batches: whoever waits at the same time shares a commit, and with it an fsync.
//!
//! It refuses to know what a change is, what it is made to and what a commit does: that is the store's whose writer it is.
//! The stores of the local cloud and of its Pub/Sub depend on it.

use std::error::Error;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is done when the batch of a change is committed, or when that failed: its caller is answered.
pub type Finish<E> = Box<dyn FnOnce(Result<(), E>) + Send>;

/// How much is taken on.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// So many changes may wait; more wait for their turn.
    pub waiting: usize,
    /// So many share a commit at most.
    pub batch: usize,
}

/// A change, and the room that it takes up until its caller is answered.
type Waiting<W> = (W, Option<OwnedSemaphorePermit>);

/// The writing thread, and what waits for it. It ends when this is dropped.
#[derive(Debug)]
pub struct Writer<W> {
    queue: Mutex<Option<Sender<Waiting<W>>>>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<W: Send + 'static> Writer<W> {
    /// Starts the thread. `commit` carries out a batch, in the order in which its changes came, and notes what each wants
    /// to be done in the end; a change that it drops instead is never answered.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start<E>(
        name: &'static str,
        limits: Limits,
        commit: impl FnMut(Vec<W>, &mut Vec<Finish<E>>) -> Result<(), E> + Send + 'static,
    ) -> io::Result<Self>
    where
        E: Error + Clone + 'static,
    {
        let (queue, waiting) = channel();
        let write = move || write_batches(name, limits.batch, &waiting, commit);
        let thread = Builder::new().name(name.to_owned()).spawn(write)?;
        Ok(Writer {
            queue: Mutex::new(Some(queue)),
            room: Arc::new(Semaphore::new(limits.waiting)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Lets a change wait for its turn, once there is room; `false` when the writer is closed.
    pub async fn put(&self, change: W) -> bool {
        match self.room.clone().acquire_owned().await {
            Ok(room) => self.send((change, Some(room))),
            Err(_) => false,
        }
    }

    /// [`Writer::put`] for a thread of its own: it takes up no room, as such threads are few and each waits for its answer.
    pub fn put_from_thread(&self, change: W) -> bool {
        self.send((change, None))
    }

    fn send(&self, waiting: Waiting<W>) -> bool {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().is_some_and(|queue| queue.send(waiting).is_ok())
    }
}

impl<W> Writer<W> {
    /// Waits until what waits is committed and answered, and ends the thread.
    pub fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            drop(thread.join());
        }
    }
}

impl<W> Drop for Writer<W> {
    fn drop(&mut self) {
        self.close();
    }
}

fn write_batches<W, E: Error + Clone + 'static>(
    name: &str,
    most: usize,
    waiting: &Receiver<Waiting<W>>,
    mut commit: impl FnMut(Vec<W>, &mut Vec<Finish<E>>) -> Result<(), E>,
) {
    while let Ok(first) = waiting.recv() {
        let more = waiting.try_iter().take(most.saturating_sub(1));
        let (batch, rooms): (Vec<W>, Vec<_>) = std::iter::once(first).chain(more).unzip();
        let mut finished = Vec::with_capacity(batch.len());
        let committed = commit(batch, &mut finished);
        if let Err(error) = &committed {
            tracing::error!(writer = name, error = error as &dyn Error, "commit failed");
        }
        for finish in finished {
            let committed = committed.clone();
            // One that panics is a defect, but not the end of all others.
            drop(catch_unwind(AssertUnwindSafe(|| finish(committed))));
        }
        drop(rooms);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Full;

    impl fmt::Display for Full {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("the disk is full")
        }
    }

    impl Error for Full {}

    type Answer = Result<usize, Full>;

    type Number = (u32, Sender<Answer>);

    /// A writer of numbers that says when a commit begins, and waits for the word to go on. Each number is answered with the
    /// size of its batch; a batch with a 0 fails, and telling a 13 panics.
    fn writer(limits: Limits) -> (Arc<Writer<Number>>, Receiver<()>, Sender<()>) {
        let (begins, begun) = channel();
        let (go, may_go) = channel();
        let commit = move |batch: Vec<Number>, finished: &mut Vec<Finish<Full>>| {
            begins.send(()).ok();
            may_go.recv().ok();
            let size = batch.len();
            let fails = batch.iter().any(|(number, _)| *number == 0);
            for (number, answer) in batch {
                finished.push(Box::new(move |committed| {
                    assert_ne!(number, 13, "a deliberate panic");
                    drop(answer.send(committed.map(|()| size)));
                }));
            }
            if fails { Err(Full) } else { Ok(()) }
        };
        (
            Arc::new(Writer::start("test-writer", limits, commit).unwrap()),
            begun,
            go,
        )
    }

    #[test]
    fn who_waits_shares_a_commit_and_its_fate() {
        let (writer, begun, go) = writer(Limits { waiting: 9, batch: 3 });
        let put = |number| {
            let (answer, wait) = channel();
            assert!(writer.put_from_thread((number, answer)));
            wait
        };
        let mut waits = vec![put(1)];
        begun.recv().unwrap();
        // The first is on its way alone; these come meanwhile.
        waits.extend([2, 3, 4, 0, 13, 5, 6].map(put));
        drop(go);
        let answers: Vec<_> = waits.iter().map(|wait| wait.recv().ok()).collect();
        let [one, three] = [1, 3].map(|size| Some(Ok(size)));
        let full = Some(Err(Full));
        let wanted = [&one, &three, &three, &three, &full, &None, &full, &one].map(Clone::clone);
        assert_eq!(answers, wanted);
        let late = put(7);
        writer.close();
        assert_eq!(late.recv(), Ok(Ok(1)), "what waits is committed before the end");
        let (answer, _) = channel();
        assert!(!writer.put_from_thread((8, answer)), "it is closed");
    }

    #[test]
    fn more_than_there_is_room_for_waits() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (writer, _begun, go) = writer(Limits { waiting: 2, batch: 1 });
            let (answer, wait) = channel();
            for number in [1, 2] {
                assert!(writer.put((number, answer.clone())).await);
            }
            assert_eq!(writer.room.available_permits(), 0);
            let own = writer.clone();
            let third = tokio::spawn(async move { own.put((3, answer)).await });
            tokio::task::yield_now().await;
            assert!(!third.is_finished(), "there is no room");
            drop(go);
            assert!(third.await.unwrap());
            assert_eq!(wait.iter().take(3).collect::<Vec<_>>(), vec![Ok(1); 3]);
        });
    }
}
