//! Answers, asks for what no argument allows, gets a typed error for each, and finishes well.

use patchcord::bindings::patchcord::handler::types::{Segment, Tone};
use patchcord::bindings::patchcord::handler::{play, wait as raw_wait};
use patchcord::prelude::*;
use patchcord::presence::{Availability, Policy, Status};

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    refused("0 keys", caller.gather(Gather::keys(0)).map_err(Error::from))?;
    refused("255 keys", caller.gather(Gather::keys(255)).map_err(Error::from))?;
    refused(
        "min over max",
        caller.gather(Gather::keys(1).at_least(9)).map_err(Error::from),
    )?;
    refused(
        "next key in no time",
        caller
            .gather(Gather::keys(2).next_key_within(millis(0)))
            .map_err(Error::from),
    )?;
    refused(
        "a week for a key",
        caller
            .gather(Gather::keys(1).first_key_within(secs(604_800)))
            .map_err(Error::from),
    )?;
    refused("unknown prompt", caller.play(file("no/such.wav")))?;
    refused("a path out of the module", caller.play(file("../../etc/passwd")))?;
    refused("a tone of 0 Hz", caller.play(tone(0, secs(1))))?;
    refused("a tone of 20 kHz", caller.play(tone(20_000, secs(1))))?;
    refused("a tone of no time", caller.play(tone(440, millis(0))))?;
    refused("a hundred frequencies", raw_tone(&caller, vec![440; 100], -16))?;
    refused("no frequency", raw_tone(&caller, Vec::new(), -16))?;
    refused("a tone louder than full scale", raw_tone(&caller, vec![440], 127))?;
    refused("an empty prompt", play::play(&caller, &[], once()))?;
    refused(
        "a thousand segments",
        play::play(&caller, &vec![Segment::Silence(20); 1_000], once()),
    )?;
    refused("a stream to nowhere", caller.start_stream(Stream::to("")))?;
    refused("a stream by HTTP", caller.start_stream(Stream::to("http://127.0.0.1/")))?;
    refused(
        "a stream with a line end",
        caller.start_stream(Stream::to("ws://a/\r\nHost: b")),
    )?;
    refused(
        "a stream nobody allows",
        caller.start_stream(Stream::to("ws://127.0.0.1/")),
    )?;
    refused(
        "a stream without end",
        caller.start_stream(Stream::to("ws://127.0.0.1/").reconnect(255)),
    )?;
    refused("a key of 100,000 bytes", store::get(&"k".repeat(100_000)))?;
    refused("a life of no time", store::set("k", "v", Some(millis(0))))?;
    refused("a secret of no name", secrets::get(""))?;
    refused("no address", http::get("\r\n").send())?;
    refused(
        "somebody else's host",
        http::get("https://a/").header("Host", "b").send(),
    )?;
    refused("a hint of digits", caller.recognise(Recognise::new().hints(["4711"])))?;
    refused(
        "a recognition of no time",
        caller.recognise(Recognise::new().longest(millis(0))),
    )?;
    about_presence()?;
    refused("two days of sleep", wait::sleep(secs(172_800)))?;
    refused("waiting for nothing", raw_wait::any(&[], None))?;
    refused("4 GB of chance", random::bytes(u32::MAX))?;
    Ok(())
}

fn about_presence() -> Result<()> {
    refused("the presence of nobody", presence::get(&[]))?;
    refused("the presence of no name", presence::of(""))?;
    refused("a choice among too many", presence::pick(&["a"; 101], Policy::InOrder))?;
    refused(
        "a name of 100,000 bytes watched",
        presence::watch(&[&"n".repeat(100_000)]),
    )?;
    refused("a status of 257 bytes", presence::set("a", &status(257)))
}

fn status(bytes: usize) -> Status {
    Status::new(Availability::Busy).with_text(&"x".repeat(bytes))
}

fn once() -> play::Options {
    play::Options {
        barge_in: false,
        times: 1,
        from_ms: 0,
        volume_db: 0,
    }
}

fn raw_tone(caller: &Leg, frequencies: Vec<u16>, level_dbm0: i8) -> Result<patchcord::Played> {
    let tone = Tone {
        frequencies,
        on_ms: 100,
        off_ms: 0,
        count: 1,
        level_dbm0,
    };
    play::play(caller, &[Segment::Tone(tone)], once())
}

/// It must be refused, and with an error that names what was wrong.
fn refused<T>(what: &str, result: Result<T>) -> Result<()> {
    match result {
        Err(
            Error::Invalid(_)
            | Error::Limit(_)
            | Error::NoSuchPrompt(_)
            | Error::NoSuchSecret(_)
            | Error::NotAllowed(_),
        ) => Ok(()),
        Err(other) => Err(Error::failed(format!("{what}: {other}"))),
        Ok(_) => Err(Error::failed(format!("{what} was accepted"))),
    }
}
