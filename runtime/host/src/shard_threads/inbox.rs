//! The way into a shard: what its thread is told, and by whom. Nobody waits there but the node with its orders.

use super::places::Waiting;
use crate::live_calls::Request;
use crate::recognition::Recognised;
use crate::sounds::Sound;
use crate::tenant_store;
use crate::web_requests;
use patchcord_control::call::{RecogniseSignal, Saved, StreamSignal};
use patchcord_control::words::NotRecorded;
use patchcord_media::{Report, SessionId};
use patchcord_sip::identity::FetchFailure;
use patchcord_sip::{Class, Flow, LocationChange, Proven, Target};
use patchcord_switch::stream::StreamKey;
use patchcord_switch::{
    Directory, DoorEvent, NotReceived, PresenceTold, Query, RecordingKey, Reload, ToSink, TrunkTargets,
};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Instant;
use tokio::sync::oneshot;

/// What may wait in the inbox of a shard, and as much again in its waiting room.
pub(crate) const INBOX: usize = 8_192;

/// A signer's certificate file, or why there is none.
pub(super) type File = Result<Vec<u8>, FetchFailure>;

/// Whether a sink has received an event.
pub(super) type Received = Result<(), NotReceived>;

/// A recording that is kept, or why not.
pub(super) type Stored = Result<Saved, NotRecorded>;

/// What a shard's thread is told.
pub(super) enum ToShard {
    Message {
        flow: Flow,
        bytes: Box<[u8]>,
        proven: Option<Arc<Proven>>,
        came: Instant,
        class: Class,
    },
    SendFailed {
        flow: Flow,
    },
    Resolved {
        query: Query,
        targets: Vec<Target>,
    },
    Fetched {
        query: Query,
        file: File,
    },
    Report(Report),
    Door {
        session: SessionId,
        event: DoorEvent,
    },
    Recorded {
        key: RecordingKey,
        stored: Stored,
    },
    Spoken {
        query: Query,
        sound: Sound,
    },
    Recognised {
        query: Query,
        heard: Recognised,
    },
    KeptFor {
        query: Query,
        reply: tenant_store::Stored,
    },
    Responded {
        query: Query,
        response: web_requests::Responded,
    },
    Presence {
        query: Query,
        told: PresenceTold,
    },
    Stream {
        key: StreamKey,
        signal: StreamSignal,
    },
    Recognition {
        key: StreamKey,
        signal: RecogniseSignal,
    },
    Sink {
        to: Box<ToSink>,
        done: oneshot::Sender<Received>,
    },
    Location(LocationChange),
    Trunk(TrunkTargets),
    Order(Order),
    /// Of somebody outside, who hears what came of it.
    Request(Request),
}

/// What the node wants of a shard.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    Directory(Arc<Directory>),
    StartTrunks,
    Reload(Arc<Reload>),
    Drain,
    EndAll,
    Stop,
}

/// The way into a shard.
#[derive(Clone)]
pub(crate) struct Inbox {
    sender: SyncSender<ToShard>,
    waiting: Arc<Waiting>,
}

/// The shard's end of its inbox.
pub(crate) struct Outbox {
    pub(super) receiver: Receiver<ToShard>,
    pub(super) waiting: Arc<Waiting>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    /// There was no room for this class.
    Dropped(Class),
}

impl Inbox {
    /// An inbox and its end.
    pub(crate) fn new() -> (Self, Outbox) {
        let (sender, receiver) = sync_channel(INBOX);
        let waiting = Arc::new(Waiting::default());
        let inbox = Self {
            sender,
            waiting: waiting.clone(),
        };
        (inbox, Outbox { receiver, waiting })
    }

    /// Hands over a SIP message, or drops it.
    pub(crate) fn message(&self, flow: Flow, bytes: &[u8], proven: Option<&Arc<Proven>>) -> Taken {
        let class = Class::of(bytes);
        let entered = self.waiting.enter(class);
        if entered != Taken::Yes {
            return entered;
        }
        let (bytes, came) = (bytes.into(), Instant::now());
        let message = ToShard::Message {
            flow,
            bytes,
            proven: proven.cloned(),
            came,
            class,
        };
        match self.put(message) {
            Ok(()) => Taken::Yes,
            Err(_) => {
                self.waiting.leave(class);
                Taken::Dropped(class)
            }
        }
    }

    /// Says that a way leads nowhere, or drops that.
    pub(crate) fn send_failed(&self, flow: Flow) -> Taken {
        self.offer(ToShard::SendFailed { flow })
    }

    /// Answers [`patchcord_switch::Output::Resolve`], or finds no room for the answer.
    pub(crate) fn resolved(&self, query: Query, targets: &[Target]) -> Taken {
        let targets = targets.to_vec();
        self.offer(ToShard::Resolved { query, targets })
    }

    /// Answers [`patchcord_switch::Output::FetchCertificate`], or finds no room for the answer.
    pub(crate) fn fetched(&self, query: Query, file: &File) -> Taken {
        let file = file.clone();
        self.offer(ToShard::Fetched { query, file })
    }

    /// Answers [`patchcord_switch::Output::Speak`], or finds no room for the answer.
    pub(crate) fn spoken(&self, query: Query, sound: &Sound) -> Taken {
        let sound = sound.clone();
        self.offer(ToShard::Spoken { query, sound })
    }

    /// Answers [`patchcord_switch::Output::Recognise`], or finds no room for the answer.
    pub(crate) fn recognised(&self, query: Query, heard: &Recognised) -> Taken {
        let heard = heard.clone();
        self.offer(ToShard::Recognised { query, heard })
    }

    /// Answers [`patchcord_switch::Output::Store`], or finds no room for the answer.
    pub(crate) fn stored(&self, query: Query, reply: &tenant_store::Stored) -> Taken {
        let reply = reply.clone();
        self.offer(ToShard::KeptFor { query, reply })
    }

    /// Answers [`patchcord_switch::Output::AskWeb`], or finds no room for the answer.
    pub(crate) fn responded(&self, query: Query, response: &web_requests::Responded) -> Taken {
        let response = response.clone();
        self.offer(ToShard::Responded { query, response })
    }

    /// Tells what changed of what a shard watches, or finds no room for that.
    pub(crate) fn presence(&self, query: Query, told: PresenceTold) -> Taken {
        self.offer(ToShard::Presence { query, told })
    }

    /// Has an event sink told; false if there is no room for that. The answer comes to `done`.
    pub(crate) fn sink(&self, to: ToSink, done: oneshot::Sender<Received>) -> bool {
        let to = Box::new(to);
        self.put(ToShard::Sink { to, done }).is_ok()
    }

    /// Tells that a recording is kept or failed, or finds no room for that.
    pub(crate) fn recorded(&self, key: RecordingKey, stored: Stored) -> Taken {
        self.offer(ToShard::Recorded { key, stored })
    }

    /// Tells something of a stream, or finds no room for that.
    pub(crate) fn stream(&self, key: StreamKey, signal: &StreamSignal) -> Taken {
        let signal = signal.clone();
        self.offer(ToShard::Stream { key, signal })
    }

    /// Tells something of a recognition, or finds no room for that.
    pub(crate) fn recognition(&self, key: StreamKey, signal: &RecogniseSignal) -> Taken {
        let signal = signal.clone();
        self.offer(ToShard::Recognition { key, signal })
    }

    /// Tells what another shard learned about a user, or drops that: the phone's next registration tells it again.
    pub(super) fn location(&self, change: LocationChange) -> Taken {
        self.offer(ToShard::Location(change))
    }

    /// Tells what another shard learned about a trunk, or drops that: the next look at the trunk tells it again.
    pub(super) fn trunk(&self, found: TrunkTargets) -> Taken {
        self.offer(ToShard::Trunk(found))
    }

    /// Hands over what somebody outside wants, or finds no room for it.
    pub(crate) fn request(&self, request: Request) -> Taken {
        self.offer(ToShard::Request(request))
    }

    fn offer(&self, told: ToShard) -> Taken {
        match self.put(told) {
            Ok(()) => Taken::Yes,
            Err(_) => Taken::Dropped(Class::Inside),
        }
    }

    /// Hands over a report; gives it back if there is no room now. A shard that has ended takes everything.
    #[expect(
        clippy::result_large_err,
        reason = "a report comes back as it is: boxing it would allocate in the media loop"
    )]
    pub(crate) fn report(&self, report: Report) -> Result<(), Report> {
        match self.put(ToShard::Report(report)) {
            Err(ToShard::Report(report)) => Err(report),
            _ => Ok(()),
        }
    }

    /// Tells something of a browser; gives it back if there is no room now. A shard that has ended takes everything.
    pub(crate) fn door(&self, session: SessionId, event: DoorEvent) -> Result<(), DoorEvent> {
        match self.put(ToShard::Door { session, event }) {
            Err(ToShard::Door { event, .. }) => Err(event),
            _ => Ok(()),
        }
    }

    /// Hands over an order; waits for room.
    pub(crate) fn order(&self, order: Order) {
        // A shard that has ended needs no orders.
        let _ = self.sender.send(ToShard::Order(order));
    }

    #[expect(
        clippy::result_large_err,
        reason = "a report comes back as it is: boxing it would allocate in the media loop"
    )]
    fn put(&self, told: ToShard) -> Result<(), ToShard> {
        match self.sender.try_send(told) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => Ok(()),
            Err(TrySendError::Full(told)) => Err(told),
        }
    }
}
