import type { Account, Subscription } from '../../shared/domain/account/account.ts';
import type { Books } from '../../shared/domain/ledger/books.ts';
import { type Instant, type Period, plusMicros } from '../../shared/domain/time.ts';
import { billingPeriod } from '../../shared/domain/usage/metering.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { nextToClose, startIsDue } from '../../shared/stores/invoicing.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';

/** The first thing that is due for a tenant. */
export type Due =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'expiry' }
  | { readonly kind: 'start'; readonly subscription: Subscription }
  | {
      readonly kind: 'period';
      readonly subscription: Subscription;
      readonly period: Period & { readonly text: string };
    };

const NOTHING: Due = { kind: 'nothing' };

/** Looks what is due, from one snapshot of the tenant's books. */
export async function dueOf(
  account: Account,
  { ledger, clock }: { readonly ledger: LedgerStore; readonly clock: Clock },
): Promise<Due> {
  const now = clock.now();
  const books = await ledger.books(account.tenant);
  for (const held of books.money.grants.values()) {
    if (held.balance > 0n && held.expiresAt !== '' && held.expiresAt <= now) return { kind: 'expiry' };
  }
  for (const subscription of account.subscriptions) {
    const due = dueFor(account, subscription, books, now);
    if (due.kind !== 'nothing') return due;
  }
  return NOTHING;
}

function dueFor(account: Account, subscription: Subscription, books: Books, now: Instant): Due {
  if (subscription.startedAt > now) return NOTHING;
  const closedUntil = books.closedUntil(subscription.id);
  if (startIsDue(subscription, books)) return { kind: 'start', subscription };
  const period = billingPeriod(subscription.calendar, nextToClose(subscription, closedUntil));
  const { endedAt } = subscription;
  // After its last period a subscription bills only what came late: such a bucket exists because something is in it.
  if (endedAt !== undefined && closedUntil !== undefined && endedAt <= closedUntil) {
    const late = [...books.periods.values()].some((open) => open.subscription === subscription.id);
    if (!late) return NOTHING;
  }
  const until = endedAt !== undefined && endedAt > period.start && endedAt < period.end ? endedAt : period.end;
  const grace = BigInt(account.graceMinutes) * 60_000_000n;
  return plusMicros(until, grace) <= now ? { kind: 'period', subscription, period } : NOTHING;
}
