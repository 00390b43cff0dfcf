// A person has two pages at a node of another region than the one where a telephone calls it: both ring, one is answered at, and the
// other stops. Run by `regions.rs`, whose telephone hums, and which hangs up when it is told to: a line on standard input.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { Browser } from "./browser.mjs";

const [modules, text] = process.argv.slice(2);
const task = JSON.parse(text);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const browser = await Browser.start(modules, task.chromium);
const [home, office] = await Promise.all([browser.page({ url: task.url }), browser.page({ url: task.url })]);
await home.device("home", task.token, 700);
await office.device("office", task.token, 900);
console.log("are there");

await Promise.all([home.tells("home", "incoming"), office.tells("office", "incoming")]);
await office.command("office", "accept");
await home.tells("home", "ended");
await office.hears("office", task.hum);
console.log("talks");

await lines.next();
await office.tells("office", "ended");
assert.ok(!home.told.some((one) => one.event === "accepted"), "who did not accept has no call");
console.log("is over");
await lines.next();
await browser.close();
