//! Changes that many want of one document, such as members of one policy: made by one at a time, all that wait at once.
//! Knows neither HTTP nor services.
//!
//! Whoever has the turn takes the changes of all who wait, makes them in one read and one write, and answers everyone.
//! When the service refuses the whole, each is made alone, so that only what is wrong fails.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::Document;
use crate::errors::Error;

/// Changes a document, and says whether there is anything to write.
pub(crate) type Change = Arc<dyn Fn(&mut Document) -> bool + Send + Sync>;

/// The lines before the documents of this process.
#[derive(Default)]
pub(crate) struct Turns {
    lines: Mutex<HashMap<String, Arc<Line>>>,
}

#[derive(Default)]
struct Line {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

struct Waiting {
    change: Change,
    answer: oneshot::Sender<Made>,
}

/// What became of a change that somebody else made.
enum Made {
    Done(Document),
    /// With others it was refused.
    Alone,
}

impl Turns {
    /// Makes a change with all others that wait for the same document. `write` takes the changes and makes them one after
    /// another, in one read and one write.
    pub async fn change<W>(
        &self,
        document: String,
        change: Change,
        write: impl Fn(Vec<Change>) -> W,
    ) -> Result<Document, Error>
    where
        W: Future<Output = Result<Document, Error>>,
    {
        let line = self.line(document);
        loop {
            let (answer, mut answered) = oneshot::channel();
            line.waiting().push(Waiting {
                change: change.clone(),
                answer,
            });
            let _turn = line.turn.lock().await;
            match answered.try_recv() {
                Ok(Made::Done(document)) => return Ok(document),
                Ok(Made::Alone) => return write(vec![change]).await,
                // Whoever had the turn gave up amid it.
                Err(oneshot::error::TryRecvError::Closed) => continue,
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            // Whoever does not wait any more wants nothing any more.
            let mut all = std::mem::take(&mut *line.waiting());
            all.retain(|waiting| !waiting.answer.is_closed());
            let made = write(all.iter().map(|waiting| waiting.change.clone()).collect()).await;
            answered.close();
            let alone = all.len() == 1;
            for waiting in all {
                let answer = match &made {
                    Ok(document) => Made::Done(document.clone()),
                    Err(_) => Made::Alone,
                };
                // Those who are gone need no answer, nor does this one.
                drop(waiting.answer.send(answer));
            }
            return match made {
                Err(_) if !alone => write(vec![change]).await,
                made => made,
            };
        }
    }

    fn line(&self, document: String) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.entry(document).or_default().clone()
    }
}

impl Line {
    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::Kind;
    use serde_json::json;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    /// A document with members that refuses one of them, and counts how often it is written.
    #[derive(Default)]
    struct Service {
        members: Mutex<Vec<usize>>,
        writes: AtomicUsize,
    }

    const REFUSED: usize = 13;

    impl Service {
        async fn write(&self, changes: Vec<Change>) -> Result<Document, Error> {
            let mut document = json!([]);
            for change in changes {
                change(&mut document);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.writes.fetch_add(1, Ordering::Relaxed);
            let added = document.as_array().into_iter().flatten();
            let added: Vec<usize> = added
                .filter_map(serde_json::Value::as_u64)
                .filter_map(|n| n.try_into().ok())
                .collect();
            if added.contains(&REFUSED) {
                return Err(Error::new(Kind::Invalid, "write", "unlucky"));
            }
            let mut members = self.members.lock().expect("no writer panics");
            members.extend(added);
            Ok(json!(*members))
        }

        fn members(&self) -> Vec<usize> {
            let mut members = self.members.lock().expect("no writer panics").clone();
            members.sort_unstable();
            members
        }
    }

    async fn add(turns: &Turns, service: &Service, member: usize) -> Result<Document, Error> {
        let change: Change = Arc::new(move |document: &mut Document| {
            let members = document.as_array_mut();
            members.is_some_and(|members| {
                members.push(member.into());
                true
            })
        });
        turns
            .change("p".to_owned(), change, |changes| service.write(changes))
            .await
    }

    #[tokio::test]
    async fn who_waits_is_served_with_the_others() {
        let (turns, service) = (Turns::default(), Service::default());
        let adds = (100..300).map(|member| add(&turns, &service, member));
        for (added, member) in futures::future::join_all(adds).await.into_iter().zip(100_u64..) {
            let members = added.expect("added");
            assert!(members.as_array().expect("a list").contains(&member.into()));
        }
        assert_eq!(service.members(), (100..300).collect::<Vec<_>>());
        assert_eq!(
            service.writes.load(Ordering::Relaxed),
            2,
            "the first, and all who came meanwhile"
        );
    }

    #[tokio::test]
    async fn one_that_is_wrong_fails_alone() {
        let (turns, service) = (Turns::default(), Service::default());
        let adds = (10..20).map(|member| add(&turns, &service, member));
        for (added, member) in futures::future::join_all(adds).await.into_iter().zip(10..) {
            assert_eq!(added.is_err(), member == REFUSED, "{member}");
        }
        let rest: Vec<usize> = (10..20).filter(|member| *member != REFUSED).collect();
        assert_eq!(service.members(), rest);
        assert_eq!(service.writes.load(Ordering::Relaxed), 11);
    }

    #[tokio::test]
    async fn who_gives_up_takes_nobody_with_them() {
        let (turns, service) = (Turns::default(), Service::default());
        let mut first = Box::pin(add(&turns, &service, 1));
        assert!(futures::poll!(&mut first).is_pending());
        let mut second = Box::pin(add(&turns, &service, 2));
        let mut third = Box::pin(add(&turns, &service, 3));
        let mut last = Box::pin(add(&turns, &service, 4));
        for waiting in [&mut second, &mut third, &mut last] {
            assert!(futures::poll!(waiting).is_pending());
        }
        first.await.expect("added");
        // The second has the turn for all three, and is dropped amid it; so is the third while it waits.
        assert!(futures::poll!(&mut second).is_pending());
        drop(second);
        drop(third);
        last.await.expect("added");
        assert_eq!(service.members(), [1, 4]);
    }
}
