//! A session of a client, as a value: what the client says becomes SIP, what SIP says becomes messages. It registers, tells when its
//! token ends, and knows whether it has a connection. Not here: its calls (`calls`), and anything that waits (`task`).

use super::calls::Calls;
use super::memory::{Memory, Numbered, Room};
use super::message::{FromClient, Refused, Said, Say, Seen};
use super::{AFTER_EXPIRY, BURST, PER_SECOND, REFRESH, REGISTRATION, RESUME, RETRY, SILENCE, VERSION, WARNING, close};
use crate::clients::ice::ClientIce;
use crate::clients::token::{Grant, Token, TokenError};
use patchcord_control::presence::{PresenceError, Status, View};
use patchcord_sip::{
    CLIENTS_DOMAIN, Config, Endpoint, ExchangeId, Flow, Input as SipInput, Listener, Method, NameAddr, OutgoingRequest,
    Output as SipOutput, Proven, Uri,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What goes in.
pub(super) enum Input<'a> {
    /// The client says this.
    Text(&'a str),
    /// A shard says this.
    Sip(&'a [u8]),
    /// What came of [`Output::Publish`] or [`Output::Watch`] of this number.
    Presented(Option<u64>, Result<(), PresenceError>),
    /// How those are who are watched, as far as it is new.
    Changed(&'a [Arc<View>]),
    /// What [`Output::Check`] asked for; with when a good token ends.
    Checked(Result<(Token, Arc<Proven>), TokenError>),
    /// The connection is gone.
    Lost,
    /// The client has left without a goodbye of the protocol's, and does not come back.
    Gone,
    /// There is another, of a client that has what we said up to this number; with the secret for the next time.
    Resumed(u64, &'a str),
    /// The key behind the token does not count any more.
    Revoked,
    /// The node stops.
    Stopping,
    /// Time passed.
    Deadline,
}

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// For the client, if it is connected.
    Text(String),
    /// For the shards.
    Sip(Arc<[u8]>),
    /// Whether this token is good; [`Input::Checked`] follows.
    Check(String),
    /// This is how available its user is here; [`Input::Presented`] follows.
    Publish(Option<u64>, Status),
    /// It watches these from now on, and nobody else; [`Input::Presented`] follows.
    Watch(Option<u64>, Vec<String>),
    /// The client was refused something, because of its token.
    Refused(TokenError),
    /// Close the connection, for this reason.
    Close(u16, &'static str),
    /// The session is over.
    Over,
}

/// Whether there is a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// And when something came over it last.
    Connected(Instant),
    /// Since when not.
    Lost(Instant),
    Over,
}

/// How the client is registered.
#[derive(Debug, Default)]
struct Registration {
    /// Whether it wants to be.
    wanted: bool,
    /// Whether it is.
    is_there: bool,
    under_way: Option<ExchangeId>,
    /// When to register again.
    again_at: Option<Instant>,
}

/// A session. Its fields are the user agent, the client's rights, and what is between the two.
pub(super) struct Core {
    pub(super) sip: Endpoint,
    pub(super) token: Token,
    pub(super) proven: Arc<Proven>,
    pub(super) calls: Calls,
    ice: Arc<ClientIce>,
    flow: Flow,
    /// The user part of its contact: random, so that two sessions of one identity are two.
    contact: String,
    instance: String,
    registration: Registration,
    watched: Vec<String>,
    memory: Memory,
    presence: Presence,
    /// Messages on account, in thousandths, and when that was.
    account: (u64, Instant),
    /// The number of the message that the token came with which is being looked at.
    token_of: Option<u64>,
    /// Whether the end of this token was told before.
    warned: bool,
    /// Whether more was said than is kept while there was no connection.
    is_past_resuming: bool,
    outputs: VecDeque<Output>,
}

/// Who begins a session.
pub(super) struct Beginning<'a> {
    pub(super) token: Token,
    pub(super) proven: Arc<Proven>,
    pub(super) instance: Option<String>,
    /// What resumes it.
    pub(super) secret: &'a str,
    /// Of everything random in it.
    pub(super) seed: u64,
    /// The way by which the shards know it.
    pub(super) flow: Flow,
    /// What its sound finds a way with.
    pub(super) ice: Arc<ClientIce>,
}

impl Core {
    /// A session that begins with a connection.
    pub(super) fn new(now: Instant, beginning: Beginning<'_>) -> Self {
        // Its address is that of its connection: with any other, the shards would look for it there.
        let Flow { transport, peer, .. } = beginning.flow;
        let door = Listener {
            transport,
            address: peer,
        };
        let mut core = Self {
            sip: Endpoint::new(Config::new(vec![door], "patchcord-client"), beginning.seed),
            token: beginning.token,
            proven: beginning.proven,
            calls: Calls::default(),
            ice: beginning.ice,
            instance: beginning
                .instance
                .unwrap_or_else(|| format!("i{:016x}", beginning.seed)),
            flow: beginning.flow,
            contact: format!("c{:016x}", beginning.seed),
            registration: Registration::default(),
            watched: Vec::new(),
            memory: Memory::default(),
            presence: Presence::Connected(now),
            account: (u64::from(BURST) * 1_000, now),
            token_of: None,
            warned: false,
            is_past_resuming: false,
            outputs: VecDeque::new(),
        };
        core.welcome(now, beginning.secret, false);
        core
    }

    /// Takes one input. Drain [`Core::poll`] before the next.
    pub(super) fn handle(&mut self, now: Instant, input: Input<'_>) {
        if self.presence == Presence::Over {
            return;
        }
        match input {
            Input::Text(text) => self.text(now, text),
            Input::Sip(bytes) => {
                let flow = self.flow;
                self.sip.handle(
                    now,
                    SipInput::Message {
                        flow,
                        bytes,
                        proven: None,
                    },
                );
            }
            Input::Presented(of, done) => self.presented(of, done),
            Input::Changed(views) => self.say(&Say::PresenceChanged {
                identities: views.iter().map(|view| Seen::from(&**view)).collect(),
            }),
            Input::Checked(checked) => self.checked(now, checked),
            Input::Lost => self.presence = Presence::Lost(now),
            Input::Gone => self.leave(now, close::LEFT, "goodbye"),
            Input::Resumed(received, secret) => self.resumed(now, received, secret),
            Input::Revoked => {
                self.refuse(Refused::Token(TokenError::KeyRevoked), None, None);
                self.leave(now, close::REVOKED, "the API key behind the token was revoked");
            }
            Input::Stopping => self.leave(now, close::STOPPING, "the node stops"),
            Input::Deadline => self.deadline(now),
        }
        self.drain(now);
    }

    /// The next output.
    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When it acts by itself next.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        if self.is_past_resuming && self.presence != Presence::Over {
            // At once: a time that has passed.
            return Some(self.account.1);
        }
        let ends = self.proven.expires_at;
        let presence = match self.presence {
            Presence::Connected(heard) => heard + SILENCE,
            Presence::Lost(since) => since + RESUME,
            Presence::Over => return None,
        };
        let warning = (!self.warned).then(|| ends.checked_sub(WARNING).unwrap_or(ends));
        let expiry = (self.registration.is_there || !self.watched.is_empty()).then_some(ends);
        let own = [
            Some(presence),
            warning,
            expiry,
            Some(ends + AFTER_EXPIRY).filter(|_| self.calls.is_empty()),
            self.registration.again_at,
            self.calls.wake_at(),
            self.sip.wake_at(),
        ];
        own.into_iter().flatten().min()
    }

    /// Whether there is a connection.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self.presence, Presence::Connected(_))
    }

    /// What its registration has as its instance.
    pub(super) fn instance(&self) -> String {
        format!("urn:patchcord:device:{}", self.instance)
    }

    /// What the shards are to know of its messages.
    pub(super) fn proven(&self) -> &Arc<Proven> {
        &self.proven
    }

    /// The token it has now.
    pub(super) fn token(&self) -> &Token {
        &self.token
    }

    pub(super) fn flow(&self) -> Flow {
        self.flow
    }

    fn left(&self, now: Instant) -> u64 {
        let left = self.proven.expires_at.saturating_duration_since(now);
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
    }

    /// Says something that the client must not miss.
    pub(super) fn say(&mut self, what: &Say<'_>) {
        let text = what.text(Some(self.memory.next()));
        let lost = matches!(self.presence, Presence::Lost(_));
        let room = self.memory.keep(text.clone());
        if !lost {
            self.outputs.push_back(Output::Text(text));
        } else if room == Room::Full {
            // Nobody will be able to take it over.
            self.is_past_resuming = true;
        }
    }

    pub(super) fn refuse(&mut self, why: Refused, call: Option<&str>, of: Option<u64>) {
        self.outputs.extend(why.of_token().map(Output::Refused));
        self.say(&Say::Error {
            code: why.code(),
            message: &why.message(),
            call,
            of,
        });
    }

    fn welcome(&mut self, now: Instant, secret: &str, resumed: bool) {
        let text = Say::Welcome {
            version: VERSION,
            resume: secret,
            resume_within_ms: RESUME.as_millis() as u64,
            resumed,
            received: self.memory.heard(),
            identity: &self.token.grants.identity,
            expires_in_ms: self.left(now),
            grants: &self.token.grants,
            ice: self.ice.node,
            ice_servers: self.ice.servers.of_client(&self.token),
        };
        let text = text.text(None);
        self.outputs.push_back(Output::Text(text));
    }

    fn text(&mut self, now: Instant, text: &str) {
        self.presence = Presence::Connected(now);
        if !self.takes_another(now) {
            return self.leave(now, close::TOO_FAST, "too many messages");
        }
        let Ok(message) = serde_json::from_str::<FromClient>(text) else {
            self.refuse(Refused::Malformed, None, None);
            return self.leave(now, close::PROTOCOL, "this is not a message of the protocol");
        };
        if let Some(received) = message.received {
            self.memory.has(received);
        }
        let of = message.seq;
        match of.map(|seq| self.memory.hear(seq)) {
            Some(Numbered::Again) => return,
            Some(Numbered::Gap) => return self.leave(now, close::PROTOCOL, "messages are missing"),
            Some(Numbered::New) | None => {}
        }
        self.said(now, message.what, of);
    }

    fn said(&mut self, now: Instant, said: Said, of: Option<u64>) {
        match said {
            Said::Ping => {
                let received = self.memory.heard();
                self.outputs.push_back(Output::Text(Say::Pong { received }.text(None)));
            }
            Said::Hello(_) => self.refuse(Refused::WrongState, None, of),
            Said::Register => self.register(now, of),
            Said::Unregister => self.unregister(now, "asked"),
            Said::Token { token } => {
                self.token_of = of;
                self.outputs.push_back(Output::Check(token));
            }
            Said::Publish(status) => match self.may(now, Grant::Publish) {
                Ok(()) => self.outputs.push_back(Output::Publish(of, status.into())),
                Err(why) => self.refuse(why, None, of),
            },
            Said::Watch { identities } => self.watch(now, identities, of),
            Said::Leave => self.leave(now, close::LEFT, "goodbye"),
            Said::Unknown => self.refuse(Refused::UnknownMessage, None, of),
            of_a_call => self.of_a_call(now, of_a_call, of),
        }
    }

    /// Watches these, if the token allows each.
    fn watch(&mut self, now: Instant, identities: Vec<String>, of: Option<u64>) {
        let allowed = match identities.is_empty() {
            true => Ok(()),
            false => self.may(now, Grant::Watch),
        };
        if let Err(why) = allowed {
            return self.refuse(why, None, of);
        }
        if !self.token.grants.presence.allows(&identities) {
            return self.refuse(Refused::NotWatched, None, of);
        }
        self.watched.clone_from(&identities);
        self.outputs.push_back(Output::Watch(of, identities));
    }

    /// The token does not allow it any more.
    fn watch_nobody(&mut self) {
        if !std::mem::take(&mut self.watched).is_empty() {
            self.outputs.push_back(Output::Watch(None, Vec::new()));
        }
    }

    /// What came of something about presence.
    fn presented(&mut self, of: Option<u64>, done: Result<(), PresenceError>) {
        match (done, of) {
            (Ok(()), Some(of)) => self.say(&Say::Done { of }),
            (Ok(()), None) => {}
            (Err(why), of) => self.refuse(Refused::Presence(why), None, of),
        }
    }

    /// Whether a message may come now.
    fn takes_another(&mut self, now: Instant) -> bool {
        let (before, at) = self.account;
        let elapsed = now.saturating_duration_since(at).as_millis() as u64;
        let full = u64::from(BURST) * 1_000;
        let now_there = before
            .saturating_add(elapsed.saturating_mul(u64::from(PER_SECOND)))
            .min(full);
        self.account = (now_there.saturating_sub(1_000), now);
        now_there >= 1_000
    }

    /// Whether the token is good and allows something; else the client is told.
    pub(super) fn may(&mut self, now: Instant, grant: Grant) -> Result<(), Refused> {
        if now >= self.proven.expires_at {
            return Err(Refused::Token(TokenError::Expired));
        }
        self.token.grants.allow(grant).map_err(Refused::Token)
    }

    fn register(&mut self, now: Instant, of: Option<u64>) {
        if let Err(why) = self.may(now, Grant::Incoming) {
            return self.refuse(why, None, of);
        }
        self.registration.wanted = true;
        self.send_register(now, REGISTRATION);
    }

    fn unregister(&mut self, now: Instant, reason: &str) {
        let was = std::mem::take(&mut self.registration);
        if was.wanted && now < self.proven.expires_at {
            self.send_register(now, Duration::ZERO);
            self.registration.under_way = None;
        }
        if was.wanted {
            self.say(&Say::Unregistered { reason });
        }
    }

    fn send_register(&mut self, now: Instant, lasts: Duration) {
        let identity = &self.token.grants.identity;
        let uri = |text: &str| Uri::parse(text).expect("an identity and a host make an address");
        let own = NameAddr::new(uri(&format!("sip:{identity}@{CLIENTS_DOMAIN}")));
        let contact = format!("<sip:{}@{CLIENTS_DOMAIN};transport=ws>", self.contact);
        let instance = format!(";+sip.instance=\"<{}>\"", self.instance());
        let request = OutgoingRequest {
            method: Method::Register,
            uri: uri(&format!("sip:{CLIENTS_DOMAIN}")),
            target: self.flow.into(),
            from: own.clone(),
            to: Some(own),
            headers: vec![
                ("Contact".to_owned(), format!("{contact}{instance}")),
                ("Expires".to_owned(), lasts.as_secs().to_string()),
            ],
            body: Vec::new(),
            credentials: None,
            routes: Vec::new(),
        };
        self.registration.again_at = Some(now + RETRY);
        // Refused only if the session has as much under way as it may: then it is tried again.
        self.registration.under_way = self.sip.request(now, request).ok();
    }

    pub(super) fn registered(&mut self, now: Instant, exchange: ExchangeId, status: Option<u16>) {
        if self.registration.under_way != Some(exchange) {
            return;
        }
        self.registration.under_way = None;
        match status {
            Some(200..=299) => {
                self.registration.again_at = Some(now + REFRESH);
                if !std::mem::replace(&mut self.registration.is_there, true) {
                    let expires_in_ms = self.left(now);
                    self.say(&Say::Registered { expires_in_ms });
                }
            }
            // Refused for good: the token, say.
            Some(403) => {
                self.registration = Registration::default();
                self.say(&Say::Unregistered { reason: "refused" });
            }
            _ => self.registration.again_at = Some(now + RETRY),
        }
    }

    fn checked(&mut self, now: Instant, checked: Result<(Token, Arc<Proven>), TokenError>) {
        let of = self.token_of.take();
        let (token, proven) = match checked {
            Ok(good) => good,
            Err(why) => return self.refuse(Refused::Token(why), None, of),
        };
        if token.tenant != self.token.tenant || token.grants.identity != self.token.grants.identity {
            return self.refuse(Refused::Token(TokenError::OtherIdentity), None, of);
        }
        (self.token, self.proven, self.warned) = (token, proven, false);
        let expires_in_ms = self.left(now);
        let grants = self.token.grants.clone();
        self.say(&Say::TokenUpdated {
            expires_in_ms,
            grants: &grants,
            ice_servers: self.ice.servers.of_client(&self.token),
        });
        if !self.token.grants.presence.allows(&self.watched) {
            self.watch_nobody();
        }
        if !self.registration.wanted {
            return;
        }
        match self.may(now, Grant::Incoming) {
            // The registration lasts as long as the new token.
            Ok(()) => self.send_register(now, REGISTRATION),
            Err(_) => self.unregister(now, "token"),
        }
    }

    fn resumed(&mut self, now: Instant, received: u64, secret: &str) {
        let Some(missed) = self.memory.missed(received) else {
            return self.leave(now, close::RESUME, "what was missed is not there any more");
        };
        self.presence = Presence::Connected(now);
        self.welcome(now, secret, true);
        self.outputs.extend(missed.into_iter().map(Output::Text));
    }

    /// The session ends as if the client had left.
    fn leave(&mut self, now: Instant, code: u16, why: &'static str) {
        if self.registration.wanted {
            self.registration.wanted = false;
            self.send_register(now, Duration::ZERO);
        }
        self.hang_up_all(now);
        self.drain(now);
        self.presence = Presence::Over;
        self.outputs.push_back(Output::Close(code, why));
        self.outputs.push_back(Output::Over);
    }

    fn deadline(&mut self, now: Instant) {
        match self.presence {
            Presence::Connected(heard) if now >= heard + SILENCE => {
                self.presence = Presence::Lost(now);
                self.outputs
                    .push_back(Output::Close(close::SILENT, "nothing came for long"));
            }
            Presence::Lost(since) if self.is_past_resuming || now >= since + RESUME => {
                return self.leave(now, close::SILENT, "nobody came back");
            }
            _ => {}
        }
        let ends = self.proven.expires_at;
        if !self.warned && now + WARNING >= ends {
            self.warned = true;
            let in_ms = self.left(now);
            self.say(&Say::TokenWillExpire { in_ms });
        }
        if now >= ends && self.registration.wanted {
            self.unregister(now, "token-expired");
        }
        if now >= ends {
            self.watch_nobody();
        }
        if now >= ends + AFTER_EXPIRY && self.calls.is_empty() {
            return self.leave(now, close::TOKEN, "the token has expired");
        }
        if self.registration.again_at.is_some_and(|at| at <= now) {
            self.registration.again_at = None;
            if self.registration.wanted {
                self.send_register(now, REGISTRATION);
            }
        }
        self.calls_deadline(now);
        self.sip.handle(now, SipInput::Deadline);
    }

    /// What the user agent wants.
    fn drain(&mut self, now: Instant) {
        while let Some(output) = self.sip.poll() {
            match output {
                SipOutput::Send { bytes, .. } => self.outputs.push_back(Output::Sip(bytes)),
                SipOutput::Event(event) => self.event(now, event),
            }
        }
    }
}
