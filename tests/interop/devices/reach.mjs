// A person in two browsers is called by another: who does not want to be disturbed at one is rung at the other, and with that one closed
// the caller hears the words instead. The caller's sound goes through a relay that loses some. Run by `devices.rs`.

import assert from "node:assert/strict";
import { Browser, pause } from "./browser.mjs";

const [modules, text] = process.argv.slice(2);
const task = JSON.parse(text);
const WORDS = "I am in the cinema until ten.";
/** Long enough for reports of what was lost. */
const TALK_MS = 8_000;

const browser = await Browser.start(modules, task.chromium);
const [home, office, street] = await Promise.all([
  browser.page({ url: task.url }),
  browser.page({ url: task.url }),
  browser.page({ url: task.url, door: task.door, relay: task.relay }),
]);
await home.device("home", task.tokens.alice, 400);
await home.command("home", "publish", { availability: "do-not-disturb", text: WORDS });
await office.device("office", task.tokens.alice, 500);
await office.command("office", "publish", { availability: "available" });
await street.device("dave", task.tokens.dave, 700, false);
await street.command("dave", "watch", "alice");
const available = (one) => one.availability === "available";
const seen = await street.tells("dave", "presence", { fits: available });
console.log("is available");

await street.command("dave", "call", "alice");
await office.tells("office", "incoming");
await office.command("office", "accept");
await street.hears("dave", 500);
await office.hears("office", 700);
await pause(TALK_MS);
const { lost, received } = await street.command("dave", "stats");
assert.ok(lost > 0 && received > 10 * TALK_MS / 1_000, `${lost} of ${received} were lost`);
await street.command("dave", "hangup");
const over = await street.tells("dave", "ended");
await office.tells("office", "ended");
console.log("talked");

await office.close();
const disturbs = (one) => one.availability === "do-not-disturb" && one.text === WORDS;
await street.tells("dave", "presence", { from: seen, fits: disturbs });
console.log("is closed");

await street.command("dave", "call", "alice");
await street.tells("dave", "accepted", { from: over });
await street.tells("dave", "ended", { from: over });
assert.ok(!home.told.some((one) => one.event === "incoming"), "who does not want to be disturbed is not rung");
console.log("was told");
await browser.close();
