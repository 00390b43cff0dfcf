//! An office phone as a core: both sides of SIP calls on a few lines, each with a media session, registration and
//! transfers. It does nothing by itself but what its [`Config`] says and what it is told.
//!
//! **One input, then drain [`Phone::poll`] until it is empty; [`Phone::wake_at`] then names the next deadline.** It knows
//! neither the simulator nor sockets: both use it. RFC 3261 (both roles), RFC 3264 section 8.4 (hold), RFC 4733 and INFO
//! (keys), RFC 3515, 3891 and 5589 (transfer); 100rel and session timers are the endpoint's.

mod audio;
mod called;
mod calling;
mod config;
mod hold;
mod io;
mod line;
mod registering;
mod transfer;

pub use config::{Config, Faults, Incoming, Refers};
pub use io::{
    Action, CallerName, Dial, End, Event, HeardKey, Input, LINES_MAX, Lane, LineId, Offer, Output, Refusal,
    Registering, key_event,
};

use audio::Audio;
use line::{Call, Due, Side, Stage};
use patchcord_media::KeyPress;
use patchcord_sip::sdp::{Agreed, Direction, Local, Srtp, SrtpKey};
use patchcord_sip::{self as sip, DialogId, EndCause, Endpoint};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use registering::Registration;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

/// A session this phone cannot have.
const NOT_ACCEPTABLE: u16 = 488;

/// Nobody knows yet how it ends.
const TRYING: u16 = 100;

/// Nobody takes the call (now).
const UNAVAILABLE: u16 = 480;

/// A test phone.
pub struct Phone {
    config: Config,
    sip: Endpoint,
    audio: Audio,
    lines: [Option<Call>; LINES_MAX],
    registration: Option<Registration>,
    random: ChaCha8Rng,
    outputs: VecDeque<Output>,
}

impl Phone {
    /// A phone at rest.
    pub fn new(config: Config) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(config.seed);
        let endpoint = sip::Config {
            timers: config.timers,
            session: config.session,
            ..sip::Config::new(vec![sip::Listener::udp(config.sip)], config.user_agent.clone())
        };
        Self {
            sip: Endpoint::new(endpoint, random.next_u64()),
            audio: Audio::new(random.next_u64()),
            config,
            lines: [const { None }; LINES_MAX],
            registration: None,
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
                self.sip.handle(
                    now,
                    sip::Input::Message {
                        flow,
                        bytes,
                        proven: None,
                    },
                );
            }
            Input::Datagram { lane, from, bytes } => self.audio.packet(now, (lane, from), bytes, &mut self.outputs),
            Input::Action(action) => self.act(now, LineId::FIRST, action),
            Input::OnLine(line, action) => self.act(now, line, action),
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
        let due = self.lines.iter().flatten().filter_map(|call| Some(call.due?.0)).min();
        let registration = self.registration.as_ref().and_then(Registration::wake_at);
        [self.sip.wake_at(), self.audio.wake_at(), due, registration]
            .into_iter()
            .flatten()
            .min()
    }

    /// What happens on its SIP side.
    pub fn sip_counters(&self) -> sip::Counters {
        self.sip.counters()
    }

    /// Whether a call is under way on any line.
    pub fn in_call(&self) -> bool {
        self.lines.iter().any(Option::is_some)
    }

    /// Whether a call is under way on a line.
    pub fn uses(&self, line: LineId) -> bool {
        self.lines[line.number()].is_some()
    }

    /// Whether it has a registration or wants one.
    pub fn registers(&self) -> bool {
        self.registration.is_some()
    }

    /// Whether it has a registration and has not been told to leave.
    pub fn stays_registered(&self) -> bool {
        self.registration.as_ref().is_some_and(Registration::stays)
    }

    /// Changes what it does with calls from now on.
    pub fn set_incoming(&mut self, incoming: Incoming) {
        self.config.incoming = incoming;
    }

    /// Whether a line has a call that was answered and goes on.
    pub fn is_up(&self, line: LineId) -> bool {
        let call = self.lines[line.number()].as_ref();
        call.is_some_and(|call| call.stage == Stage::Answered)
    }

    fn act(&mut self, now: Instant, line: LineId, action: Action) {
        if let Err(refusal) = self.try_act(now, line, action) {
            self.event(line, Event::Refused(refusal));
        }
    }

    fn try_act(&mut self, now: Instant, line: LineId, action: Action) -> Result<(), Refusal> {
        match action {
            Action::Call(dial) => self.call(now, line, dial),
            Action::Ring => self.ring(now, line),
            Action::EarlyMedia => self.early_media(now, line),
            Action::Answer => self.answer(now, line),
            Action::Refuse(status) => self.refuse(now, line, status),
            Action::Press(keys) => self.audio.press(now, line, keys),
            Action::PressByInfo(keys) => self.press_by_info(now, line, &keys),
            Action::Say(clip) => self.audio.say(now, line, clip),
            Action::Hum(hz) => self.audio.hum(now, line, hz),
            Action::Hold => self.hold(now, line, Direction::SendOnly),
            Action::Resume => self.hold(now, line, Direction::SendRecv),
            Action::AskPacketTime(ms) => self.ask_packet_time(now, line, ms),
            Action::Cancel => {
                let dialog = self.on(line)?.dialog;
                self.sip.cancel(now, dialog).map_err(|_| Refusal::WrongState)
            }
            Action::HangUp => {
                let dialog = self.on(line)?.dialog;
                self.sip.bye(now, dialog).map_err(|_| Refusal::WrongState)
            }
            Action::Leave => self.leave(now, line),
            Action::Transfer(to) => self.transfer(now, line, &to),
            Action::TransferTo(other) => self.transfer_to(now, line, other),
            Action::Register(wanted) => self.register(now, wanted),
            Action::Unregister => self.unregister(now),
        }
    }

    fn leave(&mut self, now: Instant, line: LineId) -> Result<(), Refusal> {
        let call = self.on(line)?;
        match (call.stage, &call.side) {
            (Stage::Calling, Side::Caller(_)) => self.try_act(now, line, Action::Cancel),
            (Stage::Calling, Side::Called(_)) => self.refuse(now, line, UNAVAILABLE),
            (Stage::Answered | Stage::Closing(_), _) => self.try_act(now, line, Action::HangUp),
        }
    }

    /// The call on a line.
    fn on(&mut self, line: LineId) -> Result<&mut Call, Refusal> {
        self.lines[line.number()].as_mut().ok_or(Refusal::NoCall)
    }

    fn line_of(&self, dialog: DialogId) -> Option<LineId> {
        LineId::all().find(|line| {
            let call = self.lines[line.number()].as_ref();
            call.is_some_and(|call| call.dialog == dialog)
        })
    }

    fn free_line(&self) -> Option<LineId> {
        LineId::all().find(|line| self.lines[line.number()].is_none())
    }

    /// Our side of a new session.
    fn new_local(&mut self) -> Local {
        Local {
            address: self.config.rtp.ip(),
            port: self.config.rtp.port(),
            session_id: self.random.next_u64() >> 1,
            version: 1,
            codecs: self.config.codecs.clone(),
            ptime_ms: self.config.ptime_ms,
            direction: Direction::SendRecv,
            srtp: self.config.srtp,
            srtp_key: SrtpKey(std::array::from_fn(|_| self.random.next_u32() as u8)),
            webrtc: None,
        }
    }

    fn press_by_info(&mut self, now: Instant, line: LineId, keys: &[KeyPress]) -> Result<(), Refusal> {
        let dialog = self.on(line)?.dialog;
        if !audio::all_keys(keys) {
            return Err(Refusal::Keys);
        }
        for key in keys {
            let duration_ms = u32::from(key.duration_ms);
            let sent = self.sip.info_key(now, dialog, key.event, duration_ms);
            sent.map_err(|error| match error {
                sip::DialogError::Full => Refusal::Keys,
                _ => Refusal::WrongState,
            })?;
            self.event(line, Event::KeySent);
        }
        Ok(())
    }

    fn deadline(&mut self, now: Instant) {
        if self.sip.wake_at().is_some_and(|at| at <= now) {
            self.sip.handle(now, sip::Input::Deadline);
        }
        self.audio.deadline(now, &mut self.outputs);
        for line in LineId::all() {
            let call = self.lines[line.number()].as_mut();
            if let Some((_, due)) = call.and_then(|call| call.due.take_if(|(at, _)| *at <= now)) {
                self.fall_due(now, line, due);
            }
        }
        self.registration_deadline(now);
    }

    fn fall_due(&mut self, now: Instant, line: LineId, due: Due) {
        // Refused only if the caller has gone in the same breath.
        let _ = match due {
            Due::Answer => self.answer(now, line),
            Due::Refuse(status) => self.refuse(now, line, status),
        };
    }

    /// Handles what the two cores have to say until they have nothing more.
    fn settle(&mut self, now: Instant) {
        loop {
            while let Some(output) = self.sip.poll() {
                match output {
                    sip::Output::Send { to, bytes, .. } => self.send_sip(to.peer, &bytes),
                    sip::Output::Event(event) => self.sip_event(now, event),
                }
            }
            let Some((line, event)) = self.audio.poll() else { return };
            self.audio_event(line, event);
        }
    }

    fn send_sip(&mut self, to: SocketAddr, bytes: &[u8]) {
        let faults = &mut self.config.faults;
        if faults.lost_acks > 0 && bytes.starts_with(b"ACK ") {
            if faults.lost_acks < u32::MAX {
                faults.lost_acks -= 1;
            }
            return;
        }
        let mut copies = 1;
        if faults.doubled_invites > 0 && bytes.starts_with(b"INVITE ") {
            faults.doubled_invites -= 1;
            copies = 2;
        }
        for _ in 0..copies {
            self.outputs.push_back(Output::Send {
                lane: Lane::Sip,
                to,
                bytes: bytes.to_vec(),
            });
        }
    }

    fn sip_event(&mut self, now: Instant, event: sip::Event) {
        match event {
            sip::Event::Invite {
                dialog,
                request,
                flow,
                replaces,
                ..
            } => self.called(now, dialog, (&request, flow), replaces),
            sip::Event::Response { response, .. } => self.registrar_answered(now, response.as_deref()),
            sip::Event::Request { exchange, .. } => {
                // Nobody registers with a phone. Refused only if the sender has given up.
                let _ = self.sip.reply(now, exchange, sip::Reply::new(405));
            }
            event => {
                // A call that was refused before it had a line has none.
                let line = event.dialog().and_then(|dialog| self.line_of(dialog));
                if let Some(line) = line {
                    self.dialog_event(now, line, event);
                }
            }
        }
    }

    fn dialog_event(&mut self, now: Instant, line: LineId, event: sip::Event) {
        match event {
            sip::Event::Progress { status, sdp, .. } => self.progress(now, line, status, sdp),
            sip::Event::Answered { sdp, .. } => self.answered(now, line, sdp),
            sip::Event::ReinviteAnswered { status, sdp, .. } => self.changed(now, line, status, sdp),
            sip::Event::Reinvite { sdp, .. } => self.change_asked(now, line, sdp),
            sip::Event::Confirmed { sdp, .. } => self.confirmed(now, line, sdp),
            sip::Event::EarlyAnswer { sdp, .. } => self.confirmed(now, line, Some(sdp)),
            sip::Event::Key { event, .. } => self.event(line, Event::KeyHeard(HeardKey(event))),
            sip::Event::Refer {
                refer, to, referred_by, ..
            } => self.refer_asked(now, line, refer, (&to, referred_by.as_ref())),
            sip::Event::ReferProgress { status, last, .. } => self.transfer_went_on(now, line, status, last),
            sip::Event::Ended { cause, .. } => self.dialog_ended(now, line, cause),
            // The end of the dialog follows and says it too.
            sip::Event::Refused { .. } => {}
            sip::Event::Invite { .. } | sip::Event::Request { .. } | sip::Event::Response { .. } => {
                unreachable!("told apart before the line was looked for")
            }
        }
    }

    fn dialog_ended(&mut self, now: Instant, line: LineId, cause: EndCause) {
        self.refer_over(now, line, cause);
        let Some(call) = &mut self.lines[line.number()] else {
            return;
        };
        let called = matches!(call.side, Side::Called(_));
        let end = call.own_end.unwrap_or(match cause {
            EndCause::RemoteBye => End::ByFarEnd,
            EndCause::LocalBye => End::ByPhone,
            EndCause::Cancelled if called => End::GivenUp,
            EndCause::Cancelled => End::Cancelled,
            EndCause::Rejected { status } if called => End::Declined { status },
            EndCause::Rejected { status } => End::Refused { status },
            EndCause::Replaced => End::Replaced,
            EndCause::TimedOut => End::TimedOut,
            EndCause::SessionExpired => End::Expired,
            EndCause::NoAck | EndCause::Unreachable | EndCause::Failed(_) => End::Broken,
        });
        call.stage = Stage::Closing(end);
        call.change = hold::Change::None;
        call.due = None;
        if self.audio.is_open(line) {
            self.audio.close(now, line);
        } else {
            self.over(line, end, None);
        }
    }

    fn audio_event(&mut self, line: LineId, event: audio::AudioEvent) {
        match event {
            audio::AudioEvent::KeySent => self.event(line, Event::KeySent),
            audio::AudioEvent::KeyHeard(key) => self.event(line, Event::KeyHeard(HeardKey(key))),
            audio::AudioEvent::Said => self.event(line, Event::Said),
            audio::AudioEvent::Silent => self.event(line, Event::Silent),
            audio::AudioEvent::Refused => self.event(line, Event::Refused(Refusal::Keys)),
            audio::AudioEvent::Closed(counters) => {
                let call = self.lines[line.number()].as_ref();
                if let Some(Stage::Closing(end)) = call.map(|call| call.stage) {
                    self.over(line, end, Some(*counters));
                }
            }
        }
    }

    fn over(&mut self, line: LineId, end: End, counters: Option<patchcord_media::Counters>) {
        let call = self.lines[line.number()].take();
        if call.is_some_and(|call| call.transfer != line::Transfer::None) {
            // Whatever the far end still tells of it, the phone has no call to hear it in.
            self.event(line, Event::TransferEnded { status: TRYING });
        }
        self.event(line, Event::Ended { end, counters });
    }

    fn event(&mut self, line: LineId, event: Event) {
        self.outputs.push_back(Output::Event { line, event });
    }

    fn adopt(&mut self, now: Instant, line: LineId, agreed: &Agreed) {
        let plan = patchcord_switch::plan(agreed, self.config.media_timeout);
        self.audio.adopt(now, line, plan);
        if let Some(call) = self.lines[line.number()].as_mut().filter(|_| agreed.srtp.is_some()) {
            // Whatever it offers from now on may not be less.
            call.local.srtp = Srtp::Require;
        }
    }

    /// The call is answered: the phone begins to hum, or ends a call without sound.
    fn talk(&mut self, now: Instant, line: LineId) {
        if self.audio.is_open(line) {
            if let Some(hz) = self.config.hum {
                // Refused only without audio.
                let _ = self.audio.hum(now, line, Some(hz));
            }
        } else if let Ok(call) = self.on(line) {
            call.own_end = Some(End::NoCommonAudio);
            let dialog = call.dialog;
            // Refused only if the far end hung up in the same breath.
            let _ = self.sip.bye(now, dialog);
        }
    }
}

#[cfg(test)]
mod tests;
