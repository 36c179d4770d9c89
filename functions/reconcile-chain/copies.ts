import { sha256Hex } from '../../shared/domain/digest.ts';
import type { Sequence, TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { type Page, PageDamaged, unpackPage } from '../../shared/domain/ledger/page.ts';
import type { Mirror, MirroredPage } from '../../shared/ports/mirror.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { InvoiceStore } from '../../shared/stores/invoice-store.ts';
import type { LedgerStore } from '../../shared/stores/ledger-store.ts';

/** Copies of one query of the mirror: some 18 kB each, 4 MB in all. */
export const COPIES_PER_READ = 200;

interface MirrorRoom {
  readonly mirror: Mirror;
  readonly ledger: Pick<LedgerStore, 'head'>;
}

/**
 * The mirror's copies of a stretch of log, gone over once, beside the database's pages of it.
 *
 * Whoever uses it has read the head before, so that all that the mirror shows below it was in the database by then. What it shows
 * beyond is held against a head that is read later than it was.
 */
export class MirrorCopies {
  readonly #tenant: TenantId;
  readonly #room: MirrorRoom;
  #copies: readonly MirroredPage[] = [];
  #at = 0;
  /** where the next lot begins; undefined after the last */
  #next: Sequence | undefined;

  /** @param from where the stretch begins: a page starts there, or the log ends */
  constructor(tenant: TenantId, from: Sequence, room: MirrorRoom) {
    this.#tenant = tenant;
    this.#next = from;
    this.#room = room;
  }

  /**
   * Compares the copy of the database's next page, and gives the mirror a page that it lost.
   * @returns whether it had
   * @throws LedgerFault where it holds another, or one in between that the database does not have
   */
  async take(page: Page): Promise<boolean> {
    const copy = await this.#copy();
    if (copy !== undefined && copy.firstSeq < page.firstSeq) throw stray(copy);
    if (copy?.firstSeq !== page.firstSeq) return this.#giveBack(page);
    this.#at++;
    if (!page.bytes.equals(copy.bytes)) throw copyDiffers('mirror', page, copy.bytes);
    return false;
  }

  /**
   * Refuses what the mirror shows and no page of the log answers to: a tenant may have read it.
   * @param end where the pages that were taken end
   * @throws LedgerFault
   */
  async finish(end: Sequence): Promise<void> {
    for (let copy = await this.#copy(); copy !== undefined; copy = await this.#copy()) {
      if (copy.firstSeq < end) throw stray(copy);
      // Appended while the pass was under way, or by somebody else than the ledger.
      const size = (await this.#room.ledger.head(this.#tenant))?.size ?? 0;
      const ahead = this.#copies.find(({ firstSeq }) => firstSeq >= size);
      if (ahead !== undefined) {
        throw new LedgerFault('copy_differs', ahead.firstSeq, 'the mirror is ahead of the ledger');
      }
      this.#at = this.#copies.length;
    }
  }

  /** The first copy that is not done with. */
  async #copy(): Promise<MirroredPage | undefined> {
    if (this.#at === this.#copies.length && this.#next !== undefined) {
      this.#copies = await this.#room.mirror.pages(this.#tenant, this.#next, COPIES_PER_READ);
      this.#at = 0;
      this.#next = this.#copies.length < COPIES_PER_READ ? undefined : this.#copies.at(-1)!.firstSeq + 1;
    }
    return this.#copies[this.#at];
  }

  async #giveBack(page: Page): Promise<boolean> {
    const { mirror } = this.#room;
    const created = await mirror.create(this.#tenant, page.firstSeq, page.bytes);
    if (created !== 'different') return created === 'created';
    // It came in this moment, and not from the ledger.
    throw copyDiffers('mirror', page, (await mirror.read(this.#tenant, page.firstSeq)) ?? new Uint8Array(0));
  }
}

const stray = ({ firstSeq }: MirroredPage): LedgerFault =>
  new LedgerFault('copy_differs', firstSeq, 'the mirror holds a page that the database does not have');

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

const INVOICES_PER_READ = 100;

interface EvidenceRoom {
  readonly invoices: InvoiceStore;
  readonly vault: Vault;
}

/** Compares every evidence bundle in the vault with what the invoice's row says of it. */
export async function evidenceCopies(tenant: TenantId, { invoices, vault }: EvidenceRoom): Promise<string[]> {
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
