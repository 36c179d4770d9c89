import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseDiscount } from '../../shared/domain/invoice/discount.ts';
import { parseTaxDecision } from '../../shared/domain/invoice/taxation.ts';
import { creditable, outstanding } from '../../shared/domain/ledger/money-books.ts';
import type { Account } from '../../shared/domain/revenue/chart.ts';
import { journalOf } from '../../shared/domain/revenue/journal.ts';
import { type Month, monthsFrom } from '../../shared/domain/revenue/months.ts';
import { rollForward } from '../../shared/domain/revenue/roll-forward.ts';
import { roundParts } from '../../shared/domain/revenue/rounding.ts';
import { earnedIn, revenueLines } from '../../shared/domain/revenue/schedule.ts';
import { at, between, RevenueBooks } from '../support/revenue-books.ts';

const decision = (behavior: 'exclusive' | 'inclusive', ...rates: readonly (readonly [string, string])[]) =>
  parseTaxDecision({
    behavior,
    rates: rates.map(([jurisdiction, rate]) => ({ category: 'standard', jurisdiction, rate, treatment: 'taxed' })),
  });
const TAXATIONS = [
  undefined,
  decision('exclusive', ['ca', '0.05'], ['ca-qc', '0.09975']),
  decision('inclusive', ['eu-de', '0.19']),
  decision('inclusive', ['ca', '0.05'], ['ca-qc', '0.09975']),
];
const ZONES = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Auckland'];
const DISCOUNTS = [
  [],
  [parseDiscount({ discount_id: 'third', percent: '0.333', duration: 'forever' })],
  [parseDiscount({ discount_id: 'seven', amount: '777', currency: 'EUR', duration: 'forever' })],
];

/** What happens in one period, from the 15th to the 15th; days count from its first. */
const periods = fc.array(
  fc.record({
    uses: fc.array(
      fc.record({
        day: fc.nat(26),
        quantity: fc.integer({ min: 1, max: 99_999 }),
        unit: fc.constantFrom('0.0033', '0.17', '1'),
      }),
      { maxLength: 5 },
    ),
    fee: fc.option(fc.integer({ min: 1, max: 50_000 })),
    /** the fee is changed on that day to another */
    change: fc.option(fc.record({ day: fc.integer({ min: 1, max: 26 }), fee: fc.integer({ min: 1, max: 50_000 }) })),
    adjustment: fc.option(fc.integer({ min: -20_000, max: 20_000 }).filter((cents) => cents !== 0)),
    interim: fc.boolean(),
    discount: fc.nat(DISCOUNTS.length - 1),
    /** what becomes of the invoices: in the period after */
    after: fc.array(
      fc.record({
        day: fc.nat(26),
        what: fc.constantFrom('pay', 'part', 'note', 'notes', 'void', 'write_off', 'refund', 'credit'),
        which: fc.nat(5),
        share: fc.integer({ min: 1, max: 99 }),
      }),
      { maxLength: 4 },
    ),
  }),
  { minLength: 1, maxLength: 4 },
);
type Periods = typeof periods extends fc.Arbitrary<infer T> ? T : never;

const dated = (month: number, day: number): string =>
  new Date(Date.UTC(2026, month, 15 + day, 12)).toISOString().slice(0, 19).concat('Z');
const decimal = (cents: number): string => {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  const text = `${digits.slice(0, -2)}.${digits.slice(-2)}`.replace(/\.?0+$/, '');
  return cents < 0 ? `-${text}` : text;
};

/** Tells the story; what the books do not allow does not happen. */
function told(story: Periods, taxation: number): RevenueBooks {
  const chosen = TAXATIONS[taxation];
  const books = new RevenueBooks(chosen === undefined ? {} : { taxation: chosen });
  for (const [month, chapter] of story.entries()) {
    const [start, end] = [`2026-0${month + 1}-15`, `2026-0${month + 2}-15`];
    const period = between(start, end);
    const due: { day: number; work: () => void }[] = [];
    const after = month === 0 ? [] : story[month - 1]!.after;
    if (chapter.fee !== null) {
      const fee = decimal(chapter.fee);
      due.push({ day: -1, work: () => books.fee(`${start}T00:00:00Z`, 'advance', period, period, fee) });
      if (chapter.interim) {
        const discounts = DISCOUNTS[chapter.discount]!;
        due.push({ day: -1, work: () => void books.invoice(`${start}T00:00:00Z`, period, { discounts }) });
      }
      if (chapter.change !== null) {
        const { day, fee: other } = chapter.change;
        const rest = between(dated(month, day), end);
        due.push({ day, work: () => books.fee(dated(month, day), 'unused', period, rest, fee) });
        due.push({ day, work: () => books.fee(dated(month, day), 'advance', period, rest, decimal(other)) });
      }
    }
    for (const { day, quantity, unit } of chapter.uses) {
      due.push({ day, work: () => void books.use(period, dated(month, day), String(quantity), unit) });
    }
    if (chapter.adjustment !== null) {
      const amount = decimal(chapter.adjustment);
      due.push({ day: 20, work: () => books.adjust(dated(month, 20), period, amount) });
    }
    for (const act of after) due.push({ day: act.day, work: () => moveMoney(books, dated(month, act.day), act) });
    // An empty period is opened by nothing: it has no invoice either.
    due.push({ day: -2, work: () => books.adjust(`${start}T00:00:00Z`, period, '0.004', 'dust') });
    for (const { work } of due.sort((a, b) => a.day - b.day)) work();
    books.close(`${end}T01:00:00Z`, period, DISCOUNTS[chapter.discount]);
  }
  return books;
}

function moveMoney(books: RevenueBooks, now: string, act: Periods[number]['after'][number]): void {
  const numbers = [...books.invoices.keys()];
  const number = numbers[act.which % numbers.length]!;
  const held = books.books.money.invoices.get(number)!;
  const id = `x${books.texts.length}`;
  const part = (whole: bigint): bigint => (whole * BigInt(act.share)) / 100n;
  const { what } = act;
  if (what === 'pay' && outstanding(held) > 0n) books.pay(now, number, String(outstanding(held)), id);
  if (what === 'part' && part(outstanding(held)) > 0n) books.pay(now, number, String(part(outstanding(held))), id);
  if (what === 'write_off' && outstanding(held) > 0n) books.undo(now, 'write_off', number);
  const isUntouched =
    held.paid === 0n && held.credited === 0n && held.state !== 'uncollectible' && held.state !== 'void';
  if (what === 'void' && isUntouched && held.total > 0n) {
    books.undo(now, 'void', number);
    for (const { grant_id, amount } of books.invoices.get(number)!.credits)
      books.returnCredit(now, grant_id, number, amount);
  }
  if ((what === 'note' || what === 'notes') && creditable(held) > 0n && held.state !== 'uncollectible') {
    const amount = part(creditable(held));
    // Tax may be all that an amount of a few cents comes to, or none of it.
    if (amount > 10n) books.creditNote(now, number, { kind: 'amount', amount });
    if (what === 'notes') books.creditNote(now, number, { kind: 'full' });
  }
  const owed = held.refundable - held.refunded;
  if (what === 'refund' && part(owed) > 0n) books.refund(now, number, String(part(owed)), 'pay', id);
  if (what === 'credit' && owed > 0n) {
    books.refund(now, number, String(owed), 'credit', id);
    books.grant(now, id, String(owed), String(owed), 'credit_note');
  }
}

const sum = (parts: Iterable<bigint>): bigint => [...parts].reduce((all, part) => all + part, 0n);
const [FIRST, LAST] = ['2026-01' as Month, '2026-07' as Month];

describe('whatever happens', function () {
  this.timeout(60_000);

  const always = (law: (books: RevenueBooks, zone: string) => void): void =>
    fc.assert(
      fc.property(periods, fc.nat(TAXATIONS.length - 1), fc.constantFrom(...ZONES), (story, taxation, zone) =>
        law(told(story, taxation), zone),
      ),
      { numRuns: 120 },
    );

  it('what is earned over all months is what was invoiced net of tax, less what was credited net of tax', () => {
    always((books, zone) => {
      const lines = revenueLines(books.history(zone), books.documents);
      const invoiced = [...books.invoices.values()].map(({ total, tax_total }) => BigInt(total) - BigInt(tax_total));
      const notes = [...books.creditNotes.values()].map(({ total, tax_total }) => BigInt(total) - BigInt(tax_total));
      const held = [...books.books.money.invoices.values()].filter(({ state }) => state === 'void');
      const voided = held.map(({ total, taxTotal }) => total - taxTotal);
      const earned = sum(lines.flatMap((line) => [...earnedIn(line).values()]));
      assert.equal(earned, sum(invoiced) - sum(notes) - sum(voided));
      for (const line of lines) assert.equal(sum(line.earned.values()), line.net);
      for (const { reversals } of lines) for (const one of reversals) assert.equal(sum(one.parts.values()), one.net);
    });
  });

  it('every month opens as the one before closed, adds up, and the last closes at nothing', () => {
    always((books, zone) => {
      const lines = revenueLines(books.history(zone), books.documents);
      const rows = rollForward(lines, FIRST, LAST);
      let [opening, asset] = [0n, 0n];
      for (const row of rows) {
        assert.equal(row.opening, opening);
        assert.equal(row.assetOpening, asset);
        assert.equal(row.closing, opening + row.billed - row.billedBefore - row.reversed - row.recognised);
        assert.equal(row.assetClosing, asset + row.accrued - row.billedBefore);
        const month = lines.map((line) => earnedIn(line).get(row.month) ?? 0n);
        assert.equal(row.revenue, sum(month));
        [opening, asset] = [row.closing, row.assetClosing];
      }
      assert.deepEqual([opening, asset], [0n, 0n]);
      // What is deferred is what is still to be earned of what is billed.
      for (const { month, closing } of rows) {
        const billed = lines.filter(({ billedIn }) => billedIn! <= month);
        const taken = (line: (typeof lines)[number]): bigint =>
          sum(line.reversals.filter((one) => one.month > month).flatMap(({ parts }) => [...parts.values()]));
        const later = billed.map(
          (line) => sum([...earnedIn(line)].map(([m, a]) => (m > month ? a : 0n))) + taken(line),
        );
        assert.equal(closing, sum(later));
      }
    });
  });

  it('debits are credits, and the accounts stand where the books and the months do', () => {
    always((books, zone) => {
      const range = { from: FIRST, to: LAST, at: at('2026-08-02') };
      const history = books.history(zone);
      const postings = journalOf(history, books.documents, range);
      const accounts = new Map<Account, bigint>();
      const balance = (account: Account): bigint => accounts.get(account) ?? 0n;
      const rows = rollForward(revenueLines(history, books.documents), FIRST, LAST);
      for (const month of monthsFrom(FIRST, LAST)) {
        for (const { date, lines } of postings) {
          if (!date.startsWith(month)) continue;
          assert.equal(sum(lines.map(({ debit }) => debit)), sum(lines.map(({ credit }) => credit)));
          for (const { account, debit, credit } of lines) accounts.set(account, balance(account) + debit - credit);
        }
        const row = rows.find((one) => one.month === month)!;
        assert.equal(balance('deferred_revenue'), -row.closing, month);
        assert.equal(balance('contract_asset'), row.assetClosing, month);
      }
      const held = [...books.books.money.invoices.values()];
      const { grants } = books.books.money;
      assert.equal(balance('accounts_receivable'), sum(held.map(outstanding)));
      assert.equal(balance('refunds_payable'), -sum(held.map(({ refundable, refunded }) => refundable - refunded)));
      // All credits here were paid for: by an invoice below zero, or by a refund that was kept.
      assert.equal(balance('customer_credits'), -sum([...grants.values()].map((grant) => grant.balance)));
      const taxes = held.map(({ taxTotal, creditedTax, state }) => (state === 'void' ? 0n : taxTotal - creditedTax));
      assert.equal(balance('tax_payable'), -sum(taxes));
      const revenue = (['revenue_usage', 'revenue_fees', 'revenue_adjustments'] as const).map(balance);
      assert.equal(sum(revenue), -sum(rows.map((row) => row.revenue)));
    });
  });

  it('an invoice that is credited in full leaves nothing to earn in any month to come', () => {
    let full = 0;
    always((books, zone) => {
      for (const line of revenueLines(books.history(zone), books.documents)) {
        const last = line.reversals.at(-1);
        const held = books.books.money.invoices.get(line.invoice!)!;
        if (last === undefined || (held.state !== 'void' && held.credited !== held.total)) continue;
        full++;
        const months = [...earnedIn(line)];
        assert.equal(sum(months.map(([, amount]) => amount)), 0n);
        for (const [month, amount] of months) if (month > last.month) assert.equal(amount, 0n);
      }
    });
    assert.ok(full > 0);
  });

  it('rounded parts add up, each less than a unit away, and whatever comes off mirrors what went on', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(-(10n ** 9n), 10n ** 9n), { minLength: 1 }),
        fc.bigInt(1n, 10n ** 6n),
        (parts, over) => {
          const whole = sum(parts);
          // The last part makes the sum a whole number of units.
          const exact = [...parts, ((-whole % over) + over) % over];
          const total = sum(exact) / over;
          const rounded = roundParts(total, exact, over);
          assert.equal(sum(rounded), total);
          for (const [i, one] of rounded.entries()) {
            const off = one * over - exact[i]!;
            assert.ok(off < over && -off < over);
          }
          const back = roundParts(
            -total,
            exact.map((part) => -part),
            over,
          );
          if (total !== 0n)
            assert.deepEqual(
              back,
              rounded.map((one) => -one),
            );
        },
      ),
    );
  });
});
