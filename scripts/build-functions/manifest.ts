import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Manifest {
  readonly packageJson: string;
  readonly packageLock: string;
  /** the root's npm settings: the lock was resolved under them */
  readonly npmrc: string;
}

interface RootManifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * A function's own package.json and lock: the root's, cut down to what the function imports. `npm ci` in the cloud then installs
 * what was tested here and nothing else.
 *
 * No scripts: the buildpack runs a `build` script by itself. `main`, not `exports`: the buildpack reads only that one.
 * @throws Error where the function imports a package that is not a dependency of the root
 */
export async function deriveManifest(root: string, name: string, packages: readonly string[]): Promise<Manifest> {
  const { version, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as RootManifest;
  const own: Record<string, string> = {};
  for (const wanted of packages) {
    const exact = dependencies[wanted];
    if (exact === undefined) throw new Error(`functions/${name} imports ${wanted}, which is not a dependency`);
    own[wanted] = exact;
  }
  const manifest = {
    name: `tallystick-${name}`,
    version,
    private: true,
    type: 'module',
    main: 'index.js',
    engines: { node: '24.x' },
    dependencies: own,
  };
  const packageJson = `${JSON.stringify(manifest, null, 2)}\n`;
  return {
    packageJson,
    packageLock: await pruneLock(root, packageJson),
    npmrc: await readFile(join(root, '.npmrc'), 'utf8'),
  };
}

/** npm itself prunes the root's lock to a smaller manifest; the registry is not asked. */
async function pruneLock(root: string, packageJson: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-lock-'));
  try {
    await writeFile(join(folder, 'package.json'), packageJson);
    for (const file of ['package-lock.json', '.npmrc']) await copyFile(join(root, file), join(folder, file));
    const flags = ['--package-lock-only', '--offline', '--ignore-scripts', '--no-audit'];
    await run('npm', ['install', ...flags], { cwd: folder });
    return await readFile(join(folder, 'package-lock.json'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
