import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFunction, functionNames } from '../../build-functions/build.ts';
import { coldImport, installFunction } from '../../build-functions/measure.ts';
import { shown } from '../figures.ts';
import { inFolder } from '../peers/folder.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Milliseconds that the imports of each built function take in a new process; the median of 5. */
export async function importTimes(): Promise<Record<string, number>> {
  return inFolder(async (folder) => {
    const times: Record<string, number> = {};
    for (const name of await functionNames(ROOT)) {
      const built = await buildFunction(ROOT, name, join(folder, 'functions'));
      await installFunction(built.folder);
      times[name] = await coldImport(built.folder, 5);
    }
    return times;
  });
}

export const importReport = (times: Readonly<Record<string, number>>): string[] => [
  `imports: ${Object.entries(times)
    .map(([name, milliseconds]) => `${name} ${shown(milliseconds)} ms`)
    .join(', ')}`,
];
