import assert from 'node:assert/strict';
import type { Mirror } from '../../../shared/ports/mirror.ts';

export interface MirrorRig {
  /** A client of its own on the rig's pages: what a second process, or the first after a restart, would hold. */
  open(): Promise<Mirror>;
  dispose(): Promise<void>;
}

const page = (value: string): Uint8Array => new TextEncoder().encode(value);

/** @param makeRig called anew for every sentence */
export function mirrorContract(adapter: string, makeRig: () => Promise<MirrorRig>): void {
  describe(`a mirror holds each page once (${adapter})`, () => {
    let rig: MirrorRig;
    let mirror: Mirror;

    beforeEach(async () => {
      rig = await makeRig();
      mirror = await rig.open();
    });
    afterEach(() => rig.dispose());

    it('a page reads back byte for byte; a page that starts elsewhere is not there', async () => {
      const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
      assert.equal(await mirror.create('acme', 0, everyByte), 'created');
      assert.deepEqual(await mirror.read('acme', 0), everyByte);
      assert.equal(await mirror.read('acme', 1), undefined);
      assert.equal(await mirror.read('umbrella', 0), undefined);
    });

    it('mirroring a page again finds it present; altered bytes are different and change nothing', async () => {
      await mirror.create('acme', 256, page('receipts 256 to 511'));
      assert.equal(await mirror.create('acme', 256, page('receipts 256 to 511')), 'present');
      assert.equal(await mirror.create('acme', 256, page('receipts 256 to 510')), 'different');
      assert.deepEqual(await mirror.read('acme', 256), page('receipts 256 to 511'));
    });

    it('of 20 who write different bytes for one page at once, one creates and 19 are told so', async () => {
      const second = await rig.open();
      const offers = Array.from({ length: 20 }, (_, index) => page(`offer ${index}`));
      const answers = await Promise.all(
        offers.map((offer, index) => (index % 2 === 0 ? mirror : second).create('acme', 0, offer)),
      );
      assert.deepEqual(answers.toSorted(), ['created', ...Array(19).fill('different')]);
      assert.deepEqual(await mirror.read('acme', 0), offers[answers.indexOf('created')]);
    });

    it('pages are listed by number, not by how the number is written, up to the largest safe integer', async () => {
      for (const firstSeq of [256, 9, Number.MAX_SAFE_INTEGER, 10, 0, 1000])
        await mirror.create('acme', firstSeq, page(`${firstSeq}`));
      assert.deepEqual(await mirror.list('acme'), [0, 9, 10, 256, 1000, 9007199254740991]);
      assert.deepEqual(await mirror.read('acme', Number.MAX_SAFE_INTEGER), page('9007199254740991'));
    });

    it('a listing from a sequence number includes the page that starts there and none before', async () => {
      for (const firstSeq of [0, 9, 10, 256]) await mirror.create('acme', firstSeq, page('x'));
      assert.deepEqual(await mirror.list('acme', 10), [10, 256]);
      assert.deepEqual(await mirror.list('acme', 11), [256]);
      assert.deepEqual(await mirror.list('acme', 257), []);
    });

    it('pages come with their bytes, by number, from one on and no more than are asked for; after the last there are none', async () => {
      for (const firstSeq of [1000, 9, 256, 0, 10]) await mirror.create('acme', firstSeq, page(`page ${firstSeq}`));
      await mirror.create('umbrella', 11, page('of another'));
      const shown = async (from: number, limit: number): Promise<(number | string)[][]> =>
        (await mirror.pages('acme', from, limit)).map(({ firstSeq, bytes }) => [
          firstSeq,
          new TextDecoder().decode(bytes),
        ]);
      assert.deepEqual(await shown(9, 3), [
        [9, 'page 9'],
        [10, 'page 10'],
        [256, 'page 256'],
      ]);
      assert.deepEqual(await shown(257, 3), [[1000, 'page 1000']]);
      assert.deepEqual(await shown(1001, 3), []);
      assert.equal((await mirror.pages('acme', 0, 200)).length, 5);
      assert.deepEqual(await mirror.pages('nobody', 0, 200), []);
    });

    it('tenants see their own pages only', async () => {
      await mirror.create('acme', 0, page('acme'));
      await mirror.create('acme-2', 5, page('acme-2'));
      assert.deepEqual(await mirror.list('acme'), [0]);
      assert.deepEqual(await mirror.list('acme-2'), [5]);
      assert.deepEqual(await mirror.list('nobody'), []);
      assert.deepEqual(await mirror.read('acme', 0), page('acme'));
    });

    it('pages outlive the client that wrote them, and the next one cannot replace them', async () => {
      await mirror.create('acme', 0, page('first'));
      const later = await rig.open();
      assert.deepEqual(await later.list('acme'), [0]);
      assert.deepEqual(await later.read('acme', 0), page('first'));
      assert.equal(await later.create('acme', 0, page('second')), 'different');
    });

    it('pages that start before 256 are retired: those at 0 and 10 go, the one at 256 stays; a second time none go', async () => {
      for (const firstSeq of [0, 10, 256, 1000]) await mirror.create('acme', firstSeq, page(`${firstSeq}`));
      await mirror.create('umbrella', 0, page('umbrella'));
      assert.equal(await mirror.retire('acme', 256), 2);
      assert.deepEqual(await mirror.list('acme'), [256, 1000]);
      assert.equal(await mirror.read('acme', 10), undefined);
      assert.deepEqual(await mirror.read('acme', 256), page('256'));
      assert.deepEqual(await mirror.list('umbrella'), [0]);
      assert.equal(await mirror.retire('acme', 256), 0);
      assert.equal(await mirror.retire('nobody', 256), 0);
    });

    it('a tenant that tries to leave its folder and a position that is none are refused', async () => {
      for (const tenant of ['', '.', '..', '../acme', 'acme/..', 'acme/other', '/acme', 'a\0b', '.incoming', 'a b']) {
        await assert.rejects(mirror.create(tenant, 0, page('x')), RangeError, tenant);
        await assert.rejects(mirror.read(tenant, 0), RangeError, tenant);
        await assert.rejects(mirror.list(tenant), RangeError, tenant);
        await assert.rejects(mirror.pages(tenant, 0, 1), RangeError, tenant);
        await assert.rejects(mirror.retire(tenant, 1), RangeError, tenant);
      }
      for (const firstSeq of [-1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
        await assert.rejects(mirror.create('acme', firstSeq, page('x')), RangeError, `${firstSeq}`);
        await assert.rejects(mirror.read('acme', firstSeq), RangeError, `${firstSeq}`);
        await assert.rejects(mirror.list('acme', firstSeq), RangeError, `${firstSeq}`);
        await assert.rejects(mirror.pages('acme', firstSeq, 1), RangeError, `${firstSeq}`);
        await assert.rejects(mirror.retire('acme', firstSeq), RangeError, `${firstSeq}`);
      }
      assert.deepEqual(await mirror.list('acme'), []);
    });
  });
}
