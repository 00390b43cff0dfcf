//! Legs of browsers: what the door, which finds the way to each and agrees on its keys (ICE and DTLS), is told and tells. The media
//! engine has a session from the moment that both ends have described themselves; until the keys are there it is still, so that nothing
//! of a prompt is lost.

use crate::io::Output;
use crate::live::{LegIo, Session};
use crate::shard::Shard;
use patchcord_control::call::{Input as CallInput, LegSignal};
use patchcord_control::ids::{CallId, LegId};
use patchcord_media::{Flow, Plan, SessionId, SrtpKeys};
use patchcord_sip::sdp::{self, AgreedWebrtc, Local, LocalWebrtc, Setup, Srtp, Webrtc};
use patchcord_sip::{Flow as SipFlow, Transport};
use rand_chacha::rand_core::Rng;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

/// Where the media engine finds every browser: it is the door that knows where they are, and a browser may move. No address of
/// anybody (RFC 6890).
pub const BROWSER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(0, 0, 0, 1)), 9);
/// Letters and digits of a name and of a password: 48 and 144 bits, of the 24 and 128 that are demanded (RFC 8445 section 5.3).
const UFRAG: usize = 8;
const PASSWORD: usize = 24;

/// How a node takes browsers.
#[derive(Debug, Clone)]
pub struct Browsers {
    /// Whether it only answers checks: a node that can be reached needs to do no more.
    pub lite: bool,
    /// Its certificate's, as `a=fingerprint` has it.
    pub fingerprint: String,
    /// Where its door is, as `a=candidate` has it.
    pub candidates: Vec<String>,
    /// The first of them, for `c=` and `m=`.
    pub address: SocketAddr,
}

/// What the door is told. A session that it does not know has closed meanwhile.
#[derive(Clone, PartialEq, Eq)]
pub enum DoorOrder {
    /// A browser will come for this session.
    Open {
        /// Which.
        session: SessionId,
        /// Our name and password.
        ours: IceName,
        /// Whether our description was the first.
        offered: Offered,
    },
    /// What the browser says of itself; again whenever it says it again.
    Remote {
        /// Whose.
        session: SessionId,
        /// What.
        theirs: Box<Webrtc>,
        /// Which side we are; never [`Setup::Either`].
        setup: Setup,
    },
    /// The browser looks for the way anew. [`DoorOrder::Remote`] follows.
    Restart {
        /// Whose.
        session: SessionId,
        /// Our new name and password.
        ours: IceName,
    },
    /// Nobody will come any more.
    Close {
        /// Which.
        session: SessionId,
    },
}

/// Who made the first offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// The browser.
    There,
    /// We.
    Here,
}

/// Name and password of a side. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct IceName {
    /// `ice-ufrag`.
    pub ufrag: String,
    /// `ice-pwd`.
    pub password: String,
}

/// What the door tells of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoorEvent {
    /// The browser is who it should be, and these are the keys.
    Secured(Box<SrtpKeys>),
    /// It said goodbye, was somebody else, or cannot be found: nothing will come of it.
    Lost,
}

/// What a leg has of the door.
#[derive(Default)]
pub(crate) struct AtDoor {
    /// The name under which the door knows us, once it knows.
    ufrag: Option<String>,
    keys: Option<Box<SrtpKeys>>,
}

impl AtDoor {
    /// How packets are protected, for the end record.
    pub(crate) fn suite(&self) -> Option<&'static str> {
        Some(self.keys.as_ref()?.suite.name())
    }

    /// The plan of a session, as far as the door is: nothing goes or comes before the keys are there.
    pub(crate) fn plan(&self, plan: Plan) -> Plan {
        match &self.keys {
            Some(keys) => Plan {
                remote: BROWSER,
                remote_rtcp: BROWSER,
                srtp: Some(**keys),
                ..plan
            },
            None => {
                let nowhere = SocketAddr::new(BROWSER.ip(), 0);
                Plan {
                    remote: nowhere,
                    remote_rtcp: nowhere,
                    flow: Flow::Inactive,
                    timeout: None,
                    ..plan
                }
            }
        }
    }
}

impl LegIo {
    /// An offer to a browser is out: the door is to be open from now on, since the browser may be there before its answer.
    pub(crate) fn expect_browser(&mut self) -> Option<DoorOrder> {
        match self.local.srtp {
            Srtp::Dtls => self.open_door(Offered::Here),
            Srtp::Accept | Srtp::Require => None,
        }
    }

    /// Both ends have described themselves. The role is fixed from now on.
    pub(crate) fn describe_browser(&mut self, agreed: &AgreedWebrtc) -> [Option<DoorOrder>; 2] {
        let open = self.open_door(Offered::There);
        self.local.srtp = Srtp::Dtls;
        if let Some(local) = &mut self.local.webrtc {
            local.side.setup = agreed.setup;
        }
        let remote = DoorOrder::Remote {
            session: self.port.session,
            theirs: Box::new(agreed.theirs.clone()),
            setup: agreed.setup,
        };
        [open, Some(remote)]
    }

    fn open_door(&mut self, offered: Offered) -> Option<DoorOrder> {
        let side = &self.local.webrtc.as_ref()?.side;
        let session = self.port.session;
        let ours = IceName {
            ufrag: side.ufrag.clone(),
            password: side.password.clone(),
        };
        let order = match &self.at_door.ufrag {
            Some(known) if *known == ours.ufrag => return None,
            Some(_) => DoorOrder::Restart { session, ours },
            None => DoorOrder::Open { session, ours, offered },
        };
        self.at_door.ufrag = Some(side.ufrag.clone());
        Some(order)
    }

    /// The far end is another one from now on, or gone: the door forgets the one that was.
    pub(crate) fn leave_door(&mut self) -> Option<DoorOrder> {
        let session = self.port.session;
        let known = std::mem::take(&mut self.at_door);
        known.ufrag.map(|_| DoorOrder::Close { session })
    }
}

impl Shard {
    /// Our side, should a far end turn out to be a browser: names of its own, and no role yet.
    pub(crate) fn local_webrtc(&mut self) -> Option<LocalWebrtc> {
        let browsers = self.config.browsers.clone()?;
        Some(LocalWebrtc {
            side: Webrtc {
                ufrag: self.ice_text(UFRAG),
                password: self.ice_text(PASSWORD),
                lite: browsers.lite,
                fingerprints: vec![browsers.fingerprint.clone()],
                setup: Setup::Either,
                candidates: browsers.candidates.clone(),
            },
            address: browsers.address,
        })
    }

    fn ice_text(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let letter = |_| char::from(LETTERS[(self.random.next_u32() >> 26) as usize]);
        (0..length).map(letter).collect()
    }

    /// Our side for an offer of the far end's on a session that is there: with other names if theirs are other ones.
    pub(crate) fn local_for_offer(&mut self, id: CallId, leg: LegId, offer: &[u8]) -> Local {
        let io = self.live(id).leg(leg);
        let mut next = Local {
            version: io.local.version + 1,
            ..io.local.clone()
        };
        let known = io.agreed.as_ref().and_then(|agreed| agreed.webrtc.as_ref());
        let restarts =
            known.is_some_and(|known| sdp::ice_ufrag(offer).is_some_and(|ufrag| ufrag != known.theirs.ufrag));
        if restarts && let Some(local) = &mut next.webrtc {
            local.side.ufrag = self.ice_text(UFRAG);
            local.side.password = self.ice_text(PASSWORD);
        }
        next
    }

    /// Our side for somebody else in the place of a far end: what was agreed on with the other says nothing.
    pub(crate) fn local_for_another(&mut self, id: CallId, leg: LegId) -> Local {
        let webrtc = self.local_webrtc();
        let own = self.config.srtp;
        let io = self.live(id).leg(leg);
        let srtp = match io.local.srtp {
            Srtp::Dtls => own,
            kept => kept,
        };
        Local {
            version: io.local.version + 1,
            direction: sdp::Direction::SendRecv,
            srtp,
            webrtc,
            ..io.local.clone()
        }
    }

    pub(crate) fn tell_door(&mut self, orders: impl IntoIterator<Item = DoorOrder>) {
        self.outputs.extend(orders.into_iter().map(Output::Door));
    }

    /// What the door tells of a session, which may have ended meanwhile.
    pub(crate) fn at_door(&mut self, now: Instant, session: SessionId, event: DoorEvent) {
        let Some((id, leg)) = self.sessions.get(&session).copied() else {
            return;
        };
        match event {
            DoorEvent::Secured(keys) => {
                let io = self.live(id).leg(leg);
                io.at_door.keys = Some(keys);
                let agreed = io.agreed.clone().filter(|_| io.session == Session::Open);
                if let Some(agreed) = agreed {
                    self.plan_session(id, leg, &agreed);
                }
            }
            DoorEvent::Lost => self.feed(now, id, CallInput::Leg(leg, LegSignal::MediaLost)),
        }
    }
}

/// Whether who is reached this way is a browser: SIP over WebSocket is what they speak, and nobody else has to.
pub(crate) fn is_websocket(flow: SipFlow) -> bool {
    matches!(flow.transport, Transport::Ws | Transport::Wss)
}

impl std::fmt::Debug for DoorOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (word, session) = match self {
            Self::Open { session, .. } => ("Open", session),
            Self::Remote { session, .. } => ("Remote", session),
            Self::Restart { session, .. } => ("Restart", session),
            Self::Close { session } => ("Close", session),
        };
        write!(f, "{word}({session:?})")
    }
}

impl std::fmt::Debug for IceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IceName({}, <secret>)", self.ufrag)
    }
}
