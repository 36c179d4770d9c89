import { sha256Hex } from '../../shared/domain/digest.ts';
import type { Sequence, TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import type { Page } from '../../shared/domain/ledger/page.ts';
import {
  packSegment,
  SEGMENT_PAGES,
  type Stretch,
  segmentName,
  segmentPrefix,
  stretchOf,
} from '../../shared/domain/ledger/segment.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { Archive } from '../../shared/stores/archive.ts';

interface VaultRoom {
  readonly vault: Vault;
  readonly archive: Archive;
}

/** What a pass goes over. */
export interface Pass {
  readonly tenant: TenantId;
  /** entry after the last one that the pass reads */
  readonly end: Sequence;
  /** whether it reads what earlier passes have verified and put into the vault */
  readonly full: boolean;
  /** size at which the log was verified before: up to there the vault had it */
  readonly written: Sequence;
  /** what lies before is read from the vault itself */
  readonly retiredBefore: Sequence;
}

/** The vault's copy of one log, compared and made complete as a pass goes over the pages. */
export class VaultCopies {
  readonly #pass: Pass;
  readonly #room: VaultRoom;
  /** where the segments that the vault lists end, by where they begin */
  readonly #held: ReadonlyMap<Sequence, Sequence>;
  /** the segment that the pass is in, and its pages so far */
  #within: Stretch | undefined;
  #pages: Page[] = [];
  /** pages of which the vault has no segment, in stretches */
  readonly #missing: Page[][] = [];

  private constructor(pass: Pass, room: VaultRoom, held: ReadonlyMap<Sequence, Sequence>) {
    this.#pass = pass;
    this.#room = room;
    this.#held = held;
  }

  static async begin(pass: Pass, room: VaultRoom): Promise<VaultCopies> {
    const held = new Map<Sequence, Sequence>();
    const names = pass.full ? await room.vault.list(segmentPrefix(pass.tenant)) : [];
    for (const { from, to } of names.map(stretchOf).filter((stretch) => stretch !== undefined)) {
      // A pass that began later may have written more than this one will see; of two that begin alike the longer counts.
      if (to <= pass.end) held.set(from, Math.max(to, held.get(from) ?? 0));
    }
    return new VaultCopies(pass, room, held);
  }

  /** Pages in order, each verified by the caller. @throws LedgerFault where the vault holds another */
  async take(page: Page): Promise<void> {
    if (this.#within === undefined) {
      const to = this.#held.get(page.firstSeq);
      if (to === undefined) {
        this.#isMissing(page);
        return;
      }
      this.#within = { from: page.firstSeq, to };
    }
    this.#pages.push(page);
    const reached = page.firstSeq + page.count;
    if (reached < this.#within.to) return;
    await this.#compare(this.#within);
    this.#within = undefined;
    this.#pages = [];
  }

  #isMissing(page: Page): void {
    const last = this.#missing.at(-1);
    const end = last?.at(-1);
    const follows = end !== undefined && end.firstSeq + end.count === page.firstSeq;
    if (last !== undefined && follows && last.length < SEGMENT_PAGES) last.push(page);
    else this.#missing.push([page]);
  }

  async #compare(stretch: Stretch): Promise<void> {
    const { tenant, retiredBefore } = this.#pass;
    // These pages have come from that very segment, and the replay has judged them.
    if (stretch.to <= retiredBefore) return;
    const copy = await this.#room.vault.read(segmentName(tenant, stretch));
    if (copy === undefined) {
      for (const page of this.#pages) this.#isMissing(page);
      return;
    }
    if (!packSegment(this.#pages).equals(copy)) {
      const { from, to } = stretch;
      throw new LedgerFault('copy_differs', from, `the vault's copy of entries ${from} to ${to - 1} differs`);
    }
    await this.#room.archive.note(tenant, stretch, sha256Hex(copy));
  }

  /**
   * Gives the vault what it lacks; called when the whole pass has found nothing wrong, for nothing leaves the vault again.
   * @returns what it had lost
   */
  async finish(): Promise<string[]> {
    const { tenant, written } = this.#pass;
    const healed: string[] = [];
    for (const pages of this.#missing) {
      const from = pages[0]!.firstSeq;
      const last = pages.at(-1)!;
      const stretch = { from, to: last.firstSeq + last.count };
      const bytes = packSegment(pages);
      const name = segmentName(tenant, stretch);
      if ((await this.#room.vault.create(name, bytes)) === 'different') {
        throw new LedgerFault('copy_differs', from, `the vault's ${name} differs`);
      }
      await this.#room.archive.note(tenant, stretch, sha256Hex(bytes));
      if (from < written) healed.push(`vault ${from}`);
    }
    return healed;
  }
}
