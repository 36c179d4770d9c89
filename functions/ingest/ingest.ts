import { BadInput } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { usageAccepted } from '../../shared/domain/messages.ts';
import { parseUsageEvent, type UsageEvent } from '../../shared/domain/usage/event.ts';
import { PlainEvent } from '../../shared/domain/usage/plain-usage.ts';
import type { Bus } from '../../shared/ports/bus.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import { type Outcome, refused, type UsageStore } from '../../shared/stores/usage-store.ts';

export interface IngestRoom {
  readonly usage: UsageStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Takes a batch of usage events: what can be billed is kept durably, everything else is refused with its reason.
 *
 * The answer says what became of each event, in order. It is given after the commit: an event that was answered
 * `accepted` is never lost. The doorbell comes after the commit and may be lost; then the sweep in reconcile-chain finds
 * the batch, so a failed announcement does not fail the request.
 *
 * @param received one item per event, as it came, or read already
 */
export async function ingest(
  tenant: TenantId,
  received: readonly unknown[],
  { usage, bus, clock, log }: IngestRoom,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const events: UsageEvent[] = [];
  const places: number[] = [];
  for (let place = 0; place < received.length; place++) {
    try {
      const item = received[place];
      events.push(item instanceof PlainEvent ? item : parseUsageEvent(item, tenant));
      places.push(place);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      outcomes[place] = refused(error);
    }
  }

  const answers = events.length === 0 ? [] : await usage.accept(tenant, events, clock.now());
  let isAnyAccepted = false;
  for (let i = 0; i < answers.length; i++) {
    outcomes[places[i]!] = answers[i]!;
    isAnyAccepted ||= answers[i]!.status === 'accepted';
  }

  if (isAnyAccepted) {
    try {
      await bus.publish(usageAccepted(tenant));
    } catch (error) {
      log.error('announcement_failed', error, { tenant, topic: 'usage-accepted' });
    }
  }
  return outcomes;
}
