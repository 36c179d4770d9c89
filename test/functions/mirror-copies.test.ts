import assert from 'node:assert/strict';
import { COPIES_PER_READ, MirrorCopies } from '../../functions/reconcile-chain/copies.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { type Page, packPage } from '../../shared/domain/ledger/page.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';

const ACME = 'acme' as TenantId;
const pageAt = (firstSeq: number, ...texts: string[]): Page => ({
  firstSeq,
  count: texts.length,
  bytes: packPage(texts),
});
/** Pages of one entry each, as long as the log. */
const logOf = (size: number): Page[] => Array.from({ length: size }, (_, seq) => pageAt(seq, `entry ${seq}`));

class KeptMirror implements Mirror {
  readonly held = new Map<number, Uint8Array>();
  readonly asked: string[] = [];
  /** What others do while a query is under way. */
  meanwhile: () => void = () => undefined;

  constructor(pages: readonly Page[]) {
    for (const { firstSeq, bytes } of pages) this.held.set(firstSeq, bytes);
  }

  async create(_: string, firstSeq: number, bytes: Uint8Array): Promise<'created' | 'present' | 'different'> {
    this.asked.push(`create ${firstSeq}`);
    const held = this.held.get(firstSeq);
    if (held !== undefined) return Buffer.compare(held, bytes) === 0 ? 'present' : 'different';
    this.held.set(firstSeq, bytes);
    return 'created';
  }

  async read(_: string, firstSeq: number): Promise<Uint8Array | undefined> {
    this.asked.push(`read ${firstSeq}`);
    return this.held.get(firstSeq);
  }

  async pages(_: string, from: number, limit: number) {
    this.asked.push(`pages ${from}`);
    const found = [...this.held].filter(([seq]) => seq >= from).sort(([a], [b]) => a - b);
    this.meanwhile();
    return found.slice(0, limit).map(([firstSeq, bytes]) => ({ firstSeq, bytes }));
  }

  list = (): Promise<never> => assert.fail('a listing is paid like a reading');
  retire = (): Promise<never> => assert.fail('nothing is retired here');
}

describe('the mirror’s copies are gone over once', () => {
  const endOf = (log: readonly Page[]): number => log.reduce((_, { firstSeq, count }) => firstSeq + count, 0);
  /** What was healed of a log, from `from` on. @param size of the log when all is compared, where it has grown meanwhile */
  async function compare(log: readonly Page[], mirror: Mirror, from = 0, size = () => endOf(log)): Promise<number[]> {
    const head = async () => ({ size: size(), last: '', root: '', recordedAt: '', blind: '' }) as never;
    const copies = new MirrorCopies(ACME, from, { mirror, ledger: { head } });
    const healed: number[] = [];
    for (const page of log.slice(from)) if (await copies.take(page)) healed.push(page.firstSeq);
    await copies.finish(endOf(log));
    return healed;
  }
  const refuses = (seq: number, message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof LedgerFault);
    assert.deepEqual([error.kind, error.seq], ['copy_differs', seq]);
    assert.match(error.message, message);
    return true;
  };

  it('450 pages are three queries of 200 at most, and nothing else', async () => {
    assert.equal(COPIES_PER_READ, 200);
    const mirror = new KeptMirror(logOf(450));
    assert.deepEqual(await compare(logOf(450), mirror), []);
    assert.deepEqual(mirror.asked, ['pages 0', 'pages 200', 'pages 400']);
  });

  it('of a log that stands still where it begins, one query asks whether the mirror shows more', async () => {
    const mirror = new KeptMirror(logOf(3));
    assert.deepEqual(await compare(logOf(3), mirror, 3), []);
    assert.deepEqual(mirror.asked, ['pages 3']);
  });

  for (const lost of [[0], [199, 200], [449], Array.from({ length: 450 }, (_, seq) => seq)]) {
    it(`what it lost it gets again: ${lost.length > 2 ? 'all' : lost.join(' and ')} of 450`, async () => {
      const mirror = new KeptMirror(logOf(450).filter(({ firstSeq }) => !lost.includes(firstSeq)));
      assert.deepEqual(await compare(logOf(450), mirror), lost);
      assert.deepEqual(await compare(logOf(450), mirror), []);
    });
  }

  it('a page that somebody mirrors in this moment is not healed; if it is another one, its first other entry is named', async () => {
    const log = [pageAt(0, 'a', 'b', 'c')];
    const late = new KeptMirror([]);
    late.meanwhile = () => late.held.set(0, log[0]!.bytes);
    assert.deepEqual(await compare(log, late), []);
    const wrong = new KeptMirror([]);
    wrong.meanwhile = () => wrong.held.set(0, packPage(['a', 'b', 'another']));
    await assert.rejects(compare(log, wrong), refuses(2, /mirror holds other bytes/));
  });

  it('another page is refused at the first entry that differs, whichever query shows it', async () => {
    for (const at of [0, 250, 449]) {
      const log = logOf(450).with(at, pageAt(at, 'what was billed'));
      await assert.rejects(compare(log, new KeptMirror(logOf(450))), refuses(at, /mirror holds other bytes/));
    }
  });

  it('a page between two, and one after the last that the log goes on behind, the database does not have', async () => {
    const log = [pageAt(0, 'a', 'b'), pageAt(2, 'c', 'd')];
    for (const seq of [1, 3]) {
      const mirror = new KeptMirror([...log, pageAt(seq, 'what tenants may have read')]);
      await assert.rejects(compare(log, mirror), refuses(seq, /that the database does not have/));
      assert.ok(!mirror.asked.some((what) => what.startsWith('create')), 'and nothing is written beside it');
    }
  });

  it('pages from the head on are ahead of the ledger, unless it has grown meanwhile', async () => {
    await assert.rejects(compare(logOf(3), new KeptMirror(logOf(4))), refuses(3, /ahead of the ledger/));
    assert.deepEqual(await compare(logOf(3), new KeptMirror(logOf(5)), 0, () => 5), []);
    await assert.rejects(
      compare(logOf(3), new KeptMirror(logOf(6)), 0, () => 5),
      refuses(5, /ahead of the ledger/),
    );
  });

  it('a log that grows with every query is never behind the mirror', async () => {
    // Each query shows a full lot more than the one before.
    const mirror = new KeptMirror(logOf(COPIES_PER_READ));
    let size = COPIES_PER_READ;
    mirror.meanwhile = () => {
      if (size >= 5 * COPIES_PER_READ) return;
      size += COPIES_PER_READ;
      for (const { firstSeq, bytes } of logOf(size)) mirror.held.set(firstSeq, bytes);
    };
    assert.deepEqual(await compare(logOf(COPIES_PER_READ), mirror, 0, () => size), []);
    assert.equal(size, 5 * COPIES_PER_READ);
  });
});
