// Uses the console's telephone in a headless Chromium: `node phone.mjs <modules> <task as JSON>`. Says what it did, and ends with an error
// if that is not what a person at this screen should see. Started by `phone.rs`, which calls when it is asked to.

import { strict as assert } from "node:assert";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, text] = process.argv.slice(2);
const task = JSON.parse(text);
const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");

const DESK = { width: 1280, height: 900 };
const SMALL = { width: 390, height: 844 };
/** For what goes by the network, on a machine that has more to do. */
const PATIENCE = { timeout: 30_000 };

/** What went wrong on any page, in order. */
const wrong = [];

/** A page of somebody's own browser, signed in at the telephone and watched: no error on its console, no request to another host. */
async function telephone(browser, name) {
  const context = await browser.newContext({ viewport: DESK, deviceScaleFactor: 2, locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce" });
  const page = await context.newPage();
  const { host } = new URL(task.url);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(`${name}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`${name}: ${error.stack}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["blob:", "data:"].includes(url.protocol) && url.host !== host) wrong.push(`${name}: asked ${url}`);
  });
  page.on("response", (answer) => {
    if (answer.status() >= 400) wrong.push(`${name}: ${answer.status()} ${new URL(answer.url()).pathname}`);
  });
  await page.goto(`${task.url}#/sign-in/${task.key}/phone`);
  await page.getByRole("heading", { name: "Phone" }).waitFor(PATIENCE);
  assert.ok(!page.url().includes(task.key), "the key does not stay in the address");
  await page.getByLabel("Your name").fill(name);
  await page.keyboard.press("Enter");
  await page.getByText(`Registered as ${name}`, { exact: true }).waitFor(PATIENCE);
  return page;
}

/** The page as it is at a desk and on a phone, light and dark. */
async function shots(page, name) {
  for (const [size, viewport] of [["desk", DESK], ["phone", SMALL]]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) wrong.push(`${name} is ${wide} pixels too wide at ${size}`);
      await page.screenshot({ path: join(task.folder, `${name}-${size}-${colorScheme}.png`), fullPage: true });
    }
  }
  await page.setViewportSize(DESK);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Waits until a meter shows sound. */
async function loud(page, name) {
  await page.waitForFunction(
    (label) => Number(document.querySelector(`[aria-label="${label}"]`)?.getAttribute("aria-valuenow")) > 20, name, PATIENCE,
  );
}

const state = (page, text) => page.locator(".phone-call-head").getByText(text, { exact: true }).waitFor(PATIENCE);
const over = (page) => page.locator(".phone-call").waitFor({ state: "detached", ...PATIENCE });

/** What the handler of the newest call has said. */
async function logged(words) {
  const headers = { Authorization: `Bearer ${task.key}` };
  const ask = async (path) => (await fetch(new URL(path, task.url), { headers })).json();
  for (let n = 0; n < 150; n += 1) {
    const { calls } = await ask("/v1/calls?limit=1");
    const { lines } = calls[0] ? await ask(`/v1/calls/${calls[0].id}/log`) : { lines: [] };
    if (lines.some((line) => line.text.includes(words))) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no handler said ${words}`);
}

async function seesAColleague(alice, bob) {
  await alice.getByLabel("Name of a colleague").fill("bob");
  await alice.keyboard.press("Enter");
  const row = alice.locator('[data-row="bob"]');
  await row.getByText("Available", { exact: true }).waitFor(PATIENCE);
  await bob.getByLabel("Status text").fill("In the workshop");
  await bob.getByRole("button", { name: "Busy" }).click();
  await row.getByText("Busy", { exact: true }).waitFor(PATIENCE);
  await row.getByText("In the workshop").waitFor(PATIENCE);
  await shots(alice, "registered");
  console.log("saw a colleague");
}

async function callsAHandler(page) {
  await page.getByLabel("What is called").selectOption("narrator");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await state(page, "connected");
  await loud(page, "How loud the other side is");
  await loud(page, "How loud you are");
  await page.locator("h1").focus();
  await page.keyboard.press("5");
  await page.locator(".phone-keys").getByText("5").waitFor(PATIENCE);
  await logged("5 was pressed");
  await shots(page, "talking");
  await page.keyboard.press("m");
  await state(page, "muted");
  await page.waitForFunction(() => document.querySelector('[aria-label="How loud you are"]')?.getAttribute("aria-valuenow") === "0", undefined, PATIENCE);
  await page.getByRole("button", { name: "Mute" }).click();
  await state(page, "connected");
  await page.getByRole("button", { name: "Hold" }).click();
  await state(page, "on hold");
  await page.getByRole("button", { name: "Hold" }).click();
  await state(page, "connected");
  await loud(page, "How loud the other side is");
  await page.getByRole("button", { name: "Hang up" }).click();
  await over(page);
  await page.getByText("narrator: You hung up.").waitFor(PATIENCE);
  await page.getByLabel("What is called").selectOption("");
  console.log("heard a handler");
}

async function dials(page) {
  const pad = page.getByRole("group", { name: "Dial pad" });
  for (const key of ["1", "star", "0"]) await pad.getByRole("button", { name: key, exact: true }).click();
  assert.equal(await page.getByLabel("Number or name").inputValue(), "1*0");
  await page.getByLabel("Number or name").fill("100");
  await page.keyboard.press("Enter");
  await state(page, "connected");
  await page.locator("h1").focus();
  await page.keyboard.press("e");
  await over(page);
  console.log("dialled");
}

/** A call comes while another page is shown. */
async function answers(page) {
  await page.getByRole("link", { name: "Usage" }).click();
  console.log("call me as carol");
  const alert = page.getByRole("alert");
  await alert.getByText("carol").waitFor(PATIENCE);
  await shots(page, "ringing");
  await alert.getByRole("button", { name: "Answer" }).click();
  await page.getByRole("heading", { name: "Phone" }).waitFor(PATIENCE);
  await state(page, "connected");
  await loud(page, "How loud the other side is");
  await page.getByRole("button", { name: "Hang up" }).click();
  await over(page);
  console.log("answered");
  console.log("call me as dave");
  await alert.getByText("dave").waitFor(PATIENCE);
  await page.locator("h1").focus();
  await page.keyboard.press("r");
  await over(page);
  console.log("rejected");
}

const browser = await chromium.launch({
  executablePath: task.chromium,
  args: ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required"],
});
let alice;
try {
  alice = await telephone(browser, "alice");
  const bob = await telephone(browser, "bob");
  console.log("registered");
  await seesAColleague(alice, bob);
  await callsAHandler(alice);
  await dials(alice);
  await answers(alice);
  await alice.getByRole("button", { name: "Unregister" }).click();
  await alice.getByText("Not registered", { exact: true }).waitFor(PATIENCE);
  await shots(alice, "off");
  assert.deepEqual(wrong, []);
  console.log("all is well");
} catch (error) {
  await alice?.screenshot({ path: join(task.folder, "wrong.png") }).catch(() => {});
  console.error(error, wrong);
  process.exitCode = 1;
} finally {
  await browser.close();
}
