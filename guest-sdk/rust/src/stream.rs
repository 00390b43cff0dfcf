//! Live sound of a leg to and from a WebSocket server.

use crate::bindings::patchcord::handler::stream::{self, Direction, Format, Options, Parameter};
use crate::prompt::ms;
use crate::{Leg, Result, Streamed, Streaming};
use std::time::Duration;

/// How a leg is streamed. Without more words: both ways, G.711 mu-law at 8 kHz, and a connection that breaks is the end.
#[derive(Debug, Clone)]
pub struct Stream(Options);

impl Stream {
    /// To a server at a `ws://` or `wss://` address, which the operator's configuration has to allow.
    pub fn to(url: impl Into<String>) -> Stream {
        Stream(Options {
            url: url.into(),
            format: Format::Mulaw8k,
            direction: Direction::Both,
            parameters: Vec::new(),
            reconnect: 0,
        })
    }

    /// 16-bit sound, 16,000 samples a second.
    pub fn at_16k(mut self) -> Stream {
        self.0.format = Format::L16at16k;
        self
    }

    /// 16-bit sound, 24,000 samples a second.
    pub fn at_24k(mut self) -> Stream {
        self.0.format = Format::L16at24k;
        self
    }

    /// The server hears and does not speak.
    pub fn listen_only(mut self) -> Stream {
        self.0.direction = Direction::Listen;
        self
    }

    /// Tells the server something at the beginning.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Stream {
        self.0.parameters.push(Parameter {
            name: name.into(),
            value: value.into(),
        });
        self
    }

    /// A connection that failed or broke is opened again, so often in all, 0 to 32.
    pub fn reconnect(mut self, times: u8) -> Stream {
        self.0.reconnect = times;
        self
    }
}

impl Leg {
    /// Streams the leg and waits until that has ended. If the far end leaves meanwhile, that is an end like others.
    pub fn stream(&self, how: Stream) -> Result<Streamed> {
        stream::stream(self, &how.0)
    }

    /// Starts streaming and returns at once. Dropping the result does not stop it.
    pub fn start_stream(&self, how: Stream) -> Result<Streaming> {
        stream::start(self, &how.0)
    }
}

impl Streaming {
    /// The next text of the server; none if none comes in time, or the stream is over.
    pub fn receive_within(&self, time: Duration) -> Result<Option<String>> {
        self.receive(Some(ms(time)))
    }
}
