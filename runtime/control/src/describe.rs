//! Host calls in words, for a watching developer and for logs. Private values never appear.

use crate::ask::{Answer, Ask};
use crate::events::EventKind;
use crate::presence::Status;
use crate::words::{
    Began, Bridged, Cause, Destination, DialOptions, DialOutcome, Endpoint, Error, GatherFailure, Gathered,
    HeardSpeech, HttpRequest, InboxMessage, Played, PresenceAction, PresenceReply, RecogniseOptions, Recognised,
    RecordOptions, Recorded, Segment, StoreAction, StoreReply, StreamOptions, Streamed, TransferOutcome,
};

/// What was asked, e.g. `gather(1 key, prompt welcome.wav)`.
pub fn ask(ask: &Ask) -> String {
    match ask {
        Ask::Info { .. } => "call.info".to_owned(),
        Ask::Header { name, .. } => format!("call.header({name})"),
        Ask::State { .. } => "call.state".to_owned(),
        Ask::Ring { .. } => "call.ring".to_owned(),
        Ask::EarlyMedia { .. } => "call.early-media".to_owned(),
        Ask::Answer { .. } => "call.answer".to_owned(),
        Ask::Reject { reason, .. } => format!("call.reject({reason:?})"),
        Ask::HangUp { .. } => "call.hang-up".to_owned(),
        Ask::Play { prompt: played, .. } => format!("play({})", prompt(played)),
        Ask::StartPlay { prompt: played, .. } => format!("play.start({})", prompt(played)),
        Ask::PlayResult { operation } => format!("play.result(#{})", operation.0),
        Ask::ChangePlay { operation, change } => format!("play.change(#{}, {change:?})", operation.0),
        Ask::StopPlay { operation } => format!("play.stop(#{})", operation.0),
        Ask::Gather { options, .. } => format!("gather({})", gather(options)),
        Ask::StartGather { options, .. } => format!("gather.start({})", gather(options)),
        Ask::Flush { .. } => "gather.flush".to_owned(),
        Ask::GatherResult { operation } => format!("gather.result(#{})", operation.0),
        Ask::CancelGather { operation } => format!("gather.cancel(#{})", operation.0),
        Ask::Redirect { to, .. } => format!("call.redirect({} addresses)", to.len()),
        Ask::Hold { leg } => format!("call.hold(leg {})", leg.0),
        Ask::Resume { leg } => format!("call.resume(leg {})", leg.0),
        Ask::IsHeld { leg } => format!("call.is-held(leg {})", leg.0),
        Ask::Mute { leg } => format!("call.mute(leg {})", leg.0),
        Ask::Unmute { leg } => format!("call.unmute(leg {})", leg.0),
        Ask::SendKeys { leg, keys } => format!("call.send-keys(leg {}, {} keys)", leg.0, keys.reveal().len()),
        Ask::Dial { endpoints, options, .. } => format!("dial({})", dial(endpoints, options)),
        Ask::StartDial { endpoints, options, .. } => format!("dial.start({})", dial(endpoints, options)),
        Ask::DialResult { operation } => format!("dial.result(#{})", operation.0),
        Ask::CancelDial { operation } => format!("dial.cancel(#{})", operation.0),
        Ask::TransferAskedBy { transfer } => format!("transfer.asked-by(#{})", transfer.0),
        Ask::TransferDestination { transfer } => format!("transfer.destination(#{})", transfer.0),
        Ask::TransferIsAttended { transfer } => format!("transfer.is-attended(#{})", transfer.0),
        Ask::TransferTake { transfer } => format!("transfer.take(#{})", transfer.0),
        Ask::TransferAccept { transfer } => format!("transfer.accept(#{})", transfer.0),
        Ask::TransferFinish { transfer, status } => format!("transfer.finish(#{}, {status})", transfer.0),
        Ask::TransferDrop { transfer } => format!("transfer.drop(#{})", transfer.0),
        Ask::Refer { leg, .. } => format!("transfer.refer(leg {})", leg.0),
        Ask::ReferToLeg { leg, other } => format!("transfer.refer-to-leg(leg {}, leg {})", leg.0, other.0),
        Ask::Bridge { first, second, .. } => format!("bridge(leg {}, leg {})", first.0, second.0),
        Ask::StartBridge { first, second, .. } => format!("bridge.start(leg {}, leg {})", first.0, second.0),
        Ask::BridgeResult { operation } => format!("bridge.result(#{})", operation.0),
        Ask::StopBridge { operation } => format!("bridge.stop(#{})", operation.0),
        Ask::Take { call } => call.map_or_else(
            || "bridge.take(no call)".to_owned(),
            |call| format!("bridge.take({call})"),
        ),
        Ask::Give { leg, handler } => format!("bridge.give(leg {}, {handler})", leg.0),
        Ask::Record { leg, options } => format!("record(leg {}, {})", leg.0, record(options)),
        Ask::StartRecord { legs, options } => format!("record.start({} legs, {})", legs.len(), record(options)),
        Ask::RecordingName { operation } => format!("recording.id(#{})", operation.0),
        Ask::RecordResult { operation } => format!("recording.result(#{})", operation.0),
        Ask::PauseRecord { operation, with } => format!("recording.pause(#{}, {with:?})", operation.0),
        Ask::ResumeRecord { operation } => format!("recording.resume(#{})", operation.0),
        Ask::StopRecord { operation } => format!("recording.stop(#{})", operation.0),
        Ask::Stream { leg, options } => format!("stream(leg {}, {})", leg.0, stream(options)),
        Ask::StartStream { leg, options } => format!("stream.start(leg {}, {})", leg.0, stream(options)),
        Ask::StreamName { operation } => format!("streaming.id(#{})", operation.0),
        Ask::StreamResult { operation } => format!("streaming.result(#{})", operation.0),
        Ask::SendStream { operation, text } => {
            format!("streaming.send(#{}, {} bytes)", operation.0, text.reveal().len())
        }
        Ask::ReceiveStream { operation, .. } => format!("streaming.receive(#{})", operation.0),
        Ask::StopStream { operation } => format!("streaming.stop(#{})", operation.0),
        Ask::StartRecognise { leg, options } => format!("recognise.start(leg {}, {})", leg.0, recognise(options)),
        Ask::ReceiveHeard { operation, .. } => format!("recognising.receive(#{})", operation.0),
        Ask::RecogniseResult { operation } => format!("recognising.result(#{})", operation.0),
        Ask::StopRecognise { operation } => format!("recognising.stop(#{})", operation.0),
        Ask::Done { operation } => format!("operation.done(#{})", operation.0),
        Ask::Forget { operation } => format!("operation.forget(#{})", operation.0),
        Ask::Sleep { ms } => format!("wait.sleep({ms} ms)"),
        Ask::WaitAny { operations, timeout_ms } => match timeout_ms {
            Some(ms) => format!("wait.any({} operations, {ms} ms)", operations.len()),
            None => format!("wait.any({} operations)", operations.len()),
        },
        Ask::Now => "clock.now".to_owned(),
        Ask::Elapsed => "clock.elapsed".to_owned(),
        Ask::RandomBytes { count } => format!("random.bytes({count})"),
        Ask::RandomNumber => "random.number".to_owned(),
        Ask::Log { level, .. } => format!("log({level:?})"),
        Ask::StartRoomRecord { room, options } => format!("record.start-room(#{}, {})", room.0, record(options)),
        Ask::Quality { leg } => format!("call.quality(leg {})", leg.0),
        Ask::Beginning => "call.begun".to_owned(),
        Ask::OpenRoom => "room.open".to_owned(),
        Ask::JoinRoom { room, leg, seat } => format!("room.join(#{}, leg {}, {seat:?})", room.0, leg.0),
        Ask::LeaveRoom { room, leg } => format!("room.leave(#{}, leg {})", room.0, leg.0),
        Ask::RoomEvent { room } => format!("room.next-event(#{})", room.0),
        Ask::Store { key, action } => store(key.reveal().len(), action),
        Ask::Http { request } => http(request),
        Ask::Secret { name } => format!("secrets.get({name})"),
        Ask::Emit { name, data } => format!("report.emit({name}, {} bytes)", data.reveal().len()),
        Ask::Subscribe { kinds, secret, .. } => subscribe(kinds, secret),
        Ask::ReceiveMessage { .. } => "inbox.receive".to_owned(),
        Ask::InboxOperation => "inbox.waiting".to_owned(),
        Ask::Presence { action } => presence(action),
        Ask::WatchPresence { identities } => format!("presence.watch({} identities)", identities.len()),
        Ask::PresenceNews { operation } => format!("presence.news(#{})", operation.0),
    }
}

/// What was answered, e.g. `1 key by MaxKeys`.
pub fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Nothing => "done".to_owned(),
        Answer::Unit(result) => result.as_ref().map_or_else(Error::to_string, |()| "ok".to_owned()),
        Answer::Info(_) => "(caller's facts)".to_owned(),
        Answer::Header(values) => format!("{} values", values.len()),
        Answer::State(state) => format!("{state:?}"),
        Answer::Played(result) => played(result),
        Answer::PlayResult(result) => result.as_ref().map_or_else(still, played),
        Answer::Gathered(result) => gathered(result),
        Answer::GatherResult(result) => result.as_ref().map_or_else(still, gathered),
        Answer::Started(result) => result.as_ref().map_or_else(Error::to_string, |id| format!("#{}", id.0)),
        Answer::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Answer::Leg(leg) => format!("leg {}", leg.0),
        Answer::Destination(_) => "(a destination)".to_owned(),
        Answer::Dialled(result) => dialled(result),
        Answer::DialResult(result) => result.as_ref().map_or_else(still, dialled),
        Answer::Bridged(result) => bridged(result),
        Answer::BridgeResult(result) => result.as_ref().map_or_else(still, bridged),
        Answer::Recorded(result) => recorded(result),
        Answer::RecordResult(result) => result.as_ref().map_or_else(still, recorded),
        Answer::Name(name) => name.clone(),
        Answer::Streamed(result) => streamed(result),
        Answer::StreamResult(result) => result.as_ref().map_or_else(still, streamed),
        Answer::Text(Ok(Some(text))) => format!("{} bytes", text.reveal().len()),
        Answer::Text(Ok(None)) => "no text".to_owned(),
        Answer::Text(Err(error)) => error.to_string(),
        Answer::Referred(result) => result.as_ref().map_or_else(Error::to_string, referred),
        Answer::Taken(result) => result
            .as_ref()
            .map_or_else(Error::to_string, |leg| format!("leg {}", leg.0)),
        Answer::Given(result) => result.as_ref().map_or_else(Error::to_string, |call| format!("{call}")),
        Answer::Any(result) => match result {
            Ok(Some(place)) => format!("number {place} is done"),
            Ok(None) => "time is over".to_owned(),
            Err(error) => error.to_string(),
        },
        Answer::Now(at) => format!("{}.{:03}", at.seconds, at.nanoseconds / 1_000_000),
        Answer::Elapsed(ms) => format!("{ms} ms"),
        Answer::Bytes(result) => result
            .as_ref()
            .map_or_else(Error::to_string, |bytes| format!("{} bytes", bytes.len())),
        Answer::Number(_) => "a number".to_owned(),
        Answer::Quality(quality) => quality.map_or_else(|| "not measured yet".to_owned(), |it| format!("{it:?}")),
        Answer::Began(why) => began(why),
        Answer::Seated(result) => result
            .as_ref()
            .map_or_else(Error::to_string, |leg| format!("leg {leg}")),
        Answer::RoomEvent(event) => event
            .as_ref()
            .map_or_else(|| "nothing new".to_owned(), |event| format!("{event:?}")),
        Answer::HeardSpeech(Ok(Some(heard))) => heard_speech(heard),
        Answer::HeardSpeech(Ok(None)) => "nothing".to_owned(),
        Answer::HeardSpeech(Err(error)) => error.to_string(),
        Answer::Recognised(result) => recognised(result),
        Answer::RecogniseResult(result) => result.as_ref().map_or_else(still, recognised),
        Answer::Stored(result) => result.as_ref().map_or_else(Error::to_string, stored),
        Answer::Responded(Ok(response)) => {
            format!("{}, {} bytes", response.status, response.body.reveal().len())
        }
        Answer::Responded(Err(error)) => error.to_string(),
        Answer::Secret(Ok(_)) => "(a secret)".to_owned(),
        Answer::Secret(Err(error)) => error.to_string(),
        Answer::Message(result) => message(result),
        Answer::Presence(result) => result.as_ref().map_or_else(Error::to_string, presence_told),
        Answer::PresenceNews(views) => format!("{} identities", views.len()),
    }
}

fn began(why: &Began) -> String {
    match why {
        Began::Offered => "offered".to_owned(),
        Began::Given => "given".to_owned(),
        Began::Fallback(broken) => format!("fallback for {}, {}", broken.handler, broken.kind),
        Began::Redirected(_) => "redirected".to_owned(),
        Began::Placed(None) => "placed".to_owned(),
        Began::Placed(Some(by)) => format!("placed, {by:?} answered"),
    }
}

/// What is in it is not said.
fn message(result: &Result<Option<InboxMessage>, Error>) -> String {
    match result {
        Ok(Some(message)) => format!("{}, {} bytes", message.name, message.data.reveal().len()),
        Ok(None) => "no message".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn still() -> String {
    "under way".to_owned()
}

fn played(result: &Result<Played, Error>) -> String {
    match result {
        Ok(played) => format!("{} ms played, ended by {:?}", played.played_ms, played.ended_by),
        Err(error) => error.to_string(),
    }
}

fn gathered(result: &Result<Gathered, GatherFailure>) -> String {
    match result {
        Ok(gathered) => {
            let said = gathered.said.as_ref();
            let sure = said.map_or_else(String::new, |said| format!(", {} % sure", said.confidence));
            let keys = gathered.keys.reveal().len();
            format!("{keys} keys, ended by {:?}{sure}", gathered.ended_by)
        }
        Err(failure) => format!("{} keys, then {}", failure.keys.reveal().len(), failure.reason),
    }
}

fn dial(endpoints: &[Endpoint], options: &DialOptions) -> String {
    let kinds: Vec<&str> = endpoints
        .iter()
        .map(|endpoint| match endpoint.to {
            Destination::Number(_) => "number",
            Destination::User(_) => "user",
            Destination::Address(_) => "address",
        })
        .collect();
    format!("{}, {:?}, {} ms", kinds.join(" + "), options.order, options.ring_ms)
}

fn dialled(result: &Result<DialOutcome, Error>) -> String {
    let with = |what: &str, cause: &Cause| format!("{what} ({})", cause.status);
    match result {
        Ok(DialOutcome::Answered(answer)) => match answer.answered_by {
            Some(by) => format!("leg {} answered, {by:?}", answer.leg.0),
            None => format!("leg {} answered", answer.leg.0),
        },
        Ok(DialOutcome::Declined(cause)) => with("declined", cause),
        Ok(DialOutcome::Busy(cause)) => with("busy", cause),
        Ok(DialOutcome::NoAnswer) => "no answer".to_owned(),
        Ok(DialOutcome::Unavailable(absence)) => match &absence.status {
            Some(status) => format!("unavailable, {}", status_in_words(status)),
            None => with("unavailable", &absence.cause),
        },
        Ok(DialOutcome::NotFound(cause)) => with("not found", cause),
        Ok(DialOutcome::Redirected(to)) => format!("redirected to {} addresses", to.len()),
        Ok(DialOutcome::Forbidden(reason)) => format!("forbidden: {reason}"),
        Ok(DialOutcome::Failed(cause)) => with("failed", cause),
        Ok(DialOutcome::Unreachable) => "unreachable".to_owned(),
        Ok(DialOutcome::Cancelled) => "cancelled".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn bridged(result: &Result<Bridged, Error>) -> String {
    match result {
        Ok(bridged) => format!("{} ms bridged, ended by {:?}", bridged.lasted_ms, bridged.ended_by),
        Err(error) => error.to_string(),
    }
}

fn record(options: &RecordOptions) -> String {
    format!(
        "up to {} ms, {} finish keys",
        options.longest_ms,
        options.finish_on.len()
    )
}

fn recorded(result: &Result<Recorded, Error>) -> String {
    match result {
        Ok(recorded) => format!("{} ms recorded, ended by {:?}", recorded.length_ms, recorded.ended_by),
        Err(error) => error.to_string(),
    }
}

/// Where to is not said: a token may be in the address.
fn stream(options: &StreamOptions) -> String {
    format!(
        "{:?}, {:?}, {} parameters",
        options.format,
        options.direction,
        options.parameters.len()
    )
}

fn streamed(result: &Result<Streamed, Error>) -> String {
    match result {
        Ok(it) => format!(
            "{} ms heard, {} ms played, ended by {:?}",
            it.counts.heard_ms, it.counts.played_ms, it.ended_by
        ),
        Err(error) => error.to_string(),
    }
}

fn recognise(options: &RecogniseOptions) -> String {
    format!("{} hints, partial texts {:?}", options.hints.len(), options.partials)
}

/// What was said is not.
fn heard_speech(heard: &HeardSpeech) -> String {
    match heard {
        HeardSpeech::Partial(partial) => format!("a partial text from {} ms on", partial.from_ms),
        HeardSpeech::Final(text) => {
            format!(
                "a text from {} to {} ms, {} % sure",
                text.from_ms, text.to_ms, text.confidence
            )
        }
        HeardSpeech::Gap(gap) => format!("a gap from {} to {} ms", gap.from_ms, gap.to_ms),
        HeardSpeech::Missed(count) => format!("{count} missed"),
    }
}

fn recognised(result: &Result<Recognised, Error>) -> String {
    match result {
        Ok(it) => format!(
            "{} ms heard, {} texts, ended by {:?}",
            it.counts.heard_ms, it.counts.finals, it.ended_by
        ),
        Err(error) => error.to_string(),
    }
}

/// Neither key nor value is said: they may be numbers of callers.
fn store(key_bytes: usize, action: &StoreAction) -> String {
    let at = format!("a key of {key_bytes} bytes");
    match action {
        StoreAction::Get => format!("store.get({at})"),
        StoreAction::Set { value, .. } => format!("store.set({at}, {} bytes)", value.reveal().len()),
        StoreAction::Delete => format!("store.delete({at})"),
        StoreAction::Swap { expected, value, .. } => {
            let bytes = value.reveal().len();
            format!("store.compare-and-set({at}, {expected:?}, {bytes} bytes)")
        }
        StoreAction::Add { .. } => format!("store.add({at})"),
    }
}

/// Where to is not said: the address may hold a token, or a caller's number.
/// The address is private: a token may be in it.
fn subscribe(kinds: &[EventKind], secret: &str) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    let kinds = if names.is_empty() {
        "all".to_owned()
    } else {
        names.join(" ")
    };
    format!("report.subscribe({kinds}, secret {secret})")
}

fn http(request: &HttpRequest) -> String {
    let bytes = request.body.as_ref().map_or(0, |body| body.reveal().len());
    format!(
        "http.send({:?}, {} headers, {bytes} bytes)",
        request.method,
        request.headers.len()
    )
}

fn stored(reply: &StoreReply) -> String {
    match reply {
        StoreReply::Entry(Some(entry)) => format!("{} bytes, version {}", entry.value.reveal().len(), entry.version),
        StoreReply::Entry(None) => "nothing there".to_owned(),
        StoreReply::Version(version) => format!("version {version}"),
        StoreReply::Deleted(true) => "deleted".to_owned(),
        StoreReply::Deleted(false) => "nothing to delete".to_owned(),
        StoreReply::Swapped(swapped) => format!("{swapped:?}"),
        StoreReply::Sum(_) => "a sum".to_owned(),
    }
}

/// Who is not said, and of what somebody says of itself, not the words.
fn presence(action: &PresenceAction) -> String {
    match action {
        PresenceAction::Get { identities } => format!("presence.get({} identities)", identities.len()),
        PresenceAction::Set { status, .. } => {
            let status = status.as_ref().map_or_else(|| "nothing".to_owned(), status_in_words);
            format!("presence.set({status})")
        }
        PresenceAction::Pick { candidates, policy } => {
            format!("presence.pick({} candidates, {policy:?})", candidates.len())
        }
    }
}

fn presence_told(reply: &PresenceReply) -> String {
    match reply {
        PresenceReply::Views(views) => match views.as_slice() {
            [view] => status_in_words(&view.status),
            views => format!("{} identities", views.len()),
        },
        PresenceReply::Said => "said".to_owned(),
        PresenceReply::Picked(Some(_)) => "one is available".to_owned(),
        PresenceReply::Picked(None) => "none is available".to_owned(),
    }
}

fn status_in_words(status: &Status) -> String {
    let reason = status.reason.map_or_else(String::new, |reason| format!(", {reason:?}"));
    format!("{:?}{reason}", status.availability)
}

fn referred(outcome: &TransferOutcome) -> String {
    match outcome {
        TransferOutcome::Transferred => "transferred".to_owned(),
        TransferOutcome::Refused(cause) => format!("refused ({})", cause.status),
        TransferOutcome::Failed(cause) => format!("failed ({})", cause.status),
        TransferOutcome::Unknown => "unknown".to_owned(),
    }
}

fn gather(options: &crate::words::GatherOptions) -> String {
    let mut keys = format!("{} to {} keys", options.min, options.max);
    if let Some(hearing) = &options.speech {
        keys += &format!(", {} phrases, {} digits", hearing.phrases.len(), hearing.digits);
    }
    options
        .prompt
        .as_ref()
        .map_or_else(|| keys.clone(), |played| format!("{keys}, prompt {}", prompt(played)))
}

fn prompt(segments: &[Segment]) -> String {
    let words: Vec<String> = segments.iter().map(segment).collect();
    words.join(" + ")
}

fn segment(segment: &Segment) -> String {
    match segment {
        Segment::File(name) => name.clone(),
        Segment::Tone(tone) => {
            let hertz: Vec<String> = tone.frequencies.iter().map(u16::to_string).collect();
            format!("tone {} Hz", hertz.join("+"))
        }
        Segment::Silence(ms) => format!("silence {ms} ms"),
        Segment::Url(_) => "a file of the web".to_owned(),
        Segment::Speech(speech) => format!("speech of {} bytes", speech.text.reveal().len()),
    }
}
