import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Retired, retire } from '../../functions/reconcile-chain/retire.ts';
import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import { rootFromInclusion } from '../../shared/domain/ledger/proof.ts';
import { leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import { accountOf, flat, tiered, usage } from '../support/account.ts';
import { MirrorPages } from '../support/mirror-pages.ts';
import { type Client, TestSuite } from '../support/suite.ts';

/** Billed by the month: calls at 0.5 up to 100 and 0.25 above, distinct users, 5 a month for the platform itself. */
const plan = (tenant: string, latenessDays?: number) =>
  accountOf(tenant, {
    ...(latenessDays === undefined ? {} : { latenessDays }),
    meters: {
      api_calls: { model: tiered('graduated', ['100', '0.5'], [null, '0.25']) },
      platform: { model: flat('5') },
      users: { aggregation: 'unique_count', valueProperty: 'user', model: tiered('volume', [null, '1']) },
    },
  });
const events = (prefix: string, count: number, time: string) =>
  Array.from({ length: count }, (_, i) =>
    i % 5 === 4
      ? usage(`${prefix}-${i}`, 'users', '1', time, { properties: { user: `user-${i % 3}` } })
      : usage(`${prefix}-${i}`, 'api_calls', String(1 + (i % 3)), time),
  );

const HOT_WINDOW_DAYS = 40;
const MARCH_1 = '2026-03-01T12:00:00Z';
const MARCH_20 = '2026-03-20T12:00:00Z';
const APRIL_10 = '2026-04-10T12:00:00Z';
/** 45 days after 1 March, 26 after 20 March. */
const APRIL_15 = '2026-04-15T12:00:00Z';

/*
 * The books that every test below gets a copy of. Entries of acme, by number, with the pages they lie on:
 *   0 genesis, 1 opening of March, 2-301 charges of 1 March    pages 0 (256) and 256 (46)
 *   302-306 charges of 20 March                                page 302
 *   307 fee, 308 close, 309 invoice of 1 April                 page 307
 *   310 opening of April, 311-315 charges of 10 April          page 310
 * Deep passes have verified all of it and written it to the vault as [0, 302), [302, 310) and [310, 316).
 */
const SIZE = 316;

async function keepBooks(): Promise<TestSuite> {
  const suite = await TestSuite.start({ at: MARCH_1, config: { hotWindowDays: HOT_WINDOW_DAYS } });
  for (const tenant of ['acme', 'umbrella']) {
    await (await suite.organization(plan(tenant))).send(events('first', 300, MARCH_1));
  }
  await suite.settle();
  assert.deepEqual((await suite.deep()).faults, []);
  suite.goTo(MARCH_20);
  for (const tenant of ['acme', 'umbrella']) await (await suite.client(tenant)).send(events('second', 5, MARCH_20));
  await suite.settle();
  suite.goTo('2026-04-01T01:00:00Z');
  assert.equal((await suite.runInvoices()).issued.length, 2);
  await suite.settle();
  assert.deepEqual((await suite.deep()).faults, []);
  suite.goTo(APRIL_10);
  for (const tenant of ['acme', 'umbrella']) await (await suite.client(tenant)).send(events('third', 5, APRIL_10));
  await suite.settle();
  assert.deepEqual((await suite.deep()).faults, []);
  return suite;
}

interface ReceiptAnswer {
  readonly state: string;
  readonly text: string;
  readonly proof: {
    readonly log: { readonly index: number; readonly size: number; readonly path: readonly string[] };
    readonly head: { readonly line: string };
    readonly checkpoint: string;
  };
}

describe('what has left the hot window', () => {
  let books: TestSuite;
  let suite: TestSuite;
  let acme: Client;

  before(async () => {
    books = await keepBooks();
    await books.stop();
  });
  after(() => books.folder.remove());
  const begin = async (at: string): Promise<void> => {
    suite = await TestSuite.start({ at, from: books.folder.path, config: { hotWindowDays: HOT_WINDOW_DAYS } });
    acme = await suite.client('acme');
  };
  beforeEach(() => begin(APRIL_15));
  afterEach(() => suite.close());

  const retireNow = async (): Promise<Retired> => {
    const response = await suite.call('reconcile-chain/retire');
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as Retired;
  };
  const pagesOf = (tenant: string): number[] =>
    suite
      .sql('SELECT first_seq FROM pages WHERE tenant=? ORDER BY first_seq', tenant)
      .map((row) => Number(row['first_seq']));
  const path = (...parts: string[]): string => join(suite.folder.path, ...parts);
  const mirrored = (tenant: string): number[] => new MirrorPages(suite.folder.path).list(tenant);
  const segment = (from: number, to: number): string =>
    path('vault/objects/segments/acme', `${[from, to].map((n) => String(n).padStart(16, '0')).join('-')}.tar`);
  const overwrite = async (file: string, change: (bytes: Buffer) => Uint8Array): Promise<void> => {
    await chmod(file, 0o644);
    await writeFile(file, change(await readFile(file)));
  };
  const flipped = (bytes: Buffer, place: number): Buffer => {
    const changed = Buffer.from(bytes);
    changed[place]! ^= 1;
    return changed;
  };
  const faults = async (full = true) =>
    (await suite.deep(full)).faults.map(({ tenant, kind, seq }) => [tenant, kind, seq]);

  describe('goes from database and mirror', () => {
    it('page by page: on 15 April the two of 1 March, of each tenant; what is younger than 40 days stays', async () => {
      const result = await retireNow();
      assert.deepEqual([result.pages, result.skipped, result.unfinished], [4, [], false]);
      for (const tenant of ['acme', 'umbrella']) {
        assert.deepEqual(pagesOf(tenant), [302, 307, 310]);
        assert.deepEqual(mirrored(tenant), [302, 307, 310]);
      }
    });

    it('once: a second call finds nothing, and the sweep gives the mirror nothing back', async () => {
      await retireNow();
      assert.equal((await retireNow()).pages, 0);
      suite.platform.mirrored.clear();
      assert.equal((await suite.sweep()).pagesMirrored, 0);
      suite.sql('DELETE FROM verified');
      assert.equal((await suite.sweep()).pagesMirrored, 0);
      assert.equal(mirrored('acme').length, 3);
    });

    it('to the day: 40 days after they were recorded they are still there, a second later they are not', async () => {
      await suite.close();
      // Recorded on 1 March at 12:00:00; the clock of the first settling stood still until then.
      await begin('2026-04-10T12:00:00Z');
      assert.equal((await retireNow()).pages, 0);
      suite.clock.advance(1000);
      assert.equal((await retireNow()).pages, 4);
    });

    it('also where the call broke off between database and mirror: the next one finishes it', async () => {
      const real = suite.platform.mirror;
      const mirror: Mirror = {
        create: real.create.bind(real),
        read: real.read.bind(real),
        list: real.list.bind(real),
        pages: real.pages.bind(real),
        retire: () => Promise.reject(new Error('the process dies here')),
      };
      const stopping = new AbortController().signal;
      await assert.rejects(retire({ ...suite.platform, mirror, stopping }), /dies here/);
      assert.deepEqual([pagesOf('acme').length, mirrored('acme').length], [3, 5]);
      await retireNow();
      assert.deepEqual([mirrored('acme').length, mirrored('umbrella').length], [3, 3]);
    });

    it('never the last page, however old: the log goes on behind it', async () => {
      await suite.close();
      await begin('2026-05-01T01:00:00Z');
      await suite.runInvoices();
      await suite.settle();
      await suite.deep();
      suite.goTo('2029-01-01T00:00:00Z');
      await retireNow();
      // The close and invoice of April, which is the last page that there is.
      assert.deepEqual(pagesOf('acme'), [316]);
      assert.deepEqual(await faults(), []);
    });
  });

  describe('stays where it is needed or cannot be vouched for', () => {
    const staysWhole = async (): Promise<Retired> => {
      const result = await retireNow();
      assert.deepEqual(pagesOf('acme'), [0, 256, 302, 307, 310]);
      assert.equal(mirrored('acme').length, 5);
      return result;
    };

    it('what no deep pass has verified', async () => {
      suite.sql("DELETE FROM verified WHERE tenant='acme'");
      await staysWhole();
      suite.sql(
        "INSERT INTO verified SELECT 'acme', 255, root, last, seal, at, state FROM verified WHERE tenant='umbrella'",
      );
      await staysWhole();
    });

    it('entries of an open period, though they are of 1 March', async () => {
      suite.sql("UPDATE open_periods SET open_seq=1 WHERE tenant='acme'");
      await staysWhole();
    });

    it('entries of an invoice whose evidence is not in the vault yet', async () => {
      await suite.platform.invoices.markLost(acme.tenant, 'INV-2026-000001', 308);
      await staysWhole();
      await suite.settle();
      await retireNow();
      assert.deepEqual(pagesOf('acme'), [302, 307, 310]);
    });

    it('everything of a tenant that is frozen, while the other’s goes', async () => {
      const fault = { kind: 'wrong_sum', seq: 3, detail: 'somebody has to look' };
      await suite.platform.reconciliation.freeze(acme.tenant, fault, suite.clock.now());
      assert.equal((await staysWhole()).pages, 2);
      assert.deepEqual(pagesOf('umbrella'), [302, 307, 310]);
    });

    it('what the vault has lost; a full pass gives it back, then it goes', async () => {
      await rm(segment(0, 302));
      const { skipped, pages } = await staysWhole();
      assert.deepEqual([pages, skipped.map(({ tenant }) => tenant)], [2, ['acme']]);
      assert.deepEqual((await suite.deep(true)).healed, ['acme vault 0']);
      assert.equal((await retireNow()).pages, 2);
    });

    it('what the vault has as something else, be it one byte', async () => {
      await overwrite(segment(0, 302), (bytes) => flipped(bytes, 5000));
      const { skipped } = await staysWhole();
      assert.match(skipped[0]!.reason, /is not what was written there/);
    });

    it('a page that somebody changed in the database after it was verified: the vault’s is another', async () => {
      suite.sql(
        "UPDATE pages SET bytes=(SELECT bytes FROM pages WHERE tenant='umbrella' AND first_seq=256) WHERE tenant='acme' AND first_seq=256",
      );
      const { skipped } = await staysWhole();
      assert.match(skipped[0]!.reason, /the page of entry 256/);
    });

    it('a page that somebody damaged', async () => {
      suite.sql("UPDATE pages SET bytes=zeroblob(100) WHERE tenant='acme' AND first_seq=0");
      assert.equal((await staysWhole()).skipped[0]?.tenant, 'acme');
    });
  });

  describe('is read from the vault as if nothing had happened', () => {
    const receipt = (id: string) => acme.read<ReceiptAnswer>(`/api/v1/billing/receipts/${id}`);
    const idOf = async (seq: number): Promise<string> => {
      const [text] = await suite.platform.ledger.entries(acme.tenant, seq, seq + 1);
      return (JSON.parse(text!) as { event_id: string }).event_id;
    };

    it('every entry, byte for byte, alone and in stretches across the border', async () => {
      const whole = await suite.platform.ledger.entries(acme.tenant, 0, SIZE);
      await retireNow();
      assert.deepEqual(await suite.platform.ledger.entries(acme.tenant, 0, SIZE), whole);
      for (const [from, to] of [
        [0, 1],
        [255, 257],
        [301, 302],
        [301, 303],
        [302, 303],
        [100, 310],
      ] as const) {
        assert.deepEqual(await suite.platform.ledger.entries(acme.tenant, from, to), whole.slice(from, to));
      }
    });

    it('a receipt of 1 March by its id, with a proof that leads to the signed checkpoint of today', async () => {
      const id = await idOf(200);
      await retireNow();
      const { state, text, proof } = await receipt(id);
      assert.equal(state, 'billed');
      assert.equal((JSON.parse(text) as { seq: string }).seq, '200');
      const bytes = proof.log.path.map((hash) => Buffer.from(hash, 'base64url'));
      const root = rootFromInclusion(leafHashOfText(text), proof.log.index, proof.log.size, bytes);
      assert.equal(root?.toString('base64url'), (JSON.parse(proof.head.line) as { root: string }).root);
      assert.ok(await verifyJws(proof.checkpoint, 'checkpoint+jws', await suite.platform.keys.keyset()));
    });

    it('the list of receipts, from the first to the last', async () => {
      await retireNow();
      const seqs: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const list: { data: { seq: string }[]; next_cursor: string | null } = await acme.read(
          `/api/v1/billing/receipts?limit=100${query}`,
        );
        seqs.push(...list.data.map(({ seq }) => seq));
        cursor = list.next_cursor;
      }
      assert.deepEqual(
        seqs,
        Array.from({ length: SIZE }, (_, i) => String(i)),
      );
    });

    it('a proof that the log extends the one of 1 March', async () => {
      const [head, again] = await Promise.all([0, 1].map(() => acme.read('/api/v1/billing/ledger/head?since=270')));
      await retireNow();
      const later = await acme.read('/api/v1/billing/ledger/head?since=270');
      assert.deepEqual([later, again], [head, head]);
    });

    it('evidence that the vault lost is made again from old entries, to the same bytes', async () => {
      const name = 'evidence/acme/INV-2026-000001.tar';
      const bundle = Buffer.from((await suite.platform.vault.read(name))!);
      await retireNow();
      await rm(path('vault/objects', name));
      assert.equal((await suite.deep(true)).healed[0], 'acme evidence INV-2026-000001');
      await suite.settle();
      assert.deepEqual(Buffer.from((await suite.platform.vault.read(name))!), bundle);
      const jwks = await suite.platform.keys.keyset();
      const pinned = await readPinned({ ledger: 'ledger.localhost/dev', tenant: 'acme', jwks });
      assert.equal((await verifyBundle(bundle, pinned)).verdict, 'verified');
    });

    it('by a full pass: it re-derives all 2 x 316 entries and finds nothing wrong and nothing lost', async () => {
      await retireNow();
      const { faults: found, healed, entries } = await suite.deep(true);
      assert.deepEqual([found, healed, entries], [[], [], 2 * SIZE]);
      assert.equal(mirrored('acme').length, 3);
    });

    it('and life goes on: new usage, a close, an invoice, evidence', async () => {
      await retireNow();
      await acme.send(events('fourth', 10, '2026-04-15T11:00:00Z'));
      await suite.settle();
      suite.goTo('2026-05-01T01:00:00Z');
      assert.equal((await suite.runInvoices()).issued.length, 2);
      await suite.settle();
      assert.deepEqual(await faults(false), []);
      assert.ok(await suite.platform.vault.read('evidence/acme/INV-2026-000003.tar'));
      assert.deepEqual(await faults(), []);
    });

    it('while receipts are being written and passes are under way', async () => {
      const sending = Array.from({ length: 8 }, (_, i) => acme.send(events(`busy-${i}`, 20, APRIL_15)));
      const results = await Promise.all([retireNow(), suite.deep(true), retireNow(), suite.deep(), ...sending]);
      assert.deepEqual(
        [(results[1] as { faults: unknown }).faults, (results[3] as { faults: unknown }).faults],
        [[], []],
      );
      await suite.settle();
      assert.deepEqual(await faults(), []);
      assert.deepEqual(pagesOf('acme').slice(0, 3), [302, 307, 310]);
    });
  });

  describe('is missed when the vault, which alone has it, loses or changes it', () => {
    beforeEach(async () => {
      await retireNow();
    });

    it('a lost segment is named by a full pass; that tenant stands still, the other does not', async () => {
      await rm(segment(0, 302));
      assert.deepEqual(await faults(), [['acme', 'missing_page', 0]]);
      assert.equal((await suite.platform.reconciliation.allFrozen()).length, 1);
      assert.equal((await acme.get('/api/v1/billing/receipts?limit=1')).status, 500);
      assert.equal((await (await suite.client('umbrella')).get('/api/v1/billing/receipts?limit=1')).status, 200);
    });

    it('any byte of a segment, wherever it stands', async () => {
      const file = segment(0, 302);
      const whole = await readFile(file);
      for (let place = 0; place < whole.length; place += 997) {
        await overwrite(file, () => flipped(whole, place));
        assert.deepEqual(await faults(), [['acme', 'copy_differs', 0]], `byte ${place}`);
      }
      await overwrite(file, () => whole);
      assert.deepEqual(await faults(), []);
    });

    it('a page of old entries that nobody noted a segment for: a hole is a fault, not an end', async () => {
      suite.sql("DELETE FROM segments WHERE tenant='acme'");
      assert.deepEqual(await faults(), [['acme', 'missing_page', 0]]);
    });

    it('an ordinary pass does not look at it', async () => {
      await rm(segment(0, 302));
      assert.deepEqual(await faults(false), []);
    });
  });
});

describe('heads of seals', () => {
  let suite: TestSuite;
  let acme: Client;
  afterEach(() => suite.close());

  /** Three seals within the first hour of 1 March, one in the second, two on 15 April. */
  beforeEach(async () => {
    suite = await TestSuite.start({ at: MARCH_1, config: { hotWindowDays: HOT_WINDOW_DAYS } });
    acme = await suite.organization(plan('acme'));
    for (const [i, at] of [
      '2026-03-01T12:00:00Z',
      '2026-03-01T12:01:00Z',
      '2026-03-01T12:02:00Z',
      '2026-03-01T13:00:00Z',
      '2026-04-15T12:00:00Z',
      '2026-04-15T12:01:00Z',
    ].entries()) {
      if (at > suite.clock.now()) suite.goTo(at);
      await acme.send(events(`seal-${i}`, 3, at));
      await suite.settle();
    }
    assert.deepEqual((await suite.deep()).faults, []);
  });

  const retireNow = async (): Promise<Retired> =>
    (await (await suite.call('reconcile-chain/retire')).json()) as Retired;
  /** Numbers of the seals whose heads are in the database, of how many. */
  const kept = (): number[] =>
    suite
      .sql('SELECT n, length(heads) AS bytes FROM seals ORDER BY n')
      .filter((row) => Number(row['bytes']) > 0)
      .map((row) => Number(row['n']));
  const hourOf = (n: number): string =>
    /"at":"([^"]{13})/.exec(String(suite.sql('SELECT record FROM seals WHERE n=?', n)[0]!['record']))![1]!;
  const headsFile = (n: number): string =>
    join(suite.folder.path, 'vault/objects/heads', `${String(n).padStart(12, '0')}.zst`);

  it('leave the database with the window, but for anchors: of each hour the first stays', async () => {
    const all = kept();
    const old = all.filter((n) => hourOf(n).startsWith('2026-03-01'));
    const anchors = old.filter((n) => n === 0 || hourOf(n) !== hourOf(n - 1));
    assert.equal(anchors.length, 2);
    assert.ok(old.length > anchors.length + 1);
    assert.equal((await retireNow()).seals, old.length - anchors.length);
    assert.deepEqual(kept(), [...anchors, ...all.filter((n) => !old.includes(n))]);
    assert.equal((await retireNow()).seals, 0);
  });

  it('are read from the vault then: a full pass finds every seal as it was signed', async () => {
    assert.ok((await retireNow()).seals > 0);
    const { faults, seals } = await suite.deep(true);
    assert.deepEqual(faults, []);
    assert.equal(seals, suite.sql('SELECT count(*) AS n FROM seals')[0]!['n']);
  });

  it('that the vault lost afterwards are named by the next full pass, and not made up', async () => {
    await retireNow();
    const gone = suite.sql('SELECT n FROM seals WHERE length(heads) = 0')[0]!['n'] as number;
    await rm(headsFile(gone));
    const found = (await suite.deep(true)).faults.map(({ kind, seq }) => [kind, Number(seq)]);
    assert.deepEqual(found[0], ['wrong_seal', gone]);
    assert.equal(existsSync(headsFile(gone)), false);
  });

  it('stay while the vault does not give them back, and say so', async () => {
    const before = kept();
    await rm(headsFile(before.find((n) => n > 0 && hourOf(n) === hourOf(n - 1))!));
    const { seals, skipped } = await retireNow();
    assert.equal(seals, 0);
    assert.match(skipped[0]!.reason, /the vault does not give back the heads of seal/);
    assert.deepEqual(kept(), before);
  });
});

describe('payloads of accepted usage', () => {
  let suite: TestSuite;
  afterEach(() => suite.close());

  const batchRows = () =>
    suite
      .sql('SELECT tenant, length(payload) AS bytes, first_seq FROM batches ORDER BY tenant, batch_id')
      .map((row) => [row['tenant'], Number(row['bytes']) > 0, row['first_seq'] === null]);
  const retireNow = async (): Promise<Retired> =>
    (await (await suite.call('reconcile-chain/retire')).json()) as Retired;
  const stateOf = async (client: Client, id: string): Promise<string> =>
    (await client.read<{ state: string }>(`/api/v1/billing/receipts/${id}`)).state;

  it('go with their batch after the window; a receipt is still found by its id, and one that never was is not', async () => {
    suite = await TestSuite.start({ at: MARCH_1, config: { hotWindowDays: HOT_WINDOW_DAYS } });
    const acme = await suite.organization(plan('acme'));
    const first = (await acme.send(events('first', 3, MARCH_1))).results[1]!.receipt_id!;
    await suite.settle();
    suite.goTo('2026-04-09T12:00:00Z');
    const second = (await acme.send(events('second', 3, '2026-04-09T12:00:00Z'))).results[1]!.receipt_id!;
    await suite.settle();
    assert.equal((await retireNow()).payloads, 0);
    suite.goTo(APRIL_15);
    assert.equal((await retireNow()).payloads, 1);
    // Of the batch of 9 April everything is still there.
    assert.deepEqual(batchRows(), [['acme', true, false]]);
    assert.deepEqual([await stateOf(acme, first), await stateOf(acme, second)], ['billed', 'billed']);
    const stranger = `${first.slice(0, 20)}AAAA${first.slice(24)}`;
    assert.equal((await acme.get(`/api/v1/billing/receipts/${stranger}`)).status, 404);
  });

  it('go from a batch whose keys are still known, for usage may be 90 days late here: a duplicate stays a duplicate', async () => {
    suite = await TestSuite.start({ at: MARCH_1, config: { hotWindowDays: HOT_WINDOW_DAYS } });
    const acme = await suite.organization(plan('acme', 90));
    const sent = events('first', 3, MARCH_1);
    const id = (await acme.send(sent)).results[2]!.receipt_id!;
    await suite.settle();
    suite.goTo(APRIL_15);
    assert.equal((await retireNow()).payloads, 1);
    assert.deepEqual(batchRows(), [['acme', false, false]]);
    assert.equal((await retireNow()).payloads, 0);
    assert.equal(await stateOf(acme, id), 'billed');
    assert.deepEqual(
      (await acme.send(sent)).results.map(({ status, receipt_id }) => [status, receipt_id === id]),
      [
        ['duplicate', false],
        ['duplicate', false],
        ['duplicate', true],
      ],
    );
    // 92 days after it was accepted nobody can send it again.
    suite.goTo('2026-06-01T12:00:01Z');
    assert.equal((await retireNow()).payloads, 1);
    assert.deepEqual(batchRows(), []);
    assert.equal(await stateOf(acme, id), 'billed');
  });

  it('stay while their usage waits to be billed, however long that takes', async () => {
    suite = await TestSuite.start({ at: MARCH_1, config: { hotWindowDays: HOT_WINDOW_DAYS } });
    const acme = await suite.organization(plan('acme'));
    await acme.send(events('billed', 3, MARCH_1));
    await suite.settle();
    const fault = { kind: 'wrong_sum', seq: 0, detail: 'somebody has to look' };
    await suite.platform.reconciliation.freeze(acme.tenant, fault, suite.clock.now());
    await acme.send(events('waits', 3, MARCH_1));
    await suite.settle();
    suite.goTo('2026-08-01T00:00:00Z');
    assert.equal((await retireNow()).payloads, 1);
    assert.deepEqual(batchRows(), [['acme', true, true]]);
    assert.equal(suite.sql('SELECT count(*) AS n FROM waiting')[0]!['n'], 1);
  });
});
