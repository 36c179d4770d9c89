import { sha256Hex } from '../../shared/domain/digest.ts';
import type { Sequence } from '../../shared/domain/ids.ts';
import { type Page, PageDamaged, unpackPage } from '../../shared/domain/ledger/page.ts';
import {
  type Stretch,
  segmentName,
  segmentPrefix,
  stretchOf,
  unpackSegment,
} from '../../shared/domain/ledger/segment.ts';
import { RebuildRefused, type RebuildRoom } from './room.ts';

/** A page of a log, and where it was found. */
export interface FoundPage extends Page {
  readonly texts: readonly string[];
  readonly place: string;
  readonly inVault: boolean;
}

/** A segment that the log was read from. */
export interface UsedSegment extends Stretch {
  readonly sha256: string;
}

/**
 * One log's pages in order: from the vault as far as it has them, behind that from the mirror. What both have must be the
 * same in both.
 */
export class LogSource {
  readonly segments: UsedSegment[] = [];
  /** entries before this one the vault has without a gap */
  readonly vaultEnd: Sequence;
  readonly #tenant: string;
  readonly #room: RebuildRoom;
  readonly #stretches: readonly Stretch[];
  /** the longest stretch that begins at an entry */
  readonly #beginning = new Map<Sequence, Stretch>();
  readonly #mirrored: ReadonlySet<Sequence>;

  private constructor(
    tenant: string,
    room: RebuildRoom,
    stretches: readonly Stretch[],
    mirrored: ReadonlySet<Sequence>,
  ) {
    this.#tenant = tenant;
    this.#room = room;
    this.#stretches = stretches;
    this.#mirrored = mirrored;
    for (const stretch of stretches) {
      if (stretch.to > (this.#beginning.get(stretch.from)?.to ?? 0)) this.#beginning.set(stretch.from, stretch);
    }
    let end = 0;
    for (let next = this.#stretchAt(0); next !== undefined; next = this.#stretchAt(end)) end = next.to;
    this.vaultEnd = end;
  }

  static async open(tenant: string, room: RebuildRoom): Promise<LogSource> {
    const names = await room.vault.list(segmentPrefix(tenant));
    const stretches = names.map(stretchOf).filter((stretch) => stretch !== undefined);
    return new LogSource(tenant, room, stretches, new Set(await room.mirror.list(tenant)));
  }

  /** @throws RebuildRefused where a copy is damaged, two differ, or a page is missing though later ones are there */
  async *pages(): AsyncGenerator<FoundPage> {
    let next: Sequence = 0;
    for (;;) {
      const stretch = this.#stretchAt(next);
      const before = next;
      for await (const page of stretch === undefined ? this.#fromMirror(next) : this.#fromVault(stretch, next)) {
        yield page;
        next = page.firstSeq + page.count;
      }
      if (next === before) break;
    }
    const later = [...this.#stretches.map(({ to }) => to - 1), ...this.#mirrored].filter((seq) => seq >= next);
    if (later.length > 0) {
      const known = later.reduce((least, seq) => Math.min(least, seq));
      const detail = `neither vault nor mirror has the page of this entry, though they have entry ${known}`;
      throw new RebuildRefused(`${this.#tenant} entry ${next}`, detail);
    }
  }

  /** The segment that goes on from an entry. Two passes at once may have written overlapping ones; then any that holds it will do. */
  #stretchAt(seq: Sequence): Stretch | undefined {
    return this.#beginning.get(seq) ?? this.#stretches.find(({ from, to }) => from < seq && seq < to);
  }

  async *#fromVault(stretch: Stretch, next: Sequence): AsyncGenerator<FoundPage> {
    const name = segmentName(this.#tenant, stretch);
    const bytes = Buffer.from((await this.#room.vault.read(name)) ?? []);
    let pages: Page[];
    try {
      pages = unpackSegment(bytes, stretch).filter(({ firstSeq }) => firstSeq >= next);
    } catch (error) {
      throw damaged(name, error);
    }
    if (pages[0]?.firstSeq !== next) throw new RebuildRefused(name, `it has no page that begins at entry ${next}`);
    for (const page of pages) {
      const place = `${name}, page ${page.firstSeq}`;
      const { texts } = open(page, place);
      if (texts.length !== page.count) {
        throw new RebuildRefused(place, `it holds ${texts.length} entries, the segment has ${page.count}`);
      }
      await this.#compareMirror(page);
      yield { ...page, texts, place, inVault: true };
    }
    this.segments.push({ ...stretch, sha256: sha256Hex(bytes) });
  }

  async #compareMirror(page: Page): Promise<void> {
    if (!this.#mirrored.has(page.firstSeq)) return;
    const copy = await this.#room.mirror.read(this.#tenant, page.firstSeq);
    if (copy !== undefined && !page.bytes.equals(copy)) {
      throw new RebuildRefused(mirrorPlace(this.#tenant, page.firstSeq), 'the vault has other bytes for this page');
    }
  }

  async *#fromMirror(next: Sequence): AsyncGenerator<FoundPage> {
    const bytes = this.#mirrored.has(next) ? await this.#room.mirror.read(this.#tenant, next) : undefined;
    if (bytes === undefined) return;
    const page = { firstSeq: next, count: 0, bytes: Buffer.from(bytes) };
    const place = mirrorPlace(this.#tenant, next);
    const { texts } = open(page, place);
    yield { ...page, count: texts.length, texts, place, inVault: false };
  }
}

const mirrorPlace = (tenant: string, firstSeq: Sequence): string => `mirror of ${tenant}, page ${firstSeq}`;

function open(page: Page, place: string): { readonly texts: readonly string[] } {
  try {
    return { texts: unpackPage(page.bytes) };
  } catch (error) {
    throw damaged(place, error);
  }
}

function damaged(place: string, error: unknown): unknown {
  return error instanceof PageDamaged ? new RebuildRefused(place, error.message, { cause: error }) : error;
}
