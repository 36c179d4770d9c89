import { posix } from 'node:path';
import type { HclFile } from './hcl.ts';
import { lineOf } from './hcl-lines.ts';
import type { Resource } from './resources.ts';
import { type WrittenResource, writtenResources } from './resources.ts';
import type { ProviderSchema } from './schema.ts';
import { isList, isRecord, UNKNOWN, type Value, type Values } from './wire-values.ts';

/** What `terraform show -json` says of a plan, as far as it is read here. */
export interface PlanJson {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly module_address?: string;
    readonly mode: 'managed' | 'data';
    readonly type: string;
    readonly name: string;
    readonly change: { readonly after: Values | null; readonly after_unknown: Values };
  }[];
}
/** `.terraform/modules/modules.json`: where each module's files are. */
export interface ModulesJson {
  readonly Modules: readonly { readonly Key: string; readonly Dir: string }[];
}

/** Finds what is written down about a planned resource. */
export class Written {
  readonly #byPlace = new Map<string, { readonly file: HclFile; readonly resource: WrittenResource }>();

  constructor(files: readonly HclFile[], schema: ProviderSchema) {
    for (const file of files)
      for (const resource of writtenResources(file, schema))
        this.#byPlace.set(`${file.folder} ${resource.type}.${resource.name}`, { file, resource });
  }

  at(folder: string, type: string, name: string) {
    return this.#byPlace.get(`${folder} ${type}.${name}`);
  }
}

/** All resources of a plan, evaluated. @param root folder that was planned, `environments/production/data` */
export function plannedResources(plan: PlanJson, modules: ModulesJson, root: string, written: Written): Resource[] {
  const folders = new Map(modules.Modules.map(({ Key, Dir }) => [Key, posix.normalize(posix.join(root, Dir))]));
  return (plan.resource_changes ?? [])
    .filter(({ mode, change }) => mode === 'managed' && change.after !== null)
    .map(({ address, module_address = '', type, name, change }) => {
      const folder = folders.get(keyOf(module_address)) ?? root;
      const found = written.at(folder, type, name);
      return {
        kind: 'resource' as const,
        type,
        name,
        address,
        values: withUnknown(change.after!, change.after_unknown) as Values,
        lifecycle: found?.resource.lifecycle ?? {},
        file: found?.file.path ?? folder,
        line: (path = '', occurrence = 0) =>
          found === undefined
            ? 1
            : lineOf(found.file.lines, ['resource', type, name], path === '' ? [] : path.split('.'), occurrence),
      };
    });
}

/** `module.stack["eu"].module.vault` is under the key `stack.vault`. */
const keyOf = (address: string): string =>
  [...address.matchAll(/module\.([\w-]+)(?:\[(?:"(?:\\.|[^"\\])*"|[0-9]+)\])?/g)].map(([, name]) => name).join('.');

function withUnknown(value: Value, unknown: Value | undefined): Value {
  if (unknown === true) return UNKNOWN;
  if (isList(value)) return value.map((item, at) => withUnknown(item, isList(unknown) ? unknown[at] : undefined));
  if (!isRecord(value)) return value;
  const holes = isRecord(unknown) ? unknown : {};
  const names = new Set([...Object.keys(value), ...Object.keys(holes).filter((name) => holes[name] === true)]);
  return Object.fromEntries([...names].map((name) => [name, withUnknown(value[name] ?? null, holes[name])]));
}
