// Two devices whose browsers send nothing but to the relay that the node names: they talk, and go on after ICE was restarted with a new
// token. Run by `devices.rs`.

import assert from "node:assert/strict";
import { Browser, pause } from "./browser.mjs";

const [modules, text] = process.argv.slice(2);
const task = JSON.parse(text);

const browser = await Browser.start(modules, task.chromium);
const page = await browser.page({ url: task.url, policy: "relay" });
await page.device("alice", task.tokens.alice, 500, false);
await page.device("bob", task.tokens.bob, 700);
await page.command("alice", "call", "bob");
await page.tells("bob", "incoming");
await page.command("bob", "accept");
await page.hears("alice", 700);
await page.hears("bob", 500);
for (const name of ["alice", "bob"]) {
  const { kind } = await page.command(name, "stats");
  assert.equal(kind, "relay", `${name} sends by ${kind}`);
}
console.log("talks");

await page.command("alice", "token", task.tokens.again);
await page.command("alice", "restart");
await page.tells("alice", "reconnected");
await page.hears("alice", 700);
await page.hears("bob", 500);
const after = await page.command("alice", "stats");
assert.equal(after.kind, "relay");
await pause(3_000);
const later = await page.command("alice", "stats");
assert.ok(later.received > after.received + 100, `${later.received} after ${after.received}`);
await page.command("alice", "hangup");
await page.tells("bob", "ended");
console.log("went on");
await browser.close();
