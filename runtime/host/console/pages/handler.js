// One handler: its versions, what each may do, and which has how many of the new calls.

import { Problem, isAborted, sentence } from "../api.js";
import { empty, fill, h } from "../dom.js";
import { when } from "../format.js";
import { ask, fault, notify, pageHead } from "../shell.js";
import { inForce } from "./handlers.js";

/** Versions that are shown. */
const VERSIONS = 200;

/** @param {import("../main.js").Context} context */
export async function handlerPage(context) {
  const { api, main, signal, steps, may } = context;
  const name = steps[0] ?? "";
  const path = `/v1/handlers/${encodeURIComponent(name)}`;
  const back = h("a", { class: "back", href: "#/handlers" }, "Handlers");
  const head = pageHead(name);
  const rolloutPlace = h("div", {});
  const versionsPlace = h("div", { class: "versions" });
  fill(
    main, back, head,
    h("section", { class: "panel", "aria-labelledby": "rollout" }, h("h2", { id: "rollout" }, "Rollout"), rolloutPlace),
    h("section", { class: "panel", "aria-labelledby": "versions" }, h("h2", { id: "versions" }, "Versions"), versionsPlace),
  );

  async function load() {
    try {
      /** @type {import("../types.js").Handler} */
      const handler = await api.get(path, signal);
      if (handler.source === "file") {
        fill(rolloutPlace, h("p", { class: "in-force" }, "All calls have the one version of the configuration file."), h("p", { class: "dim" }, "The operator changes it there; `candidate` in its section tries another version."));
        fill(versionsPlace, h("p", { class: "dim small" }, "Module ", h("code", {}, handler.module ?? "")));
        return;
      }
      const list = await api.get(`${path}/versions?limit=${VERSIONS}`, signal);
      draw(handler, /** @type {any} */ (list).versions);
    } catch (error) {
      if (isAborted(error)) return;
      if (error instanceof Problem && error.status === 404) {
        fill(rolloutPlace, empty("There is no such handler", "It may have been deleted."));
        fill(versionsPlace);
      } else {
        fault(rolloutPlace, sentence(error), load);
      }
    }
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

  function draw(/** @type {import("../types.js").Handler} */ handler, /** @type {import("../types.js").Version[]} */ versions) {
    versions.sort((a, b) => b.version - a.version);
    fill(rolloutPlace, rollout(handler, versions));
    if (versions.length === 0) fill(versionsPlace, empty("No versions", "Deploy one: ", h("code", {}, "patchcord deploy"), "."));
    else fill(versionsPlace, versions.map((version) => card(version, handler.rollout)));
  }

  function rollout(/** @type {import("../types.js").Handler} */ handler, /** @type {import("../types.js").Version[]} */ versions) {
    const now = handler.rollout;
    const newest = versions[0]?.version;
    const which = h("select", { "aria-label": "Version" }, versions.map(({ version }) => h("option", { value: version, selected: version === (now?.version ?? newest) }, `v${version}`)));
    const share = h("input", { type: "range", min: 1, max: 100, value: now?.percent ?? 100, "aria-label": "Share of new calls" });
    const told = h("output", {});
    const bar = h("div", { class: "split", "aria-hidden": "true" }, h("i", {}));
    const apply = h("button", { class: "primary", onclick: () => done(api.change("PUT", `${path}/rollout`, { version: Number(which.value), percent: Number(share.value) }), `v${which.value} has ${share.value} % of new calls.`) }, "Apply");
    const show = () => {
      told.textContent = `v${which.value} gets ${share.value} % of new calls`;
      bar.style.setProperty("--share", `${share.value}%`);
      apply.disabled = Number(which.value) === now?.version && Number(share.value) === now?.percent;
    };
    share.addEventListener("input", show);
    which.addEventListener("change", show);
    show();
    const buttons = [];
    if (now && now.percent < 100) buttons.push(h("button", { onclick: () => done(api.change("POST", `${path}/promote`), `v${now.version} has all new calls.`) }, "Promote to all"));
    if (now?.previous !== undefined) buttons.push(h("button", { class: "danger", onclick: () => rollBack(now) }, `Roll back to v${now.previous}`));
    const controls = may("write") && versions.length > 0
      ? [h("div", { class: "slider" }, which, share, told, apply), bar, h("div", { class: "buttons left" }, buttons)]
      : [bar];
    return [h("p", { class: "in-force" }, now ? inForce(now) : "No version has calls yet."), ...controls];
  }

  async function rollBack(/** @type {import("../types.js").Rollout} */ now) {
    const sure = await ask({
      title: `Roll back to v${now.previous}?`, text: "New calls go to it at once. Calls that go on keep the version they began with.", verb: "Roll back", danger: true,
    });
    if (sure) await done(api.change("POST", `${path}/rollback`), `New calls go to v${now.previous}.`);
  }

  function card(/** @type {import("../types.js").Version} */ version, /** @type {import("../types.js").Rollout | undefined} */ now) {
    const tags = [];
    if (now?.version === version.version) tags.push(h("span", { class: "tag good" }, now.percent === 100 ? "in force" : `${now.percent} %`));
    if (version.held.length > 0) tags.push(h("span", { class: "tag soon" }, "held"));
    const grant = () => done(api.change("POST", `${path}/versions/${version.version}/grant`), `v${version.version} may now do what it asks for.`);
    return h(
      "article",
      { class: "version", "data-row": `v${version.version}`, tabindex: 0 },
      h("div", { class: "version-head" }, h("h3", {}, `v${version.version}`), tags, h("span", { class: "dim" }, [version.created_at ? when(version.created_at) : "", version.created_by ?? ""].filter(Boolean).join(" · "))),
      version.note ? h("p", {}, version.note) : null,
      h("p", { class: "dim small" }, h("code", { title: version.module }, version.module.slice(0, 12))),
      version.granted.length > 0 ? h("p", { class: "permissions" }, version.granted.map((one) => h("span", { class: "permission" }, one))) : null,
      version.held.length > 0
        ? h("div", { class: "banner soon" },
            h("p", {}, "Asks for what no version before it was allowed:"),
            h("p", { class: "permissions" }, version.held.map((one) => h("span", { class: "permission held" }, one))),
            may("admin") ? h("button", { class: "primary", onclick: grant }, "Grant") : h("p", { class: "dim" }, "A key with the scope admin can grant it."),
          )
        : null,
    );
  }

  await load();
}
