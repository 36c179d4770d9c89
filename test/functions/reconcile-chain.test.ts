import assert from 'node:assert/strict';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkLog } from '../../functions/reconcile-chain/log-check.ts';
import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { packPage, unpackPage } from '../../shared/domain/ledger/page.ts';
import { accountOf, flat, tiered, usage } from '../support/account.ts';
import { MirrorPages } from '../support/mirror-pages.ts';
import { type Client, HOUR, SECOND, TestSuite } from '../support/suite.ts';

/** Billed by the day: calls at 0.5 up to 100 and 0.25 above, distinct users, 5 a day for the platform itself. */
const plan = (tenant: string) =>
  accountOf(tenant, {
    unit: 'day',
    meters: {
      api_calls: { model: tiered('graduated', ['100', '0.5'], [null, '0.25']) },
      platform: { model: flat('5') },
      users: { aggregation: 'unique_count', valueProperty: 'user', model: tiered('volume', [null, '1']) },
    },
  });
const events = (prefix: string, count: number, time: string) =>
  Array.from({ length: count }, (_, i) =>
    i % 5 === 4
      ? { ...usage(`${prefix}-${i}`, 'users', '1', time, { properties: { user: `user-${i % 3}` } }) }
      : usage(`${prefix}-${i}`, 'api_calls', String(1 + (i % 3)), time),
  );
const DAY_1 = '2026-03-01T12:00:00Z';
const DAY_2 = '2026-03-02T12:00:00Z';

/*
 * The books that every test below gets a copy of. Entries of acme, by number, with the pages they lie on:
 *   0 genesis, 1 opening of 1 March, 2-301 charges    pages 0 (256) and 256 (46)
 *   302-306 charges                                   page 302
 *   307 fee of 5, 308 close, 309 invoice              page 307
 *   310 opening of 2 March, 311-315 charges           page 310
 * A deep pass has verified entries 0 to 309; the rest came after it. Seals cover everything.
 */
const SIZE = 316;
const VERIFIED = 310;

async function keepBooks(): Promise<TestSuite> {
  const suite = await TestSuite.start({ at: DAY_1 });
  for (const tenant of ['acme', 'umbrella']) {
    const client = await suite.organization(plan(tenant));
    await client.send(events('first', 300, DAY_1));
    await suite.settle();
    await client.send(events('second', 5, DAY_1));
    await suite.settle();
  }
  suite.goTo('2026-03-02T01:00:00Z');
  assert.equal((await suite.runInvoices()).issued.length, 2);
  await suite.settle();
  assert.deepEqual((await suite.deep()).faults, []);
  suite.goTo(DAY_2);
  for (const tenant of ['acme', 'umbrella']) await (await suite.client(tenant)).send(events('third', 5, DAY_2));
  await suite.settle();
  assert.deepEqual(
    suite.sql("SELECT first_seq, count FROM pages WHERE tenant='acme'").map((row) => [row['first_seq'], row['count']]),
    [
      [0, 256],
      [256, 46],
      [302, 5],
      [307, 3],
      [310, 6],
    ],
  );
  return suite;
}

describe('reconcile-chain compares everything with everything', () => {
  let books: TestSuite;
  let suite: TestSuite;
  let acme: Client;
  let umbrella: Client;

  before(async () => {
    books = await keepBooks();
    await books.stop();
  });
  after(() => books.folder.remove());
  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-02T13:00:00Z', from: books.folder.path });
    [acme, umbrella] = [await suite.client('acme'), await suite.client('umbrella')];
  });
  afterEach(() => suite.close());

  const path = (...parts: string[]): string => join(suite.folder.path, ...parts);
  const mirror = (): MirrorPages => new MirrorPages(suite.folder.path);
  const segment = (from: number, to: number): string =>
    path('vault/objects/segments/acme', `${[from, to].map((n) => String(n).padStart(16, '0')).join('-')}.tar`);
  const sealFile = (n: number): string => path('vault/objects/seals', `${String(n).padStart(12, '0')}.json`);
  /** Writes into a file that says it is read-only. */
  const overwrite = async (file: string, change: (bytes: Buffer) => Uint8Array): Promise<void> => {
    await chmod(file, 0o644);
    await writeFile(file, change(await readFile(file)));
  };
  const flipped = (bytes: Buffer, place: number): Buffer => {
    const changed = Buffer.from(bytes);
    changed[place]! ^= 1;
    return changed;
  };

  const pageBytes = (firstSeq: number): Buffer =>
    Buffer.from(
      suite.sql("SELECT bytes FROM pages WHERE tenant='acme' AND first_seq=?", firstSeq)[0]!['bytes'] as Uint8Array,
    );
  const setPage = (firstSeq: number, bytes: Uint8Array): void =>
    void suite.sql("UPDATE pages SET bytes=? WHERE tenant='acme' AND first_seq=?", bytes, firstSeq);
  /** Changes entries of a page and packs it again so that nothing is wrong with the page itself. */
  const repacked = (bytes: Buffer, change: (texts: string[]) => void): Buffer => {
    const texts = unpackPage(bytes);
    change(texts);
    return packPage(texts);
  };
  const raiseAmount = (at: number) => (texts: string[]) => {
    const before = texts[at]!;
    texts[at] = before.replace(/"amount":"/, '"amount":"9');
    assert.notEqual(texts[at], before);
  };

  describe('and finds nothing where nothing is wrong', () => {
    it('a full pass reads every entry and every seal of both tenants: 2 x 316', async () => {
      const found = await suite.deep(true);
      assert.deepEqual([found.faults, found.healed, found.full], [[], [], true]);
      assert.deepEqual([found.tenants, found.entries], [2, 2 * SIZE]);
      assert.equal(found.seals, (await suite.platform.seals.latest()).size);
    });

    it('an ordinary pass starts where the last one ended: 2 x (316 - 310) entries, then none', async () => {
      assert.equal((await suite.deep()).entries, 2 * (SIZE - VERIFIED));
      const again = await suite.deep();
      assert.deepEqual([again.entries, again.seals, again.faults], [0, 0, []]);
    });

    it('the report lies in the vault, signed with the evidence key, and says the same as the answer', async () => {
      const found = await suite.deep(true);
      const jws = Buffer.from((await suite.platform.vault.read(found.report))!).toString('latin1');
      const signed = await verifyJws(jws, 'reconciliation+jws', await suite.platform.keys.keyset());
      assert.deepEqual(JSON.parse(signed!.payload.toString()), {
        ...{ at: found.at, entries: '632', faults: [], full: true, healed: [], ledger: 'ledger.localhost/dev' },
        ...{ seals: String(found.seals), tenants: '2', typ: 'reconciliation', v: '1' },
      });
      assert.equal(signed!.key.purpose, 'evidence');
      assert.equal(await verifyJws(jws, 'checkpoint+jws', await suite.platform.keys.keyset()), undefined);
    });

    it('a pass while receipts and seals are being written is not confused by them', async () => {
      const sending = Array.from({ length: 12 }, async (_, i) => {
        await acme.send(events(`busy-${i}`, 20, DAY_2));
        suite.clock.advance(11 * SECOND);
      });
      const passes = Array.from({ length: 4 }, async (_, i) => suite.deep(i % 2 === 0));
      await Promise.all(sending);
      for (const { faults } of await Promise.all(passes)) assert.deepEqual(faults, []);
      await suite.settle();
      assert.deepEqual((await suite.deep(true)).faults, []);
    });
  });

  describe('and gives back what a copy merely lost', () => {
    it('a page that the mirror lost', async () => {
      const lost = mirror().read('acme', 310);
      mirror().remove('acme', 310);
      const { healed, faults } = await suite.deep();
      assert.deepEqual([healed, faults], [['acme mirror 310'], []]);
      assert.ok(lost);
      assert.deepEqual(mirror().read('acme', 310), lost);
    });

    it('a page that the mirror lost long ago, on a full pass', async () => {
      mirror().remove('acme', 256);
      assert.deepEqual((await suite.deep()).healed, []);
      assert.deepEqual((await suite.deep(true)).healed, ['acme mirror 256']);
      assert.deepEqual((await suite.deep(true)).healed, []);
    });

    it('a stretch that the vault lost, on a full pass', async () => {
      await suite.deep();
      await rm(segment(0, 310));
      const { healed, faults } = await suite.deep(true);
      assert.deepEqual([healed, faults], [['acme vault 0'], []]);
      const again = await suite.deep(true);
      assert.deepEqual([again.healed, again.faults], [[], []]);
    });

    it('a seal that the vault lost', async () => {
      const lost = await readFile(sealFile(1));
      await rm(sealFile(1));
      const { healed, faults } = await suite.deep(true);
      assert.deepEqual([healed, faults], [['seals/000000000001.json'], []]);
      assert.deepEqual(await readFile(sealFile(1)), lost);
    });

    it('everything that mirror and vault held', async () => {
      mirror().remove('acme');
      await rm(path('vault/objects/segments'), { recursive: true });
      const { healed, faults } = await suite.deep(true);
      assert.deepEqual(faults, []);
      // All five pages; of the vault the stretches that a pass had written.
      assert.deepEqual(
        healed.filter((what) => what.startsWith('acme')),
        ['acme mirror 0', 'acme mirror 256', 'acme mirror 302', 'acme mirror 307', 'acme mirror 310', 'acme vault 0'],
      );
      assert.deepEqual(pageBytes(256), mirror().read('acme', 256));
    });
  });

  describe('and names what was tampered with: tenant, entry, kind; that tenant stands still, the other goes on', () => {
    const sql = (statement: string) => () => void suite.sql(statement);
    const headRow = (change: string) => sql(`UPDATE heads SET ${change} WHERE tenant='acme'`);
    const LAST = SIZE - 1;

    const CASES: readonly (readonly [what: string, kind: string, seq: number, tamper: () => unknown])[] = [
      ...([
        [
          'an amount in a page, packed again with care',
          'misrated',
          5,
          () => setPage(0, repacked(pageBytes(0), raiseAmount(5))),
        ],
        ['a random byte of a page', 'altered', 256, () => setPage(256, flipped(pageBytes(256), 1000))],
        ['a page cut short', 'altered', 302, () => setPage(302, pageBytes(302).subarray(0, -3))],
        [
          ...(['an entry left out of a page', 'altered', 256] as const),
          () =>
            setPage(
              256,
              repacked(pageBytes(256), (texts) => texts.splice(10, 1)),
            ),
        ],
        [
          ...(['two entries of a page changed over', 'gap', 266] as const),
          () =>
            setPage(
              256,
              repacked(pageBytes(256), (texts) => {
                [texts[10], texts[11]] = [texts[11]!, texts[10]!];
              }),
            ),
        ],
        [
          ...(['the blind of an entry, which no rule gives: only the chain knows it', 'altered', 20] as const),
          () =>
            setPage(
              0,
              repacked(pageBytes(0), (texts) => {
                texts[20] = texts[20]!.replace(/"blind":"./, (start) =>
                  start.endsWith('A') ? '"blind":"B' : '"blind":"A',
                );
              }),
            ),
        ],
        [
          'how many entries a page holds',
          'altered',
          302,
          sql("UPDATE pages SET count=4 WHERE tenant='acme' AND first_seq=302"),
        ],
        ['a page removed', 'missing_page', 256, sql("DELETE FROM pages WHERE tenant='acme' AND first_seq=256")],
        ['the first page removed', 'missing_page', 0, sql("DELETE FROM pages WHERE tenant='acme' AND first_seq=0")],
        ['the last page removed', 'missing_page', 310, sql("DELETE FROM pages WHERE tenant='acme' AND first_seq=310")],
        [
          ...(['two pages changed over', 'gap', 302] as const),
          () => {
            const [one, other] = [pageBytes(302), pageBytes(310)];
            suite.sql("UPDATE pages SET bytes=?, count=6 WHERE tenant='acme' AND first_seq=302", other);
            suite.sql("UPDATE pages SET bytes=?, count=5 WHERE tenant='acme' AND first_seq=310", one);
          },
        ],
        [
          ...(['a page of the other tenant put in its place', 'foreign_tenant', 310] as const),
          sql(
            "UPDATE pages SET bytes=(SELECT bytes FROM pages WHERE tenant='umbrella' AND first_seq=310) WHERE tenant='acme' AND first_seq=310",
          ),
        ],
      ] as const),
      ...([
        [
          ...(['an amount in the mirror', 'copy_differs', 7] as const),
          () => mirror().change('acme', 0, (bytes) => repacked(bytes, raiseAmount(7))),
        ],
        [
          'a random byte in the mirror',
          'copy_differs',
          302,
          () => mirror().change('acme', 302, (bytes) => flipped(bytes, 90)),
        ],
        [
          'a random byte in the vault',
          'copy_differs',
          0,
          () => overwrite(segment(0, 310), (bytes) => flipped(bytes, 5000)),
        ],
        [
          'a stretch in the vault cut short',
          'copy_differs',
          0,
          () => overwrite(segment(0, 310), (bytes) => bytes.subarray(512)),
        ],
      ] as const),
      ...([
        ['the head’s root', 'wrong_head', LAST, headRow("root='AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'")],
        ['the head’s last entry', 'wrong_head', LAST, headRow("last='AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'")],
        [
          'the head’s subtrees, on which the next entry builds',
          'wrong_head',
          LAST,
          headRow('peaks=zeroblob(length(peaks))'),
        ],
        [
          'the head’s time, which the next entry may not precede',
          'wrong_head',
          LAST,
          headRow("recorded_at='2030-01-01T00:00:00.000000Z'"),
        ],
        ['the head moved on', 'missing_page', SIZE, headRow('size=size+1')],
        ['the head moved back', 'wrong_anchor', LAST, headRow('size=size-1')],
      ] as const),
      ...([
        [
          'the running sum of a line',
          'wrong_sum',
          LAST,
          sql("UPDATE line_sums SET amount='1' WHERE tenant='acme' AND meter='api_calls'"),
        ],
        [
          'how many entries a line sums',
          'wrong_sum',
          LAST,
          sql("UPDATE line_sums SET count=count+1 WHERE tenant='acme'"),
        ],
        ['a line removed', 'wrong_sum', LAST, sql("DELETE FROM line_sums WHERE tenant='acme'")],
        [
          'the running sum of a period',
          'wrong_sum',
          LAST,
          sql("UPDATE open_periods SET total='0' WHERE tenant='acme'"),
        ],
        [
          'a meter’s aggregate',
          'wrong_sum',
          LAST,
          sql(
            "UPDATE aggregates SET value='1' WHERE tenant='acme' AND meter='api_calls' AND period LIKE '2026-03-02%'",
          ),
        ],
        [
          'a meter’s aggregate that is no number',
          'wrong_sum',
          LAST,
          sql("UPDATE aggregates SET value='lots' WHERE tenant='acme'"),
        ],
        [
          'how many events a meter has counted',
          'wrong_sum',
          LAST,
          sql("UPDATE aggregates SET events=0 WHERE tenant='acme'"),
        ],
        [
          'the tree over the users seen',
          'wrong_sum',
          LAST,
          sql("UPDATE aggregates SET seen_size=7 WHERE tenant='acme' AND meter='users'"),
        ],
        ['which periods are closed', 'wrong_sum', LAST, sql("DELETE FROM subscription_states WHERE tenant='acme'")],
        ['a sum that is no amount', 'wrong_sum', LAST, sql("UPDATE line_sums SET amount='1e3' WHERE tenant='acme'")],
      ] as const),
      ...([
        ['an invoice’s total', 'wrong_invoice', 309, sql("UPDATE invoices SET total='1' WHERE tenant='acme'")],
        ['an invoice’s currency', 'wrong_invoice', 309, sql("UPDATE invoices SET currency='JPY' WHERE tenant='acme'")],
        [
          'an invoice’s period',
          'wrong_invoice',
          309,
          sql("UPDATE invoices SET period=replace(period,'2026-03-01','2026-02-01') WHERE tenant='acme'"),
        ],
        [
          'a digit in an invoice’s document',
          'wrong_invoice',
          309,
          sql(
            'UPDATE invoices SET document=CAST(replace(CAST(document AS TEXT),\'"subtotal":"\',\'"subtotal":"1\') AS BLOB) WHERE tenant=\'acme\'',
          ),
        ],
        ['an invoice removed', 'wrong_invoice', 309, sql("DELETE FROM invoices WHERE tenant='acme'")],
        [
          ...(['an invoice that no entry issued', 'wrong_invoice', 308] as const),
          sql(
            "INSERT INTO invoices SELECT tenant, 'INV-2026-999999', kind, subscription, period, currency, total, state, issued_at, open_seq, close_seq, entry_seq, document, bundle_name, bundle_sha256, bundle_bytes, seal FROM invoices WHERE tenant='acme'",
          ),
        ],
      ] as const),
    ];

    for (const [what, kind, seq, tamper] of CASES) {
      it(`${what}: ${kind} at entry ${seq}`, async () => {
        await tamper();
        const found = await suite.deep(true);
        assert.deepEqual(
          found.faults.map((fault) => ({ tenant: fault.tenant, kind: fault.kind, seq: fault.seq })),
          [{ tenant: 'acme', kind, seq }],
        );
        const frozen = await suite.platform.reconciliation.allFrozen();
        assert.deepEqual(
          frozen.map((row) => [row.tenant, row.kind, row.seq]),
          [['acme', kind, seq]],
        );
        await umbrella.send(events('after', 1, DAY_2));
        await suite.platform.bus.idle();
        assert.equal((await suite.platform.ledger.head(umbrella.tenant))?.size, SIZE + 1);
      });
    }

    it('a price document, which both tenants are billed by: both name the first entry that rests on it', async () => {
      suite.sql("UPDATE prices SET bytes=CAST(replace(CAST(bytes AS TEXT),'0.25','0.26') AS BLOB)");
      assert.deepEqual(
        (await suite.deep(true)).faults.map(({ tenant, kind, seq }) => [tenant, kind, seq]),
        [
          ['acme', 'unknown_price', 2],
          ['umbrella', 'unknown_price', 2],
        ],
      );
    });

    it('two tenants tampered with are two faults', async () => {
      suite.sql("UPDATE open_periods SET total='0'");
      assert.deepEqual(
        (await suite.deep()).faults.map(({ tenant, kind }) => [tenant, kind]),
        [
          ['acme', 'wrong_sum'],
          ['umbrella', 'wrong_sum'],
        ],
      );
    });

    it('every byte of a page’s row: flip any one of them and a deep pass finds it', async function () {
      this.slow(5000);
      const whole = pageBytes(302);
      const full = () => checkLog(acme.tenant, true, [], 0, suite.platform);
      let found = 0;
      for (let place = 0; place < whole.length; place += place < 24 || place > whole.length - 8 ? 1 : 7) {
        setPage(302, flipped(whole, place));
        await assert.rejects(full(), LedgerFault, `byte ${place} of ${whole.length}`);
        found++;
      }
      assert.ok(found > 100, `${found} bytes tried`);
      setPage(302, whole);
      assert.equal((await full()).verified, SIZE);
    });
  });

  describe('and holds the logs against the seals', () => {
    const TABLES_OF_A_LOG = [
      'pages',
      'heads',
      'aggregates',
      'line_sums',
      'open_periods',
      'openings',
      'batches',
      'waiting',
      'seen_values',
      'tree_nodes',
      'subscription_states',
      'credit_grants',
      'invoice_balances',
      'discount_uses',
      'standing_fees',
      'invoices',
      'unarchived',
      'verified',
    ];
    const columnOf = (table: string): string => (table === 'tree_nodes' ? 'log' : 'tenant');
    /** Everything the database knows of acme's log, as somebody with a backup has it. */
    const backup = () =>
      TABLES_OF_A_LOG.map(
        (table) => [table, suite.sql(`SELECT * FROM ${table} WHERE ${columnOf(table)}='acme'`)] as const,
      );
    const restore = (saved: ReturnType<typeof backup>): void => {
      for (const [table, rows] of saved) {
        suite.sql(`DELETE FROM ${table} WHERE ${columnOf(table)}='acme'`);
        for (const row of rows) {
          const names = Object.keys(row);
          suite.sql(
            `INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => '?').join()})`,
            ...Object.values(row),
          );
        }
      }
    };
    /** Removes the copies, so that only seals can know. */
    const forgetCopies = async (): Promise<void> => {
      mirror().remove('acme');
      await rm(path('vault/objects/segments/acme'), { recursive: true, force: true });
    };

    it('a log cut back to an earlier state, rows, copies and all: the seal knows that it was longer', async () => {
      const saved = backup();
      await acme.send(events('fourth', 10, DAY_2));
      await suite.settle();
      restore(saved);
      await forgetCopies();
      const { faults } = await suite.deep(true);
      assert.deepEqual(
        faults.map(({ tenant, kind, seq }) => [tenant, kind, seq]),
        [['acme', 'wrong_anchor', SIZE]],
      );
      assert.match(faults[0]!.detail, /326 entries/);
      assert.equal((await suite.platform.reconciliation.allFrozen()).length, 1);
    });

    for (const verified of [false, true]) {
      it(`the same on an ordinary pass, where what was cut off had ${verified ? '' : 'not '}been verified before`, async () => {
        const saved = backup().filter(([table]) => !verified || table !== 'verified');
        await acme.send(events('fourth', 10, DAY_2));
        await suite.settle();
        if (verified) await suite.deep();
        restore(saved);
        await forgetCopies();
        assert.deepEqual(
          (await suite.deep()).faults.map(({ kind, seq }) => [kind, seq]),
          [['wrong_anchor', SIZE]],
        );
      });
    }

    it('a log written again with another event in it, consistent in itself: the first seal that signed it otherwise knows', async () => {
      const [blind] = suite.sql("SELECT blind FROM heads WHERE tenant='acme'");
      await suite.platform.bus.stop();
      for (const table of TABLES_OF_A_LOG.filter((name) => name !== 'batches' && name !== 'dedupe')) {
        suite.sql(`DELETE FROM ${table} WHERE ${columnOf(table)}='acme'`);
      }
      await forgetCopies();
      suite.sql(
        `UPDATE batches SET payload=CAST(replace(CAST(payload AS TEXT),'"2","2026','"1","2026') AS BLOB), first_seq=NULL WHERE tenant='acme'`,
      );
      suite.sql("INSERT INTO waiting SELECT tenant, batch_id, count, accepted_at FROM batches WHERE tenant='acme'");
      await suite.restart();
      await suite.sweep();
      await suite.platform.bus.idle();
      suite.sql("UPDATE heads SET blind=? WHERE tenant='acme'", blind!['blind']!);
      // Longer than it was, so that its length gives nothing away.
      await acme.send(events('more', 20, DAY_2));
      await suite.settle();
      const { faults } = await suite.deep(true);
      // The first seal over acme signed 302 entries; the last of them is now another.
      assert.deepEqual(
        faults.filter(({ tenant }) => tenant === 'acme').map(({ kind, seq }) => [kind, seq]),
        [['wrong_anchor', 301]],
      );
    });

    it('a log whose head row is gone: some log that was signed has nobody to answer for it', async () => {
      suite.sql("DELETE FROM heads WHERE tenant='acme'");
      for (const full of [false, true, false]) {
        const { faults } = await suite.deep(full);
        assert.deepEqual(
          faults.map(({ tenant, kind, seq }) => [tenant, kind, seq]),
          [['*', 'wrong_head', SIZE - 1]],
        );
      }
    });

    it('a head whose blind was exchanged, so that no seal seems to know it: the old name is missed', async () => {
      suite.sql("UPDATE heads SET blind='AAAAAAAAAAAAAAAAAAAAAA' WHERE tenant='acme'");
      await acme.send(events('fourth', 1, DAY_2));
      await suite.settle();
      for (const full of [false, true]) {
        const { faults } = await suite.deep(full);
        assert.deepEqual(
          faults.map(({ tenant, kind }) => [tenant, kind]),
          [['*', 'wrong_head']],
        );
      }
    });

    const sealRow =
      (change: string, n = 2) =>
      () =>
        void suite.sql(`UPDATE seals SET ${change} WHERE n=?`, n);
    const SEALS: readonly (readonly [what: string, tamper: () => unknown])[] = [
      ['its record', sealRow(`record=replace(record,'"receipts_total":"','"receipts_total":"1')`)],
      ['its record, made unreadable', sealRow("record='nothing'")],
      ['its heads', () => suite.sql('UPDATE seals SET heads=(SELECT heads FROM seals WHERE n=1) WHERE n=2')],
      ['its heads, made unreadable', sealRow('heads=zeroblob(40)')],
      ['its root', sealRow("root='AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'")],
      ['its signature', () => suite.sql('UPDATE seals SET jws=(SELECT jws FROM seals WHERE n=1) WHERE n=2')],
      ['its signature removed', sealRow('jws=NULL')],
      ['the note that it was published', sealRow('published_at=NULL')],
    ];
    for (const [what, tamper] of SEALS) {
      it(`a seal was tampered with, ${what}: seal 2 is named, though the vault has lost its copy`, async () => {
        await tamper();
        await rm(sealFile(2));
        const { faults } = await suite.deep(true);
        assert.deepEqual([faults[0]?.tenant, faults[0]?.kind, faults[0]?.seq], ['*', 'wrong_seal', 2]);
        await assert.rejects(readFile(sealFile(2)), { code: 'ENOENT' });
      });
    }

    it('a seal’s copy in the vault was tampered with: the seal is named, and the copy left as it is', async () => {
      await overwrite(sealFile(2), (bytes) => flipped(bytes, 100));
      const { faults } = await suite.deep(true);
      assert.deepEqual(
        faults.map(({ tenant, kind, seq }) => [tenant, kind, seq]),
        [['*', 'wrong_seal', 2]],
      );
    });

    it('what is wrong with a seal is said again in every ordinary pass, until a person has put it right', async () => {
      const { size } = await suite.platform.seals.latest();
      const [right] = suite.sql('SELECT root FROM seals WHERE n=?', size - 1);
      sealRow("root='AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'", size - 1)();
      for (let pass = 0; pass < 2; pass++) {
        const { faults } = await suite.deep();
        assert.deepEqual(
          faults.map(({ tenant, kind, seq }) => [tenant, kind, seq]),
          [['*', 'wrong_seal', size - 1]],
        );
      }
      suite.sql('UPDATE seals SET root=? WHERE n=?', right!['root']!, size - 1);
      assert.deepEqual((await suite.deep()).faults, []);
    });

    it('a seal that names another anchor than the one before it is named for that', async () => {
      suite.sql(`UPDATE seals SET record=replace(record, '"previous_anchor":"0"', '"previous_anchor":""') WHERE n=1`);
      const { faults } = await suite.deep(true);
      const fault = faults.find(({ kind, seq }) => kind === 'wrong_seal' && seq === 1);
      assert.match(fault?.detail ?? '', /no seal as the anchor before it/);
    });

    it('a seal removed from the middle is named', async () => {
      suite.sql('DELETE FROM seals WHERE n=2');
      const { faults } = await suite.deep(true);
      assert.deepEqual([faults[0]?.tenant, faults[0]?.kind, faults[0]?.seq], ['*', 'wrong_seal', 2]);
    });

    it('the last seal removed is named', async () => {
      const { size } = await suite.platform.seals.latest();
      suite.sql('DELETE FROM seals WHERE n=?', size - 1);
      const { faults } = await suite.deep(true);
      assert.deepEqual(
        faults.map(({ kind, seq }) => [kind, seq]),
        [['wrong_seal', size - 1]],
      );
    });

    it('a key that is given another window than it had: the seals it signed are named', async () => {
      suite.sql("UPDATE signing_keys SET first_seal=3 WHERE purpose='checkpoint'");
      const { faults } = await suite.deep(true);
      assert.deepEqual(
        faults.map(({ kind, seq }) => [kind, seq]),
        [
          ['wrong_seal', 0],
          ['wrong_seal', 1],
          ['wrong_seal', 2],
        ],
      );
    });
  });

  describe('between two full passes', () => {
    it('an ordinary pass looks only at what is new; what changed before is found by a full pass', async () => {
      setPage(0, repacked(pageBytes(0), raiseAmount(5)));
      assert.deepEqual((await suite.deep()).faults, []);
      assert.deepEqual(
        (await suite.deep(true)).faults.map(({ kind, seq }) => [kind, seq]),
        [['misrated', 5]],
      );
    });

    it('after a fault the next ordinary pass starts from the last good state again', async () => {
      const good = pageBytes(310);
      setPage(310, repacked(good, raiseAmount(2)));
      for (let pass = 0; pass < 2; pass++) {
        assert.deepEqual(
          (await suite.deep()).faults.map(({ kind, seq }) => [kind, seq]),
          [['misrated', 312]],
        );
        assert.equal((await suite.platform.reconciliation.verified('acme'))?.size, VERIFIED);
      }
      setPage(310, good);
      assert.deepEqual([(await suite.deep()).faults], [[]]);
      assert.equal((await suite.platform.reconciliation.verified('acme'))?.size, SIZE);
    });

    it('what a pass kept for the next one was damaged: an ordinary pass says so, a full pass does not need it', async () => {
      for (const state of ['no JSON at all', '{"carried":{},"peaks":"","recordedAt":null}']) {
        suite.sql("UPDATE verified SET state=CAST(? AS BLOB) WHERE tenant='acme'", state);
        assert.deepEqual(
          (await suite.deep()).faults.map(({ tenant, kind }) => [tenant, kind]),
          [['acme', 'wrong_sum']],
        );
        assert.deepEqual((await suite.deep(true)).faults, []);
        await suite.platform.reconciliation.thaw(acme.tenant);
      }
    });
  });

  describe('a tenant that stands still', () => {
    beforeEach(async () => {
      suite.sql("UPDATE open_periods SET total='0' WHERE tenant='acme'");
      assert.equal((await suite.deep()).faults.length, 1);
    });

    it('has its usage accepted and kept, but no receipts made of it', async () => {
      assert.equal((await acme.send(events('frozen', 3, DAY_2))).accepted, 3);
      await suite.settle();
      assert.equal((await suite.platform.ledger.head(acme.tenant))?.size, SIZE);
      // The doorbell found it frozen, once; the sweep does not ring for it again.
      assert.equal(suite.lines.filter(({ event }) => event === 'billing_frozen').length, 1);
      assert.equal(suite.sql("SELECT count(*) AS n FROM waiting WHERE tenant='acme'")[0]!['n'], 1);
    });

    it('is invoiced for nothing and archived nothing, while the other is', async () => {
      suite.goTo('2026-03-03T01:00:00Z');
      const run = await suite.runInvoices();
      assert.deepEqual(run.skipped, [{ tenant: 'acme', reason: 'frozen' }]);
      assert.deepEqual(
        run.issued.map(({ tenant }) => tenant),
        ['umbrella'],
      );
      await suite.settle();
      assert.deepEqual(await suite.platform.vault.list('evidence/umbrella/'), [
        'evidence/umbrella/INV-2026-000002.tar',
        'evidence/umbrella/INV-2026-000003.tar',
      ]);
    });

    it('keeps the first reason, however often it is found again', async () => {
      const first = await suite.platform.reconciliation.frozen(acme.tenant);
      suite.sql("UPDATE heads SET root='AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' WHERE tenant='acme'");
      suite.clock.advance(HOUR);
      assert.deepEqual(
        (await suite.deep()).faults.map(({ kind }) => kind),
        ['wrong_head'],
      );
      assert.deepEqual(await suite.platform.reconciliation.frozen(acme.tenant), first);
    });

    it('sees in its ledger head that it stands still and since when; the other does not', async () => {
      const head = await acme.read<{ frozen: { since: string } | null }>('/api/v1/billing/ledger/head');
      assert.deepEqual(head.frozen, { since: '2026-03-02T13:00:01.000000Z' });
      assert.equal((await umbrella.read<{ frozen: unknown }>('/api/v1/billing/ledger/head')).frozen, null);
    });

    it('put right by a person and thawed, is billed for everything that waited, invoice included', async () => {
      await acme.send(events('frozen', 3, DAY_2));
      // Both tenants used the same on 2 March, so the other's sum is what this one's must be.
      const [right] = suite.sql("SELECT total FROM open_periods WHERE tenant='umbrella'");
      suite.goTo('2026-03-03T01:00:00Z');
      await suite.runInvoices();
      suite.sql("UPDATE open_periods SET total=? WHERE tenant='acme'", right!['total']!);
      assert.deepEqual((await suite.deep(true)).faults, []);
      await suite.platform.reconciliation.thaw(acme.tenant);
      const run = await suite.runInvoices();
      assert.deepEqual(run.skipped, []);
      await suite.settle();
      assert.deepEqual((await suite.deep(true)).faults, []);
      assert.deepEqual((await suite.platform.vault.list('evidence/acme/')).length, 2);
    });
  });
});
