//! Asking other nodes: requests under way, and their answers put together from pieces. Not here: answering (`answer`).

use crate::frames::{Answer, Request};
use crate::state::{Link, cut};
use crate::{Error, limits};
use async_nats::{Client, Message, StatusCode, Subscriber};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use patchcord_control::regions::NodeId;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::timeout;

/// What comes of a request, before it is known whose it was.
#[derive(Debug)]
enum Came {
    Whole(Bytes),
    Nobody,
    Busy,
    Unanswered,
    TooLarge(usize),
    Malformed,
}

/// One request that waits for its answer.
struct Waiting {
    token: u64,
    limit: usize,
    answer: oneshot::Sender<Came>,
}

/// What this node asks with.
pub(crate) struct Asking {
    client: Client,
    me: NodeId,
    link: watch::Receiver<Link>,
    waiting: mpsc::Sender<Waiting>,
    tokens: AtomicU64,
    under_way: Arc<Semaphore>,
}

/// One request: where, what, how long, and how long its answer may be.
pub(crate) struct Question {
    pub(crate) node: NodeId,
    pub(crate) subject: String,
    pub(crate) bytes: Bytes,
    pub(crate) patience: Duration,
    pub(crate) limit: usize,
}

impl Asking {
    /// With the task that takes in answers from this subscription.
    pub(crate) fn new(
        client: Client,
        me: NodeId,
        link: watch::Receiver<Link>,
        answers: Subscriber,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (waiting, came) = mpsc::channel(limits::ASKED_AT_ONCE);
        let asking = Self {
            client,
            me,
            link,
            waiting,
            tokens: AtomicU64::new(1),
            under_way: Arc::new(Semaphore::new(limits::ASKED_AT_ONCE)),
        };
        (asking, take_in(answers, came))
    }

    /// Asks, and waits for the whole answer. `answer_at` makes the answer's subject of a token.
    pub(crate) async fn ask(&self, question: Question, answer_at: impl FnOnce(u64) -> String) -> Result<Bytes, Error> {
        let (bytes, limit) = (question.bytes.len(), limits::REQUEST_BYTES);
        if bytes > limit {
            let what = "a request";
            return Err(Error::TooLarge { what, bytes, limit });
        }
        let Ok(_under_way) = self.under_way.try_acquire() else {
            return Err(Error::TooMany(limits::ASKED_AT_ONCE));
        };
        let patience = question.patience.min(limits::LONGEST_PATIENCE);
        let (node, longest) = (question.node.clone(), question.limit);
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        let mut link = self.link.clone();
        let came = timeout(patience, self.send(question, patience, token, answer_at(token)));
        tokio::select! {
            came = came => named(came.unwrap_or(Err(Error::TimedOut(patience)))?, node, longest),
            () = cut(&mut link) => Err(Error::Cut),
        }
    }

    async fn send(&self, question: Question, patience: Duration, token: u64, answer_at: String) -> Result<Came, Error> {
        let (answer, came) = oneshot::channel();
        let limit = question.limit;
        let waiting = Waiting { token, limit, answer };
        self.waiting.send(waiting).await.map_err(|_| Error::Left)?;
        let request = Request {
            patience,
            from: self.me.clone(),
            bytes: question.bytes,
        };
        let sent = self
            .client
            .publish_with_reply(question.subject, answer_at, request.write());
        sent.await.map_err(|_| Error::Cut)?;
        came.await.map_err(|_| Error::Left)
    }
}

fn named(came: Came, node: NodeId, limit: usize) -> Result<Bytes, Error> {
    Err(match came {
        Came::Whole(bytes) => return Ok(bytes),
        Came::Nobody => Error::Nobody(node),
        Came::Busy => Error::Busy(node),
        Came::Unanswered => Error::Unanswered(node),
        Came::TooLarge(bytes) => Error::TooLarge {
            what: "the answer",
            bytes,
            limit,
        },
        Came::Malformed => Error::Malformed(node),
    })
}

/// An answer that is not whole yet.
struct Partial {
    answer: oneshot::Sender<Came>,
    limit: usize,
    pieces: u32,
    bytes: BytesMut,
}

/// Gives answers to those who wait for them. Those who do not wait any more are forgotten when the table is twice as long as
/// there can be requests under way.
async fn take_in(mut answers: Subscriber, mut came: mpsc::Receiver<Waiting>) {
    let mut table: HashMap<u64, Partial> = HashMap::new();
    loop {
        tokio::select! {
            // Whoever waits is known before the answer can come.
            biased;
            waiting = came.recv() => {
                let Some(waiting) = waiting else { return };
                if table.len() >= 2 * limits::ASKED_AT_ONCE {
                    table.retain(|_, partial| !partial.answer.is_closed());
                }
                let partial = Partial {
                    answer: waiting.answer,
                    limit: waiting.limit,
                    pieces: 0,
                    bytes: BytesMut::new(),
                };
                table.insert(waiting.token, partial);
            }
            message = answers.next() => {
                let Some(message) = message else { return };
                take_piece(&mut table, &message);
            }
        }
    }
}

fn take_piece(table: &mut HashMap<u64, Partial>, message: &Message) {
    let token = message.subject.rsplit('.').next().and_then(|token| token.parse().ok());
    let Some(token) = token else { return };
    let Some(partial) = table.get_mut(&token) else { return };
    let outcome = match message.status {
        Some(StatusCode::NO_RESPONDERS) => Some(Came::Nobody),
        _ => match Answer::read(message.payload.clone()) {
            Some(answer) => piece(partial, answer),
            None => Some(Came::Malformed),
        },
    };
    let Some(outcome) = outcome else { return };
    if let Some(partial) = table.remove(&token) {
        let _ = partial.answer.send(outcome);
    }
}

/// What the answer is, once that is known.
fn piece(partial: &mut Partial, answer: Answer) -> Option<Came> {
    let (number, bytes, last) = match answer {
        Answer::Busy => return Some(Came::Busy),
        Answer::Unanswered => return Some(Came::Unanswered),
        Answer::TooLarge(bytes) => return Some(Came::TooLarge(usize::try_from(bytes).unwrap_or(usize::MAX))),
        Answer::Piece(number, bytes) => (number, bytes, false),
        Answer::Last(number, bytes) => (number, bytes, true),
    };
    // One piece is missing; without it there is no answer.
    if number != partial.pieces {
        return Some(Came::Malformed);
    }
    let length = partial.bytes.len() + bytes.len();
    if length > partial.limit {
        return Some(Came::TooLarge(length));
    }
    if last && number == 0 {
        return Some(Came::Whole(bytes));
    }
    partial.pieces += 1;
    partial.bytes.extend_from_slice(&bytes);
    last.then(|| Came::Whole(std::mem::take(&mut partial.bytes).freeze()))
}

#[cfg(test)]
mod tests;
