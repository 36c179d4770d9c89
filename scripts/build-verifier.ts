import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { build } from 'esbuild';

const { out } = new Command('build:verifier')
  .description('Builds the verifier as one self-contained file that runs with plain Node 22 or newer.')
  .option('--out <file>', 'the file to write', 'dist/verify-bundle.mjs')
  .parse()
  .opts<{ out: string }>();

await build({
  entryPoints: ['scripts/verify.ts'],
  outfile: out,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  // ajv is CommonJS and asks for `require` when it loads; an ES module has to be given one.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  legalComments: 'inline',
  logLevel: 'warning',
});
console.log(`${out}: ${(await readFile(out)).length} bytes`);
