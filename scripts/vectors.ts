import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { makeBad, readRecipes } from './vectors/bad-bundle.ts';
import { makeGolden } from './vectors/golden.ts';
import { VECTORS } from './vectors/keys.ts';
import { pinnedOf } from './vectors/recipe.ts';

const options = new Command('vectors')
  .description(
    'Makes the golden bundles again and compares them with the committed ones; makes the bad ones of the recipes.',
  )
  .option('--regenerate', 'overwrite the committed golden bundles with what the code makes now')
  .option('--out <folder>', 'where to write every bad bundle, with the good ones, the pinned files and an index')
  .parse()
  .opts<{ regenerate?: true; out?: string }>();

/** @returns the names of golden files that are not what the code makes */
async function goldenDifferences(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-vectors-'));
  const different: string[] = [];
  try {
    for (const [name, bytes] of await makeGolden(folder)) {
      if (options.regenerate === true) await writeFile(VECTORS + name, bytes);
      else if (!bytes.equals(await readFile(VECTORS + name))) different.push(name);
      console.log(`${name.padEnd(24)}${String(bytes.length).padStart(8)} bytes`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return different;
}

async function writeBad(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of ['good-1', 'good-2', 'good-other', 'pinned-1', 'pinned-2', 'pinned-other']) {
    const file = `${name}.${name.startsWith('pinned') ? 'json' : 'tar'}`;
    await writeFile(join(folder, file), await readFile(VECTORS + file));
  }
  const recipes = readRecipes();
  for (const recipe of recipes) await writeFile(join(folder, `${recipe.name}.tar`), makeBad(recipe));
  const index = recipes.map((recipe) => ({
    bundle: `${recipe.name}.tar`,
    pinned: `${pinnedOf(recipe)}.json`,
    about: recipe.about,
    expect: recipe.expect,
  }));
  await writeFile(join(folder, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
  console.log(`${recipes.length} bundles made by recipes in ${folder}`);
}

const different = await goldenDifferences();
for (const name of different) console.error(`${name} is not what the code makes; --regenerate if that is meant`);
if (options.out !== undefined) await writeBad(options.out);
process.exitCode = different.length === 0 ? 0 : 1;
