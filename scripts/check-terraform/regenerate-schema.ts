import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBindings } from './read-bindings.ts';
import { SCHEMA_FILE, type TypeKind, type TypeSchema } from './schema.ts';
import { KEPT } from './schema-types.ts';

/** Generated bindings of the provider, MPL-2.0: the only package whose contents tell the schema without the provider. */
export const BINDINGS = {
  package: '@cdktf/provider-google@16.12.1',
  // What the registry published; a tarball with other bytes is not read.
  integrity: 'sha512-KqNA/5RiFT07r0PSZ6/07cJ2zESUgbj1JchVj21iBFBZVUbD+578xA/k8eq/r0cbyEgLmg9eYWeVslaYah4DCQ==',
} as const;

/** A type by its name and its kind, as `terraform/` uses it. */
export interface UsedType {
  readonly kind: TypeKind;
  readonly type: string;
}

/**
 * Downloads the bindings, reads the schema out of them and writes the schema file. Needs npm's registry and `tar`.
 * @param used types that are kept in any case
 * @returns how many types were written
 * @throws Error where the tarball is not the pinned one, or a used type is not in it
 */
export function regenerateSchema(used: readonly UsedType[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-bindings-'));
  try {
    execFileSync('npm', ['pack', BINDINGS.package, '--silent', '--pack-destination', folder], { stdio: 'pipe' });
    const [tarball] = readdirSync(folder);
    if (tarball === undefined) throw new Error(`npm packed nothing for ${BINDINGS.package}`);
    const found = `sha512-${createHash('sha512')
      .update(readFileSync(join(folder, tarball)))
      .digest('base64')}`;
    if (found !== BINDINGS.integrity) throw new Error(`${BINDINGS.package} has integrity ${found}`);
    execFileSync('tar', ['-xzf', join(folder, tarball), '-C', folder, 'package/lib']);
    const types = keptTypes(join(folder, 'package/lib'), used);
    writeFileSync(SCHEMA_FILE, schemaText(types));
    return types.length;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function keptTypes(lib: string, used: readonly UsedType[]): TypeSchema[] {
  const isUsed = new Set(used.map(({ kind, type }) => `${kind} ${type}`));
  const types: TypeSchema[] = [];
  for (const folder of readdirSync(lib)) {
    const file = join(lib, folder, 'index.js');
    if (!existsSync(file)) continue;
    const code = readFileSync(file, 'utf8');
    const type = /tfResourceType = "(\w+)"/.exec(code)?.[1];
    if (type === undefined) continue;
    const kind = folder === 'provider' ? 'provider' : folder.startsWith('data-google') ? 'data' : 'resource';
    const isKept = kind === 'provider' || isUsed.has(`${kind} ${type}`) || KEPT.some((pattern) => pattern.test(type));
    if (!isKept) continue;
    types.push(readBindings(sourceOf(code)));
    isUsed.delete(`${kind} ${type}`);
  }
  if (isUsed.size > 0) throw new Error(`${BINDINGS.package} does not know ${[...isUsed].join(', ')}`);
  return types;
}

/** The compiled file carries its TypeScript, comments included, in its source map. */
function sourceOf(code: string): string {
  const at = code.lastIndexOf('//# sourceMappingURL=data:');
  const base64 = /base64,(\S+)/.exec(code.slice(at))?.[1];
  if (at < 0 || base64 === undefined) throw new Error('the bindings carry no source map');
  const map = JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as { readonly sourcesContent: string[] };
  return map.sourcesContent[0]!;
}

const ORDER: readonly TypeKind[] = ['provider', 'resource', 'data'];

/** The same types always give the same bytes: one line per type, the provider first, resources and then data by name. */
export const schemaText = (types: readonly TypeSchema[]): string =>
  [...types]
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.type < b.type ? -1 : 1))
    .map((type) => `${JSON.stringify(type)}\n`)
    .join('');
