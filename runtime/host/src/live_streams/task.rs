//! The task of one stream or recognition: it carries out what its [`Conversation`] wants and tells it what happens. It never waits for the server
//! to read, nor for a media thread.

use super::client::Socket;
use super::{Desk, ToTask};
use futures_util::{Sink, SinkExt, Stream as _};
use patchcord_control::words::StreamEnd;
use patchcord_media::{Command, LiveId, LiveOrder};
use patchcord_switch::stream::{CLOSE_TIME, Conversation, Failure, Input, Output};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

/// How often a server is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(10);
/// A server that sends nothing for so long, not even the answer to a ping, is gone.
const SILENT: Duration = Duration::from_secs(30);
/// How long orders for a media thread wait for the next ones to go with: a media thread looks as often.
const ORDERS_EVERY: Duration = Duration::from_millis(5);
/// Orders handed over at a time.
const ORDERS_AT_ONCE: usize = 16;

type Opening = Pin<Box<dyn Future<Output = Result<Socket, Failure>> + Send>>;

/// A stream and its connection.
pub(super) struct Task {
    desk: Arc<Desk>,
    shard: usize,
    stream: Conversation,
    told: mpsc::Receiver<ToTask>,
    opening: Option<Opening>,
    line: Option<Line>,
    /// An order that found no room.
    held: Option<LiveOrder>,
    orders_at: Instant,
}

/// A connection that is open.
struct Line {
    socket: Socket,
    ping_at: Instant,
    ping: Ping,
    /// When it last showed that it is there.
    heard: Instant,
}

/// Whether the server is to be asked if it is there. That waits, as all else, until what was written before is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ping {
    Due,
    Sent,
}

/// Something came on a connection.
enum Came {
    Text(String),
    /// A frame that is no text.
    Other,
    /// A ping or the answer to one.
    Sign,
    Gone,
}

impl Task {
    pub(super) fn new(desk: Arc<Desk>, shard: usize, stream: Conversation, told: mpsc::Receiver<ToTask>) -> Self {
        let now = Instant::now();
        Self {
            desk,
            shard,
            stream,
            told,
            opening: None,
            line: None,
            held: None,
            orders_at: now,
        }
    }

    pub(super) async fn run(mut self) {
        while !self.carry_out().await {
            let wake = self.wake_at().unwrap_or_else(|| Instant::now() + SILENT);
            tokio::select! {
                told = self.told.recv() => self.take(told),
                opened = opened(&mut self.opening) => self.opened(opened),
                came = came(&mut self.line, &mut self.stream) => self.came(came),
                () = tokio::time::sleep_until(wake.into()) => self.deadline(),
            }
        }
        self.close().await;
    }

    /// Does what the stream wants; true at its end.
    async fn carry_out(&mut self) -> bool {
        while let Some(output) = self.stream.poll() {
            match output {
                Output::Connect => {
                    self.line = None;
                    let (desk, url) = (self.desk.clone(), self.stream.url().cloned());
                    self.opening = Some(Box::pin(async move { desk.open(url).await }));
                }
                Output::Tell(signal) => self.desk.tell(self.shard, self.stream.key(), &signal).await,
                Output::TellHeard(signal) => self.desk.tell_heard(self.shard, self.stream.key(), &signal).await,
                Output::Close => return true,
            }
        }
        if Instant::now() >= self.orders_at {
            self.hand_over_orders();
        }
        false
    }

    /// Hands live orders to the media thread, or keeps them for a moment.
    fn hand_over_orders(&mut self) {
        self.orders_at = Instant::now() + ORDERS_EVERY;
        for _ in 0..ORDERS_AT_ONCE {
            let Some(order) = self.held.take().or_else(|| self.stream.next_order()) else {
                return;
            };
            let Some((session, thread)) = self.stream.plays_to() else {
                return;
            };
            let command = Command::Live {
                session,
                live: LiveId(self.stream.key().0),
                order,
            };
            if let Err(Command::Live { order, .. }) = self.desk.media[thread].try_command(command) {
                self.held = Some(order);
                return;
            }
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        let orders = (self.held.is_some() || self.stream.has_orders()).then_some(self.orders_at);
        let line = self.line.as_ref().map(|line| line.ping_at.min(line.heard + SILENT));
        [self.stream.wake_at(), orders, line].into_iter().flatten().min()
    }

    fn handle(&mut self, input: Input<'_>) {
        self.stream.handle(Instant::now(), input);
    }

    fn take(&mut self, told: Option<ToTask>) {
        match told {
            Some(ToTask::Heard(frame)) => self.handle(Input::Heard(&frame.tapped())),
            Some(ToTask::Live(event)) => self.handle(Input::Live(event)),
            Some(ToTask::Key(key)) => self.handle(Input::Key(key)),
            Some(ToTask::Send(text)) => self.handle(Input::Send(text)),
            Some(ToTask::End(why)) => self.handle(Input::End(why)),
            // Nobody feeds it any more.
            None => self.handle(Input::End(StreamEnd::Lost)),
        }
    }

    fn opened(&mut self, opened: Result<Socket, Failure>) {
        self.opening = None;
        let figures = &self.desk.figures;
        match opened {
            Ok(socket) => {
                figures.connected.one();
                let now = Instant::now();
                self.line = Some(Line {
                    socket,
                    ping_at: now + PING_EVERY,
                    ping: Ping::Sent,
                    heard: now,
                });
                self.handle(Input::Opened);
            }
            Err(why) => {
                figures.not_connected.one();
                self.handle(Input::Failed(why));
            }
        }
    }

    fn came(&mut self, came: Came) {
        if let Some(line) = self.line.as_mut() {
            line.heard = Instant::now();
        }
        match came {
            Came::Text(text) => self.handle(Input::Text(&text)),
            // No message of the protocol.
            Came::Other => self.handle(Input::Text("")),
            Came::Sign => {}
            Came::Gone => {
                self.line = None;
                self.handle(Input::Closed);
            }
        }
    }

    fn deadline(&mut self) {
        let now = Instant::now();
        if let Some(line) = self.line.as_mut()
            && now >= line.ping_at
        {
            (line.ping, line.ping_at) = (Ping::Due, now + PING_EVERY);
        }
        if self.line.as_ref().is_some_and(|line| now >= line.heard + SILENT) {
            self.line = None;
            self.handle(Input::Closed);
        }
        self.handle(Input::Deadline);
    }

    /// Says the last words and closes the connection, if the server takes part in that in time.
    async fn close(mut self) {
        while self.held.is_some() || self.stream.has_orders() {
            tokio::time::sleep(ORDERS_EVERY).await;
            self.hand_over_orders();
        }
        let Some(mut line) = self.line.take() else { return };
        let last_words = async {
            while let Some(text) = self.stream.next_text() {
                line.socket.send(Message::text(text)).await?;
            }
            line.socket.close(None).await
        };
        // Whether it heard them or not, the stream is over.
        let _ = tokio::time::timeout(CLOSE_TIME, last_words).await;
    }
}

/// The connection that is being opened, once it is; never if none is.
async fn opened(opening: &mut Option<Opening>) -> Result<Socket, Failure> {
    match opening {
        Some(opening) => opening.await,
        None => std::future::pending().await,
    }
}

/// What comes on the connection; meanwhile what the stream has to say is written as far as the server takes it.
async fn came(line: &mut Option<Line>, stream: &mut Conversation) -> Came {
    let Some(line) = line else {
        return std::future::pending().await;
    };
    std::future::poll_fn(|context| line.poll(stream, context)).await
}

impl Line {
    fn poll(&mut self, stream: &mut Conversation, context: &mut Context<'_>) -> Poll<Came> {
        let mut socket = Pin::new(&mut self.socket);
        loop {
            match socket.as_mut().poll_ready(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(Came::Gone),
                Poll::Pending => break,
            }
            let message = match std::mem::replace(&mut self.ping, Ping::Sent) {
                Ping::Due => Message::Ping(Vec::new().into()),
                Ping::Sent => match stream.next_text() {
                    Some(text) => Message::text(text),
                    None => break,
                },
            };
            if socket.as_mut().start_send(message).is_err() {
                return Poll::Ready(Came::Gone);
            }
        }
        if let Poll::Ready(Err(_)) = socket.as_mut().poll_flush(context) {
            return Poll::Ready(Came::Gone);
        }
        socket.poll_next(context).map(|message| match message {
            Some(Ok(Message::Text(text))) => Came::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => Came::Other,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Came::Sign,
            Some(Ok(Message::Close(_)) | Err(_)) | None => Came::Gone,
        })
    }
}
