// What a connection does when it is lost, without a node: nothing is lost, nothing is said or heard twice.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Connection } from "../src/connection.js";
import { FakeSocket } from "./fakes.js";

beforeEach(() => {
  FakeSocket.all = [];
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
});

function connection() {
  const one = new Connection({ url: "ws://node/client", token: () => "token", instance: "tab", WebSocket: FakeSocket });
  const heard = [];
  one.on("message", (message) => heard.push(message.type));
  one.on("closed", (why) => heard.push(`closed: ${why?.code}`));
  one.open();
  return { one, heard };
}

test("what is said before there is a connection is said once there is one", () => {
  const { one } = connection();
  one.say({ type: "register" });
  assert.deepEqual(FakeSocket.last.sent, []);
  FakeSocket.last.welcome();
  const [hello, register] = FakeSocket.last.sent;
  assert.deepEqual(hello, { type: "hello", version: 1, token: "token", instance: "tab" });
  assert.deepEqual(register, { type: "register", seq: 1, received: 0 });
});

test("a session goes on where it was", () => {
  const { one, heard } = connection();
  FakeSocket.last.welcome();
  one.say({ type: "register" });
  one.say({ type: "keys", call: "c1", keys: "1" });
  FakeSocket.last.say({ type: "registered", seq: 1 });
  FakeSocket.last.lose();
  one.say({ type: "hangup", call: "c1" });
  assert.equal(FakeSocket.all.length, 1);
  mock.timers.tick(250);
  const again = FakeSocket.last;
  again.open();
  assert.deepEqual(again.sent[0], { type: "hello", version: 1, resume: "secret", received: 1 });
  again.say({ type: "welcome", resume: "next", resumed: true, received: 1 });
  again.say({ type: "registered", seq: 1 });
  again.say({ type: "ended", call: "c1", seq: 2 });
  assert.deepEqual(
    again.sent.slice(1).map(({ type, seq }) => [type, seq]),
    [
      ["keys", 2],
      ["hangup", 3],
    ],
  );
  assert.deepEqual(heard, ["registered", "ended"]);
});

test("a new session hears what begins something, under new numbers, and nothing of old calls", () => {
  const { one } = connection();
  FakeSocket.last.welcome();
  one.say({ type: "keys", call: "c1", keys: "1" });
  const ticket = one.say({ type: "call", call: "c2", sdp: "" });
  FakeSocket.last.lose(4410);
  mock.timers.tick(250);
  FakeSocket.last.welcome();
  assert.equal(FakeSocket.last.sent[0].token, "token", "a secret that is refused is not tried again");
  assert.deepEqual(
    FakeSocket.last.sent.slice(1).map(({ type, seq }) => [type, seq]),
    [["call", 1]],
  );
  assert.equal(ticket.seq, 1);
});

test("a node that does not answer is left", () => {
  const { one } = connection();
  let lost = 0;
  one.on("lost", () => (lost += 1));
  FakeSocket.last.welcome();
  mock.timers.tick(10_000);
  assert.equal(FakeSocket.last.of("ping").length, 1);
  FakeSocket.last.say({ type: "pong", received: 0 });
  mock.timers.tick(10_000);
  assert.equal(lost, 0);
  mock.timers.tick(5_000);
  assert.equal(lost, 1);
  assert.ok(FakeSocket.all[0].isClosed);
});

test("pauses grow, and end when the network is there again", () => {
  const { one } = connection();
  FakeSocket.last.lose();
  for (const pause of [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000]) {
    const before = FakeSocket.all.length;
    mock.timers.tick(pause - 1);
    assert.equal(FakeSocket.all.length, before);
    mock.timers.tick(1);
    assert.equal(FakeSocket.all.length, before + 1);
    FakeSocket.last.lose();
  }
  const before = FakeSocket.all.length;
  one.look();
  assert.equal(FakeSocket.all.length, before + 1);
});

test("a token that is refused ends it", () => {
  const { one, heard } = connection();
  FakeSocket.last.open();
  FakeSocket.last.say({ type: "error", code: "token-expired", message: "over" });
  FakeSocket.last.lose(4401);
  mock.timers.tick(60_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.deepEqual(heard, ["error", "closed: token-expired"]);
  assert.throws(() => one.say({ type: "register" }), { code: "closed" });
});

test("what waits is bounded", () => {
  const { one } = connection();
  for (let at = 0; at < 256; at += 1) one.say({ type: "register" });
  assert.throws(() => one.say({ type: "register" }), { code: "not-connected" });
});
