import assert from 'node:assert/strict';
import fc from 'fast-check';
import { reckon, type Taxation } from '../../shared/domain/invoice/assemble.ts';
import {
  type CreditNoteDocument,
  type CreditRequest,
  leftOf,
  makeCreditNote,
} from '../../shared/domain/invoice/credit-note.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { refusalOf } from '../support/refusal.ts';

const EUR = parseCurrency('EUR');
const RATES: Readonly<Record<string, bigint>> = { standard: 19n, reduced: 7n };

/** Tax per rate on the sum of its lines, half away from zero: written for the test alone. */
function taxation(behavior: Taxation['behavior']): Taxation {
  return {
    behavior,
    taxesOn: (lines) =>
      Object.entries(RATES).flatMap(([category, percent]) => {
        const held = lines.filter((line) => line.category === category);
        if (held.length === 0) return [];
        const base = held.reduce((sum, { amount }) => sum + amount, 0n);
        const over = behavior === 'exclusive' ? 100n : 100n + percent;
        const doubled = base * percent * 2n;
        const amount = doubled >= 0n ? (doubled + over) / (over * 2n) : -((-doubled + over) / (over * 2n));
        return [
          { jurisdiction: 'eu-de', rate: `0.${String(percent).padStart(2, '0')}`, treatment: 'taxed', base, amount },
        ];
      }),
  };
}

interface Line {
  readonly amount: bigint;
  readonly category: string;
}

/** An invoice of these lines, as far as a credit note looks at one. */
function invoiceOf(lines: readonly Line[], taxed: Taxation | undefined): InvoiceDocument {
  const rounded = lines.map(({ amount, category }, i) => ({ name: `m${i}`, amount, taxCategory: category }));
  const reckoned = reckon(EUR, rounded, [], taxed, [], '2026-04-01T00:00:00.000000Z');
  return {
    ledger: 'ledger.example',
    tenant: 'acme',
    number: 'INV-1',
    currency: 'EUR',
    lines: rounded.map((one) => ({
      meter: one.name,
      amount: String(one.amount),
      discount: '0',
      tax_category: one.taxCategory,
    })),
    tax_behavior: taxed?.behavior ?? '',
    tax_decision: '',
    taxes: reckoned.taxes.map((row) => ({ ...row, base: String(row.base), amount: String(row.amount) })),
    tax_total: String(reckoned.taxTotal),
    total: String(reckoned.total),
  } as unknown as InvoiceDocument;
}

const FRAME = { number: 'CN-1', issuedAt: '2026-04-02T00:00:00.000000Z', reason: 'goodwill' };
const noteOf = (
  invoice: InvoiceDocument,
  earlier: readonly CreditNoteDocument[],
  request: CreditRequest,
  taxed?: Taxation,
): CreditNoteDocument => makeCreditNote(invoice, earlier, request, taxed, FRAME);
const standard = (amount: bigint): Line => ({ amount, category: 'standard' });

describe('a credit note', () => {
  const taxed = taxation('exclusive');
  const invoice = invoiceOf([standard(10000n), standard(5000n), { amount: 2000n, category: 'reduced' }], taxed);

  it('is of an invoice over 150.00 at 19 % (28.50) and 20.00 at 7 % (1.40): 199.90', () => {
    assert.equal(invoice.total, '19990');
  });

  it('over all of it takes back 199.90, of which 29.90 is tax', () => {
    const note = noteOf(invoice, [], { kind: 'full' }, taxed);
    assert.deepEqual([note.subtotal, note.tax_total, note.total], ['17000', '2990', '19990']);
  });

  it('over the second line takes back 50.00 and 9.50 tax', () => {
    const note = noteOf(invoice, [], { kind: 'lines', lines: [{ line: 1 }] }, taxed);
    assert.deepEqual([note.subtotal, note.tax_total, note.total], ['5000', '950', '5950']);
    assert.deepEqual(
      note.taxes.map(({ rate, base }) => [rate, base]),
      [['0.19', '5000']],
    );
  });

  it('over 59.50 with its tax takes back 50.60 net and 8.90 tax: 59.50 x 29.90 / 199.90 = 8.8998', () => {
    const note = noteOf(invoice, [], { kind: 'amount', amount: 5950n }, taxed);
    assert.deepEqual([note.subtotal, note.tax_total, note.total], ['5060', '890', '5950']);
  });

  it('cannot take back more than is left: two of 100.00 fit into 199.90 only once', () => {
    const first = noteOf(invoice, [], { kind: 'amount', amount: 10000n }, taxed);
    assert.equal(
      refusalOf(() => noteOf(invoice, [first], { kind: 'amount', amount: 10000n }, taxed))?.code,
      'credit_exceeds_invoice',
    );
    const rest = noteOf(invoice, [first], { kind: 'full' }, taxed);
    assert.equal(rest.total, '9990');
    assert.equal(
      refusalOf(() => noteOf(invoice, [first, rest], { kind: 'full' }, taxed))?.code,
      'credit_exceeds_invoice',
    );
  });

  it('of three thirds of 3 x 0.33 at 19 %: tax 0.06, 0.13 - 0.06, 0.19 - 0.13; together the invoice’s 0.19', () => {
    // 0.33 x 0.19 = 0.0627; 0.66 x 0.19 = 0.1254; 0.99 x 0.19 = 0.1881.
    const small = invoiceOf([standard(33n), standard(33n), standard(33n)], taxed);
    const notes: CreditNoteDocument[] = [];
    for (const line of [2, 0, 1]) notes.push(noteOf(small, notes, { kind: 'lines', lines: [{ line }] }, taxed));
    assert.deepEqual(
      notes.map(({ tax_total }) => tax_total),
      ['6', '7', '6'],
    );
    assert.equal(small.tax_total, '19');
  });

  it('of prices that contain the tax takes back what was paid: 119.00 has 19.00 in it', () => {
    const inside = taxation('inclusive');
    const note = noteOf(invoiceOf([standard(11900n)], inside), [], { kind: 'full' }, inside);
    assert.deepEqual([note.subtotal, note.tax_total, note.total], ['11900', '1900', '11900']);
  });

  it('names a line that is there, once, and not more than it holds', () => {
    for (const lines of [
      [{ line: 9 }],
      [{ line: 0 }, { line: 0 }],
      [{ line: 0, amount: 10001n }],
      [{ line: 0, amount: 0n }],
    ]) {
      assert.ok(refusalOf(() => noteOf(invoice, [], { kind: 'lines', lines }, taxed)) !== undefined);
    }
  });

  it('law: however many notes in whatever order, and a last one, add up to the invoice: net, tax by rate, total', () => {
    const lines = fc.array(
      fc.record({ amount: fc.bigInt(1n, 100_000n), category: fc.constantFrom('standard', 'reduced') }),
      { minLength: 1, maxLength: 6 },
    );
    const step = fc.record({
      kind: fc.constantFrom('lines', 'amount'),
      at: fc.nat(),
      share: fc.integer({ min: 1, max: 99 }),
    });
    fc.assert(
      fc.property(
        lines,
        fc.constantFrom('exclusive', 'inclusive', 'none'),
        fc.array(step, { maxLength: 8 }),
        (given, behavior, steps) => {
          const rates = behavior === 'none' ? undefined : taxation(behavior as Taxation['behavior']);
          const bill = invoiceOf(given, rates);
          const notes: CreditNoteDocument[] = [];
          for (const { kind, at, share } of steps) {
            const left = leftOf(bill, notes);
            const line = at % given.length;
            const part = (whole: bigint): bigint => (whole * BigInt(share)) / 100n;
            const amount = kind === 'lines' ? part(left.lines[line]!) : part(left.total);
            if (amount <= 0n) continue;
            notes.push(
              noteOf(
                bill,
                notes,
                kind === 'lines' ? { kind, lines: [{ line, amount }] } : { kind: 'amount', amount },
                rates,
              ),
            );
          }
          if (leftOf(bill, notes).total > 0n) notes.push(noteOf(bill, notes, { kind: 'full' }, rates));
          const sum = (of: (note: CreditNoteDocument) => string): bigint =>
            notes.reduce((all, note) => all + BigInt(of(note)), 0n);
          assert.equal(
            sum(({ total }) => total),
            BigInt(bill.total),
          );
          assert.equal(
            sum(({ tax_total }) => tax_total),
            BigInt(bill.tax_total),
          );
          const left = leftOf(bill, notes);
          assert.ok([...left.lines, ...left.taxes, left.total].every((part) => part === 0n));
          assert.ok(notes.every(({ total }) => BigInt(total) > 0n));
        },
      ),
      { numRuns: 500 },
    );
  });
});
