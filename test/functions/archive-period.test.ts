import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { archivePeriod, bundleName } from '../../functions/archive-period/archive-period.ts';
import { sealLedger } from '../../functions/seal-ledger/seal-ledger.ts';
import { CLAIMS } from '../../shared/domain/evidence/claims.ts';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { readTar } from '../../shared/domain/evidence/tar.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import { RetentionRefused, type Vault } from '../../shared/ports/vault.ts';
import { accountOf, flat, tiered, usage } from '../support/account.ts';
import { type Client, DAY, SECOND, TestSuite } from '../support/suite.ts';

const plan = (tenant: string) =>
  accountOf(tenant, {
    unit: 'day',
    meters: {
      api_calls: { model: tiered('graduated', ['10', '1'], [null, '0.5']) },
      platform: { model: flat('2') },
      users: { aggregation: 'unique_count', valueProperty: 'user', model: tiered('volume', [null, '3']) },
    },
  });
let keys = 0;
const calls = (quantity: string, time: string) => usage(`key-${++keys}`, 'api_calls', quantity, time);
const user = (name: string, time: string) => usage(`key-${++keys}`, 'users', '1', time, { properties: { user: name } });

const DAY_1 = '2026-03-01T12:00:00Z';
const DAY_2 = '2026-03-02T12:00:00Z';
const FIRST = 'INV-2026-000001';
const SECOND_INVOICE = 'INV-2026-000002';

describe('archive-period lays down the evidence', () => {
  let suite: TestSuite;
  let acme: Client;

  // The suite seals the first receipt and then rests for 100 days: the test decides when there is a seal.
  beforeEach(async () => {
    suite = await TestSuite.start({ at: DAY_1, config: { sealIntervalSeconds: 100 * 86_400 } });
    acme = await suite.organization(plan('acme'));
    // 12 x: 10 x 1 + 2 x 0.5 = 11;  2 users x 3 = 6;  with the flat 2 it is 19
    await acme.send([calls('12', DAY_1), user('anna', DAY_1), user('ben', DAY_1), user('anna', DAY_1)]);
    await suite.platform.bus.idle();
  });
  afterEach(() => suite.close());

  const endOfDay = async (day: string) => {
    suite.goTo(`${day}T01:00:00Z`);
    const run = await suite.runInvoices();
    await suite.platform.bus.idle();
    return run;
  };
  const seal = async () => {
    suite.clock.advance(10 * SECOND);
    const [n] = await sealLedger({
      ...suite.platform,
      sealIntervalSeconds: 10,
      bus: { publish: async () => undefined },
    });
    return n!;
  };
  const invoice = async (number = FIRST, client = acme) => (await suite.platform.invoices.get(client.tenant, number))!;
  const bundle = async (number = FIRST, tenant = 'acme') =>
    Buffer.from((await suite.platform.vault.read(bundleName(tenant, number)))!);
  const verdictOf = async (bytes: Buffer, tenant = 'acme') => {
    const jwks: unknown = await (await fetch(`${suite.url}/.well-known/jwks.json`)).json();
    return verifyBundle(bytes, await readPinned({ ledger: 'ledger.localhost/dev', tenant, jwks }));
  };
  /** As if the bundle had never been written. */
  const forget = async (number = FIRST) => {
    await rm(join(suite.folder.path, 'vault/objects', bundleName('acme', number)));
    suite.sql(
      'UPDATE invoices SET bundle_name=NULL, bundle_sha256=NULL, bundle_bytes=NULL, seal=NULL WHERE number=?',
      number,
    );
    suite.sql('INSERT INTO unarchived SELECT tenant, number, close_seq FROM invoices WHERE number=?', number);
  };

  describe('when there is something for it to rest on', () => {
    it('without a seal over the close there is no evidence yet, and the API says pending', async () => {
      await endOfDay('2026-03-02');
      assert.deepEqual(await archivePeriod(suite.platform), []);
      assert.equal((await suite.ring('archive-period')).status, 204);
      const { data } = await acme.read<{ data: unknown[] }>('/api/v1/billing/evidence');
      assert.deepEqual(data, [{ number: FIRST, state: 'pending', sha256: null, bytes: null, seal: null }]);
      assert.equal((await acme.get(`/api/v1/billing/evidence/${FIRST}`)).status, 404);
    });

    it('it waits for the first seal that covers the close, and keeps to that one when there are later ones', async () => {
      await endOfDay('2026-03-02');
      const first = await seal();
      for (let i = 0; i < 5; i++) {
        await acme.send(calls('1', '2026-03-02T00:30:00Z'));
        await suite.platform.bus.idle();
        assert.equal(await seal(), first + 1 + i);
      }
      assert.deepEqual(await archivePeriod(suite.platform), [FIRST]);
      assert.equal((await invoice()).seal, first);
    });

    it('a seal that is signed but not in the vault yet is not enough', async () => {
      await endOfDay('2026-03-02');
      suite.clock.advance(10 * SECOND);
      const { vault } = suite.platform;
      const away: Vault = {
        create: () => Promise.reject(new Error('the vault is away')),
        read: vault.read.bind(vault),
        list: vault.list.bind(vault),
        delete: vault.delete.bind(vault),
        link: vault.link.bind(vault),
      };
      await assert.rejects(sealLedger({ ...suite.platform, sealIntervalSeconds: 10, vault: away }), /away/);
      assert.deepEqual(await archivePeriod(suite.platform), []);
      await seal();
      assert.deepEqual(await archivePeriod(suite.platform), [FIRST]);
    });

    it('in the running suite it comes by itself: invoice, seal, evidence; a lost doorbell costs one sweep', async () => {
      await suite.close();
      suite = await TestSuite.start({ at: DAY_1 });
      acme = await suite.organization(plan('acme'));
      await acme.send(calls('12', DAY_1));
      await endOfDay('2026-03-02');
      await suite.settle();
      assert.equal(suite.counts()['unarchived'], 0);

      await suite.platform.bus.idle();
      await forget();
      assert.equal((await suite.sweep()).invoicesRung, 1);
      await suite.platform.bus.idle();
      assert.equal(suite.counts()['unarchived'], 0);
    });
  });

  describe('and anybody can check it', () => {
    it('the first period’s bundle, from genesis on, is verified in every claim; its invoice says 19.00', async () => {
      await endOfDay('2026-03-02');
      await seal();
      await archivePeriod(suite.platform);
      const bytes = await bundle();
      const verdict = await verdictOf(bytes);
      assert.equal(verdict.verdict, 'verified', JSON.stringify(verdict.claims));
      assert.deepEqual(
        verdict.claims.map(({ claim, result }) => [claim, result]),
        Object.keys(CLAIMS).map((claim) => [claim, 'pass']),
      );
      assert.equal(verdict.invoice, FIRST);
      const row = await invoice();
      assert.equal(row.bundle_sha256, createHash('sha256').update(bytes).digest('hex'));
      assert.equal(row.bundle_bytes, bytes.length);
      const document = JSON.parse(readTar(bytes).get('invoice.json')!.toString()) as { total: string };
      assert.deepEqual([document.total, row.total], ['1900', '1900']);
    });

    it('the second period’s bundle starts from the balance brought forward and proves late usage of the first', async () => {
      await endOfDay('2026-03-02');
      // Late: 3 more calls of 1 March, which stood at 12: 3 x 0.5 = 1.5. A user known there costs nothing, a new one 3.
      await acme.send([calls('3', DAY_1), user('ben', DAY_1), user('cleo', DAY_1)]);
      suite.goTo(DAY_2);
      await acme.send([calls('4', DAY_2), user('anna', DAY_2)]);
      await suite.platform.bus.idle();
      await endOfDay('2026-03-03');
      await seal();
      assert.deepEqual((await archivePeriod(suite.platform)).sort(), [FIRST, SECOND_INVOICE]);
      for (const number of [FIRST, SECOND_INVOICE]) {
        const verdict = await verdictOf(await bundle(number));
        assert.equal(verdict.verdict, 'verified', JSON.stringify(verdict.claims));
      }
      const files = readTar(await bundle(SECOND_INVOICE));
      assert.ok(files.has('opening.json'));
      // Late 1.5 + 3; own 4 x 1 + 1 user x 3; flat 2: 13.50
      assert.equal((await invoice(SECOND_INVOICE)).total, '1350');
    });

    it('a bundle is about one organization: nothing in it names or shows another', async () => {
      const other = await suite.organization(plan('umbrella'));
      await other.send(calls('5', DAY_1));
      await endOfDay('2026-03-02');
      await seal();
      await archivePeriod(suite.platform);
      const [mine, theirs] = [await bundle(FIRST), await bundle(SECOND_INVOICE, 'umbrella')];
      assert.doesNotMatch(mine.toString('latin1'), /umbrella/);
      assert.doesNotMatch(theirs.toString('latin1'), /acme/);
      assert.equal((await verdictOf(mine)).verdict, 'verified');
      assert.equal((await verdictOf(theirs, 'umbrella')).verdict, 'verified');
      // One’s evidence is nobody else’s.
      assert.equal((await verdictOf(mine, 'umbrella')).verdict, 'refuted');
    });

    it('what was changed in the database before archiving does not pass: the bundle is refuted', async () => {
      await endOfDay('2026-03-02');
      await seal();
      suite.sql(
        `UPDATE invoices SET document=CAST(replace(CAST(document AS TEXT),'"total":"1900"','"total":"1800"') AS BLOB)`,
      );
      await archivePeriod(suite.platform);
      const verdict = await verdictOf(await bundle());
      assert.equal(verdict.verdict, 'refuted');
      assert.equal(verdict.claims.find(({ claim }) => claim === 'invoice')?.result, 'fail');
    });
  });

  describe('and a full pass looks after it', () => {
    it('evidence that the vault has lost is named, and made again to the same bytes', async () => {
      await endOfDay('2026-03-02');
      await seal();
      await archivePeriod(suite.platform);
      const before = await bundle();
      await rm(join(suite.folder.path, 'vault/objects', bundleName('acme', FIRST)));
      const { healed, faults } = await suite.deep(true);
      assert.deepEqual(faults, []);
      assert.ok(healed.includes(`acme evidence ${FIRST}`), healed.join());
      assert.deepEqual(await archivePeriod(suite.platform), [FIRST]);
      assert.ok((await bundle()).equals(before));
    });

    it('evidence that is not what was archived is a fault of that tenant, at the close it proves', async () => {
      await endOfDay('2026-03-02');
      await seal();
      await archivePeriod(suite.platform);
      suite.sql('UPDATE invoices SET bundle_sha256=? WHERE number=?', '0'.repeat(64), FIRST);
      const { faults } = await suite.deep(true);
      const { close_seq } = await invoice();
      assert.deepEqual(
        faults.map(({ tenant, kind, seq }) => [tenant, kind, seq]),
        [['acme', 'copy_differs', close_seq]],
      );
    });

    it('a doorbell that names one invoice archives that one; one that names none archives every due one', async () => {
      await endOfDay('2026-03-02');
      await endOfDay('2026-03-03');
      await seal();
      assert.deepEqual(await archivePeriod(suite.platform, { tenant: 'acme', number: SECOND_INVOICE }), [
        SECOND_INVOICE,
      ]);
      assert.deepEqual(await archivePeriod(suite.platform, { tenant: 'acme', number: SECOND_INVOICE }), []);
      assert.deepEqual(await archivePeriod(suite.platform), [FIRST]);
    });
  });

  describe('once and for all', () => {
    it('composed again, after more receipts, seals, changed keys and a restart, it is the same bytes', async () => {
      await endOfDay('2026-03-02');
      await seal();
      await archivePeriod(suite.platform);
      const [before, row] = [await bundle(), await invoice()];
      for (const purpose of ['checkpoint', 'evidence'] as const) {
        const { signer, keys: keyStore } = suite.platform;
        await keyStore.adopt(await signer.createKey(purpose));
      }
      suite.goTo(DAY_2);
      await acme.send([calls('100', DAY_2), calls('1', DAY_1)]);
      await suite.platform.bus.idle();
      await seal();
      await endOfDay('2026-03-03');
      await seal();
      await suite.restart();
      await forget();
      assert.ok((await archivePeriod(suite.platform)).includes(FIRST));
      assert.ok((await bundle()).equals(before));
      assert.deepEqual(await invoice(), row);
      assert.equal((await verdictOf(before)).verdict, 'verified');
      assert.equal((await verdictOf(await bundle(SECOND_INVOICE))).verdict, 'verified');
    });

    it('a crash after the vault took it and before the row says so: the next run finds it present and says so', async () => {
      await endOfDay('2026-03-02');
      await seal();
      await archivePeriod(suite.platform);
      const row = await invoice();
      suite.sql('UPDATE invoices SET bundle_name=NULL, bundle_sha256=NULL, bundle_bytes=NULL, seal=NULL');
      suite.sql('INSERT INTO unarchived SELECT tenant, number, close_seq FROM invoices');
      // Who reads in the turn of the loop in which another changed the file would be shown what the suite itself knows.
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(await archivePeriod(suite.platform), [FIRST]);
      assert.deepEqual(await invoice(), row);
    });

    it('five at once write one object', async () => {
      await endOfDay('2026-03-02');
      await seal();
      await Promise.all(Array.from({ length: 5 }, () => archivePeriod(suite.platform)));
      assert.deepEqual(await suite.platform.vault.list('evidence/'), [bundleName('acme', FIRST)]);
      assert.equal(suite.counts()['unarchived'], 0);
      assert.deepEqual(
        suite.lines.filter(({ level }) => level === 'error'),
        [],
      );
    });

    it('nobody deletes it before its seven years are over', async () => {
      await endOfDay('2026-03-02');
      await seal();
      await archivePeriod(suite.platform);
      const until = suite.clock.now();
      suite.clock.advance(2557 * DAY - 1);
      await assert.rejects(suite.platform.vault.delete(bundleName('acme', FIRST)), RetentionRefused);
      suite.clock.advance(1);
      await suite.platform.vault.delete(bundleName('acme', FIRST));
      // 2 March 2026 and 2,557 days: 7 x 365 and the leap days of 2028 and 2032.
      assert.deepEqual([until.slice(0, 10), suite.clock.now().slice(0, 10)], ['2026-03-02', '2033-03-02']);
    });

    it('where the vault holds other evidence under that name it is reported, not replaced; the others are archived', async () => {
      await suite.organization(plan('umbrella'));
      await suite.platform.vault.create(bundleName('acme', FIRST), Buffer.from('something else'));
      await endOfDay('2026-03-02');
      await seal();
      assert.deepEqual(await archivePeriod(suite.platform), [SECOND_INVOICE]);
      assert.equal((await bundle()).toString(), 'something else');
      assert.equal((await invoice()).bundle_name, null);
      assert.ok(suite.lines.some(({ event, facts }) => event === 'archive_failed' && facts['number'] === FIRST));
    });

    it('a tenant that stands still is not archived; thawed, it is', async () => {
      await suite.organization(plan('umbrella'));
      await endOfDay('2026-03-02');
      await seal();
      const { reconciliation } = suite.platform;
      await reconciliation.freeze(acme.tenant, { kind: 'wrong_sum', seq: 1, detail: 'looked odd' }, suite.clock.now());
      assert.deepEqual(await archivePeriod(suite.platform), [SECOND_INVOICE]);
      await reconciliation.thaw(acme.tenant);
      assert.deepEqual(await archivePeriod(suite.platform), [FIRST]);
    });
  });
});
