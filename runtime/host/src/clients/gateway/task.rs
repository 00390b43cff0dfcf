//! The task of a session: its connection, as long as it has one, its clock, its way to the shards and from them. Not here: what a
//! session does (`core`).

use super::core::{Beginning, Core, Input, Output};
use super::message::{FromClient, Hello, Refused, Said, Say, is_instance};
use super::sessions::{Hash, Sessions};
use super::{VERSION, close};
use crate::clients::ice::ClientIce;
use crate::clients::signing_keys::{FRESH, SigningKeys};
use crate::clients::token::{Token, TokenError};
use crate::deployments::now_ms;
use crate::presence::{PresenceQueue, PresenceReader, Reading};
use crate::transports::StreamFigures;
use futures_util::{SinkExt, StreamExt};
use patchcord_control::ids::Tenant;
use patchcord_sip::{Flow, Proven};
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// How long a client may take to say hello, and to take a message of ours.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that may wait to take over one session; one more finds that it is over.
const HANDOVERS: usize = 4;

/// Bytes both ways, secured or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The connection of a client.
pub(crate) type Socket = WebSocketStream<Box<dyn Stream>>;

/// A connection that takes over a session.
pub(crate) struct Handover {
    socket: Socket,
    /// The last message of ours that its client has.
    received: u64,
}

/// The way of a session to the shards.
pub(crate) trait Way {
    /// Hands over a message of the session's.
    async fn deal(&self, bytes: &[u8], proven: &Arc<Proven>);
    /// The next message for it; none once the way is closed.
    async fn next(&self) -> Option<Arc<[u8]>>;
}

/// What all sessions share.
pub(crate) struct Gateway {
    pub(crate) signing: Arc<SigningKeys>,
    pub(crate) sessions: Sessions,
    /// Who can be reached.
    pub(crate) presence: PresenceQueue,
    pub(crate) ice: Arc<ClientIce>,
    pub(crate) figures: Arc<StreamFigures>,
}

/// Serves a connection: a new session to its end, or one that is taken over, which goes on elsewhere.
pub(crate) async fn serve(
    gateway: &Gateway,
    way: &impl Way,
    flow: Flow,
    (mut socket, bearer): (Socket, Option<String>),
) {
    let hello = match timeout(PATIENCE, hello(&mut socket)).await {
        Ok(Some(Ok(hello))) => hello,
        Ok(Some(Err(()))) => {
            let why = "the first message is hello, with the version 1";
            return refuse(socket, (Refused::Malformed.code(), why), close::PROTOCOL).await;
        }
        Ok(None) | Err(_) => return,
    };
    if let Some(secret) = &hello.0.resume {
        return match gateway.sessions.take(secret) {
            Ok(session) => hand_over(&session, socket, hello.1).await,
            Err(why) => refuse(socket, (why.code(), why.message()), close::RESUME).await,
        };
    }
    let checked = match bearer.or(hello.0.token) {
        Some(token) => gateway.signing.check(&token).await,
        None => Err(TokenError::Malformed("there is none")),
    };
    let token = match checked {
        Ok(token) => token,
        Err(why) => {
            gateway.figures.tokens.refused(why);
            return refuse(socket, (why.code(), &why.to_string()), close::TOKEN).await;
        }
    };
    let instance = hello.0.instance.filter(|name| is_instance(name));
    if let Some(session) = Session::new(gateway, way, (token, instance), (flow, socket)) {
        session.run().await;
    }
}

/// The first message, and the number of the last of ours that the client has; an error if it is another, none if there is none.
async fn hello(socket: &mut Socket) -> Option<Result<(Hello, u64), ()>> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => {
                let read = serde_json::from_str::<FromClient>(&text).ok();
                return Some(match read {
                    Some(FromClient {
                        what: Said::Hello(hello),
                        received,
                        ..
                    }) if hello.version == VERSION => Ok((hello, received.unwrap_or(0))),
                    _ => Err(()),
                });
            }
            Message::Ping(_) | Message::Pong(_) => {}
            _ => return Some(Err(())),
        }
    }
}

/// Says what is wrong and closes.
async fn refuse(mut socket: Socket, (code, message): (&str, &str), number: u16) {
    let text = Say::Error {
        code,
        message,
        call: None,
        of: None,
    };
    // It is refused whether it hears it or not.
    let _ = timeout(PATIENCE, socket.send(Message::text(text.text(None)))).await;
    shut(socket, number, code).await;
}

async fn shut(mut socket: Socket, number: u16, reason: &str) {
    let frame = CloseFrame {
        code: CloseCode::from(number),
        reason: Utf8Bytes::from(reason),
    };
    let _ = timeout(PATIENCE, socket.close(Some(frame))).await;
}

async fn hand_over(session: &mpsc::Sender<Handover>, socket: Socket, received: u64) {
    let over = match session.try_send(Handover { socket, received }) {
        Ok(()) => return,
        Err(mpsc::error::TrySendError::Full(over) | mpsc::error::TrySendError::Closed(over)) => over,
    };
    let why = super::sessions::NotResumed::Over;
    refuse(over.socket, (why.code(), why.message()), close::RESUME).await;
}

/// A session and its connection.
struct Session<'a, W> {
    gateway: &'a Gateway,
    way: &'a W,
    core: Core,
    socket: Option<Socket>,
    /// Whoever takes it over; and the way to say so, which stands in the table.
    takers: (mpsc::Sender<Handover>, mpsc::Receiver<Handover>),
    secret: Option<Hash>,
    /// Of those whom it watches.
    watch: Option<PresenceReader>,
}

/// What happened.
enum Happened {
    Text(Utf8Bytes),
    Sip(Arc<[u8]>),
    Lost,
    /// Its page is closed.
    Gone,
    Taken(Handover),
    Seen(Reading),
    Revoked,
    Stopping,
    Time,
    /// Something that says nothing.
    Other,
}

impl<W> Drop for Session<'_, W> {
    fn drop(&mut self) {
        self.gateway.sessions.end(self.secret);
    }
}

impl<'a, W: Way> Session<'a, W> {
    /// None if the system has no randomness.
    fn new(
        gateway: &'a Gateway,
        way: &'a W,
        (token, instance): (Token, Option<String>),
        (flow, socket): (Flow, Socket),
    ) -> Option<Self> {
        let takers = mpsc::channel(HANDOVERS);
        let (secret, hash) = gateway.sessions.issue(None, &takers.0).ok()?;
        let now = Instant::now();
        let beginning = Beginning {
            proven: token.proven(now, now_ms()),
            token,
            instance,
            secret: &secret,
            seed: getrandom::u64().ok()?,
            flow,
            ice: gateway.ice.clone(),
        };
        Some(Self {
            gateway,
            way,
            core: Core::new(now, beginning),
            socket: Some(socket),
            takers,
            secret: Some(hash),
            watch: None,
        })
    }

    async fn run(mut self) {
        let mut look = Box::pin(sleep(FRESH));
        loop {
            if self.drain().await == Course::Over {
                return;
            }
            let happened = tokio::select! {
                said = next(&mut self.socket) => said,
                message = self.way.next() => message.map_or(Happened::Stopping, Happened::Sip),
                // Without a connection the newest of each waits where it is.
                seen = news(&mut self.watch), if self.core.is_connected() => Happened::Seen(seen),
                taker = self.takers.1.recv() => taker.map_or(Happened::Other, Happened::Taken),
                () = until(self.core.wake_at()) => Happened::Time,
                () = &mut look => {
                    look = Box::pin(sleep(FRESH));
                    match self.gateway.signing.still_counts(self.core.token()).await {
                        true => Happened::Other,
                        false => Happened::Revoked,
                    }
                }
            };
            self.take(happened).await;
        }
    }

    async fn take(&mut self, happened: Happened) {
        let now = Instant::now();
        match happened {
            Happened::Text(text) => self.core.handle(now, Input::Text(&text)),
            Happened::Sip(bytes) => self.core.handle(now, Input::Sip(&bytes)),
            Happened::Lost => {
                self.socket = None;
                self.core.handle(now, Input::Lost);
            }
            Happened::Gone => {
                self.socket = None;
                self.core.handle(now, Input::Gone);
            }
            Happened::Taken(by) => self.taken(by).await,
            Happened::Seen(views) => self.core.handle(now, Input::Changed(&views)),
            Happened::Revoked => self.core.handle(now, Input::Revoked),
            Happened::Stopping => self.core.handle(now, Input::Stopping),
            Happened::Time => self.core.handle(now, Input::Deadline),
            Happened::Other => {}
        }
    }

    /// Another connection takes the place of the one before.
    async fn taken(&mut self, by: Handover) {
        let issued = self.gateway.sessions.issue(self.secret, &self.takers.0);
        let Ok((secret, hash)) = issued else { return };
        self.secret = Some(hash);
        if let Some(before) = self.socket.replace(by.socket) {
            shut(before, close::TAKEN_OVER, "another connection has taken over").await;
        }
        self.core.handle(Instant::now(), Input::Resumed(by.received, &secret));
    }

    /// Carries out what the session wants.
    async fn drain(&mut self) -> Course {
        while let Some(output) = self.core.poll() {
            match output {
                Output::Sip(bytes) => {
                    let proven = self.core.proven().clone();
                    self.way.deal(&bytes, &proven).await;
                }
                Output::Text(text) => self.write(text).await,
                Output::Check(token) => {
                    let checked = self.gateway.signing.check(&token).await;
                    let now = Instant::now();
                    let checked = checked.map(|token| {
                        let proven = token.proven(now, now_ms());
                        (token, proven)
                    });
                    self.core.handle(now, Input::Checked(checked));
                }
                Output::Publish(of, status) => {
                    let (tenant, identity) = self.who();
                    let said = self
                        .gateway
                        .presence
                        .publish(&tenant, &identity, &self.core.instance(), status);
                    self.core.handle(Instant::now(), Input::Presented(of, said.map(drop)));
                }
                Output::Watch(of, identities) => {
                    let (tenant, _) = self.who();
                    let names = identities.iter().map(String::as_str);
                    // Whom it watched before it watches no more, whatever comes of this.
                    self.watch = None;
                    let watch = match identities.is_empty() {
                        true => Ok(None),
                        false => self.gateway.presence.watch(&tenant, names).map(Some),
                    };
                    let done = watch.map(|watch| self.watch = watch);
                    self.core.handle(Instant::now(), Input::Presented(of, done));
                }
                Output::Refused(why) => self.gateway.figures.tokens.refused(why),
                Output::Close(number, reason) => {
                    if let Some(socket) = self.socket.take() {
                        shut(socket, number, reason).await;
                    }
                }
                Output::Over => return Course::Over,
            }
        }
        Course::On
    }

    /// Whose it is.
    fn who(&self) -> (Tenant, Arc<str>) {
        let proven = self.core.proven();
        (Tenant(proven.tenant.to_string()), proven.identity.clone())
    }

    /// A client that does not read has lost its network.
    async fn write(&mut self, text: String) {
        let Some(socket) = &mut self.socket else { return };
        if !matches!(timeout(PATIENCE, socket.send(Message::text(text))).await, Ok(Ok(()))) {
            self.socket = None;
            self.core.handle(Instant::now(), Input::Lost);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Course {
    On,
    Over,
}

/// What the client says next; for ever nothing while there is no connection.
async fn next(socket: &mut Option<Socket>) -> Happened {
    let Some(socket) = socket else { return pending().await };
    match socket.next().await {
        Some(Ok(Message::Text(text))) => Happened::Text(text),
        // The answer to a ping is written with the next read.
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Happened::Other,
        // So a browser says that the page is closed or left, with all that it knew of the session.
        Some(Ok(Message::Close(Some(frame)))) if frame.code == CloseCode::Away => Happened::Gone,
        // Bytes are not of the protocol; a client that sends them is as one that is gone.
        Some(Ok(Message::Binary(_) | Message::Close(_)) | Err(_)) | None => Happened::Lost,
    }
}

/// What is new of those who are watched; for ever nothing if nobody is.
async fn news(watch: &mut Option<PresenceReader>) -> Reading {
    match watch {
        Some(watch) => watch.next().await,
        None => pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => pending().await,
    }
}
