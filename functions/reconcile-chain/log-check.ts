import { base64url, canonicalJson } from '../../shared/domain/canonical.ts';
import { sha256Hex } from '../../shared/domain/digest.ts';
import { writeTar } from '../../shared/domain/evidence/tar.ts';
import type { LedgerOrigin, TenantId } from '../../shared/domain/ids.ts';
import { invoiceBytes } from '../../shared/domain/invoice/invoice.ts';
import { type Books, periodKeyText } from '../../shared/domain/ledger/books.ts';
import { booksOf } from '../../shared/domain/ledger/carried.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { type Page, PageDamaged, unpackPage } from '../../shared/domain/ledger/page.ts';
import { Unreadable } from '../../shared/domain/ledger/record.ts';
import { Replay } from '../../shared/domain/ledger/replay.ts';
import { blindedTenant, type TenantHead } from '../../shared/domain/ledger/seal.ts';
import type { CompactRange } from '../../shared/domain/ledger/tree.ts';
import type { PriceVersion } from '../../shared/domain/pricing/version.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { AccountStore } from '../../shared/stores/account-store.ts';
import type { InvoiceStore } from '../../shared/stores/invoice-store.ts';
import { packPeaks, RowDamaged, unpackRange } from '../../shared/stores/ledger-rows.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';
import type { ProofStore } from '../../shared/stores/proof-store.ts';
import type { ReconciliationStore, VerifiedRow } from '../../shared/stores/reconciliation-store.ts';
import type { SealedHead } from './seal-check.ts';

export interface LogCheckRoom {
  readonly ledger: LedgerStore;
  readonly accounts: AccountStore;
  readonly invoices: InvoiceStore;
  readonly proofs: ProofStore;
  readonly reconciliation: ReconciliationStore;
  readonly mirror: Mirror;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly ledgerOrigin: LedgerOrigin;
}

export interface LogCheck {
  readonly verified: number;
  readonly healed: readonly string[];
}

const PAGES_PER_READ = 64;

/** Name of the vault's copy of a verified stretch of a log: entries [from, to). */
export const segmentName = (tenant: string, from: number, to: number): string =>
  `segments/${tenant}/${String(from).padStart(16, '0')}-${String(to).padStart(16, '0')}.tar`;

/**
 * Replays one tenant's log from where it was last verified (or from genesis) to its head: every entry, every amount,
 * every sum, and every copy byte for byte. What the mirror or the vault merely lost they get again.
 *
 * @param sealed heads of this log that seals have signed, in order
 * @throws LedgerFault at the first entry that breaks a promise
 */
export async function checkLog(
  tenant: TenantId,
  full: boolean,
  sealed: readonly SealedHead[],
  lastSeal: number,
  room: LogCheckRoom,
): Promise<LogCheck> {
  const { ledger, reconciliation, clock } = room;
  const seen = await reconciliation.headAndBooks(tenant);
  if (seen === undefined) return { verified: 0, healed: [] };
  const { head, books } = seen;
  const longest = sealed.at(-1);
  if (longest !== undefined && longest.size > head.size) {
    const detail = `seal ${longest.seal} signed ${longest.size} entries, the head row has ${head.size}`;
    throw new LedgerFault('wrong_anchor', head.size, detail);
  }
  const before = full ? undefined : await reconciliation.verified(tenant);
  const prices = new Map<string, PriceVersion>();
  const replay = await resume(tenant, before, prices, room);
  const start = replay.size;
  const healed: string[] = [];
  const marks = new Map(sealed.map((mark) => [mark.size, mark]));
  await checkEarlierMarks(tenant, sealed, replay, room);
  const segment: Page[] = [];

  while (replay.size < head.size) {
    const pages = await ledger.pages(tenant, replay.size, head.size, PAGES_PER_READ);
    if (pages.length === 0 || pages[0]!.firstSeq > replay.size) {
      throw new LedgerFault('missing_page', replay.size, 'the database has no page for this entry');
    }
    for (const [i, page] of pages.entries()) {
      if (page.firstSeq !== replay.size) {
        throw new LedgerFault('missing_page', replay.size, 'the database has no page for this entry');
      }
      const texts = unpack(page);
      await loadPrices(texts, prices, room);
      const following = pages[i + 1];
      replayPage(replay, texts, marks, head, following === undefined ? undefined : () => firstPrev(following));
      if (await mirrorCopy(tenant, page, texts, room)) healed.push(`mirror ${page.firstSeq}`);
      segment.push(page);
    }
  }

  const beyond = sealed.find(({ size }) => size > replay.size);
  if (beyond !== undefined) {
    throw new LedgerFault(
      'wrong_anchor',
      replay.size,
      `seal ${beyond.seal} signed ${beyond.size} entries, the log has fewer`,
    );
  }
  compareHead(replay, head);
  compareBooks(replay, books);
  await compareInvoices(tenant, replay, room);
  if (full) await refuseStrayInvoices(tenant, replay, room);
  healed.push(...(await vaultCopies(tenant, start, head.size, segment, full, room)));
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

/** Seals made while the pass before was under way may show the log shorter than that pass left it. */
async function checkEarlierMarks(
  tenant: TenantId,
  sealed: readonly SealedHead[],
  replay: Replay,
  { proofs }: LogCheckRoom,
): Promise<void> {
  for (const { size, root, seal } of sealed) {
    if (size > replay.size || size === 0) continue;
    const found = size === replay.size ? replay.head().root : base64url(await proofs.rootAt(tenant, size));
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
  texts: readonly string[],
  marks: ReadonlyMap<number, SealedHead>,
  head: TenantHead,
  nextPagePrev: (() => string | undefined) | undefined,
): void {
  for (const [i, text] of texts.entries()) {
    const successor = texts[i + 1];
    replay.apply(text, () =>
      successor !== undefined ? prevOf(successor) : nextPagePrev !== undefined ? nextPagePrev() : head.last,
    );
    const mark = marks.get(replay.size);
    if (mark === undefined) continue;
    const found = replay.head();
    if (found.root !== mark.root || found.last !== mark.last) {
      throw new LedgerFault('wrong_anchor', replay.size - 1, `the log is another than seal ${mark.seal} signed`);
    }
  }
}

const prevOf = (text: string): string | undefined => /"prev":"([A-Za-z0-9_-]{43})"/.exec(text)?.[1];

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

async function mirrorCopy(
  tenant: TenantId,
  page: Page,
  texts: readonly string[],
  room: LogCheckRoom,
): Promise<boolean> {
  const copy = await room.mirror.read(tenant, page.firstSeq);
  if (copy === undefined) {
    await room.mirror.create(tenant, page.firstSeq, page.bytes);
    return true;
  }
  if (!page.bytes.equals(copy)) throw copyDiffers('mirror', page, texts, copy);
  return false;
}

/** Names the first entry at which a copy differs. */
function copyDiffers(where: string, page: Page, texts: readonly string[], copy: Uint8Array): LedgerFault {
  let seq = page.firstSeq;
  try {
    const others = unpackPage(copy);
    const at = texts.findIndex((text, i) => others[i] !== text);
    seq += Math.max(at, 0);
  } catch (error) {
    if (!(error instanceof PageDamaged)) throw error;
  }
  return new LedgerFault('copy_differs', seq, `the ${where} holds other bytes than the database`);
}

/** Writes the newly verified stretch to the vault; a full pass also reads back every stretch written before. */
async function vaultCopies(
  tenant: TenantId,
  from: number,
  to: number,
  segment: readonly Page[],
  full: boolean,
  room: LogCheckRoom,
): Promise<string[]> {
  const healed: string[] = [];
  const held = await room.vault.list(`segments/${tenant}/`);
  const written = full ? ((await room.reconciliation.verified(tenant))?.size ?? 0) : from;
  let covered = full ? 0 : from;
  if (full) {
    for (const name of held) {
      const [first, end] = name
        .slice(name.lastIndexOf('/') + 1, -4)
        .split('-')
        .map(Number) as [number, number];
      if (first !== covered) break;
      const pages = segment.filter((page) => page.firstSeq >= first && page.firstSeq < end);
      const copy = await room.vault.read(name);
      if (copy === undefined) break;
      if (!packSegment(pages).equals(copy)) {
        throw new LedgerFault('copy_differs', first, `the vault's copy of entries ${first} to ${end - 1} differs`);
      }
      covered = end;
    }
  }
  if (covered < to) {
    const name = segmentName(tenant, covered, to);
    const pages = segment.filter((page) => page.firstSeq >= covered);
    const outcome = await room.vault.create(name, packSegment(pages));
    if (outcome === 'different') throw new LedgerFault('copy_differs', covered, `the vault's ${name} differs`);
    // Up to there an earlier pass had written it.
    if (covered < written) healed.push(`vault ${covered}`);
  }
  return healed;
}

const INVOICES_PER_READ = 100;

/** Compares every evidence bundle in the vault with what the invoice's row says of it. */
async function evidenceCopies(tenant: TenantId, { invoices, vault }: LogCheckRoom): Promise<string[]> {
  const healed: string[] = [];
  let after: string | undefined;
  for (;;) {
    const rows = await invoices.list(tenant, INVOICES_PER_READ, after);
    for (const row of rows) {
      if (row.bundle_name === null) continue;
      const bundle = await vault.read(row.bundle_name);
      if (bundle === undefined) {
        await invoices.markLost(tenant, row.number, row.close_seq);
        healed.push(`evidence ${row.number}`);
      } else if (sha256Hex(bundle) !== row.bundle_sha256) {
        throw new LedgerFault(
          'copy_differs',
          row.close_seq,
          `the vault's evidence of ${row.number} is not what was archived`,
        );
      }
    }
    if (rows.length < INVOICES_PER_READ) return healed;
    after = rows.at(-1)!.number;
  }
}

/** A stretch of a log as the vault keeps it: its pages, byte for byte, in one deterministic tar. */
export const packSegment = (pages: readonly Page[]): Buffer =>
  writeTar(pages.map(({ firstSeq, bytes }) => ({ path: `pages/${String(firstSeq).padStart(16, '0')}.zst`, bytes })));

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

interface State {
  readonly carried: unknown;
  readonly peaks: string;
  readonly recordedAt: Instant | null;
}

function packState(replay: Replay): Buffer {
  const state: State = {
    carried: replay.books.carried(replay.recordedAt ?? ('0001-01-01T00:00:00.000000Z' as Instant)),
    peaks: packPeaks(replay.range).toString('base64'),
    recordedAt: replay.recordedAt ?? null,
  };
  return Buffer.from(JSON.stringify(state), 'utf8');
}

async function resume(
  tenant: TenantId,
  row: VerifiedRow | undefined,
  prices: ReadonlyMap<string, PriceVersion>,
  room: LogCheckRoom,
): Promise<Replay> {
  if (row === undefined) return Replay.fromGenesis(room.ledgerOrigin, tenant, prices);
  try {
    const state = JSON.parse(Buffer.from(row.state).toString('utf8')) as State;
    const range: CompactRange = unpackRange(row.size, Buffer.from(state.peaks, 'base64'));
    const values = await room.ledger.seenBefore(tenant, state.carried);
    return new Replay(room.ledgerOrigin, tenant, prices, {
      range,
      last: row.last,
      books: booksOf(state.carried, values),
      seenValues: values,
      ...(state.recordedAt === null ? {} : { recordedAt: state.recordedAt }),
    });
  } catch (error) {
    // What the last pass kept is not what it wrote; a full pass does not need it.
    if (error instanceof Unreadable || error instanceof SyntaxError) throw new RowDamaged(error.message);
    throw error;
  }
}

/** The blinded name under which seals know a log. */
export const sealedName = (ledger: string, head: TenantHead): string => blindedTenant(ledger, head.blind, head.tenant);
