import type { TenantId } from '../../shared/domain/ids.ts';
import { type Page, PageDamaged, unpackPage } from '../../shared/domain/ledger/page.ts';
import { readEntry, readSeal } from '../../shared/domain/ledger/record.ts';
import { type Instant, MICROS_PER_DAY, MICROS_PER_SECOND, plusMicros } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { AccountStore } from '../../shared/stores/account-store.ts';
import { type Archive, SegmentLost } from '../../shared/stores/archive.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';
import type { RetirementStore } from '../../shared/stores/retirement-store.ts';
import { headsName, SEAL_TREE, type Seal, type SealStore } from '../../shared/stores/seal-store.ts';

export interface RetireRoom {
  readonly accounts: AccountStore;
  readonly archive: Archive;
  readonly mirror: Mirror;
  readonly reconciliation: ReconciliationStore;
  readonly retirements: RetirementStore;
  readonly seals: SealStore;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly hotWindowDays: number;
  /** Told to stop between two commits. */
  readonly stopping: AbortSignal;
}

export interface Retired {
  /** pages that the vault alone holds from now on */
  readonly pages: number;
  /** accepted batches whose payload went */
  readonly payloads: number;
  /** seals whose heads the vault alone holds from now on */
  readonly seals: number;
  /** tenants that were passed over, with the reason */
  readonly skipped: readonly { readonly tenant: string; readonly reason: string }[];
  /** whether there was more to do than time */
  readonly unfinished: boolean;
}

/** One commit lets go of so many pages (some 18 kB each, compared with the vault first) or of so many batches (up to 1,000 events each). */
const PAGES_PER_COMMIT = 64;
const BATCHES_PER_COMMIT = 100;
/** Heads of a thousand customers are some 100 kB. */
const SEALS_PER_COMMIT = 200;
/** Vault reads at once. */
const READS_AT_ONCE = 16;
/** A call ends after this long; the next one goes on where it left off. */
const CALL_SECONDS = 480n;

/**
 * Lets go of what has left the hot window: pages from database and mirror, payloads of accepted usage, heads of seals that are no
 * anchors.
 *
 * A page goes only if every entry of it is older than the window, a deep pass has verified it, the vault gives it back byte
 * for byte at this moment, and nothing on hand needs it. Twice or after a crash it finds less to do; nothing goes that
 * cannot be read again.
 */
export async function retire(given: RetireRoom): Promise<Retired> {
  // What the vault gave back an hour ago is no proof that it would now.
  const room = { ...given, archive: given.archive.fresh() };
  const { clock, reconciliation, log } = room;
  const now = clock.now();
  const acceptedBefore = plusMicros(now, -BigInt(room.hotWindowDays) * MICROS_PER_DAY);
  const isOver = (): boolean =>
    room.stopping.aborted || clock.now() > plusMicros(now, CALL_SECONDS * MICROS_PER_SECOND);
  const skipped: { tenant: string; reason: string }[] = [];
  let pages = 0;
  let payloads = 0;
  for (const head of await reconciliation.heads()) {
    if (isOver()) break;
    const tenant = head.tenant as TenantId;
    try {
      pages += await retirePages(tenant, acceptedBefore, isOver, room);
      payloads += await purgePayloads(tenant, acceptedBefore, isOver, room);
    } catch (error) {
      // One tenant's trouble keeps nobody else's old pages in the database.
      if (!(error instanceof VaultLacks || error instanceof SegmentLost || error instanceof PageDamaged)) throw error;
      log.error('retire_refused', error, { tenant });
      skipped.push({ tenant, reason: error.message });
    }
  }
  const seals = await retireHeads(acceptedBefore, isOver, room).catch((error: unknown) => {
    if (!(error instanceof VaultLacks)) throw error;
    log.error('retire_refused', error, { tenant: SEAL_TREE });
    skipped.push({ tenant: SEAL_TREE, reason: error.message });
    return 0;
  });
  log.info('retired', { pages, payloads, seals, skipped: skipped.length });
  return { pages, payloads, seals, skipped, unfinished: isOver() };
}

/** The vault does not give a page back as the database has it. A full pass makes good what is merely lost, and names the rest. */
class VaultLacks extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'VaultLacks';
  }
}

async function retirePages(
  tenant: TenantId,
  recordedBefore: Instant,
  isOver: () => boolean,
  room: RetireRoom,
): Promise<number> {
  const { retirements, mirror, clock } = room;
  let gone = 0;
  while (!isOver()) {
    const { before, until } = await retirements.retirable(tenant);
    const oldest = before < until ? await retirements.oldest(tenant, before, PAGES_PER_COMMIT) : [];
    const old: Page[] = [];
    for (const page of oldest) {
      if (page.firstSeq + page.count > until || lastRecordedAt(page) >= recordedBefore) break;
      old.push(page);
    }
    if (old.length > 0) {
      await requireInVault(tenant, old, room);
      if (await retirements.letGo(tenant, old, clock.now())) gone += old.length;
    }
    if (old.length < PAGES_PER_COMMIT) break;
  }
  // Also what a call that broke off between the two left behind.
  const before = await room.archive.retiredBefore(tenant);
  if (before > 0) await mirror.retire(tenant, before);
  return gone;
}

/** Entries are recorded in order: where the last one is old, all are. */
const lastRecordedAt = (page: Page): string => readEntry(unpackPage(page.bytes).at(-1)!).recorded_at;

async function requireInVault(tenant: TenantId, pages: readonly Page[], { archive }: RetireRoom): Promise<void> {
  const last = pages.at(-1)!;
  const copies = await archive.read(tenant, { from: pages[0]!.firstSeq, to: last.firstSeq + last.count });
  for (const [i, page] of pages.entries()) {
    const copy = copies[i];
    if (copy?.firstSeq !== page.firstSeq || copy.count !== page.count || !copy.bytes.equals(page.bytes)) {
      throw new VaultLacks(`the vault does not give back the page of entry ${page.firstSeq}`);
    }
  }
}

async function purgePayloads(
  tenant: TenantId,
  acceptedBefore: Instant,
  isOver: () => boolean,
  { accounts, retirements, clock }: RetireRoom,
): Promise<number> {
  const account = await accounts.get(tenant);
  if (account === undefined) return 0;
  let purged = 0;
  let after: string | undefined = '';
  while (after !== undefined && !isOver()) {
    const found = await retirements.purgePayloads(account, acceptedBefore, clock.now(), {
      after,
      limit: BATCHES_PER_COMMIT,
    });
    purged += found.purged;
    after = found.next;
  }
  return purged;
}

/**
 * Each seal holds the head of every customer, whether it moved or not: of all that grows with time alone, they are most. Anchors,
 * through which every bundle leads, stay at hand; so does the last seal, to which the next one is compared.
 */
async function retireHeads(sealedBefore: Instant, isOver: () => boolean, room: RetireRoom): Promise<number> {
  const { seals, reconciliation, clock } = room;
  const until = Math.min((await reconciliation.verified(SEAL_TREE))?.size ?? 0, (await seals.latest()).size - 1);
  let gone = 0;
  while (!isOver()) {
    const from = await seals.headsRetiredBefore();
    if (from >= until) break;
    const before = from === 0 ? undefined : await seals.seal(from - 1);
    const old = (await seals.range(from, Math.min(until, from + SEALS_PER_COMMIT))).filter(
      (seal) => atOf(seal) < sealedBefore,
    );
    if (old.length === 0) break;
    const going = old.filter((seal, i) => hourOf(seal) === hourOf(old[i - 1] ?? before));
    for (let at = 0; at < going.length; at += READS_AT_ONCE) {
      await Promise.all(going.slice(at, at + READS_AT_ONCE).map((seal) => requireHeadsInVault(seal, room)));
    }
    const numbers = going.map(({ n }) => n);
    if (!(await seals.letHeadsGo(numbers, from, old.at(-1)!.n + 1, clock.now()))) break;
    gone += going.length;
    if (old.length < SEALS_PER_COMMIT) break;
  }
  return gone;
}

const atOf = ({ record }: Seal): string => readSeal(record).at;
/** The first seal of an hour is its anchor. */
const hourOf = (seal: Seal | undefined): string => (seal === undefined ? '' : atOf(seal).slice(0, 13));

async function requireHeadsInVault({ n, packedHeads }: Seal, { vault }: RetireRoom): Promise<void> {
  const copy = await vault.read(headsName(n));
  if (copy === undefined || Buffer.compare(copy, packedHeads) !== 0) {
    throw new VaultLacks(`the vault does not give back the heads of seal ${n}`);
  }
}
