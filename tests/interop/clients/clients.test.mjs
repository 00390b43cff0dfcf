// Devices of the SDK at a real node; see clients.rs for what each token allows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Device } from "../../../client-sdk/js/src/index.js";
import { FakePeer, microphone } from "../../../client-sdk/js/test/fakes.js";
import { token } from "./token.mjs";

const { url, sip, key, tokens } = JSON.parse(process.env.CLIENTS_TASK);
const PATIENCE_MS = 15_000;

/** A WebSocket whose connection can be torn without a goodbye. */
class Torn extends WebSocket {
  static last = null;
  constructor(...values) {
    super(...values);
    Torn.last = this;
  }
}

function device(signIn, more = {}) {
  return new Device(signIn, { url, peerConnection: FakePeer, getMicrophone: microphone, loudspeaker: null, webSocket: Torn, ...more });
}

function next(emitter, event) {
  return new Promise((done, failed) => {
    const late = setTimeout(() => failed(new Error(`no ${event}`)), PATIENCE_MS);
    emitter.once(event, (...values) => {
      clearTimeout(late);
      done(values[0]);
    });
  });
}

test("a device calls the handler of its token and hangs up", async () => {
  const carol = device(tokens.carol);
  const call = await carol.connect({ params: { topic: "invoices", queue: "board" } });
  const accepted = next(call, "accepted");
  await accepted;
  assert.equal(call.status, "open");
  assert.match(call.peerConnection.remoteDescription.sdp, /^m=audio [0-9]+ RTP\/AVP 0/m);
  call.sendKeys("12#");
  const ended = next(call, "ended");
  call.hangup();
  assert.equal((await ended).reason, "local");
  await assert.rejects(carol.register(), { code: "token-missing-grant" });
  carol.destroy();
});

test("two devices talk, hold, and find each other again after a lost connection", async () => {
  const [alice, bob] = [device(tokens.alice), device(tokens.bob)];
  const ofBob = Torn.last;
  await Promise.all([alice.register(), bob.register()]);
  const came = next(bob, "incoming");
  const call = await alice.connect({ to: "bob" });
  const incoming = await came;
  assert.equal(incoming.from, "alice");
  const accepted = next(call, "accepted");
  await incoming.accept();
  await accepted;
  assert.equal(incoming.status, "open");

  await call.hold();
  assert.ok(call.isHeld);
  await call.unhold();
  assert.ok(!call.isHeld);

  const back = next(bob, "reconnected");
  ofBob.close();
  assert.equal(await back, true, "the session goes on");
  assert.equal(incoming.status, "open");
  // Its media looks for a new path, and the node answers.
  await incoming.hold();
  await incoming.unhold();

  const ended = next(incoming, "ended");
  call.hangup();
  assert.equal((await ended).reason, "remote");
  alice.destroy();
  bob.destroy();
});

test("all devices of an identity ring, the first that accepts has the call, and one that rejects ends it for itself", async () => {
  const [alice, one, other] = [device(tokens.alice), device(tokens.bob), device(tokens.bob)];
  await Promise.all([alice.register(), one.register(), other.register()]);
  const both = Promise.all([next(one, "incoming"), next(other, "incoming")]);
  const call = await alice.connect({ to: "bob" });
  const [first, second] = await both;
  const [accepted, cancelled] = [next(call, "accepted"), next(second, "ended")];
  await first.accept();
  await accepted;
  assert.equal((await cancelled).reason, "cancelled");
  const over = next(first, "ended");
  call.hangup();
  await over;
  for (const one_ of [alice, one, other]) one_.destroy();
});

test("nobody is there once the device has left", async () => {
  const alice = device(tokens.alice);
  const call = await alice.connect({ to: "bob" });
  const ended = await next(call, "ended");
  assert.notEqual(ended.reason, "local");
  alice.destroy();
});

test("tokens are refused, each for its own reason", async () => {
  for (const [bad, code] of [
    [tokens.forged, "token-unknown-key"],
    [tokens.foreign, "token-foreign-tenant"],
    [tokens.alice.slice(0, -4) + "AAAA", "token-bad-signature"],
    ["nonsense", "token-malformed"],
  ]) {
    const refused = device(bad);
    assert.equal((await next(refused, "error")).code, code);
  }
});

test("a token ends, its registration with it, and a new one goes on", async () => {
  const bob = device(tokens.bob);
  await bob.register();
  bob.on("incoming", (incoming) => incoming.accept());
  const grants = { identity: "dave", incoming: true, call: { handler: "office" } };
  const short = token(key, "default", grants, 12);
  const dave = device(short);
  await dave.register();
  const call = await dave.connect({ to: "bob" });
  await next(call, "accepted");
  await next(dave, "tokenWillExpire");
  await assert.rejects(dave.updateToken(tokens.alice), { code: "token-other-identity" });
  assert.equal(await next(dave, "unregistered"), "token-expired");
  assert.equal(call.status, "open", "a call goes on");
  await assert.rejects(dave.updateToken(short), { code: "token-expired" });
  await dave.updateToken(token(key, "default", grants, 60));
  await next(dave, "registered");
  dave.destroy();
  bob.destroy();
  const alice = device(tokens.alice);
  await alice.register();
  await alice.updateToken(tokens.again);
  await assert.rejects(alice.presence.publish({ availability: "available" }), { code: "token-missing-grant" });
  alice.destroy();
});

/** Says one thing to the gateway and gives what comes back. */
function raw(hello) {
  return new Promise((done, failed) => {
    const socket = new WebSocket(url, ["patchcord.client.v1"]);
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onmessage = (event) => done({ said: JSON.parse(event.data), socket });
    socket.onerror = failed;
  });
}

test("a secret resumes once", async () => {
  const { said, socket } = await raw({ type: "hello", version: 1, token: tokens.alice });
  assert.equal(said.type, "welcome");
  socket.close();
  const again = { type: "hello", version: 1, resume: said.resume, received: 0 };
  const first = await raw(again);
  assert.equal(first.said.resumed, true);
  const replayed = await raw(again);
  assert.equal(replayed.said.code, "resume-replayed");
  const guessed = await raw({ ...again, resume: "00".repeat(32) });
  assert.equal(guessed.said.code, "resume-over");
  first.socket.send(JSON.stringify({ type: "leave" }));
  const wrong = await raw({ type: "hello", version: 2, token: tokens.alice });
  assert.equal(wrong.said.code, "malformed");
});

test("a token in the address signs SIP over WebSocket in, without a password", async () => {
  const text = [
    "REGISTER sip:node.example SIP/2.0",
    "Via: SIP/2.0/WS x.invalid;branch=z9hG4bKsip1",
    "From: <sip:alice@node.example>;tag=1",
    "To: <sip:alice@node.example>",
    "Call-ID: sip1",
    "CSeq: 1 REGISTER",
    "Contact: <sip:x@x.invalid;transport=ws>;expires=600",
    "Max-Forwards: 70",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
  const ask = (address) =>
    new Promise((done) => {
      const socket = new WebSocket(address, ["sip"]);
      socket.onopen = () => socket.send(text);
      socket.onmessage = (event) => {
        done(event.data.split("\r\n")[0]);
        socket.close();
      };
      socket.onerror = () => done("refused");
    });
  assert.equal(await ask(`${sip}?access_token=${tokens.alice}`), "SIP/2.0 200 OK");
  assert.equal(await ask(`${sip}?access_token=${tokens.bob}`), "SIP/2.0 403 Forbidden");
  assert.equal(await ask(`${sip}?access_token=${tokens.forged}`), "refused");
});
