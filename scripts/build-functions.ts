import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { type BuiltFunction, buildFunction, functionNames } from './build-functions/build.ts';
import { coldImport, installFunction } from './build-functions/measure.ts';
import { runErrand } from './support/errand.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const { out, measure } = new Command('build:functions')
  .description('Builds one self-sufficient folder and one zip per function, the same bytes for the same sources.')
  .option('--out <folder>', 'where to', 'dist/functions')
  .option('--measure', 'install each and report how long its imports take in a new process')
  .parse()
  .opts<{ out: string; measure?: true }>();

await runErrand(async () => {
  const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} kB`;
  const clients = ({ packages }: BuiltFunction): string =>
    packages
      .filter((name) => name.startsWith('@google-cloud/') && name !== '@google-cloud/functions-framework')
      .map((name) => name.slice('@google-cloud/'.length))
      .join(', ');
  for (const name of await functionNames(root)) {
    const built = await buildFunction(root, name, resolve(out));
    let line = `${name.padEnd(16)} ${kilobytes(built.codeBytes).padStart(9)} code, zip ${built.sha256.slice(0, 12)}, clients: ${clients(built)}`;
    if (measure === true) {
      await installFunction(built.folder);
      line += `, imports ${Math.round(await coldImport(built.folder, 5))} ms`;
    }
    console.log(line);
  }
});
