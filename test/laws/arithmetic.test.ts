import assert from 'node:assert/strict';
import fc from 'fast-check';
import { answer } from '../../shared/domain/engine/answers.ts';
import type { PriceModelJson } from '../../shared/domain/pricing/schema.ts';
import { roundedOnPaper } from '../support/auditor.ts';
import { naivePrice, naiveSum } from '../support/naive-pricing.ts';
import { runs } from './runs.ts';

/** The failures of the field that are arithmetic alone, asked of the engine's entry points. Numbers as in fifteen.test.ts. */

/** @throws where the engine refuses: every question here is a sound one */
function ask<T>(question: object): T {
  const answered = answer(question) as { readonly error?: { readonly detail: string } };
  assert.equal(answered.error, undefined, `${answered.error?.detail}: ${JSON.stringify(question)}`);
  return answered as T;
}
const whole = (amounts: readonly string[]): bigint => amounts.reduce((sum, one) => sum + BigInt(one), 0n);
const money = fc.integer({ min: 1, max: 9_999_999 });
/** `decimal(1234, 2)` is 12.34 */
const decimal = (units: number, places: number): string => {
  const digits = String(units).padStart(places + 1, '0');
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
};

describe('6: a change of plan costs what the time costs', () => {
  const MARCH = { start: Date.UTC(2026, 2, 1), end: Date.UTC(2026, 3, 1) };
  const at = (milliseconds: number): string => new Date(milliseconds).toISOString();
  interface Fees {
    readonly fees: readonly { readonly kind: string; readonly amount: string; readonly at: string }[];
    readonly total: { readonly amount: string };
  }
  const feesOf = (phases: readonly { readonly from: number; readonly price: string }[], timing = 'advance'): Fees =>
    ask({
      ...{ question: 'fees', started_at: at(MARCH.start), timing, currency: 'EUR' },
      calendar: { unit: 'month', anchor: at(MARCH.start) },
      phases: phases.map(({ from, price }) => ({ from: at(from), unit_amount: price })),
      // The last instant of March, so that April is not charged yet; in arrears March is charged when it is over.
      up_to: timing === 'advance' ? at(MARCH.end - 1) : at(MARCH.end),
    });
  const moments = fc
    .uniqueArray(fc.integer({ min: MARCH.start + 1, max: MARCH.end - 2 }), { maxLength: 8 })
    .map((some) => some.toSorted((a, b) => a - b));

  /** What is left of a price from an instant on: a fraction of the month, once to twelve places, half up. */
  const left = (price: string, from: number): bigint => {
    const [units = '', places = ''] = price.split('.');
    const exact = BigInt(units + places.padEnd(12, '0')) * BigInt(MARCH.end - from);
    const length = BigInt(MARCH.end - MARCH.start);
    return (2n * exact + length) / (2n * length);
  };
  const trillionths = (text: string): bigint => {
    const [units = '', places = ''] = text.replace('-', '').split('.');
    return BigInt(units + places.padEnd(12, '0')) * (text.startsWith('-') ? -1n : 1n);
  };

  it('cut into any number of stretches at one price, a month costs that price, in advance and in arrears', () => {
    const property = fc.property(money, moments, fc.constantFrom('advance', 'arrears'), (cents, times, timing) => {
      const price = decimal(cents, 2);
      const phases = [MARCH.start, ...times].map((from) => ({ from, price }));
      assert.equal(trillionths(feesOf(phases, timing).total.amount), trillionths(price));
    });
    fc.assert(property, runs(150));
  });

  it('with any prices in turn it costs each for its own stretch, whatever changed before', () => {
    const changes = fc.tuple(fc.array(money, { minLength: 9, maxLength: 9 }), moments);
    const property = fc.property(changes, ([prices, times]) => {
      const phases = [MARCH.start, ...times].map((from, i) => ({ from, price: decimal(prices[i]!, 2) }));
      const paper = phases.map(
        ({ from, price }, i) => left(price, from) - left(price, phases[i + 1]?.from ?? MARCH.end),
      );
      const { fees, total } = feesOf(phases);
      assert.equal(
        trillionths(total.amount),
        paper.reduce((sum, cost) => sum + cost, 0n),
      );
      // In the order they fall due, nothing is given back that was not charged before.
      let standing = 0n;
      for (const { kind, amount } of fees) {
        standing += trillionths(amount);
        assert.ok(standing >= 0n, `${kind} ${amount} leaves ${standing}`);
      }
    });
    fc.assert(property, runs(150));
  });

  it('there and back at one instant is nothing, and a credit is the rest of what was charged', () => {
    const instant = fc.integer({ min: MARCH.start, max: MARCH.end - 1 });
    const property = fc.property(money, money, instant, (one, other, when) => {
      const [a, b] = [decimal(one, 2), decimal(other, 2)];
      const change = (old_amount: string, new_amount: string) =>
        ask<{ credit: string; debit: string; net: { amount: string } }>({
          ...{ question: 'change', old_amount, new_amount, at: at(when), currency: 'EUR' },
          period: { start: at(MARCH.start), end: at(MARCH.end) },
        });
      const [there, back] = [change(a, b), change(b, a)];
      assert.equal(naiveSum(there.net.amount, back.net.amount), '0');
      assert.equal(trillionths(there.credit), -left(a, when));
      assert.equal(trillionths(there.debit), left(b, when));
      assert.ok(-trillionths(there.credit) <= trillionths(a), 'no more comes back than a whole month costs');
    });
    fc.assert(property, runs(150));
  });
});

describe('10: not a cent too many or too few', () => {
  const currency = fc.constantFrom('EUR', 'JPY', 'KWD');
  const category = fc.constantFrom('standard', 'reduced', 'zero');
  const rates = [
    { jurisdiction: 'home', category: 'standard', rate: '0.19' },
    { jurisdiction: 'home', category: 'reduced', rate: '0.055' },
  ];
  const tax = fc.constantFrom({ behavior: 'exclusive', rates }, { behavior: 'inclusive', rates }, undefined);
  const lines = fc.array(fc.record({ millionths: fc.nat(2_000_000_000), category }), { minLength: 1, maxLength: 9 });
  interface Invoice {
    readonly lines: readonly { readonly exact: string; readonly amount: string; readonly discount: string }[];
    readonly discounts: readonly { readonly amount: string }[];
    readonly taxes: readonly { readonly base: string; readonly amount: string }[];
    readonly subtotal: string;
    readonly discount_total: string;
    readonly tax_total: string;
    readonly total: string;
  }
  interface Notes {
    readonly invoice: { readonly total: string; readonly tax_total: string };
    readonly notes: readonly {
      readonly lines: readonly { readonly line: number; readonly amount: string }[];
      readonly subtotal: string;
      readonly tax_total: string;
      readonly total: string;
    }[];
    readonly left: string;
  }

  it('lines are rounded once and added up; discounts are on lines what they are together; taxes are added or lie within', () => {
    const discounts = fc.constantFrom(
      [],
      [{ discount_id: 'tenth', percent: '0.1' }],
      [
        { discount_id: 'third', percent: '0.3333' },
        { discount_id: 'tenth', percent: '0.1' },
      ],
    );
    const property = fc.property(currency, tax, lines, discounts, (money, terms, some, given) => {
      const invoice = ask<Invoice>({
        ...{ question: 'invoice', currency: money, discounts: given },
        lines: some.map((one) => ({ amount: decimal(one.millionths, 6), tax_category: one.category })),
        ...(terms === undefined ? {} : { tax: terms }),
      });
      const rounded = some.map(({ millionths }) => roundedOnPaper(decimal(millionths, 6), money));
      assert.deepEqual(
        invoice.lines.map(({ amount }) => amount),
        rounded.map(String),
      );
      const subtotal = rounded.reduce((sum, amount) => sum + amount, 0n);
      const discount = whole(invoice.discounts.map(({ amount }) => amount));
      const taxes = whole(invoice.taxes.map(({ amount }) => amount));
      assert.equal(whole(invoice.lines.map((line) => line.discount)), discount);
      const added = terms?.behavior === 'exclusive' ? taxes : 0n;
      assert.deepEqual(
        [invoice.subtotal, invoice.discount_total, invoice.tax_total, invoice.total],
        [subtotal, discount, taxes, subtotal - discount + added].map(String),
      );
      // By hand: a rate on the sum of the discounted lines of its category, rounded once.
      if (terms?.behavior === 'exclusive') {
        const due = rates.map(({ category: kind, rate }) => {
          const base = invoice.lines.reduce(
            (sum, { amount, discount: off }, i) =>
              some[i]!.category === kind ? sum + BigInt(amount) - BigInt(off) : sum,
            0n,
          );
          const thousandths = BigInt(rate.padEnd(5, '0').slice(2));
          return (2n * base * thousandths + 1000n) / 2000n;
        });
        assert.equal(taxes, due[0]! + due[1]!);
      }
    });
    fc.assert(property, runs(200));
  });

  it('in any order the lines come to the same', () => {
    const property = fc.property(currency, tax, lines, fc.nat(8), (money, terms, some, turn) => {
      const totals = (ordered: typeof some): string[] => {
        const { subtotal, tax_total, total } = ask<Invoice>({
          ...{ question: 'invoice', currency: money },
          lines: ordered.map((one) => ({ amount: decimal(one.millionths, 6), tax_category: one.category })),
          ...(terms === undefined ? {} : { tax: terms }),
        });
        return [subtotal, tax_total, total];
      };
      const cut = turn % some.length;
      assert.deepEqual(totals([...some.slice(cut), ...some.slice(0, cut)].reverse()), totals(some));
    });
    fc.assert(property, runs(100));
  });

  it('credit notes, by amount or by line, in any number, are the invoice in the end and at no time more', () => {
    const part = fc.record({ byLine: fc.boolean(), line: fc.nat(8), share: fc.integer({ min: 1, max: 999 }) });
    const amounts = fc.array(fc.record({ amount: fc.integer({ min: 1, max: 50_000 }), category }), {
      minLength: 1,
      maxLength: 6,
    });
    const property = fc.property(
      currency,
      tax,
      amounts,
      fc.array(part, { maxLength: 7 }),
      (money, terms, some, parts) => {
        const question = {
          ...{ question: 'credit_notes', currency: money },
          lines: some.map(({ amount, category: kind }) => ({ amount: String(amount), tax_category: kind })),
          ...(terms === undefined ? {} : { tax: terms }),
        };
        const notes: object[] = [];
        const ofLines = some.map(({ amount }) => BigInt(amount));
        for (const { byLine, line, share } of parts) {
          const { left } = ask<Notes>({ ...question, notes });
          const which = line % some.length;
          const wanted = ((byLine ? ofLines[which]! : BigInt(left)) * BigInt(share)) / 1000n;
          if (wanted <= 0n) continue;
          const asked = byLine ? { lines: [{ line: which, amount: String(wanted) }] } : { amount: String(wanted) };
          const made = ask<Notes>({ ...question, notes: [...notes, asked] });
          notes.push(asked);
          for (const credited of made.notes.at(-1)!.lines) ofLines[credited.line]! -= BigInt(credited.amount);
          if (!byLine) assert.equal(made.notes.at(-1)!.total, String(wanted));
          assert.ok(BigInt(made.left) >= 0n && ofLines.every((amount) => amount >= 0n));
        }
        const before = ask<Notes>({ ...question, notes });
        const end = before.left === '0' ? before : ask<Notes>({ ...question, notes: [...notes, {}] });
        assert.equal(whole(end.notes.map(({ total }) => total)), BigInt(end.invoice.total));
        assert.equal(whole(end.notes.map(({ tax_total }) => tax_total)), BigInt(end.invoice.tax_total));
        assert.equal(end.left, '0');
      },
    );
    fc.assert(property, runs(150));
  });
});

describe('12: every event is priced by exactly one cell, and a crowd costs what its members cost', () => {
  const unit = fc.integer({ min: 1, max: 900 }).map((cents) => decimal(cents, 3));
  const model: fc.Arbitrary<Exclude<PriceModelJson, { type: 'percentage' | 'minimum' }>> = fc.oneof(
    unit.map((unit_amount) => ({ type: 'per_unit' as const, unit_amount })),
    fc.tuple(unit, unit, fc.integer({ min: 1, max: 40 })).map(([one, other, edge]) => ({
      type: 'graduated' as const,
      tiers: [
        { up_to: String(edge), unit_amount: one, flat_amount: '1' },
        { up_to: null, unit_amount: other },
      ],
    })),
    fc.tuple(unit, fc.integer({ min: 1, max: 7 })).map(([amount, size]) => ({
      ...{ type: 'package' as const, size: String(size), amount },
    })),
  );
  const REGIONS = ['eu', 'us', 'sa', 'apac'];
  const event = fc.record({ hundredths: fc.integer({ min: 1, max: 2000 }), region: fc.constantFrom(...REGIONS) });
  interface Answer {
    readonly cells: readonly {
      readonly cell: string;
      readonly aggregate: string;
      readonly total: { amount: string };
    }[];
    readonly total: { readonly amount: string };
  }
  const rate = (models: readonly PriceModelJson[], events: readonly { hundredths: number; region: string }[]): Answer =>
    ask({
      ...{ question: 'rate', currency: 'EUR' },
      matrix: {
        cells: models.slice(0, 3).map((one, i) => ({ match: { region: REGIONS[i]! }, model: one })),
        otherwise: models[3],
      },
      events: events.map(({ hundredths, region }) => ({ quantity: decimal(hundredths, 2), properties: { region } })),
    });
  const models = fc.array(model, { minLength: 4, maxLength: 4 });

  it('one by one, in any order, or all of a cell at once: the same sum, and the naive price of each cell’s total', () => {
    const some = fc.array(fc.tuple(event, fc.nat()), { minLength: 1, maxLength: 25 });
    const property = fc.property(models, some, (prices, drawn) => {
      const events = drawn.map(([one]) => one);
      const shuffled = drawn.toSorted(([, a], [, b]) => a - b).map(([one]) => one);
      const sums = new Map(
        REGIONS.flatMap((region) => {
          const own = events.filter((one) => one.region === region);
          return own.length === 0 ? [] : [[region, own.reduce((sum, { hundredths }) => sum + hundredths, 0)] as const];
        }),
      );
      const together = [...sums].map(([region, hundredths]) => ({ region, hundredths }));
      const answered = rate(prices, events);
      assert.equal(rate(prices, shuffled).total.amount, answered.total.amount);
      assert.equal(rate(prices, together).total.amount, answered.total.amount);
      const paper = [...sums].map(([region, sum]) => naivePrice(prices[REGIONS.indexOf(region)]!, decimal(sum, 2)));
      assert.equal(answered.total.amount, naiveSum(...paper));
      // Each event is in one cell: what cells have counted is what was sent.
      assert.equal(
        naiveSum(...answered.cells.map(({ aggregate }) => aggregate)),
        naiveSum(...events.map(({ hundredths }) => decimal(hundredths, 2))),
      );
    });
    fc.assert(property, runs(200));
  });

  it('cells of which two fit an event are refused, not both charged', () => {
    const property = fc.property(model, model, fc.constantFrom(...REGIONS), (one, other, region) => {
      const asked = {
        question: 'rate',
        matrix: {
          cells: [
            { match: { region }, model: one },
            { match: { size: 'l' }, model: other },
          ],
        },
        events: [{ quantity: '1', properties: { region, size: 'l' } }],
      };
      assert.equal((answer(asked) as { error?: { code: string } }).error?.code, 'invalid_price');
    });
    fc.assert(property, runs(30));
  });
});
