import type { AnyTable, Cell, ColumnType, Key } from '../../ports/database.ts';
import { mutationsOf, type Write } from './mutations.ts';

/** How values travel to Spanner, where INT64 and BYTES are both strings: decimal digits and base64. */
export type Encoded = string | null;

/** Column names of the catalogue, and no others: generated columns are not rows' business. */
export const columnNames = (table: AnyTable): string[] => Object.keys(table.columns);

export const columnType = (table: AnyTable, name: string): ColumnType => {
  const type = table.columns[name];
  if (type === undefined) throw new Error(`${table.name} has no column ${name}`);
  return type.replace('?', '') as ColumnType;
};

/**
 * One value on its way to a column. Checked here, because Spanner would learn of it at the commit only, and of half a
 * character never: the encoder puts another in its place.
 * @throws Error where the column cannot hold it
 */
export function encodeCell(table: AnyTable, name: string, value: Cell | undefined): Encoded {
  const type = columnType(table, name);
  if (value === null && table.columns[name]!.endsWith('?')) return null;
  if (type === 'text' && typeof value === 'string' && value.isWellFormed()) return value;
  if (type === 'int' && Number.isSafeInteger(value)) return String(value);
  if (type === 'bytes' && value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  }
  throw new Error(`${table.name}.${name} is ${table.columns[name]}, which cannot hold ${described(value)}`);
}

/** Never the value itself: it may be somebody's secret, and errors end up in logs. */
const described = (value: Cell | undefined): string =>
  value === null ? 'null' : typeof value === 'object' ? 'bytes' : `this ${typeof value}`;

/** The values of the leading columns `names`; as many as there are in `key`. */
export const encodeKey = (table: AnyTable, names: readonly string[], key: Key): string[] =>
  key.map((value, i) => {
    const name = names[i];
    if (name === undefined) throw new Error(`there is no column for part ${i + 1} of a key of ${table.name}`);
    return encodeCell(table, name, value)!;
  });

/** A whole primary key. @throws Error where parts are missing */
export function encodePrimaryKey(table: AnyTable, key: Key): string[] {
  if (key.length !== table.key.length) throw new Error(`a key of ${table.name} is (${table.key.join(', ')})`);
  return encodeKey(table, table.key, key);
}

/** Neighbouring changes of one kind to one table, as one mutation: the names of table and columns travel once. */
export interface Mutation {
  readonly kind: Write['kind'];
  readonly table: string;
  readonly columns: readonly string[];
  /** One list of values per row, in the order of `columns`. */
  readonly rows: Encoded[][];
}

/** Changes on their way to a commit. Neighbours are packed together, but none is moved past another: they take effect in order. */
export class MutationBuffer {
  readonly mutations: Mutation[] = [];
  /** Tables written to, and what Spanner will count for them. */
  readonly tables = new Set<string>();
  count = 0;

  /** Takes the values as they are now. @throws Error where a column cannot hold one */
  add(table: AnyTable, write: Write): void {
    const { columns, values } = encodeWrite(table, write);
    this.count += mutationsOf(table, write);
    this.tables.add(table.name);
    const last = this.mutations.at(-1);
    if (last?.kind === write.kind && last.table === table.name && last.columns.join() === columns.join()) {
      last.rows.push(values);
    } else {
      this.mutations.push({ kind: write.kind, table: table.name, columns, rows: [values] });
    }
  }
}

function encodeWrite(table: AnyTable, write: Write): { columns: readonly string[]; values: Encoded[] } {
  if (write.kind === 'delete') return { columns: table.key, values: encodePrimaryKey(table, write.key) };
  if (write.kind === 'update') {
    const names = Object.keys(write.changes);
    const values = names.map((name) => encodeCell(table, name, write.changes[name]));
    return { columns: [...table.key, ...names], values: [...encodePrimaryKey(table, write.key), ...values] };
  }
  const columns = columnNames(table);
  return { columns, values: columns.map((name) => encodeCell(table, name, write.row[name])) };
}
