//! Host calls in words, for a watching developer and for logs. Private values never appear.

use crate::ask::{Answer, Ask};
use crate::words::{Error, GatherFailure, Gathered, Played, Segment};

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
        Ask::StopPlay { operation } => format!("play.stop(#{})", operation.0),
        Ask::Gather { options, .. } => format!("gather({})", gather(options)),
        Ask::StartGather { options, .. } => format!("gather.start({})", gather(options)),
        Ask::Flush { .. } => "gather.flush".to_owned(),
        Ask::GatherResult { operation } => format!("gather.result(#{})", operation.0),
        Ask::CancelGather { operation } => format!("gather.cancel(#{})", operation.0),
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
        _ => "a function without words".to_owned(),
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
        Answer::Flag(done) => if *done { "yes" } else { "no" }.to_owned(),
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
        _ => "an answer without words".to_owned(),
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
        Ok(gathered) => format!(
            "{} keys, ended by {:?}",
            gathered.keys.reveal().len(),
            gathered.ended_by
        ),
        Err(failure) => format!("{} keys, then {}", failure.keys.reveal().len(), failure.reason),
    }
}

fn gather(options: &crate::words::GatherOptions) -> String {
    let keys = format!("{} to {} keys", options.min, options.max);
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
    }
}
