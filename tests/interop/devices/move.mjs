// Two devices talk while their machine gets another network and loses the one it had; then it loses that too, without a goodbye. Run by
// `devices.rs`, which says when a network is gone: a line on standard input.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { Browser, pause } from "./browser.mjs";

const [modules, text] = process.argv.slice(2);
const task = JSON.parse(text);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const browser = await Browser.start(modules, task.chromium);
const page = await browser.page({ url: task.url });
await page.device("alice", task.tokens.alice, 500);
await page.device("bob", task.tokens.bob, 700);
await page.command("alice", "call", "bob");
await page.tells("bob", "incoming");
await page.command("bob", "accept");
await page.hears("alice", 700);
await page.hears("bob", 500);
const before = await page.command("alice", "stats");
assert.ok(before.address.startsWith(task.first), `it sends from ${before.address}`);
console.log("talks");

await lines.next();
const since = Date.now();
const moved = async (name) => {
  for (;;) {
    const now = await page.command(name, "stats");
    if (now.address?.startsWith(task.second)) return;
    assert.ok(Date.now() < since + 60_000, `${name} sends from ${now.address} still: ${JSON.stringify(page.told)}`);
    await pause(100);
  }
};
await Promise.all(["alice", "bob"].map(moved));
await page.hears("alice", 700);
await page.hears("bob", 500);
console.error(`the tones were back after ${Date.now() - since} ms`);
const { received } = await page.command("alice", "stats");
await pause(1_000);
const later = await page.command("alice", "stats");
assert.ok(later.received > received + 25, `${later.received} after ${received}`);
assert.ok(!page.told.some((one) => one.event === "ended"), "it is the same call");
await page.command("alice", "hangup");
await page.tells("bob", "ended");
console.log("moved");
await lines.next();
await browser.close();
