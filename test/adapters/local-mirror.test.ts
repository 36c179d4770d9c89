import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { LocalMirror } from '../../shared/adapters/local/mirror.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { mirrorContract } from './contracts/mirror.ts';

mirrorContract('embedded', async () => {
  const folder = await tempFolder();
  const opened: LocalMirror[] = [];
  return {
    open: async () => {
      const mirror = await LocalMirror.open({ folder: folder.path });
      opened.push(mirror);
      return mirror;
    },
    dispose: async () => {
      await Promise.all(opened.map((mirror) => mirror.close()));
      await folder.remove();
    },
  };
});

describe('the embedded mirror', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(() => folder.remove());

  const page = (text: string): Uint8Array => new TextEncoder().encode(text);
  const file = (tenant: string, firstSeq: number): string =>
    join(folder.path, tenant, `${String(firstSeq).padStart(16, '0')}.page`);
  const leftByEarlierVersion = async (tenant: string, firstSeq: number, text: string): Promise<void> => {
    await mkdir(join(folder.path, tenant), { recursive: true });
    await mkdir(join(folder.path, '.incoming'), { recursive: true });
    await writeFile(file(tenant, firstSeq), text, { mode: 0o444 });
  };
  const within = async <T>(work: (mirror: LocalMirror) => Promise<T>): Promise<T> => {
    const mirror = await LocalMirror.open({ folder: folder.path });
    try {
      return await work(mirror);
    } finally {
      await mirror.close();
    }
  };

  it('collects while it rests, and closes with all 200 pages kept that came meanwhile', async () => {
    const clock = new ManualClock(parseInstant('2026-03-01T12:00:00Z', 'test'));
    // A rest that never ends by itself.
    const mirror = await LocalMirror.open({ folder: folder.path, rest: { clock, milliseconds: 25 } });
    assert.equal(await mirror.create('umbrella', 0, page('first')), 'created');
    const offers = Array.from({ length: 200 }, (_, i) => mirror.create('acme', i * 256, page(`page ${i}`)));
    await mirror.close();
    assert.deepEqual(await Promise.all(offers), Array(200).fill('created'));
    assert.equal((await within((again) => again.list('acme'))).length, 200);
    await assert.rejects(mirror.create('acme', 1, page('late')), { name: 'TryAgain' });
  });

  it('takes in the page files of an earlier version, byte for byte, and leaves none of them', async () => {
    await leftByEarlierVersion('acme', 0, 'genesis');
    await leftByEarlierVersion('acme', 256, 'more');
    await leftByEarlierVersion('umbrella', 0, 'another');
    await within(async (mirror) => {
      assert.deepEqual(await mirror.list('acme'), [0, 256]);
      assert.deepEqual(await mirror.read('acme', 256), page('more'));
      assert.deepEqual(await mirror.read('umbrella', 0), page('another'));
      assert.deepEqual(
        (await readdir(folder.path)).filter((name) => !name.startsWith('pages.db')),
        [],
      );
    });
  });

  it('taking them in goes on where a crash broke it off; what is no page stays where it is', async () => {
    await within((mirror) => mirror.create('acme', 0, page('genesis')));
    await leftByEarlierVersion('acme', 0, 'genesis');
    await leftByEarlierVersion('acme', 256, 'more');
    await writeFile(join(folder.path, 'acme/notes.txt'), 'kept');
    assert.deepEqual(await within((mirror) => mirror.list('acme')), [0, 256]);
    assert.deepEqual(await readdir(join(folder.path, 'acme')), ['notes.txt']);
  });

  it('does not open over an earlier file that says otherwise than its own page; the file stays', async () => {
    await within((mirror) => mirror.create('acme', 0, page('genesis')));
    await leftByEarlierVersion('acme', 0, 'another genesis');
    await assert.rejects(LocalMirror.open({ folder: folder.path }), /0000000000000000\.page is not the page/);
    assert.ok(existsSync(file('acme', 0)));
  });
});
