import type { InvoiceDocument, InvoiceLine } from '../invoice/invoice.ts';
import type { SealRecord } from '../ledger/kinds.ts';
import { type Currency, parseCurrency } from '../money/currency.ts';
import { moneyText } from '../money/money.ts';

export interface ReportFacts {
  readonly invoice: InvoiceDocument;
  readonly seal: SealRecord;
  /** entries in the bundle */
  readonly entries: number;
  /** the key that signed the checkpoint */
  readonly kid: string;
}

const RULE = '-'.repeat(78);

/** The bundle's own account of itself, for a person who is no engineer. It is covered by the manifest's signature. */
export function reportText({ invoice, seal, entries, kid }: ReportFacts): string {
  const currency = parseCurrency(invoice.currency);
  const [from, to] = invoice.period.split('/') as [string, string];
  const receipts = invoice.lines.reduce((all, line) => all + Number(line.count), 0);
  return [
    `EVIDENCE FOR INVOICE ${invoice.number}`,
    RULE,
    `Customer      ${invoice.tenant} (subscription ${invoice.subscription})`,
    `Billed period ${day(from)} up to, but not including, ${day(to)} (UTC)`,
    `Issued        ${day(invoice.issued_at)}`,
    `Total         ${money(invoice.total, currency)}`,
    '',
    'WHAT WAS BILLED',
    RULE,
    ...invoice.lines.flatMap((line) => lineText(line, invoice, currency)),
    `Sum of the lines                       ${money(invoice.subtotal, currency)}`,
    `Discounts                              ${money(invoice.discount_total, currency)}`,
    `Taxes                                  ${money(invoice.tax_total, currency)}`,
    `Total                                  ${money(invoice.total, currency)}`,
    '',
    'WHAT THIS FILE PROVES',
    RULE,
    `The bundle holds ${entries} entries of the customer's ledger, ${receipts} of which are summed above.`,
    'Every entry names the one before it by a fingerprint of its exact bytes. Changing, removing, adding or moving a',
    'single entry would break that chain, and the fingerprint of the whole was signed:',
    '',
    `  seal number  ${seal.n} of ledger ${seal.ledger}`,
    `  made         ${day(seal.at)}`,
    `  signed with  key ${kid}`,
    '',
    'Every amount can be computed again from the usage in its entry and the price document in the folder "prices".',
    'Amounts are exact until the invoice line; each line was rounded once, halves away from zero.',
    '',
    'HOW TO CHECK IT',
    RULE,
    'You need this file, the verifier, and a pinned file that you got from somewhere else than this bundle (it holds',
    'the public keys). No network and no trust in whoever sent the bundle is needed:',
    '',
    '  node verify-bundle.mjs BUNDLE.tar --pinned PINNED.json',
    '',
    'It answers PASS or FAIL for each claim. The format is public (docs/receipt-format.md of the project), so you can',
    'also have a verifier written by somebody you trust.',
    '',
    'WHAT IT DOES NOT PROVE',
    RULE,
    'The ledger proves what was recorded and that nobody changed it afterwards. Whether the usage itself took place is',
    'shown by comparing the receipts with your own records: each carries a commitment to the event that was sent.',
    '',
  ].join('\n');
}

function lineText(line: InvoiceLine, invoice: InvoiceDocument, currency: Currency): string[] {
  const late =
    line.period === invoice.period ? '' : ` (late usage of the period from ${day(line.period.slice(0, 27))})`;
  const base = line.base === '0' ? '' : `, base price ${currency} ${line.base} included`;
  return [
    `${line.meter}, price ${line.price_ref}${late}`,
    `    measured from ${line.before} to ${line.after}${base}; ${line.count} ${line.count === '1' ? 'entry' : 'entries'}, numbers ${line.first_seq} to ${line.last_seq}`,
    `    exactly ${currency} ${line.exact}, rounded to ${money(line.amount, currency)}`,
    '',
  ];
}

const money = (minorUnits: string, currency: Currency): string =>
  moneyText({ currency, minorUnits: BigInt(minorUnits) });
const day = (instant: string): string => `${instant.slice(0, 10)} ${instant.slice(11, 19)}`;
