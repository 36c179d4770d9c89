import { posix } from 'node:path';
import { type HclBody, type HclFile, isBody, labelled } from './hcl.ts';
import { writtenResources } from './resources.ts';
import type { ProviderSchema } from './schema.ts';

/** A folder with configuration: a module, or a root that is applied. */
export interface Folder {
  /** `modules/vault`, `environments/production/data` */
  readonly path: string;
  /** The environment that a root belongs to; undefined of modules. */
  readonly environment: string | undefined;
  readonly hasTests: boolean;
  /** Variables without a default, which whoever applies a root has to give. */
  readonly needed: readonly string[];
  /** Whether anything of the provider is in it; a module of mere data needs none. */
  readonly hasResources: boolean;
}

/**
 * Folders in which `terraform` is run. A root is a folder below `environments/<name>/` that no other uses as a module.
 */
export function foldersOf(files: readonly HclFile[], schema: ProviderSchema): Folder[] {
  const configuration = files.filter(({ path }) => path.endsWith('.tf'));
  const used = new Set(configuration.flatMap((file) => [...modulesOf(file)]));
  return [...Map.groupBy(configuration, ({ folder }) => folder)].map(([path, own]) => ({
    path,
    environment: used.has(path) ? undefined : /^environments\/([^/]+)\//.exec(`${path}/`)?.[1],
    hasTests: files.some((file) => file.path.endsWith('.tftest.hcl') && isBelow(file.folder, path)),
    needed: own.flatMap((file) => [...neededVariables(file.body)]),
    hasResources: own.some((file) => writtenResources(file, schema).length > 0 || [...modulesOf(file)].length > 0),
  }));
}

const isBelow = (folder: string, path: string): boolean => folder === path || folder === `${path}/tests`;

function* modulesOf(file: HclFile): Generator<string> {
  for (const { block } of labelled(file.body, 'module', 1)) {
    const source = block['source'];
    if (typeof source === 'string' && source.startsWith('.')) yield posix.normalize(posix.join(file.folder, source));
  }
}

function* neededVariables(body: HclBody): Generator<string> {
  for (const { labels, block } of labelled(body, 'variable', 1)) if (!('default' in block)) yield labels[0]!;
}

/** The stacks of an environment: the keys of `local.stacks` in its `stacks` folder, one per residency region. */
export function residenciesOf(files: readonly HclFile[], environment: string): string[] {
  const own = files.filter(({ folder }) => folder === `environments/${environment}/stacks`);
  for (const { body } of own)
    for (const { block } of labelled(body, 'locals', 0)) {
      const stacks = block['stacks'];
      if (isBody(stacks)) return Object.keys(stacks);
    }
  return [];
}
