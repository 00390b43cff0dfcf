// Where a key is asked for.

import { Problem, sentence } from "../api.js";
import { fill, h } from "../dom.js";

/**
 * @param {(key: string) => Promise<void>} signIn
 * @param {string} [why] it is asked again
 */
export function signInPage(signIn, why) {
  const problem = h("p", { class: "bad-text", role: "alert" }, why);
  const input = h("input", {
    id: "key", name: "key", type: "password", required: true, autocomplete: "off", spellcheck: "false", placeholder: "pck_…",
  });
  const button = h("button", { class: "primary" }, "Sign in");
  const form = h(
    "form",
    { class: "sign-in" },
    h("img", { src: "/console/icon.svg", alt: "", width: 44, height: 44 }),
    h("h1", {}, "Patchcord"),
    h("p", { class: "dim" }, "Sign in with an API key. It stays in this tab and is forgotten with it."),
    h("label", { class: "field", for: "key" }, h("span", {}, "API key")),
    input,
    problem,
    button,
    h("p", { class: "dim small" }, "No key yet? ", h("code", {}, "patchcord key --name console"), " makes one."),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    fill(problem);
    try {
      await signIn(input.value.trim());
    } catch (error) {
      const unknown = error instanceof Problem && error.status === 401;
      fill(problem, unknown ? "This key is not known here." : sentence(error));
      input.select();
    } finally {
      button.disabled = false;
    }
  });
  queueMicrotask(() => input.focus());
  return h("main", { class: "sign-in-page" }, form);
}
