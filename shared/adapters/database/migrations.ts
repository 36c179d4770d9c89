import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson, type Json } from '../../domain/canonical.ts';
import { sha256Base64url } from '../../domain/digest.ts';
import type { AnyTable } from '../../ports/database.ts';
import { type Catalogue, catalogueDigest, catalogueOf } from './catalogue.ts';
import { ChangeRefused, kindOf, type MigrationKind, type Step, stepsBetween } from './catalogue-changes.ts';

/** A file of the folder `migrations`, named `NNNN-<name>.json`. Once it was applied anywhere it never changes. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly kind: MigrationKind;
  readonly steps: readonly Step[];
  /** What the database holds afterwards, and its digest. */
  readonly catalogue: Catalogue;
  readonly catalogue_digest: string;
}

/** Migrations that cannot be read, made or applied as they are; somebody has to look. */
export class MigrationRefused extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'MigrationRefused';
  }
}

export const MIGRATIONS_FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'migrations');

/** What a database remembers of a migration that was applied to it. */
export const migrationDigest = (migration: Migration): string =>
  sha256Base64url(canonicalJson(migration as unknown as Json));

export const fileName = ({ number, name }: Pick<Migration, 'number' | 'name'>): string =>
  `${String(number).padStart(4, '0')}-${name}.json`;

/** Every migration, in order. @throws MigrationRefused where one is missing, misnamed, or not what it says of itself */
export function readMigrations(folder = MIGRATIONS_FOLDER): Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort();
  return files.map((file, at) => {
    const migration = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Migration;
    const complain = (what: string): never => {
      throw new MigrationRefused(`${file}: ${what}`);
    };
    if (migration.number !== at + 1) complain(`migrations are numbered from 1 without gaps, so this one is ${at + 1}`);
    if (file !== fileName(migration)) complain(`its name would be ${fileName(migration)}`);
    if (migration.catalogue_digest !== catalogueDigest(migration.catalogue)) complain('its catalogue was changed');
    if (migration.kind === 'expand' && migration.steps.some((step) => kindOf(step) === 'contract')) {
      complain('it takes something away, which only a migration marked "contract" may');
    }
    return migration;
  });
}

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/**
 * The next migration, from what the last one left to the catalogue as it is now; undefined where nothing changed.
 * @param tables parents before their children
 * @throws MigrationRefused, ChangeRefused with the way to go instead
 */
export function nextMigration(
  migrations: readonly Migration[],
  tables: readonly AnyTable[],
  { name, contract }: { readonly name: string; readonly contract: boolean },
): Migration | undefined {
  if (!NAME.test(name)) throw new MigrationRefused('a migration is named in small letters, digits and single hyphens');
  const steps = stepsBetween(migrations.at(-1)?.catalogue ?? [], tables);
  if (steps.length === 0) return undefined;
  const taking = steps.filter((step) => kindOf(step) === 'contract');
  const said = taking.map(({ sql }) => `  ${sql}`).join('\n');
  if (taking.length > 0 && taking.length < steps.length) {
    throw new ChangeRefused(
      `the change gives and takes at once. Make it two: leave in the catalogue what is to go, generate and deploy what is new, and when no function uses the old any more, take it out and generate again. Taken away would be:\n${said}`,
    );
  }
  if (taking.length > 0 && !contract) {
    throw new ChangeRefused(
      `the change takes something away, while functions that use it may still run or be rolled back to. First deploy functions that do without, on every region; then generate again with --contract. Taken away would be:\n${said}`,
    );
  }
  if (contract && taking.length === 0) throw new MigrationRefused('nothing is taken away, so this is no contract');
  return {
    number: migrations.length + 1,
    name,
    kind: contract ? 'contract' : 'expand',
    steps,
    catalogue: catalogueOf(tables),
    catalogue_digest: catalogueDigest(tables),
  };
}

/** Writes a migration's file. @returns its path @throws where the file is there already */
export function writeMigration(migration: Migration, folder = MIGRATIONS_FOLDER): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, fileName(migration));
  writeFileSync(file, `${legible(migration as unknown as Json)}\n`, { flag: 'wx' });
  return file;
}

const LINE = 120;

/** JSON as the project's formatter leaves it: lists of texts on one line where they fit. */
function legible(value: Json, indent = '', before = 0): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const flat = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    const plain = value.every((item) => typeof item !== 'object');
    if (plain && before + flat.length < LINE) return flat;
    return `[\n${value.map((item) => inner + legible(item, inner, inner.length)).join(',\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => {
    const start = `${inner}${JSON.stringify(name)}: `;
    return start + legible(member, inner, start.length);
  });
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}
