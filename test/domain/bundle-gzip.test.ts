import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { goodBundle } from '../../scripts/vectors/bad-bundle.ts';
import { verifyCommand } from '../../scripts/verify/cli.ts';
import { plainBundle } from '../../shared/domain/evidence/gzip.ts';
import { BundleUnreadable } from '../../shared/domain/evidence/tar.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

describe('a bundle that is still compressed', () => {
  let folder: TempFolder;
  before(async () => {
    folder = await tempFolder();
  });
  after(() => folder.remove());

  const bundle = goodBundle('good-1');
  const verified = async (bytes: Buffer): Promise<{ status: number; said: string[] }> => {
    const said: string[] = [];
    const file = join(folder.path, 'bundle');
    writeFileSync(file, bytes);
    const io = { out: (line: string) => void said.push(line), err: (line: string) => void said.push(line) };
    return { status: await verifyCommand([file, '--pinned', 'test/vectors/pinned-1.json'], io), said };
  };

  it('is verified as it would be unpacked', async () => {
    const packed = gzipSync(bundle);
    assert.ok(packed.length * 3 < bundle.length);
    assert.deepEqual(await verified(packed), await verified(bundle));
    assert.equal((await verified(packed)).status, 0);
  });

  it('is unreadable where the gzip is damaged or cut off', async () => {
    const packed = gzipSync(bundle);
    const flipped = Buffer.from(packed);
    flipped[packed.length >> 1]! ^= 1;
    for (const bad of [flipped, packed.subarray(0, -9), Buffer.from([0x1f, 0x8b])]) {
      assert.deepEqual(await verified(bad), {
        status: 2,
        said: ['unreadable: the gzip around the bundle is damaged'],
      });
    }
  });

  it('is what comes out, once: gzip within gzip is no bundle', async () => {
    assert.equal((await verified(gzipSync(gzipSync(bundle)))).status, 2);
  });

  it('is unreadable where something lies behind it, though zlib would pass over zeros', async () => {
    for (const [behind, why] of [
      ['\0', 'something lies behind the gzip around the bundle'],
      ['\0\0\0more', 'something lies behind the gzip around the bundle'],
      ['more', 'the gzip around the bundle is damaged'],
    ]) {
      const file = Buffer.concat([gzipSync(bundle), Buffer.from(behind!)]);
      assert.deepEqual(await verified(file), { status: 2, said: [`unreadable: ${why}`] });
    }
  });

  it('is not unpacked to more than a hundred times its size: 64 KB that would be 64 MB', () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    assert.ok(bomb.length < 70_000);
    assert.throws(() => plainBundle(bomb), /a bundle is at most \d+ bytes here/);
  });

  it('a plain bundle is left as it is', () => {
    assert.equal(plainBundle(bundle), bundle);
    assert.throws(() => plainBundle(Buffer.from([0x1f, 0x8b, 8])), BundleUnreadable);
  });
});
