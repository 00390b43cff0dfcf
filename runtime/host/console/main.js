// The console: signs in with an API key, which stays in this tab alone, and shows the page that the address names.

import { Api, Problem, sentence } from "./api.js";
import { fill, h } from "./dom.js";
import { listen } from "./keyboard.js";
import { callPage } from "./pages/call.js";
import { callsPage } from "./pages/calls.js";
import { handlerPage } from "./pages/handler.js";
import { handlersPage } from "./pages/handlers.js";
import { numbersPage } from "./pages/numbers.js";
import { phonePage } from "./pages/phone.js";
import { signInPage } from "./pages/sign_in.js";
import { usagePage } from "./pages/usage.js";
import { ringing } from "./parts/ringing.js";
import { mark, notify, shell } from "./shell.js";
import { Telephone } from "./telephone.js";

const KEY = "patchcord-key";

/**
 * What a page works with. Once the signal says stop, the page is not shown any more.
 * @typedef {object} Context
 * @property {Api} api
 * @property {import("./types.js").Me} me
 * @property {HTMLElement} main
 * @property {AbortSignal} signal
 * @property {string[]} steps of the address, after the page's own
 * @property {(path: string) => void} go
 * @property {(scope: string) => boolean} may
 * @property {Telephone} telephone
 */

/** @type {Record<string, (context: Context) => void | Promise<void>>} */
const PAGES = {
  calls: (context) => (context.steps[0] ? callPage(context) : callsPage(context)),
  handlers: (context) => (context.steps[0] ? handlerPage(context) : handlersPage(context)),
  numbers: numbersPage,
  phone: phonePage,
  usage: usagePage,
};

const app = /** @type {HTMLElement} */ (document.getElementById("app"));

/** Of the page that is shown. */
let shown = new AbortController();
/** Shows the page of the address; nothing while nobody is signed in. */
let show = () => {};
/** Ends what goes on whatever page is shown: the telephone. */
let leave = () => {};

/** @param {string} path */
function go(path) {
  location.hash = `#/${path}`;
}

/** @param {string} [why] it is asked again */
function askForKey(why) {
  shown.abort();
  show = () => {};
  leave();
  sessionStorage.removeItem(KEY);
  document.title = "Sign in · Patchcord";
  fill(app, signInPage(signIn, why));
}

/** @param {string} key */
async function signIn(key) {
  const api = new Api(key);
  /** @type {import("./types.js").Me} */
  const me = await api.get("/v1/me");
  sessionStorage.setItem(KEY, key);
  api.onRefused = () => askForKey("The key is not known any more.");
  const { element, main } = shell(me, () => askForKey());
  const telephone = new Telephone(api);
  const bell = ringing(telephone, () => go("phone"));
  leave = () => {
    leave = () => {};
    bell.remove();
    telephone.end();
  };
  fill(app, bell, element);
  show = () => open({ api, me, main, telephone });
  show();
}

/** @param {{ api: Api, me: import("./types.js").Me, main: HTMLElement, telephone: Telephone }} to */
function open({ api, me, main, telephone }) {
  const [place = "calls", ...steps] = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
  const page = PAGES[place];
  shown.abort();
  shown = new AbortController();
  const signal = shown.signal;
  window.scrollTo(0, 0);
  mark(place);
  fill(main);
  document.title = `${place.charAt(0).toUpperCase()}${place.slice(1)} · Patchcord`;
  if (!page) {
    fill(main, h("div", { class: "empty" }, h("h1", { tabindex: -1 }, "There is no such page"), h("a", { href: "#/calls" }, "To the calls")));
    return;
  }
  const may = (/** @type {string} */ scope) => me.scopes.includes(scope);
  Promise.resolve(page({ api, me, main, signal, steps, go, may, telephone })).then(
    () => focusTitle(main),
    (error) => {
      if (!signal.aborted) notify(sentence(error), "bad");
    },
  );
}

/** The title is read out, unless something on the page has been chosen already. @param {HTMLElement} main */
function focusTitle(main) {
  if (document.activeElement === document.body || document.activeElement?.closest(".side")) {
    main.querySelector("h1")?.focus({ preventScroll: true });
  }
}

/** The key of a link that signs in, as `patchcord dev` prints some; it does not stay in the address. */
function keyOfLink() {
  const [, key, place = "calls"] = location.hash.match(/^#\/sign-in\/(\w+)(?:\/(\w+))?$/) ?? [];
  if (key) history.replaceState(null, "", `#/${place}`);
  return key;
}

async function start() {
  listen(go);
  window.addEventListener("hashchange", () => show());
  const key = keyOfLink() ?? sessionStorage.getItem(KEY);
  if (!key) return askForKey();
  try {
    await signIn(key);
  } catch (error) {
    const refused = error instanceof Problem && error.status === 401;
    askForKey(refused ? "The key is not known any more." : sentence(error));
  }
}

start();
