// Handlers: which there are, which version of each has new calls, and where from.

import { Problem, isAborted, sentence } from "../api.js";
import { empty, fill, h } from "../dom.js";
import { origin, when } from "../format.js";
import { fault, pageHead } from "../shell.js";

/** @param {import("../main.js").Context} context */
export async function handlersPage({ api, main, signal }) {
  const filter = h("input", { type: "search", "data-filter": true, placeholder: "Filter by name", "aria-label": "Filter", oninput: () => draw() });
  const list = h("div", { class: "handlers" });
  fill(main, pageHead("Handlers"), h("div", { class: "bar" }, filter), list);
  /** @type {import("../types.js").Handler[]} */
  let handlers = [];

  function draw() {
    const wanted = filter.value.trim().toLowerCase();
    const shown = handlers.filter((handler) => handler.name.toLowerCase().includes(wanted));
    if (shown.length === 0) {
      if (wanted) fill(list, empty("No handler fits the filter", "Try a part of its name."));
      else fill(list, empty("No handlers yet", "Upload one: ", h("code", {}, "patchcord deploy"), "."));
      return;
    }
    fill(
      list,
      h("div", { class: "row head", "aria-hidden": "true" }, ["Name", "In force", "Newest", "From", "Made"].map((head) => h("span", {}, head))),
      shown.map(row),
    );
  }

  async function load() {
    try {
      handlers = /** @type {any} */ (await api.get("/v1/handlers", signal)).handlers;
      draw();
    } catch (error) {
      if (isAborted(error)) return;
      if (error instanceof Problem && error.status === 404) fill(list, empty("This server manages no handlers", "They stand in its configuration file."));
      else fault(list, sentence(error), load);
    }
  }
  await load();
}

/** @param {import("../types.js").Handler} handler */
function row(handler) {
  const { rollout } = handler;
  return h(
    "a",
    { class: "row", href: `#/handlers/${encodeURIComponent(handler.name)}`, "data-row": handler.name },
    h("span", { class: "name" }, handler.name),
    h("span", {}, handler.source === "file" ? h("span", { class: "dim" }, "as configured") : inForce(rollout)),
    h("span", {}, handler.newest_version === undefined ? "–" : `v${handler.newest_version}`),
    h("span", { class: "dim" }, origin(handler.source)),
    h("span", { class: "dim" }, handler.created_at ? when(handler.created_at) : ""),
  );
}

/** @param {import("../types.js").Rollout | undefined} rollout */
export function inForce(rollout) {
  if (!rollout) return "–";
  if (rollout.taken_out) return `v${rollout.previous ?? "?"} · v${rollout.version} was taken out`;
  return rollout.percent === 100 ? `v${rollout.version}` : `v${rollout.version} to ${rollout.percent} %, v${rollout.previous ?? "?"} to the rest`;
}
