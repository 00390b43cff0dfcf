// Calls: those that go on and the latest that are over, as they change.

import { isAborted, sentence, wait } from "../api.js";
import { empty, fill, h } from "../dom.js";
import { duration, isLive, party, short, when, words } from "../format.js";
import { fault, pageHead } from "../shell.js";

/** Calls that are shown. */
const SHOWN = 200;
/** Changes that come at once are fetched at once. */
const GATHER_MS = 80;
/** What a handler does changes without an event. */
const LOOK_MS = 5_000;

/** @param {import("../main.js").Context} context */
export async function callsPage(context) {
  const { api, main, signal } = context;
  /** @type {import("../types.js").Call[]} */
  let calls = [];
  let only = "live";
  const filter = h("input", {
    type: "search", "data-filter": true, placeholder: "Filter by number, handler, status", "aria-label": "Filter", oninput: () => draw(),
  });
  const choices = ["live", "all"].map((choice) =>
    h("button", { "aria-pressed": String(choice === only), "data-only": choice, onclick: () => choose(choice) }, words(choice)),
  );
  const connection = h("span", { class: "connection" });
  const list = h("div", { class: "calls", "aria-busy": "true" });
  fill(
    main,
    pageHead("Calls", connection),
    h("div", { class: "bar" }, h("div", { class: "choices", role: "group", "aria-label": "Which calls" }, choices), filter),
    list,
  );

  function choose(/** @type {string} */ choice) {
    only = choice;
    for (const button of choices) button.setAttribute("aria-pressed", String(button.dataset["only"] === choice));
    draw();
  }

  function draw() {
    const wanted = filter.value.trim().toLowerCase();
    const fits = (/** @type {import("../types.js").Call} */ call) =>
      (only === "all" || isLive(call)) &&
      [call.from, call.to, call.handler, call.status, call.id].some((text) => text.toLowerCase().includes(wanted));
    const shown = calls.filter(fits);
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["row"] : undefined;
    const live = calls.filter(isLive).length;
    choices[0]?.replaceChildren(live > 0 ? `Live ${live}` : "Live");
    list.setAttribute("aria-busy", "false");
    if (shown.length === 0) {
      fill(list, nothing(only, wanted, calls.length));
    } else {
      fill(list, h("div", { class: "row head", "aria-hidden": "true" }, HEADS.map((head) => h("span", {}, head))), shown.map(row));
    }
    if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-row="${focused}"]`))?.focus();
  }

  async function fetchAll() {
    try {
      const page = await api.get(`/v1/calls?limit=${SHOWN}`, signal);
      calls = /** @type {{ calls: import("../types.js").Call[] }} */ (page).calls;
      draw();
    } catch (error) {
      if (!isAborted(error)) fault(list, sentence(error), fetchAll);
    }
  }

  let gathering = false;
  async function changed() {
    if (gathering) return;
    gathering = true;
    await wait(GATHER_MS, signal);
    gathering = false;
    if (!signal.aborted) await fetchAll();
  }

  await fetchAll();
  api.stream("/v1/events", signal, {
    event: changed,
    open: () => {
      fill(connection, h("span", { class: "dot good" }), "Live");
      changed();
    },
    down: () => fill(connection, h("span", { class: "dot bad" }), "Connecting…"),
  });
  const tick = setInterval(() => {
    for (const place of list.querySelectorAll("[data-since]")) {
      place.textContent = duration(/** @type {any} */ ({ started_at: place.getAttribute("data-since") }));
    }
  }, 1_000);
  const look = setInterval(() => {
    if (!document.hidden) fetchAll();
  }, LOOK_MS);
  signal.addEventListener("abort", () => {
    clearInterval(tick);
    clearInterval(look);
  });
}

const HEADS = ["", "From", "To", "Handler", "Doing", "Began", "Length"];

/** @param {import("../types.js").Call} call */
function row(call) {
  const live = isLive(call);
  const doing = live ? (call.doing?.on ?? words(call.doing?.state ?? call.status)) : call.fault ? `Failed: ${words(call.fault.kind)}` : words(call.status);
  return h(
    "a",
    { class: "row", href: `#/calls/${call.id}`, "data-row": call.id, title: call.id },
    h("span", { class: "cell-status" }, status(call)),
    h("span", { class: "cell-from" }, party(call.from)),
    h("span", { class: "cell-to" }, party(call.to)),
    h("span", { class: "cell-handler" }, call.handler),
    h("span", { class: "cell-doing dim" }, doing),
    h("span", { class: "cell-began dim" }, when(call.started_at)),
    h("span", { class: "cell-length", "data-since": live ? call.started_at : null }, duration(call)),
  );
}

/**
 * A dot whose colour and title say where a call stands.
 * @param {import("../types.js").Call} call
 */
export function status(call) {
  const kind = call.fault ? "bad" : { "in-progress": "good", ringing: "soon", queued: "soon", failed: "bad" }[call.status] ?? "over";
  return h("span", { class: `dot ${kind}`, role: "img", "aria-label": words(call.status), title: words(call.status) });
}

/**
 * @param {string} only
 * @param {string} wanted
 * @param {number} all
 */
function nothing(only, wanted, all) {
  if (wanted) return empty("No call fits the filter", "Try a part of a number, a handler's name, or a status.");
  if (only === "live" && all > 0) return empty("Nobody is on the line", "Calls appear here as they begin. Those that are over are under “All”.");
  return empty("No calls yet", "Call a number or user of yours, or place one: ", h("code", {}, "POST /v1/calls"), ".");
}

/** @param {string} id */
export function shortId(id) {
  return h("code", { title: id }, short(id));
}
