//! A node with more calls than it has time for: the call in progress is served, new ones are told when to come back, and
//! afterwards all is as before. Each call of the burst costs the shard exactly its CPU limit, on any machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a test binary exports nothing; it uses a part of what tests share"
)]

mod support;

use patchcord_host::Node;
use patchcord_sip::{
    Config, DialogId, EndCause, Endpoint, Event, Flow, Input, Listener, NameAddr, Outgoing, Output, Response, Uri,
};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{config, example, hostile, metric, node, program, wait_for_metric};

/// Calls at once. At 100 ms each they are ten seconds of work.
const BURST: usize = 100;
/// Longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
     m=audio 9 RTP/AVP 0\r\na=sendrecv\r\n";

/// What has become of a call.
#[derive(Debug)]
enum Fate {
    Placed,
    Up,
    Refused(Arc<Response>),
    Over(EndCause),
}

/// Callers on one socket.
struct Callers {
    socket: UdpSocket,
    endpoint: Endpoint,
    node: SocketAddr,
    calls: HashMap<DialogId, Fate>,
    /// Answers to changes of sessions.
    changed: Vec<u16>,
}

impl Callers {
    fn new(node: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let listener = Listener::udp(socket.local_addr().unwrap());
        Self {
            endpoint: Endpoint::new(Config::new(vec![listener], "callers"), 5),
            socket,
            node,
            calls: HashMap::new(),
            changed: Vec::new(),
        }
    }

    fn call(&mut self, to: &str) -> DialogId {
        let uri = Uri::parse(&format!("sip:{to}@{}", self.node)).unwrap();
        let from = NameAddr::new(Uri::parse("sip:caller@phones.invalid").unwrap());
        let outgoing = Outgoing {
            sdp: Some(SDP.into()),
            ..Outgoing::new(uri, Flow::udp(self.node), from)
        };
        let dialog = self.endpoint.invite(Instant::now(), outgoing).unwrap();
        self.calls.insert(dialog, Fate::Placed);
        self.drain();
        dialog
    }

    /// Goes on until something is so.
    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        let mut buffer = [0; 65_536];
        while !done(self) {
            assert!(
                Instant::now() < end,
                "not within {PATIENCE:?}: {what}; {:?}",
                self.calls
            );
            if let Ok((bytes, from)) = self.socket.recv_from(&mut buffer) {
                let (flow, bytes) = (Flow::udp(from), &buffer[..bytes]);
                self.endpoint.handle(
                    Instant::now(),
                    Input::Message {
                        flow,
                        bytes,
                        proven: None,
                    },
                );
            }
            self.endpoint.handle(Instant::now(), Input::Deadline);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send { to, bytes, .. } => drop(self.socket.send_to(&bytes, to.peer).unwrap()),
                Output::Event(Event::Answered { dialog, .. }) => drop(self.calls.insert(dialog, Fate::Up)),
                Output::Event(Event::Refused { dialog, response }) => {
                    self.calls.insert(dialog, Fate::Refused(response));
                }
                Output::Event(Event::Ended { dialog, cause }) if !matches!(self.calls[&dialog], Fate::Refused(_)) => {
                    self.calls.insert(dialog, Fate::Over(cause));
                }
                Output::Event(Event::ReinviteAnswered { status, .. }) => self.changed.push(status),
                Output::Event(_) => {}
            }
        }
    }

    fn is_up(&self, dialog: DialogId) -> bool {
        matches!(self.calls[&dialog], Fate::Up)
    }

    fn waiting(&self) -> usize {
        self.calls.values().filter(|fate| matches!(fate, Fate::Placed)).count()
    }

    fn hang_up(&mut self, dialog: DialogId) {
        self.endpoint.bye(Instant::now(), dialog).unwrap();
        self.drain();
    }
}

fn calm_node() -> Node {
    let (mut config, _) = config(BURST + 4);
    config.shards = 1;
    let programs = vec![
        program("menu", &example("menu")),
        program("busy", &hostile("endless_loop")),
    ];
    node(config, programs)
}

/// Those that waited too long, and those for whose handlers there was no time.
fn refused_for_want_of_time(node: &Node) -> u64 {
    metric(node, "patchcord_overload_refused_total{class=\"new_call\"}")
        + metric(node, "patchcord_calls_refused_total{reason=\"computing\"}")
}

#[test]
fn a_call_in_progress_is_served_new_ones_are_told_when_to_come_back_and_then_all_is_as_before() {
    let node = calm_node();
    let mut callers = Callers::new(node.local_sip());
    let talk = callers.call("menu");
    callers.until("the first call is up", |callers| callers.is_up(talk));
    // From now on the published count is not that of before: all that follows may take less time than passes between two.
    wait_for_metric(&node, "patchcord_calls_active", 1);

    for _ in 0..BURST {
        callers.call("busy");
    }
    callers
        .endpoint
        .reinvite(Instant::now(), talk, Some(SDP.into()))
        .unwrap();
    callers.drain();
    callers.until("the change is answered", |callers| callers.changed == [200]);
    assert!(
        callers.waiting() > 0,
        "the change came after the burst and is answered before it is over"
    );
    let before = callers.endpoint.counters().responses_received[1];
    callers.hang_up(talk);
    callers.until("the BYE is answered", |callers| {
        callers.endpoint.counters().responses_received[1] > before
    });

    callers.until("everyone knows", |callers| callers.waiting() == 0);
    let refused: Vec<_> = callers
        .calls
        .values()
        .filter_map(|fate| match fate {
            Fate::Refused(response) => Some(response),
            _ => None,
        })
        .collect();
    assert!(!refused.is_empty(), "ten seconds of work are not taken on");
    assert!(refused.len() < BURST, "and some of it is");
    for response in &refused {
        let retry_after = response.headers.first("Retry-After");
        let retry_after = retry_after.map(|seconds| seconds.trim().parse::<u32>());
        assert_eq!(response.status, 503);
        assert!(matches!(retry_after, Some(Ok(1..=5))), "{retry_after:?}");
    }
    let refused = refused.len() as u64;

    let all_gone = |callers: &Callers| callers.calls.values().all(|fate| !matches!(fate, Fate::Up));
    let up: Vec<_> = callers
        .calls
        .keys()
        .copied()
        .filter(|call| callers.is_up(*call))
        .collect();
    for call in up {
        callers.hang_up(call);
    }
    callers.until("those that were taken are over", all_gone);
    // Their handlers compute on, until they have used the time of a turn.
    callers.until("all calls are over", |_| metric(&node, "patchcord_calls_active") == 0);
    let later = callers.call("menu");
    callers.until("a new call is taken", |callers| callers.is_up(later));
    callers.hang_up(later);
    callers.until("it is over", all_gone);
    wait_for_metric(&node, "patchcord_calls_active", 0);
    let counted = refused_for_want_of_time(&node);
    assert!(counted >= refused, "{counted} of {refused}");
    assert_eq!(metric(&node, "patchcord_inbox_dropped_total"), 0);
}
