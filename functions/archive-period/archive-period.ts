import type { Json } from '../../shared/domain/canonical.ts';
import { sha256Hex } from '../../shared/domain/digest.ts';
import {
  type AnchorEvidence,
  type BundleParts,
  bundleFiles,
  manifestBytes,
  packBundle,
} from '../../shared/domain/evidence/bundle.ts';
import { reportText } from '../../shared/domain/evidence/report.ts';
import type { LedgerOrigin, TenantId } from '../../shared/domain/ids.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { readEntry, readHead, readSeal } from '../../shared/domain/ledger/record.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { AccountStore } from '../../shared/stores/account-store.ts';
import type { InvoiceRow, InvoiceStore } from '../../shared/stores/invoice-store.ts';
import type { KeyStore } from '../../shared/stores/key-store.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';
import type { Notary } from '../../shared/stores/notary.ts';
import type { OpeningStore } from '../../shared/stores/opening-store.ts';
import type { Projector } from '../../shared/stores/projector.ts';
import type { ProofStore } from '../../shared/stores/proof-store.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';
import type { Seal, SealStore } from '../../shared/stores/seal-store.ts';
import { citedTerms, type TermsStore } from '../../shared/stores/terms-store.ts';

export interface ArchivePeriodRoom {
  readonly invoices: InvoiceStore;
  readonly ledger: LedgerStore;
  readonly accounts: AccountStore;
  readonly terms: TermsStore;
  readonly seals: SealStore;
  readonly proofs: ProofStore;
  readonly openings: OpeningStore;
  readonly keys: KeyStore;
  readonly notary: Notary;
  readonly reconciliation: ReconciliationStore;
  readonly vault: Vault;
  readonly projector: Projector;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledgerOrigin: LedgerOrigin;
}

/** Where the vault keeps an invoice's evidence. */
export const bundleName = (tenant: string, number: string): string => `evidence/${tenant}/${number}.tar`;

/** One invoice, as a doorbell names it. */
export interface InvoiceName {
  readonly tenant: string;
  readonly number: string;
}

const DUE_PER_CALL = 1000;

/**
 * Writes one immutable evidence bundle per invoice, as soon as a published seal covers the close of its period.
 *
 * A bundle is a pure function of the ledger up to the first seal that covers the close: running twice, or after a crash,
 * makes the same bytes, and the vault takes them once.
 *
 * @param only the invoice that a doorbell names; every due one where none is named. A thousand doorbells must not make each
 *   of a thousand bundles a thousand times
 * @returns the invoices whose evidence is in the vault now
 */
export async function archivePeriod(room: ArchivePeriodRoom, only?: InvoiceName): Promise<string[]> {
  const archived: string[] = [];
  const { signed } = await room.seals.latest();
  if (signed === undefined) return archived;
  const due =
    only === undefined ? await room.invoices.unarchived(DUE_PER_CALL) : await room.invoices.isUnarchived(only);
  for (const { tenant: name, number } of due) {
    const tenant = name as TenantId;
    try {
      if (await archiveInvoice(tenant, number, signed, room)) archived.push(number);
    } catch (error) {
      // One invoice's trouble must not keep the others' evidence from the vault; the sweep asks again.
      room.log.error('archive_failed', error, { tenant, number });
    }
  }
  return archived;
}

async function archiveInvoice(
  tenant: TenantId,
  number: string,
  latest: Seal,
  room: ArchivePeriodRoom,
): Promise<boolean> {
  if ((await room.reconciliation.frozen(tenant)) !== undefined) return false;
  const invoice = await room.invoices.get(tenant, number);
  if (invoice === undefined) throw new Error(`invoice ${number} is gone`);
  const seal = await firstSealOver(tenant, invoice.close_seq, latest, room);
  if (seal === undefined) return false;

  const bundle = await composeBundle(tenant, invoice, seal, room);
  const name = bundleName(tenant, number);
  const outcome = await room.vault.create(name, bundle, 'compressed');
  if (outcome === 'different') throw new Error(`the vault holds other evidence for ${number}`);
  const place = { name, sha256: sha256Hex(bundle), bytes: bundle.length, seal: seal.n };
  await room.invoices.markArchived(tenant, number, place);
  room.log.info('evidence_archived', { tenant, number, seal: seal.n, bytes: bundle.length });
  await showEvidence(tenant, number, room);
  return true;
}

/** Shows the tenant that the evidence is there. What fails here, the sweep makes again: the bundle is in the vault. */
async function showEvidence(tenant: TenantId, number: string, { projector, log }: ArchivePeriodRoom): Promise<void> {
  try {
    await projector.put(tenant, { kind: 'invoices', number });
  } catch (error) {
    log.error('projection_failed', error, { tenant, number });
  }
}

/** The first published seal whose heads hold the tenant's log at more than `closeSeq` entries, found by bisection. */
async function firstSealOver(
  tenant: TenantId,
  closeSeq: number,
  latest: Seal,
  { seals, proofs }: ArchivePeriodRoom,
): Promise<Seal | undefined> {
  const covers = async (n: number): Promise<Seal | undefined> => {
    const seal = await seals.seal(n);
    const head = seal === undefined ? undefined : await proofs.headPath(tenant, seal.heads);
    return head !== undefined && Number(readHead(head.line).size) > closeSeq ? seal : undefined;
  };
  let found = await covers(latest.n);
  let low = 0;
  // Sizes never shrink from seal to seal, so the first that covers is where covering begins.
  while (found !== undefined && low < found.n) {
    const middle = Math.floor((low + found.n) / 2);
    const candidate = await covers(middle);
    if (candidate === undefined) low = middle + 1;
    else found = candidate;
  }
  // Not before it is signed and in the vault: evidence must not run ahead of what it rests on.
  return found?.jws != null && found.publishedAt !== null ? found : undefined;
}

async function composeBundle(tenant: TenantId, row: InvoiceRow, seal: Seal, room: ArchivePeriodRoom): Promise<Buffer> {
  const invoice = JSON.parse(Buffer.from(row.document).toString('utf8')) as InvoiceDocument;
  const head = await room.proofs.headPath(tenant, seal.heads);
  const ledgerHead = await room.ledger.head(tenant);
  const keyset = await room.keys.keysetOf(readSeal(seal.record).keyset);
  if (head === undefined || ledgerHead === undefined || keyset === undefined)
    throw new Error('the seal has lost its parts');

  const start = await room.openings.startOf(tenant, row.open_seq);
  const entries = await room.ledger.entries(tenant, start.size, Number(readHead(head.line).size));
  const digests = new Set<string>();
  const cited = new Set<string>();
  for (const text of entries) {
    const entry = readEntry(text);
    if ('price_digest' in entry) digests.add(entry.price_digest);
    const digest = citedTerms(text);
    if (digest !== undefined) cited.add(digest);
  }
  const prices = [...(await room.accounts.prices(digests)).values()];
  const terms = await room.terms.cited(cited);
  const { anchors, absence } = await anchorEvidence(tenant, seal, start.size, Number(readHead(head.line).size), room);
  const parts: BundleParts = {
    ledger: room.ledgerOrigin,
    tenant,
    blind: ledgerHead.blind,
    start: { size: start.size, peaks: start.peaks, last: start.last },
    opening: start.opening as Json | undefined,
    openingValues: start.values,
    entries,
    invoice,
    prices,
    terms,
    seal: {
      record: seal.record,
      path: await room.proofs.sealPath(seal.n, seal.n + 1),
      heads: seal.heads,
      jws: seal.jws!,
    },
    anchors,
    absence,
    keyset,
    report: reportText({ invoice, seal: readSeal(seal.record), entries: entries.length, kid: seal.kid }),
  };
  const files = bundleFiles(parts);
  const about = {
    ledger: room.ledgerOrigin,
    tenant,
    number: row.number,
    subscription: row.subscription,
    period: row.period,
    seal: String(seal.n),
  };
  const manifest = manifestBytes(about, files);
  return packBundle(files, manifest, await room.notary.signEvidence('manifest+jws', seal.n, manifest));
}

/** Anchors back to the start of the bundle, oldest first; where the tenant is younger than one, proof of its absence. */
async function anchorEvidence(
  tenant: TenantId,
  seal: Seal,
  startSize: number,
  sealedSize: number,
  { seals, proofs }: ArchivePeriodRoom,
): Promise<Pick<BundleParts, 'anchors' | 'absence'>> {
  const anchors: AnchorEvidence[] = [];
  let previous = readSeal(seal.record).previous_anchor;
  while (previous !== '') {
    const anchor = await seals.seal(Number(previous));
    if (anchor === undefined) throw new Error(`anchor ${previous} is gone`);
    const sealPath = await proofs.sealPath(anchor.n, seal.n + 1);
    const head = await proofs.headPath(tenant, anchor.heads);
    if (head === undefined) return { anchors, absence: { record: anchor.record, sealPath, heads: anchor.heads } };
    const size = Number(readHead(head.line).size);
    // From the start on the replay itself passes through the anchor; before it, a proof has to do.
    const consistency = size < startSize ? await proofs.logConsistency(tenant, size, sealedSize) : [];
    anchors.unshift({ record: anchor.record, sealPath, head, consistency });
    if (size <= startSize) break;
    previous = readSeal(anchor.record).previous_anchor;
  }
  return { anchors, absence: undefined };
}
