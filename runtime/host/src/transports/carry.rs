//! The life of an open connection, the same for every transport: what comes goes to the shards, what waits is written,
//! and whoever keeps us waiting too long is hung up on. Not here: how a transport reads and writes ([`Pipe`]).

use super::connections::{Ended, Link, Opened};
use super::desk::Desk;
use patchcord_sip::border::NodeName;
use patchcord_sip::stream::PONG;
use patchcord_sip::{Flow, Proven};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// How long an end may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// Pieces read before others get their turn.
const READS_PER_TURN: usize = 16;

/// How long a peer may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// To accept a connection of ours; with a second server in the list, this is what a caller waits.
    pub(crate) connect: Duration,
    /// For the handshakes of TLS and WebSocket.
    pub(crate) handshake: Duration,
    /// From there to its first message, if the peer opened the connection.
    pub(crate) first_message: Duration,
    /// From the first byte of a message to its last.
    pub(crate) message: Duration,
    /// To take a message of ours.
    pub(crate) write: Duration,
    /// Between two messages or pings. Beyond the longest usual registration, which may live on a connection without pings.
    pub(crate) idle: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            handshake: Duration::from_secs(10),
            first_message: Duration::from_secs(30),
            message: Duration::from_secs(10),
            write: Duration::from_secs(10),
            idle: Duration::from_secs(65 * 60),
        }
    }
}

/// Something came.
pub(super) enum Came {
    /// A whole message.
    Message(Vec<u8>),
    /// A question whether we live, to be answered with [`PONG`].
    Ping,
    /// Something else that is complete, such as an answer to a ping.
    Other,
    /// A piece of something.
    Piece,
}

/// What reads and writes one connection.
pub(super) trait Pipe {
    /// What came next.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Came, Ended>>;
    /// Whether a message has begun and not ended.
    fn is_mid_message(&self) -> bool;
    /// Begins to write a message. Only after [`Pipe::poll_written`] was ready.
    fn begin(&mut self, message: Arc<[u8]>) -> Result<(), Ended>;
    /// Ready once what was begun is with the kernel.
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Ended>>;
    /// Ready once the end is said.
    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()>;
}

/// Who has the other end of a connection.
#[derive(Clone, Copy)]
pub(super) enum Whose<'a> {
    /// Each message has to prove it.
    Anybodys,
    /// A client that has proved who it is: its messages carry that.
    Client(&'a Arc<Proven>),
    /// A node that has proved which it is, and the way it is known by.
    Node(&'a NodeName, Flow),
}

/// Carries messages both ways until the connection ends.
pub(super) async fn carry(mut pipe: impl Pipe, (link, whose): (&Link, Whose<'_>), desk: &Desk) -> Ended {
    let mut patience = Patience::new(desk.times, link.opened());
    let mut alarm = pin!(tokio::time::sleep_until(patience.deadline().0));
    let why = loop {
        let step = poll_fn(|context| step(&mut pipe, link, &mut patience, alarm.as_mut(), context));
        match step.await {
            Ok(Came::Message(bytes)) => {
                desk.figures.received.one();
                desk.deal(link.flow(), &bytes, whose).await;
            }
            Ok(Came::Ping) => {
                desk.figures.pings.one();
                // If there is no room for it, the next step ends the connection.
                let _ = link.put(PONG);
            }
            Ok(Came::Other | Came::Piece) => {}
            Err(why) => break why,
        }
    };
    // The peer need not hear it.
    let _ = tokio::time::timeout(GOODBYE, poll_fn(|context| pipe.poll_close(context))).await;
    why
}

fn step(
    pipe: &mut impl Pipe,
    link: &Link,
    patience: &mut Patience,
    mut alarm: Pin<&mut Sleep>,
    context: &mut Context<'_>,
) -> Poll<Result<Came, Ended>> {
    if let Poll::Ready(why) = link.poll_ended(context) {
        return Poll::Ready(Err(why));
    }
    if let Poll::Ready(why) = write(pipe, link, patience, context) {
        return Poll::Ready(Err(why));
    }
    if let Poll::Ready(came) = read(pipe, patience, context) {
        return Poll::Ready(came);
    }
    let (at, why) = patience.deadline();
    if at <= Instant::now() {
        return Poll::Ready(Err(why));
    }
    // An alarm that is too early does no harm; one that is too late would.
    if alarm.is_elapsed() || at < alarm.deadline() {
        alarm.as_mut().reset(at);
    }
    if alarm.poll(context).is_ready() {
        context.waker().wake_by_ref();
    }
    Poll::Pending
}

/// Writes what waits; ready with the reason why the connection is over.
fn write(pipe: &mut impl Pipe, link: &Link, patience: &mut Patience, context: &mut Context<'_>) -> Poll<Ended> {
    loop {
        match pipe.poll_written(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(why)) => return Poll::Ready(why),
            Poll::Ready(Ok(())) => patience.written(),
        }
        match link.poll_next(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(why)) => return Poll::Ready(why),
            Poll::Ready(Ok(message)) => {
                patience.writes();
                if let Err(why) = pipe.begin(message) {
                    return Poll::Ready(why);
                }
            }
        }
    }
}

fn read(pipe: &mut impl Pipe, patience: &mut Patience, context: &mut Context<'_>) -> Poll<Result<Came, Ended>> {
    for _ in 0..READS_PER_TURN {
        match pipe.poll_receive(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(why)) => return Poll::Ready(Err(why)),
            Poll::Ready(Ok(came)) => {
                patience.heard(&came, pipe.is_mid_message());
                if !matches!(came, Came::Piece) {
                    return Poll::Ready(Ok(came));
                }
            }
        }
    }
    context.waker().wake_by_ref();
    Poll::Pending
}

/// How long the peer may still take for what it is about.
struct Patience {
    times: Times,
    /// When the connection came, until a first message came on it.
    untried: Option<Instant>,
    message: Option<Instant>,
    write: Option<Instant>,
    used: Instant,
}

impl Patience {
    fn new(times: Times, opened: Opened) -> Self {
        let now = Instant::now();
        Self {
            times,
            untried: (opened == Opened::ByPeer).then_some(now),
            message: None,
            write: None,
            used: now,
        }
    }

    fn heard(&mut self, came: &Came, mid_message: bool) {
        let now = Instant::now();
        match came {
            Came::Piece => {}
            Came::Message(_) => {
                self.untried = None;
                self.message = None;
                self.used = now;
            }
            Came::Ping | Came::Other => self.used = now,
        }
        if mid_message {
            self.message.get_or_insert(now);
        } else {
            self.message = None;
        }
    }

    fn writes(&mut self) {
        let now = Instant::now();
        self.write = Some(now);
        self.used = now;
    }

    fn written(&mut self) {
        self.write = None;
    }

    /// When it is enough, and of what.
    fn deadline(&self) -> (Instant, Ended) {
        let stalled = [
            self.untried.map(|at| at + self.times.first_message),
            self.message.map(|at| at + self.times.message),
            self.write.map(|at| at + self.times.write),
        ];
        let stalled = stalled.into_iter().flatten().map(|at| (at, Ended::Stalled));
        let idle = (self.used + self.times.idle, Ended::Idle);
        stalled.chain([idle]).min_by_key(|(at, _)| *at).unwrap_or(idle)
    }
}
