//! What browsers cost on one core: a connection, from the first question to the keys; a packet of media, told whose it is among many;
//! and what strangers cost. Only our side is measured. No target is asserted: read the figures.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock: it measures")]

use patchcord_webrtc::*;
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const CONNECTIONS: u32 = 300;
const PACKETS: u32 = 4_000_000;
const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)), 3_478);

/// A port, what it took so far, and the browsers that are connected.
struct Server {
    port: Port,
    identity: Identity,
    took: Duration,
    browsers: Vec<(PeerId, SocketAddr)>,
}

fn way(from: SocketAddr, to: SocketAddr) -> Path {
    Path {
        transport: Transport::Udp,
        local: to,
        remote: from,
    }
}

fn settings(ice: IceMode, side: Side, identity: &Identity, seed: u32) -> Settings {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_be_bytes());
    Settings {
        ice,
        side,
        identity: identity.clone(),
        seed: bytes,
    }
}

fn remote(of: &Credentials, ice: IceMode, identity: &Identity, setup: Setup) -> Remote {
    Remote {
        credentials: of.clone(),
        ice,
        fingerprints: vec![identity.fingerprint().clone()],
        setup,
    }
}

impl Server {
    fn new() -> Self {
        Self {
            port: Port::new(PortSettings::new([1; 32])),
            identity: Identity::generate().expect("this machine has randomness"),
            took: Duration::ZERO,
            browsers: Vec::new(),
        }
    }

    /// What a call of the port takes counts.
    fn timed<T>(&mut self, work: impl FnOnce(&mut Port) -> T) -> T {
        let begun = Instant::now();
        let result = work(&mut self.port);
        self.took += begun.elapsed();
        result
    }

    /// Connects one browser, on a network without delay and a clock that jumps.
    fn connect(&mut self, mut now: Instant, client: &Identity, number: u32) {
        let at = SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], 40_000));
        let ours = settings(IceMode::Lite, Side::Answerer, &self.identity, number);
        let id = self.timed(|port| port.add(now, ours)).expect("there is room");
        let mut browser = Peer::new(now, settings(IceMode::Full, Side::Offerer, client, number));
        let local = self
            .port
            .peer(id)
            .map(|peer| peer.local().clone())
            .expect("it was just made");
        let theirs = remote(browser.local(), IceMode::Full, client, Setup::Passive);
        let server = Candidate::host(SERVER, 1);
        let tell = |port: &mut Port, input| port.handle(now, id, input).expect("it is as it should be");
        self.timed(|port| tell(port, Input::Remote(theirs)));
        self.timed(|port| tell(port, Input::LocalCandidate(server.clone())));
        for input in [
            Input::Remote(remote(&local, IceMode::Lite, &self.identity, Setup::Active)),
            Input::LocalCandidate(Candidate::host(at, 1)),
            Input::RemoteCandidate(server),
        ] {
            browser.handle(now, input).expect("it is as it should be");
        }
        let mut agreed = 0;
        while agreed < 2 {
            let mut to_server = Vec::new();
            let mut wants_handshake = false;
            while let Some(output) = browser.poll() {
                match output {
                    Output::Send { bytes, .. } => to_server.push(bytes),
                    Output::HandshakeWanted => wants_handshake = true,
                    Output::Keys(_) => agreed += 1,
                    _ => {}
                }
            }
            let is_still = to_server.is_empty() && !wants_handshake;
            if wants_handshake {
                browser.handle(now, Input::Handshake).expect("it has asked for it");
            }
            for bytes in to_server {
                self.timed(|port| port.receive(now, way(at, SERVER), &bytes));
            }
            while let Some((_, output)) = self.timed(Port::poll) {
                match output {
                    Output::Send { bytes, .. } => {
                        let path = way(SERVER, at);
                        browser
                            .handle(now, Input::Datagram { path, bytes: &bytes })
                            .expect("it is alive");
                    }
                    Output::Keys(_) => agreed += 1,
                    _ => {}
                }
            }
            if is_still && agreed < 2 {
                now += Duration::from_millis(10);
                browser.handle(now, Input::Deadline).expect("it is alive");
            }
        }
        self.browsers.push((id, at));
    }
}

fn main() {
    let now = Instant::now();
    let client = Identity::generate().expect("this machine has randomness");
    let mut server = Server::new();
    for number in 0..CONNECTIONS {
        server.connect(now, &client, number);
    }
    let each = server.took / CONNECTIONS;
    let a_second = Duration::from_secs(1).as_nanos() / each.as_nanos().max(1);
    println!("webrtc: a connection (ICE-lite, DTLS) {each:>9.1?}  {a_second} a second on one core");

    let packet = [&[0x80, 111][..], &[7; 100]].concat();
    let (port, browsers) = (&mut server.port, &server.browsers);
    measure("a media packet told whose it is", PACKETS, |n| {
        let (id, at) = browsers[n as usize % browsers.len()];
        assert_eq!(port.receive(now, way(at, SERVER), &packet), Arrival::Rtp(id));
    });
    measure("a stranger's media packet", PACKETS, |n| {
        let at = SocketAddr::from(([203, 0, 113, 1], n as u16));
        black_box(port.receive(now, way(at, SERVER), &packet));
    });
    let hello = [&[22, 254, 253][..], &[7; 100]].concat();
    measure("a stranger's handshake", PACKETS, |n| {
        let at = SocketAddr::from(([203, 0, 113, 1], n as u16));
        black_box(port.receive(now, way(at, SERVER), &hello));
    });
}

fn measure(what: &str, times: u32, mut work: impl FnMut(u32)) {
    let begun = Instant::now();
    (0..times).for_each(&mut work);
    let each = begun.elapsed().as_nanos() as f64 / f64::from(times);
    println!("webrtc: {what:<38} {each:>7.1} ns");
}
