import assert from 'node:assert/strict';
import { sha256Base64url } from '../../shared/domain/digest.ts';
import { reckon } from '../../shared/domain/invoice/assemble.ts';
import {
  type CreditNoteDocument,
  type CreditRequest,
  creditNoteBytes,
  creditNoteDigest,
  makeCreditNote,
} from '../../shared/domain/invoice/credit-note.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { type DecidedTaxation, parseTaxDecision } from '../../shared/domain/invoice/taxation.ts';
import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { refusalOf } from '../support/refusal.ts';

const rate = (category: string, jurisdiction: string, fraction: string, treatment = 'taxed') => ({
  category,
  jurisdiction,
  rate: fraction,
  treatment,
});
/** Two jurisdictions tax what is standard; food is exempt, what goes abroad is taxed there. */
const TEXAS = parseTaxDecision({
  behavior: 'exclusive',
  rates: [
    ...[rate('standard', 'us-tx', '0.06'), rate('standard', 'us-tx-houston', '0.06')],
    ...[rate('food', 'us-tx', '0', 'exempt'), rate('abroad', 'us-tx', '0', 'reverse_charge')],
  ],
});
const GERMANY = (behavior: 'exclusive' | 'inclusive') =>
  parseTaxDecision({ behavior, rates: [rate('standard', 'eu-de', '0.19'), rate('reduced', 'eu-de', '0.07')] });

type Line = readonly [category: string, amount: bigint, discount?: bigint];

function invoiceOf(lines: readonly Line[], taxed: DecidedTaxation): InvoiceDocument {
  const net = lines.map(([taxCategory, amount, discount = 0n], i) => ({
    name: `m${i}`,
    taxCategory,
    amount: amount - discount,
  }));
  const { taxes, taxTotal, total } = reckon(parseCurrency('EUR'), net, [], taxed, [], '');
  return {
    ...{ ledger: 'ledger.example', tenant: 'acme', number: 'INV-1', currency: 'EUR' },
    lines: lines.map(([tax_category, amount, discount = 0n], i) => ({
      meter: `m${i}`,
      amount: String(amount),
      discount: String(discount),
      tax_category,
    })),
    ...{ tax_behavior: taxed.behavior, tax_decision: taxed.digest, tax_total: String(taxTotal), total: String(total) },
    taxes: taxes.map((row) => ({ ...row, base: String(row.base), amount: String(row.amount) })),
  } as unknown as InvoiceDocument;
}

/** Notes one after the other, as `lines | taxes | total`. */
function notesOf(invoice: InvoiceDocument, taxed: DecidedTaxation, ...requests: CreditRequest[]): string[] {
  const notes: CreditNoteDocument[] = [];
  for (const request of requests) {
    notes.push(makeCreditNote(invoice, notes, request, taxed, { number: 'CN-1', issuedAt: '', reason: 'goodwill' }));
  }
  return notes.map(({ lines, taxes, total }) => {
    const rows = taxes.map((row) => `${row.jurisdiction} ${row.rate} ${row.treatment} of ${row.base}: ${row.amount}`);
    return [lines.map(({ line, amount }) => `${line}: ${amount}`).join(', '), ...rows, total].join(' | ');
  });
}
const lines = (...asked: { readonly line: number; readonly amount?: bigint }[]): CreditRequest => ({
  kind: 'lines',
  lines: asked,
});
const amount = (of: bigint): CreditRequest => ({ kind: 'amount', amount: of });
const FULL: CreditRequest = { kind: 'full' };

describe('credit notes of 100.00 less 10.00 at 6 % and 6 %, 50.00 of food and 20.00 abroad', () => {
  // 90.00 + 50.00 + 20.00 + 5.40 + 5.40 = 170.80.
  const invoice = invoiceOf(
    [
      ['standard', 10_000n, 1000n],
      ['food', 5000n],
      ['abroad', 2000n],
    ],
    TEXAS,
  );
  const none = ['us-tx 0 exempt of 0: 0', 'us-tx 0 reverse_charge of 0: 0'];

  it('take back line by line what each line owed, to whom it was owed', () => {
    assert.equal(invoice.total, '17080');
    assert.deepEqual(
      notesOf(
        invoice,
        TEXAS,
        lines({ line: 0, amount: 3000n }),
        lines({ line: 1 }),
        lines({ line: 2, amount: 500n }),
        FULL,
      ),
      [
        ['0: 3000', 'us-tx 0.06 taxed of 3000: 180', 'us-tx-houston 0.06 taxed of 3000: 180', ...none, '3360'].join(
          ' | ',
        ),
        ['1: 5000', 'us-tx 0 exempt of 5000: 0', 'us-tx 0 reverse_charge of 0: 0', '5000'].join(' | '),
        ['2: 500', 'us-tx 0 exempt of 0: 0', 'us-tx 0 reverse_charge of 500: 0', '500'].join(' | '),
        [
          '0: 6000, 2: 1500',
          'us-tx 0.06 taxed of 6000: 360',
          'us-tx-houston 0.06 taxed of 6000: 360',
          'us-tx 0 exempt of 0: 0',
          'us-tx 0 reverse_charge of 1500: 0',
          '8220',
        ].join(' | '),
      ],
    );
  });

  it('over half of it take back half of each: 45.00, 25.00, 10.00 and 2.70 for each jurisdiction', () => {
    assert.deepEqual(notesOf(invoice, TEXAS, amount(8540n)), [
      [
        '0: 4500, 1: 2500, 2: 1000',
        'us-tx 0.06 taxed of 4500: 270',
        'us-tx-houston 0.06 taxed of 4500: 270',
        'us-tx 0 exempt of 2500: 0',
        'us-tx 0 reverse_charge of 1000: 0',
        '8540',
      ].join(' | '),
    ]);
  });

  it('over all of it, as an amount or in words, are the same', () => {
    assert.deepEqual(notesOf(invoice, TEXAS, amount(17_080n)), notesOf(invoice, TEXAS, FULL));
  });
});

describe('credit notes of an invoice with a line below zero', () => {
  // 100.00 - 10.00 + 19.00 - 0.70 = 108.30.
  const taxed = GERMANY('exclusive');
  const invoice = invoiceOf(
    [
      ['standard', 10_000n],
      ['reduced', -1000n],
    ],
    taxed,
  );

  it('over all of it undo that line, too', () => {
    assert.deepEqual(notesOf(invoice, taxed, FULL), [
      '0: 10000, 1: -1000 | eu-de 0.19 taxed of 10000: 1900 | eu-de 0.07 taxed of -1000: -70 | 10830',
    ]);
  });

  it('over half of it come out of what is above zero: 9.15 tax and 45.00; the rest is the other half', () => {
    const [half, rest] = notesOf(invoice, taxed, amount(5415n), FULL);
    // 100.00 x 9.15 / 19.00 = 48.157...
    assert.equal(half, '0: 4500 | eu-de 0.19 taxed of 4816: 915 | 5415');
    assert.equal(rest, '0: 5500, 1: -1000 | eu-de 0.19 taxed of 5500: 985 | eu-de 0.07 taxed of -1000: -70 | 5415');
  });
});

describe('credit notes of prices that contain the tax', () => {
  it('over 59.50 of 119.00 + 59.50 hold a third of the 28.50: 9.50', () => {
    const taxed = GERMANY('inclusive');
    const invoice = invoiceOf(
      [
        ['standard', 11_900n],
        ['standard', 5950n],
      ],
      taxed,
    );
    // 59.50 x 119.00 / 178.50 = 39.666..., 19.833...
    assert.deepEqual(notesOf(invoice, taxed, amount(5950n)), [
      '0: 3967, 1: 1983 | eu-de 0.19 taxed of 5000: 950 | 5950',
    ]);
  });
});

describe('a credit note is refused', () => {
  const taxed = GERMANY('exclusive');
  const invoice = invoiceOf(
    [
      ['standard', 10_000n],
      ['standard', 5000n],
    ],
    taxed,
  );
  const TABLE: readonly [says: string, ...requests: CreditRequest[]][] = [
    ['over nothing', amount(0n)],
    ['over less than nothing', amount(-1n)],
    ['over a cent more than the invoice', amount(17_851n)],
    ['after the last one', FULL, FULL],
    ['over a cent, after the last one', FULL, amount(1n)],
    ['over nothing of a line', lines({ line: 0, amount: 0n })],
    ['over less than nothing of a line', lines({ line: 0, amount: -1n })],
    ['over a cent more than a line', lines({ line: 1, amount: 5001n })],
    ['over a line of which nothing is left', lines({ line: 0 }), lines({ line: 0 })],
    ['without a line', lines()],
  ];
  for (const [says, ...requests] of TABLE) {
    it(says, () => {
      assert.deepEqual(
        refusalOf(() => notesOf(invoice, taxed, ...requests)),
        { code: 'credit_exceeds_invoice', param: 'amount' },
      );
    });
  }

  it('over a line that is not there, or named twice', () => {
    for (const asked of [lines({ line: 2 }), lines({ line: 0, amount: 1n }, { line: 0, amount: 1n })]) {
      assert.deepEqual(
        refusalOf(() => notesOf(invoice, taxed, asked)),
        { code: 'invalid_parameter', param: 'lines' },
      );
    }
  });

  it('but not over all of a line, nor over the last cent', () => {
    assert.equal(notesOf(invoice, taxed, lines({ line: 1, amount: 5000n }), amount(11_899n), amount(1n)).length, 3);
  });
});

describe('the document of a credit note', () => {
  it('says whose it is and what it takes back, and is known by the digest of its bytes', () => {
    const taxed = GERMANY('exclusive');
    const invoice = invoiceOf([['standard', 10_000n]], taxed);
    const note = makeCreditNote(invoice, [], FULL, taxed, {
      number: 'CN-7',
      issuedAt: '2026-04-02',
      reason: 'goodwill',
    });
    assert.deepEqual(note, {
      ...{ v: '1', typ: 'credit_note', ledger: 'ledger.example', tenant: 'acme', number: 'CN-7', invoice: 'INV-1' },
      ...{ currency: 'EUR', issued_at: '2026-04-02', reason: 'goodwill' },
      lines: [{ line: '0', meter: 'm0', amount: '10000' }],
      ...{ subtotal: '10000', tax_behavior: 'exclusive', tax_decision: taxed.digest },
      taxes: [{ jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed', base: '10000', amount: '1900' }],
      ...{ tax_total: '1900', total: '11900' },
    });
    assert.equal(creditNoteDigest(note), sha256Base64url(creditNoteBytes(note)));
  });
});
