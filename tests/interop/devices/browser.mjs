// A headless Chromium with devices of the SDK: each speaks a tone of its own, and what it hears can be asked. Used by the scripts beside
// it.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { join, normalize } from "node:path";

/** For what goes by the network, on a machine that has more to do, in ms. */
export const PATIENCE = { timeout: 45_000 };
const SDK = new URL("../../../client-sdk/js/src/", import.meta.url);

/** In the page: makes devices by name. */
async function main({ url, door, relay, policy }) {
  const { Device } = await import("/sdk/index.js");
  const tell = (name, event, more = {}) => window.tell(JSON.stringify({ name, event, ...more }));

  /** A stream with one tone. */
  const context = new AudioContext({ sampleRate: 48000 });
  const tone = (hz) => {
    const [oscillator, gain, stream] = [context.createOscillator(), context.createGain(), context.createMediaStreamDestination()];
    oscillator.frequency.value = hz;
    gain.gain.value = 0.3;
    oscillator.connect(gain).connect(stream);
    oscillator.start();
    return stream.stream;
  };

  /** The browser resamples what is heard: this context runs at 8 kHz. */
  const ears = new AudioContext({ sampleRate: 8000 });
  const analysers = new Map();
  const listen = (name, stream) => {
    const analyser = ears.createAnalyser();
    analyser.fftSize = 2048;
    analyser.smoothingTimeConstant = 0;
    ears.createMediaStreamSource(stream).connect(analyser);
    analysers.set(name, analyser);
  };
  /** The loudest tone that somebody hears now, and how loud it is in dB of full scale. */
  window.loudest = (name) => {
    const analyser = analysers.get(name);
    if (!analyser) return { hz: 0, db: -200 };
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const bin = levels.reduce((best, level, at) => (level > levels[best] ? at : best), 0);
    return { hz: (bin * 8000) / analyser.fftSize, db: levels[bin] };
  };

  /** What it hears of the node comes through another port, if there is one. */
  class Peer extends RTCPeerConnection {
    setRemoteDescription({ type, sdp }) {
      if (!relay) return super.setRemoteDescription({ type, sdp });
      const lines = sdp.split("\r\n").filter((line) => !/^a=candidate:.* tcp /i.test(line));
      return super.setRemoteDescription({ type, sdp: lines.join("\r\n").replaceAll(` ${door} typ`, ` ${relay} typ`) });
    }
  }

  const devices = new Map();
  window.device = async (name, token, hz, mayBeCalled) => {
    const device = new Device(token, {
      url,
      iceTransportPolicy: policy,
      getMicrophone: async () => tone(hz),
      peerConnection: Peer,
    });
    devices.set(name, { device, call: null });
    const follow = (call) => {
      devices.get(name).call = call;
      for (const event of ["ringing", "accepted", "reconnecting", "reconnected"]) call.on(event, () => tell(name, event));
      call.on("ended", ({ reason, status }) => tell(name, "ended", { reason, status }));
      call.on("error", (error) => tell(name, "error", { text: String(error) }));
      call.on("track", (stream) => listen(name, stream));
    };
    devices.get(name).follow = follow;
    for (const event of ["registered", "reconnecting", "destroyed"]) device.on(event, () => tell(name, `device ${event}`));
    device.on("reconnected", (resumed) => tell(name, "device reconnected", { resumed }));
    device.on("incoming", (call) => {
      follow(call);
      tell(name, "incoming");
    });
    if (mayBeCalled) await device.register();
  };
  window.command = async (name, command, value) => {
    const { device, call, follow } = devices.get(name);
    switch (command) {
      case "call":
        return follow(await device.connect({ to: value }));
      case "accept":
        return call.accept();
      case "hangup":
        return call.hangup();
      case "restart":
        return call.restart();
      case "token":
        return device.updateToken(value);
      case "publish":
        return device.presence.publish(value);
      case "watch":
        await device.presence.watch([value], (presence) => tell(name, "presence", presence));
        return undefined;
      case "stats": {
        const all = [...(await call.peerConnection.getStats()).values()];
        const pair = all.find((one) => one.id === all.find((it) => it.type === "transport").selectedCandidatePairId);
        const from = all.find((one) => one.id === pair?.localCandidateId);
        const heard = all.find((one) => one.type === "inbound-rtp");
        return { address: from?.address, kind: from?.candidateType, received: heard?.packetsReceived, lost: heard?.packetsLost };
      }
      default:
        throw new Error(`no command ${command}`);
    }
  };
}

/** A browser; each page of it is somebody's own. */
export class Browser {
  #browser;

  static async start(modules, executablePath) {
    const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");
    const it = new Browser();
    it.#browser = await chromium.launch({
      executablePath,
      args: [
        "--no-sandbox",
        "--autoplay-policy=no-user-gesture-required",
        "--allow-loopback-in-peer-connection",
        "--use-fake-ui-for-media-stream",
        // The page comes from nowhere, so the browser takes it for one of the internet, which may not reach this machine; and it would
        // hide where it sends from.
        "--disable-features=LocalNetworkAccessChecks,WebRtcHideLocalIpsWithMdns",
      ],
    });
    return it;
  }

  /** A page of its own, with where the node is: `url`, `door` and `relay` if its sound goes another way, and `policy`, by which way it may go. */
  async page(node) {
    const context = await this.#browser.newContext();
    await context.grantPermissions(["microphone"], { origin: "http://localhost" });
    const page = await context.newPage();
    const told = [];
    page.on("console", (message) => console.error(message.text()));
    page.on("pageerror", (error) => console.error(error.stack));
    await page.exposeFunction("tell", (line) => {
      console.error(line);
      told.push(JSON.parse(line));
    });
    await page.route("http://localhost/**", async (route) => {
      const path = normalize(new URL(route.request().url()).pathname);
      if (!path.startsWith("/sdk/")) return route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Devices</title><link rel=icon href=data:,>" });
      return route.fulfill({ contentType: "text/javascript", body: await readFile(new URL(path.slice("/sdk/".length), SDK)) });
    });
    await page.goto("http://localhost/");
    await page.evaluate(main, node);
    return new Page(page, told);
  }

  close() {
    return this.#browser.close();
  }
}

class Page {
  #page;
  /** What its devices told, in order. */
  told;

  constructor(page, told) {
    this.#page = page;
    this.told = told;
  }

  device(name, token, hz, mayBeCalled = true) {
    return this.#page.evaluate((values) => window.device(...values), [name, token, hz, mayBeCalled]);
  }

  command(name, command, value) {
    return this.#page.evaluate((values) => window.command(...values), [name, command, value]);
  }

  /** Waits until somebody hears a tone. */
  async hears(name, hz) {
    const fits = ([who, wanted]) => {
      const heard = window.loudest(who);
      return Math.abs(heard.hz - wanted) < 8 && heard.db > -45;
    };
    await this.#page.waitForFunction(fits, [name, hz], PATIENCE).catch(async (error) => {
      const heard = await this.#page.evaluate((who) => window.loudest(who), name);
      throw new Error(`${name} hears ${heard.hz} Hz at ${heard.db} dB, and not ${hz} Hz`, { cause: error });
    });
  }

  /** Waits for what a device tells, from this place in what it told on. */
  async tells(name, event, { from = 0, fits = () => true } = {}) {
    const end = Date.now() + PATIENCE.timeout;
    for (;;) {
      const at = this.told.findIndex((one, place) => place >= from && one.name === name && one.event === event && fits(one));
      if (at >= 0) return at + 1;
      if (Date.now() > end) throw new Error(`${name} told no ${event}: ${JSON.stringify(this.told)}`);
      await pause(50);
    }
  }

  close() {
    return this.#page.close();
  }
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
