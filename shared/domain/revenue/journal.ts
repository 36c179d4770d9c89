import { unhandled } from '../errors.ts';
import type { EntryOf } from '../ledger/kinds.ts';
import type { Instant } from '../time.ts';
import { REVENUE_OF } from './chart.ts';
import { CreditCosts } from './credit-costs.ts';
import { noteOf, type RevenueDocuments } from './documents.ts';
import type { MoneyMove, RevenueHistory } from './history.ts';
import { lastDayOf, type Month, monthsFrom } from './months.ts';
import { type Posting, Sides } from './posting.ts';
import type { Reversal } from './reversals.ts';
import { type RevenueLine, revenueLines } from './schedule.ts';

export interface JournalRange {
  readonly from: Month;
  /** included */
  readonly to: Month;
  /** what a month earned is posted once it is over by this instant */
  readonly at: Instant;
}

/**
 * The journal of some months, ascending by date, then by the ledger's order; what a month has earned stands on its last day,
 * behind that day's entries.
 *
 * - An invoice claims its total, owes its taxes to whoever levies them, clears what was accrued before, and defers the rest;
 *   at the end of each month what it earned leaves the deferred revenue. So the balance of deferred revenue is that of
 *   `rollForward` at the end of every month.
 * - A credit note or void takes back what was earned at once, the rest out of deferred revenue, and its taxes. What had been
 *   paid is owed to the customer.
 * - Credits that the customer has paid for are a liability until they are used (IFRS 15.106; ASC 606-10-45-2); what is left of
 *   them at their end is earned (IFRS 15.B46; ASC 606-10-55-48). Credits that were given away lower revenue when they are used:
 *   consideration payable to a customer (IFRS 15.70; ASC 606-10-32-25).
 * - A write-off is bad debt, an expense of all that is outstanding, tax included; whether the tax comes back is for a tax
 *   return to say (Directive 2006/112/EC, article 90).
 *
 * @throws RangeError as `revenueLines`
 */
export function journalOf(history: RevenueHistory, documents: RevenueDocuments, range: JournalRange): Posting[] {
  const lines = revenueLines(history, documents);
  const postings = [...movePostings(history, documents, lines, range), ...monthEndPostings(lines, history, range)];
  return postings
    .filter((posting) => posting.lines.length > 0)
    .map((posting) => ({ posting, place: placeOf(posting) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ posting }) => posting);
}

/** Where a posting stands in its journal: no two share a place, and the order of the texts is that of the postings. */
export function placeOf({ date, kind, seq }: Posting): string {
  const rank = kind === 'accrual' ? 1 : kind === 'recognition' ? 2 : 0;
  return `${date} ${rank} ${String(seq).padStart(16, '0')}`;
}

/** What revenue's lines say about the entries that move them. */
interface Behind {
  readonly documents: RevenueDocuments;
  readonly invoiced: ReadonlyMap<number, readonly RevenueLine[]>;
  readonly taxes: ReadonlyMap<string, readonly EntryOf<'tax'>[]>;
  readonly reversed: ReadonlyMap<number, readonly { readonly line: RevenueLine; readonly reversal: Reversal }[]>;
  readonly costs: CreditCosts;
  /** credits that stand in for what the customer was owed already, by what that was */
  readonly owed: Map<string, 'invoice' | 'refund'>;
}

function movePostings(
  history: RevenueHistory,
  documents: RevenueDocuments,
  lines: readonly RevenueLine[],
  { from, to }: JournalRange,
): Posting[] {
  const reversals = lines.flatMap((line) => line.reversals.map((reversal) => ({ line, reversal })));
  const behind: Behind = {
    documents,
    invoiced: Map.groupBy(
      lines.filter(({ invoice }) => invoice !== undefined),
      ({ seq }) => seq,
    ),
    taxes: new Map(history.issued.map(({ entry, taxes }) => [entry.number, taxes])),
    reversed: Map.groupBy(reversals, ({ reversal }) => reversal.seq),
    costs: new CreditCosts(),
    owed: new Map(),
  };
  return history.moves.flatMap((entry) => {
    // Also what lies before is gone through: what a credit cost is known from its grant on.
    const sides = sidesOf(entry, behind);
    const at = entry.recorded_at as Instant;
    const month = history.calendar.monthOf(at);
    if (month < from || month > to) return [];
    const { typ: kind, currency } = entry;
    const date = history.calendar.dayOf(at);
    return [{ date, seq: Number(entry.seq), kind, reference: referenceOf(entry), currency, lines: sides.lines() }];
  });
}

function referenceOf(entry: MoneyMove): string {
  if (entry.typ === 'credit_note') return entry.credit_note;
  return entry.typ === 'credit_grant' || entry.typ === 'credit_expiry' ? entry.grant_id : entry.number;
}

function sidesOf(entry: MoneyMove, behind: Behind): Sides {
  const sides = new Sides();
  const { costs, owed } = behind;
  if (entry.typ === 'invoice') return invoiceSides(entry, behind);
  const amount = BigInt(entry.amount);
  switch (entry.typ) {
    case 'credit_use':
    case 'credit_return': {
      const used = entry.typ === 'credit_use' ? amount : -amount;
      const paid = costs.use(entry.grant_id, used);
      return sides
        .debit('customer_credits', paid)
        .debit('promotional_credits', used - paid)
        .credit('accounts_receivable', used);
    }
    case 'credit_grant': {
      const cost = BigInt(entry.cost_basis);
      costs.grant(entry.grant_id, amount, cost);
      const instead = owed.get(entry.grant_id);
      // The refund in whose place it stands has posted it.
      if (instead === 'refund') return sides;
      return sides.debit(instead === 'invoice' ? 'accounts_receivable' : 'cash', cost).credit('customer_credits', cost);
    }
    case 'credit_expiry': {
      const paid = costs.use(entry.grant_id, amount);
      return sides.debit('customer_credits', paid).credit('credit_breakage', paid);
    }
    case 'credit_note': {
      const refundable = BigInt(entry.refundable);
      const note = noteOf(entry.credit_note, entry.note_digest, behind.documents);
      for (const { jurisdiction, amount: tax } of note.taxes) sides.debit('tax_payable', BigInt(tax), jurisdiction);
      takeBack(sides, behind, Number(entry.seq));
      return sides.credit('accounts_receivable', amount - refundable).credit('refunds_payable', refundable);
    }
    case 'void':
      for (const tax of behind.taxes.get(entry.number) ?? []) {
        sides.debit('tax_payable', BigInt(tax.amount), tax.jurisdiction);
      }
      takeBack(sides, behind, Number(entry.seq));
      return sides.credit('accounts_receivable', amount);
    case 'write_off':
      return sides.debit('bad_debt', amount).credit('accounts_receivable', amount);
    case 'payment':
      return sides.debit('cash', amount).credit('accounts_receivable', amount);
    case 'refund': {
      // A refund that becomes a credit names no payment; its credit follows.
      const isCredit = entry.payment_id === 'credit';
      if (isCredit) owed.set(entry.refund_id, 'refund');
      return sides.debit('refunds_payable', amount).credit(isCredit ? 'customer_credits' : 'cash', amount);
    }
    default:
      return unhandled(entry);
  }
}

function invoiceSides(entry: EntryOf<'invoice'>, { invoiced, taxes, owed }: Behind): Sides {
  const sides = new Sides();
  const total = BigInt(entry.total);
  if (total < 0n) owed.set(`invoice.${entry.number.toLowerCase()}`, 'invoice');
  sides.debit('accounts_receivable', total);
  for (const { jurisdiction, amount } of taxes.get(entry.number) ?? []) {
    sides.credit('tax_payable', BigInt(amount), jurisdiction);
  }
  for (const { net, earned, billedIn } of invoiced.get(Number(entry.seq)) ?? []) {
    let before = 0n;
    for (const [month, amount] of earned) if (month < billedIn!) before += amount;
    sides.credit('contract_asset', before).credit('deferred_revenue', net - before);
  }
  return sides;
}

function takeBack(sides: Sides, { reversed }: Behind, seq: number): void {
  for (const { line, reversal } of reversed.get(seq) ?? []) {
    for (const [month, part] of reversal.parts) {
      sides.debit(month === reversal.month ? REVENUE_OF[line.kind] : 'deferred_revenue', part);
    }
  }
}

/** What was earned, for each month that is over: of an invoice in one posting, of what is not billed in one per line. */
function monthEndPostings(lines: readonly RevenueLine[], { calendar }: RevenueHistory, range: JournalRange): Posting[] {
  const over = new Set(monthsFrom(range.from, range.to).filter((month) => calendar.periodOf(month).end <= range.at));
  const postings: Posting[] = [];
  const recognised = new Map<string, Omit<Posting, 'lines'> & { readonly sides: Sides }>();
  for (const line of lines) {
    const { currency, billedIn, invoice, seq, kind } = line;
    for (const [month, amount] of line.earned) {
      if (!over.has(month)) continue;
      const date = lastDayOf(month);
      if (invoice === undefined || month < billedIn!) {
        const sides = new Sides().debit('contract_asset', amount).credit(REVENUE_OF[kind], amount);
        const { lastSeq, name: reference } = line;
        postings.push({ date, seq: lastSeq, kind: 'accrual', reference, currency, lines: sides.lines() });
        continue;
      }
      const key = `${month} ${seq}`;
      const held = recognised.get(key) ?? {
        ...{ date, seq, kind: 'recognition' as const, reference: invoice, currency, sides: new Sides() },
      };
      recognised.set(key, held);
      const left = amount - takenBefore(line, month);
      held.sides.debit('deferred_revenue', left).credit(REVENUE_OF[kind], left);
    }
  }
  return [
    ...postings,
    ...[...recognised.values()].map(({ sides, ...posting }) => ({ ...posting, lines: sides.lines() })),
  ];
}

/** What reversals of earlier months have left out of this month's revenue. */
function takenBefore({ reversals }: RevenueLine, month: Month): bigint {
  let sum = 0n;
  for (const reversal of reversals) if (reversal.month < month) sum += reversal.parts.get(month) ?? 0n;
  return sum;
}
