//! A phone and a far end made of the same two cores, joined without a network.

use super::*;
use patchcord_media::{
    self as media, Command, Engine, FRAME, KeyPress, Plan, PlayId, Prompt, Report, Segment, SessionId, StopOnKey, Tone,
};
use patchcord_sip::{NameAddr, Uri};
use std::net::SocketAddr;
use std::time::Duration;

const SESSION: SessionId = SessionId(0);

/// The far end: what it does with an INVITE is up to the test.
struct Far {
    sip: Endpoint,
    engine: Engine,
    local: Local,
    dialog: Option<DialogId>,
    events: Vec<sip::Event>,
    reports: Vec<Report>,
    /// Start lines of what the phone sent.
    received: Vec<String>,
}

struct Pair {
    base: Instant,
    now: Instant,
    phone: Phone,
    far: Far,
    events: Vec<Event>,
    heard: Vec<i16>,
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn phone_sip() -> SocketAddr {
    address("10.0.0.1:5060")
}

fn far_sip() -> SocketAddr {
    address("192.0.2.1:5060")
}

struct ToPhone(Vec<(media::Lane, Vec<u8>)>);

impl media::Sink for ToPhone {
    fn send(&mut self, _: SessionId, lane: media::Lane, _: SocketAddr, packet: &[u8]) {
        self.0.push((lane, packet.to_vec()));
    }
    fn heard(&mut self, _: SessionId, _: &[i16]) {}
}

impl Pair {
    fn new(faults: Faults) -> Self {
        #[allow(clippy::disallowed_methods, reason = "an origin for the virtual clock")]
        let base = Instant::now();
        let config = Config {
            faults,
            ..Config::new(phone_sip(), address("10.0.0.1:4000"), 1)
        };
        let far = sip::Config::new(vec![sip::Listener::udp(far_sip())], "");
        let local = Local {
            address: far_sip().ip(),
            port: 20_000,
            session_id: 7,
            version: 1,
            codecs: vec![sdp::Codec::Pcma],
            direction: Direction::SendRecv,
        };
        let far = Far {
            sip: Endpoint::new(far, 2),
            engine: Engine::new(media::Config::default(), 3),
            local,
            dialog: None,
            events: Vec::new(),
            reports: Vec::new(),
            received: Vec::new(),
        };
        Self {
            base,
            now: base,
            phone: Phone::new(config),
            far,
            events: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// A pair in which the phone has called; the INVITE is with the far end.
    fn calling(offer: Offer, faults: Faults) -> Self {
        let mut pair = Self::new(faults);
        pair.act(Action::Call(dial(offer)));
        pair
    }

    /// A pair in a call, audio both ways.
    fn answered() -> Self {
        let mut pair = Self::calling(Offer::InInvite, Faults::default());
        let answer = pair.agree(Command::Open {
            session: SESSION,
            plan: plan(Direction::SendRecv),
        });
        pair.far_accepts(answer);
        assert_eq!(pair.events, [Event::Answered]);
        pair.events.clear();
        pair
    }

    fn act(&mut self, action: Action) {
        self.phone.handle(self.now, Input::Action(action));
        self.settle();
    }

    /// The far end's answer to the phone's last offer.
    fn agree(&mut self, command: Command) -> Vec<u8> {
        let offer = self.far.events.iter().rev().find_map(|event| match event {
            sip::Event::Invite { request, .. } => request.sdp().map(<[u8]>::to_vec),
            sip::Event::Reinvite { sdp, .. } => sdp.clone(),
            _ => None,
        });
        let (answer, _) = sdp::answer(&offer.expect("the phone offered"), &self.far.local).unwrap();
        self.far.engine.command(self.now, command);
        answer
    }

    fn dialog(&self) -> DialogId {
        self.far.dialog.expect("the phone called")
    }

    fn far_accepts(&mut self, sdp: Vec<u8>) {
        let dialog = self.dialog();
        self.far.sip.accept(self.now, dialog, sdp).unwrap();
        self.settle();
    }

    /// Carries everything both ends want to each other until both have nothing more.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.phone.poll() {
                quiet = false;
                self.phone_output(output);
            }
            while let Some(output) = self.far.sip.poll() {
                quiet = false;
                match output {
                    sip::Output::Send { bytes, .. } => {
                        let input = Input::Datagram {
                            lane: Lane::Sip,
                            from: far_sip(),
                            bytes: &bytes,
                        };
                        self.phone.handle(self.now, input);
                        while let Some(output) = self.phone.poll() {
                            self.phone_output(output);
                        }
                    }
                    sip::Output::Event(event) => {
                        if let sip::Event::Invite { dialog, .. } = event {
                            self.far.dialog = Some(dialog);
                        }
                        self.far.events.push(event);
                    }
                }
            }
            while let Some(report) = self.far.engine.poll_report() {
                self.far.reports.push(report);
            }
            if quiet {
                return;
            }
        }
    }

    fn phone_output(&mut self, output: Output) {
        match output {
            Output::Send {
                lane: Lane::Sip, bytes, ..
            } => {
                let line = bytes.split(|byte| *byte == b'\r').next().unwrap();
                self.far.received.push(String::from_utf8_lossy(line).into_owned());
                self.far.sip.handle(
                    self.now,
                    sip::Input::Message {
                        flow: sip::Flow::udp(phone_sip()),
                        bytes: &bytes,
                    },
                );
            }
            Output::Send { lane, bytes, .. } => {
                let (lane, port) = if lane == Lane::Rtp {
                    (media::Lane::Rtp, 4000)
                } else {
                    (media::Lane::Rtcp, 4001)
                };
                let from = SocketAddr::new(phone_sip().ip(), port);
                self.far.engine.packet(self.now, SESSION, lane, from, &bytes);
            }
            Output::Heard { samples, .. } => self.heard.extend_from_slice(&samples),
            Output::Event(event) => self.events.push(event),
        }
    }

    /// Lets time pass in steps of 20 ms; the far end's session ticks in each.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now += FRAME;
            let mut sink = ToPhone(Vec::new());
            self.far.engine.tick(self.now, 0, &mut sink);
            for (lane, bytes) in sink.0 {
                let (lane, port) = if lane == media::Lane::Rtp {
                    (Lane::Rtp, 20_000)
                } else {
                    (Lane::Rtcp, 20_001)
                };
                let from = SocketAddr::new(far_sip().ip(), port);
                self.phone.handle(
                    self.now,
                    Input::Datagram {
                        lane,
                        from,
                        bytes: &bytes,
                    },
                );
                self.settle();
            }
            self.far.sip.handle(self.now, sip::Input::Deadline);
            self.phone.handle(self.now, Input::Deadline);
            self.settle();
        }
    }

    fn received(&self, method: &str) -> usize {
        self.far.received.iter().filter(|line| line.starts_with(method)).count()
    }

    fn keys_heard(&self) -> Vec<u8> {
        let key = |report: &Report| match report {
            Report::Key { event, .. } => Some(*event),
            _ => None,
        };
        self.far.reports.iter().filter_map(key).collect()
    }

    fn ended(&self) -> Option<End> {
        match self.events.last() {
            Some(Event::Ended { end, .. }) => Some(*end),
            _ => None,
        }
    }
}

fn dial(offer: Offer) -> Dial {
    Dial {
        uri: Uri::parse("sip:100@192.0.2.1").unwrap(),
        destination: far_sip(),
        from: NameAddr::new(Uri::parse("sip:alice@10.0.0.1").unwrap()),
        offer,
    }
}

/// The far end's plan.
fn plan(direction: Direction) -> Plan {
    Plan {
        remote: address("10.0.0.1:4000"),
        remote_rtcp: address("10.0.0.1:4001"),
        codec: media::Codec::Pcma,
        payload_type: 8,
        telephone_event: Some(101),
        flow: audio::flow(direction),
        timeout: None,
    }
}

fn keys(text: &str) -> Action {
    let press = |key| KeyPress {
        event: key_event(key).unwrap(),
        duration_ms: 100,
        pause_ms: 60,
    };
    Action::Press(text.chars().map(press).collect())
}

#[test]
fn a_call_is_heard_and_keys_arrive_once_each() {
    let mut pair = Pair::answered();
    let tone = Tone {
        frequencies: vec![440],
        on: Duration::from_secs(10),
        off: Duration::ZERO,
        count: 1,
        level_dbm0: -10,
    };
    let prompt = Prompt {
        segments: vec![Segment::Tone(tone)],
        times: 1,
    };
    let play = Command::Play {
        session: SESSION,
        play: PlayId(1),
        prompt,
        stop_on_key: StopOnKey::PlayOn,
    };
    pair.far.engine.command(pair.now, play);
    pair.act(keys("15*#"));
    pair.pass(Duration::from_secs(2));
    let level = media::measure::frequency_dbfs(&pair.heard[8_000..], 8_000, 440.0);
    assert!((-16.0..-10.0).contains(&level), "{level}");
    assert_eq!(pair.heard.len(), 16_000, "2 s without a hole");
    assert_eq!(pair.keys_heard(), [1, 5, 10, 11]);
    assert_eq!(pair.events, [Event::KeySent; 4]);
}

#[test]
fn hanging_up_ends_the_call_once_with_its_counters() {
    let mut pair = Pair::answered();
    pair.pass(Duration::from_secs(1));
    pair.act(Action::HangUp);
    pair.pass(Duration::from_secs(40));
    let [
        Event::Ended {
            end: End::ByPhone,
            counters: Some(counters),
        },
    ] = pair.events[..]
    else {
        panic!("{:?}", pair.events)
    };
    assert!((49..=51).contains(&counters.packets_out), "{counters:?}");
    assert_eq!(pair.phone.wake_at(), None, "nothing is left to do");
    pair.act(Action::Call(dial(Offer::InInvite)));
    assert!(pair.phone.in_call(), "and it can call again");
}

#[test]
fn the_far_end_hangs_up() {
    let mut pair = Pair::answered();
    let dialog = pair.dialog();
    pair.far.sip.bye(pair.now, dialog).unwrap();
    pair.settle();
    pair.pass(Duration::from_millis(40));
    assert_eq!(pair.ended(), Some(End::ByFarEnd));
}

#[test]
fn refusals_and_cancelled_calls_end_without_audio() {
    let mut pair = Pair::calling(Offer::InInvite, Faults::default());
    let busy = Rejection {
        status: 486,
        retry_after_s: None,
    };
    let dialog = pair.dialog();
    pair.far.sip.reject(pair.now, dialog, busy).unwrap();
    pair.settle();
    assert_eq!(
        pair.events,
        [Event::Ended {
            end: End::Refused { status: 486 },
            counters: None
        }]
    );

    let mut pair = Pair::calling(Offer::InInvite, Faults::default());
    let dialog = pair.dialog();
    pair.far.sip.provisional(pair.now, dialog, 180, None).unwrap();
    pair.settle();
    pair.act(Action::Cancel);
    assert_eq!(pair.events[0], Event::Progress { status: 180 });
    assert_eq!(pair.ended(), Some(End::Cancelled));
}

#[test]
fn early_media_is_heard_and_a_refusal_after_it_has_counters() {
    let mut pair = Pair::calling(Offer::InInvite, Faults::default());
    let answer = pair.agree(Command::Open {
        session: SESSION,
        plan: plan(Direction::SendRecv),
    });
    let dialog = pair.dialog();
    pair.far.sip.provisional(pair.now, dialog, 183, Some(answer)).unwrap();
    pair.settle();
    assert_eq!(pair.events, [Event::Progress { status: 183 }, Event::EarlyMedia]);
    pair.pass(Duration::from_millis(500));
    assert!(!pair.heard.is_empty());
    let rejection = Rejection {
        status: 480,
        retry_after_s: None,
    };
    pair.far.sip.reject(pair.now, dialog, rejection).unwrap();
    pair.settle();
    pair.pass(Duration::from_millis(40));
    let Some(Event::Ended {
        end: End::Refused { status: 480 },
        counters: Some(_),
    }) = pair.events.last()
    else {
        panic!("{:?}", pair.events)
    };
}

#[test]
fn a_late_offer_is_answered_in_the_ack() {
    let mut pair = Pair::calling(Offer::Late, Faults::default());
    let offer = sdp::offer(&pair.far.local);
    pair.far_accepts(offer);
    let answer = pair.far.events.iter().find_map(|event| match event {
        sip::Event::Confirmed { sdp, .. } => sdp.clone(),
        _ => None,
    });
    let agreed = sdp::accept_answer(&answer.expect("the ACK carries it"), &pair.far.local).unwrap();
    assert_eq!(agreed.remote, address("10.0.0.1:4000"));
    assert_eq!(agreed.codec, sdp::Codec::Pcma);
    assert_eq!(pair.events, [Event::Answered]);
    pair.act(keys("1"));
    pair.far.engine.command(
        pair.now,
        Command::Open {
            session: SESSION,
            plan: plan(Direction::SendRecv),
        },
    );
    pair.pass(Duration::from_secs(1));
    assert_eq!(pair.keys_heard(), [1]);
}

#[test]
fn an_answer_that_fits_nothing_is_acknowledged_and_hung_up_on() {
    let mut pair = Pair::calling(Offer::InInvite, Faults::default());
    let video = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=video 5000 RTP/AVP 96\r\n";
    pair.far_accepts(video.to_vec());
    assert_eq!((pair.received("ACK"), pair.received("BYE")), (1, 1));
    assert_eq!(pair.ended(), Some(End::NoCommonAudio));
}

/// The last offer's direction, as it stands in the description.
fn offered_direction(pair: &Pair) -> &'static str {
    let Some(sip::Event::Reinvite { sdp: Some(sdp), .. }) = pair.far.events.last() else {
        panic!("{:?}", pair.far.events)
    };
    let text = String::from_utf8_lossy(sdp);
    if text.contains("a=sendonly") {
        "sendonly"
    } else {
        "sendrecv"
    }
}

#[test]
fn hold_and_resume_are_agreed_by_reinvite() {
    let mut pair = Pair::answered();
    for (action, direction, event) in [
        (Action::Hold, "sendonly", Event::Held),
        (Action::Resume, "sendrecv", Event::Resumed),
    ] {
        pair.act(action);
        assert_eq!(offered_direction(&pair), direction);
        let answer = pair.agree(Command::Update {
            session: SESSION,
            plan: plan(Direction::SendRecv),
        });
        let dialog = pair.dialog();
        pair.far.sip.accept_reinvite(pair.now, dialog, answer).unwrap();
        pair.settle();
        assert_eq!(pair.events.pop(), Some(event));
    }
}

#[test]
fn a_refused_hold_leaves_the_call_and_one_that_met_theirs_is_tried_again() {
    let mut pair = Pair::answered();
    let dialog = pair.dialog();
    pair.act(Action::Hold);
    pair.far.sip.reject_reinvite(pair.now, dialog, 488).unwrap();
    pair.settle();
    assert_eq!(pair.events.pop(), Some(Event::HoldRefused { status: 488 }));
    assert!(pair.phone.in_call());

    pair.act(Action::Hold);
    pair.far.sip.reject_reinvite(pair.now, dialog, 491).unwrap();
    pair.settle();
    let before = pair.received("INVITE");
    pair.pass(Duration::from_millis(2_000));
    assert_eq!(pair.received("INVITE"), before, "not before 2.1 s");
    pair.pass(Duration::from_millis(2_200));
    assert_eq!(pair.received("INVITE"), before + 1);
    let answer = pair.agree(Command::Update {
        session: SESSION,
        plan: plan(Direction::RecvOnly),
    });
    pair.far.sip.accept_reinvite(pair.now, dialog, answer).unwrap();
    pair.settle();
    assert_eq!(pair.events.pop(), Some(Event::Held));
}

#[test]
fn the_far_end_may_change_the_session_too() {
    let mut pair = Pair::answered();
    let dialog = pair.dialog();
    let local = Local {
        version: 2,
        direction: Direction::SendOnly,
        ..pair.far.local.clone()
    };
    pair.far
        .sip
        .reinvite(pair.now, dialog, Some(sdp::offer(&local)))
        .unwrap();
    pair.settle();
    assert_eq!(pair.events.pop(), Some(Event::Changed));
    let Some(sip::Event::ReinviteAnswered {
        status: 200,
        sdp: Some(answer),
        ..
    }) = pair.far.events.last()
    else {
        panic!("{:?}", pair.far.events)
    };
    assert!(String::from_utf8_lossy(answer).contains("a=recvonly"));
    // Without an offer of theirs, ours goes into the 200 and their ACK answers it.
    pair.far.sip.reinvite(pair.now, dialog, None).unwrap();
    pair.settle();
    let Some(sip::Event::ReinviteAnswered { sdp: Some(offer), .. }) = pair.far.events.last() else {
        panic!("{:?}", pair.far.events)
    };
    let (answer, _) = sdp::answer(offer, &pair.far.local).unwrap();
    pair.far.sip.acknowledge(pair.now, dialog, Some(answer)).unwrap();
    pair.settle();
    assert_eq!(pair.events.pop(), Some(Event::Changed));
}

#[test]
fn faults_are_made_on_purpose() {
    let faults = Faults {
        lost_acks: 2,
        doubled_invites: 1,
    };
    let mut pair = Pair::calling(Offer::InInvite, faults);
    assert_eq!(pair.received("INVITE"), 2);
    let invites = pair
        .far
        .events
        .iter()
        .filter(|event| matches!(event, sip::Event::Invite { .. }));
    assert_eq!(invites.count(), 1, "the far end sees one call");
    let answer = pair.agree(Command::Open {
        session: SESSION,
        plan: plan(Direction::SendRecv),
    });
    pair.far_accepts(answer);
    assert_eq!(pair.received("ACK"), 0);
    pair.pass(Duration::from_secs(4));
    assert_eq!(pair.received("ACK"), 1, "the third answers the third 200");
    assert!(
        pair.far
            .events
            .iter()
            .any(|event| matches!(event, sip::Event::Confirmed { .. }))
    );
}

#[test]
fn what_cannot_be_done_now_is_refused_and_changes_nothing() {
    let mut pair = Pair::new(Faults::default());
    let clip = std::sync::Arc::new(media::Clip::from_samples(&[0; 160]));
    for (action, why) in [
        (keys("1"), Refusal::NoAudio),
        (Action::Say(clip), Refusal::NoAudio),
        (Action::Hold, Refusal::NoCall),
        (Action::HangUp, Refusal::NoCall),
        (Action::Cancel, Refusal::NoCall),
    ] {
        pair.act(action);
        assert_eq!(pair.events.pop(), Some(Event::Refused(why)));
    }
    pair.act(Action::Call(dial(Offer::InInvite)));
    for (action, why) in [
        (Action::Call(dial(Offer::InInvite)), Refusal::Busy),
        (Action::Hold, Refusal::WrongState),
        (Action::HangUp, Refusal::WrongState),
        (keys("1"), Refusal::NoAudio),
    ] {
        pair.act(action);
        assert_eq!(pair.events.pop(), Some(Event::Refused(why)));
    }
    let mut pair = Pair::answered();
    pair.act(keys(&"1".repeat(129)));
    assert_eq!(pair.events.pop(), Some(Event::Refused(Refusal::Keys)));
    pair.act(Action::Cancel);
    assert_eq!(pair.events.pop(), Some(Event::Refused(Refusal::WrongState)));
    assert!(pair.phone.in_call());
}

#[test]
fn a_clip_is_said_to_its_end() {
    let mut pair = Pair::answered();
    pair.act(Action::Say(std::sync::Arc::new(media::Clip::from_samples(
        &[1_000; 8_000],
    ))));
    pair.pass(Duration::from_millis(980));
    assert!(pair.events.is_empty());
    pair.pass(Duration::from_millis(60));
    assert_eq!(pair.events, [Event::Said]);
}

#[test]
fn a_call_to_the_phone_is_refused_as_busy() {
    let mut pair = Pair::new(Faults::default());
    let local = pair.far.local.clone();
    let outgoing = sip::Outgoing {
        sdp: Some(sdp::offer(&local)),
        ..sip::Outgoing::new(
            Uri::parse("sip:alice@10.0.0.1").unwrap(),
            sip::Flow::udp(phone_sip()),
            NameAddr::new(Uri::parse("sip:100@192.0.2.1").unwrap()),
        )
    };
    pair.far.sip.invite(pair.now, outgoing).unwrap();
    pair.settle();
    let Some(sip::Event::Ended {
        cause: EndCause::Rejected { status: 486 },
        ..
    }) = pair.far.events.last()
    else {
        panic!("{:?}", pair.far.events)
    };
    assert!(pair.events.is_empty());
}

#[test]
fn nobody_answers_at_all() {
    let mut pair = Pair::new(Faults::default());
    pair.phone
        .handle(pair.now, Input::Action(Action::Call(dial(Offer::InInvite))));
    let mut ended = None;
    while let Some(at) = pair.phone.wake_at() {
        pair.phone.handle(at, Input::Deadline);
        while let Some(output) = pair.phone.poll() {
            if let Output::Event(Event::Ended { end, counters }) = output {
                assert_eq!((end, counters), (End::TimedOut, None));
                ended = Some(at - pair.base);
            }
        }
    }
    assert_eq!(ended, Some(Duration::from_secs(32)), "timer B");
}

#[test]
fn keys_have_their_events() {
    let all: Vec<u8> = "0123456789*#ABCD".chars().filter_map(key_event).collect();
    assert_eq!(all, (0..=15).collect::<Vec<u8>>());
    assert_eq!((key_event('d'), key_event('x')), (Some(15), None));
}
