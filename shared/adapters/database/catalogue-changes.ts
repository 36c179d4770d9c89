import type { AnyTable } from '../../ports/database.ts';
import type { Catalogue } from './catalogue.ts';
import { quoted } from './spanner-ranges.ts';
import {
  columnDdl,
  createIndexDdl,
  createTableDdl,
  EXPIRY_COLUMN,
  EXPIRY_POLICY,
  expiryColumnDdl,
  isNullable,
  spannerType,
} from './spanner-schema.ts';

/** One statement of a migration, and what it does, so that a runner can tell whether it was done before. */
export interface Step {
  readonly does:
    | 'create-table'
    | 'add-column'
    | 'create-index'
    | 'allow-null'
    | 'add-deletion-policy'
    | 'drop-deletion-policy'
    | 'drop-index'
    | 'drop-column'
    | 'drop-table'
    | 'forbid-null';
  readonly table: string;
  /** column or index */
  readonly name?: string;
  readonly sql: string;
}

/**
 * Expanding steps leave everything working that works with the database as it is; contracting ones need that nothing uses
 * any more what they take away.
 */
export type MigrationKind = 'expand' | 'contract';

const CONTRACTING: readonly Step['does'][] = [
  'drop-deletion-policy',
  'drop-index',
  'drop-column',
  'drop-table',
  'forbid-null',
];

export const kindOf = ({ does }: Step): MigrationKind => (CONTRACTING.includes(does) ? 'contract' : 'expand');

/** A change that no single statement makes while functions of two versions run. The message says which way there is. */
export class ChangeRefused extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'ChangeRefused';
  }
}

/**
 * The statements that lead from one catalogue to the next: first what is made, then what is dropped.
 * @param tables parents before their children
 * @throws ChangeRefused
 */
export function stepsBetween(before: Catalogue, tables: readonly AnyTable[]): Step[] {
  const known = new Map(before.map((table) => [table.name, table]));
  const kept = new Set(tables.map(({ name }) => name));
  const made: Step[] = [];
  const dropped: Step[] = [];
  for (const table of tables) {
    const old = known.get(table.name);
    if (old === undefined) {
      const parent = tables.find(({ name }) => name === table.parent);
      made.push({ does: 'create-table', table: table.name, sql: createTableDdl(table, parent) });
      made.push(...indexSteps(table, []).made);
    } else {
      const steps = tableSteps(old, table);
      made.push(...steps.made);
      dropped.push(...steps.dropped);
    }
  }
  // Children go before their parents.
  const gone = before.filter(({ name }) => !kept.has(name));
  for (const table of gone.sort((a, b) => Number(b.parent !== undefined) - Number(a.parent !== undefined))) {
    for (const index of Object.keys(table.indexes)) dropped.push(dropIndex(table.name, index));
    dropped.push({ does: 'drop-table', table: table.name, sql: `DROP TABLE IF EXISTS ${quoted(table.name)}` });
  }
  return [...made, ...dropped];
}

function tableSteps(old: AnyTable, table: AnyTable): { made: Step[]; dropped: Step[] } {
  const { name } = table;
  if (old.key.join() !== table.key.join()) throw cannot(`the key of ${name}`, 'a table', name);
  if (old.parent !== table.parent) throw cannot(`the parent of ${name}`, 'a table', name);
  const alter = `ALTER TABLE ${quoted(name)}`;
  const indexes = indexSteps(table, Object.entries(old.indexes));
  const made: Step[] = [];
  const dropped: Step[] = [];
  for (const [column, type] of Object.entries(table.columns)) {
    const was = old.columns[column];
    if (was === undefined) {
      if (!isNullable(type)) {
        throw new ChangeRefused(
          `rows of ${name} that are there have no ${column}: add it as ${type}?, write it everywhere, and only then, in a later change, drop the ?`,
        );
      }
      const sql = `${alter} ADD COLUMN IF NOT EXISTS ${columnDdl(column, type)}`;
      made.push({ does: 'add-column', table: name, name: column, sql });
    } else if (spannerType(was) !== spannerType(type)) {
      throw cannot(`the type of ${name}.${column}`, 'a column', column);
    } else if (isNullable(was) !== isNullable(type)) {
      if ([...table.key, ...Object.values(table.indexes).flat()].includes(column)) {
        // FAILED_PRECONDITION, says Spanner.
        throw cannot(`whether ${name}.${column}, which is indexed, may be null`, 'a column', column);
      }
      const sql = `${alter} ALTER COLUMN ${columnDdl(column, type)}`;
      if (isNullable(type)) made.push({ does: 'allow-null', table: name, name: column, sql });
      else dropped.push({ does: 'forbid-null', table: name, name: column, sql });
    }
  }
  dropped.push(...indexes.dropped);
  const expiry = expirySteps(old, table, alter);
  dropped.push(...expiry.dropped);
  for (const column of Object.keys(old.columns)) {
    if (!(column in table.columns)) dropped.push(dropColumn(name, column));
  }
  return { made: [...made, ...expiry.made, ...indexes.made], dropped };
}

function expirySteps(old: AnyTable, table: AnyTable, alter: string): { made: Step[]; dropped: Step[] } {
  const { name, expires } = table;
  if (old.expires === expires) return { made: [], dropped: [] };
  if (expires === undefined) {
    const sql = `${alter} DROP ROW DELETION POLICY`;
    return { made: [], dropped: [{ does: 'drop-deletion-policy', table: name, sql }, dropColumn(name, EXPIRY_COLUMN)] };
  }
  if (old.expires !== undefined) throw cannot(`the column by which rows of ${name} expire`, 'a table', name);
  return {
    made: [
      {
        does: 'add-column',
        table: name,
        name: EXPIRY_COLUMN,
        sql: `${alter} ADD COLUMN IF NOT EXISTS ${expiryColumnDdl(expires)}`,
      },
      { does: 'add-deletion-policy', table: name, sql: `${alter} ADD ${EXPIRY_POLICY}` },
    ],
    dropped: [],
  };
}

function indexSteps(
  table: AnyTable,
  old: readonly (readonly [string, readonly string[]])[],
): { made: Step[]; dropped: Step[] } {
  const known = new Map(old);
  const made: Step[] = [];
  for (const [index, columns] of Object.entries(table.indexes)) {
    const was = known.get(index);
    if (was === undefined) {
      made.push({ does: 'create-index', table: table.name, name: index, sql: createIndexDdl(table, index) });
    } else if (was.join() !== columns.join()) {
      throw cannot(`the columns of index ${index}`, 'an index', index);
    }
  }
  const gone = old.map(([index]) => index).filter((index) => !(index in table.indexes));
  return { made, dropped: gone.map((index) => dropIndex(table.name, index)) };
}

const dropIndex = (table: string, index: string): Step => ({
  does: 'drop-index',
  table,
  name: index,
  sql: `DROP INDEX IF EXISTS ${quoted(index)}`,
});

const dropColumn = (table: string, column: string): Step => ({
  does: 'drop-column',
  table,
  name: column,
  sql: `ALTER TABLE ${quoted(table)} DROP COLUMN ${quoted(column)}`,
});

const cannot = (what: string, kind: string, name: string): ChangeRefused =>
  new ChangeRefused(
    `${what} cannot change: make ${kind} of another name than ${name}, write both, copy what is there, read the new one, and drop the old one in a later change`,
  );
