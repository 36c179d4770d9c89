import { BadInput } from '../../shared/domain/errors.ts';
import type { Callers } from '../../shared/edge/callers.ts';
import { httpHandler } from '../../shared/edge/http/handler.ts';
import { handlerOptions } from '../../shared/edge/http/options.ts';
import { jobRoute } from '../../shared/edge/internal.ts';
import { type AuditDigestRoom, auditDigest } from './audit-digest.ts';
import { type ReconcileChainRoom, reconcileChain } from './reconcile-chain.ts';
import { type RetireRoom, retire } from './retire.ts';
import { type SweepRoom, type Swept, sweep } from './sweep.ts';

export interface ReconcileChainHandlerRoom extends ReconcileChainRoom, RetireRoom, SweepRoom, AuditDigestRoom {
  readonly callers: Callers;
  readonly newRequestId: () => string;
  /** Told to stop between two passes of a sweep, or two commits of a retirement. */
  readonly stopping: AbortSignal;
}

/** The scheduler fires once a minute; the sweep passes every 10 seconds inside that minute. */
export const SWEEP_PASSES = 6;
const SWEEP_INTERVAL_MILLISECONDS = 10_000;

/** Answers the scheduler: `/sweep?passes=N` each minute, `/deep?full=true|false` each hour, `/retire` and `/audit-digest?full=true|false` each day. */
export const reconcileChainHandler = (room: ReconcileChainHandlerRoom) =>
  httpHandler(
    [
      jobRoute('/sweep', room.callers, ['passes'], (query) => sweepRepeatedly(passesOf(query), room)),
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

async function sweepRepeatedly(passes: number, room: ReconcileChainHandlerRoom): Promise<Swept> {
  let swept = await sweep(room);
  for (let pass = 1; pass < passes && !room.stopping.aborted; pass++) {
    await pause(room);
    if (!room.stopping.aborted) swept = await sweep(room);
  }
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
