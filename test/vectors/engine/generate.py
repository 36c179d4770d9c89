"""Makes the vectors of this folder: the same questions answered by exact fractions, written apart from the engine.

Python 3, standard library only. `python3 generate.py` writes the JSON files anew; the same bytes every time.
Rules are those of docs/engine.md: exact until an invoice line, half away from zero, largest remainder, earlier first.
"""

import calendar
import json
import random
from datetime import date, datetime, timedelta
from fractions import Fraction as F

PLACES = {"EUR": 2, "JPY": 0, "KWD": 3}
random.seed(20260301)


def rounded(value, places):
    scaled = abs(value) * 10**places
    whole = int(scaled + F(1, 2))  # half away from zero, as the sign is put back afterwards
    return (whole if value >= 0 else -whole), places


def dec(value, places=24):
    """An exact decimal as canonical text."""
    whole, _ = rounded(F(value), places)
    sign = "-" if whole < 0 else ""
    digits = str(abs(whole)).rjust(places + 1, "0")
    text = digits[:-places] + "." + digits[-places:] if places else digits
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return sign + text if text != "0" else "0"


def minor(value, currency):
    return str(rounded(F(value), PLACES[currency])[0])


def twelve(value):
    return F(rounded(value, 12)[0], 10**12)


# --- prices -------------------------------------------------------------------------------------------------------------
def graduated(tiers, units):
    total, low = F(0), F(0)
    for tier in tiers:
        high = None if tier["up_to"] is None else F(tier["up_to"])
        # The first tier's flat amount is due at zero; a later one when its first bit is used.
        if low == 0 or units > low:
            total += F(tier.get("flat_amount", "0"))
        top = units if high is None else min(units, high)
        if top > low:
            total += (top - low) * F(tier["unit_amount"])
        if high is None or units <= high:
            break
        low = high
    return total


def volume(tiers, units):
    for tier in tiers:
        if tier["up_to"] is None or units <= F(tier["up_to"]):
            return units * F(tier["unit_amount"]) + F(tier.get("flat_amount", "0"))
    raise AssertionError


def package(model, units):
    paid = units - F(model.get("free_units", "0"))
    if paid <= 0:
        return F(0)
    size = F(model["size"])
    return -((-paid) // size) * F(model["amount"])


def price(model, units):
    kind = model["type"]
    if kind == "flat":
        return F(model["amount"])
    if kind == "per_unit":
        return units * F(model["unit_amount"])
    if kind == "graduated":
        return graduated(model["tiers"], units)
    if kind == "volume":
        return volume(model["tiers"], units)
    if kind == "package":
        return package(model, units)
    if kind == "commitment":
        committed = min(units, F(model["committed_units"]))
        return committed * F(model["committed_unit_amount"]) + (units - committed) * F(model["unit_amount"])
    raise AssertionError(kind)


def percentage(model, quantities):
    charges, seen, before = [], 0, F(0)
    for quantity in quantities:
        after = before + quantity
        free = F(model.get("free_amount", "0"))
        if seen < int(model.get("free_events", "0")) or (free > 0 and after <= free):
            charge = F(0)
        else:
            rated = quantity if before >= free else after - free
            charge = rated * F(model["rate"]) + F(model.get("fixed_fee", "0"))
            charge = max(charge, F(model.get("minimum", "0")))
            if model.get("maximum") is not None:
                charge = min(charge, F(model["maximum"]))
        charges.append(charge)
        seen += 1
        before = after
    return charges


def some(digits, places):
    return dec(F(random.randrange(10**digits), 10**places), places)


def tiers():
    bounds = sorted({F(random.randrange(1, 2000), random.choice([1, 2, 4])) for _ in range(random.randrange(1, 4))})
    rows = [{"up_to": dec(bound, 12), "unit_amount": some(4, 3)} for bound in bounds]
    rows.append({"up_to": None, "unit_amount": some(4, 4)})
    for row in rows:
        if random.random() < 0.4:
            row["flat_amount"] = some(3, 1)
    return rows


def rates():
    out = []
    models = [
        lambda: {"type": "flat", "amount": some(5, 2)},
        lambda: {"type": "per_unit", "unit_amount": some(6, 6)},
        lambda: {"type": "graduated", "tiers": tiers()},
        lambda: {"type": "volume", "tiers": tiers()},
        lambda: {"type": "package", "size": dec(F(random.randrange(1, 500), 2), 12), "amount": some(4, 2), "free_units": some(2, 0)},
        lambda: {"type": "commitment", "committed_units": some(3, 0), "committed_unit_amount": some(2, 3), "unit_amount": dec(F(random.randrange(100, 999), 1000), 3)},
    ]
    for i in range(72):
        model = models[i % len(models)]()
        currency = random.choice(list(PLACES))
        units = F(random.randrange(0, 400000), random.choice([1, 10, 100]))
        if i % 12 == 0:
            units = F(0)
        if model["type"] in ("graduated", "volume") and i % 3 == 0:
            units = F(model["tiers"][0]["up_to"])  # exactly at the end of a tier
        base, total = price(model, F(0)), price(model, units)
        ask = {"question": "rate", "model": model, "units": dec(units, 12), "currency": currency}
        out.append([ask, {"base": dec(base), "usage": dec(total - base), "total": {"amount": dec(total), "minor": minor(total, currency)}}])
    for i in range(24):
        model = {"type": "percentage", "rate": some(3, 4)}
        if i % 2:
            model["fixed_fee"] = some(2, 2)
        if i % 3 == 0:
            model["free_events"] = str(random.randrange(3))
        if i % 4 == 0:
            model["free_amount"] = some(3, 0)
        if i % 5 == 0:
            model["minimum"] = some(1, 1)
        if i % 6 == 0:
            model["maximum"] = dec(F(model.get("minimum", "0")) + random.randrange(1, 30), 2)
        quantities = [F(random.randrange(1, 100000), 100) for _ in range(random.randrange(1, 6))]
        charges = percentage(model, quantities)
        ask = {"question": "rate", "model": model, "aggregation": "sum", "currency": "EUR", "events": [{"quantity": dec(q, 12)} for q in quantities]}
        running, aggregates = F(0), []
        for quantity in quantities:
            running += quantity
            aggregates.append(dec(running, 12))
        total = sum(charges, F(0))
        out.append([ask, {
            "charges": [{"amount": dec(c), "aggregate": a} for c, a in zip(charges, aggregates)],
            "aggregate": dec(running, 12), "base": "0", "usage": dec(total),
            "total": {"amount": dec(total), "minor": minor(total, "EUR")},
        }])
    return out


def aggregations():
    out = []
    model = {"type": "graduated", "tiers": [{"up_to": "5", "unit_amount": "2", "flat_amount": "1"}, {"up_to": None, "unit_amount": "0.5"}]}
    start, end = datetime(2026, 3, 1), datetime(2026, 4, 1)
    for kind in ["count", "sum", "max", "last", "unique_count", "weighted_sum"]:
        for _ in range(5):
            moments = [start + timedelta(minutes=random.randrange(31 * 24 * 60)) for _ in range(random.randrange(1, 7))]
            quantities = [F(random.randrange(1, 900), 10) for _ in moments]
            values = [random.choice("abc") for _ in moments]
            held, latest, aggregates, charges = F(0), None, [], []
            seen = set()
            before = price(model, F(0))
            for when, quantity, value in zip(moments, quantities, values):
                if kind == "count":
                    held += 1
                elif kind == "sum":
                    held += quantity
                elif kind == "max":
                    held = max(held, quantity)
                elif kind == "last":
                    if latest is None or when >= latest:
                        held, latest = quantity, when
                elif kind == "unique_count":
                    held += value not in seen
                    seen.add(value)
                else:
                    left = F(int((end - when).total_seconds()), int((end - start).total_seconds()))
                    held += twelve(quantity * left)
                aggregates.append(held)
                charges.append(price(model, held) - before)
                before = price(model, held)
            ask = {
                "question": "rate", "model": model, "aggregation": kind, "currency": "EUR",
                "period": {"start": "2026-03-01", "end": "2026-04-01"},
                "events": [{"quantity": dec(q, 12), "time": m.strftime("%Y-%m-%dT%H:%M:%SZ"), "value": v} for m, q, v in zip(moments, quantities, values)],
            }
            total = price(model, held)
            out.append([ask, {
                "charges": [{"amount": dec(c), "aggregate": dec(a, 12)} for c, a in zip(charges, aggregates)],
                "aggregate": dec(held, 12), "base": "1", "usage": dec(total - 1), "total": {"amount": dec(total), "minor": minor(total, "EUR")},
            }])
    return out


# --- time ---------------------------------------------------------------------------------------------------------------
def prorations():
    out = []
    for i in range(40):
        start = date(2024 + i % 3, 1 + i % 12, 1)
        length = random.choice([1, 3, 12])
        month = start.month - 1 + length
        end = date(start.year + month // 12, month % 12 + 1, 1)
        days = (end - start).days
        at = random.randrange(0, days)
        amount = F(random.randrange(1, 10**6), 100)
        by = ["second", "day", "none"][i % 3]
        seconds = random.randrange(86400) if by == "second" else 0
        when = datetime(start.year, start.month, start.day) + timedelta(days=at, seconds=seconds)
        ask = {"question": "prorate", "amount": dec(amount, 2), "period": {"start": str(start), "end": str(end)}, "from": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "proration": by, "currency": "EUR"}
        if by == "second":
            top, under = (days * 86400 - at * 86400 - seconds) * 10**6, days * 86400 * 10**6
        elif by == "day":
            top, under = days - at, days
        else:
            top, under = 1, 1
        cost = twelve(amount * F(top, under))
        out.append([ask, {"numerator": str(top), "denominator": str(under), "amount": dec(cost), "minor": minor(cost, "EUR"), "rest": dec(amount - cost)}])
    for i in range(20):
        old, new = F(random.randrange(0, 10**5), 100), F(random.randrange(0, 10**5), 100)
        days, at = 31, random.randrange(0, 31)
        ask = {"question": "change", "old_amount": dec(old, 2), "new_amount": dec(new, 2), "period": {"start": "2026-03-01", "end": "2026-04-01"}, "at": str(date(2026, 3, 1) + timedelta(days=at)), "proration": "day", "currency": "EUR"}
        share = F(days - at, days)
        credit, debit = twelve(old * share), twelve(new * share)
        out.append([ask, {"numerator": str(days - at), "denominator": str(days), "credit": dec(-credit), "debit": dec(debit), "net": {"amount": dec(debit - credit), "minor": minor(debit - credit, "EUR")}}])
    return out


def periods():
    out = []
    for day in list(range(1, 32)):
        for unit, count in [("month", 1), ("month", 3)]:
            if (day + count) % 4:
                continue
            anchor = date(2023, 12, day)
            starts = []
            for n in range(0, 7):
                month = anchor.month - 1 + n * count
                year, month = anchor.year + month // 12, month % 12 + 1
                starts.append(date(year, month, min(day, calendar.monthrange(year, month)[1])))
            ask = {"question": "periods", "calendar": {"unit": unit, "count": count, "anchor": str(anchor)}, "from": str(anchor), "count": 6}
            full = [f"{s}T00:00:00.000000Z" for s in starts]
            out.append([ask, {"periods": [{"start": a, "end": b} for a, b in zip(full, full[1:])]}])
    return out


# --- invoices -----------------------------------------------------------------------------------------------------------
def split(total, weights):
    whole = sum(weights)
    shares = [total * w // whole for w in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares


def half_away(value):
    return rounded(F(value), 0)[0]


def invoices():
    out = []
    for i in range(48):
        currency = list(PLACES)[i % 3]
        lines = [F(random.randrange(-500 if i % 7 == 0 else 0, 10**6), 10**4) for _ in range(random.randrange(1, 6))]
        categories = [random.choice(["standard", "reduced"]) for _ in lines]
        amounts = [rounded(x, PLACES[currency])[0] for x in lines]
        left, given, discounts = list(amounts), [], []
        for n in range(i % 3):
            if random.random() < 0.6:
                percent = F(random.randrange(1, 100), 100)
                discounts.append({"discount_id": f"d{n}", "percent": dec(percent, 12)})
                wanted = half_away(sum(left) * percent)
            else:
                fixed = random.randrange(1, 5000)
                discounts.append({"discount_id": f"d{n}", "amount": str(fixed), "currency": currency})
                wanted = fixed
            base = sum(left)
            amount = 0 if base <= 0 else min(wanted, base)
            if amount == 0:
                continue
            shares = split(amount, [max(x, 0) for x in left])
            left = [x - s for x, s in zip(left, shares)]
            given.append({"discount_id": f"d{n}", "base": str(base), "amount": str(amount)})
        ask = {"question": "invoice", "currency": currency, "lines": [{"name": f"l{n}", "amount": dec(x, 4), "tax_category": c} for n, (x, c) in enumerate(zip(lines, categories))], "discounts": discounts}
        taxes, behavior = [], ["exclusive", "inclusive"][i % 2]
        if i % 4:
            table = [("standard", F(19, 100)), ("reduced", F(7, 100))]
            ask["tax"] = {"behavior": behavior, "rates": [{"rate": dec(r, 2), "category": c, "jurisdiction": "x"} for c, r in table]}
            for category, rate in table:
                if category not in categories:
                    continue
                held = sum(x for x, c in zip(left, categories) if c == category)
                tax = half_away(held * rate) if behavior == "exclusive" else half_away(held * rate / (1 + rate))
                taxes.append({"jurisdiction": "x", "rate": dec(rate, 2), "treatment": "taxed", "base": str(held if behavior == "exclusive" else held - tax), "amount": str(tax)})
        tax_total = sum(int(t["amount"]) for t in taxes)
        discount_total = sum(int(d["amount"]) for d in given)
        total = sum(amounts) - discount_total + (tax_total if behavior == "exclusive" else 0)
        credits = [{"id": f"c{n}", "amount": str(random.randrange(1, 4000)), "priority": random.randrange(2)} for n in range(i % 4)]
        ask["credits"] = credits
        due, burns = total, []
        for credit in sorted(credits, key=lambda c: c["priority"]):
            if due <= 0:
                break
            paid = min(due, int(credit["amount"]))
            burns.append({"id": credit["id"], "amount": str(paid)})
            due -= paid
        out.append([ask, {
            "lines": [{"name": f"l{n}", "exact": dec(x), "amount": str(a), "discount": str(a - b)} for n, (x, a, b) in enumerate(zip(lines, amounts, left))],
            "subtotal": str(sum(amounts)), "discounts": given, "discount_total": str(discount_total), "taxes": taxes, "tax_total": str(tax_total),
            "total": str(total), "credits": burns, "credit_total": str(sum(int(b["amount"]) for b in burns)), "amount_due": str(max(due, 0)),
        }])
    return out


for name, rows in {"rate": rates(), "aggregation": aggregations(), "time": prorations() + periods(), "invoice": invoices()}.items():
    with open(f"{name}.json", "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps({"asked": a, "answer": b}) for a, b in rows) + "\n]\n")
    print(name, len(rows))
