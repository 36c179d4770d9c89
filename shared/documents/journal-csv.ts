import { stringify } from 'csv-stringify/sync';
import { minorUnitPlaces, parseCurrency } from '../domain/money/currency.ts';
import { ACCOUNTS, type Chart } from '../domain/revenue/chart.ts';
import type { Posting } from '../domain/revenue/posting.ts';

const COLUMNS = [
  'posting',
  'date',
  'seq',
  'kind',
  'reference',
  'account',
  'account_name',
  'jurisdiction',
  'currency',
  'debit',
  'credit',
] as const;

/**
 * A journal as CSV (RFC 4180: CRLF, a header, quotes where needed), one line per side of a posting, for the programs of
 * bookkeepers. Amounts are in the currency's main unit with all its places, the other side is empty. UTF-8 without a byte-order
 * mark; the same postings give the same bytes.
 *
 * A text that a spreadsheet would take for a formula is in quotes with an apostrophe before it (OWASP, "CSV Injection"). So is one
 * that has apostrophes there already: whoever takes one away again wherever this pattern fits has the text as it was.
 */
export function journalCsv(postings: readonly Posting[], chart: Chart): Buffer {
  const rows = postings.flatMap(({ date, seq, kind, reference, currency, lines }, i) =>
    lines.map(({ account, jurisdiction, debit, credit }) => [
      String(i + 1),
      date,
      String(seq),
      kind,
      reference,
      chart[account],
      ACCOUNTS[account].name,
      jurisdiction,
      currency,
      amountText(debit, currency),
      amountText(credit, currency),
    ]),
  );
  const cells = [[...COLUMNS], ...rows.map((row) => row.map(harmless))];
  // A CR or an LF alone is in quotes, too (RFC 4180 section 2, rule 6): readers take either for the end of a line.
  const text = stringify(cells, { record_delimiter: '\r\n', quoted_match: /^'|[\r\n]/ });
  return Buffer.from(text, 'utf8');
}

/** The signs that begin a formula, as ASCII and in full width, and white space that a spreadsheet strips before it looks. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const harmless = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** `12.30`: programs that read columns want the same places in each. */
function amountText(minorUnits: bigint, currency: string): string {
  if (minorUnits === 0n) return '';
  const places = minorUnitPlaces(parseCurrency(currency));
  if (places === 0) return String(minorUnits);
  const digits = String(minorUnits).padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
