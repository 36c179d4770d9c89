import { journalCsv } from '../../shared/documents/journal-csv.ts';
import type { Account } from '../../shared/domain/account/account.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { type MoneyJson, moneyJson } from '../../shared/domain/money/money.ts';
import { ACCOUNTS, type Chart, parseChart } from '../../shared/domain/revenue/chart.ts';
import { journalOf, placeOf } from '../../shared/domain/revenue/journal.ts';
import { type Month, MonthCalendar, monthsFrom, parseMonth } from '../../shared/domain/revenue/months.ts';
import type { Posting } from '../../shared/domain/revenue/posting.ts';
import { type RollForwardMonth, rollForward } from '../../shared/domain/revenue/roll-forward.ts';
import { earnedIn, type RevenueLine, revenueLines } from '../../shared/domain/revenue/schedule.ts';
import { limitOf } from '../../shared/edge/cursor.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import { pageQuery } from '../../shared/edge/http/schemas.ts';
import { RevenueReader } from './revenue-reading.ts';
import {
  codesQuery,
  deferredSchema,
  journalSchema,
  MONTHS_MAX,
  monthsQuery,
  scheduleSchema,
} from './revenue-schema.ts';
import { type ApiRoom, accountOf, page } from './room.ts';

const API = '/api/v1/billing';

/** What was earned when, what of it is deferred, and the postings that say so to a bookkeeper. */
export const revenueOperations = (room: ApiRoom, reader = new RevenueReader()): Operation[] => [
  {
    operationId: 'getRevenueSchedule',
    method: 'GET',
    path: `${API}/revenue/schedule`,
    tag: 'Revenue',
    summary: 'Which revenue is earned when, line by line',
    description:
      'Lines that are billed or earn something in these months, by invoice, those that are not invoiced yet at the end. Fees are earned evenly over their stretch by the second, usage in the month it happened in, corrections and adjustments when they are made. `net` - `reversed` is the sum of what is earned before, in and after the months.',
    scope: 'billing:read',
    query: { ...monthsQuery, ...pageQuery },
    answers: { 200: scheduleSchema },
    handle: (call) => schedule(call, room, reader),
  },
  {
    operationId: 'getDeferredRevenue',
    method: 'GET',
    path: `${API}/revenue/deferred`,
    tag: 'Revenue',
    summary: 'Deferred revenue from month to month',
    description:
      'Each month opens as the one before closed. What is earned and not billed yet stands beside it, before discounts: only an invoice decides which are given.',
    scope: 'billing:read',
    query: monthsQuery,
    answers: { 200: deferredSchema },
    handle: async (call) => {
      const { account, from, to } = await rangeOf(call, room);
      const json = await reader.answer(account, call.now, room, (history, documents) => ({
        zone: account.zone,
        as_of_seq: history.size === 0 ? null : history.size - 1,
        data: rollForward(revenueLines(history, documents), from, to).map(rowJson),
      }));
      return { status: 200, json };
    },
  },
  {
    operationId: 'getJournal',
    method: 'GET',
    path: `${API}/journal`,
    tag: 'Revenue',
    summary: 'The journal in double entry',
    description:
      'Postings by day; each names the ledger entry it follows from, and its debits are its credits. What a month has earned is posted on its last day, once it is over. As JSON in pages; as CSV (RFC 4180) in one piece, with amounts in main units.',
    scope: 'billing:read',
    query: { ...monthsQuery, codes: codesQuery, ...pageQuery },
    answers: { 200: journalSchema },
    produces: ['application/json', 'text/csv'],
    handle: (call) => journal(call, room, reader),
  },
];

/** The months asked for. @throws BadInput `invalid_parameter`, `window_too_large` */
async function rangeOf(
  call: Call,
  room: ApiRoom,
): Promise<{ readonly account: Account; readonly from: Month; readonly to: Month }> {
  const account = await accountOf(call, room);
  const { from: first, to: last } = call.query;
  const to = last === undefined ? new MonthCalendar(account.zone).monthOf(call.now) : parseMonth(last, 'to');
  const from = first === undefined ? to : parseMonth(first, 'from');
  if (from > to) throw new BadInput('invalid_parameter', 'the first month is not after the last', 'from');
  if (monthCount(from, to) > MONTHS_MAX) {
    throw new BadInput('window_too_large', `at most ${MONTHS_MAX} months are answered at once`, 'from');
  }
  return { account, from, to };
}

// Counted, not listed: somebody may ask for all months from the year 1 on.
const monthCount = (from: Month, to: Month): number => ordinalOf(to) - ordinalOf(from) + 1;
const ordinalOf = (month: Month): number => Number(month.slice(0, 4)) * 12 + Number(month.slice(5));

async function schedule(call: Call, room: ApiRoom, reader: RevenueReader): Promise<ApiAnswer> {
  const { account, from, to } = await rangeOf(call, room);
  const limit = limitOf(call.query['limit']);
  const list = `revenue-schedule ${from} ${to}`;
  const cursor = call.query['cursor'];
  const after = cursor === undefined ? '' : room.cursors.read(call.tenant, list, cursor);
  const all = await reader.answer(account, call.now, room, revenueLines);
  const lines = all
    .filter((line) => concerns(line, from, to))
    .map((line) => ({ line, place: linePlace(line) }))
    .filter(({ place }) => place > after)
    .sort((a, b) => (a.place < b.place ? -1 : 1));
  const { data, ...rest } = page(lines, limit, ({ place }) => room.cursors.write(call.tenant, list, place));
  return { status: 200, json: { data: data.map(({ line }) => lineJson(line, from, to)), ...rest } };
}

const linePlace = ({ invoice, seq, line }: RevenueLine): string =>
  `${invoice === undefined ? 1 : 0} ${String(seq).padStart(16, '0')} ${String(line).padStart(6, '0')}`;

const concerns = (line: RevenueLine, from: Month, to: Month): boolean => {
  const { billedIn, earned, reversals } = line;
  const months = [
    ...earned.keys(),
    ...reversals.map(({ month }) => month),
    ...(billedIn === undefined ? [] : [billedIn]),
  ];
  return months.some((month) => month >= from && month <= to);
};

function lineJson(line: RevenueLine, from: Month, to: Month) {
  const money = moneyOf(line.currency);
  const earned = [...earnedIn(line)];
  const sumOf = (within: (month: Month) => boolean): MoneyJson =>
    money(earned.reduce((sum, [month, amount]) => (within(month) ? sum + amount : sum), 0n));
  return {
    seq: line.seq,
    first_seq: line.firstSeq,
    last_seq: line.lastSeq,
    invoice_number: line.invoice ?? null,
    line: line.line,
    subscription_id: line.subscription,
    kind: line.kind,
    name: line.name,
    period_start: line.stretch.start,
    period_end: line.stretch.end,
    billed_in: line.billedIn ?? null,
    net: money(line.net),
    reversed: money(line.reversals.reduce((sum, { net }) => sum + net, 0n)),
    earned_before: sumOf((month) => month < from),
    months: monthsFrom(from, to).map((month) => ({ month, earned: sumOf((one) => one === month) })),
    earned_after: sumOf((month) => month > to),
  };
}

const rowJson = (row: RollForwardMonth) => {
  const money = moneyOf(row.currency);
  return {
    month: row.month,
    opening: money(row.opening),
    billed: money(row.billed),
    billed_before: money(row.billedBefore),
    reversed: money(row.reversed),
    recognised: money(row.recognised),
    closing: money(row.closing),
    contract_asset: {
      opening: money(row.assetOpening),
      accrued: money(row.accrued),
      closing: money(row.assetClosing),
    },
    revenue: money(row.revenue),
  };
};

async function journal(call: Call, room: ApiRoom, reader: RevenueReader): Promise<ApiAnswer> {
  const { account, from, to } = await rangeOf(call, room);
  const isCsv = call.request.accepted === 'text/csv';
  if (isCsv && (call.query['limit'] ?? call.query['cursor']) !== undefined) {
    throw new BadInput(
      'invalid_parameter',
      'a file has no pages',
      call.query['limit'] === undefined ? 'cursor' : 'limit',
    );
  }
  const chart = parseChart(call.query['codes'] ?? '');
  const limit = limitOf(call.query['limit']);
  const list = `journal ${from} ${to}`;
  const cursor = call.query['cursor'];
  const after = cursor === undefined ? '' : room.cursors.read(call.tenant, list, cursor);
  const range = { from, to, at: call.now };
  const postings = await reader.answer(account, call.now, room, (history, documents) =>
    journalOf(history, documents, range),
  );
  if (isCsv) {
    const headers = { 'Content-Disposition': `attachment; filename="journal-${from}-${to}.csv"` };
    return { status: 200, bytes: journalCsv(postings, chart), contentType: 'text/csv; charset=utf-8', headers };
  }
  const rest = postings.filter((posting) => placeOf(posting) > after);
  const { data, ...more } = page(rest, limit, (last) => room.cursors.write(call.tenant, list, placeOf(last)));
  return { status: 200, json: { data: data.map((posting) => postingJson(posting, chart)), ...more } };
}

const postingJson = ({ lines, ...posting }: Posting, chart: Chart) => {
  const money = moneyOf(posting.currency);
  return {
    ...posting,
    lines: lines.map(({ account, jurisdiction, debit, credit }) => ({
      account,
      code: chart[account],
      name: ACCOUNTS[account].name,
      jurisdiction: jurisdiction === '' ? null : jurisdiction,
      debit: money(debit),
      credit: money(credit),
    })),
  };
};

const moneyOf =
  (currency: string) =>
  (minorUnits: bigint): MoneyJson =>
    moneyJson({ currency: parseCurrency(currency), minorUnits });
