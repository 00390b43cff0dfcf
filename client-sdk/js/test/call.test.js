// Devices and calls with a pretend node and pretend peer connections.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Device } from "../src/index.js";
import { FakePeer, FakeSocket, microphone } from "./fakes.js";

const SDP = "v=0\r\n";
const soon = () => new Promise((done) => setTimeout(done, 5));
let seq = 0;

beforeEach(() => {
  FakeSocket.all = [];
  seq = 0;
});

function device() {
  const one = new Device("token", {
    url: "ws://node/client",
    webSocket: FakeSocket,
    peerConnection: FakePeer,
    getMicrophone: microphone,
    loudspeaker: null,
  });
  FakeSocket.last.welcome();
  return one;
}

function say(message) {
  seq += 1;
  FakeSocket.last.say({ ...message, seq });
}

function heard(emitter, ...events) {
  const all = [];
  for (const event of events) emitter.on(event, (value) => all.push(value === undefined ? event : [event, value]));
  return all;
}

async function open(one) {
  const call = await one.connect({ params: { topic: "x" } });
  say({ type: "answered", call: call.id, sdp: SDP });
  await soon();
  return call;
}

test("a call out rings, is taken and ends", async () => {
  const one = device();
  const call = await one.connect({ params: { topic: "x" }, to: "bob" });
  const told = heard(call, "ringing", "accepted", "ended");
  const [placed] = FakeSocket.last.of("call");
  assert.deepEqual([placed.call, placed.to, placed.params], [call.id, "bob", { topic: "x" }]);
  assert.match(placed.sdp, /^v=0/);
  say({ type: "ringing", call: call.id });
  say({ type: "answered", call: call.id, sdp: SDP });
  say({ type: "ended", call: call.id, reason: "remote" });
  assert.deepEqual(told, ["ringing", "accepted", ["ended", { reason: "remote", status: undefined }]]);
  assert.ok(call.peerConnection.isClosed);
  assert.deepEqual(one.calls, []);
  one.destroy();
});

test("a call in is taken with an answer, or with an offer where it brought none", async () => {
  const one = device();
  const told = heard(one, "incoming");
  say({ type: "incoming", call: "s1", from: "+1", from_name: "Ada", params: { ticket: "4" }, sdp: SDP });
  say({ type: "incoming", call: "s2", from: "+2", from_name: "", params: {} });
  const [[, first], [, second]] = told;
  assert.deepEqual([first.from, first.fromName, first.params], ["+1", "Ada", { ticket: "4" }]);
  await first.accept();
  await second.accept();
  assert.equal(FakeSocket.last.of("accept").length, 2);
  assert.equal(first.peerConnection.localDescription.type, "answer");
  assert.equal(second.peerConnection.localDescription.type, "offer");
  say({ type: "description", call: "s2", sdp: SDP });
  await soon();
  assert.equal(second.peerConnection.remoteDescription.type, "answer");
  await assert.rejects(first.accept(), { code: "wrong-state" });
  one.destroy();
  assert.equal(first.status, "ended");
});

test("changes go one after the other, and one that is refused leaves the call as it was", async () => {
  const one = device();
  const call = await open(one);
  const held = call.hold();
  call.restart();
  await soon();
  assert.equal(FakeSocket.last.of("offer").length, 1);
  say({ type: "answer", call: call.id, sdp: SDP });
  await held;
  assert.ok(call.isHeld);
  await soon();
  assert.equal(FakeSocket.last.of("offer").length, 2);
  say({ type: "answer", call: call.id, sdp: SDP });
  await soon();
  const refused = call.unhold();
  await soon();
  say({ type: "error", code: "offer-refused", message: "no", call: call.id });
  await assert.rejects(refused, { code: "offer-refused" });
  assert.ok(call.isHeld);
  assert.equal(call.status, "open");
  one.destroy();
});

test("a change of the other side is answered, and declined where that cannot be", async () => {
  const one = device();
  const call = await open(one);
  const wrong = heard(call, "error");
  say({ type: "offer", call: call.id, sdp: SDP });
  await soon();
  assert.equal(FakeSocket.last.of("answer").length, 1);
  say({ type: "offer", call: call.id, sdp: "nonsense" });
  await soon();
  assert.equal(FakeSocket.last.of("decline").length, 1);
  assert.equal(wrong.length, 1);
  one.destroy();
});

test("a lost path is looked for again, at once where it has failed", async () => {
  const one = device();
  const call = await open(one);
  const told = heard(call, "reconnecting", "reconnected");
  call.peerConnection.move("connected");
  call.peerConnection.move("failed");
  await soon();
  assert.equal(call.peerConnection.restarts, 1);
  say({ type: "answer", call: call.id, sdp: SDP });
  await soon();
  call.peerConnection.move("connected");
  assert.deepEqual(told, ["reconnecting", "reconnected"]);
  one.destroy();
});

test("a path that was not lost is found as soon as its change is answered, and with the relays of now", async () => {
  const one = device();
  const call = await open(one);
  const told = heard(call, "reconnecting", "reconnected");
  call.peerConnection.move("connected");
  const servers = [{ urls: ["turn:turn.example.com"], username: "later", credential: "x" }];
  say({ type: "token-updated", expires_in_ms: 1000, grants: {}, ice_servers: servers });
  call.restart();
  await soon();
  assert.deepEqual(told, ["reconnecting"]);
  assert.deepEqual(call.peerConnection.configuration.iceServers, servers);
  say({ type: "answer", call: call.id, sdp: SDP });
  await soon();
  assert.deepEqual(told, ["reconnecting", "reconnected"]);
  one.destroy();
});

test("who is muted or holds sends nothing", async () => {
  const one = device();
  const call = await open(one);
  call.mute();
  assert.ok(call.isMuted);
  call.mute(false);
  assert.ok(!call.isMuted);
  call.sendKeys("1#");
  assert.equal(FakeSocket.last.of("keys")[0].keys, "1#");
  assert.throws(() => call.sendKeys("x"), { code: "bad-keys" });
  assert.equal((await call.getStats()).size, 1);
  one.destroy();
});

test("another microphone takes the place of the first, muted or not", async () => {
  const one = device();
  const call = await open(one);
  const before = call.peerConnection.sent;
  call.mute();
  const other = await microphone();
  await call.setMicrophone(other);
  const [track] = other.getTracks();
  assert.equal(call.peerConnection.sent, track);
  assert.ok(before.isStopped);
  assert.ok(!track.enabled);
  call.mute(false);
  assert.ok(track.enabled);
  one.destroy();
  const late = await microphone();
  await assert.rejects(call.setMicrophone(late), { code: "wrong-state" });
  assert.ok(late.getTracks()[0].isStopped);
});

test("a call that the token does not allow ends with its reason", async () => {
  const one = device();
  const call = await one.connect();
  const told = heard(call, "error", "ended");
  const [placed] = FakeSocket.last.of("call");
  say({ type: "error", code: "token-missing-grant", message: "no", call: call.id, of: placed.seq });
  assert.equal(told[0][1].code, "token-missing-grant");
  assert.equal(told[1][0], "ended");
  one.destroy();
});

test("what is asked is done when the node says so, or fails with its code", async () => {
  const one = device();
  const registered = one.register();
  say({ type: "registered" });
  await registered;
  const updated = one.updateToken("new");
  say({ type: "error", code: "token-expired", message: "over", of: FakeSocket.last.of("token")[0].seq });
  await assert.rejects(updated, { code: "token-expired" });
  const watched = [];
  const watching = one.presence.watch(["bob"], (presence) => watched.push(presence.availability));
  say({ type: "done", of: FakeSocket.last.of("presence.watch")[0].seq });
  const end = await watching;
  say({ type: "presence.changed", identities: [{ identity: "bob", availability: "busy" }, { identity: "eve", availability: "busy" }] });
  assert.deepEqual(watched, ["busy"]);
  end();
  assert.deepEqual(FakeSocket.last.of("presence.watch")[1].identities, []);
  one.destroy();
});

test("a session that is gone takes its calls with it and the device registers again", async () => {
  const one = device();
  const registered = one.register();
  say({ type: "registered" });
  await registered;
  const call = await open(one);
  const told = heard(call, "ended");
  const back = heard(one, "reconnected");
  FakeSocket.last.lose(4410);
  await new Promise((done) => setTimeout(done, 300));
  FakeSocket.last.welcome();
  assert.equal(told[0][1].reason, "lost");
  assert.deepEqual(back, [["reconnected", false]]);
  assert.equal(FakeSocket.last.of("register").length, 1);
  one.destroy();
});
