import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { zstdCompressSync } from 'node:zlib';
import { differencesBetween } from '../../scripts/rebuild/compare.ts';
import { type Rebuilt, rebuild } from '../../scripts/rebuild/rebuild.ts';
import { RebuildRefused } from '../../scripts/rebuild/room.ts';
import { SqliteDatabase } from '../../shared/adapters/database/sqlite.ts';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { type Pinned, readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { LedgerOrigin, TenantId } from '../../shared/domain/ids.ts';
import { packPage, unpackPage } from '../../shared/domain/ledger/page.ts';
import { leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import { readConfig } from '../../shared/edge/config.ts';
import { TABLES } from '../../shared/stores/tables.ts';
import { openLocalPorts } from '../../shared/wiring/local-ports.ts';
import { ON_A_STANDING_CLOCK } from '../../shared/wiring/suite.ts';
import { accountOf } from '../support/account.ts';
import { calls, INITECH, keepBooks, LOST, NORTHWIND, UMBRELLA, user } from '../support/lost-books.ts';
import { MirrorPages } from '../support/mirror-pages.ts';
import { at, Client, TestSuite } from '../support/suite.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('a lost database', () => {
  let books: TestSuite;
  let pinned: Pinned;
  let pinnedKeys: readonly unknown[];
  let keysOf: ReadonlyMap<string, string>;

  before(async function () {
    this.timeout(60_000);
    ({ suite: books, keysOf } = await keepBooks());
    const jwks = await books.platform.keys.keyset();
    pinnedKeys = jwks.keys;
    pinned = await readPinned({ ledger: 'ledger.localhost/dev', jwks });
    await books.stop();
  });
  after(() => books.folder.remove());

  /** A folder like the one that was left, its database put aside. */
  async function left(): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
    const folder = await tempFolder('/dev/shm');
    await cp(books.folder.path, folder.path, { recursive: true });
    await rename(join(folder.path, 'store.db'), join(folder.path, 'lost.db'));
    for (const name of await readdir(folder.path)) {
      if (name.startsWith('store.db') || name.startsWith('bus.db')) await rm(join(folder.path, name));
    }
    return folder;
  }

  interface Given {
    readonly pinned?: Pinned;
    readonly accounts?: readonly unknown[];
    readonly newSalts?: boolean;
    readonly at?: string;
    readonly hotWindowDays?: number;
  }
  async function rebuildIn(folder: string, given: Given = {}): Promise<Rebuilt> {
    const clock = new ManualClock(at(given.at ?? LOST));
    const config = { ...readConfig({}), ...ON_A_STANDING_CLOCK, dataFolder: folder };
    const entropy = new SeededEntropy(folder);
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const deliver = () => Promise.reject(new Error('nobody listens'));
    const { ports, close } = await openLocalPorts({ config, clock, entropy, log, deliver });
    const ledgerOrigin = 'ledger.localhost/dev' as LedgerOrigin;
    try {
      return await rebuild(
        { ...ports, clock, entropy, ledgerOrigin, hotWindowDays: given.hotWindowDays ?? 100 },
        {
          pinned: given.pinned ?? pinned,
          accounts: given.accounts ?? [],
          newSalts: given.newSalts ?? false,
          say: () => undefined,
        },
      );
    } finally {
      await close();
    }
  }
  const differences = async (folder: string): Promise<string[]> => {
    const [now, before] = ['store.db', 'lost.db'].map((name) => SqliteDatabase.open(join(folder, name), TABLES));
    try {
      return await differencesBetween(now!, before!);
    } finally {
      await now!.close();
      await before!.close();
    }
  };

  describe('is made again from mirror and vault', () => {
    let folder: { readonly path: string; readonly remove: () => Promise<void> };
    let rebuilt: Rebuilt;
    before(async () => {
      folder = await left();
      rebuilt = await rebuildIn(folder.path);
    });
    after(() => folder.remove());

    it('with every total that it had, by hand', () => {
      // 1 March: 600 calls 6.00, 3 seats 37.50, anna 0.75. 2 March: 500 calls 5.00, anna 0.75, and late 200 calls 2.00.
      // 3 March: 1,500 and 300 calls at 0.006 are 10.80, ben, anna and cleo 2.25, 2 seats 25. 4 March, open: 10 calls 0.06, dora 0.75.
      // umbrella: 300 calls 6.00 and the platform 5; 7 calls late 0.14 and 5; 50 calls 1.00 and 5.
      assert.deepEqual(
        rebuilt.tenants.map(({ tenant, billed, invoiced, invoices }) => [tenant, billed, invoiced, invoices]),
        [
          ['initech', '3', '300', 1],
          ['northwind', '90.86', '9005', 3],
          ['umbrella', '22.14', '2214', 3],
        ],
      );
    });

    it('row by row in every table that money rests on', async () => {
      assert.deepEqual(await differences(folder.path), []);
    });

    it('with all its evidence in its place, every seal and every key', () => {
      assert.equal(
        rebuilt.tenants.reduce((sum, { evidence }) => sum + evidence, 0),
        7,
      );
      assert.ok(rebuilt.seals >= 8, `${rebuilt.seals} seals`);
      assert.equal(rebuilt.apiKeys, 3);
      assert.ok(rebuilt.tenants.every(({ unsealed }) => unsealed === 0));
    });

    describe('and life goes on', () => {
      let suite: TestSuite;
      const client = (tenant: string): Client => new Client(suite, tenant as TenantId, keysOf.get(tenant)!);
      before(async () => {
        suite = await TestSuite.start({ at: LOST, from: folder.path });
      });
      after(() => suite.close());

      it('a full pass finds nothing wrong and nothing lost', async () => {
        const { faults, healed } = await suite.deep(true);
        assert.deepEqual([faults, healed.filter((what) => !what.includes('projection'))], [[], []]);
      });

      it('the same API keys open the door', async () => {
        assert.equal((await client('northwind').get('/api/v1/billing/ledger/head')).status, 200);
      });

      it('usage by days is there again, from receipts: 600 + 200 late calls, 500, 1,500 + 300, 10; anna, anna, three, dora', async () => {
        const days = async (metric: string): Promise<string[]> => {
          const query = `metric_name=${metric}&window=day&from=2026-03-01T00:00:00Z`;
          const { data } = await client('northwind').read<{ data: { value: string; events: number }[] }>(
            `/api/v1/billing/usage/summary?${query}`,
          );
          return data.map(({ value, events }) => `${value} of ${events}`);
        };
        assert.deepEqual(await days('calls'), ['800 of 2', '500 of 1', '1800 of 2', '10 of 1']);
        assert.deepEqual(await days('users'), ['1 of 1', '1 of 1', '3 of 3', '1 of 1']);
      });

      it('what is sent once more is not billed once more; another time under an old key is a conflict', async () => {
        const northwind = client('northwind');
        const answer = await northwind.send([
          calls('n13', '10', '2026-03-04T08:00:00Z'),
          calls('n1', '600', '2026-03-01T10:00:00Z'),
          calls('n13', '10', '2026-03-04T08:00:01Z'),
          calls('n15', '1', '2026-03-04T08:59:00Z'),
        ]);
        assert.deepEqual(
          answer.results.map(({ status, code }) => code ?? status),
          ['duplicate', 'duplicate', 'idempotency_conflict', 'accepted'],
        );
        const receipt = await northwind.read<{ state: string; entry: { quantity: string } }>(
          `/api/v1/billing/receipts/${answer.results[1]!.receipt_id}`,
        );
        assert.deepEqual([receipt.state, receipt.entry.quantity], ['billed', '600']);
      });

      it('a user whom the open day has seen is not counted again, a new one is: dora 0, ella 0.75', async () => {
        const now = '2026-03-04T08:59:00Z';
        await client('northwind').send([user('n16', 'dora', now), user('n17', 'ella', now)]);
        await suite.settle();
        const amounts = (await suite.entriesOf('northwind', 'charge')).slice(-2).map(({ amount }) => amount);
        assert.deepEqual(amounts, ['0', '0.75']);
      });

      it('users of closed days who come late are not counted again either: cleo of 3 March, anna of 2 and 1 March', async () => {
        await client('northwind').send([
          user('n18', 'cleo', '2026-03-03T23:30:00Z'),
          user('n18-2', 'anna', '2026-03-02T23:30:00Z'),
          user('n18-1', 'anna', '2026-03-01T23:30:00Z'),
        ]);
        await suite.settle();
        const amounts = (await suite.entriesOf('northwind', 'charge')).slice(-3).map(({ amount }) => amount);
        assert.deepEqual(amounts, ['0', '0', '0']);
      });

      it('the day’s limit counts what was used before: 11 of 2,000, so 1,990 are too many and 1,989 are not', async () => {
        const now = '2026-03-04T08:59:00Z';
        const answers = await client('northwind').send([calls('n19', '1990', now), calls('n20', '1989', now)]);
        assert.deepEqual(
          answers.results.map(({ status, code }) => code ?? status),
          ['quota_exceeded', 'accepted'],
        );
      });

      it('4 March closes with 2,000 calls at 0.006, dora and ella: 13.50, under the next numbers', async () => {
        suite.goTo('2026-03-05T01:00:00Z');
        const { issued } = await suite.runInvoices();
        assert.deepEqual(issued.map(({ number }) => number).sort(), [
          'INV-2026-000008',
          'INV-2026-000009',
          'INV-2026-000010',
        ]);
        await suite.settle();
        const number = issued.find(({ tenant }) => tenant === 'northwind')!.number;
        const { document } = await client('northwind').read<{ document: { total: string } }>(
          `/api/v1/billing/invoices/${number}`,
        );
        assert.equal(document.total, '1350');
      });

      it('old evidence and new verifies with the pinned keys, and a full pass still finds nothing', async () => {
        const names = await suite.platform.vault.list('evidence/');
        assert.equal(names.length, 10);
        for (const name of names) {
          const bundle = Buffer.from((await suite.platform.vault.read(name))!);
          const verdict = await verifyBundle(bundle, pinned);
          assert.equal(verdict.verdict, 'verified', `${name} ${JSON.stringify(verdict.claims)}`);
        }
        assert.deepEqual((await suite.deep()).faults, []);
        assert.deepEqual((await suite.deep(true)).faults, []);
      });
    });
  });

  describe('of which something else is missing, too', () => {
    let folder: { readonly path: string; readonly remove: () => Promise<void> };
    beforeEach(async () => {
      folder = await left();
    });
    afterEach(() => folder.remove());
    const objects = (...parts: string[]): string => join(folder.path, 'vault/objects', ...parts);

    it('the mirror’s copy of what the vault has: the vault is enough', async () => {
      for (const tenant of ['northwind', 'umbrella']) {
        new MirrorPages(folder.path).remove(tenant, 0);
      }
      await rebuildIn(folder.path);
      assert.deepEqual(await differences(folder.path), []);
    });

    it('every segment, while the mirror is whole: the mirror is enough', async () => {
      await rm(objects('segments'), { recursive: true });
      await rebuildIn(folder.path);
      assert.deepEqual(await differences(folder.path), []);
    });

    it('an invoice’s evidence: it is due again, and made again to the same bytes', async () => {
      const name = 'evidence/northwind/INV-2026-000001.tar';
      const candidates = await readdir(objects('evidence/northwind'));
      const file = objects('evidence/northwind', candidates.sort()[0]!);
      const bundle = await readFile(file);
      await rm(file);
      const { tenants } = await rebuildIn(folder.path);
      assert.equal(tenants.find(({ tenant }) => tenant === 'northwind')!.evidence, 2, name);
      const suite = await TestSuite.start({ at: LOST, from: folder.path });
      await suite.settle();
      const again = await suite.platform.vault.read(`evidence/northwind/${candidates[0]!}`);
      await suite.close();
      assert.deepEqual(Buffer.from(again!), bundle);
    });

    it('an account document, which the operator gives', async () => {
      const taken = (await readdir(objects('registry/taken'))).sort();
      for (const name of taken) await rm(objects('registry/taken', name));
      await assert.rejects(rebuildIn(folder.path), (error) => {
        assert.ok(error instanceof RebuildRefused);
        assert.match(error.message, /organization initech.*--account/);
        return true;
      });
      await rm(join(folder.path, 'store.db'));
      const given = [accountOf('northwind', NORTHWIND), accountOf('umbrella', UMBRELLA), accountOf('initech', INITECH)];
      const { tenants, apiKeys } = await rebuildIn(folder.path, { accounts: given });
      assert.deepEqual([tenants.length, apiKeys], [3, 0]);
      const found = (await differences(folder.path)).map((row) => row.split(' ')[0]);
      // Documents were loaded at other times, and nobody’s key is known: new ones have to be made. Limits count from now on.
      assert.deepEqual([...new Set(found)].sort(), ['accounts', 'api_keys', 'limit_counters']);
    });

    it('the evidence key, with which the salts are locked away: refused, unless values may be counted once more', async () => {
      await rm(join(folder.path, 'keys/evidence'), { recursive: true });
      await assert.rejects(rebuildIn(folder.path), /northwind, users of 2026-03.*the salt of its values is lost/);
      await rm(join(folder.path, 'store.db'));
      const { tenants } = await rebuildIn(folder.path, { newSalts: true });
      assert.equal(tenants.find(({ tenant }) => tenant === 'northwind')!.billed, '90.86');
    });
  });

  describe('on a day when the hot window is over for the first entries', () => {
    it('gets no pages back that stand in the vault; they are read there, and nothing is missed', async () => {
      const folder = await left();
      let suite: TestSuite | undefined;
      try {
        await rebuildIn(folder.path, { at: '2026-06-20T00:00:00Z' });
        suite = await TestSuite.start({ at: '2026-06-20T00:00:00Z', from: folder.path });
        const rows = suite.sql("SELECT min(first_seq) AS first FROM pages WHERE tenant='umbrella'");
        assert.ok(Number(rows[0]!['first']) > 256, `${rows[0]!['first']}`);
        assert.equal((await suite.entries('umbrella')).filter(({ typ }) => typ === 'charge').length, 302);
        assert.deepEqual((await suite.deep(true)).faults, []);
        assert.deepEqual(await differences(folder.path), []);
      } finally {
        await suite?.close();
        await folder.remove();
      }
    });
  });

  describe('is not made again from what somebody has changed; the place is named', () => {
    let folder: { readonly path: string; readonly remove: () => Promise<void> };
    beforeEach(async () => {
      folder = await left();
    });
    afterEach(() => folder.remove());
    const objects = (...parts: string[]): string => join(folder.path, 'vault/objects', ...parts);
    const mirror = (): MirrorPages => new MirrorPages(folder.path);
    const newest = (): number => mirror().list('northwind').at(-1)!;
    const overwrite = async (file: string, change: (bytes: Buffer) => Uint8Array): Promise<void> => {
      await chmod(file, 0o644);
      await writeFile(file, change(await readFile(file)));
    };
    const flip = (place: number) => (bytes: Buffer) => {
      const changed = Buffer.from(bytes);
      changed[place < 0 ? bytes.length + place : place]! ^= 1;
      return changed;
    };
    const edited = (from: string, to: string) => (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      assert.ok(text.includes(from), from);
      return Buffer.from(text.replace(from, to), 'latin1');
    };
    const firstOf = async (path: string): Promise<string> => join(path, (await readdir(path)).sort()[0]!);
    const lastOf = async (path: string): Promise<string> => join(path, (await readdir(path)).sort().at(-1)!);
    const seal = (n: number): string => `${String(n).padStart(12, '0')}`;
    /** Raises an amount in a page and packs it again so that nothing is wrong with the page itself. */
    const raised = (bytes: Buffer): Buffer => {
      const texts = unpackPage(bytes);
      const place = texts.findIndex((text) => text.includes('"typ":"charge"'));
      texts[place] = texts[place]!.replace('"amount":"', '"amount":"9');
      return packPage(texts);
    };

    /** Gives the first charge of a page another blind and links the entries behind it anew. */
    const blinded = (bytes: Buffer): Buffer => {
      const texts = unpackPage(bytes);
      let prev: string | undefined;
      const relinked = texts.map((text, i) => {
        const linked = prev === undefined ? text : text.replace(/"prev":"[^"]*"/, `"prev":"${prev}"`);
        const entry = i === 0 ? linked.replace(/"blind":"[^"]*"/, `"blind":"${'A'.repeat(22)}"`) : linked;
        prev = leafHashOfText(entry).toString('base64url');
        return entry;
      });
      return packPage(relinked);
    };

    const CASES: readonly (readonly [what: string, place: RegExp, tamper: () => Promise<unknown>])[] = [
      [
        'an amount in the newest page of the mirror',
        /mirror of northwind, page \d+.*misrated/,
        async () => mirror().change('northwind', newest(), raised),
      ],
      ['a byte of it', /mirror of northwind, page \d+/, async () => mirror().change('northwind', newest(), flip(80))],
      [
        'an entry that no rule decides about, linked again so that everything holds but what was signed',
        /mirror of northwind, page \d+.*wrong_anchor/,
        async () => mirror().change('northwind', newest(), blinded),
      ],
      [
        'the newest page of the mirror removed, which a seal has signed',
        /northwind entry \d+.*seal \d+ signed/,
        async () => mirror().remove('northwind', newest()),
      ],
      [
        'an older page of the mirror that the vault has otherwise',
        /mirror of umbrella, page 0.*vault has other bytes/,
        async () => mirror().change('umbrella', 0, raised),
      ],
      [
        'a page in the middle, of which there is no copy: neither vault nor mirror',
        /umbrella entry \d+.*neither vault nor mirror/,
        async () => {
          await rm(objects('segments/umbrella'), { recursive: true });
          mirror().remove('umbrella', 256);
        },
      ],
      [
        'a byte of a segment',
        /segments\/umbrella\/0+-\d+\.tar/,
        async () => overwrite(await firstOf(objects('segments/umbrella')), flip(700)),
      ],
      [
        'a segment cut short',
        /segments\/umbrella\/0+-\d+\.tar/,
        async () => overwrite(await firstOf(objects('segments/umbrella')), (bytes) => bytes.subarray(512)),
      ],
      [
        'a segment of another customer under this one’s name',
        /segments\/umbrella|umbrella entry/,
        async () => {
          const from = await firstOf(objects('segments/northwind'));
          await rm(objects('segments/umbrella'), { recursive: true });
          await cp(objects('segments/northwind'), objects('segments/umbrella'), { recursive: true });
          mirror().remove('umbrella');
          assert.ok(from);
        },
      ],
      ['a seal removed', /seals\/0+3\.json/, async () => rm(objects('seals', `${seal(3)}.json`))],
      [
        'a seal’s record',
        /seals\/0+3\.json/,
        async () =>
          overwrite(objects('seals', `${seal(3)}.json`), edited('receipts_total\\":\\"', 'receipts_total\\":\\"1')),
      ],
      ['a seal’s signature', /seals\/0+3\.json/, async () => overwrite(objects('seals', `${seal(3)}.json`), flip(300))],
      [
        'two seals changed over',
        /seals\/0+2\.json/,
        async () => {
          await copyFile(objects('seals', `${seal(2)}.json`), join(folder.path, 'aside'));
          await overwrite(objects('seals', `${seal(2)}.json`), () => Buffer.alloc(0));
          const three = await readFile(objects('seals', `${seal(3)}.json`));
          await overwrite(objects('seals', `${seal(2)}.json`), () => three);
          const two = await readFile(join(folder.path, 'aside'));
          await overwrite(objects('seals', `${seal(3)}.json`), () => two);
        },
      ],
      ['the heads of a seal removed', /heads\/0+4\.zst/, async () => rm(objects('heads', `${seal(4)}.zst`))],
      [
        'the heads of a seal',
        /seals\/0+4\.json.*heads/,
        async () => overwrite(objects('heads', `${seal(4)}.zst`), () => zstdCompressSync(Buffer.from('nobody'))),
      ],
      [
        'until when a key was in force',
        /keysets\/[0-9a-f]{64}\.json/,
        async () => overwrite(await firstOf(objects('keysets')), edited('"last_seal":""', '"last_seal":"99"')),
      ],
      ['a key set removed', /keysets\/[0-9a-f]{64}\.json/, async () => rm(await firstOf(objects('keysets')))],
      [
        'under which name a log stands in the seals',
        /logs\/northwind\.json/,
        async () => overwrite(objects('logs/northwind.json'), edited('"blind":"', '"blind":"A')),
      ],
      ['that note removed', /logs\//, async () => rm(objects('logs/northwind.json'))],
      [
        'the registry',
        /registry\/taken\/.*no pinned key signed it/,
        async () => overwrite(await lastOf(objects('registry/taken')), flip(400)),
      ],
      [
        'an account document',
        /registry\/accounts\/[0-9a-f]{64}\.json/,
        async () =>
          overwrite(await firstOf(objects('registry/accounts')), edited('"currency":"USD"', '"currency":"EUR"')),
      ],
      [
        'an account document removed',
        /registry\/accounts\//,
        async () => rm(await firstOf(objects('registry/accounts'))),
      ],
      [
        'a price document',
        /registry\/prices\/[0-9a-f]{64}\.json/,
        async () =>
          overwrite(await firstOf(objects('registry/prices')), edited('"currency":"USD"', '"currency":"EUR"')),
      ],
      [
        'the salts under lock and key',
        /registry\/escrow\/.*does not open/,
        async () => {
          // One for each evidence key there was; the newest is opened first.
          for (const name of await readdir(objects('registry/escrow'))) {
            await overwrite(objects('registry/escrow', name), flip(-40));
          }
        },
      ],
      [
        'a digit on an archived invoice',
        /evidence\/umbrella\/INV-2026-\d+\.tar/,
        async () => overwrite(await firstOf(objects('evidence/umbrella')), edited('"total":"', '"total":"1')),
      ],
      [
        'a word of an archived report',
        /evidence\/umbrella\/INV-2026-\d+\.tar.*report/,
        async () =>
          overwrite(await firstOf(objects('evidence/umbrella')), edited('single entry would', 'single entry could')),
      ],
      [
        'evidence of another customer under this one’s name',
        /evidence\/umbrella\/INV-2026-\d+\.tar/,
        async () => {
          const other = await readFile(await firstOf(objects('evidence/northwind')));
          await overwrite(await firstOf(objects('evidence/umbrella')), () => other);
        },
      ],
    ];

    for (const [what, place, tamper] of CASES) {
      it(what, async () => {
        await tamper();
        await assert.rejects(rebuildIn(folder.path), (error) => {
          assert.ok(error instanceof RebuildRefused, String(error));
          assert.match(error.message, place);
          return true;
        });
      });
    }

    it('pinned keys of before the last rotation: the seals of the new key are refused', async () => {
      const [checkpoint, evidence] = pinned.keyset.keys;
      const old = {
        keys: [
          { ...checkpoint!, last_seal: '' },
          { ...evidence!, last_seal: '' },
        ],
      };
      await assert.rejects(rebuildIn(folder.path, { pinned: { ...pinned, keyset: old } }), /seals\/\d+\.json/);
    });

    it('a database that is not empty', async () => {
      await rebuildIn(folder.path);
      await assert.rejects(rebuildIn(folder.path), /the database: it is not empty/);
    });
  });

  it('is restored by the errand, which says what it came to; a folder without a vault is refused', async () => {
    const errand = async (path: string): Promise<string> => {
      const file = join(path, 'pinned.json');
      await writeFile(file, JSON.stringify({ ledger: 'ledger.localhost/dev', jwks: { keys: pinnedKeys } }));
      const env = { PATH: process.env['PATH'], DATA_DIR: path, LOG_LEVEL: 'error', RSA_BITS: '2048' };
      const script = fileURLToPath(new URL('../../scripts/rebuild.ts', import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, [script, '--pinned', file], { env });
      return stdout;
    };
    const folder = await left();
    const empty = await tempFolder('/dev/shm');
    try {
      assert.match(await errand(folder.path), /^3 organizations, .* 7 invoices, 7 with evidence in the vault/m);
      await assert.rejects(errand(empty.path), { code: 1, stderr: /refused: seals\/: the vault holds none/ });
    } finally {
      await folder.remove();
      await empty.remove();
    }
  });
});
