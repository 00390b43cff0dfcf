//! The sound of a leg: commands of the call to its session, and what the media engine reports of it.

use crate::io::Output;
use crate::live::Session;
use crate::media_plan;
use crate::shard::Shard;
use crate::speaking::Speaking;
use patchcord_control::call::{Input as CallInput, KeyOut, LegSignal, MediaCommand};
use patchcord_control::ids::{CallId, LegId};
use patchcord_control::record::MediaCounters;
use patchcord_control::words::{Key, Quality};
use patchcord_media::{Command, Counters, KeyPress, Report};
use patchcord_sip::sdp::Agreed;
use std::time::Instant;

/// How long a key is held that we send, in milliseconds.
const KEY_MS: u16 = 100;

impl Shard {
    pub(crate) fn media_command(&mut self, now: Instant, id: CallId, leg: LegId, command: MediaCommand) {
        let Some(command) = self.listening_command(now, (id, leg), command) else {
            return;
        };
        let live = self.live(id);
        let open = live.legs.get(&leg).is_some_and(|io| io.session == Session::Open);
        if !open {
            // Nothing was ever opened (the far end left before audio was agreed): there is nothing to count.
            if command == MediaCommand::Close {
                self.nothing_counted(now, id, leg);
            }
            return;
        }
        let other = match &command {
            MediaCommand::Relay(Some((to, _))) => live.legs.get(to).map(|io| io.port.session),
            _ => None,
        };
        let program = live.program.clone();
        let announcement = live.directory.announcement.clone();
        let io = live.leg(leg);
        let (session, thread) = (io.port.session, io.port.thread);
        let command = match command {
            MediaCommand::Play {
                operation,
                source,
                times,
                on_key,
            } => {
                let (prompt, unspoken) = media_plan::prompt(&source, times, &program, &announcement);
                let command = Command::Play {
                    session,
                    play: io.plays.begin(operation),
                    prompt,
                    stop_on_key: media_plan::stop_on_key(on_key),
                };
                self.media_output(thread, command);
                return self.speak_on(now, Speaking::new((id, leg, operation), unspoken));
            }
            MediaCommand::ChangePlay { operation, change } => {
                let Some(play) = io.plays.find(operation) else { return };
                let change = media_plan::play_change(change);
                Command::ChangePlay { session, play, change }
            }
            MediaCommand::Stop { operation } => {
                let Some(play) = io.plays.find(operation) else { return };
                Command::Stop { session, play }
            }
            MediaCommand::Relay(relay) => Command::Relay {
                session,
                to: other,
                keys: media_plan::relay_keys(relay.map(|(_, keys)| keys)),
            },
            MediaCommand::Detect(options) => Command::Detect {
                session,
                options: media_plan::detection(&options),
            },
            MediaCommand::Tap { .. }
            | MediaCommand::Hear { .. }
            | MediaCommand::StopHearing { .. }
            | MediaCommand::Seat(_) => unreachable!("told apart above"),
            MediaCommand::SendKeys(keys) => return self.send_keys(now, id, leg, &keys),
            MediaCommand::Close => {
                io.session = Session::Closed;
                Command::Close { session }
            }
        };
        self.media_output(thread, command);
    }

    /// Carries out what is about listening to a leg, or about its seat in a room; any other command comes back.
    fn listening_command(
        &mut self,
        now: Instant,
        (id, leg): (CallId, LegId),
        command: MediaCommand,
    ) -> Option<MediaCommand> {
        match command {
            MediaCommand::Tap {
                recording,
                channel,
                order,
            } => self.tap_command(now, (id, leg), (recording, channel), order),
            MediaCommand::Hear { operation, hearing } => self.hear(id, leg, operation, hearing),
            MediaCommand::StopHearing { operation } => self.stop_hearing(id, leg, operation),
            MediaCommand::Seat(wanted) => self.seat(id, leg, wanted),
            other => return Some(other),
        }
        None
    }

    /// As telephone events where both ends have them, in INFO requests to a far end that says it takes them, else as
    /// tones.
    fn send_keys(&mut self, now: Instant, id: CallId, leg: LegId, keys: &[KeyOut]) {
        let io = self.live(id).leg(leg);
        let events = io
            .agreed
            .as_ref()
            .is_some_and(|agreed| agreed.telephone_event.is_some());
        let (session, thread, dialog) = (io.port.session, io.port.thread, io.dialog);
        if events || !self.sip.takes_info(dialog) {
            let keys = presses(keys);
            return self.media_output(thread, Command::SendKeys { session, keys });
        }
        for key in keys.iter().filter_map(|key| key.key) {
            let _ = self.sip.info_key(now, dialog, key.event(), u32::from(KEY_MS));
        }
    }

    /// A key in what a leg sends, if it is one (flash and the like are not) and news.
    fn key_heard(&mut self, now: Instant, id: CallId, leg: LegId, event: u8) -> Option<Key> {
        let key = Key::from_event(event)?;
        let io = self.live(id).leg(leg);
        let events = |agreed: &Agreed| agreed.telephone_event.is_some();
        if io.agreed.as_ref().is_some_and(events) {
            return Some(key);
        }
        io.keys_from.sound(now, key)
    }

    /// What a media engine reports of a leg.
    pub(crate) fn leg_report(&mut self, now: Instant, (id, leg): (CallId, LegId), report: Report) {
        let signal = match report {
            Report::Key { event, .. } => match self.key_heard(now, id, leg, event) {
                Some(key) => LegSignal::Key(key),
                None => return,
            },
            Report::PlayEnded {
                play,
                played,
                position,
                why,
                ..
            } => match self.live(id).leg(leg).plays.end(play) {
                Some(operation) => LegSignal::PlayEnded {
                    operation,
                    played_ms: played.as_millis() as u32,
                    position_ms: position.as_millis() as u32,
                    end: media_plan::play_end(why),
                },
                None => return,
            },
            Report::Detected { verdict, .. } => LegSignal::Detected(media_plan::answered_by(verdict)),
            // A session the engine could not open is as good as lost; so is one whose plan it refused.
            Report::Silent { .. } | Report::Refused { .. } => LegSignal::MediaLost,
            Report::Tap { tap, event, .. } => return self.tap_report(now, tap, event),
            Report::Ear { ear, event, .. } => return self.ear_report(now, (id, leg), ear, event),
            Report::Live { live, event, .. } => return self.live_report(live, event),
            Report::Quality { counters, .. } => {
                let counted = media_counters(&counters);
                let quality = Quality::from(&counted);
                self.outputs.push_back(Output::Quality { call: id, leg, quality });
                LegSignal::Quality(counted)
            }
            Report::Room { room, event } => return self.room_report(now, room, event),
            Report::Closed { counters, .. } => {
                let mut counted = media_counters(&counters);
                if let Some(mut io) = self.live(id).legs.remove(&leg) {
                    counted.codec = io.agreed.as_ref().map(|agreed| agreed.codec.name());
                    let described = io.agreed.as_ref().and_then(|agreed| Some(agreed.srtp?.suite.name()));
                    counted.srtp = described.or_else(|| io.at_door.suite());
                    self.dialogs.remove(&io.dialog);
                    self.release_port(&mut io);
                }
                LegSignal::MediaClosed(counted)
            }
        };
        self.feed(now, id, CallInput::Leg(leg, signal));
    }
}

/// Key presses with the pauses after them.
fn presses(keys: &[KeyOut]) -> Vec<KeyPress> {
    let mut presses: Vec<KeyPress> = Vec::with_capacity(keys.len());
    for key in keys {
        match (key.key, presses.last_mut()) {
            (Some(pressed), _) => presses.push(KeyPress {
                event: pressed.event(),
                duration_ms: KEY_MS,
                pause_ms: key.pause_ms,
            }),
            (None, Some(last)) => last.pause_ms = last.pause_ms.saturating_add(key.pause_ms),
            // The call waits for a pause at the beginning itself.
            (None, None) => {}
        }
    }
    presses
}

fn media_counters(counted: &Counters) -> MediaCounters {
    MediaCounters {
        codec: None,
        srtp: None,
        packets_in: counted.packets_in,
        packets_out: counted.packets_out,
        lost: counted.lost,
        duplicates: counted.duplicates,
        reordered: counted.reordered,
        malformed: counted.malformed,
        unauthentic: counted.unauthentic,
        wrong_source: counted.wrong_source,
        jitter_us: counted.jitter_us,
        keys: counted.keys,
        ticks_missed: counted.ticks_missed,
        round_trip_us: Some(counted.round_trip_us).filter(|&us| us > 0),
        remote_lost: counted.remote_lost,
        remote_jitter_us: counted.remote_jitter_us,
        mos_hundredths: Some(counted.mos_hundredths).filter(|&mos| mos > 0),
        remote_mos_hundredths: Some(counted.remote_mos_hundredths).filter(|&mos| mos > 0),
    }
}
