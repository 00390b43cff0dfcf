//! Random sequences of messages and commands, in any order, some of them mutilated. No panic, each dialog ends once and
//! last, and time clears everything away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::tests::{Bench, Dice, SDP, fuzz_rounds, request};
use crate::{DialogId, Event, Flow, Outgoing, Rejection};

const METHODS: [&str; 9] = [
    "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "PRACK", "JUMP",
];

struct Run {
    bench: Bench,
    dice: Dice,
    tags: Vec<String>,
    dialogs: Vec<DialogId>,
    requests: Vec<crate::Message>,
    told: usize,
    ended: BTreeSet<DialogId>,
    begun: BTreeMap<DialogId, usize>,
}

impl Run {
    fn new(seed: u64) -> Self {
        Self {
            bench: Bench::new(),
            dice: Dice::new(seed),
            tags: vec!["nobody".to_owned()],
            dialogs: Vec::new(),
            requests: Vec::new(),
            told: 0,
            ended: BTreeSet::new(),
            begun: BTreeMap::new(),
        }
    }

    fn step(&mut self) {
        match self.dice.below(10) {
            0..=4 => self.feed_request(),
            5 => self.feed_response(),
            6..=7 => self.command(),
            8 => {
                self.bench.pass(Duration::from_millis(self.dice.below(3_000)));
            }
            _ => {
                self.bench.pass(Duration::from_secs(self.dice.below(40)));
            }
        }
        self.look();
    }

    fn feed_request(&mut self) {
        let method = METHODS[self.dice.below(9) as usize];
        let tag = self.tags[self.dice.below(self.tags.len() as u64) as usize].clone();
        let inside = self.dice.below(3) > 0;
        let body = if self.dice.below(2) == 0 { SDP } else { "" };
        let branch = format!("b{}", self.dice.below(6));
        let raw = request(
            method,
            &branch,
            1 + self.dice.below(6) as u32,
            inside.then_some(tag.as_str()),
            body,
        );
        let raw = raw.replace("call-1", &format!("call-{}", self.dice.below(2)));
        self.feed_maybe_broken(raw.into_bytes());
    }

    fn feed_response(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        let pick = self.dice.below(self.requests.len() as u64) as usize;
        let crate::Message::Request(request) = &self.requests[pick] else {
            return;
        };
        let status = [100, 180, 183, 200, 200, 302, 408, 481, 486, 487, 491, 603][self.dice.below(12) as usize];
        let mut headers = crate::Headers::new();
        for field in request
            .headers
            .iter()
            .filter(|field| ["Via", "From", "Call-ID", "CSeq"].contains(&field.name))
        {
            headers.push(field.name, &String::from_utf8_lossy(field.value));
        }
        let to = request.headers.first("To").unwrap_or_default();
        let tag = if to.contains("tag=") {
            String::new()
        } else {
            format!(";tag=far{}", self.dice.below(3))
        };
        headers.push("To", &format!("{to}{tag}"));
        headers.push("Contact", "<sip:far@192.0.2.1:5062>");
        let body = if self.dice.below(2) == 0 {
            SDP.into()
        } else {
            Vec::new()
        };
        if !body.is_empty() {
            headers.push("Content-Type", "application/sdp");
        }
        let response = crate::Response {
            status,
            reason: "R".to_owned(),
            headers,
            body,
        };
        self.feed_maybe_broken(response.to_bytes());
    }

    fn feed_maybe_broken(&mut self, mut raw: Vec<u8>) {
        if self.dice.below(5) == 0 {
            for _ in 0..=self.dice.below(3) {
                let at = self.dice.below(raw.len() as u64) as usize;
                raw[at] = b"\r\n ;:<>\"\0\xff9x"[self.dice.below(12) as usize];
            }
        }
        self.bench.feed_from(crate::tests::phone_address(), &raw);
    }

    fn command(&mut self) {
        let now = self.bench.now;
        let endpoint = &mut self.bench.endpoint;
        if self.dialogs.is_empty() || self.dice.below(8) == 0 {
            let call = Outgoing {
                sdp: (self.dice.below(2) == 0).then(|| SDP.into()),
                ..Outgoing::new(
                    "sip:far@192.0.2.1:5062".parse().expect("an address"),
                    Flow::udp(crate::tests::phone_address()),
                    crate::NameAddr::parse("sip:near@198.51.100.2").expect("an address"),
                )
            };
            let id = endpoint.invite(now, call).expect("room");
            self.begun.insert(id, self.told);
            self.dialogs.push(id);
        }
        let id = self.dialogs[self.dice.below(self.dialogs.len() as u64) as usize];
        let sdp = (self.dice.below(2) == 0).then(|| SDP.into());
        let known = match self.dice.below(9) {
            0 => endpoint.provisional(now, id, 183, sdp),
            1..=2 => endpoint.accept(now, id, SDP.into()),
            3 => endpoint.reject(
                now,
                id,
                Rejection {
                    status: 486,
                    retry_after_s: None,
                },
            ),
            4 => endpoint.accept_reinvite(now, id, SDP.into()),
            5 => endpoint.reject_reinvite(now, id, 488),
            6 => endpoint.bye(now, id),
            7 => endpoint.cancel(now, id),
            _ => endpoint
                .reinvite(now, id, sdp)
                .and_then(|()| endpoint.acknowledge(now, id, None)),
        };
        if self.ended.contains(&id) {
            assert_eq!(
                known,
                Err(crate::DialogError::Unknown),
                "an ended dialog takes no command"
            );
        }
    }

    /// Checks what was told and learns from what was sent.
    fn look(&mut self) {
        for message in self.bench.drain() {
            self.learn(message);
        }
        for (_, message) in std::mem::take(&mut self.bench.sent) {
            self.learn(message);
        }
        for event in &self.bench.events[self.told..] {
            let Some(dialog) = event.dialog() else { continue };
            assert!(!self.ended.contains(&dialog), "{event:?} after its dialog ended");
            match event {
                Event::Invite { .. } => {
                    assert!(self.begun.insert(dialog, self.told).is_none(), "an id was used twice");
                    self.dialogs.push(dialog);
                }
                Event::Ended { .. } => drop(self.ended.insert(dialog)),
                _ => assert!(self.begun.contains_key(&dialog), "{event:?} of an unknown dialog"),
            }
        }
        self.told = self.bench.events.len();
    }

    fn learn(&mut self, message: crate::Message) {
        match &message {
            crate::Message::Response(response) => {
                let tag = response.tag_of_to().map(str::to_owned);
                self.tags.extend(tag.filter(|tag| !self.tags.contains(tag)));
            }
            crate::Message::Request(_) => self.requests.push(message),
        }
    }

    /// Ends what is still up and lets all timers run out.
    fn finish(&mut self, seed: u64) {
        let now = self.bench.now;
        for id in self.dialogs.clone() {
            let _ = self.bench.endpoint.reject(
                now,
                id,
                Rejection {
                    status: 480,
                    retry_after_s: None,
                },
            );
            let _ = self.bench.endpoint.cancel(now, id);
            let _ = self.bench.endpoint.bye(now, id);
        }
        self.look();
        self.bench.pass(Duration::from_secs(300));
        self.look();
        // A cancelled call that rang and heard nothing more is over after 64*T1; so is everything else.
        assert_eq!(self.ended.len(), self.begun.len(), "seed {seed}: each dialog ends");
        let counters = self.bench.endpoint.counters();
        assert_eq!((counters.transactions, counters.dialogs), (0, 0), "seed {seed}");
        assert_eq!(
            (self.bench.endpoint.dialogs.len(), self.bench.endpoint.index.len()),
            (0, 0),
            "seed {seed}"
        );
        assert_eq!(self.bench.endpoint.wake_at(), None, "seed {seed}");
    }
}

#[test]
fn fuzz_no_order_of_messages_and_commands_breaks_it() {
    let mut calls = 0;
    for seed in fuzz_rounds(1_500) {
        let mut run = Run::new(seed);
        for _ in 0..60 {
            run.step();
        }
        run.finish(seed);
        calls += run.begun.len();
    }
    assert!(calls > 1_000, "the sequences should make calls: {calls}");
}
