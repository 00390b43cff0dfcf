//! Answering other nodes: requests come in, as many at once as may be, go to the host, and its answers go out in pieces. Not here:
//! what is asked for.

use crate::frames::{Answer, Request};
use crate::limits;
use crate::state::{State, over};
use async_nats::{Client, Message, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use patchcord_control::regions::NodeId;
use std::fmt;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Requests that are being refused at once.
const REFUSALS_AT_ONCE: usize = 256;

/// A request of another node. Dropped without an answer, it is unanswered to whoever asked. Its
/// `Debug` hides the bytes, as for all that nodes tell each other.
pub struct Asked {
    /// Who asks, in its own words: nodes of a cluster believe each other.
    pub from: NodeId,
    /// What for: the last part of the subject, as the asking host named it.
    pub kind: String,
    /// The request, at most [`limits::REQUEST_BYTES`].
    pub bytes: Bytes,
    answer: oneshot::Sender<Bytes>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, kind, bytes) = (&self.from, &self.kind, self.bytes.len());
        write!(f, "Asked {{ from: {from}, kind: {kind}, {bytes} bytes }}")
    }
}

impl Asked {
    /// Whether the other node still waits.
    pub fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    /// Answers, without waiting for anything. An answer of more than [`limits::ANSWER_BYTES`] ([`limits::SNAPSHOT_BYTES`] for a
    /// snapshot) is not sent; the other node hears how long it was.
    pub fn answer(self, bytes: Bytes) {
        let _ = self.answer.send(bytes);
    }
}

/// How one subject is answered.
pub(crate) struct Answering {
    pub(crate) client: Client,
    pub(crate) asked: Subscriber,
    pub(crate) state: watch::Receiver<State>,
    /// The host takes them from here. As many wait as may be answered at once.
    pub(crate) host: mpsc::Sender<Asked>,
    pub(crate) at_once: usize,
    /// As many as may come yet.
    pub(crate) free: Arc<Semaphore>,
    /// Bytes of an answer.
    pub(crate) limit: usize,
}

impl Answering {
    /// Until the node is not that node any more.
    pub(crate) async fn run(mut self) {
        let mut under_way = JoinSet::new();
        let mut state = self.state.clone();
        loop {
            tokio::select! {
                message = self.asked.next() => {
                    let Some(message) = message else { return };
                    self.take(message, &mut under_way);
                }
                Some(_) = under_way.join_next() => {}
                () = over(&mut state) => return,
            }
        }
    }

    /// Gives a request to the host, or refuses it.
    fn take(&self, message: Message, under_way: &mut JoinSet<()>) {
        let Some(at) = message.reply else { return };
        let Some(request) = Request::read(message.payload) else {
            return;
        };
        let patience = request.patience.min(limits::LONGEST_PATIENCE);
        let kind = message.subject.rsplit('.').next().unwrap_or_default().to_owned();
        let (answer, answered) = oneshot::channel();
        let asked = Asked {
            from: request.from,
            kind,
            bytes: request.bytes,
            answer,
        };
        let client = self.client.clone();
        let refusal = match self.free.clone().try_acquire_owned() {
            Err(_) => Answer::Busy,
            Ok(free) => match self.host.try_send(asked) {
                Ok(()) => {
                    let limit = self.limit;
                    under_way.spawn(async move {
                        let _ = timeout(patience, reply(client, at, answered, limit)).await;
                        drop(free);
                    });
                    return;
                }
                Err(mpsc::error::TrySendError::Full(_)) => Answer::Busy,
                Err(mpsc::error::TrySendError::Closed(_)) => Answer::Unanswered,
            },
        };
        // Refusals are quick, but not without end either: beyond it, whoever asks runs into its own time-out.
        if under_way.len() < REFUSALS_AT_ONCE + self.at_once {
            under_way.spawn(async move {
                let _ = timeout(patience, client.publish(at, refusal.write())).await;
            });
        }
    }
}

/// Waits for the host's answer and sends it.
async fn reply(client: Client, at: Subject, answered: oneshot::Receiver<Bytes>, limit: usize) {
    let answer = match answered.await {
        Ok(bytes) if bytes.len() <= limit => return pieces(&client, &at, bytes).await,
        Ok(bytes) => Answer::TooLarge(bytes.len() as u64),
        Err(_) => Answer::Unanswered,
    };
    let _ = client.publish(at, answer.write()).await;
}

/// One after the other; each is on its way before the next is given to the client, so that others get between.
async fn pieces(client: &Client, at: &Subject, mut bytes: Bytes) {
    let mut number = 0;
    while bytes.len() > limits::PIECE_BYTES {
        let piece = bytes.split_to(limits::PIECE_BYTES);
        let sent = client.publish(at.clone(), Answer::Piece(number, piece).write()).await;
        if sent.is_err() || client.flush().await.is_err() {
            return;
        }
        number += 1;
    }
    let _ = client.publish(at.clone(), Answer::Last(number, bytes).write()).await;
}
