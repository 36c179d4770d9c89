import assert from 'node:assert/strict';
import type { Instant } from '../../../shared/domain/time.ts';
import type { Projection, Projections } from '../../../shared/ports/projections.ts';

export interface ProjectionsRig {
  /** A client of its own on the rig's read models: what a second process, or the first after a restart, would hold. */
  open(): Promise<Projections>;
  dispose(): Promise<void>;
}

const at = (version: number, total = `${version}`): Projection => ({ version, document: { total } });

/** @param makeRig called anew for every sentence */
export function projectionsContract(adapter: string, makeRig: () => Promise<ProjectionsRig>): void {
  describe(`read models show the newest that was written (${adapter})`, () => {
    let rig: ProjectionsRig;
    let projections: Projections;

    beforeEach(async () => {
      rig = await makeRig();
      projections = await rig.open();
    });
    afterEach(() => rig.dispose());

    it('a document reads back as it was written: texts, counts, lists of objects, nothing', async () => {
      const written: Projection = {
        version: 310,
        document: {
          total: '1234567890.000000000000000000000001',
          events: 9007199254740991,
          evidence: null,
          is_final: false,
          meters: [{ 'metric.name': 'api.calls', tags: ['a', ''] }, {}],
          late: [],
        },
        expiresAt: '2027-04-05T00:00:00.123456Z' as Instant,
      };
      assert.equal(await projections.put('acme', 'usage_summaries', 'main~2026-03', written), 'written');
      assert.deepEqual(await projections.read('acme', 'usage_summaries', 'main~2026-03'), written);
      assert.equal(await projections.read('acme', 'invoices', 'main~2026-03'), undefined);
      assert.equal(await projections.read('umbrella', 'usage_summaries', 'main~2026-03'), undefined);
    });

    it('a newer one replaces the whole document: members that it lacks are gone, and so is the day it would vanish', async () => {
      const first: Projection = {
        version: 1,
        document: { a: '1', b: { c: '2' } },
        expiresAt: '2027-01-01T00:00:00.000000Z' as Instant,
      };
      await projections.put('acme', 'invoices', 'INV-1', first);
      assert.equal(
        await projections.put('acme', 'invoices', 'INV-1', { version: 2, document: { b: { d: '3' } } }),
        'written',
      );
      assert.deepEqual(await projections.read('acme', 'invoices', 'INV-1'), {
        version: 2,
        document: { b: { d: '3' } },
      });
    });

    it('version 5 after version 7 is stale and changes nothing; another version 7 is written', async () => {
      await projections.put('acme', 'invoices', 'INV-1', at(7));
      assert.equal(await projections.put('acme', 'invoices', 'INV-1', at(5)), 'stale');
      assert.deepEqual(await projections.read('acme', 'invoices', 'INV-1'), at(7));
      assert.equal(await projections.put('acme', 'invoices', 'INV-1', at(7, 'corrected')), 'written');
      assert.deepEqual(await projections.read('acme', 'invoices', 'INV-1'), at(7, 'corrected'));
    });

    it('of versions 1 to 8, written at once by two clients in any order, version 8 stays', async () => {
      const second = await rig.open();
      const order = [3, 8, 1, 6, 2, 7, 5, 4];
      const answers = await Promise.all(
        order.map((version, i) => (i % 2 === 0 ? projections : second).put('acme', 'invoices', 'INV-1', at(version))),
      );
      assert.equal(answers[order.indexOf(8)], 'written');
      assert.deepEqual(await projections.read('acme', 'invoices', 'INV-1'), at(8));
    });

    it('what one client wrote stops the stale write of another', async () => {
      await projections.put('acme', 'invoices', 'INV-1', at(7));
      const later = await rig.open();
      assert.deepEqual(await later.read('acme', 'invoices', 'INV-1'), at(7));
      assert.equal(await later.put('acme', 'invoices', 'INV-1', at(6)), 'stale');
    });

    it('ids are listed in order, by tenant and kind', async () => {
      for (const id of ['INV-2026-000010', 'INV-2026-000002', '.hidden', 'a~b_c.d']) {
        await projections.put('acme', 'invoices', id, at(1));
      }
      await projections.put('acme', 'usage_summaries', 'main', at(1));
      await projections.put('umbrella', 'invoices', 'INV-2026-000003', at(1));
      assert.deepEqual(await projections.list('acme', 'invoices'), [
        '.hidden',
        'INV-2026-000002',
        'INV-2026-000010',
        'a~b_c.d',
      ]);
      assert.deepEqual(await projections.list('acme', 'usage_summaries'), ['main']);
      assert.deepEqual(await projections.list('nobody', 'invoices'), []);
    });

    it('names that would leave their place, versions that are none and lists in lists are refused', async () => {
      for (const tenant of ['', '.', '..', '../acme', 'acme/other', '/acme', 'a\0b', '.incoming', 'a b']) {
        await assert.rejects(projections.put(tenant, 'invoices', 'INV-1', at(1)), RangeError, tenant);
        await assert.rejects(projections.read(tenant, 'invoices', 'INV-1'), RangeError, tenant);
        await assert.rejects(projections.list(tenant, 'invoices'), RangeError, tenant);
      }
      for (const id of ['', '.', '..', 'a/b', '../INV-1', '__all__', 'a b', 'ä', 'a:b', 'x'.repeat(201)]) {
        await assert.rejects(projections.put('acme', 'invoices', id, at(1)), RangeError, id);
        await assert.rejects(projections.read('acme', 'invoices', id), RangeError, id);
      }
      for (const version of [-1, 1.5, Number.NaN, 2 ** 53]) {
        await assert.rejects(projections.put('acme', 'invoices', 'INV-1', at(version)), RangeError, `${version}`);
      }
      const nested: Projection = { version: 1, document: { rows: [{ cells: [['a']] }] } };
      await assert.rejects(projections.put('acme', 'invoices', 'INV-1', nested), RangeError);
      assert.deepEqual(await projections.list('acme', 'invoices'), []);
    });
  });
}
