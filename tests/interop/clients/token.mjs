import { createHash, createPrivateKey, hkdfSync, randomUUID, sign } from "node:crypto";

export function token(apiKey, tenant, grants, seconds = 3600) {
  const seed = Buffer.from(hkdfSync("sha256", apiKey, "", "patchcord access tokens 1", 32));
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const kid = "key_" + createHash("sha256").update(apiKey).digest("hex").slice(0, 16);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: tenant, iat, exp: iat + seconds, jti: randomUUID(), grants };
  const signed = part({ alg: "EdDSA", kid, typ: "JWT" }) + "." + part(claims);
  return signed + "." + sign(null, Buffer.from(signed), key).toString("base64url");
}
