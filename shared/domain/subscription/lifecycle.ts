import type { AccountJson } from '../account/account.ts';
import { BadInput } from '../errors.ts';
import type { Instant } from '../time.ts';

export type SubscriptionJson = AccountJson['subscriptions'][number];
type ItemJson = NonNullable<SubscriptionJson['items']>[number];
type CommitmentJson = NonNullable<SubscriptionJson['commitments']>[number];

/** Where a subscription stands at an instant. */
export type SubscriptionState = 'scheduled' | 'trialing' | 'active' | 'past_due' | 'suspended' | 'paused' | 'canceled';

/** What payment collection has decided: it comes between active and canceled. */
export type Standing = 'past_due' | 'suspended';

/**
 * The state at an instant, from what the document says of time. Nothing has to run for a subscription to end, or for its
 * trial to be over.
 */
export function stateAt(
  subscription: Pick<SubscriptionJson, 'ended_at' | 'started_at' | 'pauses' | 'standing' | 'trial_ends_at'>,
  at: Instant,
): SubscriptionState {
  if (subscription.ended_at !== undefined && subscription.ended_at <= at) return 'canceled';
  if (subscription.started_at > at) return 'scheduled';
  if (pauseAt(subscription, at) !== undefined) return 'paused';
  if (subscription.standing !== undefined) return subscription.standing;
  return subscription.trial_ends_at !== undefined && subscription.trial_ends_at > at ? 'trialing' : 'active';
}

const pauseAt = (subscription: Pick<SubscriptionJson, 'pauses'>, at: Instant) =>
  subscription.pauses?.find(({ from, to }) => from <= at && (to === null || at < to));

const refuse = (detail: string): BadInput => new BadInput('invalid_transition', detail);

/** What holds from an instant on takes the place of everything that was planned for later. */
const from = <P extends { readonly from: string }>(phases: readonly P[], at: Instant, next: P): P[] => [
  ...phases.filter((phase) => phase.from <= at),
  next,
];

const stopItem = (item: ItemJson, at: Instant): ItemJson => ({
  ...item,
  phases: from(item.phases, at, { from: at, quantity: '0', document: null }),
});
const stopCommitment = (commitment: CommitmentJson, at: Instant): CommitmentJson => ({
  ...commitment,
  phases: from(commitment.phases, at, { from: at, document: null }),
});

const stopCharging = (subscription: SubscriptionJson, at: Instant) => ({
  ...(subscription.items === undefined ? {} : { items: subscription.items.map((item) => stopItem(item, at)) }),
  ...(subscription.commitments === undefined
    ? {}
    : { commitments: subscription.commitments.map((one) => stopCommitment(one, at)) }),
});

/**
 * Pauses: from then on nothing is used and nothing charged; what was charged in advance is given back for the time after.
 * @throws BadInput `invalid_transition` unless it is active or trialing
 */
export function pause(subscription: SubscriptionJson, at: Instant): SubscriptionJson {
  const state = stateAt(subscription, at);
  if (state !== 'active' && state !== 'trialing' && state !== 'past_due') {
    throw refuse(`a subscription that is ${state} cannot be paused`);
  }
  return {
    ...subscription,
    ...stopCharging(subscription, at),
    pauses: [...(subscription.pauses ?? []), { from: at, to: null }],
  };
}

/** Resumes what was paused, with the prices and quantities that held when the pause began. @throws BadInput `invalid_transition` */
export function resume(subscription: SubscriptionJson, at: Instant): SubscriptionJson {
  const paused = pauseAt(subscription, at);
  if (paused === undefined || paused.to !== null) throw refuse('only a paused subscription is resumed');
  const before = <P extends { readonly from: string }>(phases: readonly P[]): P | undefined => {
    const stop = phases.findLastIndex((phase) => phase.from === paused.from);
    return phases[stop - 1];
  };
  const again = <P extends { readonly from: string }>(phases: readonly P[]): P[] => {
    const held = before(phases);
    return held === undefined ? [...phases] : [...phases, { ...held, from: at }];
  };
  return {
    ...subscription,
    ...(subscription.items === undefined
      ? {}
      : { items: subscription.items.map((item) => ({ ...item, phases: again(item.phases) })) }),
    ...(subscription.commitments === undefined
      ? {}
      : { commitments: subscription.commitments.map((one) => ({ ...one, phases: again(one.phases) })) }),
    pauses: subscription.pauses!.map((one) => (one === paused ? { from: one.from, to: at } : one)),
  };
}

/**
 * Ends it at an instant, now or later: usage from then on is refused, what was charged in advance beyond it is given back.
 * @throws BadInput `invalid_transition` where it has ended, or is to begin later
 */
export function cancel(subscription: SubscriptionJson, at: Instant, now: Instant): SubscriptionJson {
  if (stateAt(subscription, now) === 'canceled') throw refuse('the subscription has ended already');
  if (at < subscription.started_at) throw refuse('a subscription ends after it has begun');
  return { ...withoutEnd(subscription), ...stopCharging(withoutEnd(subscription), at), ended_at: at };
}

/** Takes a planned end back. @throws BadInput `invalid_transition` where none is planned */
export function keepOn(subscription: SubscriptionJson, now: Instant): SubscriptionJson {
  if (subscription.ended_at === undefined || subscription.ended_at <= now) {
    throw refuse('only an end that is still to come can be taken back');
  }
  return withoutEnd(subscription);
}

/** Without the end that is planned, and without the stop that came with it. */
function withoutEnd(subscription: SubscriptionJson): SubscriptionJson {
  const { ended_at: end, ...rest } = subscription;
  if (end === undefined) return subscription;
  const going = <P extends { readonly from: string; readonly document: unknown }>(phases: readonly P[]): P[] => {
    const last = phases.at(-1);
    return last?.from === end && last.document === null ? phases.slice(0, -1) : [...phases];
  };
  return {
    ...rest,
    ...(rest.items === undefined ? {} : { items: rest.items.map((item) => ({ ...item, phases: going(item.phases) })) }),
    ...(rest.commitments === undefined
      ? {}
      : { commitments: rest.commitments.map((one) => ({ ...one, phases: going(one.phases) })) }),
  };
}
