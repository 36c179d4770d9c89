import { type Attributes, context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Pushed } from '../pubsub.ts';
import { noteSeconds, telemetry } from './active.ts';
import { errorTypeOf, NAMES } from './names.ts';

/**
 * Attributes to put on a message that is published now, so that whoever answers it goes on with this trace; none where
 * nothing is traced. Not for the embedded bus: it merges doorbells that say the same, and no two traces are the same.
 */
export const propagate = (): Record<string, string> => telemetry()?.traceContext.toMessage() ?? {};

/**
 * Runs what answers a delivery inside a span of the trace in which the message was published, linked to the push request
 * that brought it. So the lines logged meanwhile name the trace in which somebody sent usage, not one of Pub/Sub's own.
 */
export async function observeDelivery<T>(
  pushed: Pick<Pushed, 'carried' | 'subscription' | 'deliveryAttempt'>,
  work: () => Promise<T>,
): Promise<T> {
  const on = telemetry();
  if (on === undefined) return work();
  // Pub/Sub sends projects/P/subscriptions/NAME.
  const subscription = pushed.subscription.slice(pushed.subscription.lastIndexOf('/') + 1);
  const known: Attributes = {
    [NAMES.messagingSystemName]: 'gcp.pubsub',
    [NAMES.messagingOperationName]: 'process',
    [NAMES.messagingDestinationSubscriptionName]: subscription,
  };
  const published = on.traceContext.fromMessage(pushed.carried);
  const request = trace.getSpanContext(context.active());
  const isTraced = trace.getSpanContext(published) !== undefined;
  const parent = isTraced ? published : context.active();
  const span = on.tracer.startSpan(
    `process ${subscription}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        ...known,
        [NAMES.messagingOperationType]: 'process',
        [NAMES.gcpPubsubMessageDeliveryAttempt]: pushed.deliveryAttempt,
      },
      links: isTraced && request !== undefined ? [{ context: request }] : [],
    },
    parent,
  );
  const began = on.clock.now();
  const failed: Attributes = {};
  try {
    return await context.with(trace.setSpan(parent, span), work);
  } catch (error) {
    failed[NAMES.errorType] = errorTypeOf(error);
    span.setAttributes(failed).setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    noteSeconds(on.processDuration, on.clock, began, { ...known, ...failed });
    span.end();
  }
}
