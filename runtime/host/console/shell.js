// What stands around every page: the way to the others, notices, and questions that are asked before something is done.

import { fill, h } from "./dom.js";
import { PLACES, help } from "./keyboard.js";

/** How long a notice stays. */
const NOTICE_MS = 6_000;

/**
 * @param {import("./types.js").Me} me
 * @param {() => void} signOut
 */
export function shell(me, signOut) {
  const main = h("main", { id: "main", tabindex: -1 });
  const link = (/** @type {typeof PLACES[number]} */ place) =>
    h("a", { href: `#/${place.path}`, "data-place": place.path, title: `g ${place.key}` }, place.name);
  const element = h(
    "div",
    { class: "shell" },
    h("a", { class: "skip", href: "#main", onclick: (/** @type {Event} */ event) => skip(event, main) }, "To the page"),
    h(
      "header",
      { class: "side" },
      h("a", { class: "brand", href: "#/calls" }, h("img", { src: "/console/icon.svg", alt: "", width: 24, height: 24 }), "Patchcord"),
      h("nav", { "aria-label": "Pages" }, PLACES.map(link)),
      h(
        "div",
        { class: "account" },
        h("p", { class: "tenant", title: "The tenant of this key" }, me.tenant),
        h("p", { class: "dim" }, `${me.key} · ${me.scopes.join(", ")}`),
        h("div", { class: "account-buttons" },
          h("button", { class: "quiet", onclick: help }, "Keys"),
          h("button", { class: "quiet", onclick: signOut }, "Sign out"),
        ),
      ),
    ),
    main,
  );
  return { element, main };
}

/**
 * @param {Event} event
 * @param {HTMLElement} main
 */
function skip(event, main) {
  event.preventDefault();
  main.focus();
}

/** Marks the page that is shown. @param {string} place */
export function mark(place) {
  for (const link of document.querySelectorAll("[data-place]")) {
    if (link.getAttribute("data-place") === place) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/**
 * A sentence at the edge, for a while.
 * @param {string} text
 * @param {"good" | "bad"} [kind]
 */
export function notify(text, kind = "good") {
  const place = document.getElementById("notices");
  const notice = h("div", { class: `notice ${kind}` }, h("span", {}, text));
  const close = h("button", { class: "quiet", "aria-label": "Dismiss", onclick: () => notice.remove() }, "×");
  notice.append(close);
  place?.append(notice);
  setTimeout(() => notice.remove(), NOTICE_MS);
}

/**
 * Asks before something is done. The fields are filled in by whoever is asked.
 * @param {{ title: string, text: string, verb: string, danger?: boolean, fields?: HTMLElement[] }} question
 * @returns {Promise<FormData | undefined>} what was filled in, or nothing if it is not to be done
 */
export function ask({ title, text, verb, danger = false, fields = [] }) {
  return new Promise((resolve) => {
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: "question" }, title),
      h("p", {}, text),
      fields,
      h(
        "div",
        { class: "buttons" },
        h("button", { value: "no", formnovalidate: true }, "Cancel"),
        h("button", { value: "yes", class: danger ? "danger" : "primary" }, verb),
      ),
    );
    const dialog = h("dialog", { "aria-labelledby": "question" }, form);
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? new FormData(form) : undefined);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
    const first = fields[0]?.querySelector("input, select, textarea");
    if (first instanceof HTMLElement) first.focus();
  });
}

/**
 * A field with its name above.
 * @param {string} name
 * @param {HTMLElement} input
 * @param {string} [about]
 */
export function field(name, input, about) {
  return h("label", { class: "field" }, h("span", {}, name), input, about ? h("small", { class: "dim" }, about) : null);
}

/**
 * The head of a page: its title, which is read out when the page is opened, and what can be done.
 * @param {import("./dom.js").Child} title
 * @param {...(import("./dom.js").Child)} actions
 */
export function pageHead(title, ...actions) {
  return h("div", { class: "page-head" }, h("h1", { tabindex: -1 }, title), h("div", { class: "actions" }, actions));
}

/**
 * What stands in a page that cannot be shown.
 * @param {Element} place
 * @param {string} text
 * @param {() => void} again
 */
export function fault(place, text, again) {
  fill(place, h("div", { class: "empty bad" }, h("p", { class: "empty-title" }, text), h("button", { onclick: again }, "Try again")));
}
