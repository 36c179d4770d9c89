import { readBase64url } from '../canonical.ts';
import { type Amount, type Quantity, readCanonicalDecimal } from '../decimals.ts';
import type { Aggregation } from '../usage/meter.ts';
import { aggregateKeyText, Books, endOf, lineKeyText, SUM_KINDS, type SumKind, startOf } from './books.ts';
import { readMoney } from './carried-money.ts';
import { listOf, readRow } from './carried-rows.ts';
import { FORMS } from './forms.ts';
import { Unreadable } from './record.ts';
import { CompactRange, leafHash } from './tree.ts';

const amountOf = (text: string): Amount => readCanonicalDecimal(text, 24) as Amount;

/**
 * Reads a balance brought forward back into books. Whoever calls has compared its digest with the `open` entry's; here
 * its form is checked, and that the values a unique_count has seen are the ones its root commits to.
 * @param values unique_count: commitments seen, by aggregate key
 * @throws Unreadable
 */
export function booksOf(carried: unknown, values: ReadonlyMap<string, readonly string[]>): Books {
  if (typeof carried !== 'object' || carried === null) throw new Unreadable('the balance is no object');
  const books = new Books();
  for (const item of listOf(carried, 'closed')) {
    const periods = listOf(item, 'periods');
    const { periods: _, ...rest } = item as Readonly<Record<string, unknown>>;
    const { subscription } = readRow(rest, { subscription: 'name' }, 'closed');
    if (periods.length === 0 || !periods.every((text) => typeof text === 'string' && FORMS.period(text))) {
      throw new Unreadable('a closed period is no period');
    }
    // Reading keeps the order it finds, so comparing digests later would not notice a wrong one.
    if (periods.some((text, i) => i > 0 && startOf(text as string) !== endOf(periods[i - 1] as string))) {
      throw new Unreadable('closed periods do not follow one another');
    }
    books.closed.set(subscription, periods as readonly string[]);
  }
  for (const item of listOf(carried, 'aggregates')) readAggregate(books, item, values);
  for (const item of listOf(carried, 'periods')) readOpenPeriod(books, item);
  readMoney(books.money, carried);
  return books;
}

function readAggregate(books: Books, item: unknown, values: ReadonlyMap<string, readonly string[]>): void {
  const row = readRow(
    item,
    {
      aggregation: 'aggregation',
      events: 'count',
      latest_at: 'any',
      meter: 'name',
      period: 'period',
      price_digest: 'hash',
      seen_root: 'hash?',
      subscription: 'name',
      value: 'delta',
    },
    'an aggregate',
  );
  const key = { subscription: row.subscription, period: row.period, meter: row.meter, priceDigest: row.price_digest };
  const keyText = aggregateKeyText(key);
  let seen: CompactRange | undefined;
  if (row.aggregation === 'unique_count') {
    seen = new CompactRange();
    for (const value of values.get(keyText) ?? []) seen.append(leafHash(Buffer.from(value, 'latin1')));
    if (readBase64url(row.seen_root, 32)?.equals(seen.root()) !== true || String(seen.size) !== row.value) {
      throw new Unreadable('the values seen are not the ones the balance commits to');
    }
  }
  books.aggregates.set(keyText, {
    ...key,
    aggregation: row.aggregation as Aggregation,
    aggregate: {
      value: readCanonicalDecimal(row.value, 12) as Quantity,
      events: Number(row.events),
      latestAt: row.latest_at,
    },
    valueText: row.value,
    seen,
  });
}

function readOpenPeriod(books: Books, item: unknown): void {
  const lines = listOf(item, 'lines');
  const { lines: _, ...rest } = item as Readonly<Record<string, unknown>>;
  const row = readRow(
    rest,
    {
      count: 'count',
      currency: 'currency',
      first_seq: 'count',
      last_seq: 'count',
      period: 'period',
      subscription: 'name',
      total: 'amount',
    },
    'an open period',
  );
  const open = books.openPeriod(row.subscription, row.period, row.currency, Number(row.first_seq));
  open.lastSeq = Number(row.last_seq);
  open.count = Number(row.count);
  open.total = amountOf(row.total);
  for (const line of lines) {
    const sum = readRow(
      line,
      {
        after: 'delta',
        amount: 'amount',
        base: 'amount',
        before: 'delta',
        count: 'count',
        denominator: 'any',
        first_seq: 'count',
        kind: 'name',
        last_seq: 'count',
        meter: 'name',
        numerator: 'any',
        period: 'period',
        price_digest: 'hash?',
        price_ref: 'any',
        quantity: 'any',
        tax_category: 'name',
      },
      'a line',
    );
    if (!SUM_KINDS.some((kind) => kind === sum.kind)) throw new Unreadable(`no line is a ${sum.kind}`);
    const kept = {
      kind: sum.kind as SumKind,
      meter: sum.meter,
      period: sum.period,
      taxCategory: sum.tax_category,
      quantity: sum.quantity,
      numerator: sum.numerator,
      denominator: sum.denominator,
      priceRef: sum.price_ref,
      priceDigest: sum.price_digest,
      before: sum.before,
      after: sum.after,
      amount: amountOf(sum.amount),
      base: amountOf(sum.base),
      count: Number(sum.count),
      firstSeq: Number(sum.first_seq),
      lastSeq: Number(sum.last_seq),
    } as const;
    open.lines.set(lineKeyText(kept), { ...kept });
  }
}
