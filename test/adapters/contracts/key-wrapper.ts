import assert from 'node:assert/strict';
import type { KeyWrapper } from '../../../shared/ports/key-wrapper.ts';

export interface WrapperSetup {
  readonly open: () => Promise<KeyWrapper>;
  /** Makes another wrapping key the one in force. */
  readonly rotate: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const KEY = Buffer.from('a data key of thirty-two bytes..');

/** What a place for wrapping keys must do, whatever it is. */
export function keyWrapperContract(name: string, prepare: () => Promise<WrapperSetup>): void {
  describe(`a key wrapper: ${name}`, () => {
    let setup: WrapperSetup;
    let wrapper: KeyWrapper;

    beforeEach(async () => {
      setup = await prepare();
      wrapper = await setup.open();
    });
    afterEach(() => setup.dispose());

    it('gives a data key back to whoever names whose it is', async () => {
      const wrapped = await wrapper.wrap(KEY, 'acme 1');
      assert.ok(!Buffer.from(wrapped.bytes).includes(KEY));
      assert.deepEqual(Buffer.from(await wrapper.unwrap(wrapped, 'acme 1')), KEY);
    });

    it('never passes one off as another’s', async () => {
      const wrapped = await wrapper.wrap(KEY, 'acme 1');
      await assert.rejects(wrapper.unwrap(wrapped, 'rival 1'));
    });

    it('wraps differently every time: nobody sees that two keys are one', async () => {
      const [one, two] = [await wrapper.wrap(KEY, 'acme 1'), await wrapper.wrap(KEY, 'acme 1')];
      assert.notDeepEqual(one.bytes, two.bytes);
    });

    it('refuses what was changed by one bit, wherever', async () => {
      const { bytes, by } = await wrapper.wrap(KEY, 'acme 1');
      for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 1]) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1;
        await assert.rejects(wrapper.unwrap({ bytes: changed, by }, 'acme 1'), `byte ${at}`);
      }
    });

    it('refuses a key under a wrapping key that it does not know', async () => {
      const { bytes } = await wrapper.wrap(KEY, 'acme 1');
      await assert.rejects(wrapper.unwrap({ bytes, by: 'somebody-else' }, 'acme 1'));
    });

    it('goes on unwrapping what an older wrapping key wrapped, in another process too', async () => {
      const old = await wrapper.wrap(KEY, 'acme 1');
      await setup.rotate();
      const later = await setup.open();
      assert.deepEqual(Buffer.from(await later.unwrap(old, 'acme 1')), KEY);
      const fresh = await later.wrap(KEY, 'acme 1');
      assert.notEqual(fresh.by, old.by);
      assert.deepEqual(Buffer.from(await wrapper.unwrap(fresh, 'acme 1')), KEY);
    });
  });
}
