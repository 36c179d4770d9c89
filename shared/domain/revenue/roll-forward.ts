import { type Month, monthsFrom } from './months.ts';
import { sumOf } from './rounding.ts';
import type { RevenueLine } from './schedule.ts';

/**
 * A month of deferred revenue: what was billed and is not earned yet, a contract liability (IFRS 15.106; ASC 606-10-45-2). Beside
 * it what was earned and is not billed yet, a contract asset (IFRS 15.107; ASC 606-10-45-3). Minor units of `currency`, net of tax.
 *
 * Always: `opening + billed - billedBefore - reversed - recognised = closing`, `assetOpening + accrued - billedBefore =
 * assetClosing`, and `revenue = recognised + accrued`; a month opens as the one before closed.
 */
export interface RollForwardMonth {
  readonly month: Month;
  readonly currency: string;
  readonly opening: bigint;
  /** net of the invoices issued */
  readonly billed: bigint;
  /** of these, what had been earned in months before and stood as a contract asset */
  readonly billedBefore: bigint;
  /** net of the credit notes and voids */
  readonly reversed: bigint;
  /** earned of what is billed, less what reversals take of it */
  readonly recognised: bigint;
  readonly closing: bigint;
  readonly assetOpening: bigint;
  /** earned before it is billed */
  readonly accrued: bigint;
  readonly assetClosing: bigint;
  readonly revenue: bigint;
}

type Column = 'billed' | 'billedBefore' | 'reversed' | 'recognised' | 'accrued';

/**
 * Deferred revenue from month to month, for each currency that has any lines, ascending by currency and month.
 * @param from the first month reported; what came before is in its opening
 * @param to the last one
 */
export function rollForward(lines: readonly RevenueLine[], from: Month, to: Month): RollForwardMonth[] {
  return [...Map.groupBy(lines, ({ currency }) => currency)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([currency, own]) => rollOf(currency, own, from, to));
}

function rollOf(currency: string, lines: readonly RevenueLine[], from: Month, to: Month): RollForwardMonth[] {
  const moved = movementsOf(lines);
  const upTo = (column: Column): bigint =>
    sumOf([...moved.get(column)!].filter(([month]) => month < from).map(([, amount]) => amount));
  let opening = upTo('billed') - upTo('billedBefore') - upTo('reversed') - upTo('recognised');
  let assetOpening = upTo('accrued') - upTo('billedBefore');
  return monthsFrom(from, to).map((month) => {
    const of = (column: Column): bigint => moved.get(column)!.get(month) ?? 0n;
    const [billed, billedBefore, reversed] = [of('billed'), of('billedBefore'), of('reversed')];
    const [recognised, accrued] = [of('recognised'), of('accrued')];
    const closing = opening + billed - billedBefore - reversed - recognised;
    const assetClosing = assetOpening + accrued - billedBefore;
    const revenue = recognised + accrued;
    const row = {
      ...{ month, currency, opening, billed, billedBefore, reversed, recognised, closing },
      ...{ assetOpening, accrued, assetClosing, revenue },
    };
    opening = closing;
    assetOpening = assetClosing;
    return row;
  });
}

function movementsOf(lines: readonly RevenueLine[]): ReadonlyMap<Column, ReadonlyMap<Month, bigint>> {
  const columns: readonly Column[] = ['billed', 'billedBefore', 'reversed', 'recognised', 'accrued'];
  const moved = new Map(columns.map((column) => [column, new Map<Month, bigint>()]));
  const add = (column: Column, month: Month, amount: bigint): void => {
    const months = moved.get(column)!;
    months.set(month, (months.get(month) ?? 0n) + amount);
  };
  for (const { billedIn, net, earned, reversals } of lines) {
    if (billedIn !== undefined) add('billed', billedIn, net);
    for (const [month, amount] of earned) {
      const isBefore = billedIn === undefined || month < billedIn;
      add(isBefore ? 'accrued' : 'recognised', month, amount);
      if (isBefore && billedIn !== undefined) add('billedBefore', billedIn, amount);
    }
    for (const reversal of reversals) {
      add('reversed', reversal.month, reversal.net);
      for (const [month, part] of reversal.parts) add('recognised', month, -part);
    }
  }
  return moved;
}
