import { sha256Hex } from '../domain/digest.ts';
import type { Sequence } from '../domain/ids.ts';
import type { FaultKind } from '../domain/ledger/faults.ts';
import { PAGE_ENTRIES, type Page, PageDamaged } from '../domain/ledger/page.ts';
import { SEGMENT_PAGES, type Stretch, segmentName, unpackSegment } from '../domain/ledger/segment.ts';
import type { Database, Reader } from '../ports/database.ts';
import type { Vault } from '../ports/vault.ts';
import { retirements, segments } from './tables.ts';

/** The vault does not hold what it was given: the only copy of old entries is lost or another. */
export class SegmentLost extends Error {
  readonly tenant: string;
  readonly seq: Sequence;
  readonly kind: FaultKind;

  constructor(kind: FaultKind, tenant: string, seq: Sequence, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'SegmentLost';
    this.kind = kind;
    this.tenant = tenant;
    this.seq = seq;
  }
}

/** Readers mostly go on where they stopped: a few opened segments, some 5 MB each, are kept. */
const KEPT_SEGMENTS = 4;

/** Old entries: which stretches the vault holds, from where on the database still has its own, and how to read the others. */
export class Archive {
  readonly #database: Database;
  readonly #vault: Vault | undefined;
  readonly #opened = new Map<string, Promise<Page[]>>();

  /** @param vault undefined in a function that has no business with old entries */
  constructor(database: Database, vault: Vault | undefined) {
    this.#database = database;
    this.#vault = vault;
  }

  /** One that has read nothing yet. */
  fresh(): Archive {
    return new Archive(this.#database, this.#vault);
  }

  /** Notes that the vault holds a stretch. Of two that begin alike the longer stays, whichever pass comes last. */
  async note(tenant: string, { from, to }: Stretch, sha256: string): Promise<void> {
    await this.#database.transact(async (tx) => {
      const known = await tx.read(segments, [tenant, from]);
      if (known !== undefined && known.end_seq >= to) return;
      tx.upsert(segments, { tenant, first_seq: from, end_seq: to, sha256 });
    });
  }

  /** Entries before this one have left database and mirror. */
  async retiredBefore(tenant: string): Promise<Sequence> {
    return this.#database.snapshot((view) => retiredBefore(view, tenant));
  }

  /** The same of many logs, in one read. */
  async allRetiredBefore(tenants: readonly string[]): Promise<Map<string, Sequence>> {
    if (tenants.length === 0) return new Map();
    const keys = tenants.map((tenant) => [tenant]);
    const rows = await this.#database.snapshot((view) => view.readMany(retirements, keys));
    return new Map(tenants.map((tenant, i) => [tenant, rows[i]?.before ?? 0]));
  }

  /** Pages as the vault has them, wherever else they are. @throws SegmentLost */
  async read(tenant: string, stretch: Stretch): Promise<Page[]> {
    return this.#database.snapshot((view) => this.pages(view, tenant, stretch));
  }

  /**
   * Pages that hold entries [from, to), as far as the vault has them: at a stretch that nobody noted they end.
   * @throws SegmentLost where a noted stretch is not there any more, or is another
   */
  async pages(view: Reader, tenant: string, { from, to }: Stretch, limit = Number.POSITIVE_INFINITY): Promise<Page[]> {
    const found: Page[] = [];
    let next = from;
    while (next < to && found.length < limit) {
      // Bounded below by the longest segment: Spanner reads a backwards range whole.
      const from = [Math.max(0, next + 1 - SEGMENT_PAGES * PAGE_ENTRIES)];
      const [row] = await view.range(segments, { prefix: [tenant], from, to: [next + 1], limit: 1, reverse: true });
      if (row === undefined || row.end_seq <= next) break;
      const pages = await this.#open(tenant, { from: row.first_seq, to: row.end_seq }, row.sha256);
      found.push(...pages.filter(({ firstSeq, count }) => firstSeq + count > next && firstSeq < to));
      next = row.end_seq;
    }
    return found.slice(0, limit);
  }

  #open(tenant: string, stretch: Stretch, sha256: string): Promise<Page[]> {
    const name = segmentName(tenant, stretch);
    const opened = this.#opened.get(name) ?? this.#read(tenant, stretch, name, sha256);
    // Moved to the end: the one that nobody asked for longest goes first.
    this.#opened.delete(name);
    this.#opened.set(name, opened);
    opened.catch(() => this.#opened.delete(name));
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > KEPT_SEGMENTS && oldest !== undefined) this.#opened.delete(oldest);
    return opened;
  }

  async #read(tenant: string, stretch: Stretch, name: string, sha256: string): Promise<Page[]> {
    if (this.#vault === undefined) throw new Error('this function does not read the vault');
    const bytes = await this.#vault.read(name);
    const lost = (kind: FaultKind, detail: string, options?: ErrorOptions): SegmentLost =>
      new SegmentLost(kind, tenant, stretch.from, detail, options);
    if (bytes === undefined) throw lost('missing_page', `the vault has lost ${name}`);
    if (sha256Hex(bytes) !== sha256) throw lost('copy_differs', `the vault’s ${name} is not what was written there`);
    try {
      return unpackSegment(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), stretch);
    } catch (error) {
      if (!(error instanceof PageDamaged)) throw error;
      throw lost('copy_differs', `${name}: ${error.message}`, { cause: error });
    }
  }
}

export async function retiredBefore(view: Reader, tenant: string): Promise<Sequence> {
  return (await view.read(retirements, [tenant]))?.before ?? 0;
}
