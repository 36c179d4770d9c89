import type { ItemPhase, RecurringItem, Subscription } from '../account/account.ts';
import { formatQuantity } from '../decimals.ts';
import { endOf } from '../ledger/books.ts';
import type { FeeStretch } from '../ledger/fee-rules.ts';
import type { StandingFee } from '../ledger/money-books.ts';
import { isCumulative } from '../pricing/document.ts';
import { priceOf } from '../pricing/price.ts';
import type { Instant } from '../time.ts';
import { billingPeriod } from '../usage/metering.ts';

/** A fee that is due, and the instant that makes it due. */
export interface DueFee {
  readonly at: Instant;
  readonly fee: FeeStretch;
}

/** What holds at an instant: the last phase that began by then. */
export function phaseAt<P extends { readonly from: Instant }>(phases: readonly P[], at: Instant): P | undefined {
  let found: P | undefined;
  for (const phase of phases) if (phase.from <= at) found = phase;
  return found;
}

/** The phase that charges something at an instant: what is free is not charged for, not even nothing. */
function activeAt(phases: readonly ItemPhase[], at: Instant): ActivePhase | undefined {
  const phase = phaseAt(phases, at);
  if (phase === undefined || phase.price === null || !isCumulative(phase.price.document)) return undefined;
  return priceOf(phase.price.document, phase.quantity) === 0n ? undefined : (phase as ActivePhase);
}
type ActivePhase = ItemPhase & { readonly price: NonNullable<ItemPhase['price']> };

/**
 * What a recurring item is to be charged for up to an instant, in order, going on from what it was charged last.
 *
 * In advance: at the beginning of each period the whole of it; at a change within it the unused part is given back and the
 * new phase charged from there. In arrears: each stretch of one phase when it is over. Asked again after the entries
 * stand, it has nothing more to say: what stands is the only memory.
 *
 * @param standing what the item was charged last
 * @param upTo inclusive
 */
export function dueFees(
  subscription: Subscription,
  item: RecurringItem,
  standing: StandingFee | undefined,
  upTo: Instant,
): DueFee[] {
  return item.timing === 'advance'
    ? dueInAdvance(subscription, item, standing, upTo)
    : dueInArrears(subscription, item, standing, upTo);
}

/** Whether a subscription begins with a fee in advance. */
export const beginsWithFee = ({ items, startedAt }: Subscription): boolean =>
  items.some((item) => item.timing === 'advance' && activeAt(item.phases, startedAt) !== undefined);

function dueInAdvance(
  subscription: Subscription,
  item: RecurringItem,
  last: StandingFee | undefined,
  upTo: Instant,
): DueFee[] {
  const due: DueFee[] = [];
  let standing = last?.kind === 'advance' ? last : undefined;
  // The instant of the last fee is looked at again: another decision may have been made at the very same one.
  for (const at of boundaries(subscription, item, last?.from, upTo, true)) {
    const period = billingPeriod(subscription.calendar, at);
    const phase = activeAt(item.phases, at);
    if (standing !== undefined && standing.to <= at) standing = undefined;
    if (standing !== undefined) {
      const same = standing.priceDigest === phase?.price.digest && standing.quantity === formatQuantity(phase.quantity);
      if (same || item.proration === 'none') continue;
      const charged = priceOfStanding(item, standing);
      if (charged !== undefined) {
        due.push({ at, fee: stretch(subscription, item, 'unused', period.text, at, standing.to, charged) });
      }
      standing = undefined;
    }
    if (phase === undefined) continue;
    const fee = stretch(subscription, item, 'advance', period.text, at, period.end, phase);
    due.push({ at, fee });
    standing = standingFor(fee);
  }
  return due;
}

function dueInArrears(
  subscription: Subscription,
  item: RecurringItem,
  last: StandingFee | undefined,
  upTo: Instant,
): DueFee[] {
  const due: DueFee[] = [];
  let from = last?.to ?? subscription.startedAt;
  for (const at of boundaries(subscription, item, from, upTo, false)) {
    const period = billingPeriod(subscription.calendar, from);
    const isWhole = at === period.end;
    if (item.proration === 'none' && !isWhole) continue;
    const phase = activeAt(item.phases, from);
    if (phase !== undefined) {
      due.push({ at, fee: stretch(subscription, item, 'arrears', period.text, from, at, phase) });
    }
    from = at;
  }
  return due;
}

/**
 * The instants at which something may be due: the start, every beginning of a period, every beginning of a phase, the end.
 * @param after those before this one have had their say; undefined where none had
 * @param isOpen whether this one itself has more to say
 */
function boundaries(
  subscription: Subscription,
  item: RecurringItem,
  after: Instant | undefined,
  upTo: Instant,
  isOpen: boolean,
): Instant[] {
  const found = new Set<Instant>();
  const add = (at: Instant): void => {
    if (at < subscription.startedAt || at > upTo) return;
    if (after === undefined || at > after || (isOpen && at === after)) found.add(at);
  };
  add(subscription.startedAt);
  for (const { from } of item.phases) add(from);
  if (subscription.endedAt !== undefined) add(subscription.endedAt);
  let start = billingPeriod(subscription.calendar, after ?? subscription.startedAt).end;
  // Past the end of the subscription nothing begins.
  const last = subscription.endedAt !== undefined && subscription.endedAt < upTo ? subscription.endedAt : upTo;
  while (start <= last) {
    add(start);
    start = billingPeriod(subscription.calendar, start).end;
  }
  return [...found].sort();
}

/** The phase that a standing fee was charged for: what is given back is priced as it was charged. */
function priceOfStanding(item: RecurringItem, standing: StandingFee): ActivePhase | undefined {
  return item.phases.find(
    (phase): phase is ActivePhase =>
      phase.price?.digest === standing.priceDigest && formatQuantity(phase.quantity) === standing.quantity,
  );
}

const stretch = (
  subscription: Subscription,
  item: RecurringItem,
  kind: FeeStretch['kind'],
  period: string,
  from: Instant,
  to: Instant,
  phase: ActivePhase,
): FeeStretch => ({
  subscription: subscription.id,
  item: item.id,
  kind,
  period,
  from,
  to: to < endOf(period) ? to : endOf(period),
  quantity: phase.quantity,
  quantityText: formatQuantity(phase.quantity),
  proration: item.proration,
  zone: subscription.calendar.zone,
  price: phase.price,
});

const standingFor = (fee: FeeStretch): StandingFee => ({
  subscription: fee.subscription,
  item: fee.item,
  kind: 'advance',
  period: fee.period,
  from: fee.from,
  to: fee.to,
  quantity: fee.quantityText,
  priceDigest: fee.price.digest,
});
