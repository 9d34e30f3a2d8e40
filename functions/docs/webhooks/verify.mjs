import { createHmac, timingSafeEqual } from 'node:crypto';

// Whether a request is a webhook of Tidings, by its headers (in lower case) and its body: the bytes that came, before they are
// parsed. `secret` is the channel's signing secret, `whsec_…`. A request that is older than five minutes is refused: somebody may
// have recorded it.
export function isSigned(secret, headers, body, now = Date.now() / 1000) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (!id || !timestamp || !signatures) return false;
  if (!(Math.abs(now - Number(timestamp)) <= 300)) return false;
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  // There are two signatures while one secret replaces another.
  return signatures.split(' ').some((signature) => {
    const [version, value = ''] = signature.split(',');
    const given = Buffer.from(value, 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
