//! The pretend servers of a world and the streams to them: what the host does with sockets, in virtual time.

use crate::agent::{Agent, Talk};
use crate::transcriber::{Dictation, Transcriber};
use patchcord_control::call::{RecogniseSignal, StreamSignal};
use patchcord_control::stream_urls::{StreamAllow, StreamUrl};
use patchcord_media::{Command, LiveId, Tapped};
use patchcord_switch::StreamOrder;
use patchcord_switch::recognise::Recognition;
use patchcord_switch::stream::{Conversation, Failure, Input, Output, Stream, StreamKey};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// How long a connection takes to be opened, or refused.
const OPENS_AFTER: Duration = Duration::from_millis(20);

/// What came of streams.
pub(super) enum Streamed {
    Media(Command),
    Signal(StreamKey, StreamSignal),
    Heard(StreamKey, RecogniseSignal),
}

/// Pretend servers, and streams that run.
#[derive(Debug, Default)]
pub(super) struct Agents {
    servers: Vec<Server>,
    /// The recogniser of the node, and how often somebody was connected to it.
    pub(super) transcriber: Transcriber,
    dictations: u32,
    lines: BTreeMap<StreamKey, Line>,
    /// To be told to others.
    streamed: VecDeque<Streamed>,
    /// What servers were told, of connections that are over.
    told: Vec<String>,
}

impl std::fmt::Debug for Streamed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Streamed")
    }
}

#[derive(Debug)]
struct Server {
    agent: Agent,
    url: StreamUrl,
    connections: u32,
}

#[derive(Debug)]
struct Line {
    stream: Conversation,
    opens: Option<Instant>,
    breaks: Option<Instant>,
    talk: Option<Peer>,
}

/// Who is at the other end of a connection.
#[derive(Debug)]
enum Peer {
    Agent(Talk),
    Transcriber(Dictation),
}

impl Peer {
    fn told(&self) -> &[String] {
        match self {
            Self::Agent(talk) => talk.told(),
            Self::Transcriber(dictation) => dictation.told(),
        }
    }

    fn hear(&mut self, text: &str) -> Vec<String> {
        match self {
            Self::Agent(talk) => talk.hear(text),
            Self::Transcriber(dictation) => dictation.hear(text),
        }
    }
}

impl Agents {
    pub(super) fn new(agents: &[Agent]) -> Self {
        let server = |agent: &Agent| Server {
            agent: agent.clone(),
            url: StreamUrl::parse(&agent.url).unwrap_or_else(|why| panic!("{:?}: {why}", agent.url)),
            connections: 0,
        };
        Self {
            servers: agents.iter().map(server).collect(),
            ..Self::default()
        }
    }

    /// Whom streams may go to.
    pub(super) fn allowed(&self) -> StreamAllow {
        StreamAllow::new(self.servers.iter().map(|server| server.url.clone()).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// What servers were told beside sound.
    pub(super) fn told(&self) -> Vec<String> {
        let open = self.lines.values().filter_map(|line| line.talk.as_ref());
        let open = open.flat_map(|talk| talk.told().iter().cloned());
        self.told.iter().cloned().chain(open).collect()
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        let lines = self.lines.values();
        lines
            .flat_map(|line| [line.stream.wake_at(), line.opens, line.breaks])
            .flatten()
            .min()
    }

    pub(super) fn poll(&mut self) -> Option<Streamed> {
        self.streamed.pop_front()
    }

    pub(super) fn order(&mut self, now: Instant, order: StreamOrder) {
        let (key, input) = match order {
            StreamOrder::Begin(setup) => {
                return self.begin(now, Conversation::Stream(Box::new(Stream::new(now, *setup))));
            }
            StreamOrder::Recognise(setup) => {
                let recognition = Recognition::new(now, *setup);
                return self.begin(now, Conversation::Recognition(Box::new(recognition)));
            }
            StreamOrder::Live { key, event } => (key, Input::Live(event)),
            StreamOrder::Key { key, pressed } => (key, Input::Key(pressed)),
            StreamOrder::Send { key, text } => (key, Input::Send(text)),
            StreamOrder::End { key, why } => (key, Input::End(why)),
        };
        self.give(now, key, input);
    }

    fn begin(&mut self, now: Instant, stream: Conversation) {
        let key = stream.key();
        let line = Line {
            stream,
            opens: None,
            breaks: None,
            talk: None,
        };
        self.lines.insert(key, line);
        self.run(now, key);
    }

    /// Sound of a leg.
    pub(super) fn tapped(&mut self, now: Instant, tapped: &Tapped<'_>) {
        self.give(now, StreamKey(tapped.tap.number), Input::Heard(tapped));
    }

    fn give(&mut self, now: Instant, key: StreamKey, input: Input<'_>) {
        if let Some(line) = self.lines.get_mut(&key) {
            line.stream.handle(now, input);
            self.run(now, key);
        }
    }

    /// Does what is due.
    pub(super) fn pass(&mut self, now: Instant) {
        let keys: Vec<StreamKey> = self.lines.keys().copied().collect();
        for key in keys {
            let Some(line) = self.lines.get_mut(&key) else { continue };
            if line.stream.wake_at().is_some_and(|at| at <= now) {
                line.stream.handle(now, Input::Deadline);
            }
            if line.breaks.is_some_and(|at| at <= now) {
                line.hang_up(&mut self.told);
                line.stream.handle(now, Input::Closed);
            }
            if line.opens.is_some_and(|at| at <= now) {
                line.opens = None;
                match line.stream.url().cloned() {
                    Some(url) => line.open(now, &url, &mut self.servers),
                    None => line.dictate(now, &self.transcriber, &mut self.dictations),
                }
            }
            self.run(now, key);
        }
    }

    /// Lets a stream and its server talk until both have nothing more to say.
    fn run(&mut self, now: Instant, key: StreamKey) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        let mut closes = false;
        loop {
            if let Some(output) = line.stream.poll() {
                match output {
                    Output::Connect => {
                        line.hang_up(&mut self.told);
                        line.opens = Some(now + OPENS_AFTER);
                    }
                    Output::Tell(signal) => self.streamed.push_back(Streamed::Signal(key, signal)),
                    Output::TellHeard(signal) => self.streamed.push_back(Streamed::Heard(key, signal)),
                    Output::Close => closes = true,
                }
                continue;
            }
            if let (Some(order), Some((session, _))) = (line.stream.next_order(), line.stream.plays_to()) {
                self.streamed.push_back(Streamed::Media(Command::Live {
                    session,
                    live: LiveId(key.0),
                    order,
                }));
                continue;
            }
            let (Some(text), Some(talk)) = (
                line.talk.is_some().then(|| line.stream.next_text()).flatten(),
                &mut line.talk,
            ) else {
                break;
            };
            for said in talk.hear(&text) {
                line.stream.handle(now, Input::Text(&said));
            }
        }
        if closes {
            line.hang_up(&mut self.told);
            self.lines.remove(&key);
        }
    }
}

impl Line {
    fn open(&mut self, now: Instant, url: &StreamUrl, servers: &mut [Server]) {
        let server = servers
            .iter_mut()
            .find(|server| server.url == *url && !server.agent.absent);
        let Some(server) = server else {
            return self.stream.handle(now, Input::Failed(Failure::Unreachable));
        };
        if let Some(status) = server.agent.refuses {
            return self.stream.handle(now, Input::Failed(Failure::Refused(status)));
        }
        server.connections += 1;
        let breaks = server.agent.breaks_after_ms.filter(|_| server.connections == 1);
        self.breaks = breaks.map(|ms| now + Duration::from_millis(ms));
        self.talk = Some(Peer::Agent(Talk::new(server.agent.clone())));
        self.stream.handle(now, Input::Opened);
    }

    fn dictate(&mut self, now: Instant, transcriber: &Transcriber, dictations: &mut u32) {
        let failure = match transcriber.refuses {
            Some(status) => Some(Failure::Refused(status)),
            None => transcriber.absent.then_some(Failure::Unreachable),
        };
        if let Some(why) = failure {
            return self.stream.handle(now, Input::Failed(why));
        }
        *dictations += 1;
        let breaks = transcriber.breaks_after_ms.filter(|_| *dictations == 1);
        self.breaks = breaks.map(|ms| now + Duration::from_millis(ms));
        self.talk = Some(Peer::Transcriber(Dictation::new(transcriber.clone())));
        self.stream.handle(now, Input::Opened);
    }

    /// The connection is over; what was told on it is kept.
    fn hang_up(&mut self, told: &mut Vec<String>) {
        self.breaks = None;
        if let Some(talk) = self.talk.take() {
            told.extend_from_slice(talk.told());
        }
    }
}
