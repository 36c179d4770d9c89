import type { Instant } from '../time.ts';
import type { SubscriptionJson } from './lifecycle.ts';

/** What became of the subscriptions that began with a plan. Every trial is running, converted or lapsed. */
export interface Conversion {
  /** subscriptions that began with the plan */
  begun: number;
  trialsStarted: number;
  trialsRunning: number;
  /** trials that are over and whose subscription went on */
  trialsConverted: number;
  /** trials whose subscription ended with them, or before */
  trialsLapsed: number;
  /** subscriptions that are on another plan now */
  movedOn: number;
  /** subscriptions that have ended */
  ended: number;
  /** subscriptions that have used a limit of the plan up, while they were on it */
  limitReached: number;
}

export const noConversion = (): Conversion => ({
  begun: 0,
  trialsStarted: 0,
  trialsRunning: 0,
  trialsConverted: 0,
  trialsLapsed: 0,
  movedOn: 0,
  ended: 0,
  limitReached: 0,
});

/** That a limit of a subscription's plan was used up, and when. */
export interface LimitReached {
  readonly subscription: string;
  readonly at: string;
}

/** Counts one subscription, where it has begun, and with this plan. */
export function countConversion(
  count: Conversion,
  planId: string,
  json: SubscriptionJson,
  reached: readonly LimitReached[],
  now: Instant,
): void {
  const chosen = json.chosen ?? [];
  if (chosen[0]?.plan_id !== planId || json.started_at > now) return;
  count.begun++;
  const { trial_ends_at: trialEnd, ended_at: end } = json;
  const hasEnded = end !== undefined && end <= now;
  if (trialEnd !== undefined) {
    count.trialsStarted++;
    const isLapsed = end !== undefined && end <= trialEnd && hasEnded;
    if (isLapsed) count.trialsLapsed++;
    else if (trialEnd > now) count.trialsRunning++;
    else count.trialsConverted++;
  }
  if (hasEnded) count.ended++;
  const present = chosen.findLast(({ from }) => from <= now);
  if (present !== undefined && present.plan_id !== planId) count.movedOn++;
  const wasOnPlan = (at: string): boolean => chosen.findLast(({ from }) => from <= at)?.plan_id === planId;
  if (reached.some(({ subscription, at }) => subscription === json.subscription_id && wasOnPlan(at)))
    count.limitReached++;
}
