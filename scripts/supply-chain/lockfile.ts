import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A package as the lockfile names it (npm, "package-lock.json", lockfileVersion 3). */
export interface Locked {
  /** where it is installed, as `node_modules/a/node_modules/b` */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** Subresource Integrity of its tarball */
  readonly integrity: string | undefined;
  /** where its tarball came from; left out where that is the registry's usual place */
  readonly resolved: string | undefined;
  readonly licence: string | undefined;
  /** only development needs it */
  readonly isDev: boolean;
  /** another machine may need it, and this one need not have it */
  readonly isOptional: boolean;
  readonly hasInstallScript: boolean;
}

interface LockedJson {
  readonly name?: string;
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}

/** Every package of the lockfile but the project itself, by path. */
export function lockedPackages(root = ROOT): Locked[] {
  const { lockfileVersion, packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly lockfileVersion: number;
    readonly packages: Readonly<Record<string, LockedJson>>;
  };
  if (lockfileVersion !== 3) throw new Error(`a lockfile of version ${lockfileVersion} is read by other rules`);
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({
      path,
      name: entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: entry.version,
      integrity: entry.integrity,
      resolved: entry.resolved,
      licence: entry.license,
      isDev: entry.dev === true || entry.devOptional === true,
      isOptional: entry.optional === true || entry.devOptional === true,
      hasInstallScript: entry.hasInstallScript === true,
    }));
}

export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
}

/** What an installed package says of itself; undefined where it is not installed here. */
export function installedManifest({ path }: Pick<Locked, 'path'>, root = ROOT): Manifest | undefined {
  const file = join(root, path, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Manifest) : undefined;
}
