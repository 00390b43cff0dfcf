//! The door on real sockets: a browser, played by the same ICE and DTLS, comes over UDP and over TCP, is handed its keys, sends and is sent
//! to; who is not expected gets no answer and is hung up on.

#![allow(
    clippy::disallowed_methods,
    reason = "sockets wait for the clock of the machine they are on"
)]

use super::connections::{CONNECTIONS, PER_SOURCE};
use super::*;
use crate::media_threads::ToMedia;
use crate::shard_threads::{Heard, Outbox};
use patchcord_media::{Lane, SessionId, SrtpKeys};
use patchcord_sip::sdp::{Setup as SdpSetup, Webrtc};
use patchcord_switch::{DoorEvent, IceName, Offered};
use patchcord_webrtc::{Credentials, Frames, Input, Keys, Output, Peer, Remote, Settings, Setup, Side, Transport};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

const SESSION: SessionId = SessionId(0);
const PATIENCE: Duration = Duration::from_secs(20);
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A door, and everything that it is connected with.
struct Rig {
    described: Browsers,
    address: SocketAddr,
    queue: DoorQueue,
    way: MediaWay,
    media: Receiver<ToMedia>,
    outbox: Outbox,
    figures: Arc<BrowserFigures>,
    _thread: DoorThread,
}

impl Rig {
    fn start() -> Self {
        let door = BrowserDoor {
            port: 0,
            ice: Ice::Lite,
        };
        let door = BoundDoor::bind(door, LOCALHOST, LOCALHOST).expect("a port is free");
        let (queue, mut arrivals) = between(1);
        let way = door.media_way(arrivals.remove(0), 4);
        let (media, told) = MediaQueue::new();
        let (inbox, outbox) = Inbox::new();
        let figures = Arc::<BrowserFigures>::default();
        let setup = DoorSetup {
            layout: Layout {
                shards: 1,
                media_threads: 1,
            },
            media: vec![media],
            arrivals: queue,
            inboxes: vec![inbox],
            figures: figures.clone(),
            seed: [3; 32],
        };
        Self {
            described: door.described(),
            address: door.address,
            queue: door.queue(),
            way,
            media: told,
            outbox,
            figures,
            _thread: start(door, setup).expect("a thread can be started"),
        }
    }

    /// A browser that calls is expected, which says this of itself.
    fn expects(&self, theirs: Webrtc) {
        let session = SESSION;
        self.queue.order(DoorOrder::Open {
            session,
            ours: Self::name(),
            offered: Offered::There,
        });
        self.queue.order(DoorOrder::Remote {
            session,
            theirs: Box::new(theirs),
            setup: SdpSetup::Passive,
        });
    }

    fn name() -> IceName {
        IceName {
            ufrag: "doorname".into(),
            password: "password/of/the/door/its/".into(),
        }
    }

    /// Where the browser is, as the media thread was told last.
    fn path(&self) -> Option<Path> {
        while let Ok(told) = self.media.try_recv() {
            let ToMedia::Path(SESSION, path) = told else {
                panic!("the door says only where the browser is");
            };
            self.way.set_path(0, path);
        }
        None
    }
}

/// How the browser reaches the door.
enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream, Frames),
}

impl Line {
    fn to(address: SocketAddr, transport: Transport) -> Self {
        let wait = Some(Duration::from_millis(2));
        match transport {
            Transport::Udp => {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
                socket.connect(address).expect("a socket can be connected");
                socket.set_read_timeout(wait).expect("a socket can be told to wait");
                Self::Udp(socket)
            }
            Transport::Tcp => {
                let stream = TcpStream::connect(address).expect("the door takes connections");
                stream.set_read_timeout(wait).expect("a socket can be told to wait");
                Self::Tcp(stream, Frames::new())
            }
        }
    }

    fn local(&self) -> SocketAddr {
        let address = match self {
            Self::Udp(socket) => socket.local_addr(),
            Self::Tcp(stream, _) => stream.local_addr(),
        };
        address.expect("a bound socket has an address")
    }

    fn send(&mut self, bytes: &[u8]) {
        match self {
            Self::Udp(socket) => drop(socket.send(bytes).expect("the door is there")),
            Self::Tcp(stream, _) => {
                let head = Frames::head(bytes).expect("it is short");
                stream
                    .write_all(&[&head[..], bytes].concat())
                    .expect("the door is there");
            }
        }
    }

    /// What came, within a moment.
    fn receive(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = [0; 4_096];
        let mut came = Vec::new();
        let read = match self {
            Self::Udp(socket) => socket
                .recv(&mut buffer)
                .map(|length| came.push(buffer[..length].to_vec())),
            Self::Tcp(stream, frames) => stream.read(&mut buffer).map(|length| {
                let take = |datagram: &[u8]| came.push(datagram.to_vec());
                frames
                    .read(&buffer[..length], take)
                    .expect("the door frames as it should");
            }),
        };
        match read {
            Ok(()) => {}
            Err(error) => assert!(
                matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                "{error}"
            ),
        }
        came
    }
}

struct Browser {
    peer: Peer,
    line: Line,
    keys: Option<Keys>,
    heard: Vec<Vec<u8>>,
    goodbye: bool,
}

impl Browser {
    fn new(rig: &Rig, transport: Transport) -> (Self, Webrtc) {
        let identity = Identity::generate().expect("this machine has randomness");
        let settings = Settings {
            ice: IceMode::Full,
            side: Side::Offerer,
            identity: identity.clone(),
            seed: [8; 32],
        };
        let line = Line::to(rig.address, transport);
        let mut peer = Peer::new(Instant::now(), settings);
        let theirs = Webrtc {
            ufrag: peer.local().ufrag().to_owned(),
            password: peer.local().password().to_owned(),
            lite: false,
            fingerprints: vec![identity.fingerprint().to_string()],
            setup: SdpSetup::Either,
            candidates: Vec::new(),
        };
        let name = Rig::name();
        let remote = Remote {
            credentials: Credentials::new(&name.ufrag, &name.password).expect("they are good"),
            ice: IceMode::Lite,
            fingerprints: vec![rig.described.fingerprint.parse().expect("it is one")],
            setup: Setup::Active,
        };
        let now = Instant::now();
        peer.handle(now, Input::Remote(remote)).expect("it is new");
        let ours = Candidate::host(line.local(), 1);
        peer.handle(now, Input::LocalCandidate(ours)).expect("there is room");
        let [by_udp, by_tcp] = rig.described.candidates.as_slice() else {
            panic!("the door is at two ports");
        };
        assert!(by_tcp.ends_with("tcptype passive"), "{by_tcp}");
        // Our own ICE opens no connection: it takes the line for one of datagrams, and the line does the rest.
        let candidate = by_udp.parse().expect("the door writes good ones");
        peer.handle(now, Input::RemoteCandidate(candidate))
            .expect("there is room");
        let browser = Self {
            peer,
            line,
            keys: None,
            heard: Vec::new(),
            goodbye: false,
        };
        (browser, theirs)
    }

    fn go_on(&mut self, rig: &Rig) {
        let path = Path {
            transport: Transport::Udp,
            local: self.line.local(),
            remote: rig.address,
        };
        for bytes in self.line.receive() {
            match patchcord_webrtc::Kind::of(&bytes) {
                Some(patchcord_webrtc::Kind::Rtp) => self.heard.push(bytes),
                _ => {
                    let _ = self
                        .peer
                        .handle(Instant::now(), Input::Datagram { path, bytes: &bytes });
                }
            }
        }
        let _ = self.peer.handle(Instant::now(), Input::Deadline);
        while let Some(output) = self.peer.poll() {
            match output {
                Output::Send { bytes, .. } => self.line.send(&bytes),
                Output::HandshakeWanted => {
                    self.peer
                        .handle(Instant::now(), Input::Handshake)
                        .expect("it is wanted");
                }
                Output::Keys(keys) => self.keys = Some(keys),
                Output::Closed(_) => self.goodbye = true,
                _ => {}
            }
        }
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "not in time: {what}");
    }
}

fn secured(rig: &Rig, browser: &mut Browser) -> SrtpKeys {
    let mut keys = None;
    until("keys", || {
        browser.go_on(rig);
        if let Some(heard) = rig.outbox.heard(Duration::from_millis(1)) {
            let Heard::Door(SESSION, DoorEvent::Secured(found)) = heard else {
                panic!("the door tells of keys, not {heard:?}");
            };
            keys = Some(*found);
        }
        keys.is_some() && browser.keys.is_some()
    });
    keys.expect("waited for")
}

fn a_whole_life(transport: Transport) {
    let rig = Rig::start();
    let (mut browser, theirs) = Browser::new(&rig, transport);
    rig.expects(theirs);
    let keys = secured(&rig, &mut browser);
    let far = browser.keys.as_ref().expect("waited for").receive.bytes().to_vec();
    assert_eq!(
        keys.send.0[..far.len()],
        far,
        "what we send with is what it receives with"
    );

    let sound = [&[0x80, 111][..], &[7; 60]].concat();
    let report = [&[0x80, 200][..], &[7; 26]].concat();
    browser.line.send(&sound);
    browser.line.send(&report);
    let mut arrived = Vec::new();
    until("sound and a report", || {
        rig.way
            .take(|session, lane, bytes| arrived.push((session, lane, bytes.to_vec())));
        arrived.len() >= 2
    });
    assert_eq!(
        arrived,
        [(SESSION, Lane::Rtp, sound.clone()), (SESSION, Lane::Rtcp, report)]
    );
    until("our sound", || {
        rig.path();
        rig.way.send(0, &sound);
        browser.go_on(&rig);
        browser.heard.contains(&sound)
    });

    rig.queue.order(DoorOrder::Close { session: SESSION });
    until("goodbye", || {
        browser.go_on(&rig);
        browser.goodbye
    });
    rig.path();
    until("nowhere to send to", || {
        rig.path();
        let before = browser.heard.len();
        rig.way.send(0, &sound);
        browser.go_on(&rig);
        browser.heard.len() == before
    });
    assert_eq!((rig.figures.secured.get(), rig.figures.failed.get()), (1, 0));
}

#[test]
fn a_browser_comes_by_datagrams_and_leaves() {
    a_whole_life(Transport::Udp);
}

#[test]
fn a_browser_comes_over_a_connection_and_leaves() {
    a_whole_life(Transport::Tcp);
}

#[test]
fn who_is_not_who_was_described_is_lost_and_gets_no_keys() {
    let rig = Rig::start();
    let (mut browser, mut theirs) = Browser::new(&rig, Transport::Udp);
    let other = Identity::generate().expect("this machine has randomness");
    theirs.fingerprints = vec![other.fingerprint().to_string()];
    rig.expects(theirs);
    let mut told = None;
    until("the end", || {
        browser.go_on(&rig);
        told = rig.outbox.heard(Duration::from_millis(1));
        told.is_some()
    });
    assert_eq!(told, Some(Heard::Door(SESSION, DoorEvent::Lost)));
}

#[test]
fn descriptions_that_cannot_be_used_are_lost_at_once() {
    let rig = Rig::start();
    let (_browser, good) = Browser::new(&rig, Transport::Udp);
    let bad = [
        Webrtc {
            ufrag: "x".into(),
            ..good.clone()
        },
        Webrtc {
            fingerprints: vec!["md5 AA".into()],
            ..good.clone()
        },
        Webrtc { lite: true, ..good },
    ];
    for theirs in bad {
        rig.expects(theirs);
        assert_eq!(rig.outbox.heard(PATIENCE), Some(Heard::Door(SESSION, DoorEvent::Lost)));
    }
}

#[test]
fn strangers_get_no_answer_and_their_connections_are_few() {
    let rig = Rig::start();
    let mut line = Line::to(rig.address, Transport::Udp);
    for _ in 0..50 {
        line.send(&[&[0x80, 111][..], &[7; 60]].concat());
        line.send(&[&[22, 254, 253][..], &[0; 60]].concat());
    }
    assert_eq!(line.receive(), Vec::<Vec<u8>>::new());
    let connections: Vec<_> = (0..PER_SOURCE + 4).map(|_| TcpStream::connect(rig.address)).collect();
    const { assert!(PER_SOURCE < CONNECTIONS) };
    until("the strangers are counted", || rig.figures.strangers.get() >= 100);
    until("the connections are counted", || {
        rig.figures.connections.get() == PER_SOURCE as u64
    });
    drop(connections);
    until("they are gone", || rig.figures.connections.get() == 0);
    assert!(rig.outbox.heard(Duration::ZERO).is_none());
}
