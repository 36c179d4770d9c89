import { parseAccount } from '../account/account.ts';
import { type Amount, formatAmount } from '../decimals.ts';
import { BadInput } from '../errors.ts';
import { reckonFee } from '../ledger/fee-rules.ts';
import { standingOf } from '../ledger/line-rules.ts';
import type { PriceModelJson } from '../pricing/schema.ts';
import { calendarOf } from '../subscription/calendar.ts';
import { dueFees } from '../subscription/fees.ts';
import { feeAmount, type Proration, remaining, shareOf } from '../subscription/proration.ts';
import { type PeriodCalendar, parseZone, periodContaining } from '../time.ts';
import { exact, moment, shown, stretch } from './numbers.ts';

/** Questions about time: shares of periods, fees, calendars, commitments. */

type PeriodJson = { readonly start: string; readonly end: string };

interface Part {
  readonly period: PeriodJson;
  readonly from: string;
  readonly to?: string;
  readonly proration?: Proration;
  readonly zone?: string;
}
function partOf({ period: json, from, to, proration = 'second', zone = 'UTC' }: Part) {
  const period = stretch(json);
  const part = {
    period,
    from: moment(from, 'from'),
    to: to === undefined ? period.end : moment(to, 'to'),
    proration,
    zone: parseZone(zone),
  };
  if (part.from < period.start || part.to > period.end || part.from > part.to) {
    throw new BadInput('invalid_parameter', 'the stretch lies within the period', 'from');
  }
  return part;
}

/** The share of an amount that a stretch of a period costs; `rest` is what the other part costs: they add up. */
export function answerProrate(asked: Part & { readonly amount: string; readonly currency?: string }) {
  const part = partOf(asked);
  const amount = exact(asked.amount, 'amount');
  const { numerator, denominator } = shareOf(part);
  const cost = feeAmount(amount, part);
  return {
    numerator: String(numerator),
    denominator: String(denominator),
    ...shown(cost, asked.currency),
    rest: formatAmount((amount - cost) as Amount),
  };
}

/** A change of a fee within a period that was charged in advance: what comes back, what is charged. */
export function answerChange(asked: {
  readonly old_amount: string;
  readonly new_amount: string;
  readonly period: PeriodJson;
  readonly at: string;
  readonly proration?: Proration;
  readonly zone?: string;
  readonly currency?: string;
}) {
  const part = partOf({ ...asked, from: asked.at });
  const none = part.proration === 'none';
  const back = none ? 0n : remaining(exact(asked.old_amount, 'old_amount'), part.from, part);
  const charged = none ? 0n : remaining(exact(asked.new_amount, 'new_amount'), part.from, part);
  const { numerator, denominator } = shareOf(part);
  return {
    numerator: String(none ? 0n : numerator),
    denominator: String(denominator),
    credit: formatAmount(-back as Amount),
    debit: formatAmount(charged as Amount),
    net: shown((charged - back) as Amount, asked.currency),
  };
}

interface CalendarJson {
  readonly unit: PeriodCalendar['unit'];
  readonly count?: number;
  readonly anchor?: string;
  readonly by?: 'anniversary' | 'calendar';
  readonly started_at?: string;
  readonly zone?: string;
}
function calendar({ unit, count = 1, anchor, by, started_at, zone = 'UTC' }: CalendarJson): PeriodCalendar {
  const where = parseZone(zone, 'calendar.zone');
  if (anchor !== undefined) return { unit, count, anchor: moment(anchor, 'calendar.anchor'), zone: where };
  if (started_at === undefined)
    throw new BadInput('invalid_parameter', 'an anchor, or when it started', 'calendar.anchor');
  return calendarOf({ unit, count }, by ?? 'anniversary', moment(started_at, 'calendar.started_at'), where);
}

/** Periods of a calendar, from the one that contains an instant. */
export function answerPeriods(asked: {
  readonly calendar: CalendarJson;
  readonly from: string;
  readonly count?: number;
}) {
  const held = calendar(asked.calendar);
  const periods = [periodContaining(held, moment(asked.from, 'from'))];
  while (periods.length < (asked.count ?? 1)) periods.push(periodContaining(held, periods.at(-1)!.end));
  return { periods };
}

interface FeesQuestion {
  readonly calendar: CalendarJson;
  readonly started_at: string;
  readonly ended_at?: string;
  readonly timing?: 'advance' | 'arrears';
  readonly proration?: Proration;
  readonly currency?: string;
  readonly up_to: string;
  readonly phases: readonly {
    readonly from: string;
    readonly quantity?: string;
    readonly unit_amount?: string | null;
    readonly model?: PriceModelJson;
  }[];
}
/** Everything a recurring fee is charged for, and what of it is given back, up to an instant. */
export function answerFees(asked: FeesQuestion) {
  const currency = asked.currency ?? 'EUR';
  const held = calendar(asked.calendar);
  const documentOf = (phase: FeesQuestion['phases'][number], i: number) => {
    if (phase.model === undefined && phase.unit_amount == null) return null;
    const model = phase.model ?? { type: 'per_unit', unit_amount: phase.unit_amount! };
    return { price_id: `phase-${i}`, version: '1', currency, model };
  };
  const [subscription] = parseAccount({
    organization_id: 'asked',
    zone: held.zone,
    currency,
    subscriptions: [
      {
        subscription_id: 'asked',
        started_at: moment(asked.started_at, 'started_at'),
        ...(asked.ended_at === undefined ? {} : { ended_at: moment(asked.ended_at, 'ended_at') }),
        calendar: { unit: held.unit, count: held.count, anchor: held.anchor },
        meters: [],
        items: [
          {
            item_id: 'asked',
            timing: asked.timing ?? 'advance',
            proration: asked.proration ?? 'second',
            phases: asked.phases.map((phase, i) => ({
              from: moment(phase.from, `phases.${i}.from`),
              quantity: phase.quantity ?? '1',
              document: documentOf(phase, i),
            })),
          },
        ],
      },
    ],
  }).subscriptions;
  const due = dueFees(subscription!, subscription!.items[0]!, undefined, moment(asked.up_to, 'up_to'));
  let total = 0n;
  const fees = due.map(({ at, fee }) => {
    const { amount, numerator, denominator } = reckonFee(fee);
    const { kind, from, to, quantity } = standingOf(fee);
    total += amount;
    return { at, kind, from, to, quantity, numerator, denominator, amount: formatAmount(amount) };
  });
  return { fees, total: shown(total as Amount, asked.currency) };
}

/** What a minimum commitment is short of, for the share of the period that it was in force. */
export function answerCommitment(asked: {
  readonly commitment: string;
  readonly billed: string;
  readonly period?: PeriodJson;
  readonly from?: string;
  readonly to?: string;
  readonly proration?: Proration;
  readonly zone?: string;
  readonly currency?: string;
}) {
  const commitment = exact(asked.commitment, 'commitment');
  const { period, from, ...more } = asked;
  const committed =
    period === undefined ? commitment : feeAmount(commitment, partOf({ ...more, period, from: from ?? period.start }));
  const short = committed - exact(asked.billed, 'billed');
  return { committed: formatAmount(committed), true_up: shown((short > 0n ? short : 0n) as Amount, asked.currency) };
}
