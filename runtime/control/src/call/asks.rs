//! What a handler asks: answered at once or waited for. A refusal is a typed answer. What each ask does stands in the file
//! of its interface; here they are told apart, and the small ones answered.

use super::operation::Operation;
use super::{Call, Handler, Output, Turn, Wait, check};
use crate::ask::{Answer, Ask};
use crate::ids::{LegId, OperationId};
use crate::words::{Error, LegState, LimitName};
use rand_chacha::rand_core::Rng;
use std::time::{Duration, Instant};

/// What came of an ask.
pub(super) enum Reply {
    Now(Answer),
    Wait(Wait),
}

impl Call {
    pub(super) fn asked(&mut self, now: Instant, ask: Ask) {
        assert!(
            matches!(self.handler, Handler::Running),
            "a handler asks one thing at a time"
        );
        match self.consider(now, &ask) {
            Reply::Now(answer) => {
                if !matches!(ask, Ask::Log { .. } | Ask::Forget { .. } | Ask::TransferDrop { .. }) {
                    self.trace(now, now, &ask, &answer);
                    self.last_ask = Some(ask);
                }
                self.outputs.push_back(Output::Resume {
                    answer,
                    turn: Turn::Same,
                });
            }
            Reply::Wait(wait) => self.handler = Handler::Waiting { ask, since: now, wait },
        }
    }

    /// One `match`, an arm for each function of the contract.
    fn consider(&mut self, now: Instant, ask: &Ask) -> Reply {
        let answer = match ask {
            Ask::Info { leg } => Answer::Info(self.legs[*leg].info.clone()),
            Ask::Header { leg, name } => Answer::Header(self.header(*leg, name)),
            Ask::State { leg } => Answer::State(self.legs[*leg].state),
            Ask::Ring { leg } => Answer::Unit(self.ring(*leg)),
            Ask::EarlyMedia { leg } => return or_wait(self.early_media(*leg), Answer::Unit),
            Ask::Answer { leg } => return or_wait(self.answer(now, *leg), Answer::Unit),
            Ask::Reject { leg, reason } => Answer::Unit(self.reject(*leg, *reason)),
            Ask::Redirect { leg, to } => Answer::Unit(self.redirect(*leg, to)),
            Ask::Hold { leg } => return or_wait(self.hold(*leg, super::HoldWanted::On), Answer::Unit),
            Ask::Resume { leg } => return or_wait(self.hold(*leg, super::HoldWanted::Off), Answer::Unit),
            Ask::IsHeld { leg } => Answer::Flag(self.legs[*leg].held),
            Ask::Mute { leg } => self.mute(*leg, Muted::Yes),
            Ask::Unmute { leg } => self.mute(*leg, Muted::No),
            Ask::SendKeys { leg, keys } => return or_wait(self.send_keys(now, *leg, keys.reveal()), Answer::Unit),
            Ask::HangUp { leg } => {
                self.hang_up(*leg);
                Answer::Nothing
            }
            Ask::Play { leg, prompt, options } => return self.play(*leg, prompt, options),
            Ask::StartPlay { leg, prompt, options } => Answer::Started(self.start_play(*leg, prompt, options)),
            Ask::PlayResult { operation } => Answer::PlayResult(self.play_result(*operation)),
            Ask::ChangePlay { operation, change } => self.change_play(*operation, *change),
            Ask::StopPlay { operation } => return self.stop_play(*operation),
            Ask::Gather { leg, options } => return self.gather(now, *leg, options),
            Ask::StartGather { leg, options } => Answer::Started(self.start_gather(now, *leg, options)),
            Ask::Flush { leg } => {
                self.legs[*leg].pending_keys.clear();
                Answer::Nothing
            }
            Ask::GatherResult { operation } => Answer::GatherResult(self.gather_result(*operation)),
            Ask::CancelGather { operation } => Answer::Gathered(self.cancel_gather(*operation)),
            Ask::Dial {
                caller,
                endpoints,
                options,
            } => return self.dial(now, *caller, endpoints, options),
            Ask::StartDial {
                caller,
                endpoints,
                options,
            } => Answer::Started(self.start_dial(now, *caller, endpoints, options)),
            Ask::DialResult { operation } => Answer::DialResult(self.dial_result(*operation)),
            Ask::CancelDial { operation } => self.cancel_dial(*operation),
            Ask::TransferAskedBy { transfer } => Answer::Leg(self.transfers.known(*transfer).leg),
            Ask::TransferDestination { transfer } => Answer::Destination(self.transfers.known(*transfer).to.clone()),
            Ask::TransferIsAttended { transfer } => Answer::Flag(self.transfers.known(*transfer).is_attended()),
            Ask::TransferTake { transfer } => return self.transfer_take(*transfer),
            Ask::TransferAccept { transfer } => self.transfer_accept(*transfer),
            Ask::TransferFinish { transfer, status } => self.transfer_finish(*transfer, *status),
            Ask::TransferDrop { transfer } => self.transfer_drop(*transfer),
            Ask::Refer { leg, to } => return wait_for(self.refer(now, *leg, to), Answer::Referred),
            Ask::ReferToLeg { leg, other } => return wait_for(self.refer_to_leg(now, *leg, *other), Answer::Referred),
            Ask::Bridge { first, second, options } => return self.bridge(now, *first, *second, options),
            Ask::StartBridge { first, second, options } => {
                Answer::Started(self.start_bridge(now, *first, *second, options))
            }
            Ask::BridgeResult { operation } => Answer::BridgeResult(self.bridge_result(*operation)),
            Ask::StopBridge { operation } => self.stop_bridge(now, *operation),
            Ask::Record { leg, options } => return self.record(now, *leg, options),
            Ask::StartRecord { legs, options } => Answer::Started(self.start_record(now, legs, options)),
            Ask::RecordingName { operation } => Answer::Name(self.recording_name(*operation)),
            Ask::RecordResult { operation } => Answer::RecordResult(self.record_result(*operation)),
            Ask::PauseRecord { operation, with } => self.pause_record(now, *operation, *with),
            Ask::ResumeRecord { operation } => self.resume_record(now, *operation),
            Ask::StopRecord { operation } => return self.stop_record(now, *operation),
            Ask::Stream { leg, options } => return self.stream(now, *leg, options),
            Ask::StartStream { leg, options } => Answer::Started(self.start_stream(now, *leg, options)),
            Ask::StreamName { operation } => Answer::Name(self.stream_name(*operation)),
            Ask::StreamResult { operation } => Answer::StreamResult(self.stream_result(*operation)),
            Ask::SendStream { operation, text } => Answer::Unit(self.send_stream(*operation, text)),
            Ask::ReceiveStream { operation, timeout_ms } => return self.receive_stream(now, *operation, *timeout_ms),
            Ask::StopStream { operation } => return self.stop_stream(now, *operation),
            Ask::StartRecognise { leg, options } => Answer::Started(self.start_recognise(now, *leg, options)),
            Ask::ReceiveHeard { operation, timeout_ms } => return self.receive_heard(now, *operation, *timeout_ms),
            Ask::RecogniseResult { operation } => Answer::RecogniseResult(self.recognise_result(*operation)),
            Ask::StopRecognise { operation } => return self.stop_recognise(now, *operation),
            Ask::Take { call } => return self.take(*call),
            Ask::Give { leg, handler } => return wait_for(self.give(*leg, handler), Answer::Given),
            Ask::Done { operation } => Answer::Flag(self.is_done(*operation)),
            Ask::Forget { operation } => self.forget(now, *operation),
            Ask::Sleep { ms } => return self.sleep(now, *ms),
            Ask::WaitAny { operations, timeout_ms } => return self.wait_any(now, operations, *timeout_ms),
            Ask::Now => Answer::Now(self.unix(now)),
            Ask::Elapsed => Answer::Elapsed(now.saturating_duration_since(self.started).as_millis() as u64),
            Ask::RandomBytes { count } => Answer::Bytes(self.random_bytes(*count)),
            Ask::RandomNumber => Answer::Number(self.random.next_u64()),
            Ask::Log { level, message } => self.log(*level, message),
            Ask::StartRoomRecord { room, options } => Answer::Started(self.start_room_record(now, *room, options)),
            Ask::Quality { leg } => Answer::Quality(self.legs[*leg].quality),
            Ask::Beginning => Answer::Began(self.setup.began.clone()),
            Ask::OpenRoom => Answer::Started(self.open_room()),
            Ask::JoinRoom { room, leg, seat } => Answer::Seated(self.join_room(*room, *leg, seat)),
            Ask::LeaveRoom { room, leg } => {
                self.leave_room(*room, *leg);
                Answer::Nothing
            }
            Ask::Store { key, action } => return self.store(now, key, action),
            Ask::Http { request } => return self.http(now, request),
            Ask::Secret { name } => self.secret(name),
            Ask::Emit { name, data } => self.emit(now, name, data),
            Ask::Subscribe { url, kinds, secret } => self.subscribe(url, kinds, secret),
            Ask::ReceiveMessage { timeout_ms } => return self.receive_message(now, *timeout_ms),
            Ask::InboxOperation => Answer::Started(self.inbox_operation()),
            Ask::Presence { action } => return self.presence(now, action),
            Ask::WatchPresence { identities } => {
                return wait_for(self.watch_presence(now, identities), Answer::Started);
            }
            Ask::PresenceNews { operation } => Answer::PresenceNews(self.take_presence_news(*operation)),
            Ask::RoomEvent { room } => Answer::RoomEvent(self.room_event(*room)),
        };
        Reply::Now(answer)
    }

    fn header(&self, leg: LegId, name: &str) -> Vec<String> {
        let headers = self.legs[leg].headers.iter();
        let named = headers.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.clone()).collect()
    }

    fn mute(&mut self, leg: LegId, muted: Muted) -> Answer {
        self.legs[leg].muted = muted == Muted::Yes;
        Answer::Nothing
    }

    fn forget(&mut self, now: Instant, id: OperationId) -> Answer {
        match self.operations.remove(id) {
            Some(Operation::Gathering {
                gathering,
                outcome: None,
            }) => self.stop_prompt(gathering.leg, id),
            Some(Operation::Dialling(dialling)) => self.abandon_dial(*dialling),
            Some(Operation::Bridging(bridging)) => self.abandon_bridge(now, id, *bridging),
            Some(Operation::Room(room)) => self.close_room(id, &room),
            Some(Operation::Recognising { number, .. }) => self.abandon_recognition(now, number),
            Some(Operation::Watching { number, .. }) => self.outputs.push_back(Output::Unwatch { number }),
            _ => {}
        }
        Answer::Nothing
    }

    fn sleep(&mut self, now: Instant, ms: u32) -> Reply {
        let until = now + Duration::from_millis(u64::from(ms));
        match check::sleep(ms).and_then(|()| self.not_interrupted()) {
            Ok(()) => Reply::Wait(Wait::Until(until)),
            Err(error) => Reply::Now(Answer::Unit(Err(error))),
        }
    }

    fn wait_any(&mut self, now: Instant, operations: &[OperationId], timeout_ms: Option<u32>) -> Reply {
        if let Err(error) = check::wait_any(operations.len()) {
            return Reply::Now(Answer::Any(Err(error)));
        }
        let until = timeout_ms.map(|ms| now + Duration::from_millis(u64::from(ms)));
        match self.any_done(now, operations, until) {
            Some(answer) => Reply::Now(answer),
            None => Reply::Wait(Wait::Any {
                operations: operations.to_vec(),
                until,
            }),
        }
    }

    fn random_bytes(&mut self, count: u32) -> Result<Vec<u8>, Error> {
        check::over(
            LimitName::RandomBytes,
            count as usize,
            self.setup.limits.random_bytes as usize,
        )?;
        let mut bytes = vec![0; count as usize];
        self.random.fill_bytes(&mut bytes);
        Ok(bytes)
    }

    /// The leg must be in one of these states.
    pub(super) fn in_state(&self, leg: LegId, allowed: &[LegState]) -> Result<(), Error> {
        self.not_gone(leg)?;
        let state = self.legs[leg].state;
        if allowed.contains(&state) {
            Ok(())
        } else {
            Err(Error::WrongState(state))
        }
    }

    /// The leg must not have ended.
    pub(super) fn not_gone(&self, leg: LegId) -> Result<(), Error> {
        self.legs[leg]
            .interruption()
            .map_or(Ok(()), |why| Err(Error::Interrupted(why)))
    }

    /// Some leg must be left.
    pub(super) fn not_interrupted(&self) -> Result<(), Error> {
        self.legs
            .interruption()
            .map_or(Ok(()), |why| Err(Error::Interrupted(why)))
    }

    pub(super) fn room_for_operation(&self) -> Result<(), Error> {
        check::over(
            LimitName::Operations,
            self.operations.len() + 1,
            self.setup.limits.operations,
        )
    }
}

/// Whether a leg is heard by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Muted {
    No,
    Yes,
}

/// An ask that was refused, done at once, or is waited for.
fn or_wait(outcome: Result<Option<Wait>, Error>, answer: fn(Result<(), Error>) -> Answer) -> Reply {
    match outcome {
        Ok(Some(wait)) => Reply::Wait(wait),
        Ok(None) => Reply::Now(answer(Ok(()))),
        Err(error) => Reply::Now(answer(Err(error))),
    }
}

/// An ask that was refused or is waited for.
pub(super) fn wait_for<T>(outcome: Result<Wait, Error>, answer: fn(Result<T, Error>) -> Answer) -> Reply {
    match outcome {
        Ok(wait) => Reply::Wait(wait),
        Err(error) => Reply::Now(answer(Err(error))),
    }
}
