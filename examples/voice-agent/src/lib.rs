//! A caller talks to a voice agent behind a WebSocket. The agent hears the caller and speaks; when it sends the text
//! "a person is wanted", the caller is connected to the reception. Without an agent there is a busy tone.

use patchcord::prelude::*;
use patchcord::{StreamEnd, Streaming};

patchcord::handler!(handle);

/// Where the agent is; `[streams] allow` has to name it.
const AGENT: &str = "ws://127.0.0.1:8765/agent";
/// What the agent says when it wants a person to take over.
const PERSON: &str = "a person is wanted";
/// The user who takes over.
const RECEPTION: &str = "reception";

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let how = Stream::to(AGENT)
        .at_16k()
        .parameter("handler", "voice-agent")
        .reconnect(3);
    let agent = caller.start_stream(how)?;
    if person_is_wanted(&agent)? {
        agent.stop()?;
        return connect(&caller);
    }
    let talk = agent.stop()?;
    info!(
        "heard {} ms, said {} ms, {:?}",
        talk.heard_ms, talk.played_ms, talk.ended_by
    );
    match talk.ended_by {
        StreamEnd::Finished | StreamEnd::Stopped | StreamEnd::Left(_) => Ok(()),
        StreamEnd::Refused(_) | StreamEnd::Unreachable | StreamEnd::Lost | StreamEnd::Overloaded => apologize(&caller),
    }
}

/// Waits until the agent says so, or the talk is over.
fn person_is_wanted(agent: &Streaming) -> Result<bool> {
    while let Some(text) = agent.receive(None)? {
        if text == PERSON {
            return Ok(true);
        }
    }
    Ok(false)
}

fn connect(caller: &Leg) -> Result<()> {
    let outcome = caller.dial(Dial::user(RECEPTION).ring_for(secs(20)))?;
    let Some(person) = outcome.into_leg() else {
        return apologize(caller);
    };
    caller.bridge(&person, Bridge::default())?;
    Ok(())
}

fn apologize(caller: &Leg) -> Result<()> {
    caller.play(tone(425, millis(500)))?;
    Ok(())
}
