import type { TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import type { CompactRange } from '../../shared/domain/ledger/tree.ts';
import { type Instant, plusMicros } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';
import { type HeadRow, type ReconciliationStore, TAIL } from '../../shared/stores/reconciliation-store.ts';
import { MirrorCopies } from './copies.ts';
import type { KnownPages } from './known-pages.ts';
import { sealedName } from './log-check.ts';
import { withFollowing } from './lots.ts';
import { ALL_TENANTS, type ReconciliationFault } from './reconcile-chain.ts';
import { goOn, type RestRoom } from './rest.ts';
import type { SealedHead } from './seal-walk.ts';
import { type TailSeals, type TailSealsRoom, tailSeals } from './tail-seals.ts';
import { readable, type TailBase, TailWalk } from './tail-walk.ts';

export interface TailRoom extends TailSealsRoom, RestRoom {
  readonly ledger: LedgerStore;
  readonly reconciliation: ReconciliationStore;
  readonly mirror: Mirror;
  readonly clock: Clock;
  readonly log: Log;
  /** Pages that were found whole, by tenant; kept by a warm instance, so that it unpacks only what is new. */
  readonly tails: Map<string, KnownTail>;
  /** Called after each page: thousands in one go would keep everybody else waiting. */
  readonly nextTurn: () => Promise<void>;
}

/** A stretch of log whose pages were hashed into the tree before. */
export interface KnownTail {
  readonly from: number;
  readonly root: string;
  /** the tree before it, which hashes to the root */
  readonly base: CompactRange;
  readonly pages: KnownPages;
  /** when the mirror's copies were last compared */
  readonly comparedAt: Instant;
}

export interface TailVerdict {
  readonly at: string;
  /** logs that have entries in the tail */
  readonly tenants: number;
  readonly entries: number;
  /** pages that the mirror had lost and got again */
  readonly healed: readonly string[];
  readonly faults: readonly ReconciliationFault[];
}

/** The tail is what was written since the last anchor that is at least this old: one to two hours. */
export const TAIL_MICROS = 3_600_000_000n;
/**
 * The mirror's copies are compared, all of the tail in one pass, when the last time is so long ago: with runs each minute, and one
 * of them missed, within five minutes of any change. Reading every copy each minute would cost three times as much.
 */
export const COMPARED_AGAIN_MICROS = 150_000_000n;
export const PAGES_PER_READ = 64;

/**
 * Goes over what was written in the last hours, whether or not a deep pass has seen it: links, tree and mirror copies of every
 * page, the head row, and each head that was signed meanwhile. Whatever somebody changes there is named within the next run;
 * amounts and sums are the deep pass's business.
 *
 * It only reads, but for what the mirror lost and for freezing who is at fault, so that it may run late, or twice at once.
 * @throws TryAgain where the process is ending
 */
export async function tailCheck(room: TailRoom): Promise<TailVerdict> {
  const { reconciliation, clock, log } = room;
  const at = clock.now();
  // Seals first: every head that they signed is then in the rows.
  const sealed = await tailSeals(plusMicros(at, -TAIL_MICROS), room);
  const faults: ReconciliationFault[] = sealed.faults.map(({ seal, detail }) => ({
    ...{ tenant: ALL_TENANTS, kind: 'wrong_seal', seq: seal, detail },
  }));
  const healed: string[] = [];
  let tenants = 0;
  let entries = 0;
  const frozen = new Map((await reconciliation.allFrozen()).map((row) => [row.tenant, row]));
  const unanswered = new Set(sealed.latest);
  for (const head of await reconciliation.headRows()) {
    const name = sealedName(room.ledgerOrigin, head);
    unanswered.delete(name);
    const known = frozen.get(head.tenant);
    if (known !== undefined && known.kind !== 'unratable') {
      // Named before; it stands still until a full pass is clean.
      faults.push({ tenant: head.tenant, kind: known.kind, seq: known.seq, detail: known.detail });
      continue;
    }
    try {
      const marks = sealed.heads.get(name) ?? [];
      const found = await checkTail(head, await baseOf(head, marks, sealed, room), marks, room);
      if (found.entries > 0) tenants++;
      entries += found.entries;
      healed.push(...found.healed.map((seq) => `${head.tenant} mirror ${seq}`));
    } catch (error) {
      if (!(error instanceof LedgerFault)) throw error;
      const fault = { tenant: head.tenant, kind: error.kind, seq: error.seq, detail: error.message };
      faults.push(fault);
      room.tails.delete(head.tenant);
      await reconciliation.freeze(head.tenant as TenantId, fault, clock.now());
      log.error('ledger_fault', error, { tenant: head.tenant, kind: error.kind, seq: error.seq });
    }
  }
  for (const name of unanswered) {
    const head = sealed.heads.get(name)!.at(-1)!;
    const detail = `seal ${head.seal} signed a log of ${head.size} entries that no head row answers to`;
    faults.push({ tenant: ALL_TENANTS, kind: 'wrong_head', seq: head.size - 1, detail });
  }
  await reconciliation.keepVerified({
    ...{ tenant: TAIL, size: 0, root: '', last: '', seal: sealed.seal, at: clock.now(), state: new Uint8Array(0) },
  });
  log.info('tail_verified', { tenants, entries, healed: healed.length, faults: faults.length });
  return { at, tenants, entries, healed, faults };
}

/** Where a log's tail begins: at a head that was signed, or, where a seal does not hold, where a deep pass has verified it. */
async function baseOf(
  { tenant }: HeadRow,
  marks: readonly SealedHead[],
  sealed: TailSeals,
  { reconciliation }: TailRoom,
): Promise<TailBase | undefined> {
  if (sealed.base !== undefined) return marks[0]?.seal === sealed.base ? marks[0] : undefined;
  if (sealed.faults.length === 0) return undefined;
  const verified = await reconciliation.verified(tenant);
  return verified === undefined || verified.size === 0 ? undefined : verified;
}

interface TailFound {
  readonly entries: number;
  readonly healed: readonly number[];
}

async function checkTail(
  head: HeadRow,
  base: TailBase | undefined,
  marks: readonly SealedHead[],
  room: TailRoom,
): Promise<TailFound> {
  const tenant = head.tenant as TenantId;
  const longest = marks.at(-1);
  if (longest !== undefined && longest.size > head.size) {
    const detail = `seal ${longest.seal} signed ${longest.size} entries, the head row has ${head.size}`;
    throw new LedgerFault('wrong_anchor', head.size, detail);
  }
  const from = base?.size ?? 0;
  const root = base?.root ?? '';
  const before = room.tails.get(tenant);
  const isKnown = before?.from === from && before.root === root;
  const now = room.clock.now();
  const isCompared = isKnown && before.comparedAt > plusMicros(now, -COMPARED_AGAIN_MICROS);
  const walk = await TailWalk.begin(
    { ledger: room.ledgerOrigin, tenant },
    base,
    marks,
    isKnown ? before : undefined,
    room.proofs,
  );
  const healed: number[] = [];
  const mirrored = isCompared ? undefined : new MirrorCopies(tenant, from, room);
  while (walk.size < head.size) {
    const pages = await readable(() => room.ledger.pages(tenant, walk.size, head.size, PAGES_PER_READ), walk.size);
    if (pages.length === 0) throw new LedgerFault('missing_page', walk.size, 'the database has no page for this entry');
    for (const [page, following] of withFollowing(pages, head.size)) {
      goOn(room);
      walk.take(page, following, head);
      if (await mirrored?.take(page)) healed.push(page.firstSeq);
      await room.nextTurn();
    }
  }
  walk.arrive(head);
  await mirrored?.finish(walk.size);
  room.tails.set(tenant, {
    from,
    root,
    base: walk.base,
    pages: walk.pages,
    comparedAt: isCompared ? before.comparedAt : now,
  });
  return { entries: head.size - from, healed };
}
