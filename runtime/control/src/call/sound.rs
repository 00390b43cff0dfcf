//! Who hears whom, and what a leg hears while nothing is played to it. Both follow from what the call is doing, so they are
//! worked out anew after every input, and only what differs is told to the media engine.

use super::io::BackgroundSound;
use super::leg::Audio;
use super::{Call, MediaCommand, OnKey, Output, PromptSource};
use crate::ids::LegId;
use crate::words::{CallerHears, KeysBetween, LegState};

impl Call {
    /// Brings what the media engine does in line with what the call is.
    pub(super) fn arrange_sound(&mut self) {
        if self.legs.len() == 1 && self.operations.diallings().next().is_none() {
            return;
        }
        for leg in self.legs.ids() {
            self.arrange_relay(leg);
            self.arrange_background(leg);
        }
    }

    fn arrange_relay(&mut self, leg: LegId) {
        let wanted = self.relay_of(leg);
        let it = &mut self.legs[leg];
        if it.relayed == wanted {
            return;
        }
        it.relayed = wanted;
        if it.audio == Audio::Open {
            self.outputs.push_back(Output::Media(leg, MediaCommand::Relay(wanted)));
        }
    }

    /// Who hears what this leg says.
    fn relay_of(&self, leg: LegId) -> Option<(LegId, KeysBetween)> {
        let it = &self.legs[leg];
        if it.audio != Audio::Open || it.muted {
            return None;
        }
        let to = match (it.bridge, it.dial) {
            (Some(bridge), _) => {
                let bridging = self.bridge_of(bridge)?;
                (bridging.other(leg), bridging.options.keys)
            }
            (None, Some(dial)) => {
                let dialling = self.dial_of(dial)?;
                let heard = dialling.early == Some(leg) && dialling.outcome.is_pending();
                (dialling.caller.filter(|_| heard)?, KeysBetween::Keep)
            }
            (None, None) => return None,
        };
        (self.legs[to.0].audio == Audio::Open).then_some(to)
    }

    fn arrange_background(&mut self, leg: LegId) {
        let it = &self.legs[leg];
        let open = it.audio == Audio::Open && it.state != LegState::Ended;
        let wanted = self.background_of(leg).filter(|_| open);
        let now_playing = self.legs[leg].background;
        if now_playing.map(|(sound, _)| sound) == wanted {
            return;
        }
        if let Some((_, operation)) = now_playing {
            self.legs[leg].background = None;
            if open {
                self.stop_prompt(leg, operation);
            }
        }
        if let Some(sound) = wanted
            && !self.operations.prompt_on(leg)
            && self.legs[leg].from_outside.is_none()
        {
            let source = match sound {
                BackgroundSound::Ringback => PromptSource::Ringback,
                BackgroundSound::HoldMusic(bridge) => {
                    let Some(music) = self
                        .bridge_of(bridge)
                        .and_then(|found| found.options.hold_music.clone())
                    else {
                        return;
                    };
                    PromptSource::Handler(music)
                }
            };
            let operation = self.operations.reserve();
            self.legs[leg].background = Some((sound, operation));
            self.push_play(leg, operation, source, 0, OnKey::PlayOn);
        }
    }

    /// What a leg hears of its own accord.
    fn background_of(&self, leg: LegId) -> Option<BackgroundSound> {
        if let Some(id) = self.legs[leg].bridge {
            let bridging = self.bridge_of(id)?;
            let music = bridging.options.hold_music.is_some() && self.legs[bridging.other(leg)].held;
            return music.then_some(BackgroundSound::HoldMusic(id));
        }
        let ringing = self.operations.diallings().any(|(_, dialling)| {
            dialling.caller == Some(leg)
                && dialling.rings()
                && dialling.options.caller_hears != CallerHears::Unchanged
                && dialling.early.is_none()
        });
        ringing.then_some(BackgroundSound::Ringback)
    }
}
