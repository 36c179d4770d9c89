import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A copy of what is checked, laid out like the project, so that `init` may leave its traces and `../functions` still leads
 * somewhere.
 */
export interface Workspace {
  readonly folder: string;
  /** The copy of `terraform/`. */
  readonly terraform: string;
  remove(): void;
}

// What configuration reads besides itself: names of functions, rules, indexes, message names.
const READ_TOO: readonly string[] = [
  'functions',
  'shared',
  'firestore.rules',
  'firestore.indexes.json',
  'package.json',
];

/** @param project folder of the project @param terraform folder with the configuration */
export function copyOf(project: string, terraform: string): Workspace {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tallystick-terraform-')));
  for (const name of READ_TOO)
    if (existsSync(join(project, name))) cpSync(join(project, name), join(folder, name), { recursive: true });
  cpSync(terraform, join(folder, 'terraform'), {
    recursive: true,
    filter: (source) => !/(^|\/)(\.terraform|[^/]*\.tfstate[^/]*)$/.test(source),
  });
  // Packages are built by another command. What is planned is that there is one per function, not what is in it.
  mkdirSync(join(folder, 'dist/functions'), { recursive: true });
  for (const name of readdirSync(join(project, 'functions')))
    writeFileSync(join(folder, 'dist/functions', `${name}.zip`), `stand-in for the package of ${name}`);
  return {
    folder,
    terraform: join(folder, 'terraform'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
