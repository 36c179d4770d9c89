import { sha256Hex } from '../../shared/domain/digest.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { type Page, PageDamaged, unpackPage } from '../../shared/domain/ledger/page.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { InvoiceStore } from '../../shared/stores/invoice-store.ts';

interface CopiesRoom {
  readonly invoices: InvoiceStore;
  readonly mirror: Mirror;
  readonly vault: Vault;
}

/** Gives the mirror a page that it lost. @returns whether it had. @throws LedgerFault where it holds another */
export async function mirrorCopy(
  tenant: TenantId,
  page: Page,
  texts: readonly string[],
  room: CopiesRoom,
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
