import assert from 'node:assert/strict';
import { RetentionRefused, type Vault } from '../../../shared/ports/vault.ts';

/** What a vault needs around it to be put to the test. One rig, one set of objects. */
export interface VaultRig {
  /** A client of its own on the rig's objects: what a second process, or the first after a restart, would hold. */
  open(): Promise<Vault>;
  /** Lets time pass until everything created so far is out of retention. */
  passRetention(): Promise<void>;
  dispose(): Promise<void>;
}

/** Names no vault takes: they could leave the vault, or mean different things to different stores. */
const BAD_NAMES = [
  ...['', '/', '.', '..', '/etc/passwd', '../escape', 'a/../../escape', 'a/..', './a', 'a//b', 'a/', '/a', 'a/./b'],
  ...['a\\..\\b', 'a\0b', 'a b', 'ä', '%2e%2e/escape', 'C:/a', 'a\n', `a/${'b'.repeat(1100)}`],
];

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** @param rig made anew for every sentence */
export function vaultContract(adapter: string, makeRig: () => Promise<VaultRig>): void {
  describe(`a vault keeps what it is given (${adapter})`, () => {
    let rig: VaultRig;
    let vault: Vault;

    beforeEach(async () => {
      rig = await makeRig();
      vault = await rig.open();
    });
    afterEach(() => rig.dispose());

    it('an object reads back byte for byte, and what was never written is not there', async () => {
      const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
      assert.equal(await vault.create('acme/2026-03/bundle.zip', everyByte), 'created');
      assert.deepEqual(await vault.read('acme/2026-03/bundle.zip'), everyByte);
      assert.equal(await vault.read('acme/2026-03/bundle'), undefined);
      assert.equal(await vault.read('acme/2026-03'), undefined);
      assert.equal(await vault.read('acme/2026-03/bundle.zip/part'), undefined);
    });

    it('an object of no bytes is an object', async () => {
      assert.equal(await vault.create('empty', new Uint8Array(0)), 'created');
      assert.deepEqual(await vault.read('empty'), new Uint8Array(0));
      assert.equal(await vault.create('empty', text('x')), 'different');
    });

    it('the same bytes again are present; other bytes are different and change nothing', async () => {
      assert.equal(await vault.create('seal/7', text('root')), 'created');
      assert.equal(await vault.create('seal/7', text('root')), 'present');
      assert.equal(await vault.create('seal/7', text('rooT')), 'different');
      assert.equal(await vault.create('seal/7', text('root and more')), 'different');
      assert.deepEqual(await vault.read('seal/7'), text('root'));
    });

    it('of 20 who write different bytes under one name at once, one creates and 19 are told so', async () => {
      const second = await rig.open();
      const offers = Array.from({ length: 20 }, (_, index) => text(`offer ${index}`));
      const answers = await Promise.all(
        offers.map((offer, index) => (index % 2 === 0 ? vault : second).create('race/one', offer)),
      );
      assert.deepEqual(answers.toSorted(), ['created', ...Array(19).fill('different')]);
      assert.deepEqual(await vault.read('race/one'), offers[answers.indexOf('created')]);
      assert.deepEqual(await second.read('race/one'), offers[answers.indexOf('created')]);
    });

    it('of 20 who write the same bytes at once, one creates and 19 find them present', async () => {
      const second = await rig.open();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? vault : second).create('race/same', text('same'))),
      );
      assert.deepEqual(answers.toSorted(), ['created', ...Array(19).fill('present')]);
    });

    it('what one client created, another that opens later finds, and cannot replace', async () => {
      await vault.create('acme/1', text('first'));
      const later = await rig.open();
      assert.deepEqual(await later.read('acme/1'), text('first'));
      assert.deepEqual(await later.list(''), ['acme/1']);
      assert.equal(await later.create('acme/1', text('second')), 'different');
      assert.deepEqual(await vault.read('acme/1'), text('first'));
    });

    it('a listing holds the names that start so, ascending as whole names', async () => {
      for (const name of [
        'acme/2026-02/b',
        'acme/2026-02/a',
        'acme/2026-01/z',
        'acme-b/2026-02/a',
        'acme/2026-02.json',
      ])
        await vault.create(name, text(name));
      // `-` (2d) sorts before `.` (2e) and that before `/` (2f).
      const acme = ['acme/2026-01/z', 'acme/2026-02.json', 'acme/2026-02/a', 'acme/2026-02/b'];
      assert.deepEqual(await vault.list(''), ['acme-b/2026-02/a', ...acme]);
      assert.deepEqual(await vault.list('acme'), ['acme-b/2026-02/a', ...acme]);
      assert.deepEqual(await vault.list('acme/'), acme);
      assert.deepEqual(await vault.list('acme/2026-02'), acme.slice(1));
      assert.deepEqual(await vault.list('acme/2026-02/'), acme.slice(2));
      assert.deepEqual(await vault.list('acme/2026-02/b'), ['acme/2026-02/b']);
      assert.deepEqual(await vault.list('acme/2027'), []);
      assert.deepEqual(await vault.list('nobody/at/all/'), []);
    });

    it('a name that tries to leave the vault is refused, whatever is asked of it', async () => {
      for (const name of BAD_NAMES) {
        await assert.rejects(vault.create(name, text('x')), RangeError, `create ${name}`);
        await assert.rejects(vault.read(name), RangeError, `read ${name}`);
        await assert.rejects(vault.delete(name), RangeError, `delete ${name}`);
      }
      for (const prefix of ['/', '../', '../x', 'a/../', 'a//', '/etc/', 'a\0', './x'])
        await assert.rejects(vault.list(prefix), RangeError, `list ${prefix}`);
      assert.deepEqual(await vault.list(''), []);
    });

    it('an object under retention is not deleted, and the refusal says until when', async () => {
      await vault.create('invoice/1', text('12.34'));
      await assert.rejects(vault.delete('invoice/1'), (error: unknown) => {
        assert.ok(error instanceof RetentionRefused);
        assert.match(error.retainedUntil, /^\d{4}-\d\d-\d\dT/);
        return true;
      });
      await assert.rejects((await rig.open()).delete('invoice/1'), RetentionRefused);
      assert.deepEqual(await vault.read('invoice/1'), text('12.34'));
    });

    it('after its retention an object can be deleted, once; its neighbours stay', async () => {
      await vault.create('invoice/1', text('12.34'));
      await vault.create('invoice/2', text('56.78'));
      await rig.passRetention();
      await vault.delete('invoice/1');
      assert.equal(await vault.read('invoice/1'), undefined);
      assert.deepEqual(await vault.list(''), ['invoice/2']);
      await vault.delete('invoice/1');
      await vault.delete('never/there');
    });

    it('a name that is used again starts its retention again', async () => {
      await vault.create('draft', text('one'));
      await rig.passRetention();
      await vault.delete('draft');
      assert.equal(await vault.create('draft', text('two')), 'created');
      await assert.rejects(vault.delete('draft'), RetentionRefused);
      assert.deepEqual(await vault.read('draft'), text('two'));
    });
  });
}
