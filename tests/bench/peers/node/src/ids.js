// Users' ids: UUIDs, and what else a token's `sub` may be, mapped to one (RFC 9562, version 5).
import { createHash } from "node:crypto";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function parseId(raw) {
  return UUID.test(raw) ? raw.toLowerCase() : undefined;
}

export function idOfSubject(subject, namespace) {
  const id = parseId(subject);
  if (id) return id;
  const length = [...subject].length;
  if (length < 1 || length > 255 || /[/?#%\u0000-\u001f\u007f-\u009f]/.test(subject)) return undefined;
  const bytes = createHash("sha1").update(Buffer.from(namespace.replaceAll("-", ""), "hex")).update(subject).digest();
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.subarray(0, 16).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
