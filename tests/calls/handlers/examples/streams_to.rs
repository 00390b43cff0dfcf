//! Streams to a server on this machine that the called name says: `streams_to-<port>-<format>-<reconnections>`. Sends it a
//! text, logs the texts it gets until `enough`, and what came of the stream.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let to = caller.info().to;
    let words: Vec<&str> = to.split('-').skip(1).collect();
    let [port, format, times] = words[..] else {
        return Err(Error::failed("the called name says no server"));
    };
    let how = Stream::to(format!("ws://127.0.0.1:{port}/agent?token=secret"))
        .parameter("language", "de")
        .reconnect(times.parse().unwrap_or(0));
    let how = match format {
        "16k" => how.at_16k(),
        "24k" => how.at_24k(),
        "listen" => how.listen_only(),
        _ => how,
    };
    let stream = match caller.start_stream(how) {
        Ok(stream) => stream,
        Err(Error::NotAllowed(what)) => {
            info!("not allowed: {what}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    stream.send("hello")?;
    while let Some(text) = stream.receive(None)? {
        if text == "enough" {
            break;
        }
        info!("text of {} bytes", text.len());
    }
    let streamed = stream.stop()?;
    info!("streamed: {streamed:?}");
    Ok(())
}
