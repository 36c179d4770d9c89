import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

/** A function's own code as one file, and the packages that it still imports. */
export interface Bundle {
  readonly code: Uint8Array;
  /** names of npm packages, ascending */
  readonly packages: readonly string[];
}

const BUILT_IN = new Set(builtinModules);

/**
 * Joins a function with the shared rooms it uses. Packages stay outside: Google's clients find their protos by path at run
 * time and break when bundled, and a bundled framework would be a second one with an empty registry of functions.
 */
export async function bundleFunction(root: string, name: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join('functions', name, 'index.ts')],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    write: false,
    outfile: 'index.js',
  });
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const packages = new Set(imported.filter((path) => !isBuiltIn(path)).map(packageOf));
  return { code: outputFiles[0]!.contents, packages: [...packages].sort() };
}

const isBuiltIn = (path: string): boolean => path.startsWith('node:') || BUILT_IN.has(path);

/** `@google-cloud/functions-framework/testing` -> `@google-cloud/functions-framework`. */
const packageOf = (path: string): string =>
  path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');
