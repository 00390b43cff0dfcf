"""A real recogniser behind a WebSocket, in the protocol of wit/recognise.md: PyPI's pocketsphinx with the model that is
packaged with it, one decoder for each connection, a grammar made of the hints. It says what it has so far while somebody
speaks. It knows nothing of Patchcord but the page; tests/setup installs what it imports.

    recogniser.py <port>

prints `listening` once it can be connected to."""

import asyncio
import base64
import json
import sys

from pocketsphinx import Decoder, Endpointer
from websockets.asyncio.server import serve

RATE = 16_000
# How often it says what it has, in frames of 30 ms.
EVERY = 5


class Dictation:
    """One connection."""

    def __init__(self, start):
        assert start["format"] == {"encoding": "l16", "rate": RATE}, start["format"]
        self.partials = start["partials"]
        self.decoder = Decoder(samprate=RATE, loglevel="FATAL")
        hints = start["hints"]
        if hints:
            grammar = "#JSGF V1.0; grammar hints; public <said> = " + " | ".join(hints).lower() + " ;"
            self.decoder.add_jsgf_string("hints", grammar)
            self.decoder.activate_search("hints")
        self.ends = Endpointer(window=0.5, sample_rate=RATE)
        self.waiting = b""
        self.began_ms = None
        self.speaks = False
        self.frames = 0

    def media(self, message):
        if self.began_ms is None:
            self.began_ms = message["timestamp"]
        self.waiting += base64.b64decode(message["payload"])
        size = self.ends.frame_bytes
        while len(self.waiting) >= size:
            frame, self.waiting = self.waiting[:size], self.waiting[size:]
            yield from self.hear(self.ends.process(frame))

    def stop(self):
        # It breaks at the end of nothing.
        if self.waiting:
            yield from self.hear(self.ends.end_stream(self.waiting))
        if self.speaks:
            yield self.final()
        yield {"event": "stop"}

    def hear(self, speech):
        if speech is None:
            return
        if not self.speaks:
            self.speaks = True
            self.frames = 0
            self.decoder.start_utt()
        self.decoder.process_raw(speech)
        self.frames += 1
        if not self.ends.in_speech:
            yield self.final()
            return
        so_far = self.decoder.hyp()
        if self.partials and so_far and so_far.hypstr and self.frames % EVERY == 0:
            yield {"event": "partial", "text": so_far.hypstr, "fromMs": self.place(self.ends.speech_start)}

    def final(self):
        self.speaks = False
        self.decoder.end_utt()
        said = self.decoder.hyp()
        return {
            "event": "final",
            "text": said.hypstr if said else "",
            "confidence": min(1.0, self.decoder.get_logmath().exp(said.prob)) if said else 0.0,
            "fromMs": self.place(self.ends.speech_start),
            "toMs": self.place(self.ends.speech_end),
        }

    def place(self, seconds):
        return self.began_ms + int(seconds * 1000)


async def listen(connection):
    dictation = None
    async for text in connection:
        message = json.loads(text)
        said = []
        match message["event"]:
            case "connected":
                assert message["protocol"] == "patchcord-recognise", message
            case "start":
                dictation = Dictation(message)
            case "media":
                said = dictation.media(message)
            case "stop":
                said = dictation.stop()
        for result in said:
            await connection.send(json.dumps(result))
            # One that listens to nobody else while it thinks is no trouble here; what it says has to leave.
            await asyncio.sleep(0)


async def main():
    async with serve(listen, "127.0.0.1", int(sys.argv[1])):
        print("listening", flush=True)
        await asyncio.Future()


asyncio.run(main())
