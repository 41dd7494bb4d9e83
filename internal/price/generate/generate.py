"""Writes prices.json and testdata/vectors.json from the genai-prices package, which `make prices` installs.

prices.json says what the package says of prices per token and per request, in the form that docs/prices.md describes, one
model a line so that a change of a price is one line in a diff. What a span's token counts cannot price (hours of audio,
pages, searches) is left out; a model that has no other price is marked other_units and stays unpriced.

vectors.json holds calls and what the package itself computes for them.
"""

import argparse
import datetime
import decimal
import importlib.metadata
import json
import pathlib
import random
import re

import genai_prices
from genai_prices import data, types

# The package's names of prices, and ours. The rest is not per token of text, or not per request.
SLOTS = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "requests_kcount": "per_1000_requests",
}

# Which of the package's request contexts are a service tier here.
TIER_KEYS = ("service_tier", "speed")

# More decimals than these are the dust of binary fractions.
PRECISION = decimal.Decimal(1).scaleb(-9)


def number(value):
    """A price as JSON writes it, without dust and without an exponent."""
    value = value.quantize(PRECISION).normalize()
    return json.loads(format(value, "f"), parse_float=Plain)


class Plain(float):
    """A float that prints the digits that it was read from."""

    def __new__(cls, text):
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __repr__(self):
        return self.text


def dump(value):
    """Compact JSON in which Plain keeps its digits."""
    if isinstance(value, Plain):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(str(k)) + ":" + dump(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(v) for v in value) + "]"
    return json.dumps(value)


def clause(match):
    """A match clause: a word for equals, a list for or, and a mapping of one key for the rest."""
    match match:
        case types.ClauseEquals(equals=text):
            return text
        case types.ClauseOr(or_=clauses):
            return [clause(c) for c in clauses]
        case types.ClauseAnd(and_=clauses):
            return {"and": [clause(c) for c in clauses]}
        case types.ClauseStartsWith(starts_with=text):
            return {"starts_with": text}
        case types.ClauseEndsWith(ends_with=text):
            return {"ends_with": text}
        case types.ClauseContains(contains=text):
            return {"contains": text}
        case types.ClauseRegex(regex=text):
            return without_lookahead(text)
    raise SystemExit(f"a match clause of an unknown kind: {match!r}")


def without_lookahead(regex):
    """^(?!A)B as "not ^A, and ^B": RE2 has no lookahead. Any other lookaround is refused."""
    if regex.startswith("^(?!"):
        depth, end = 1, 4
        while depth:
            depth += {"(": 1, ")": -1}.get(regex[end], 0)
            end += 1
        parts = [{"not": {"regex": "^(?:" + regex[4 : end - 1] + ")"}}]
        if regex[end:]:
            parts.append({"regex": "^" + regex[end:]})
        regex_free = {"and": parts} if len(parts) > 1 else parts[0]
    else:
        regex_free = {"regex": regex}
    if re.search(r"\(\?[=!<]", dump(regex_free)):
        raise SystemExit(f"a regular expression with lookaround inside: {regex}")
    return regex_free


def rate(price):
    """A price, or a price by how much input the call has."""
    if isinstance(price, types.TieredPrices):
        return {"base": number(price.base), "above": {t.start: number(t.price) for t in price.tiers}}
    return number(price)


def dated(prices, constraint):
    """One set of prices with the time in which it holds."""
    kept, others = {}, False
    if isinstance(constraint, types.StartDateConstraint):
        kept["from"] = constraint.start_date.isoformat()
    elif isinstance(constraint, types.TimeOfDateConstraint):
        kept["between"] = "-".join(utc(t) for t in (constraint.start_time, constraint.end_time))
    elif constraint is not None:
        raise SystemExit(f"a constraint of an unknown kind: {constraint!r}")
    named = {k: v for k, v in vars(prices).items() if v is not None and not k.startswith("_")}
    slots = {ours: rate(named[theirs]) for theirs, ours in SLOTS.items() if theirs in named}
    if named and not slots:
        kept["other_units"] = True
    return kept | slots


def utc(time):
    if time.tzinfo is not None and time.utcoffset() != datetime.timedelta(0):
        raise SystemExit(f"a time of day that is not in UTC: {time}")
    return time.strftime("%H:%M")


def listed(entries):
    return entries[0] if len(entries) == 1 and not entries[0].keys() & {"from", "between"} else entries


def variants(model):
    """The batch and service tier prices. The package takes the first that holds for each price, we the last."""
    batch, tiers = [], {}
    for variant in reversed(model.price_variants or []):
        entry = dated(variant.prices, variant.constraint)
        if not entry.keys() & set(SLOTS.values()):
            continue
        if variant.when == {"processing": "batch"}:
            batch.append(entry)
        elif len(variant.when) == 1 and next(iter(variant.when)) in TIER_KEYS:
            tiers.setdefault(next(iter(variant.when.values())), []).append(entry)
    made = {}
    if batch:
        made["batch"] = listed(batch)
    if tiers:
        made["service_tiers"] = {name: listed(entries) for name, entries in sorted(tiers.items())}
    return made


def conditional(model):
    if isinstance(model.prices, list):
        return [(p.prices, p.constraint) for p in model.prices]
    return [(model.prices, None)]


def model_line(model):
    prices = listed([dated(p, c) for p, c in conditional(model)])
    return {"id": model.id, "match": clause(model.match), "prices": prices} | variants(model)


def provider_lines(provider):
    head = {"id": provider.id}
    if provider.provider_match:
        head["named"] = clause(provider.provider_match)
    if provider.model_match:
        head["sells"] = clause(provider.model_match)
    if provider.fallback_model_providers:
        head["fallback"] = provider.fallback_model_providers
    yield dump(head)[:-1] + ',"models":['
    yield ",\n".join(dump(model_line(m)) for m in provider.models)
    yield "]}"


def data_date():
    """The newest day up to today that the data mentions; the package is not dated itself."""
    text = pathlib.Path(data.__file__).read_text()
    days = set(re.findall(r"20\d\d-\d\d-\d\d", text))
    days |= {"%s-%02d-%02d" % (y, int(m), int(d)) for y, m, d in re.findall(r"\.date\((\d+), (\d+), (\d+)\)", text)}
    return max(d for d in days if d <= datetime.date.today().isoformat())


def write_prices(path, version):
    lines = [f'{{"date":"{data_date()}","source":"genai-prices {version}","providers":[']
    lines.append(",\n".join("\n".join(provider_lines(p)) for p in data.providers))
    lines.append("]}")
    path.write_text("\n".join(lines) + "\n")


# Calls: which counts, and when. The large ones cross every long-context tier.
USAGES = [
    (1000, 0, 0, 100, 0),
    (1000, 200, 0, 100, 40),
    (123_457, 100_003, 7_919, 4_211, 977),
    (999_983, 500_009, 100_003, 65_537, 32_771),
    (7, 7, 0, 0, 0),
    (0, 0, 0, 12_345_678, 12_345_678),
]
TIMES = ["2024-02-03T04:05:06", "2025-03-01T12:00:00", "2025-08-20T23:59:59", "2026-06-30T02:30:00", "2026-11-19T09:15:00"]


def names(match):
    """Model names that a clause means, more or less."""
    match match:
        case types.ClauseOr(or_=clauses) | types.ClauseAnd(and_=clauses):
            for c in clauses:
                yield from names(c)
        case types.ClauseEquals(equals=text):
            yield text
        case types.ClauseStartsWith(starts_with=text):
            yield text
            yield text + "-20260102"
        case types.ClauseEndsWith(ends_with=text):
            yield "x/" + text
        case types.ClauseContains(contains=text):
            yield "us." + text + "-v1:0"


def reference(model, provider, usage, at, context):
    """What the package computes, with our counts as its counts."""
    keys = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "output_reasoning_tokens")
    when = datetime.datetime.fromisoformat(at).replace(tzinfo=datetime.UTC)
    call = genai_prices.Usage(**dict(zip(keys, usage)))
    return genai_prices.calc_price(call, model, provider_id=provider, genai_request_timestamp=when, price_context=context)


def vector(provider, model, usage, at, batch, tier):
    context = {}
    if batch:
        context["processing"] = "batch"
    if tier:
        context |= {key: tier for key in TIER_KEYS}
    try:
        priced = reference(model, provider, usage, at, context)
    except LookupError:
        return None
    slots = {k for k, v in vars(priced.model_price).items() if v is not None}
    case = {"model": model, "at": at + "Z", "usage": list(usage)}
    if provider:
        case = {"provider": provider} | case
    if batch:
        case["batch"] = True
    if tier:
        case["tier"] = tier
    if slots and not slots & SLOTS.keys():
        return case | {"unpriced": True}
    return case | {"usd": format(priced.total_price.normalize(), "f")}


def cases():
    """Every provider by a few models of every kind, and every model that has history, tiers or variants."""
    dice = random.Random(20261109)
    for provider in data.providers:
        models = provider.models
        special = [m for m in models if isinstance(m.prices, list) or m.price_variants]
        plain = dice.sample(models, min(len(models), 6))
        for model in dice.sample(special, min(len(special), 12)) + plain:
            candidates = [model.id, *names(model.match)]
            for _ in range(2):
                batch = bool(model.price_variants) and dice.random() < 0.4
                tiers = [next(iter(v.when.values())) for v in model.price_variants or [] if next(iter(v.when)) in TIER_KEYS]
                yield vector(
                    dice.choice([provider.id, provider.id, provider.id.upper(), None]),
                    dice.choice(candidates),
                    dice.choice(USAGES),
                    dice.choice(TIMES),
                    batch,
                    # Nobody sells a tier in a batch, and the data does not say which price would go first.
                    None if batch else dice.choice([*tiers, None]),
                )


def write_vectors(path, version):
    seen = dict.fromkeys(dump(case) for case in cases() if case)
    path.write_text(f'{{"source":"genai-prices {version}","cases":[\n' + ",\n".join(seen) + "\n]}\n")


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    argparse.ArgumentParser(description=__doc__).parse_args()
    version = importlib.metadata.version("genai-prices")
    write_prices(here / "prices.json", version)
    write_vectors(here / "testdata" / "vectors.json", version)


if __name__ == "__main__":
    main()
