import assert from 'node:assert/strict';
import type { Grant } from '../../shared/domain/credit/burn.ts';
import { type Amount, parsePrice } from '../../shared/domain/decimals.ts';
import { sha256Base64url } from '../../shared/domain/digest.ts';
import { parseDiscount } from '../../shared/domain/invoice/discount.ts';
import {
  foldInvoice,
  type InvoiceFrame,
  type InvoiceTerms,
  invoiceBytes,
  invoiceDigest,
  NO_TERMS,
} from '../../shared/domain/invoice/invoice.ts';
import { parseTaxDecision } from '../../shared/domain/invoice/taxation.ts';
import { Books, type LineKind, type OpenPeriod } from '../../shared/domain/ledger/books.ts';

const [FEBRUARY, MARCH, APRIL] = ['02', '03', '04'].map(
  (month) => `2026-${month}-01T00:00:00.000000Z/2026-0${Number(month) + 1}-01T00:00:00.000000Z`,
) as [string, string, string];
const DIGEST = 'A'.repeat(43);
/** Thousandths of a euro, exact. */
const mills = (thousandths: bigint): Amount => (thousandths * 10n ** 21n) as Amount;
const FRAME: InvoiceFrame = {
  ...{ ledger: 'ledger.example', tenant: 'acme', number: 'INV-1', kind: 'period' },
  ...{ issuedAt: '2026-04-01T00:00:00.000000Z', closeSeq: 40 },
};
const TENTH = parseDiscount({ discount_id: 'tenth', percent: '0.1', duration: 'forever' });
const VAT = parseTaxDecision({
  behavior: 'exclusive',
  rates: [{ category: 'standard', jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed' }],
});
const grant = (id: string, balance: bigint): Grant => ({ id, balance, priority: 0, expiresAt: '', seq: 1 });

function single(
  books: Books,
  open: OpenPeriod,
  kind: LineKind,
  meter: string,
  period: string,
  thousandths: bigint,
): void {
  const price = kind === 'adjustment' ? '' : `${meter}@1`;
  const share = kind === 'adjustment' ? '' : '1';
  const line = {
    kind,
    meter,
    period,
    priceRef: price,
    priceDigest: price && DIGEST,
    taxCategory: 'standard',
    quantity: share,
    numerator: share,
    denominator: share,
  };
  books.postSingle(open, line, mills(thousandths), 20, mills(kind === 'true_up' ? 3005n : 0n));
}

/** March of a customer, posted back to front: a line of every kind. @param from number of the first entry */
function march(from = 10, calls = 2005n): OpenPeriod {
  const books = new Books();
  const open = books.openPeriod('main', MARCH, 'EUR', 5);
  const usage = (meter: string, period: string) => ({
    meter,
    period,
    priceRef: `${meter}@1`,
    priceDigest: DIGEST,
    taxCategory: 'standard',
  });
  single(books, open, 'adjustment', 'goodwill', MARCH, -1500n);
  single(books, open, 'true_up', 'floor', MARCH, 20_000n);
  books.postCharge(open, usage('calls', FEBRUARY), { before: '7', after: '9', amount: mills(1000n), seq: from });
  books.postCharge(open, usage('calls', MARCH), {
    before: '0',
    after: '1',
    amount: mills(calls - 1000n),
    seq: from + 1,
  });
  books.postCharge(open, usage('calls', MARCH), { before: '1', after: '2', amount: mills(500n), seq: from + 2 });
  books.postBaseFee(open, usage('calls', MARCH), mills(500n), from + 3);
  single(books, open, 'advance', 'seats', APRIL, 31_000n);
  single(books, open, 'arrears', 'support', MARCH, 5000n);
  single(books, open, 'unused', 'seats', MARCH, -10_000n);
  return open;
}

describe('an invoice of a line of every kind', () => {
  const terms: InvoiceTerms = {
    discounts: [{ terms: TENTH, used: 2 }],
    taxation: VAT,
    grants: [grant('empty', 0n), grant('gift', 2000n)],
  };
  const invoice = foldInvoice(march(), FRAME, terms);

  it('has them in the order a reader looks for them: fees, own usage, late usage, true-ups, adjustments', () => {
    assert.deepEqual(
      invoice.lines.map(({ kind, meter, period }) => `${kind} ${meter} ${period.slice(5, 7)}`),
      [
        'unused seats 03',
        'arrears support 03',
        'advance seats 04',
        'usage calls 03',
        'usage calls 02',
        'true_up floor 03',
        'adjustment goodwill 03',
      ],
    );
  });

  it('rounds each once: 2.005 are 2.01', () => {
    assert.deepEqual(
      invoice.lines.map(({ exact, amount }) => `${exact} ${amount}`),
      ['-10 -1000', '5 500', '31 3100', '2.005 201', '1 100', '20 2000', '-1.5 -150'],
    );
  });

  it('sums up: 47.51 - 4.75 (10 %) = 42.76, 19 % of it are 8.12, 50.88 in all, 20.00 of it from a credit', () => {
    assert.deepEqual(
      [
        invoice.subtotal,
        invoice.discount_total,
        invoice.tax_total,
        invoice.total,
        invoice.credit_total,
        invoice.amount_due,
      ],
      ['4751', '475', '812', '5088', '2000', '3088'],
    );
    assert.deepEqual(invoice.discounts, [
      { discount_id: 'tenth', discount_digest: TENTH.digest, nth: '3', base: '4751', amount: '475' },
    ]);
    assert.deepEqual(invoice.taxes, [
      { jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed', base: '4276', amount: '812' },
    ]);
    assert.deepEqual(invoice.credits, [{ grant_id: 'gift', amount: '2000' }]);
    assert.deepEqual([invoice.tax_behavior, invoice.tax_decision], ['exclusive', VAT.digest]);
  });

  it('takes the discount from lines above zero: 4.75 x 5.00 / 59.01 are 0.40, and so on, the spare cents to the largest rests', () => {
    assert.deepEqual(
      invoice.lines.map(({ discount }) => discount),
      ['0', '40', '250', '16', '8', '161', '0'],
    );
  });

  it('says of a line which entries it sums, of usage where the aggregate stood', () => {
    assert.deepEqual(invoice.lines[3], {
      ...{
        kind: 'usage',
        meter: 'calls',
        price_ref: 'calls@1',
        price_digest: DIGEST,
        period: MARCH,
        tax_category: 'standard',
      },
      ...{
        quantity: '',
        numerator: '',
        denominator: '',
        first_seq: '11',
        last_seq: '13',
        count: '3',
        before: '0',
        after: '2',
      },
      ...{ base: '0.5', exact: '2.005', amount: '201', discount: '16' },
    });
    assert.deepEqual(invoice.lines[5], {
      ...{
        kind: 'true_up',
        meter: 'floor',
        price_ref: 'floor@1',
        price_digest: DIGEST,
        period: MARCH,
        tax_category: 'standard',
      },
      ...{
        quantity: '1',
        numerator: '1',
        denominator: '1',
        first_seq: '20',
        last_seq: '20',
        count: '1',
        before: '0',
        after: '0',
      },
      ...{ base: '3.005', exact: '20', amount: '2000', discount: '161' },
    });
  });

  it('says whose it is, and what it closes', () => {
    const { v, typ, kind, ledger, tenant, number, subscription, period, currency, issued_at, close_seq } = invoice;
    assert.deepEqual(
      [v, typ, kind, ledger, tenant, number],
      ['1', 'invoice', 'period', 'ledger.example', 'acme', 'INV-1'],
    );
    assert.deepEqual(
      [subscription, period, currency, issued_at, close_seq],
      ['main', MARCH, 'EUR', FRAME.issuedAt, '40'],
    );
    assert.equal(foldInvoice(march(), { ...FRAME, kind: 'interim', closeSeq: undefined }, terms).close_seq, '');
  });

  it('is known by the digest of its canonical bytes', () => {
    assert.equal(invoiceDigest(invoice), sha256Base64url(invoiceBytes(invoice)));
  });
});

describe('an invoice and its preview', () => {
  const terms = { ...NO_TERMS, taxation: VAT };
  const contentOf = (open: OpenPeriod, frame: Partial<InvoiceFrame> = {}, with_: InvoiceTerms = terms): string =>
    foldInvoice(open, { ...FRAME, ...frame }, with_).content;

  it('have one content, whatever the number, the time of issue and the places in the ledger', () => {
    const preview = contentOf(march(90), {
      number: 'PREVIEW',
      issuedAt: '2026-03-20T00:00:00.000000Z',
      closeSeq: undefined,
    });
    assert.equal(preview, contentOf(march()));
  });

  it('have another where an amount, the kind, the customer or the tax is another', () => {
    const contents = [
      contentOf(march()),
      contentOf(march(10, 2015n)),
      contentOf(march(), { kind: 'final' }),
      contentOf(march(), { tenant: 'other' }),
      contentOf(march(), {}, NO_TERMS),
    ];
    assert.equal(new Set(contents).size, contents.length);
  });
});

describe('an invoice without terms', () => {
  it('names no tax where none was decided, or none is on its lines', () => {
    const reduced = parseTaxDecision({
      behavior: 'inclusive',
      rates: [{ category: 'reduced', jurisdiction: 'eu-de', rate: '0.07', treatment: 'taxed' }],
    });
    for (const taxation of [undefined, reduced]) {
      const { tax_behavior, tax_decision, taxes, tax_total, total, amount_due } = foldInvoice(march(), FRAME, {
        ...NO_TERMS,
        taxation,
      });
      assert.deepEqual([tax_behavior, tax_decision, taxes, tax_total], ['', '', [], '0']);
      assert.deepEqual([total, amount_due], ['4751', '4751']);
    }
  });

  it('of nothing is over nothing', () => {
    const open = new Books().openPeriod('main', MARCH, 'JPY', 5);
    const { lines, subtotal, total, amount_due } = foldInvoice(open, FRAME, NO_TERMS);
    assert.deepEqual([lines, subtotal, total, amount_due], [[], '0', '0', '0']);
  });

  it('below zero leaves nothing due: it is what the customer gets', () => {
    const books = new Books();
    const open = books.openPeriod('main', MARCH, 'EUR', 5);
    single(books, open, 'unused', 'seats', MARCH, -10_000n);
    const { total, amount_due, credits } = foldInvoice(open, FRAME, { ...NO_TERMS, grants: [grant('gift', 500n)] });
    assert.deepEqual([total, amount_due, credits], ['-1000', '0', []]);
  });
});

describe('a discount that comes to nothing', () => {
  it('is not given, and not used up by it', () => {
    const elsewhere = parseDiscount({ discount_id: 'other', percent: '0.5', covers: ['storage'] });
    const terms = { ...NO_TERMS, discounts: [elsewhere, TENTH].map((one) => ({ terms: one, used: 0 })) };
    const { discounts } = foldInvoice(march(), FRAME, terms);
    assert.deepEqual(
      discounts.map(({ discount_id, nth }) => [discount_id, nth]),
      [['tenth', '1']],
    );
    assert.equal(TENTH.percent, parsePrice('0.1', 'test'));
  });
});
