import { divideRounded } from '../decimals.ts';
import type { Sequence } from '../ids.ts';
import type { EntryOf } from '../ledger/kinds.ts';
import type { Instant } from '../time.ts';
import { documentOf, noteOf, type RevenueDocuments } from './documents.ts';
import type { RevenueHistory } from './history.ts';
import type { Month } from './months.ts';
import { roundParts, sumOf } from './rounding.ts';
import type { RevenueLine } from './schedule.ts';

/** What a credit note or a void takes back of a line. Minor units, net of tax, above zero for a line above zero. */
export interface Reversal {
  /** its entry */
  readonly seq: Sequence;
  readonly kind: 'credit_note' | 'void';
  /** of the credit note; of a void the invoice's */
  readonly number: string;
  readonly month: Month;
  readonly net: bigint;
  /** of it, what is no longer earned in each month: all of the past at once in `month`; adds up to `net` */
  readonly parts: ReadonlyMap<Month, bigint>;
}

/** Shares are cut to so many places before they become minor units; a share of everything is exact. */
const SHARE = 10n ** 12n;

/** What of a line was taken back so far. */
interface Taken {
  /** minor units as the credit notes say it: with the tax, where prices contain it */
  gross: bigint;
  net: bigint;
  readonly byMonth: Map<Month, bigint>;
}

/**
 * What credit notes and voids take back, by line. A price that is lowered afterwards lowers at once what was earned already,
 * and later what is still to be earned, each in proportion (IFRS 15.87-88; ASC 606-10-32-42 to 32-43). An invoice that is credited
 * in full, by any number of notes, or void, leaves no revenue in any month to come, and none in sum.
 */
export function reversalsOf(
  lines: readonly RevenueLine[],
  history: RevenueHistory,
  documents: RevenueDocuments,
): Map<RevenueLine, Reversal[]> {
  const byInvoice = Map.groupBy(lines, ({ invoice }) => invoice!);
  const digests = new Map(history.issued.map(({ entry }) => [entry.number, entry.invoice_digest]));
  const found = new Map<RevenueLine, Reversal[]>(lines.map((line) => [line, []]));
  const taken = new Map<RevenueLine, Taken>();
  const takenOf = (line: RevenueLine): Taken => {
    const held = taken.get(line) ?? { gross: 0n, net: 0n, byMonth: new Map<Month, bigint>() };
    taken.set(line, held);
    return held;
  };
  for (const entry of history.moves) {
    if (entry.typ !== 'credit_note' && entry.typ !== 'void') continue;
    const own = byInvoice.get(entry.number) ?? [];
    const month = history.calendar.monthOf(entry.recorded_at as Instant);
    const number = entry.typ === 'void' ? entry.number : entry.credit_note;
    const shares =
      entry.typ === 'void' ? own.map(({ net }) => net) : noteShares(entry, own, takenOf, documents, digests);
    for (const [i, line] of own.entries()) {
      const net = shares[i]!;
      if (net === 0n) continue;
      const held = takenOf(line);
      held.net += net;
      const parts = partsOf(line, held, net, month);
      for (const [at, part] of parts) held.byMonth.set(at, (held.byMonth.get(at) ?? 0n) + part);
      found.get(line)!.push({ seq: Number(entry.seq), kind: entry.typ, number, month, net, parts });
    }
  }
  return found;
}

/** What a credit note takes of each line, net of tax: of a line that is credited as far as it goes, all that is left. */
function noteShares(
  entry: EntryOf<'credit_note'>,
  lines: readonly RevenueLine[],
  takenOf: (line: RevenueLine) => Taken,
  documents: RevenueDocuments,
  digests: ReadonlyMap<string, string>,
): bigint[] {
  const note = noteOf(entry.credit_note, entry.note_digest, documents);
  const invoice = documentOf(entry.number, digests.get(entry.number) ?? '', documents);
  const shares = lines.map(() => 0n);
  const targets = note.lines.map(({ line, amount }) => {
    const place = Number(line);
    const { amount: whole, discount } = invoice.lines[place]!;
    const held = takenOf(lines[place]!);
    held.gross += BigInt(amount);
    const gross = BigInt(whole) - BigInt(discount);
    // A share is of something above zero: a credit of a credit has both signs turned.
    const sign = gross < 0n ? -1n : 1n;
    const upTo = divideRounded(lines[place]!.net * held.gross * SHARE * sign, gross * sign);
    return { place, part: upTo - held.net * SHARE };
  });
  const net = BigInt(entry.amount) - BigInt(entry.tax_total);
  const rounded = roundParts(
    net,
    targets.map(({ part }) => part),
    SHARE,
  );
  for (const [i, { place }] of targets.entries()) shares[place] = rounded[i]!;
  return shares;
}

/** Months to come lose their share of all that is taken back so far; the rest is taken at once. */
function partsOf(line: RevenueLine, held: Taken, net: bigint, month: Month): Map<Month, bigint> {
  const later = [...line.earned].filter(([at]) => at > month);
  const sign = line.net < 0n ? -1n : 1n;
  const whole = line.net * sign;
  if (whole === 0n) return new Map([[month, net]]);
  const wanted = later.map(([at, earned]) => earned * held.net * sign - (held.byMonth.get(at) ?? 0n) * whole);
  const rounded = roundParts(net, [net * whole - sumOf(wanted), ...wanted], whole);
  const parts = [month, ...later.map(([at]) => at)].map((at, i) => [at, rounded[i]!] as const);
  return new Map(parts.filter(([, part]) => part !== 0n));
}
