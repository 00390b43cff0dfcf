// What a page writes, for TypeScript to judge.

import { type Call, Device, PatchcordError } from "../src/index.js";

export async function page(token: string): Promise<void> {
  const device = new Device(token, { url: "wss://pbx.example.com:7443/client", audio: { echoCancellation: true } });
  device.on("incoming", (call: Call) => void call.accept());
  device.on("tokenWillExpire", (inMs) => console.log(inMs.toFixed()));
  await device.register();
  const call = await device.connect({ params: { topic: "invoices" } });
  call.on("ended", ({ reason, status }) => console.log(reason, status ?? 0));
  call.sendKeys("1");
  const stats: RTCStatsReport = await call.getStats();
  const end = await device.presence.watch(["bob"], (presence) => console.log(presence.identity, presence.availability));
  end();
  console.log(stats.size, new PatchcordError("code", "message").code);
  // @ts-expect-error There is no such event.
  device.on("ringing", () => {});
  // @ts-expect-error Calls are made by devices.
  device.calls.push(new (await import("../src/index.js")).Call());
}
