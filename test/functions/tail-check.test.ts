import assert from 'node:assert/strict';
import { reconcileChain } from '../../functions/reconcile-chain/reconcile-chain.ts';
import { PAGES_PER_READ, tailCheck } from '../../functions/reconcile-chain/tail-check.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { packPage, unpackPage } from '../../shared/domain/ledger/page.ts';
import { accountOf, flat, tiered, usage } from '../support/account.ts';
import { MirrorPages } from '../support/mirror-pages.ts';
import { SECOND, TestSuite } from '../support/suite.ts';

const plan = (tenant: string) =>
  accountOf(tenant, {
    unit: 'day',
    meters: {
      api_calls: { model: tiered('graduated', ['100', '0.5'], [null, '0.25']) },
      platform: { model: flat('5') },
    },
  });
const events = (prefix: string, count: number, time: string) =>
  Array.from({ length: count }, (_, i) => usage(`${prefix}-${i}`, 'api_calls', String(1 + (i % 3)), time));

/*
 * Sent at 12:00 (300 events: entries 0 to 301, pages 0 and 256), at 14:30 (5: page 302) and at 15:10 (5: page 307); sealed
 * each time, acme first; a deep pass at 15:00 has verified 307 entries. At 15:20 the tail is what came after the anchor of
 * 12:00: of acme entries 302 to 311, of umbrella, which that anchor did not know, all 312.
 */
const SIZE = 312;
/** One after each of the six times that somebody sent. */
const LAST_SEAL = 5;

async function keepBooks(): Promise<TestSuite> {
  const suite = await TestSuite.start({ at: '2026-03-01T12:00:00Z' });
  const clients = [await suite.organization(plan('acme')), await suite.organization(plan('umbrella'))];
  for (const [time, count] of [
    ['12:00', 300],
    ['14:30', 5],
    ['15:10', 5],
  ] as const) {
    if (time === '15:10') {
      suite.goTo('2026-03-01T15:00:00Z');
      assert.deepEqual((await suite.deep()).faults, []);
    }
    suite.goTo(`2026-03-01T${time}:00Z`);
    for (const client of clients) {
      await client.send(events(`at-${time}`, count, `2026-03-01T${time}:00Z`));
      await suite.settle();
    }
  }
  return suite;
}

describe('the tail check goes over what was written in the last hours', () => {
  let books: TestSuite;
  let suite: TestSuite;

  before(async () => {
    books = await keepBooks();
    await books.stop();
  });
  after(() => books.folder.remove());
  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T15:20:00Z', from: books.folder.path });
  });
  afterEach(() => suite.close());

  const mirrorPages = (): MirrorPages => new MirrorPages(suite.folder.path);
  const pageBytes = (firstSeq: number): Buffer =>
    Buffer.from(
      suite.sql("SELECT bytes FROM pages WHERE tenant='acme' AND first_seq=?", firstSeq)[0]!['bytes'] as Uint8Array,
    );
  const setPage = (firstSeq: number, bytes: Uint8Array): void =>
    void suite.sql("UPDATE pages SET bytes=? WHERE tenant='acme' AND first_seq=?", bytes, firstSeq);
  const raised = (bytes: Buffer, at: number): Buffer => {
    const texts = unpackPage(bytes);
    texts[at] = texts[at]!.replace('"amount":"', '"amount":"9');
    return packPage(texts);
  };
  const faults = async () => (await suite.tail()).faults.map(({ tenant, kind, seq }) => [tenant, kind, seq]);

  it('is silent where nothing is wrong, and reads the entries after the anchor: 312 - 302 of one, 312 of the other', async () => {
    for (let run = 0; run < 3; run++) {
      const verdict = await suite.tail();
      assert.deepEqual(
        [verdict.faults, verdict.healed, verdict.tenants, verdict.entries],
        [[], [], 2, SIZE - 302 + SIZE],
      );
    }
    assert.equal(suite.lines.filter(({ event }) => event === 'tail_verified').length, 3);
    assert.deepEqual(await suite.platform.reconciliation.allFrozen(), []);
  });

  it('lets whatever else waits have a go after each page, as does the deep pass: nobody waits for thousands of entries', async () => {
    const turns = async (pass: (room: TestSuite['platform']) => Promise<unknown>): Promise<number> => {
      let count = 0;
      await pass({ ...suite.platform, nextTurn: async () => void count++ });
      return count;
    };
    // Of acme the pages at 302 and 307; of umbrella, whose ledger is all tail, those at 0, 256, 302 and 307.
    assert.equal(await turns(tailCheck), 6);
    // Four of each.
    assert.equal(await turns((room) => reconcileChain(true, room)), 8);
  });

  it('finds at once what the next ordinary deep pass would not look at: a page that the last one has verified', async () => {
    await suite.tail();
    setPage(302, raised(pageBytes(302), 2));
    assert.deepEqual(await faults(), [['acme', 'altered', 304]]);
    const frozen = await suite.platform.reconciliation.allFrozen();
    assert.deepEqual(
      frozen.map(({ tenant, seq }) => [tenant, seq]),
      [['acme', 304]],
    );
    assert.equal(suite.lines.filter(({ event }) => event === 'ledger_fault').length, 1);
    // Said once, and counted in each verdict until somebody has put it right.
    assert.deepEqual(await faults(), [['acme', 'altered', 304]]);
    assert.equal(suite.lines.filter(({ event }) => event === 'ledger_fault').length, 1);
  });

  it('a cold instance finds the same', async () => {
    setPage(302, raised(pageBytes(302), 2));
    assert.deepEqual(await faults(), [['acme', 'altered', 304]]);
  });

  const CASES: readonly (readonly [what: string, fault: readonly [string, string, number], tamper: () => unknown])[] = [
    [
      'the last page removed',
      ['acme', 'missing_page', 307],
      () => suite.sql("DELETE FROM pages WHERE tenant='acme' AND first_seq=307"),
    ],
    [
      'the head moved back',
      ['acme', 'wrong_anchor', 307],
      () => suite.sql("UPDATE heads SET size=307 WHERE tenant='acme'"),
    ],
    ['the head’s root', ['acme', 'wrong_head', 311], () => suite.sql("UPDATE heads SET root=last WHERE tenant='acme'")],
    ['the head row removed', ['*', 'wrong_head', 311], () => suite.sql("DELETE FROM heads WHERE tenant='acme'")],
    [
      'the other’s page in its place',
      ['acme', 'foreign_tenant', 302],
      () =>
        setPage(
          302,
          suite.sql("SELECT bytes FROM pages WHERE tenant='umbrella' AND first_seq=302")[0]!['bytes'] as Uint8Array,
        ),
    ],
    [
      'how many entries a page holds',
      ['acme', 'altered', 307],
      () => suite.sql("UPDATE pages SET count=4 WHERE tenant='acme' AND first_seq=307"),
    ],
    [
      'a mirror page',
      ['acme', 'copy_differs', 309],
      () => mirrorPages().change('acme', 307, (bytes) => raised(bytes, 2)),
    ],
    [
      'a page that the mirror is ahead with',
      ['acme', 'copy_differs', SIZE],
      () => suite.platform.mirror.create('acme', SIZE, pageBytes(307)),
    ],
    [
      'the last seal’s heads',
      ['*', 'wrong_seal', LAST_SEAL],
      () => suite.sql('UPDATE seals SET heads=(SELECT heads FROM seals WHERE n=1) WHERE n=(SELECT max(n) FROM seals)'),
    ],
  ];
  for (const [what, fault, tamper] of CASES) {
    for (const warm of [true, false]) {
      it(`${what}: ${fault.join(' ')}${warm ? '' : ', by a cold instance'}`, async () => {
        if (warm) await suite.tail();
        await tamper();
        // A warm instance compares mirror copies again after two and a half minutes.
        if (warm) suite.clock.advance(150 * SECOND);
        const [first] = await faults();
        assert.deepEqual(first, fault);
        const frozen = await suite.platform.reconciliation.allFrozen();
        assert.deepEqual(
          frozen.map(({ tenant }) => tenant),
          fault[0] === '*' ? [] : ['acme'],
        );
      });
    }
  }

  it('a subtree from before the tail is found by a cold instance; a warm one has looked at it, and leaves it to the full pass until the next anchor', async () => {
    await suite.tail();
    suite.sql("UPDATE tree_nodes SET hash=zeroblob(32) WHERE log='acme'");
    assert.deepEqual(await faults(), []);
    suite.platform.tails.clear();
    assert.deepEqual(await faults(), [['acme', 'wrong_anchor', 301]]);
  });

  it('gives the mirror back what it lost', async () => {
    await suite.tail();
    const lost = mirrorPages().read('acme', 302)!;
    mirrorPages().remove('acme', 302);
    suite.clock.advance(150 * SECOND);
    const verdict = await suite.tail();
    assert.deepEqual([verdict.healed, verdict.faults], [['acme mirror 302'], []]);
    assert.deepEqual(mirrorPages().read('acme', 302), lost);
  });

  it('asks the mirror once for each log’s copies, and again after two and a half minutes', async () => {
    const { mirror } = suite.platform;
    const asked: string[] = [];
    const watching =
      <A extends unknown[], R>(name: string, work: (...args: A) => R) =>
      (...args: A): R => {
        asked.push([name, ...args].join(' '));
        return work(...args);
      };
    Object.assign(mirror, {
      read: watching('read', mirror.read.bind(mirror)),
      list: watching('list', mirror.list.bind(mirror)),
      pages: watching('pages', mirror.pages.bind(mirror)),
    });
    const passes = [];
    for (let minute = 0; minute < 6; minute++) {
      await suite.tail();
      passes.push(asked.splice(0));
      suite.clock.advance(60 * SECOND);
    }
    const all = ['pages acme 302 200', 'pages umbrella 0 200'];
    assert.deepEqual(passes, [all, [], [], all, [], []]);
  });

  it('reads three times for each lot of pages, and for the tree before them four times for leaves and once for a subtree', async () => {
    const { database, ledger, proofs } = suite.platform;
    const { tenant } = await suite.client('acme');
    const snapshot = database.snapshot.bind(database);
    let reads = 0;
    const counted =
      <A extends unknown[], R>(read: (...what: A) => R) =>
      (...what: A): R => {
        reads++;
        return read(...what);
      };
    const counting: typeof database.snapshot = (work) =>
      snapshot((view) =>
        work({
          read: counted(view.read.bind(view)) as typeof view.read,
          readMany: counted(view.readMany.bind(view)) as typeof view.readMany,
          range: counted(view.range.bind(view)) as typeof view.range,
          ranges: counted(view.ranges.bind(view)) as typeof view.ranges,
        }),
      );
    Object.assign(database, { snapshot: counting });
    await ledger.pages(tenant, 302, SIZE, PAGES_PER_READ);
    assert.equal(reads, 3);
    reads = 0;
    // 302 entries before the tail: one stored subtree of 256, and 46 leaves.
    await proofs.peaksAt(tenant, 302);
    assert.equal(reads, 4 + 1);
  });

  it('looks at the tree before the tail once for each anchor; a cold instance looks again', async () => {
    const { proofs } = suite.platform;
    const peaksAt = proofs.peaksAt.bind(proofs);
    let looks = 0;
    Object.assign(proofs, {
      peaksAt: (...of: Parameters<typeof peaksAt>) => {
        looks++;
        return peaksAt(...of);
      },
    });
    for (let run = 0; run < 3; run++) assert.deepEqual((await suite.tail()).faults, []);
    const once = looks;
    assert.ok(once > 0);
    suite.platform.tails.clear();
    assert.deepEqual((await suite.tail()).faults, []);
    assert.equal(looks, 2 * once);
  });

  it('of 80 pages more a warm instance goes on from the places that it kept, and finds a change before, at and after each', async () => {
    const acme = await suite.client('acme');
    const send = async (from: number, count: number): Promise<void> => {
      for (let i = from; i < from + count; i++) {
        await acme.send(events(`one-${i}`, 1, '2026-03-01T15:20:00Z'));
        await suite.settle();
      }
    };
    await send(0, 68);
    assert.deepEqual(await faults(), []);
    // A walk that has begun in between reads what is new, from a place that is kept every 64 pages and at the end.
    await send(68, 12);
    assert.deepEqual(await faults(), []);
    assert.deepEqual(await faults(), []);
    const written = suite.sql("SELECT first_seq FROM pages WHERE tenant='acme' AND first_seq>=307 ORDER BY first_seq");
    const firsts = written.map(({ first_seq }) => Number(first_seq));
    assert.equal(firsts.length, 1 + 80);
    for (const at of [0, 62, 63, 64, 66, 68, 69, 75, 80]) {
      const seq = firsts[at]!;
      const kept = pageBytes(seq);
      setPage(seq, raised(kept, 0));
      // No entry follows the last one and names it; the seal that signed it does.
      assert.deepEqual(await faults(), [['acme', at === 80 ? 'wrong_anchor' : 'altered', seq]]);
      setPage(seq, kept);
      await suite.platform.reconciliation.thaw('acme' as TenantId);
      assert.deepEqual(await faults(), []);
      assert.deepEqual(await faults(), []);
    }
  });

  it('two runs at once, and one while receipts are written, find nothing wrong', async () => {
    const acme = await suite.client('acme');
    const sending = Array.from({ length: 6 }, async (_, i) =>
      acme.send(events(`busy-${i}`, 20, '2026-03-01T15:20:00Z')),
    );
    const runs = [suite.tail(), suite.tail(), suite.tail()];
    await Promise.all(sending);
    for (const { faults: found } of await Promise.all(runs)) assert.deepEqual(found, []);
    await suite.settle();
    assert.deepEqual(await faults(), []);
  });

  it('what was written before the tail is the deep pass’s business', async () => {
    setPage(0, raised(pageBytes(0), 5));
    assert.deepEqual(await faults(), []);
    assert.deepEqual(
      (await suite.deep(true)).faults.map(({ seq }) => seq),
      [5],
    );
  });
});

describe('a full pass also goes over', () => {
  it('stored subtrees: a lost one stands there again, another one is a fault; and pages that only the mirror has', async () => {
    const suite = await TestSuite.start({ at: '2026-03-01T12:00:00Z' });
    try {
      const acme = await suite.organization(plan('acme'));
      await acme.send(events('many', 600, '2026-03-01T12:00:00Z'));
      await suite.settle();
      assert.deepEqual((await suite.deep(true)).faults, []);
      suite.sql("DELETE FROM tree_nodes WHERE log='acme' AND level=8 AND position=1");
      assert.deepEqual((await suite.deep(true)).healed, ['acme tree 8/1']);
      await suite.platform.mirror.create('acme', 100, Buffer.from('what tenants may have read'));
      assert.deepEqual(
        (await suite.deep(true)).faults.map(({ kind, seq }) => [kind, seq]),
        [['copy_differs', 100]],
      );
      new MirrorPages(suite.folder.path).remove('acme', 100);
      suite.sql("UPDATE tree_nodes SET hash=zeroblob(32) WHERE log='acme' AND level=8 AND position=1");
      assert.deepEqual(
        (await suite.deep(true)).faults.map(({ kind, seq }) => [kind, seq]),
        [['wrong_tree', 511]],
      );
    } finally {
      await suite.close();
    }
  });
});
