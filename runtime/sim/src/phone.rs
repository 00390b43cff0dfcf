//! A test phone as a core: the client side of SIP and one media session, listening. It places one call at a time.
//!
//! **One input, then drain [`Phone::poll`] until it is empty; [`Phone::wake_at`] then names the next deadline.** It knows
//! neither the simulator nor sockets: both use it. Calls to the phone are refused as busy. RFC 3261 (client), RFC 3264
//! section 8.4 (hold), RFC 4733 (keys).

mod audio;
mod hold;
mod io;

pub use io::{Action, Config, Dial, End, Event, Faults, Input, Lane, Offer, Output, Refusal, key_event};

use audio::Audio;
use patchcord_media::Plan;
use patchcord_sip::sdp::{self, Agreed, Direction, Local};
use patchcord_sip::{self as sip, DialogId, EndCause, Endpoint, Rejection};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::time::Instant;

/// A phone is called while it is made to call.
const BUSY_HERE: u16 = 486;
/// A session this phone cannot have.
const NOT_ACCEPTABLE: u16 = 488;

/// A test phone.
pub struct Phone {
    config: Config,
    sip: Endpoint,
    audio: Audio,
    line: Option<Line>,
    random: ChaCha8Rng,
    outputs: VecDeque<Output>,
}

/// The call under way.
struct Line {
    dialog: DialogId,
    /// Our side of the session description; its version grows with every new one.
    local: Local,
    stage: Stage,
    offer: Offer,
    change: hold::Change,
    /// Why the phone itself ended it, where the dialog cannot say.
    own_end: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The INVITE is out.
    Calling,
    Answered,
    /// The dialog has ended; the media session is closing.
    Closing(End),
}

impl Phone {
    /// A phone at rest.
    pub fn new(config: Config) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(config.seed);
        let endpoint = sip::Config {
            timers: config.timers,
            ..sip::Config::new(vec![sip::Listener::udp(config.sip)], config.user_agent.clone())
        };
        Self {
            sip: Endpoint::new(endpoint, random.next_u64()),
            audio: Audio::new(random.next_u64()),
            config,
            line: None,
            random,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input. Drain [`Phone::poll`] before the next.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Datagram {
                lane: Lane::Sip,
                from,
                bytes,
            } => {
                let flow = sip::Flow::udp(from);
                self.sip.handle(now, sip::Input::Message { flow, bytes });
            }
            Input::Datagram { lane, from, bytes } => self.audio.packet(now, lane, from, bytes),
            Input::Action(action) => {
                if let Err(refusal) = self.act(now, action) {
                    self.event(Event::Refused(refusal));
                }
            }
            Input::Deadline => self.deadline(now),
        }
        self.settle(now);
    }

    /// The next thing the phone wants; none when it is at rest.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Deadline`] is due next.
    pub fn wake_at(&self) -> Option<Instant> {
        let retry = self.line.as_ref().and_then(|line| line.change.retry_at());
        [self.sip.wake_at(), self.audio.wake_at(), retry]
            .into_iter()
            .flatten()
            .min()
    }

    /// What happens on its SIP side.
    pub fn sip_counters(&self) -> sip::Counters {
        self.sip.counters()
    }

    /// Whether a call is under way.
    pub fn in_call(&self) -> bool {
        self.line.is_some()
    }

    fn act(&mut self, now: Instant, action: Action) -> Result<(), Refusal> {
        match action {
            Action::Call(dial) => self.call(now, dial),
            Action::Press(keys) => self.audio.press(now, keys),
            Action::Say(clip) => self.audio.say(now, clip),
            Action::Hold => self.hold(now, Direction::SendOnly),
            Action::Resume => self.hold(now, Direction::SendRecv),
            Action::Cancel => {
                let line = self.line.as_mut().ok_or(Refusal::NoCall)?;
                self.sip.cancel(now, line.dialog).map_err(|_| Refusal::WrongState)
            }
            Action::HangUp => {
                let line = self.line.as_mut().ok_or(Refusal::NoCall)?;
                self.sip.bye(now, line.dialog).map_err(|_| Refusal::WrongState)
            }
        }
    }

    fn call(&mut self, now: Instant, dial: Dial) -> Result<(), Refusal> {
        if self.line.is_some() {
            return Err(Refusal::Busy);
        }
        let local = Local {
            address: self.config.rtp.ip(),
            port: self.config.rtp.port(),
            session_id: self.random.next_u64() >> 1,
            version: 1,
            codecs: self.config.codecs.clone(),
            direction: Direction::SendRecv,
        };
        let outgoing = sip::Outgoing {
            sdp: (dial.offer == Offer::InInvite).then(|| sdp::offer(&local)),
            ..sip::Outgoing::new(dial.uri, sip::Flow::udp(dial.destination), dial.from)
        };
        let dialog = self.sip.invite(now, outgoing).map_err(|_| Refusal::Unsendable)?;
        self.line = Some(Line {
            dialog,
            local,
            stage: Stage::Calling,
            offer: dial.offer,
            change: hold::Change::None,
            own_end: None,
        });
        Ok(())
    }

    fn deadline(&mut self, now: Instant) {
        if self.sip.wake_at().is_some_and(|at| at <= now) {
            self.sip.handle(now, sip::Input::Deadline);
        }
        self.audio.deadline(now, &mut self.outputs);
        self.retry_change(now);
    }

    /// Handles what the two cores have to say until they have nothing more.
    fn settle(&mut self, now: Instant) {
        loop {
            while let Some(output) = self.sip.poll() {
                match output {
                    sip::Output::Send { to, bytes, .. } => self.send_sip(to.peer, &bytes),
                    sip::Output::Event(event) => self.dialog_event(now, event),
                }
            }
            let Some(event) = self.audio.poll() else { return };
            self.audio_event(event);
        }
    }

    fn send_sip(&mut self, to: std::net::SocketAddr, bytes: &[u8]) {
        let faults = &mut self.config.faults;
        if faults.lost_acks > 0 && bytes.starts_with(b"ACK ") {
            faults.lost_acks = if faults.lost_acks == u32::MAX {
                u32::MAX
            } else {
                faults.lost_acks - 1
            };
            return;
        }
        let lane = Lane::Sip;
        if faults.doubled_invites > 0 && bytes.starts_with(b"INVITE ") {
            faults.doubled_invites -= 1;
            self.outputs.push_back(Output::Send {
                lane,
                to,
                bytes: bytes.to_vec(),
            });
        }
        self.outputs.push_back(Output::Send {
            lane,
            to,
            bytes: bytes.to_vec(),
        });
    }

    fn dialog_event(&mut self, now: Instant, event: sip::Event) {
        if let sip::Event::Invite { dialog, .. } = event {
            let busy = Rejection {
                status: BUSY_HERE,
                retry_after_s: None,
            };
            // Refused only if that caller has gone already.
            let _ = self.sip.reject(now, dialog, busy);
            return;
        }
        // What concerns a call that was refused as busy.
        if self.line.as_ref().is_none_or(|line| Some(line.dialog) != event.dialog()) {
            return;
        }
        match event {
            sip::Event::Progress { status, sdp, .. } => self.progress(now, status, sdp),
            sip::Event::Answered { sdp, .. } => self.answered(now, sdp),
            sip::Event::ReinviteAnswered { status, sdp, .. } => self.changed(now, status, sdp),
            sip::Event::Reinvite { sdp, .. } => self.change_asked(now, sdp),
            sip::Event::Confirmed { sdp, .. } => self.change_confirmed(now, sdp),
            sip::Event::Ended { cause, .. } => self.dialog_ended(now, cause),
            _ => {}
        }
    }

    fn progress(&mut self, now: Instant, status: u16, sdp: Option<Vec<u8>>) {
        self.event(Event::Progress { status });
        let Some(line) = &self.line else { return };
        let agreed = sdp.filter(|_| line.offer == Offer::InInvite);
        // A description that cannot be used is no reason to give up before the call is answered.
        if let Some(Ok(agreed)) = agreed.map(|answer| sdp::accept_answer(&answer, &line.local)) {
            self.adopt(now, &agreed);
            self.event(Event::EarlyMedia);
        }
    }

    fn answered(&mut self, now: Instant, sdp: Option<Vec<u8>>) {
        let Some(line) = &mut self.line else { return };
        line.stage = Stage::Answered;
        let dialog = line.dialog;
        let agreed = match (line.offer, sdp) {
            (Offer::InInvite, Some(answer)) => sdp::accept_answer(&answer, &line.local).ok(),
            (Offer::Late, Some(offer)) => match sdp::answer(&offer, &line.local) {
                Ok((answer, agreed)) => self.sip.acknowledge(now, dialog, Some(answer)).ok().map(|()| agreed),
                Err(_) => {
                    let _ = self.sip.acknowledge(now, dialog, None);
                    None
                }
            },
            // The answer stood in a provisional response already, or nowhere.
            (_, None) => None,
        };
        self.event(Event::Answered);
        match agreed {
            Some(agreed) => self.adopt(now, &agreed),
            None if self.audio.is_open() => {}
            None => {
                if let Some(line) = &mut self.line {
                    line.own_end = Some(End::NoCommonAudio);
                }
                // Refused only if the far end hung up in the same breath.
                let _ = self.sip.bye(now, dialog);
            }
        }
    }

    fn dialog_ended(&mut self, now: Instant, cause: EndCause) {
        let Some(line) = &mut self.line else { return };
        let end = line.own_end.unwrap_or(match cause {
            EndCause::RemoteBye => End::ByFarEnd,
            EndCause::LocalBye => End::ByPhone,
            EndCause::Cancelled => End::Cancelled,
            EndCause::Rejected { status } => End::Refused { status },
            EndCause::TimedOut => End::TimedOut,
            _ => End::Broken,
        });
        line.stage = Stage::Closing(end);
        line.change = hold::Change::None;
        if self.audio.is_open() {
            self.audio.close(now);
        } else {
            self.over(end, None);
        }
    }

    fn audio_event(&mut self, event: audio::AudioEvent) {
        match event {
            audio::AudioEvent::KeySent => self.event(Event::KeySent),
            audio::AudioEvent::Said => self.event(Event::Said),
            audio::AudioEvent::Silent => self.event(Event::Silent),
            audio::AudioEvent::Refused => self.event(Event::Refused(Refusal::Keys)),
            audio::AudioEvent::Closed(counters) => {
                if let Some(Line {
                    stage: Stage::Closing(end),
                    ..
                }) = self.line
                {
                    self.over(end, Some(*counters));
                }
            }
        }
    }

    fn over(&mut self, end: End, counters: Option<patchcord_media::Counters>) {
        self.line = None;
        self.event(Event::Ended { end, counters });
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn adopt(&mut self, now: Instant, agreed: &Agreed) {
        let plan = Plan {
            remote: agreed.remote,
            remote_rtcp: agreed.remote_rtcp,
            codec: audio::codec(agreed.codec),
            payload_type: agreed.payload_type,
            telephone_event: agreed.telephone_event,
            flow: audio::flow(agreed.direction),
            timeout: self.config.media_timeout,
        };
        self.audio.adopt(now, plan);
    }
}

#[cfg(test)]
mod tests;
