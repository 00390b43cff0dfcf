// Keys that work everywhere: `g` and a letter goes to a page, `/` into the filter, `j` and `k` through a list, `?` shows them.

import { h } from "./dom.js";

/** Where `g` and a letter lead. */
export const PLACES = [
  { key: "c", path: "calls", name: "Calls" },
  { key: "h", path: "handlers", name: "Handlers" },
  { key: "n", path: "numbers", name: "Numbers" },
  { key: "p", path: "phone", name: "Phone" },
  { key: "u", path: "usage", name: "Usage" },
];

/** How long after `g` its letter may come. */
const CHORD_MS = 1_200;

/** @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.matches("input, textarea, select") || target.isContentEditable);
}

/** @param {1 | -1} step */
function move(step) {
  const rows = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-row]"))];
  if (rows.length === 0) return;
  const now = rows.findIndex((row) => row === document.activeElement);
  const next = now < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, now + step));
  rows[next]?.focus();
}

/** @param {(path: string) => void} go */
export function listen(go) {
  let chordUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") /** @type {HTMLElement} */ (event.target).blur();
      return;
    }
    const place = PLACES.find(({ key }) => key === event.key);
    if (place && performance.now() < chordUntil) {
      chordUntil = 0;
      go(place.path);
    } else if (event.key === "g") {
      chordUntil = performance.now() + CHORD_MS;
    } else if (event.key === "/") {
      /** @type {HTMLElement | null} */ (document.querySelector("[data-filter]"))?.focus();
    } else if (event.key === "j" || event.key === "k") {
      move(event.key === "j" ? 1 : -1);
    } else if (event.key === "?") {
      help();
    } else {
      return;
    }
    event.preventDefault();
  });
}

/** Shows the keys. */
export function help() {
  const line = (/** @type {string} */ keys, /** @type {string} */ what) => [
    h("dt", {}, keys.split(" ").map((key) => h("kbd", {}, key))),
    h("dd", {}, what),
  ];
  const dialog = h(
    "dialog",
    { "aria-labelledby": "keys-title", onclose: () => dialog.remove() },
    h("h2", { id: "keys-title" }, "Keys"),
    h(
      "dl",
      { class: "keys" },
      PLACES.flatMap(({ key, name }) => line(`g ${key}`, name)),
      line("/", "Filter"),
      line("j k", "Next and previous in a list"),
      line("Enter", "Open"),
      line("Space", "Play or pause a recording"),
      line("0 9 * #", "On the page of the phone: dial, or press keys in a call"),
      line("a r", "There: answer and reject"),
      line("m o e", "There: mute, hold and end"),
      line("?", "This list"),
    ),
    h("form", { method: "dialog", class: "buttons" }, h("button", { class: "primary" }, "Close")),
  );
  document.body.append(dialog);
  dialog.showModal();
}
