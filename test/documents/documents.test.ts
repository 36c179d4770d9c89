import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { documentHtml } from '../../shared/documents/html.ts';
import { labelsOf } from '../../shared/documents/labels.ts';
import { documentPdf } from '../../shared/documents/pdf.ts';
import { creditorReference, isCreditorReference } from '../../shared/documents/reference.ts';
import { type Movement, statementOf, statementView } from '../../shared/documents/statement.ts';
import { majorUnits, Texts } from '../../shared/documents/texts.ts';
import { creditNoteUbl, invoiceUbl } from '../../shared/documents/ubl.ts';
import { creditNoteView, invoiceView } from '../../shared/documents/view.ts';
import type { CreditNoteDocument } from '../../shared/domain/invoice/credit-note.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { refusalOf } from '../support/refusal.ts';
import { frame, GERMAN_RATES, GREEK, INVOICE, line } from '../support/sample-invoice.ts';

/** What a reader sees of a PDF, page by page. */
async function pagesOf(pdf: Buffer): Promise<string[]> {
  const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const document = await getDocument({ data: new Uint8Array(pdf), verbosity: 0 }).promise;
  const pages: string[] = [];
  for (let i = 1; i <= document.numPages; i++) {
    const { items } = await (await document.getPage(i)).getTextContent();
    pages.push(items.map((item) => ('str' in item ? item.str : '')).join('|'));
  }
  await document.destroy();
  return pages;
}
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');
const NOTE: CreditNoteDocument = {
  ...{ v: '1', typ: 'credit_note', ledger: 'ledger.example.com', tenant: 'acme', number: 'CN-INV-2026-000001' },
  ...{ invoice: INVOICE.number, currency: 'EUR', issued_at: '2026-04-05T10:00:00.000000Z', reason: 'correction' },
  lines: [{ line: '0', meter: 'base', amount: '1000' }],
  ...{ subtotal: '1000', tax_behavior: 'exclusive', tax_decision: 'x' },
  taxes: [{ jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed', base: '1000', amount: '190' }],
  ...{ tax_total: '190', total: '1190' },
};

describe('an invoice on paper', () => {
  it('says in German what 31.00 + 2.00 + 6.27 = 39.27 come from, who owes it to whom, and until when', async () => {
    const [page, ...more] = (await pagesOf(await documentPdf(invoiceView(INVOICE, frame())))).map(plain);
    assert.deepEqual(more, []);
    for (const text of [
      ...['Rechnung', 'INV-2026-000042', '01.04.2026', '01.03.2026 – 31.03.2026', '15.04.2026', 'PO-4711'],
      ...['Northwind Metering GmbH', 'Lindenallee 7', '10407 Berlin', 'Deutschland', 'DE136695976'],
      ...['Ωμέγα Μετρήσεις ΑΕ', 'Οδός Ερμού 1', '105 57 Αθήνα', 'Griechenland', 'EL094259216'],
      ...['Im Voraus: base', '31,00 EUR', 'Zählerstand 0 bis 20', '2,00 EUR', 'Einträge 3 bis 22 des Hauptbuchs'],
      ...['33,00 EUR', '6,27 EUR', '19 %', '39,27 EUR', 'IBAN DE75 5121 0800 1245 1261 99', 'Seite 1 von 1'],
      'https://billing.example.com/api/v1/billing/evidence/INV-2026-000042',
    ])
      assert.ok(page!.includes(text), `${text} in ${page}`);
  });

  it('is the same in HTML, where everything is said once more to a screen reader and nothing can run', () => {
    const page = plain(documentHtml(invoiceView(INVOICE, frame())));
    for (const text of ['<html lang="de-DE">', 'scope="col"', '<svg', '39,27 EUR', 'Ωμέγα Μετρήσεις ΑΕ'])
      assert.ok(page.includes(text), text);
    assert.doesNotMatch(page, /<script|\bon[a-z]+=|(?:src|url\()\s*=?["']?https?:/i);
  });

  it('escapes whatever a customer calls itself', () => {
    const page = documentHtml(
      invoiceView(INVOICE, frame({ ...GREEK, legal_name: `<img src=x onerror="alert('1')"> & Co` })),
    );
    assert.ok(page.includes('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; Co'));
    assert.doesNotMatch(page, /<img/);
  });

  it('has a thousand lines on pages that each say which they are, with the head of the table on each', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => line(`meter-${i}`, '1'));
    const pages = await pagesOf(await documentPdf(invoiceView({ ...INVOICE, lines }, frame())));
    assert.ok(pages.length > 20, `${pages.length} pages`);
    for (const [i, page] of pages.entries()) assert.ok(page.includes(`Seite ${i + 1} von ${pages.length}`));
    assert.equal(pages.filter((page) => page.includes('Bezeichnung')).length >= pages.length - 1, true);
    const all = pages.join('|');
    for (let i = 0; i < 1000; i++) assert.ok(all.includes(`meter-${i} `), `meter-${i}`);
  }).timeout(30_000);

  it('has the same bytes in every process, whatever its zone and language', async () => {
    const script = `
      import { createHash } from 'node:crypto';
      import { documentHtml } from './shared/documents/html.ts';
      import { documentPdf } from './shared/documents/pdf.ts';
      import { invoiceUbl } from './shared/documents/ubl.ts';
      import { invoiceView } from './shared/documents/view.ts';
      import { frame, GERMAN_RATES, INVOICE } from './test/support/sample-invoice.ts';
      const view = invoiceView(INVOICE, frame());
      const all = [documentHtml(view), await documentPdf(view), invoiceUbl(INVOICE, GERMAN_RATES, frame())];
      console.log(all.map((one) => createHash('sha256').update(one).digest('hex')).join());`;
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const digests = await Promise.all(
      [
        ['UTC', 'C'],
        ['Pacific/Kiritimati', 'tr_TR.UTF-8'],
      ].map(async ([TZ, LANG]) => {
        const env = { ...process.env, TZ, LANG, LC_ALL: LANG };
        return (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: root, env }))
          .stdout;
      }),
    );
    assert.match(digests[0]!, /^[0-9a-f]{64},[0-9a-f]{64},[0-9a-f]{64}\n$/);
    assert.equal(digests[1], digests[0]);
  }).timeout(30_000);

  it('says why nothing is charged, and what credit has paid', () => {
    const reverse: InvoiceDocument = {
      ...INVOICE,
      taxes: [{ jurisdiction: 'eu-gr', rate: '0', treatment: 'reverse_charge', base: '3300', amount: '0' }],
      ...{
        tax_total: '0',
        total: '3300',
        credits: [{ grant_id: 'g', amount: '3300' }],
        credit_total: '3300',
        amount_due: '0',
      },
    };
    const view = invoiceView(reverse, frame());
    assert.deepEqual(view.notes, [labelsOf('de').reverse_charge]);
    assert.deepEqual(view.payTo, []);
    const sums = view.sums.map(({ label, amount }) => `${label} ${plain(amount)}`);
    assert.deepEqual(sums.slice(-2), ['Aus Guthaben bezahlt -33,00 EUR', 'Zu zahlen 0,00 EUR']);
  });

  it('knows what a share of a period is: 15/31, not 0.48', () => {
    const prorated = {
      ...INVOICE,
      lines: [
        line('base', '1500', { kind: 'arrears', quantity: '1', numerator: '15', denominator: '31', exact: '15' }),
      ],
    };
    assert.ok(invoiceView(prorated, frame()).lines[0]!.arithmetic.includes('Anteil am vollen Zeitraum 15/31'));
  });

  it('of a credit note names the invoice that it corrects: 10.00 + 1.90 = 11.90', async () => {
    const [page] = (await pagesOf(await documentPdf(creditNoteView(NOTE, frame())))).map(plain);
    for (const text of ['Gutschrift', 'CN-INV-2026-000001', 'INV-2026-000042', '10,00 EUR', '1,90 EUR', '11,90 EUR'])
      assert.ok(page!.includes(text), text);
  });

  it('speaks English where nobody has translated it, with numbers as they are written there', () => {
    const view = invoiceView(INVOICE, frame({ ...GREEK, locale: 'el-GR' }));
    assert.equal(view.title, 'Invoice');
    assert.equal(plain(view.sums.at(-1)!.amount), '39,27 EUR');
  });
});

describe('amounts on documents', () => {
  it('are exact however large: no number of the machine is in between', () => {
    assert.equal(majorUnits('-123456789012345678901', 2), '-1234567890123456789.01');
    assert.equal(majorUnits('5', 2), '0.05');
    assert.equal(majorUnits('1185', 0), '1185');
    assert.equal(
      plain(new Texts('en', 'UTC', 'EUR').money('123456789012345678901')),
      'EUR 1,234,567,890,123,456,789.01',
    );
    assert.equal(plain(new Texts('en', 'UTC', 'JPY').money('1185')), 'JPY 1,185');
    assert.equal(plain(new Texts('en', 'UTC', 'KWD').money('1735')), 'KWD 1.735');
  });

  it('have a payment reference with right check digits, for whatever number: RF18539007547034 is ISO’s own example', () => {
    assert.equal(creditorReference('539007547034'), 'RF18539007547034');
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z]{1,6}-[0-9]{4}-[0-9]{6}$/), (number) => {
        const reference = creditorReference(number);
        assert.ok(isCreditorReference(reference));
        assert.ok(!isCreditorReference(reference.replace(/.$/, (last) => (last === '9' ? '8' : '9'))));
      }),
    );
  });
});

describe('an electronic invoice (EN 16931, UBL 2.1)', () => {
  const parser = new XMLParser({ ignoreAttributes: false, parseTagValue: false });

  it('states the same sums to programs: 33.00, 6.27, 39.27, due on 15 April', () => {
    const xml = invoiceUbl(INVOICE, GERMAN_RATES, frame());
    assert.equal(XMLValidator.validate(xml), true);
    const { Invoice } = parser.parse(xml);
    const totals = Invoice['cac:LegalMonetaryTotal'];
    assert.deepEqual(
      [
        totals['cbc:LineExtensionAmount']['#text'],
        Invoice['cac:TaxTotal']['cbc:TaxAmount']['#text'],
        totals['cbc:TaxInclusiveAmount']['#text'],
        totals['cbc:PayableAmount']['#text'],
        Invoice['cbc:DueDate'],
        Invoice['cac:TaxTotal']['cac:TaxSubtotal']['cac:TaxCategory']['cbc:Percent'],
      ],
      ['33.00', '6.27', '39.27', '39.27', '2026-04-15', '19.00'],
    );
    assert.deepEqual(
      [Invoice['cac:InvoicePeriod']['cbc:StartDate'], Invoice['cac:InvoicePeriod']['cbc:EndDate']],
      ['2026-03-01', '2026-03-31'],
    );
  });

  it('has discounts in the lines, credit in what is paid, and what was given back as a quantity below nothing', () => {
    const invoice: InvoiceDocument = {
      ...INVOICE,
      lines: [line('base', '3100', { discount: '100' }), line('old', '-500', { kind: 'unused' })],
      ...{ subtotal: '2600', discount_total: '100' },
      taxes: [{ jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed', base: '2500', amount: '475' }],
      ...{ tax_total: '475', total: '2975', credit_total: '1000', amount_due: '1975' },
    };
    const { Invoice } = parser.parse(invoiceUbl(invoice, GERMAN_RATES, frame()));
    assert.deepEqual(
      Invoice['cac:InvoiceLine'].map((one: Record<string, Record<string, string>>) => [
        one['cbc:InvoicedQuantity']!['#text'],
        one['cbc:LineExtensionAmount']!['#text'],
      ]),
      [
        ['1', '30.00'],
        ['-1', '-5.00'],
      ],
    );
    const totals = Invoice['cac:LegalMonetaryTotal'];
    assert.deepEqual([totals['cbc:PrepaidAmount']['#text'], totals['cbc:PayableAmount']['#text']], ['10.00', '19.75']);
  });

  it('takes prices that contain the tax apart: 119.00 and 59.50 hold 28.50, and the lines are 100.00 and 50.00', () => {
    const invoice: InvoiceDocument = {
      ...INVOICE,
      tax_behavior: 'inclusive',
      lines: [line('a', '11900'), line('b', '5950')],
      subtotal: '17850',
      taxes: [{ jurisdiction: 'eu-de', rate: '0.19', treatment: 'taxed', base: '15000', amount: '2850' }],
      ...{ tax_total: '2850', total: '17850', amount_due: '17850' },
    };
    const { Invoice } = parser.parse(invoiceUbl(invoice, GERMAN_RATES, frame()));
    assert.deepEqual(
      Invoice['cac:InvoiceLine'].map(
        (one: Record<string, Record<string, string>>) => one['cbc:LineExtensionAmount']!['#text'],
      ),
      ['100.00', '50.00'],
    );
    assert.equal(Invoice['cac:LegalMonetaryTotal']['cbc:TaxInclusiveAmount']['#text'], '178.50');
  });

  it('of a credit note is one, with the invoice before it: 11.90', () => {
    const { CreditNote } = parser.parse(creditNoteUbl(NOTE, INVOICE, GERMAN_RATES, frame()));
    assert.deepEqual(
      [
        CreditNote['cbc:CreditNoteTypeCode'],
        CreditNote['cac:BillingReference']['cac:InvoiceDocumentReference']['cbc:ID'],
        CreditNote['cac:LegalMonetaryTotal']['cbc:TaxInclusiveAmount']['#text'],
      ],
      ['381', 'INV-2026-000042', '11.90'],
    );
  });

  it('that the standard has no place for is refused: two taxes on a line, three decimals', () => {
    const two = [...GERMAN_RATES, { category: 'standard', jurisdiction: 'ca-qc', rate: '0.09975', treatment: 'taxed' }];
    assert.equal(refusalOf(() => invoiceUbl(INVOICE, two, frame()))?.code, 'invalid_parameter');
    assert.throws(() => invoiceUbl({ ...INVOICE, currency: 'KWD' }, GERMAN_RATES, frame()), /BR-DEC-/);
  });

  it('breaks no rule, whatever was sold at whatever rates, with or without the tax in the price', () => {
    const rates = [
      ...GERMAN_RATES,
      { category: 'reduced', jurisdiction: 'eu-de', rate: '0.07', treatment: 'taxed' },
      { category: 'exempt', jurisdiction: 'eu-de', rate: '0', treatment: 'exempt' },
    ];
    const sold = fc.array(
      fc.record({
        category: fc.constantFrom('standard', 'reduced', 'exempt'),
        amount: fc.integer({ min: -5000, max: 100_000 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(sold, fc.boolean(), (lines, isInclusive) => {
        const row = ({ category, rate, treatment, jurisdiction }: (typeof rates)[number]) => {
          const own = lines.filter((one) => one.category === category);
          if (own.length === 0) return [];
          const sum = own.reduce((all, { amount }) => all + amount, 0);
          const hundredths = category === 'standard' ? 19 : category === 'reduced' ? 7 : 0;
          // Half away from zero, on whole numbers.
          const of = (top: number, bottom: number): number =>
            Math.sign(top) * Math.floor((2 * Math.abs(top) + bottom) / (2 * bottom));
          const tax = isInclusive ? of(sum * hundredths, 100 + hundredths) : of(sum * hundredths, 100);
          return [
            { jurisdiction, rate, treatment, base: String(isInclusive ? sum - tax : sum), amount: String(tax + 0) },
          ];
        };
        const taxes = rates.flatMap(row);
        const subtotal = lines.reduce((all, { amount }) => all + amount, 0);
        const tax = taxes.reduce((all, { amount }) => all + Number(amount), 0);
        const total = isInclusive ? subtotal : subtotal + tax;
        const invoice: InvoiceDocument = {
          ...INVOICE,
          lines: lines.map(({ category, amount }, i) => line(`m${i}`, String(amount), { tax_category: category })),
          ...{
            subtotal: String(subtotal),
            tax_behavior: isInclusive ? 'inclusive' : 'exclusive',
            taxes,
            tax_total: String(tax),
          },
          ...{ total: String(total), amount_due: String(Math.max(total, 0)) },
        };
        // It throws where a rule is broken.
        assert.ok(invoiceUbl(invoice, rates, frame()).length > 0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a statement of account', () => {
  const move = (kind: Movement['kind'], day: string, amount: bigint, invoice = 'INV-1'): Movement => ({
    at: `${day}T00:00:00.000000Z`,
    kind,
    invoice,
    name: kind,
    amount,
  });
  const march = {
    currency: 'EUR',
    from: '2026-03-01T00:00:00.000000Z',
    to: '2026-04-01T00:00:00.000000Z',
    termsDays: 14,
  };

  it('opens with 100.00, adds 50.00, takes 100.00 and 10.00 away, and closes with 40.00, due for two weeks', () => {
    const statement = statementOf(
      [
        move('invoice', '2026-02-01', 10000n),
        move('invoice', '2026-03-01', 5000n, 'INV-2'),
        move('payment', '2026-03-05', 10000n),
        move('credit_note', '2026-03-20', 1000n, 'INV-2'),
        move('payment', '2026-04-02', 4000n, 'INV-2'),
      ],
      march,
    );
    assert.deepEqual([statement.opening, statement.closing], [10000n, 4000n]);
    assert.deepEqual(
      statement.movements.map(({ change, balance }) => [change, balance]),
      [
        [5000n, 15000n],
        [-10000n, 5000n],
        [-1000n, 4000n],
      ],
    );
    // Issued on 1 March, due on the 15th, 17 days ago on 1 April.
    assert.deepEqual(
      Object.entries(statement.ageing).filter(([, amount]) => amount !== 0n),
      [['1-30', 4000n]],
    );
  });

  it('whatever has happened: opening and movements are the closing balance, and so are the ages', () => {
    const kinds = fc.constantFrom('payment', 'refund', 'credit_note', 'write_off') as fc.Arbitrary<Movement['kind']>;
    const moves = fc.array(
      fc.tuple(kinds, fc.integer({ min: 1, max: 120 }), fc.bigInt(1n, 10_000n), fc.constantFrom('A', 'B', 'C')),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(moves, (later) => {
        const day = (n: number): string => new Date(Date.UTC(2026, 0, n)).toISOString().slice(0, 10);
        const all = [
          ...['A', 'B', 'C'].map((name, i) => move('invoice', day(i + 1), 5000n, name)),
          ...later.map(([kind, n, amount, name]) => move(kind, day(n + 3), amount, name)),
        ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
        const { opening, movements, closing, ageing } = statementOf(all, march);
        assert.equal(opening + movements.reduce((sum, { change }) => sum + change, 0n), closing);
        assert.equal(
          Object.values(ageing).reduce((sum, amount) => sum + amount, 0n),
          closing,
        );
      }),
    );
  });

  it('is a document like the others', async () => {
    const statement = statementOf([move('invoice', '2026-03-01', 5000n)], march);
    const [page] = (await pagesOf(await documentPdf(statementView(statement, frame())))).map(plain);
    for (const text of ['Kontoauszug', '01.03.2026 – 01.04.2026', '50,00 EUR', 'Saldo'])
      assert.ok(page!.includes(text), `${text} in ${page}`);
  });
});
