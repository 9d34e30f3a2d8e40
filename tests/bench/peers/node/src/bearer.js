// Who calls: a bearer token, checked against the issuer's keys.
import { createLocalJWKSet, jwtVerify } from "jose";
import { idOfSubject } from "./ids.js";

const keys = createLocalJWKSet(JSON.parse(process.env.JWKS));
const expected = {
  issuer: process.env.JWT_ISSUER,
  audience: process.env.JWT_AUDIENCE,
  algorithms: ["RS256", "ES256", "EdDSA"],
  clockTolerance: 5,
  requiredClaims: ["exp", "iss", "aud", "sub"],
};

// The caller, or nothing where the token does not hold.
export async function caller(headers) {
  const [scheme, token] = (headers.authorization ?? "").split(/ (.*)/s);
  if (scheme.toLowerCase() !== "bearer" || !token) return undefined;
  try {
    const { payload } = await jwtVerify(token.trim(), keys, expected);
    const id = idOfSubject(payload.sub, process.env.USER_NAMESPACE);
    return id && { id, roles: payload.roles ?? [] };
  } catch {
    return undefined;
  }
}
