import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LocalProjections } from '../../shared/adapters/local/projections.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { projectionsContract } from './contracts/projections.ts';

projectionsContract('embedded', async () => {
  const folder = await tempFolder();
  const opened: LocalProjections[] = [];
  return {
    open: async () => {
      const projections = await LocalProjections.open({ folder: folder.path });
      opened.push(projections);
      return projections;
    },
    dispose: async () => {
      await Promise.all(opened.map((one) => one.close()));
      await folder.remove();
    },
  };
});

describe('embedded read models', () => {
  it('take in the files of an earlier version, unless a newer one is there, and leave none of them', async () => {
    const folder = await tempFolder();
    const left = async (path: string, projection: object): Promise<void> => {
      await mkdir(dirname(join(folder.path, path)), { recursive: true });
      await writeFile(join(folder.path, path), JSON.stringify(projection));
    };
    try {
      const newer = await LocalProjections.open({ folder: folder.path });
      await newer.put('acme', 'invoices', 'INV-2', { version: 9, document: { total: '9' } });
      await newer.close();
      await left('acme/invoices/INV-1.json', { version: 1, document: { total: '1' } });
      await left('acme/invoices/INV-2.json', { version: 2, document: { total: '2' } });
      await left('acme/usage_summaries/main~2026-03.json', { version: 3, document: { total: '3' } });
      const projections = await LocalProjections.open({ folder: folder.path });
      assert.deepEqual(await projections.list('acme', 'invoices'), ['INV-1', 'INV-2']);
      assert.equal((await projections.read('acme', 'invoices', 'INV-2'))?.version, 9);
      assert.deepEqual((await projections.read('acme', 'usage_summaries', 'main~2026-03'))?.document, { total: '3' });
      await projections.close();
      assert.deepEqual(await readdir(folder.path), ['models.db']);
    } finally {
      await folder.remove();
    }
  });
});
