// Somebody calls: said on every page, read out at once, and rung.

import { sentence } from "../api.js";
import { fill, h } from "../dom.js";
import { notify } from "../shell.js";
import { ring } from "./levels.js";

/**
 * The place where calls are announced, which is there before there is one.
 *
 * @param {import("../telephone.js").Telephone} telephone
 * @param {() => void} goToPhone
 */
export function ringing(telephone, goToPhone) {
  const place = h("div", { class: "ringing", role: "alert" });
  /** @type {string} */
  let shown = "";
  let stop = () => {};

  telephone.onChange(() => {
    const { incoming } = telephone;
    const now = incoming.map(({ call }) => call.id).join(" ");
    if (now === shown) return;
    shown = now;
    stop();
    stop = incoming.length > 0 ? ring() : () => {};
    fill(place, incoming.map(card));
  });

  function card(/** @type {import("../telephone.js").Line} */ line) {
    const answer = () => {
      goToPhone();
      telephone.answer(line).catch((error) => notify(sentence(error), "bad"));
    };
    return h(
      "div",
      { class: "ringing-card" },
      h("p", {}, h("span", { class: "dim" }, "Incoming call from "), h("strong", {}, line.who)),
      h("button", { class: "primary", onclick: answer }, "Answer"),
      h("button", { class: "danger", onclick: () => line.call.reject() }, "Reject"),
    );
  }

  return place;
}
