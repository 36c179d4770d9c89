import { TryAgain } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { Page } from '../../shared/domain/ledger/page.ts';
import type { TenantHead } from '../../shared/domain/ledger/seal.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { Archive } from '../../shared/stores/archive.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';
import type { LogStretch } from '../../shared/stores/log-reader.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';
import { readAtOnce } from './at-once.ts';
import type { RestRoom } from './rest.ts';

export interface MirrorsRoom extends RestRoom {
  readonly ledger: LedgerStore;
  readonly archive: Archive;
  readonly reconciliation: ReconciliationStore;
  readonly mirror: Mirror;
  readonly clock: Clock;
  readonly log: Log;
  /** How far each tenant's mirror is known to be whole; kept by a warm instance, rebuilt by a cold one. */
  readonly mirrored: Map<string, number>;
}

export interface MirrorsHealed {
  readonly pagesMirrored: number;
  readonly pagesDifferent: number;
}

/** Logs that one read asks for: what is asked stays far below a request's 10 MiB. */
const LOGS_PER_READ = 1000;
/** Pages of one answer, some 18 kB each. */
const PAGES_PER_READ = 500;

/**
 * Copies pages that the mirror lacks, of all logs that have moved: one read for them all. A mirror that is away stops neither
 * doorbells nor seals: it is logged, and the next pass goes on where this one was. It ends early where the process does.
 */
export async function healMirrors(heads: readonly TenantHead[], room: MirrorsRoom): Promise<MirrorsHealed> {
  const healed = { pagesMirrored: 0, pagesDifferent: 0 };
  const failed = ({ tenant }: { readonly tenant: string }, error: unknown): void =>
    room.log.error('mirror_failed', error, { tenant });
  try {
    const left = await behind(heads, failed, room);
    while (left.length > 0) {
      const asked = left.splice(0, LOGS_PER_READ);
      const refused = new Set<string>();
      const read = await readAtOnce(
        asked,
        (some) => room.ledger.hotPages(some, PAGES_PER_READ),
        (one, error) => {
          refused.add(one.tenant);
          failed(one, error);
        },
      );
      const again: LogStretch[] = [];
      for (const one of asked) {
        if (room.stopping?.aborted === true) return healed;
        const pages = read.get(one.tenant);
        if (pages === undefined) {
          if (!refused.has(one.tenant)) again.push(one);
          continue;
        }
        try {
          const from = await healMirror(one, pages, healed, room);
          if (from < one.to) again.push({ ...one, from });
        } catch (error) {
          failed(one, error);
          // Each tenant more would wait as long for the same answer.
          if (error instanceof TryAgain) return healed;
        }
      }
      left.unshift(...again);
    }
  } catch (error) {
    if (!(error instanceof TryAgain)) throw error;
    room.log.error('mirror_failed', error);
  }
  return healed;
}

/** What of each log the mirror may lack, by tenant. A deep pass has compared all that it verified; what the vault alone has is not lost. */
async function behind(
  heads: readonly TenantHead[],
  failed: (head: TenantHead, error: unknown) => void,
  { reconciliation, archive, mirrored }: MirrorsRoom,
): Promise<LogStretch[]> {
  const cold = heads.filter(({ tenant }) => !mirrored.has(tenant));
  const tenantsOf = (some: readonly TenantHead[]): TenantId[] => some.map(({ tenant }) => tenant as TenantId);
  const verified = await readAtOnce(cold, (some) => reconciliation.verifiedSizes(tenantsOf(some)), failed);
  const retired = await readAtOnce(cold, (some) => archive.allRetiredBefore(tenantsOf(some)), failed);
  return heads.flatMap(({ tenant, size }) => {
    const [known, checked, gone] = [mirrored.get(tenant), verified.get(tenant), retired.get(tenant)];
    if (known === undefined && (checked === undefined || gone === undefined)) return [];
    const from = known ?? Math.max(checked!, gone!);
    if (from < size) return [{ tenant: tenant as TenantId, from, to: size }];
    mirrored.set(tenant, from);
    return [];
  });
}

/** @returns up to where the mirror is whole now */
async function healMirror(
  { tenant, from, to }: LogStretch,
  read: readonly Page[],
  healed: { pagesMirrored: number; pagesDifferent: number },
  { ledger, mirror, mirrored, reconciliation, clock, log, stopping }: MirrorsRoom,
): Promise<number> {
  // Pages begin where a pass before ended. Where none does, what holds that entry began earlier, is in the vault, or is missing.
  const isAsExpected = read[0]?.firstSeq === from;
  const pages = isAsExpected ? read : await ledger.pages(tenant, from, to);
  for (const page of pages) {
    if (stopping?.aborted === true) return page.firstSeq;
    const outcome = await mirror.create(tenant, page.firstSeq, page.bytes);
    if (outcome === 'created') {
      healed.pagesMirrored++;
      log.warn('mirror_healed', { tenant, seq: page.firstSeq });
    } else if (outcome === 'different') {
      healed.pagesDifferent++;
      log.warn('mirror_differs', { tenant, seq: page.firstSeq });
      const fault = { kind: 'copy_differs', seq: page.firstSeq, detail: 'the mirror holds another page' };
      await reconciliation.freeze(tenant, fault, clock.now());
    }
  }
  const last = pages.at(-1);
  const end = isAsExpected && last !== undefined ? Math.min(to, last.firstSeq + last.count) : to;
  mirrored.set(tenant, end);
  return end;
}
