// A telephone in a headless Chromium, made with SIP.js as it comes: `node phone.mjs <modules> <account as JSON>`. It speaks one tone all the
// time. A command is a line of JSON on standard input, what happens is one on standard output, and so is what it hears (16 bits, 8 kHz,
// base64). Started by `sipjs.rs`.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { join, normalize } from "node:path";
import { createInterface } from "node:readline";

const [modules, text] = process.argv.slice(2);
const account = JSON.parse(text);
const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");

/** In the page. */
async function main(account) {
  const { UserAgent, Registerer, Inviter, SessionState } = await import("/sip.js/lib/index.js");
  const tell = (event, more = {}) => window.tell(JSON.stringify({ event, ...more }));
  const context = new AudioContext({ sampleRate: 48000 });
  const tone = context.createMediaStreamDestination();
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.frequency.value = account.hz;
  gain.gain.value = 0.3;
  oscillator.connect(gain).connect(tone);
  oscillator.start();
  navigator.mediaDevices.getUserMedia = async () => tone.stream.clone();

  // What is heard is resampled by the browser itself: this context runs at 8 kHz.
  const ears = new AudioContext({ sampleRate: 8000 });
  const listener = ears.createScriptProcessor(256, 1, 1);
  let heard = [];
  listener.onaudioprocess = (event) => {
    for (const sample of event.inputBuffer.getChannelData(0)) heard.push(Math.round(Math.max(-1, Math.min(1, sample)) * 32767));
  };
  listener.connect(ears.destination);
  window.take = () => {
    const bytes = new Uint8Array(Int16Array.from(heard).buffer);
    heard = [];
    return btoa(String.fromCharCode(...bytes));
  };
  const listen = (session) => {
    const pc = session.sessionDescriptionHandler.peerConnection;
    const track = pc.getReceivers()[0].track;
    const stream = new MediaStream([track]);
    // Without an element that plays it, the browser decodes nothing.
    const audio = new Audio();
    audio.muted = true;
    audio.srcObject = stream;
    audio.play();
    ears.createMediaStreamSource(stream).connect(listener);
    pc.addEventListener("connectionstatechange", () => tell("connection", { state: pc.connectionState }));
  };

  let session = null;
  const follow = (next) => {
    session = next;
    next.stateChange.addListener((state) => {
      if (state === SessionState.Established) {
        listen(next);
        tell("established");
      }
      if (state === SessionState.Terminated) tell("terminated");
    });
  };
  const agent = new UserAgent({
    uri: UserAgent.makeURI(`sip:${account.user}@${account.domain}`),
    transportOptions: { server: account.server },
    authorizationUsername: account.user,
    authorizationPassword: account.password,
    logLevel: "warn",
    delegate: {
      onInvite: (invitation) => {
        follow(invitation);
        tell("incoming");
      },
    },
  });
  await agent.start();
  const registerer = new Registerer(agent, { expires: 300 });
  registerer.stateChange.addListener((state) => tell("registration", { state }));
  await registerer.register();

  const reinvite = async (hold) => {
    session.sessionDescriptionHandlerOptionsReInvite = { hold };
    await session.invite();
  };
  const target = (user) => UserAgent.makeURI(`sip:${user}@${account.domain}`);
  window.command = async ({ command, user }) => {
    switch (command) {
      case "call":
        follow(new Inviter(agent, target(user)));
        return session.invite();
      case "answer":
        return session.accept();
      case "hold":
        return reinvite(true);
      case "resume":
        return reinvite(false);
      case "transfer":
        return session.refer(target(user));
      case "hangup":
        return session.bye();
      case "restart": {
        session.sessionDescriptionHandlerOptionsReInvite = { offerOptions: { iceRestart: true } };
        return session.invite();
      }
      case "stats": {
        const all = [...(await session.sessionDescriptionHandler.peerConnection.getStats()).values()];
        const transport = all.find((one) => one.type === "transport");
        const inbound = all.find((one) => one.type === "inbound-rtp");
        const pair = transport.selectedCandidatePairId;
        const ufrag = transport.iceLocalUsernameFragment;
        return tell("stats", { pair, ufrag, cipher: transport.srtpCipher, lost: inbound.packetsLost, received: inbound.packetsReceived });
      }
      default:
        throw new Error(`no command ${command}`);
    }
  };
}

const say = (line) => process.stdout.write(`${line}\n`);
const browser = await chromium.launch({
  executablePath: account.chromium,
  args: [
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--use-fake-ui-for-media-stream",
    "--ignore-certificate-errors",
    // The page comes from nowhere, so the browser takes it for one of the internet, which may not reach this machine.
    "--disable-features=LocalNetworkAccessChecks",
    ...account.flags,
  ],
});
const page = await browser.newPage();
page.on("console", (message) => console.error(message.text()));
page.on("pageerror", (error) => console.error(error.stack));
await page.exposeFunction("tell", say);
// The library's own files, and an empty page on this machine, which a browser takes for a safe place.
await page.route("http://localhost/**", async (route) => {
  const path = normalize(new URL(route.request().url()).pathname);
  if (!path.startsWith("/sip.js/")) return route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Telephone</title><link rel=icon href=data:,>" });
  return route.fulfill({ contentType: "text/javascript", body: await readFile(join(modules, path)) });
});
await page.goto("http://localhost/");
await page.evaluate(main, account);
const listening = setInterval(async () => {
  const heard = await page.evaluate(() => window.take()).catch(() => "");
  if (heard) say(JSON.stringify({ event: "heard", heard }));
}, 100);
for await (const line of createInterface({ input: process.stdin })) {
  await page.evaluate((command) => window.command(command), JSON.parse(line)).catch((error) => {
    say(JSON.stringify({ event: "failed", why: String(error), line }));
  });
}
clearInterval(listening);
await browser.close();
