// Calls an echo with a headless Chromium: `node browsers.mjs <modules> <task as JSON>`. For each way of connecting it hears itself, restarts
// ICE, hears itself again and hangs up; one line of JSON each. Started by `browsers.rs`.

import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, text] = process.argv.slice(2);
const task = JSON.parse(text);
const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");

/** In the page: one call. What it saw, or why it ended. */
async function call(way) {
  const ask = async (path, body) => {
    const answer = await fetch(path, { method: "POST", body: JSON.stringify(body) });
    return answer.json();
  };
  const until = async (what, check, seconds = 40) => {
    for (let n = 0; n < seconds * 10; n += 1) {
      const found = await check();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${what} did not come: ${pc.iceConnectionState}, ${pc.connectionState}`);
  };
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const states = [];
  pc.oniceconnectionstatechange = () => states.push(pc.iceConnectionState);
  pc.ontrack = (event) => {
    document.querySelector("audio").srcObject = new MediaStream([event.track]);
  };
  pc.addTrack(microphone.getAudioTracks()[0], microphone);
  let number = null;
  // Candidates that come before there is a call to tell them of.
  const early = [];
  const tell = (candidate) => ask("/candidate", { call: number, candidate });
  pc.onicecandidate = async (event) => {
    const candidate = event.candidate?.candidate ?? "";
    if (number === null) early.push(candidate);
    else await tell(candidate);
  };
  const negotiate = async () => {
    await pc.setLocalDescription();
    const answer = await ask("/offer", { call: number, sdp: pc.localDescription.sdp, ...way });
    number = answer.call;
    for (const candidate of early.splice(0)) await tell(candidate);
    await pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
  };
  const stats = async () => {
    const all = [...(await pc.getStats()).values()];
    const of = (type) => all.find((one) => one.type === type) ?? {};
    const transport = of("transport");
    return { inbound: of("inbound-rtp"), transport, pair: all.find((one) => one.id === transport.selectedCandidatePairId) ?? {} };
  };
  const hears = (since) => async () => {
    const { inbound } = await stats();
    const isEnough = inbound.packetsReceived >= since + 150 && inbound.totalAudioEnergy > 0.001;
    return isEnough && inbound;
  };

  await negotiate();
  await until("the connection", () => pc.connectionState === "connected");
  const first = await until("our own voice", hears(0));
  const { transport, pair } = await stats();
  const before = pc.localDescription.sdp.match(/ice-ufrag:(\S+)/)[1];

  pc.restartIce();
  await negotiate();
  const after = pc.localDescription.sdp.match(/ice-ufrag:(\S+)/)[1];
  await until("another pair", async () => (await stats()).transport.selectedCandidatePairId !== pair.id);
  const second = await until("our own voice after the restart", hears(first.packetsReceived));
  const report = await ask("/report", { call: number });
  pc.close();
  const closed = await until("goodbye", async () => (await ask("/report", { call: number })).closed);
  microphone.getTracks().forEach((track) => track.stop());
  return {
    way,
    received: second.packetsReceived,
    lost: second.packetsLost,
    restarted: before !== after,
    states,
    tls: transport.tlsVersion,
    cipher: transport.srtpCipher,
    report: { ...report, closed },
  };
}

const browser = await chromium.launch({
  executablePath: task.chromium,
  args: [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    ...task.flags,
  ],
});
try {
  const page = await browser.newPage();
  await page.goto(task.url);
  for (const way of task.ways) {
    console.log(JSON.stringify(await page.evaluate(call, way)));
  }
} finally {
  await browser.close();
}
