import { base64url, canonicalJson } from '../../shared/domain/canonical.ts';
import type { LedgerOrigin, TenantId } from '../../shared/domain/ids.ts';
import { invoiceBytes } from '../../shared/domain/invoice/invoice.ts';
import { type Books, periodKeyText } from '../../shared/domain/ledger/books.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { type Page, PageDamaged, unpackPage } from '../../shared/domain/ledger/page.ts';
import type { Replay } from '../../shared/domain/ledger/replay.ts';
import { blindedTenant, type TenantHead } from '../../shared/domain/ledger/seal.ts';
import type { PriceVersion } from '../../shared/domain/pricing/version.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { AccountStore } from '../../shared/stores/account-store.ts';
import type { Archive } from '../../shared/stores/archive.ts';
import type { InvoiceStore } from '../../shared/stores/invoice-store.ts';
import { packPeaks } from '../../shared/stores/ledger-rows.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';
import type { ProofStore } from '../../shared/stores/proof-store.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';
import { citedTerms, type TermsStore } from '../../shared/stores/terms-store.ts';
import { evidenceCopies, MirrorCopies } from './copies.ts';
import { withFollowing } from './lots.ts';
import { Openings } from './openings.ts';
import { goOn, type RestRoom } from './rest.ts';
import { packState, resume } from './resume.ts';
import type { SealedHead } from './seal-walk.ts';
import { readable } from './tail-walk.ts';
import { TreeCopies } from './tree-copies.ts';
import { VaultCopies } from './vault-copies.ts';

export interface LogCheckRoom extends RestRoom {
  readonly ledger: LedgerStore;
  readonly archive: Archive;
  readonly accounts: AccountStore;
  readonly terms: TermsStore;
  readonly invoices: InvoiceStore;
  readonly proofs: ProofStore;
  readonly reconciliation: ReconciliationStore;
  readonly mirror: Mirror;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly ledgerOrigin: LedgerOrigin;
  /** Called after each page: thousands in one go would keep everybody else waiting. */
  readonly nextTurn: () => Promise<void>;
}

export interface LogCheck {
  readonly verified: number;
  readonly healed: readonly string[];
}

const PAGES_PER_READ = 64;

/**
 * Replays one tenant's log from where it was last verified (or from genesis) to its head: every entry, every amount,
 * every sum, and every copy byte for byte. What the mirror or the vault merely lost they get again. What has left the hot
 * window is read from the vault: it is not lost, and the mirror does not get it back.
 *
 * @param sealed heads of this log that seals have signed, in order
 * @throws LedgerFault at the first entry that breaks a promise
 * @throws TryAgain where the process is ending
 */
export async function checkLog(
  tenant: TenantId,
  full: boolean,
  sealed: readonly SealedHead[],
  lastSeal: number,
  room: LogCheckRoom,
): Promise<LogCheck> {
  const { reconciliation, clock } = room;
  const seen = await reconciliation.headAndBooks(tenant);
  if (seen === undefined) return { verified: 0, healed: [] };
  const { head, books } = seen;
  const longest = sealed.at(-1);
  if (longest !== undefined && longest.size > head.size) {
    const detail = `seal ${longest.seal} signed ${longest.size} entries, the head row has ${head.size}`;
    throw new LedgerFault('wrong_anchor', head.size, detail);
  }
  const verified = await reconciliation.verified(tenant);
  const before = full ? undefined : verified;
  const prices = new Map<string, PriceVersion>();
  const terms = new Map<string, Uint8Array>();
  const tree = new TreeCopies();
  const openings = new Openings();
  const replay = await resume(tenant, before, prices, terms, tree.take, room);
  const start = replay.size;
  const healed: string[] = [];
  const marks = new Map(sealed.map((mark) => [mark.size, mark]));
  await checkEarlierMarks(tenant, sealed, replay, room);
  const retiredBefore = await room.archive.retiredBefore(tenant);
  const written = verified?.size ?? 0;
  const mirrored = new MirrorCopies(tenant, Math.max(start, retiredBefore), room);
  const copies = await VaultCopies.begin({ tenant, end: head.size, full, written, retiredBefore }, room);

  while (replay.size < head.size) {
    const pages = await readable(() => room.ledger.pages(tenant, replay.size, head.size, PAGES_PER_READ), replay.size);
    if (pages.length === 0 || pages[0]!.firstSeq > replay.size) throw noPage(replay.size, retiredBefore);
    for (const [page, following] of withFollowing(pages, head.size)) {
      goOn(room);
      if (page.firstSeq !== replay.size) throw noPage(replay.size, retiredBefore);
      const texts = unpack(page);
      await loadPrices(texts, prices, room);
      await loadTerms(texts, terms, room);
      replayPage(
        replay,
        openings,
        texts,
        marks,
        head,
        following === undefined ? undefined : () => firstPrev(following),
      );
      if (page.firstSeq >= retiredBefore && (await mirrored.take(page))) {
        healed.push(`mirror ${page.firstSeq}`);
      }
      await copies.take(page);
      await room.nextTurn();
    }
  }

  // Of a charge before this pass not every correction was seen; the full pass sees them all.
  for (const seq of replay.corrections.charges.filter((one) => one >= start)) {
    goOn(room);
    const [text] = await readable(() => room.ledger.entries(tenant, seq, seq + 1), seq);
    replay.corrections.hold(seq, text!);
  }
  compareHead(replay, head);
  await mirrored.finish(head.size);
  healed.push(...(await tree.finish(tenant, room)), ...(await openings.finish(tenant, room)));
  compareBooks(replay, books);
  await compareInvoices(tenant, replay, room);
  if (full) await refuseStrayInvoices(tenant, replay, room);
  healed.push(...(await copies.finish()));
  if (full) healed.push(...(await evidenceCopies(tenant, room)));
  await reconciliation.keepVerified({
    tenant,
    size: replay.size,
    root: replay.head().root,
    last: replay.head().last,
    seal: lastSeal,
    at: clock.now(),
    state: packState(replay),
  });
  return { verified: replay.size - start, healed };
}

const noPage = (seq: number, retiredBefore: number): LedgerFault =>
  new LedgerFault('missing_page', seq, `the ${seq < retiredBefore ? 'vault' : 'database'} has no page for this entry`);

/** Seals made while the pass before was under way may show the log shorter than that pass left it. */
async function checkEarlierMarks(
  tenant: TenantId,
  sealed: readonly SealedHead[],
  replay: Replay,
  { proofs }: LogCheckRoom,
): Promise<void> {
  for (const { size, root, seal } of sealed) {
    if (size > replay.size || size === 0) continue;
    const found =
      size === replay.size
        ? replay.head().root
        : base64url(await readable(() => proofs.rootAt(tenant, size), size - 1));
    if (found !== root) throw new LedgerFault('wrong_anchor', size - 1, `the log is another than seal ${seal} signed`);
  }
}

function unpack(page: Page): string[] {
  try {
    const texts = unpackPage(page.bytes);
    if (texts.length === page.count) return texts;
    throw new PageDamaged(`the page holds ${texts.length} entries, its row says ${page.count}`);
  } catch (error) {
    if (error instanceof PageDamaged) throw new LedgerFault('altered', page.firstSeq, error.message);
    throw error;
  }
}

function replayPage(
  replay: Replay,
  openings: Openings,
  texts: readonly string[],
  marks: ReadonlyMap<number, SealedHead>,
  head: TenantHead,
  nextPagePrev: (() => string | undefined) | undefined,
): void {
  for (const [i, text] of texts.entries()) {
    const successor = texts[i + 1];
    openings.before(text, replay);
    replay.apply(text, () =>
      successor !== undefined ? prevOf(successor) : nextPagePrev !== undefined ? nextPagePrev() : head.last,
    );
    requireMark(replay, marks.get(replay.size));
  }
}

/** Where a seal has signed the log at this size, it is that log. @throws LedgerFault */
export function requireMark(replay: Replay, mark: SealedHead | undefined): void {
  if (mark === undefined) return;
  const found = replay.head();
  if (found.root !== mark.root || found.last !== mark.last) {
    throw new LedgerFault('wrong_anchor', replay.size - 1, `the log is another than seal ${mark.seal} signed`);
  }
}

export const prevOf = (text: string): string | undefined => /"prev":"([A-Za-z0-9_-]{43})"/.exec(text)?.[1];

function firstPrev(page: Page): string | undefined {
  try {
    return prevOf(unpackPage(page.bytes)[0]!);
  } catch (error) {
    if (error instanceof PageDamaged) return undefined;
    throw error;
  }
}

function compareHead(
  replay: Replay,
  head: TenantHead & { readonly peaks: Uint8Array; readonly recordedAt: string },
): void {
  const found = replay.head();
  const same = found.size === head.size && found.last === head.last && found.root === head.root;
  if (!same || !packPeaks(replay.range).equals(head.peaks) || replay.recordedAt !== head.recordedAt) {
    throw new LedgerFault('wrong_head', found.size - 1, 'the head row is not the head of the entries');
  }
}

/** The rows that the next entry will be computed from must be what the entries add up to. */
function compareBooks(replay: Replay, books: Books): void {
  const ever = '0001-01-01T00:00:00.000000Z' as Instant;
  // Long-closed aggregates may have been dropped from one side; the balance of the last 400 days decides.
  const now = replay.recordedAt ?? ever;
  if (canonicalJson(replay.books.carried(now)) === canonicalJson(books.carried(now))) return;
  for (const [key, open] of replay.books.periods) {
    const row = books.periods.get(key);
    if (row === undefined || row.total !== open.total || row.count !== open.count) {
      throw new LedgerFault(
        'wrong_sum',
        open.lastSeq,
        `the running sums of ${periodKeyText(open.subscription, open.period)} differ`,
      );
    }
  }
  throw new LedgerFault('wrong_sum', replay.size - 1, 'a meter or a running sum is not what the entries add up to');
}

/** What an invoice's row repeats of its document. */
const COPIED = ['subscription', 'period', 'currency', 'total', 'issued_at'] as const;

async function compareInvoices(tenant: TenantId, replay: Replay, room: LogCheckRoom): Promise<void> {
  for (const [number, invoice] of replay.invoices) {
    const row = await room.invoices.get(tenant, number);
    const same = row !== undefined && COPIED.every((name) => row[name] === invoice[name]);
    if (!same || !invoiceBytes(invoice).equals(row.document)) {
      throw new LedgerFault(
        'wrong_invoice',
        Number(invoice.close_seq) + 1,
        `invoice ${number} is not the fold of its period`,
      );
    }
  }
}

/** An invoice that no entry issued. Those issued since the head was read come after it. */
async function refuseStrayInvoices(tenant: TenantId, replay: Replay, room: LogCheckRoom): Promise<void> {
  for (let after: string | undefined; ; ) {
    const rows = await room.invoices.list(tenant, 500, after);
    const stray = rows.find(({ number, close_seq }) => !replay.invoices.has(number) && close_seq < replay.size);
    if (stray !== undefined) {
      throw new LedgerFault('wrong_invoice', stray.close_seq, `no entry issued the invoice ${stray.number}`);
    }
    if (rows.length === 0) return;
    after = rows.at(-1)!.number;
  }
}

async function loadPrices(
  texts: readonly string[],
  prices: Map<string, PriceVersion>,
  room: LogCheckRoom,
): Promise<void> {
  const missing = new Set<string>();
  for (const text of texts) {
    const digest = /"price_digest":"([A-Za-z0-9_-]{43})"/.exec(text)?.[1];
    if (digest !== undefined && !prices.has(digest)) missing.add(digest);
  }
  if (missing.size === 0) return;
  for (const [digest, version] of await room.accounts.knownPrices(missing)) prices.set(digest, version);
}

async function loadTerms(texts: readonly string[], terms: Map<string, Uint8Array>, room: LogCheckRoom): Promise<void> {
  const missing = new Set<string>();
  for (const text of texts) {
    const digest = citedTerms(text);
    if (digest !== undefined && !terms.has(digest)) missing.add(digest);
  }
  if (missing.size === 0) return;
  for (const [digest, bytes] of await room.terms.known(missing)) terms.set(digest, bytes);
}

/** The blinded name under which seals know a log. */
export const sealedName = (ledger: string, head: TenantHead): string => blindedTenant(ledger, head.blind, head.tenant);
