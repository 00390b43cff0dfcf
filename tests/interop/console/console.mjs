// Drives the console in a headless Chromium: `node console.mjs <modules> <task as JSON>`. Says what it saw, and ends with an error if
// that is not what a person at this screen should see. Started by `console.rs`.

import { strict as assert } from "node:assert";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, text] = process.argv.slice(2);
const task = JSON.parse(text);
const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");

const SCREENS = [
  { name: "desk-light", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { name: "desk-dark", viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  { name: "phone-light", viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true },
  { name: "phone-dark", viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true },
];

/** What went wrong on any page, in order. */
const wrong = [];
/** What may be answered with an error now. */
const refusals = [];

/** A page that is watched: no error on its console, no request to another host, no answer that was not to be expected. */
async function watched(browser, screen) {
  const context = await browser.newContext({ ...screen, deviceScaleFactor: 2, locale: "en-GB", timezoneId: "UTC" });
  const page = await context.newPage();
  const host = new URL(task.url).host;
  page.on("console", (message) => {
    // What was answered with an error is looked at below.
    const isAnswer = message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !isAnswer) wrong.push(`${screen.name}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`${screen.name}: ${error.stack}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["blob:", "data:"].includes(url.protocol) && url.host !== host) wrong.push(`${screen.name}: asked ${url}`);
  });
  page.on("response", (answer) => {
    const path = new URL(answer.url()).pathname;
    if (answer.status() >= 400 && !refusals.includes(path)) wrong.push(`${screen.name}: ${answer.status()} ${path}`);
  });
  return page;
}

async function signIn(page) {
  await page.goto(task.url);
  await page.getByLabel("API key").fill(task.key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Calls" }).waitFor();
}

/** Two versions of a handler, of which the second asks for more than the first. */
async function deploy() {
  const { readFile } = await import("node:fs/promises");
  const ask = async (method, path, body, kind = "application/json") => {
    const headers = { Authorization: `Bearer ${task.key}`, "Content-Type": kind };
    const answer = await fetch(new URL(path, task.url), { method, headers, body: kind === "application/json" ? JSON.stringify(body) : body });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${answer.ok ? "" : await answer.text()}`);
    return answer.json();
  };
  const upload = async (file) => (await ask("POST", "/v1/modules", await readFile(file), "application/wasm")).hash;
  const versions = "/v1/handlers/shop/versions";
  await ask("POST", versions, { module: await upload(task.modules[0]), note: "the first" });
  await ask("PUT", "/v1/handlers/shop/rollout", { version: 1 });
  await ask("POST", versions, { module: await upload(task.modules[1]), note: "asks the shop", http: ["https://shop.example/"] });
  await ask("PUT", "/v1/routes/shop", { handler: "shop", fallbacks: [{ handler: "narrator", on: ["trap", "start"] }] });
}

/** A version that waits for what it may do is granted that, tried on a part of the calls, promoted, and rolled back. */
async function rollOut(page, screen) {
  await page.goto(new URL("#/handlers/shop", task.url).href);
  await shot(page, screen, "handler-held");
  await page.getByRole("button", { name: "Grant" }).click();
  await page.getByText("v2 may now do what it asks for.").waitFor();
  await page.getByLabel("Version", { exact: true }).selectOption("2");
  await page.getByLabel("Share of new calls").fill("40");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText("v2 to 40 %, v1 to the rest").waitFor();
  await shot(page, screen, "handler-tried");
  await page.getByRole("button", { name: "Promote to all" }).click();
  await page.getByText("v2 has all new calls.").waitFor();
  await page.getByRole("button", { name: "Roll back to v1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
  await page.getByText("New calls go to v1.").waitFor();
  await page.locator(".in-force").filter({ hasText: /^v1$/ }).waitFor();
  console.log("rolled back");
}

async function shot(page, screen, name) {
  // Nothing is wider than the screen.
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) wrong.push(`${screen.name}: ${name} is ${wide} pixels too wide`);
  await page.screenshot({ path: join(task.folder, `${name}-${screen.name}.png`), fullPage: true });
}

/** The sign-in page with a key that nobody has. */
async function refused(browser, screen) {
  const page = await watched(browser, screen);
  await page.goto(task.url);
  await shot(page, screen, "sign-in");
  refusals.push("/v1/me");
  await page.getByLabel("API key").fill("pck_nobody");
  await page.keyboard.press("Enter");
  await page.getByText("This key is not known here.").waitFor();
  refusals.pop();
  await page.context().close();
}

/** A call as it goes on: in the list without a reload, then on its own page. */
async function live(page, screen) {
  const row = page.locator("a.row").filter({ hasText: "narrator" }).first();
  await row.waitFor();
  await shot(page, screen, "calls");
  await page.keyboard.press("j");
  assert.equal(await page.evaluate(() => document.activeElement?.classList.contains("row")), true, "j chooses a row");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Signalling and turns" }).waitFor();
  const invite = page.getByRole("button", { name: /^INVITE sdp received on leg 0/ });
  await invite.click();
  await page.locator(".ladder pre").filter({ hasText: "<private>" }).first().waitFor();
  await page.locator(".turn .ask").first().waitFor();
  const before = await page.locator(".log li .text").count();
  await page.waitForFunction((count) => document.querySelectorAll(".log li .text").length > count, before, { timeout: 15_000 });
  await shot(page, screen, "call-live");
  await invite.click();
}

/** Ends the call from its page, and listens to what was recorded. */
async function over(page, screen) {
  // The first reports of how it sounds.
  await page.locator(".leg-quality").first().waitFor({ timeout: 20_000 });
  await page.getByRole("button", { name: "End call" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End call" }).click();
  const play = page.getByRole("button", { name: "Play" });
  await play.waitFor({ timeout: 20_000 });
  await page.waitForFunction(() => !document.querySelector(".play")?.hasAttribute("disabled"));
  const drawn = await page.evaluate(() => {
    const canvas = document.querySelector("canvas");
    const pixels = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return pixels.filter((value, place) => place % 4 === 3 && value > 0).length;
  });
  assert.ok(drawn > 2_000, `the waveform has ${drawn} pixels`);
  await play.click();
  await page.waitForFunction(() => Number(document.querySelector(".seek")?.value) > 0.05, undefined, { timeout: 15_000 });
  await shot(page, screen, "call-over");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Completed").first().waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download" }).click();
  assert.match((await download).suggestedFilename(), /^rec_[0-9a-f]{32}_1\.wav$/);
  const journal = page.waitForEvent("download");
  await page.getByRole("button", { name: "Journal" }).click();
  assert.match((await journal).suggestedFilename(), /^call_[0-9a-f]{32}\.journal$/);
  console.log("listened");
}

/** The other pages, by their keys. */
async function others(page, screen) {
  for (const [key, title] of [["h", "Handlers"], ["n", "Numbers and routes"], ["p", "Phone"], ["u", "Usage"], ["c", "Calls"]]) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.getByRole("heading", { name: title, exact: true }).waitFor();
    await page.waitForLoadState("load");
    await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
    await page.waitForTimeout(300);
    if (key !== "c") await shot(page, screen, title.toLowerCase().split(" ")[0]);
  }
  await page.getByRole("button", { name: "All" }).click();
  await page.keyboard.press("/");
  await page.keyboard.type("nobody at all");
  await page.getByText("No call fits the filter").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("Filter").waitFor();
  await page.keyboard.press("Escape");
}

const browser = await chromium.launch({
  executablePath: task.chromium,
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
});
try {
  await refused(browser, SCREENS[0]);
  const pages = [];
  for (const screen of SCREENS) {
    const page = await watched(browser, screen);
    await signIn(page);
    pages.push([page, screen]);
  }
  // From now on somebody may call: all of them see it come.
  console.log("watching");
  for (const [page, screen] of pages) await live(page, screen);
  // One of them ends the call, and all see that.
  for (const [page, screen] of pages) await (screen === SCREENS[0] ? over(page, screen) : shown(page, screen));
  await deploy();
  for (const [page, screen] of pages) await others(page, screen);
  await rollOut(...pages[0]);
  for (const [page, screen] of pages) {
    await page.goto(new URL("#/handlers/shop", task.url).href);
    await page.locator(".version").first().waitFor();
    await shot(page, screen, "handler");
  }
  assert.deepEqual(wrong, []);
  console.log("all is well");
} catch (error) {
  console.error(error, wrong);
  process.exitCode = 1;
} finally {
  await browser.close();
}

/** The call as it is once somebody else has ended it. */
async function shown(page, screen) {
  await page.getByRole("button", { name: "Play" }).waitFor({ timeout: 20_000 });
  await page.waitForFunction(() => !document.querySelector(".play")?.hasAttribute("disabled"));
  await shot(page, screen, "call-over");
}
