// A call as a ladder: a line of life for the handler and one for each leg, an arrow for each message, and between them what the
// handler asked and was told. A message opens to its whole text.

import { empty, fill, h } from "../dom.js";
import { words } from "../format.js";

/** Of the hash of a module, its beginning is enough. */
const HASH = /\b([0-9a-f]{12})[0-9a-f]{52}\b/g;
/** Lines of life for legs; messages of further ones have no arrow. */
const LEGS = 8;

/**
 * @param {import("../types.js").Trace} trace
 * @param {import("../types.js").TraceEntry} entry
 */
function since(trace, entry) {
  const first = trace.entries[0];
  return (Math.max(0, Date.parse(entry.at) - Date.parse(first?.at ?? entry.at)) / 1000).toFixed(3);
}

/** A ladder that is drawn again as its call goes on; what was opened stays open. */
export function ladder() {
  /** @type {Set<number>} */
  const opened = new Set();
  let which = "all";
  /** @type {import("../types.js").Trace | undefined} */
  let trace;
  /** @type {import("../types.js").Call | undefined} */
  let call;
  const list = h("ol", { class: "ladder" });
  const choices = ["all", "messages", "turns"].map((choice) =>
    h("button", { "aria-pressed": String(choice === which), "data-which": choice, onclick: () => choose(choice) }, words(choice)),
  );
  const element = h("div", {}, h("div", { class: "choices", role: "group", "aria-label": "Which entries" }, choices), list);

  function choose(/** @type {string} */ choice) {
    which = choice;
    for (const button of choices) button.setAttribute("aria-pressed", String(button.dataset["which"] === choice));
    draw();
  }

  function draw() {
    if (!trace || !call) return;
    const legs = [...new Set(trace.entries.flatMap((entry) => (entry.what === "message" && entry.leg !== undefined ? [entry.leg] : [])))];
    legs.sort((a, b) => a - b).splice(LEGS);
    const fits = (/** @type {import("../types.js").TraceEntry} */ entry) =>
      which === "all" || (which === "messages") === (entry.what === "message");
    const rows = trace.entries.map((entry, place) => (fits(entry) ? row(entry, place, legs) : null)).filter((row) => row !== null);
    const left = trace.left_out > 0 ? h("li", { class: "dim" }, `${trace.left_out} entries from the middle of the call had no room.`) : null;
    if (rows.length === 0) fill(list, h("li", {}, empty("Nothing yet", "Messages and turns appear here as they happen.")));
    else fill(list, head(legs, call), rows, left);
  }

  function row(/** @type {import("../types.js").TraceEntry} */ entry, /** @type {number} */ place, /** @type {number[]} */ legs) {
    const time = h("time", { datetime: entry.at, title: entry.at }, trace ? since(trace, entry) : "");
    if (entry.what === "message") return message(entry, place, legs, time);
    const text =
      entry.what === "turn"
        ? [h("span", { class: "ask" }, entry.ask), h("span", { class: "answer" }, entry.answer), h("span", { class: "dim" }, `${(entry.waited_ms / 1000).toFixed(3)} s`)]
        : [h("span", { class: "note" }, entry.text.replace(HASH, "$1…"))];
    const lanes = h("div", { class: "lanes" }, lives(legs.length), h("div", { class: `turn ${entry.what}` }, text));
    columns(lanes, legs.length);
    return h("li", {}, time, lanes);
  }

  function message(
    /** @type {import("../types.js").MessageEntry} */ entry,
    /** @type {number} */ place,
    /** @type {number[]} */ legs,
    /** @type {HTMLElement} */ time,
  ) {
    const lane = legs.indexOf(entry.leg ?? -1);
    const isOpen = opened.has(place);
    const text = h("pre", { hidden: !isOpen }, entry.text);
    const arrow = h(
      "button",
      {
        class: `arrow ${entry.direction} ${tone(entry.label)}`,
        "aria-expanded": String(isOpen),
        "aria-label": `${entry.label} ${entry.direction}${lane >= 0 ? ` on leg ${entry.leg}` : ""}`,
        title: `${entry.first_line} · ${entry.transport}`,
        onclick: () => {
          const nowOpen = !opened.delete(place);
          if (nowOpen) opened.add(place);
          text.hidden = !nowOpen;
          arrow.setAttribute("aria-expanded", String(nowOpen));
        },
      },
      h("span", { class: "label" }, entry.label, entry.again ? h("em", {}, " again") : null),
    );
    arrow.style.setProperty("grid-column", `2 / ${2 * (Math.max(lane, 0) + 1) + 2}`);
    const lanes = h("div", { class: "lanes" }, lives(legs.length), arrow);
    columns(lanes, legs.length);
    return h("li", {}, time, lanes, text);
  }

  /**
   * @param {import("../types.js").Trace} newTrace
   * @param {import("../types.js").Call} newCall
   */
  function show(newTrace, newCall) {
    const same = trace && trace.entries.length === newTrace.entries.length && trace.left_out === newTrace.left_out;
    [trace, call] = [newTrace, newCall];
    if (!same) draw();
  }

  return { element, show };
}

/**
 * Two columns for each line of life, which stands between them.
 * @param {HTMLElement} lanes
 * @param {number} legs
 */
function columns(lanes, legs) {
  lanes.style.setProperty("grid-template-columns", `repeat(${2 * (legs + 1)}, minmax(0, 1fr))`);
}

/** @param {number} legs */
function lives(legs) {
  return Array.from({ length: legs + 1 }, (_, lane) => {
    const life = h("i", { class: "life", "aria-hidden": "true" });
    life.style.setProperty("grid-column", `${2 * lane + 2} / ${2 * lane + 3}`);
    return life;
  });
}

/**
 * @param {number[]} legs
 * @param {import("../types.js").Call} call
 */
function head(legs, call) {
  const name = (/** @type {number} */ leg) => {
    const known = call.legs.find((one) => one.leg === leg);
    const who = known ? (known.direction === "inbound" ? known.from : known.to) : "";
    return h("span", {}, h("b", {}, `Leg ${leg}`), who ? h("small", {}, who) : null);
  };
  const lanes = h("div", { class: "lanes names" }, h("span", {}, h("b", {}, "Handler"), h("small", {}, call.handler)), legs.map(name));
  lanes.style.setProperty("grid-template-columns", `repeat(${legs.length + 1}, minmax(0, 1fr))`);
  return h("li", { class: "names-row" }, h("span", {}), lanes);
}

/** How a message looks, by its status. @param {string} label */
function tone(label) {
  if (/^[456]/.test(label)) return "refused";
  if (/^1/.test(label)) return "provisional";
  return "plain";
}
