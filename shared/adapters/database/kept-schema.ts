import type { AnyTable } from '../../ports/database.ts';
import { EXPIRY_COLUMN, isNullable, spannerType } from './spanner-schema.ts';

/** A table as the database has it. */
export interface KeptTable {
  /** column name -> type and nullability, e.g. `INT64` or `STRING(MAX) NOT NULL`; generated ones with their expression */
  readonly columns: ReadonlyMap<string, string>;
  readonly key: readonly string[];
  readonly indexes: ReadonlyMap<string, readonly string[]>;
  readonly parent: string | undefined;
  readonly deletionPolicy: string | undefined;
}

/** What a database holds, by table name. */
export type KeptSchema = ReadonlyMap<string, KeptTable>;

/** What the catalogue asks the database to hold. */
export const wantedTable = (table: AnyTable): KeptTable => ({
  columns: new Map([
    ...Object.entries(table.columns).map(
      ([name, type]) => [name, `${spannerType(type)}${isNullable(type) ? '' : ' NOT NULL'}`] as const,
    ),
    ...(table.expires === undefined ? [] : [[EXPIRY_COLUMN, `TIMESTAMP AS (TIMESTAMP(${table.expires}))`] as const]),
  ]),
  key: table.key,
  indexes: new Map(Object.entries(table.indexes)),
  parent: table.parent,
  deletionPolicy: table.expires === undefined ? undefined : `OLDER_THAN(${EXPIRY_COLUMN}, INTERVAL 0 DAY)`,
});

/** An expression as either side may write it: engines quote names as they please. */
export const plainExpression = (expression: string): string => expression.replaceAll('`', '');

/** How a database differs from a catalogue, one sentence each. */
export function differences(kept: KeptSchema, tables: readonly AnyTable[]): string[] {
  const found: string[] = [];
  const say = (what: string, wanted: string | undefined, has: string | undefined): void => {
    if (wanted === has) return;
    if (has === undefined) found.push(`${what} is missing`);
    else if (wanted === undefined) found.push(`${what} is in no catalogue`);
    else found.push(`${what} is ${has}, not ${wanted}`);
  };
  const wanted = new Map(tables.map((table) => [table.name, wantedTable(table)]));
  for (const name of new Set([...wanted.keys(), ...kept.keys()])) {
    const [want, has] = [wanted.get(name), kept.get(name)];
    if (want === undefined || has === undefined) {
      say(`table ${name}`, want && 'there', has && 'there');
      continue;
    }
    for (const column of new Set([...want.columns.keys(), ...has.columns.keys()])) {
      say(`column ${name}.${column}`, want.columns.get(column), has.columns.get(column));
    }
    for (const index of new Set([...want.indexes.keys(), ...has.indexes.keys()])) {
      say(`index ${index} of ${name}`, want.indexes.get(index)?.join(', '), has.indexes.get(index)?.join(', '));
    }
    say(`the key of ${name}`, want.key.join(', '), has.key.join(', '));
    say(`the parent of ${name}`, want.parent, has.parent);
    say(`the deletion policy of ${name}`, want.deletionPolicy, has.deletionPolicy);
  }
  return found;
}
