//! A handler that computes for long is left in the middle of its turn: whoever calls meanwhile is answered before it goes on, and
//! one that is ended there leaves a journal that replays. One shard, without network or media: what counts is in which order it
//! does things.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{announcement, helper, program};
use patchcord_control::call::Trace;
use patchcord_control::ids::Tenant;
use patchcord_control::record::{CallRecord, FaultKind, HandlerEnd};
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_control::tenancy::{Limits, Tenancy};
use patchcord_control::words::UnixTime;
use patchcord_guest::{Config as RuntimeConfig, Module, Runtime};
use patchcord_media::{Command, Counters, Report, SessionId};
use patchcord_sip::sdp::{Codec, Srtp};
use patchcord_sip::{Flow, Listener};
use patchcord_switch::replay::{Verdict, replay};
use patchcord_switch::{
    Config, Directory, Entry, HandlerOver, IdentityConfig, Input, MediaPort, Output, PrivateValues, Shard, read_journal,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// It computes some 20 million instructions in each turn.
const GRINDER: &str = "grinder-4000";
const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5060);
const CALLER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)), 5060);

/// A shard with a grinder for one tenant, a tone for the other, and what it says.
struct Node {
    shard: Shard,
    now: Instant,
    sent: Vec<String>,
    records: Vec<CallRecord>,
    /// Of all calls together: there is one at a time.
    journal: Vec<u8>,
}

pub(crate) fn config(base: Instant) -> Config {
    Config {
        sip: patchcord_sip::Config::new(vec![Listener::udp(HERE)], "patchcord"),
        domain: None,
        media_address: HERE.ip(),
        gate: None,
        trunks: Vec::new(),
        registrar: None,
        identity: IdentityConfig::default(),
        codecs: vec![Codec::Pcmu],
        ptime_ms: 20,
        srtp: Srtp::Accept,
        browsers: None,
        media_timeout: None,
        instance: patchcord_guest::Limits::default(),
        call: patchcord_control::limits::Limits::default(),
        streams: Arc::default(),
        listens: patchcord_control::call::Listens::Never,
        calls: 1_000,
        trace: Trace::Off,
        journal: Some(PrivateValues::Keep),
        ladder: Trace::Off,
        tenancy: Arc::new(Tenancy::new(base, Limits::default())),
        clock: (
            base,
            UnixTime {
                seconds: 1_800_000_000,
                nanoseconds: 0,
            },
        ),
        seed: [7; 32],
    }
}

impl Node {
    fn new() -> Self {
        let base = Instant::now();
        let mut node = Self {
            shard: Shard::new(base, config(base)).expect("a plain node"),
            now: base,
            sent: Vec::new(),
            records: Vec::new(),
            journal: Vec::new(),
        };
        let ports = (0..16).map(|number| MediaPort {
            session: SessionId(number),
            thread: 0,
            port: 20_000 + 2 * number as u16,
        });
        node.tell(Input::Ports(ports.collect()));
        let [noisy, calm] = ["noisy", "calm"].map(|name| Tenant(name.to_owned()));
        let routes = Routes::new(vec![
            Route::new(Pattern::User("calm".to_owned()), calm.clone(), "tone"),
            Route::new(Pattern::Any, noisy.clone(), "noise"),
        ]);
        let programs = vec![
            (calm, program("tone", &helper("endless_tone"))),
            (noisy, program("noise", &helper("grinder"))),
        ];
        let directory = Directory::new(routes, programs, announcement());
        node.tell(Input::Directory(Arc::new(directory)));
        node
    }

    fn tell(&mut self, input: Input<'_>) {
        self.shard.handle(self.now, input);
        let mut closed = Vec::new();
        while let Some(output) = self.shard.poll() {
            match output {
                Output::Send { bytes, .. } => self.sent.push(String::from_utf8_lossy(&bytes).into_owned()),
                Output::Media {
                    command: Command::Close { session },
                    ..
                } => closed.push(session),
                Output::Journal(part) => self.journal.extend(part.bytes),
                Output::Record(record) => self.records.push(*record),
                _ => {}
            }
        }
        for session in closed {
            let counters = Counters::default();
            self.tell(Input::Media(Report::Closed { session, counters }));
        }
    }

    fn call(&mut self, to: &str) {
        let body =
            "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
        let invite = format!(
            "INVITE sip:{to}@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{to}\r\n\
             From: <sip:alice@192.0.2.9>;tag={to}\r\nTo: <sip:{to}@192.0.2.1>\r\nCall-ID: {to}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:192.0.2.9>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let bytes = invite.as_bytes();
        self.tell(Input::Message {
            flow: Flow::udp(CALLER),
            bytes,
            proven: None,
        });
    }

    fn is_answered(&self, to: &str) -> bool {
        let id = format!("Call-ID: {to}\r\n");
        let mut answers = self.sent.iter().filter(|text| text.starts_with("SIP/2.0 200"));
        answers.any(|text| text.contains(&id))
    }

    /// Lets the turns that wait for a slice go on to their end; how many slices that takes.
    fn work(&mut self) -> usize {
        let mut slices = 0;
        while self.shard.is_working() {
            assert!(
                self.shard.wake_at().is_some_and(|at| at <= self.now),
                "it is due at once"
            );
            self.tell(Input::Deadline);
            slices += 1;
        }
        slices
    }
}

#[test]
fn a_neighbour_is_answered_in_the_middle_of_a_long_turn() {
    let mut node = Node::new();
    node.call(GRINDER);
    assert!(node.is_answered(GRINDER), "it answers first");
    assert!(node.shard.is_working(), "its turn goes on");
    node.call("calm");
    assert!(node.is_answered("calm"));
    assert!(node.shard.is_working(), "and was not waited for");
    let slices = node.work();
    assert!(slices > 50, "{slices}");
    assert_eq!(node.shard.counts().calls, 2);
}

#[test]
fn a_handler_that_is_ended_in_the_middle_of_a_turn_was_never_told_the_last_answer() {
    let mut node = Node::new();
    node.call(GRINDER);
    assert!(node.work() > 50);
    // It sleeps for 50 ms, and computes again; then everything ends, and it has no time left to clean up.
    node.now += Duration::from_millis(50);
    node.tell(Input::Deadline);
    assert!(node.shard.is_working());
    node.tell(Input::EndAll);
    assert!(node.shard.is_working() && node.records.is_empty());
    node.now += Duration::from_secs(6);
    node.tell(Input::Deadline);
    assert!(!node.shard.is_working());
    let HandlerEnd::Faulted(fault) = &node.records[0].handler_end else {
        panic!("{:?}", node.records[0].handler_end);
    };
    assert_eq!(fault.kind, FaultKind::CleanUpOverrun);

    let journal = read_journal(&node.journal).expect("it is a journal");
    let stopped = |entry: &Entry| matches!(entry, Entry::Ended { how, .. } if *how == HandlerOver::Stopped);
    assert!(journal.entries.iter().any(|(_, entry)| stopped(entry)));
    let runtime = Runtime::new(RuntimeConfig {
        max_instances: 1,
        ..RuntimeConfig::default()
    })
    .expect("there is room for one");
    let module = Module::load(&runtime, &helper("grinder")).expect("the contract is kept");
    let report = replay(&journal, &module).expect("it can be replayed");
    assert_eq!(report.verdict, Verdict::Identical, "{} the same", report.same);
}
