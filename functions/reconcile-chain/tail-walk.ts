import { base64url } from '../../shared/domain/canonical.ts';
import { sha256 } from '../../shared/domain/digest.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { genesisPrev } from '../../shared/domain/ledger/genesis.ts';
import { type Page, PageDamaged, unpackPage } from '../../shared/domain/ledger/page.ts';
import { readEntry, Unreadable } from '../../shared/domain/ledger/record.ts';
import { CompactRange, leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import { SegmentLost } from '../../shared/stores/archive.ts';
import { packPeaks } from '../../shared/stores/ledger-rows.ts';
import { EntryMissing } from '../../shared/stores/log-reader.ts';
import type { ProofStore } from '../../shared/stores/proof-store.ts';
import type { HeadRow } from '../../shared/stores/reconciliation-store.ts';
import { KnownPages, type Place } from './known-pages.ts';
import type { SealedHead } from './seal-walk.ts';

/** Where a stretch of log begins: what stands before it is taken as somebody has verified or signed it. */
export interface TailBase {
  readonly size: number;
  readonly root: string;
  readonly last: string;
}

/** Follows links, numbers and tree of one log from a base on, page by page. What it knows from before it only hashes. */
export class TailWalk {
  readonly pages = new KnownPages();
  /** the tree where the walk began */
  readonly base: CompactRange;
  readonly #ledger: string;
  readonly #tenant: TenantId;
  readonly #known: KnownPages;
  readonly #marks: Map<number, SealedHead>;
  #range: CompactRange;
  #last: string;
  #recordedAt: string | undefined;
  #isKnown = true;
  /** where the pages taken so far end */
  #end: number;
  /** pages that are as they were, since the last one whose place is kept: hashed, and not gone through again */
  #passed: Page[] = [];

  private constructor(
    of: { readonly ledger: string; readonly tenant: TenantId },
    base: { readonly range: CompactRange; readonly last: string },
    marks: readonly SealedHead[],
    known: KnownPages,
  ) {
    this.#ledger = of.ledger;
    this.#tenant = of.tenant;
    this.base = base.range.clone();
    this.#range = base.range;
    this.#end = base.range.size;
    this.#last = base.last;
    this.#marks = new Map(marks.filter(({ size }) => size > base.range.size).map((mark) => [mark.size, mark]));
    this.#known = known;
  }

  /**
   * @param base undefined for a log from its genesis on
   * @param marks heads of this log that seals have signed
   * @param known pages from the base on, as an earlier walk left them, and the tree before the base as it found it
   * @throws LedgerFault where the tree before the base is not the one of the base
   */
  static async begin(
    of: { readonly ledger: string; readonly tenant: TenantId },
    base: TailBase | undefined,
    marks: readonly SealedHead[],
    known: Pick<TailWalk, 'base' | 'pages'> | undefined,
    proofs: ProofStore,
  ): Promise<TailWalk> {
    const pages = known?.pages ?? new KnownPages();
    if (base === undefined) {
      const genesis = { range: new CompactRange(), last: genesisPrev(of.ledger, of.tenant) };
      return new TailWalk(of, genesis, marks, pages);
    }
    // What lies before the tail is the deep pass's business: its tree is looked at once for each base.
    if (known !== undefined) return new TailWalk(of, { range: known.base.clone(), last: base.last }, marks, pages);
    const range = new CompactRange(
      base.size,
      await readable(() => proofs.peaksAt(of.tenant, base.size), base.size - 1),
    );
    if (base64url(range.root()) !== base.root) {
      throw new LedgerFault('wrong_anchor', base.size - 1, 'the tree of the log is another than was signed');
    }
    return new TailWalk(of, { range, last: base.last }, marks, pages);
  }

  get size(): number {
    return this.#end;
  }

  /** @throws LedgerFault at the first entry that breaks a link, a number or a mark */
  take(page: Page, following: Page | undefined, head: HeadRow): void {
    if (page.firstSeq !== this.#end) {
      throw new LedgerFault('missing_page', this.#end, 'the database has no page for this entry');
    }
    const digest = sha256(page.bytes);
    // Where the pages before it are as they were, so is where it begins.
    this.#isKnown &&= this.#known.isAt(this.pages.length, digest);
    if (this.#isKnown) {
      this.#pass(page);
      return;
    }
    this.#readPassed(page, head);
    this.#read(page, following, head);
    this.#end = this.#range.size;
    this.pages.push(this.#end, digest, this.#head(), () => this.#place());
  }

  #place(): Place {
    return { range: this.#range.clone(), recordedAt: this.#recordedAt! };
  }

  /** Root and last entry's hash. */
  #head(): Buffer {
    return Buffer.concat([this.#range.root(), bytesOf(this.#last)]);
  }

  /** A page that is as it was leads where it led. */
  #pass(page: Page): void {
    const index = this.pages.length;
    const end = this.#known.endOf(index);
    this.#requireCount(page, end - page.firstSeq);
    this.#end = end;
    this.pages.adopt(this.#known);
    const mark = this.#marks.get(end);
    if (mark !== undefined) this.#meet(mark, this.#known.headOf(index));
    const place = this.#known.placeAfter(index);
    if (place === undefined) {
      this.#passed.push(page);
      return;
    }
    this.#passed = [];
    this.#range = place.range.clone();
    this.#last = base64url(this.#known.lastOf(index));
    this.#recordedAt = place.recordedAt;
  }

  /** What follows is new, or was changed: to hash it into the tree, the tree before it is needed. */
  #readPassed(following: Page | undefined, head: HeadRow): void {
    const passed = this.#passed;
    this.#passed = [];
    for (const [i, page] of passed.entries()) this.#read(page, passed[i + 1] ?? following, head);
  }

  #read(page: Page, following: Page | undefined, head: HeadRow): void {
    const texts = judged(() => unpackPage(page.bytes), page.firstSeq);
    this.#requireCount(page, texts.length);
    for (const [i, text] of texts.entries()) {
      const entry = this.#entry(text);
      const leaf = leafHashOfText(text);
      if (entry.prev !== this.#last) {
        // Whether this entry or the one before it was changed: what follows still names the one that was there.
        const isNamed = this.#prevAfter(texts[i + 1], following, head) === base64url(leaf);
        throw new LedgerFault(
          'altered',
          Math.max(0, isNamed ? this.#range.size - 1 : this.#range.size),
          'a link is broken',
        );
      }
      this.#range.append(leaf);
      this.#last = base64url(leaf);
      this.#recordedAt = entry.recorded_at;
      this.#compare();
    }
  }

  #requireCount({ firstSeq, count }: Page, found: number): void {
    if (found === count) return;
    throw new LedgerFault('altered', firstSeq, `the page holds ${found} entries, its row says ${count}`);
  }

  #entry(text: string) {
    const entry = judged(() => readEntry(text), this.#range.size);
    if (entry.ledger !== this.#ledger) throw new LedgerFault('foreign_ledger', this.#range.size, `of ${entry.ledger}`);
    if (entry.tenant !== this.#tenant) throw new LedgerFault('foreign_tenant', this.#range.size, `of ${entry.tenant}`);
    if (entry.seq !== String(this.#range.size))
      throw new LedgerFault('gap', this.#range.size, `entry ${entry.seq} stands here`);
    return entry;
  }

  #prevAfter(successor: string | undefined, following: Page | undefined, head: HeadRow): string | undefined {
    if (successor !== undefined) return prevIn(successor);
    if (following === undefined) return head.last;
    try {
      return prevIn(unpackPage(following.bytes)[0] ?? '');
    } catch (error) {
      if (error instanceof PageDamaged) return undefined;
      throw error;
    }
  }

  /** Where a seal has signed the log at this size, it is that log. */
  #compare(): void {
    const mark = this.#marks.get(this.#range.size);
    if (mark !== undefined) this.#meet(mark, this.#head());
  }

  /** @param found root and last entry's hash */
  #meet(mark: SealedHead, found: Buffer): void {
    this.#marks.delete(mark.size);
    if (found.equals(Buffer.concat([bytesOf(mark.root), bytesOf(mark.last)]))) return;
    throw new LedgerFault('wrong_anchor', mark.size - 1, `the log is another than seal ${mark.seal} signed`);
  }

  /** At the end the head row is the head of the entries, and every mark was met. @throws LedgerFault */
  arrive(head: HeadRow): void {
    this.#readPassed(undefined, head);
    if (this.pages.length > 0) this.pages.keepPlace(this.#place());
    const isHead =
      this.size === head.size &&
      this.#last === head.last &&
      base64url(this.#range.root()) === head.root &&
      packPeaks(this.#range).equals(head.peaks) &&
      (this.#recordedAt === undefined || this.#recordedAt === head.recordedAt);
    if (!isHead) throw new LedgerFault('wrong_head', this.size - 1, 'the head row is not the head of the entries');
    for (const { size, seal } of this.#marks.values()) {
      throw new LedgerFault('wrong_anchor', size - 1, `no page ends where seal ${seal} signed the log`);
    }
  }
}

/** What stored entries do not give is a fault of the ledger. @param seq where it shows, unless the trouble says where */
export async function readable<T>(read: () => Promise<T> | T, seq: number): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw asFault(error, seq);
  }
}

function asFault(error: unknown, seq: number): unknown {
  if (error instanceof PageDamaged) return new LedgerFault('altered', seq, error.message);
  if (error instanceof EntryMissing) return new LedgerFault('missing_page', error.seq, error.message);
  if (error instanceof SegmentLost) return new LedgerFault(error.kind, error.seq, error.message);
  if (error instanceof Unreadable) return new LedgerFault('unreadable', seq, error.message);
  return error;
}

function judged<T>(read: () => T, seq: number): T {
  try {
    return read();
  } catch (error) {
    throw asFault(error, seq);
  }
}

/** @param hash base64url */
const bytesOf = (hash: string): Buffer => Buffer.from(hash, 'base64url');

const prevIn = (text: string): string | undefined => /"prev":"([A-Za-z0-9_-]{43})"/.exec(text)?.[1];
