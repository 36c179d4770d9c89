import { sha256Hex } from '../../shared/domain/digest.ts';
import type { Sequence, TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { type Page, PageDamaged, unpackPage } from '../../shared/domain/ledger/page.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { InvoiceStore } from '../../shared/stores/invoice-store.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';

interface CopiesRoom {
  readonly invoices: InvoiceStore;
  readonly mirror: Mirror;
  readonly vault: Vault;
}

/** Gives the mirror a page that it lost. @returns whether it had. @throws LedgerFault where it holds another */
export async function mirrorCopy(tenant: TenantId, page: Page, room: Pick<CopiesRoom, 'mirror'>): Promise<boolean> {
  const copy = await room.mirror.read(tenant, page.firstSeq);
  if (copy === undefined) {
    await room.mirror.create(tenant, page.firstSeq, page.bytes);
    return true;
  }
  if (!page.bytes.equals(copy)) throw copyDiffers('mirror', page, copy);
  return false;
}

/** Names the first entry at which a copy differs. */
function copyDiffers(where: string, page: Page, copy: Uint8Array): LedgerFault {
  let seq = page.firstSeq;
  try {
    const others = unpackPage(copy);
    const at = unpackPage(page.bytes).findIndex((text, i) => others[i] !== text);
    seq += Math.max(at, 0);
  } catch (error) {
    if (!(error instanceof PageDamaged)) throw error;
  }
  return new LedgerFault('copy_differs', seq, `the ${where} holds other bytes than the database`);
}

/**
 * Refuses what the mirror shows and no page of the log answers to: a tenant may have read it.
 * @param shown first entries of the mirror's pages, listed before the database's were read
 * @param real first entries of the database's pages, up to `end`
 * @throws LedgerFault
 */
export async function refuseStrays(
  tenant: TenantId,
  shown: readonly Sequence[],
  { real, end }: { readonly real: ReadonlySet<Sequence>; readonly end: Sequence },
  { ledger }: { readonly ledger: LedgerStore },
): Promise<void> {
  for (const firstSeq of shown) {
    if (firstSeq < end && !real.has(firstSeq))
      throw new LedgerFault('copy_differs', firstSeq, 'the mirror holds a page that the database does not have');
  }
  if (!shown.some((firstSeq) => firstSeq >= end)) return;
  // Appended while the pass was under way, or by somebody else than the ledger.
  const size = (await ledger.head(tenant))?.size ?? 0;
  const ahead = shown.find((firstSeq) => firstSeq >= size);
  if (ahead !== undefined) throw new LedgerFault('copy_differs', ahead, 'the mirror is ahead of the ledger');
}

const INVOICES_PER_READ = 100;

/** Compares every evidence bundle in the vault with what the invoice's row says of it. */
export async function evidenceCopies(tenant: TenantId, { invoices, vault }: CopiesRoom): Promise<string[]> {
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
