// Numbers and routes: who is called leads to which handler.

import { Problem, isAborted, sentence } from "../api.js";
import { empty, fill, h } from "../dom.js";
import { origin } from "../format.js";
import { ask, fault, field, notify, pageHead } from "../shell.js";

/** What a fallback can be for. */
const BREAKAGES = ["trap", "budget", "start", "returned"];

/** @param {import("../main.js").Context} context */
export async function numbersPage({ api, main, signal, may }) {
  const filter = h("input", { type: "search", "data-filter": true, placeholder: "Filter by number, user, handler", "aria-label": "Filter", oninput: () => draw() });
  const numbersPlace = h("div", { class: "table-place" });
  const routesPlace = h("div", { class: "table-place" });
  const add = may("write") ? h("button", { onclick: () => edit() }, "Add a route") : null;
  fill(
    main, pageHead("Numbers and routes", add), h("div", { class: "bar" }, filter),
    h("section", { class: "panel", "aria-labelledby": "numbers" }, h("h2", { id: "numbers" }, "Numbers"), numbersPlace),
    h("section", { class: "panel", "aria-labelledby": "routes" }, h("h2", { id: "routes" }, "Routes"), routesPlace),
  );
  /** @type {import("../types.js").PhoneNumber[] | undefined} */
  let numbers;
  /** @type {import("../types.js").Route[] | undefined} */
  let routes;
  /** @type {string[]} */
  let handlers = [];

  const fits = (/** @type {(string | null | undefined)[]} */ ...texts) => texts.some((text) => (text ?? "").toLowerCase().includes(filter.value.trim().toLowerCase()));

  function draw() {
    if (numbers) drawNumbers(numbers.filter((one) => fits(one.number, one.handler)));
    if (routes) drawRoutes(routes.filter((one) => fits(one.to, one.handler)));
  }

  function drawNumbers(/** @type {import("../types.js").PhoneNumber[]} */ shown) {
    if (shown.length === 0) {
      fill(numbersPlace, filter.value ? empty("No number fits the filter") : empty("No numbers", "The operator of this server gives numbers to tenants."));
      return;
    }
    fill(numbersPlace, table(["Number", "Handler"], shown.map((one) => h("tr", { "data-row": one.number, tabindex: 0 }, h("td", { class: "number" }, one.number), h("td", {}, chooser(one))))));
  }

  function chooser(/** @type {import("../types.js").PhoneNumber} */ one) {
    if (!may("write")) return one.handler ?? h("span", { class: "dim" }, "nobody answers");
    const names = one.handler && !handlers.includes(one.handler) ? [one.handler, ...handlers] : handlers;
    const choice = h("select", { "aria-label": `Handler of ${one.number}` },
      h("option", { value: "", selected: !one.handler }, "nobody answers"),
      names.map((name) => h("option", { value: name, selected: name === one.handler }, name)));
    choice.addEventListener("change", () =>
      done(api.change("PUT", `/v1/numbers/${encodeURIComponent(one.number)}`, { handler: choice.value || null }), choice.value ? `${one.number} leads to ${choice.value}.` : `Nobody answers ${one.number}.`));
    return choice;
  }

  function drawRoutes(/** @type {import("../types.js").Route[]} */ shown) {
    if (shown.length === 0) {
      fill(routesPlace, filter.value ? empty("No route fits the filter") : empty("No routes", "A route says which handler has the calls to a user."));
      return;
    }
    fill(routesPlace, table(["To", "Handler", "If it breaks", "From", ""], shown.map(route), "routes"));
  }

  function route(/** @type {import("../types.js").Route} */ one) {
    const fallbacks = (one.fallbacks ?? []).map((fallback) => h("div", {}, `${fallback.handler} `, h("span", { class: "dim" }, fallback.on.join(", "))));
    const changes = may("write") && one.source !== "file"
      ? [h("button", { class: "quiet", onclick: () => edit(one) }, "Change"), h("button", { class: "quiet", onclick: () => remove(one) }, "Delete")]
      : [];
    return h("tr", { "data-row": one.to, tabindex: 0 },
      h("td", { class: "number" }, one.to === "*" ? "everything else" : one.to), h("td", {}, one.handler), h("td", {}, fallbacks.length > 0 ? fallbacks : h("span", { class: "dim" }, "–")),
      h("td", { class: "dim" }, origin(one.source)), h("td", { class: "changes" }, changes));
  }

  async function edit(/** @type {import("../types.js").Route | undefined} */ one = undefined) {
    const known = h("datalist", { id: "known-handlers" }, handlers.map((name) => h("option", { value: name })));
    const first = one?.fallbacks?.[0];
    const answer = await ask({
      title: one ? `Route of ${one.to}` : "Add a route", text: "Calls to this user go to the handler. `*` is for everything else.", verb: "Save",
      fields: [
        field("To", h("input", { name: "to", required: true, value: one?.to ?? "", readonly: one !== undefined })),
        field("Handler", h("input", { name: "handler", required: true, list: "known-handlers", value: one?.handler ?? "" })),
        field("If it breaks", h("input", { name: "fallback", list: "known-handlers", value: first?.handler ?? "" }), "Optional: another handler for its callers."),
        known,
      ],
    });
    if (!answer) return;
    const [to, handler, fallback] = ["to", "handler", "fallback"].map((name) => String(answer.get(name)).trim());
    const fallbacks = fallback ? [{ handler: fallback, on: fallback === first?.handler ? first.on : BREAKAGES }, ...(one?.fallbacks ?? []).slice(1)] : [];
    await done(api.change("PUT", `/v1/routes/${encodeURIComponent(to ?? "")}`, { handler, fallbacks }), `Calls to ${to} go to ${handler}.`);
  }

  async function remove(/** @type {import("../types.js").Route} */ one) {
    const sure = await ask({ title: "Delete the route?", text: `Calls to ${one.to} are refused then, unless another route fits.`, verb: "Delete", danger: true });
    if (sure) await done(api.change("DELETE", `/v1/routes/${encodeURIComponent(one.to)}`), "The route is deleted.");
  }

  async function done(/** @type {Promise<any>} */ change, /** @type {string} */ said) {
    // Said once it is shown: whoever reads it can go on.
    try {
      await change;
      await load();
      notify(said);
    } catch (error) {
      notify(sentence(error), "bad");
      await load();
    }
  }

  async function load() {
    const [found, ways, known] = await Promise.allSettled([api.get("/v1/numbers", signal), api.get("/v1/routes", signal), api.get("/v1/handlers", signal)]);
    if (signal.aborted) return;
    if (known.status === "fulfilled") handlers = /** @type {any} */ (known.value).handlers.map((/** @type {import("../types.js").Handler} */ one) => one.name);
    numbers = found.status === "fulfilled" ? /** @type {any} */ (found.value).numbers : undefined;
    routes = ways.status === "fulfilled" ? /** @type {any} */ (ways.value).routes : undefined;
    if (found.status === "rejected") absent(numbersPlace, found.reason);
    if (ways.status === "rejected") absent(routesPlace, ways.reason);
    draw();
  }

  function absent(/** @type {Element} */ place, /** @type {unknown} */ why) {
    if (isAborted(why)) return;
    if (why instanceof Problem && why.status === 404) fill(place, empty("Not managed here", "They stand in the server's configuration file."));
    else fault(place, sentence(why), load);
  }

  await load();
}

/**
 * @param {string[]} heads
 * @param {HTMLElement[]} rows
 * @param {string} [kind]
 */
function table(heads, rows, kind) {
  return h("table", { class: kind }, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows));
}
