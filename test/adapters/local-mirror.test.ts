import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileMirror } from '../../shared/adapters/local/mirror.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { mirrorContract } from './contracts/mirror.ts';

mirrorContract('files', async () => {
  const folder = await tempFolder();
  return { open: () => FileMirror.open({ folder: folder.path }), dispose: folder.remove };
});

describe('a mirror of files', () => {
  it('a page is named by its first sequence number in 16 digits; other files in the folder are no pages', async () => {
    const folder = await tempFolder();
    try {
      const mirror = await FileMirror.open({ folder: folder.path });
      await mirror.create('acme', 256, new Uint8Array([1]));
      assert.deepEqual(await readdir(join(folder.path, 'acme')), ['0000000000000256.page']);
      for (const stray of ['notes.txt', '12.page', '0000000000000300.page.bak'])
        await writeFile(join(folder.path, 'acme', stray), 'x');
      assert.deepEqual(await mirror.list('acme'), [256]);
    } finally {
      await folder.remove();
    }
  });
});
