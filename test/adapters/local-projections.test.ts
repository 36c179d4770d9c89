import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileProjections } from '../../shared/adapters/local/projections.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { projectionsContract } from './contracts/projections.ts';

projectionsContract('files', async () => {
  const folder = await tempFolder();
  return { open: () => FileProjections.open({ folder: folder.path }), dispose: folder.remove };
});

describe('read models in files', () => {
  it('one file each, named by kind and id; files of another kind are none', async () => {
    const folder = await tempFolder();
    try {
      const projections = await FileProjections.open({ folder: folder.path });
      await projections.put('acme', 'invoices', 'INV-1', { version: 1, document: {} });
      assert.deepEqual(await readdir(join(folder.path, 'acme/invoices')), ['INV-1.json']);
      await writeFile(join(folder.path, 'acme/invoices/notes.txt'), 'x');
      assert.deepEqual(await projections.list('acme', 'invoices'), ['INV-1']);
    } finally {
      await folder.remove();
    }
  });
});
