import { BadInput, TryAgain } from '../../shared/domain/errors.ts';
import type { Callers } from '../../shared/edge/callers.ts';
import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { jobRoute } from '../../shared/edge/internal.ts';
import { type AuditDigestRoom, auditDigest } from './audit-digest.ts';
import { type ReconcileChainRoom, reconcileChain } from './reconcile-chain.ts';
import { type RetireRoom, retire } from './retire.ts';
import { type SweepRoom, type Swept, sweep } from './sweep.ts';
import { type TailRoom, tailCheck } from './tail-check.ts';

export interface ReconcileChainHandlerRoom
  extends ReconcileChainRoom,
    RetireRoom,
    SweepRoom,
    TailRoom,
    AuditDigestRoom {
  readonly callers: Callers;
  readonly newRequestId: () => string;
  /** Told to stop between two pieces of a job. */
  readonly stopping: AbortSignal;
}

/** The scheduler fires once a minute; the sweep passes every 10 seconds inside that minute. */
export const SWEEP_PASSES = 6;
const SWEEP_INTERVAL_MILLISECONDS = 10_000;

/** Answers the scheduler: `/sweep?passes=N` and `/tail` each minute, `/deep?full=true|false` each hour, `/retire` and `/audit-digest?full=true|false` each day. */
export const reconcileChainHandler = (room: ReconcileChainHandlerRoom) =>
  httpHandler(
    [
      jobRoute('/sweep', room.callers, ['passes'], (query) => sweepRepeatedly(passesOf(query), room)),
      jobRoute('/tail', room.callers, [], () => tailCheck(room)),
      jobRoute('/deep', room.callers, ['full'], (query) => reconcileChain(fullOf(query), room)),
      jobRoute('/retire', room.callers, [], () => retire(room)),
      jobRoute('/audit-digest', room.callers, ['full'], (query) => auditDigest(fullOf(query), room)),
    ],
    handlerOptions(room),
  );

function passesOf(query: URLSearchParams): number {
  const text = query.get('passes') ?? String(SWEEP_PASSES);
  if (/^[1-6]$/.test(text)) return Number(text);
  throw new BadInput('invalid_parameter', 'passes is 1 to 6', 'passes');
}

function fullOf(query: URLSearchParams): boolean {
  const text = query.get('full') ?? 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new BadInput('invalid_parameter', 'full is true or false', 'full');
}

/**
 * A pass that fails leaves the others to come: what it did not mend, the next one does ten seconds later and not a minute.
 * @throws what the last failed pass threw, once all are through, so that the scheduler sees it
 */
async function sweepRepeatedly(passes: number, room: ReconcileChainHandlerRoom): Promise<Swept> {
  let swept: Swept | undefined;
  let failure: unknown;
  for (let pass = 0; pass < passes && !(pass > 0 && room.stopping.aborted); pass++) {
    if (pass > 0) await pause(room);
    if (pass > 0 && room.stopping.aborted) break;
    try {
      swept = await sweep(room);
    } catch (error) {
      failure = error;
      if (error instanceof TryAgain && room.stopping.aborted) break;
      room.log.warn('sweep_failed', { pass, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  if (failure !== undefined || swept === undefined) throw failure;
  return swept;
}

/** Waits for the next pass, or for the process to stop. */
function pause({ clock, stopping }: ReconcileChainHandlerRoom): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      cancel();
      resolve();
    };
    const cancel = clock.after(SWEEP_INTERVAL_MILLISECONDS, () => {
      // The signal lives as long as the process: what stays on it would pile up.
      stopping.removeEventListener('abort', stop);
      resolve();
    });
    stopping.addEventListener('abort', stop, { once: true });
  });
}
