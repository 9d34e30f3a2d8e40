"""Who calls: a bearer token, checked against the issuer's keys."""

import json
import os
import re
import uuid

import jwt

_KEYS = {key.key_id: key for key in jwt.PyJWKSet.from_dict(json.loads(os.environ["JWKS"])).keys}
_NAMESPACE = uuid.UUID(os.environ["USER_NAMESPACE"])
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NOT_IN_A_SUBJECT = re.compile(r"[/?#%\x00-\x1f\x7f-\x9f]")


def caller(headers):
    """The id and the roles of the caller, or None where the token does not hold."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    token = token.strip()
    try:
        claims = jwt.decode(
            token,
            _KEYS[jwt.get_unverified_header(token)["kid"]],
            algorithms=["RS256", "ES256", "EdDSA"],
            audience=os.environ["JWT_AUDIENCE"],
            issuer=os.environ["JWT_ISSUER"],
            leeway=5,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, KeyError):
        return None
    user = _id_of_subject(claims["sub"])
    return (user, claims.get("roles", [])) if user else None


def parse_id(raw):
    """A UUID in its usual form, or None."""
    return raw.lower() if _UUID.fullmatch(raw) else None


def _id_of_subject(subject):
    known = parse_id(subject)
    if known:
        return known
    if not 1 <= len(subject) <= 255 or _NOT_IN_A_SUBJECT.search(subject):
        return None
    return str(uuid.uuid5(_NAMESPACE, subject))
