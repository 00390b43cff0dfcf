//! Phones that call each other directly: what one does, the other hears.

use super::*;

/// Where the houses stand: 10.0.1.1 and on.
fn house(number: usize) -> SocketAddr {
    SocketAddr::new([10, 0, 1, number as u8 + 1].into(), 5060)
}

/// Phones and what happened on them, with a wire from each to each.
pub(super) struct Street {
    pub(super) now: Instant,
    pub(super) phones: Vec<Phone>,
    pub(super) events: Vec<Vec<(LineId, Event)>>,
    heard: Vec<[Vec<i16>; LINES_MAX]>,
    /// Start lines in the order they were sent.
    pub(super) sent: Vec<String>,
}

impl Street {
    /// Phone n hums at 500 + 200 n Hz.
    pub(super) fn of(configs: Vec<fn(&mut Config)>) -> Self {
        #[allow(clippy::disallowed_methods, reason = "an origin for the virtual clock")]
        let now = Instant::now();
        let phone = |(number, change): (usize, fn(&mut Config))| {
            let rtp = SocketAddr::new(house(number).ip(), 4000);
            let mut config = Config {
                hum: Some(hum_of(number)),
                ..Config::new(house(number), rtp, number as u64)
            };
            change(&mut config);
            Phone::new(config)
        };
        let phones: Vec<Phone> = configs.into_iter().enumerate().map(phone).collect();
        Self {
            now,
            events: phones.iter().map(|_| Vec::new()).collect(),
            heard: phones.iter().map(|_| std::array::from_fn(|_| Vec::new())).collect(),
            phones,
            sent: Vec::new(),
        }
    }

    pub(super) fn act(&mut self, phone: usize, line: LineId, action: Action) {
        self.phones[phone].handle(self.now, Input::OnLine(line, action));
        self.settle();
    }

    pub(super) fn call(&mut self, from: usize, line: LineId, to: usize, offer: Offer) {
        let dial = Dial {
            uri: Uri::parse(&format!("sip:p{to}@{}", house(to))).unwrap(),
            destination: house(to),
            from: NameAddr::new(Uri::parse(&format!("sip:p{from}@{}", house(from).ip())).unwrap()),
            offer,
        };
        self.act(from, line, Action::Call(dial));
    }

    fn settle(&mut self) {
        while let Some((place, output)) = self.next() {
            match output {
                Output::Send { lane, to, bytes } => self.carry(place, lane, to, &bytes),
                Output::Heard { line, samples, .. } => {
                    self.heard[place][line.number()].extend_from_slice(&samples);
                }
                Output::Event { line, event } => self.events[place].push((line, event)),
            }
        }
    }

    fn next(&mut self) -> Option<(usize, Output)> {
        let mut all = self.phones.iter_mut().enumerate();
        all.find_map(|(place, phone)| Some((place, phone.poll()?)))
    }

    fn carry(&mut self, from: usize, lane: Lane, to: SocketAddr, bytes: &[u8]) {
        if lane == Lane::Sip {
            let line = bytes.split(|byte| *byte == b'\r').next().unwrap();
            self.sent.push(String::from_utf8_lossy(line).into_owned());
        }
        let port = match lane {
            Lane::Sip => 5060,
            Lane::Rtp => 4000,
            Lane::Rtcp => 4001,
        };
        let source = SocketAddr::new(house(from).ip(), port);
        let lane = match to.port() {
            5060 => Lane::Sip,
            4000 => Lane::Rtp,
            _ => Lane::Rtcp,
        };
        let place = (0..self.phones.len()).find(|place| house(*place).ip() == to.ip());
        let from = source;
        if let Some(place) = place {
            self.phones[place].handle(self.now, Input::Datagram { lane, from, bytes });
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self
            .phones
            .iter()
            .filter_map(Phone::wake_at)
            .min()
            .filter(|at| *at <= until)
        {
            self.now = self.now.max(at);
            for place in 0..self.phones.len() {
                self.phones[place].handle(self.now, Input::Deadline);
                self.settle();
            }
        }
        self.now = until;
    }

    /// The frequency a line heard most in the last half second, of those that phones hum; none if it was silent.
    pub(super) fn hears(&self, phone: usize, line: LineId) -> Option<usize> {
        let heard = &self.heard[phone][line.number()];
        let last = &heard[heard.len().saturating_sub(4_000)..];
        (0..self.phones.len()).find(|other| {
            let level = media::measure::frequency_dbfs(last, 8_000, f64::from(hum_of(*other)));
            level > -30.0
        })
    }

    pub(super) fn saw(&self, phone: usize, line: LineId, wanted: &Event) -> bool {
        self.events[phone]
            .iter()
            .any(|(at, event)| *at == line && event == wanted)
    }

    pub(super) fn end(&self, phone: usize, line: LineId) -> Option<End> {
        let mut ends = self.events[phone].iter().filter_map(|(at, event)| match event {
            Event::Ended { end, .. } if *at == line => Some(*end),
            _ => None,
        });
        let end = ends.next();
        assert!(ends.next().is_none(), "a call ends once");
        end
    }
}

pub(super) fn hum_of(phone: usize) -> u16 {
    500 + 200 * phone as u16
}

pub(super) const SECOND: Duration = Duration::from_secs(1);
const ONE: LineId = LineId::FIRST;
const TWO: LineId = LineId::SECOND;

/// How a test wants a phone otherwise than it is.
type Setting = fn(&mut Config);

fn keep(_: &mut Config) {}

fn answers(config: &mut Config) {
    config.incoming = Incoming::Answer { after: 2 * SECOND };
}

#[test]
fn a_call_rings_is_answered_and_heard_both_ways_and_either_hangs_up() {
    for (offer, hangs_up) in [
        (Offer::InInvite, 0),
        (Offer::InInvite, 1),
        (Offer::Late, 0),
        (Offer::Late, 1),
    ] {
        let mut street = Street::of(vec![keep, answers]);
        street.call(0, ONE, 1, offer);
        street.pass(SECOND);
        assert!(street.saw(0, ONE, &Event::Progress { status: 180 }));
        let name = CallerName {
            user: "p0".to_owned(),
            display: String::new(),
        };
        assert!(street.saw(1, ONE, &Event::Incoming(name)));
        assert!(!street.saw(0, ONE, &Event::Answered));
        street.pass(2 * SECOND);
        assert!(street.saw(0, ONE, &Event::Answered) && street.saw(1, ONE, &Event::Answered));
        assert_eq!(
            (street.hears(0, ONE), street.hears(1, ONE)),
            (Some(1), Some(0)),
            "{offer:?}"
        );
        street.act(hangs_up, ONE, Action::HangUp);
        street.pass(40 * SECOND);
        let ends = [End::ByPhone, End::ByFarEnd];
        assert_eq!(street.end(hangs_up, ONE), Some(ends[0]));
        assert_eq!(street.end(1 - hangs_up, ONE), Some(ends[1]));
        assert!(
            street.phones.iter().all(|phone| phone.wake_at().is_none()),
            "all is at rest"
        );
    }
}

#[test]
fn a_phone_refuses_redirects_or_lets_it_ring_as_it_is_set_up() {
    let refuses: [(Setting, u16, usize); 4] = [
        (keep, 486, 0),
        (|config| config.incoming = Incoming::Refuse { status: 603 }, 603, 0),
        (
            |config| {
                let to = Uri::parse("sip:other@10.0.1.9").unwrap();
                config.incoming = Incoming::Redirect { to };
            },
            302,
            0,
        ),
        (
            |config| {
                let after = 3 * SECOND;
                config.incoming = Incoming::RingThenRefuse { after, status: 480 };
            },
            480,
            1,
        ),
    ];
    for (change, status, rings) in refuses {
        let mut street = Street::of(vec![keep, change]);
        street.call(0, ONE, 1, Offer::InInvite);
        street.pass(5 * SECOND);
        assert_eq!(street.end(0, ONE), Some(End::Refused { status }));
        let heard = street.events[0]
            .iter()
            .filter(|(_, event)| *event == Event::Progress { status: 180 });
        assert_eq!(heard.count(), rings);
        let declined = street.end(1, ONE);
        assert!(
            declined.is_none_or(|end| end == End::Declined { status }),
            "{declined:?}"
        );
    }
    let mut street = Street::of(vec![keep, |config| config.incoming = Incoming::Ring]);
    street.call(0, ONE, 1, Offer::InInvite);
    street.pass(60 * SECOND);
    assert!(!street.saw(0, ONE, &Event::Answered));
    street.act(0, ONE, Action::Cancel);
    street.pass(SECOND);
    assert_eq!(
        (street.end(0, ONE), street.end(1, ONE)),
        (Some(End::Cancelled), Some(End::GivenUp))
    );
}

#[test]
fn a_phone_that_waits_does_what_it_is_told() {
    let wait: fn(&mut Config) = |config| config.incoming = Incoming::Wait;
    let mut street = Street::of(vec![keep, wait]);
    street.call(0, ONE, 1, Offer::InInvite);
    street.pass(SECOND);
    assert!(street.events[0].is_empty());
    street.act(1, ONE, Action::Ring);
    assert!(street.saw(0, ONE, &Event::Progress { status: 180 }));
    street.act(1, ONE, Action::EarlyMedia);
    street.pass(SECOND);
    assert!(street.saw(0, ONE, &Event::EarlyMedia) && !street.saw(0, ONE, &Event::Answered));
    assert_eq!(street.hears(0, ONE), Some(1), "before the answer");
    street.act(1, ONE, Action::Answer);
    street.pass(SECOND);
    assert!(street.saw(0, ONE, &Event::Answered));
    assert_eq!((street.hears(0, ONE), street.hears(1, ONE)), (Some(1), Some(0)));
    street.act(1, ONE, Action::Answer);
    assert_eq!(
        street.events[1].last(),
        Some(&(ONE, Event::Refused(Refusal::WrongState)))
    );

    let mut street = Street::of(vec![keep, wait]);
    street.call(0, ONE, 1, Offer::Late);
    street.act(1, ONE, Action::Refuse(488));
    assert_eq!(street.end(0, ONE), Some(End::Refused { status: 488 }));
    street.act(1, ONE, Action::Answer);
    assert_eq!(street.events[1].last(), Some(&(ONE, Event::Refused(Refusal::NoCall))));
}

#[test]
fn early_media_is_acknowledged_reliably_and_the_call_is_answered_after_it() {
    for offer in [Offer::InInvite, Offer::Late] {
        let early: fn(&mut Config) = |config| {
            config.incoming = Incoming::EarlyMediaThenAnswer { after: 2 * SECOND };
        };
        let mut street = Street::of(vec![keep, early]);
        street.call(0, ONE, 1, offer);
        street.pass(SECOND);
        if offer == Offer::InInvite {
            assert!(street.saw(0, ONE, &Event::EarlyMedia));
            assert_eq!(street.hears(0, ONE), Some(1));
        }
        street.pass(2 * SECOND);
        assert!(street.saw(0, ONE, &Event::Answered), "{offer:?} {:?}", street.events);
        assert_eq!(
            (street.hears(0, ONE), street.hears(1, ONE)),
            (Some(1), Some(0)),
            "{offer:?}"
        );
    }
}

#[test]
fn a_second_call_waits_on_the_second_line_while_the_first_is_held() {
    let two: fn(&mut Config) = |config| {
        config.lines = 2;
        config.incoming = Incoming::Ring;
    };
    let mut street = Street::of(vec![two, answers, answers, keep]);
    street.call(0, ONE, 1, Offer::InInvite);
    street.pass(4 * SECOND);
    street.call(2, ONE, 0, Offer::InInvite);
    street.call(3, ONE, 0, Offer::InInvite);
    street.pass(SECOND);
    assert_eq!(
        street.end(3, ONE),
        Some(End::Refused { status: 486 }),
        "both lines are in use"
    );
    street.act(0, ONE, Action::Hold);
    street.act(0, TWO, Action::Answer);
    street.pass(2 * SECOND);
    assert!(street.saw(0, ONE, &Event::Held) && street.saw(1, ONE, &Event::Changed));
    assert_eq!((street.hears(0, TWO), street.hears(2, ONE)), (Some(2), Some(0)));
    assert_eq!(street.hears(0, ONE), None, "who is held says nothing");
    street.act(0, TWO, Action::HangUp);
    street.act(0, ONE, Action::Resume);
    street.pass(2 * SECOND);
    assert_eq!((street.end(0, TWO), street.end(0, ONE)), (Some(End::ByPhone), None));
    assert_eq!((street.hears(0, ONE), street.hears(1, ONE)), (Some(1), Some(0)));
    assert!(street.phones[0].uses(ONE) && !street.phones[0].uses(TWO));
}

#[test]
fn keys_are_heard_by_telephone_event_and_by_info() {
    let mut street = Street::of(vec![keep, answers]);
    street.call(0, ONE, 1, Offer::InInvite);
    street.pass(4 * SECOND);
    let Action::Press(presses) = keys("19#") else {
        unreachable!()
    };
    for action in [Action::Press(presses.clone()), Action::PressByInfo(presses)] {
        street.events[1].clear();
        street.act(0, ONE, action);
        street.pass(2 * SECOND);
        let heard = [1, 9, 11].map(|key| (ONE, Event::KeyHeard(HeardKey(key))));
        assert_eq!(street.events[1], heard);
    }
    assert_eq!(street.sent.iter().filter(|line| line.starts_with("INFO ")).count(), 3);
    assert!(!format!("{:?}", street.events).contains("19"), "keys are not for logs");
}

#[test]
fn a_clip_is_said_once_and_then_the_phone_hums_on() {
    let mut street = Street::of(vec![keep, answers]);
    street.call(0, ONE, 1, Offer::InInvite);
    street.pass(4 * SECOND);
    let clip = media::Clip::from_samples(&[0; 8_000]);
    street.act(0, ONE, Action::Say(std::sync::Arc::new(clip)));
    street.pass(SECOND);
    assert_eq!(street.hears(1, ONE), None);
    street.pass(SECOND);
    assert!(street.saw(0, ONE, &Event::Said));
    assert_eq!(street.hears(1, ONE), Some(0));
    street.act(0, ONE, Action::Hum(None));
    street.pass(SECOND);
    assert_eq!(street.hears(1, ONE), None);
}

#[test]
fn a_session_is_refreshed_and_one_that_nobody_refreshes_expires() {
    let short: fn(&mut Config) = |config| {
        config.incoming = Incoming::Answer { after: Duration::ZERO };
        config.session.expires_s = 90;
    };
    let mut street = Street::of(vec![short, short]);
    street.call(0, ONE, 1, Offer::InInvite);
    street.pass(600 * SECOND);
    let refreshes = street
        .sent
        .iter()
        .filter(|line| line.starts_with("UPDATE ") || line.starts_with("INVITE "));
    assert!(refreshes.count() > 5, "every 45 s");
    assert_eq!((street.end(0, ONE), street.hears(0, ONE)), (None, Some(1)));
    // The refresher is gone; the other gives up.
    street.phones.remove(0);
    street.events.remove(0);
    street.heard.remove(0);
    let now = street.now;
    let alone = &mut street.phones[0];
    let mut ended = None;
    while let Some(at) = alone.wake_at().filter(|at| *at < now + 200 * SECOND && ended.is_none()) {
        alone.handle(at, Input::Deadline);
        while let Some(output) = alone.poll() {
            if let Output::Event {
                event: Event::Ended { end, .. },
                ..
            } = output
            {
                ended = Some(end);
            }
        }
    }
    assert_eq!(ended, Some(End::Expired));
}
