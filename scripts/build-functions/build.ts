import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFunction } from './bundle.ts';
import { deriveManifest } from './manifest.ts';
import { zipOf } from './zip.ts';

/** One deployable as it was built. */
export interface BuiltFunction {
  readonly name: string;
  readonly folder: string;
  readonly packages: readonly string[];
  readonly codeBytes: number;
  readonly zipBytes: number;
  /** hex */
  readonly sha256: string;
}

/** Names of all functions: the folders under `functions/`. */
export const functionNames = async (root: string): Promise<string[]> =>
  (await readdir(join(root, 'functions'), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

/** Builds `<out>/<name>/` and `<out>/<name>.zip`: self-sufficient, and the same bytes whenever the sources are the same. */
export async function buildFunction(root: string, name: string, out: string): Promise<BuiltFunction> {
  const { code, packages } = await bundleFunction(root, name);
  const { packageJson, packageLock, npmrc } = await deriveManifest(root, name, packages);
  const files = {
    '.npmrc': Buffer.from(npmrc),
    'index.js': code,
    'package-lock.json': Buffer.from(packageLock),
    'package.json': Buffer.from(packageJson),
  };
  const folder = join(out, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [file, bytes] of Object.entries(files)) await writeFile(join(folder, file), bytes);
  const zip = zipOf(files);
  await writeFile(`${folder}.zip`, zip);
  const sha256 = createHash('sha256').update(zip).digest('hex');
  return { name, folder, packages, codeBytes: code.length, zipBytes: zip.length, sha256 };
}
