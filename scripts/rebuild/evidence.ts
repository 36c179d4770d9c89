import { bundleName } from '../../functions/archive-period/archive-period.ts';
import { sha256Hex } from '../../shared/domain/digest.ts';
import { BundleFiles } from '../../shared/domain/evidence/bundle-files.ts';
import { Refuted } from '../../shared/domain/evidence/claims.ts';
import { BundleUnreadable } from '../../shared/domain/evidence/tar.ts';
import { checkManifest } from '../../shared/domain/evidence/verify-signatures.ts';
import { type InvoiceDocument, invoiceBytes } from '../../shared/domain/invoice/invoice.ts';
import { Unreadable } from '../../shared/domain/ledger/record.ts';
import { invoices, unarchived } from '../../shared/stores/tables.ts';
import type { RestoredInvoice } from './restored-log.ts';
import { type RebuildOptions, RebuildRefused, type RebuildRoom } from './room.ts';
import type { RowWriter } from './row-writer.ts';

/**
 * Restores an invoice's row, with its evidence as the vault has it: signed by a pinned key, about this very document. Evidence
 * that is not there is due again.
 * @returns whether it is there
 */
export async function restoreInvoice(
  invoice: InvoiceDocument,
  { place: { openSeq, entrySeq }, state }: Pick<RestoredInvoice, 'place' | 'state'>,
  room: RebuildRoom,
  { pinned }: RebuildOptions,
  writer: RowWriter,
): Promise<boolean> {
  const { tenant, number } = invoice;
  const closeSeq = invoice.close_seq === '' ? entrySeq : Number(invoice.close_seq);
  const name = bundleName(tenant, number);
  const bytes = await room.vault.read(name);
  const bundle = bytes === undefined ? undefined : Buffer.from(bytes);
  const seal = bundle === undefined ? null : await sealOf(bundle, name, invoice, pinned);
  await writer.put(invoices, {
    tenant,
    number,
    kind: invoice.kind,
    subscription: invoice.subscription,
    period: invoice.period,
    currency: invoice.currency,
    total: invoice.total,
    state,
    issued_at: invoice.issued_at,
    open_seq: openSeq,
    close_seq: closeSeq,
    entry_seq: entrySeq,
    document: invoiceBytes(invoice),
    bundle_name: bundle === undefined ? null : name,
    bundle_sha256: bundle === undefined ? null : sha256Hex(bundle),
    bundle_bytes: bundle?.length ?? null,
    seal,
  });
  if (bundle === undefined) await writer.put(unarchived, { tenant, number, close_seq: closeSeq });
  return bundle !== undefined;
}

async function sealOf(
  bundle: Buffer,
  name: string,
  invoice: InvoiceDocument,
  pinned: RebuildOptions['pinned'],
): Promise<number> {
  try {
    const files = new BundleFiles(bundle);
    const about = files.about();
    await checkManifest({ files, pinned: { ...pinned, tenant: undefined }, about, pass: () => undefined });
    if (files.file('invoice.json').equals(invoiceBytes(invoice))) return about.seal;
  } catch (error) {
    const isBad = error instanceof BundleUnreadable || error instanceof Refuted || error instanceof Unreadable;
    throw isBad ? new RebuildRefused(name, error.message, { cause: error }) : error;
  }
  throw new RebuildRefused(name, 'it is evidence of another invoice than the log issues');
}
