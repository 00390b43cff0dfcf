// Everything that a page or an app needs.

export { Call } from "./call.js";
export { Device } from "./device.js";
export { PatchcordError } from "./emitter.js";
