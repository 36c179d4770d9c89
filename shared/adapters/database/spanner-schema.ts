import type { AnyTable, ColumnType } from '../../ports/database.ts';
import { quoted } from './spanner-ranges.ts';

/** Column that Spanner generates where rows expire: its row deletion policy asks for a TIMESTAMP, rows keep instants as text. */
export const EXPIRY_COLUMN = 'expires_on';

const SPANNER_TYPE: Readonly<Record<ColumnType, string>> = {
  text: 'STRING(MAX)',
  bytes: 'BYTES(MAX)',
  int: 'INT64',
};

export const spannerType = (type: string): string => SPANNER_TYPE[type.replace('?', '') as ColumnType];
export const isNullable = (type: string): boolean => type.endsWith('?');

const names = (columns: readonly string[]): string => columns.map(quoted).join(', ');

/** A column as DDL writes it, e.g. `seal` INT64 or `digest` STRING(MAX) NOT NULL. */
export const columnDdl = (name: string, type: string): string =>
  `${quoted(name)} ${spannerType(type)}${isNullable(type) ? '' : ' NOT NULL'}`;

export const expiryColumnDdl = (from: string): string =>
  `${quoted(EXPIRY_COLUMN)} TIMESTAMP AS (TIMESTAMP(${quoted(from)})) STORED`;

export const EXPIRY_POLICY = `ROW DELETION POLICY (OLDER_THAN(${quoted(EXPIRY_COLUMN)}, INTERVAL 0 DAY))`;

/**
 * @param parent the table it is interleaved in, where it is
 * @throws Error where Spanner would refuse the table, or take it for another
 */
export function createTableDdl(table: AnyTable, parent?: AnyTable): string {
  if (EXPIRY_COLUMN in table.columns)
    throw new Error(`${table.name}.${EXPIRY_COLUMN} is the name of a generated column`);
  const columns = Object.entries(table.columns).map(([name, type]) => columnDdl(name, type));
  if (table.expires !== undefined) columns.push(expiryColumnDdl(table.expires));
  const clauses = [`PRIMARY KEY (${names(table.key)})`];
  if (table.parent !== undefined) {
    requireParent(table, parent);
    // Nothing that is kept here goes because something else goes.
    clauses.push(`INTERLEAVE IN PARENT ${quoted(table.parent)} ON DELETE NO ACTION`);
  }
  if (table.expires !== undefined) clauses.push(EXPIRY_POLICY);
  return `CREATE TABLE IF NOT EXISTS ${quoted(table.name)} (${columns.join(', ')}) ${clauses.join(', ')}`;
}

function requireParent(table: AnyTable, parent: AnyTable | undefined): void {
  if (parent?.name !== table.parent) throw new Error(`${table.name} comes before its parent ${table.parent}`);
  if (parent!.key.some((name, i) => table.key[i] !== name)) {
    throw new Error(`the key of ${table.name} does not begin with the key of ${parent!.name}`);
  }
  if (parent!.expires !== undefined) throw new Error(`rows of ${parent!.name} expire, so it cannot be a parent`);
}

export const createIndexDdl = (table: AnyTable, index: string): string =>
  `CREATE INDEX IF NOT EXISTS ${quoted(index)} ON ${quoted(table.name)} (${names(table.indexes[index]!)})`;

/** Every statement for tables that are not there yet; parents come before their children. */
export function schemaDdl(tables: readonly AnyTable[]): string[] {
  return tables.flatMap((table) => [
    createTableDdl(
      table,
      tables.slice(0, tables.indexOf(table)).find(({ name }) => name === table.parent),
    ),
    ...Object.keys(table.indexes).map((index) => createIndexDdl(table, index)),
  ]);
}
