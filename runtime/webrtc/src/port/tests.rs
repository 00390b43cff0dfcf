//! Many peers behind one port: who gets what, what strangers get, and every limit.

use super::*;
use crate::peer::tests::world::{address, identity};
use crate::stun::{Class, Key, TransactionId, Writer};
use crate::tests::{Noise, fuzz_rounds, start};
use crate::{Candidate, Closed, Credentials, IceMode, Remote, Setup, Side, State, Transport};
use std::net::SocketAddr;
use std::time::Duration;

const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)), 3478);
const RTP: [u8; 40] = {
    let mut packet = [7; 40];
    packet[0] = 0x80;
    packet[1] = 111;
    packet
};
const RTCP: [u8; 40] = {
    let mut packet = [7; 40];
    packet[0] = 0x80;
    packet[1] = 200;
    packet
};

/// A port, and browsers that are peers of our own, at once and without delay.
struct Bench {
    now: Instant,
    port: Port,
    browsers: Vec<Browser>,
    /// Browsers say no more than ICE.
    is_mute: bool,
}

struct Browser {
    peer: Peer,
    at: SocketAddr,
    id: PeerId,
    keys: usize,
    ours: Vec<Output>,
}

impl Bench {
    fn new(change: impl FnOnce(&mut PortSettings)) -> Self {
        let mut settings = PortSettings::new([1; 32]);
        change(&mut settings);
        Self {
            now: start(),
            port: Port::new(settings),
            browsers: Vec::new(),
            is_mute: false,
        }
    }

    fn settings(ice: IceMode, side: Side, which: usize) -> Settings {
        Settings {
            ice,
            side,
            identity: identity(which),
            seed: [9; 32],
        }
    }

    /// A browser at an address, described to each other.
    fn browser(&mut self, at: SocketAddr) -> usize {
        let id = self
            .port
            .add(self.now, Self::settings(IceMode::Lite, Side::Answerer, 0))
            .unwrap();
        let mut settings = Self::settings(IceMode::Full, Side::Offerer, 1);
        settings.seed[0] = self.browsers.len() as u8;
        let peer = Peer::new(self.now, settings);
        self.browsers.push(Browser {
            peer,
            at,
            id,
            keys: 0,
            ours: Vec::new(),
        });
        let which = self.browsers.len() - 1;
        let server = Candidate::host(SERVER, 1);
        self.port
            .handle(self.now, id, Input::LocalCandidate(server.clone()))
            .unwrap();
        self.describe(which);
        let browser = &mut self.browsers[which].peer;
        browser
            .handle(self.now, Input::LocalCandidate(Candidate::host(at, 1)))
            .unwrap();
        browser.handle(self.now, Input::RemoteCandidate(server)).unwrap();
        which
    }

    fn describe(&mut self, which: usize) {
        let browser = &mut self.browsers[which];
        let remote = |credentials: &Credentials, ice, whose: usize, setup| Remote {
            credentials: credentials.clone(),
            ice,
            fingerprints: vec![identity(whose).fingerprint().clone()],
            setup,
        };
        let ours = self.port.peer(browser.id).unwrap().local().clone();
        let theirs = remote(browser.peer.local(), IceMode::Full, 1, Setup::Passive);
        self.port.handle(self.now, browser.id, Input::Remote(theirs)).unwrap();
        let ours = remote(&ours, IceMode::Lite, 0, Setup::Active);
        browser.peer.handle(self.now, Input::Remote(ours)).unwrap();
    }

    /// Lets time pass, a twentieth of a second after the other.
    fn run(&mut self, seconds: u64) {
        for _ in 0..seconds * 20 {
            self.exchange();
            self.now += Duration::from_millis(50);
            while self.port.wake_at().is_some_and(|at| at <= self.now) {
                self.port.tick(self.now);
            }
            for browser in &mut self.browsers {
                if browser.peer.wake_at().is_some_and(|at| at <= self.now) {
                    browser.peer.handle(self.now, Input::Deadline).unwrap();
                }
            }
        }
        self.exchange();
    }

    /// Passes on what both want to send, until there is nothing.
    fn exchange(&mut self) {
        loop {
            let mut is_still = true;
            while let Some((id, output)) = self.port.poll() {
                is_still = false;
                let Some(browser) = self.browsers.iter_mut().find(|browser| browser.id == id) else {
                    continue;
                };
                match output {
                    Output::Send { path, bytes } if path.remote == browser.at => {
                        let path = way(SERVER, browser.at);
                        let _ = browser.peer.handle(self.now, Input::Datagram { path, bytes: &bytes });
                    }
                    Output::Send { .. } => {}
                    other => browser.ours.push(other),
                }
            }
            for which in 0..self.browsers.len() {
                while let Some(output) = self.browsers[which].peer.poll() {
                    is_still = false;
                    self.follow(which, output);
                }
            }
            if is_still {
                return;
            }
        }
    }

    fn follow(&mut self, which: usize, output: Output) {
        let browser = &mut self.browsers[which];
        match output {
            Output::Send { bytes, .. } if !self.is_mute || bytes[0] < 4 => {
                let path = way(browser.at, SERVER);
                self.port.receive(self.now, path, &bytes);
            }
            Output::HandshakeWanted => browser.peer.handle(self.now, Input::Handshake).unwrap(),
            Output::Keys(_) => browser.keys += 1,
            _ => {}
        }
    }

    fn keys_of(&self, which: usize) -> usize {
        let ours = &self.browsers[which].ours;
        ours.iter().filter(|output| matches!(output, Output::Keys(_))).count()
    }

    /// A question to a peer, signed as it should be, and not by the browser.
    fn question(&self, which: usize, transaction: u8) -> Vec<u8> {
        let peer = self.port.peer(self.browsers[which].id).unwrap();
        Writer::new(Class::Request, TransactionId([transaction; 12]))
            .username(peer.local().ufrag(), self.browsers[which].peer.local().ufrag())
            .priority(1)
            .sign(&Key::new(peer.local().password()))
    }
}

/// As the one at `to` sees a datagram from `from`.
fn way(from: SocketAddr, to: SocketAddr) -> Path {
    Path {
        transport: Transport::Udp,
        local: to,
        remote: from,
    }
}

fn at(port: u16) -> SocketAddr {
    ([203, 0, 113, 5], port).into()
}

#[test]
fn each_peer_gets_what_is_its_own() {
    let mut bench = Bench::new(|_| {});
    for which in 0..20 {
        bench.browser(at(1_000 + which));
    }
    bench.run(2);
    for which in 0..20 {
        assert_eq!((bench.keys_of(which), bench.browsers[which].keys), (1, 1));
        let (id, from) = (bench.browsers[which].id, bench.browsers[which].at);
        assert_eq!(bench.port.receive(bench.now, way(from, SERVER), &RTP), Arrival::Rtp(id));
        assert_eq!(
            bench.port.receive(bench.now, way(from, SERVER), &RTCP),
            Arrival::Rtcp(id)
        );
        assert_eq!(bench.port.peer(id).unwrap().state(), State::Connected);
    }
    assert_eq!(bench.port.poll(), None);
    assert_eq!(bench.port.counts(), DropCounts::default());
    bench.run(60);
    assert!(
        bench
            .browsers
            .iter()
            .all(|browser| browser.peer.state() == State::Connected)
    );
}

#[test]
fn what_fits_nobody_is_dropped_by_its_reason() {
    let mut bench = Bench::new(|_| {});
    bench.browser(at(1_000));
    bench.run(1);
    let (now, port) = (bench.now, &mut bench.port);
    let stranger = way(at(6_666), SERVER);
    let nobody = Writer::new(Class::Request, TransactionId([1; 12]))
        .username("nobodyin", "here")
        .sign(&Key::new("x"));
    let answer = Writer::new(Class::Success, TransactionId([1; 12])).sign(&Key::new("x"));
    let wide = [&[22, 254, 253][..], &[0; 2_048]].concat();
    for (bytes, why) in [
        (&RTP[..], Dropped::Stranger),
        (&RTCP, Dropped::Stranger),
        (&[22, 254, 253, 0], Dropped::Stranger),
        (&nobody, Dropped::Stranger),
        (&answer, Dropped::Stranger),
        (b"GET / HTTP/1.1", Dropped::Unknown),
        (&[], Dropped::Unknown),
        (&wide, Dropped::TooLong),
    ] {
        assert_eq!(port.receive(now, stranger, bytes), Arrival::Dropped(why));
    }
    let counts = port.counts();
    assert_eq!((counts.strangers, counts.unknown, counts.too_long), (5, 2, 1));
    assert_eq!(port.poll(), None);
}

#[test]
fn a_flood_of_strangers_is_not_looked_at_and_who_is_known_is_served() {
    let mut bench = Bench::new(|settings| settings.strangers_a_second = 100);
    let which = bench.browser(at(1_000));
    bench.run(1);
    let nobody = Writer::new(Class::Request, TransactionId([1; 12]))
        .username("nobodyin", "here")
        .sign(&Key::new("x"));
    for source in 0..150 {
        let arrival = bench.port.receive(bench.now, way(at(20_000 + source), SERVER), &nobody);
        let why = if source < 100 {
            Dropped::Stranger
        } else {
            Dropped::Flood
        };
        assert_eq!(arrival, Arrival::Dropped(why), "{source}");
    }
    let (id, from) = (bench.browsers[which].id, bench.browsers[which].at);
    assert_eq!(bench.port.receive(bench.now, way(from, SERVER), &RTP), Arrival::Rtp(id));
    let question = bench.question(which, 5);
    assert_eq!(
        bench.port.receive(bench.now, way(from, SERVER), &question),
        Arrival::Taken
    );
    let late = way(at(30_000), SERVER);
    assert_eq!(
        bench.port.receive(bench.now, late, &question),
        Arrival::Dropped(Dropped::Flood)
    );
    bench.now += Duration::from_secs(1);
    assert_eq!(bench.port.receive(bench.now, late, &question), Arrival::Taken);
}

#[test]
fn a_way_is_its_peers_who_proved_it_first() {
    let mut bench = Bench::new(|_| {});
    let victim = bench.browser(at(1_000));
    bench.run(1);
    let thief = bench.browser(at(2_000));
    bench.run(1);
    // The thief has honest credentials, and forges the victim's address.
    let question = bench.question(thief, 5);
    let path = way(at(1_000), SERVER);
    assert_eq!(
        bench.port.receive(bench.now, path, &question),
        Arrival::Dropped(Dropped::TakenPath)
    );
    let id = bench.browsers[victim].id;
    assert_eq!(bench.port.receive(bench.now, path, &RTP), Arrival::Rtp(id));
    assert!(!bench.port.peer(bench.browsers[thief].id).unwrap().accepts(path));
    // Once the victim has left, the address may be anybody's.
    bench.port.remove(bench.now, id);
    assert_eq!(
        bench.port.receive(bench.now, path, &RTP),
        Arrival::Dropped(Dropped::Stranger)
    );
    assert_eq!(bench.port.receive(bench.now, path, &question), Arrival::Taken);
    assert_eq!(
        bench.port.receive(bench.now, path, &RTP),
        Arrival::Rtp(bench.browsers[thief].id)
    );
}

#[test]
fn handshakes_wait_their_turn() {
    let mut bench = Bench::new(|settings| settings.handshakes = 2);
    bench.is_mute = true;
    for which in 0..4 {
        bench.browser(at(1_000 + which));
    }
    bench.run(1);
    // Two have their turn, and say nothing; the others may speak, and are not heard.
    assert_eq!((bench.port.running, bench.port.waiting.len()), (2, 2));
    bench.is_mute = false;
    bench.run(10);
    assert_eq!((bench.port.running, bench.port.waiting.len()), (0, 0));
    assert!((0..4).all(|which| bench.keys_of(which) == 1));
}

#[test]
fn who_has_its_turn_and_does_not_use_it_loses_it() {
    let mut bench = Bench::new(|settings| settings.handshakes = 1);
    bench.is_mute = true;
    bench.browser(at(1_000));
    bench.run(1);
    bench.browser(at(2_000));
    bench.run(20);
    assert_eq!((bench.port.running, bench.port.waiting.len()), (1, 1));
    bench.run(10);
    assert_eq!(
        bench.browsers[0].ours.last(),
        Some(&Output::Closed(Closed::HandshakeTimeout))
    );
    assert_eq!((bench.port.running, bench.port.waiting.len()), (1, 0));
    bench.port.remove(bench.now, bench.browsers[1].id);
    assert_eq!(bench.port.running, 0);
}

#[test]
fn there_are_as_many_peers_as_there_may_be() {
    let mut bench = Bench::new(|settings| settings.peers = 3);
    for which in 0..3 {
        bench.browser(at(1_000 + which));
    }
    let ids: Vec<PeerId> = bench.browsers.iter().map(|browser| browser.id).collect();
    let settings = || Bench::settings(IceMode::Lite, Side::Answerer, 0);
    assert_eq!(bench.port.add(bench.now, settings()), Err(Full));
    bench.port.remove(bench.now, ids[1]);
    bench.port.remove(bench.now, ids[1]);
    assert_eq!(bench.port.peers(), 2);
    let next = bench.port.add(bench.now, settings()).unwrap();
    assert!(
        next != ids[1] && bench.port.peer(ids[1]).is_none(),
        "a name is never used again"
    );
    assert_eq!(bench.port.handle(bench.now, ids[1], Input::Restart), Err(Refused::Over));
    assert_eq!(bench.port.peers(), 3);
}

#[test]
fn a_peer_is_found_by_the_name_it_was_given_also_after_a_restart() {
    let mut bench = Bench::new(|_| {});
    let named = |name: &str| Credentials::new(name, "given.away".repeat(3).replace('.', "/").as_str()).unwrap();
    let settings = Bench::settings(IceMode::Lite, Side::Answerer, 0);
    let id = bench.port.add(bench.now, settings).unwrap();
    let short = bench.port.handle(bench.now, id, Input::Local(named("short")));
    assert_eq!(short, Err(Refused::Name));
    bench
        .port
        .handle(bench.now, id, Input::Local(named("elsewher")))
        .unwrap();
    assert_eq!(bench.port.peer(id).unwrap().local(), &named("elsewher"));
    assert_eq!(bench.port.by_name.keys().collect::<Vec<_>>(), [b"elsewher"]);
    let remote = Remote {
        credentials: named("faraway1"),
        ice: IceMode::Full,
        fingerprints: vec![identity(1).fingerprint().clone()],
        setup: Setup::Passive,
    };
    bench.port.handle(bench.now, id, Input::Remote(remote)).unwrap();
    let late = bench.port.handle(bench.now, id, Input::Local(named("toolate1")));
    assert_eq!(late, Err(Refused::NotRestarted));
    bench.port.handle(bench.now, id, Input::Restart).unwrap();
    bench
        .port
        .handle(bench.now, id, Input::Local(named("restart1")))
        .unwrap();
    assert!(bench.port.by_name.contains_key(b"restart1"));
}

#[test]
fn both_sessions_of_a_restart_are_found_and_nothing_is_left_of_who_is_removed() {
    let mut bench = Bench::new(|_| {});
    let which = bench.browser(at(1_000));
    bench.run(1);
    let id = bench.browsers[which].id;
    assert_eq!(bench.port.by_name.len(), 1);
    bench.port.handle(bench.now, id, Input::Restart).unwrap();
    assert_eq!(bench.port.by_name.len(), 2);
    bench.run(20);
    assert_eq!(
        bench.port.peer(id).unwrap().state(),
        State::Connected,
        "the first session carries on"
    );
    bench.browsers[which].peer.handle(bench.now, Input::Restart).unwrap();
    bench.describe(which);
    let server = Candidate::host(SERVER, 1);
    bench.browsers[which]
        .peer
        .handle(bench.now, Input::RemoteCandidate(server))
        .unwrap();
    bench.run(2);
    assert_eq!(bench.port.by_name.len(), 1);
    assert_eq!((bench.keys_of(which), bench.browsers[which].keys), (1, 1));
    assert_eq!(bench.browsers[which].peer.state(), State::Connected);
    bench.port.remove(bench.now, id);
    let port = &bench.port;
    assert!(port.by_name.is_empty() && port.by_path.is_empty() && port.deadlines.is_empty());
    assert_eq!((port.peers(), port.wake_at()), (0, None));
}

#[test]
fn deadlines_of_many_are_seen_to_in_portions() {
    let mut bench = Bench::new(|_| {});
    for which in 0..limits::DEADLINES_AT_ONCE as u16 + 10 {
        bench.browser(at(1_000 + which));
    }
    let end = bench.now + limits::PATIENCE;
    assert_eq!(bench.port.wake_at(), Some(end));
    let failures = |port: &mut Port| {
        std::iter::from_fn(|| port.poll())
            .filter(|(_, output)| *output == Output::State(State::Failed))
            .count()
    };
    bench.port.tick(end);
    assert_eq!(failures(&mut bench.port), limits::DEADLINES_AT_ONCE);
    assert_eq!(bench.port.wake_at(), Some(end));
    bench.port.tick(end);
    assert_eq!(failures(&mut bench.port), 10);
    assert_eq!(bench.port.wake_at(), None);
}

#[test]
fn fuzz_noise_and_any_order_leaves_the_tables_true() {
    for seed in fuzz_rounds(40) {
        let mut noise = Noise::new(seed);
        let mut bench = Bench::new(|settings| {
            settings.handshakes = 2;
            settings.peers = 8;
        });
        let mut heard: Vec<Vec<u8>> = vec![RTP.to_vec(), RTCP.to_vec()];
        for _ in 0..60 {
            let some = bench.browsers.len();
            match noise.below(8) {
                0 if bench.port.peers() < 8 => {
                    bench.browser(at(1_000 + noise.below(10) as u16));
                }
                1 if some > 0 => {
                    let id = bench.browsers[noise.below(some)].id;
                    bench.port.remove(bench.now, id);
                }
                2 if some > 0 => {
                    let id = bench.browsers[noise.below(some)].id;
                    let input = if noise.below(4) == 0 {
                        Input::Close
                    } else {
                        Input::Restart
                    };
                    let _ = bench.port.handle(bench.now, id, input);
                }
                3 if some > 0 => {
                    let which = noise.below(some);
                    if bench.port.peer(bench.browsers[which].id).is_some() {
                        heard.push(bench.question(which, seed as u8));
                    }
                }
                4..=6 => {
                    let model = &heard[noise.below(heard.len())];
                    let bytes = noise.spoil(&model.clone());
                    let from = at(1_000 + noise.below(12) as u16);
                    bench.port.receive(bench.now, way(from, SERVER), &bytes);
                }
                _ => bench.run(1),
            }
            tables_are_true(&bench.port);
        }
    }
}

fn tables_are_true(port: &Port) {
    let turns = |turn: Turn| port.slots.iter().filter(|slot| slot.handshake == turn).count();
    assert_eq!(
        (turns(Turn::Runs), turns(Turn::Waits)),
        (port.running, port.waiting.len())
    );
    assert!(port.running <= port.settings.handshakes);
    assert!(
        port.by_path
            .iter()
            .all(|(path, id)| port.peer(*id).is_some_and(|peer| peer.accepts(*path)))
    );
    assert!(
        port.by_name
            .values()
            .all(|slot| port.slots[*slot as usize].peer.is_some())
    );
    let deadlines = port.slots.iter().filter(|slot| slot.wake_at.is_some()).count();
    assert_eq!(deadlines, port.deadlines.len());
    assert_eq!(address("203.0.113.5:1000"), at(1_000));
}
