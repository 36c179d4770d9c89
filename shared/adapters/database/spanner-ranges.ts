import type { AnyTable, ColumnType, Range, Stretch } from '../../ports/database.ts';
import { columnNames, columnType, encodeKey } from './spanner-rows.ts';

/** A stretch of the primary key, for the read API: no SQL, no plan. */
export interface KeyRange {
  readonly startClosed: string[];
  readonly endClosed?: string[];
  readonly endOpen?: string[];
}

/**
 * A forward stretch of the primary key. Bounds may be shorter than a key: a closed one takes every row that begins with it,
 * an open end none of them (google.spanner.v1.KeyRange).
 */
export function keyRange(table: AnyTable, { prefix = [], from = [], to }: Stretch): KeyRange {
  const startClosed = encodeKey(table, table.key, [...prefix, ...from]);
  if (to === undefined) return { startClosed, endClosed: encodeKey(table, table.key, prefix) };
  return { startClosed, endOpen: encodeKey(table, table.key, [...prefix, ...to]) };
}

export interface RangeQuery {
  readonly sql: string;
  readonly params: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, 'string' | 'bytes' | 'int64'>>;
}

const PARAM_TYPE: Readonly<Record<ColumnType, 'string' | 'bytes' | 'int64'>> = {
  text: 'string',
  bytes: 'bytes',
  int: 'int64',
};

/**
 * A range by index, or backwards. The index is forced: left to itself the optimizer may scan the table while its statistics
 * are young. Texts depend on the range's shape alone, so that their plans are kept.
 */
export function rangeQuery(table: AnyTable, range: Range): RangeQuery {
  const names = range.index === undefined ? table.key : table.indexes[range.index];
  if (names === undefined) throw new Error(`${table.name} has no index ${range.index}`);
  const params: Record<string, string> = {};
  const types: Record<string, 'string' | 'bytes' | 'int64'> = {};
  const bind = (value: string, type: 'string' | 'bytes' | 'int64'): string => {
    const name = `p${Object.keys(params).length}`;
    params[name] = value;
    types[name] = type;
    return `@${name}`;
  };
  const { prefix = [], from = [], to = [] } = range;
  const column = (at: number): string => quoted(names[at]!);
  const bound = (values: typeof prefix): string[] =>
    encodeKey(table, names.slice(prefix.length), values).map((value, i) =>
      bind(value, PARAM_TYPE[columnType(table, names[prefix.length + i]!)]),
    );
  const conditions = encodeKey(table, names, prefix).map(
    (value, i) => `${column(i)} = ${bind(value, PARAM_TYPE[columnType(table, names[i]!)])}`,
  );
  if (from.length > 0) conditions.push(compared(bound(from), (i) => column(prefix.length + i), '>', '>='));
  if (to.length > 0) conditions.push(compared(bound(to), (i) => column(prefix.length + i), '<', '<'));
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  // Index order ends with the primary key, so that the order is total on every engine.
  const order = [...names, ...table.key.filter((name) => !names.includes(name))];
  const direction = range.reverse === true ? ' DESC' : '';
  const limit = range.limit === undefined ? '' : ` LIMIT ${bind(String(range.limit), 'int64')}`;
  const columns = columnNames(table).map(quoted).join(', ');
  const forced = range.index === undefined ? '_BASE_TABLE' : quoted(range.index);
  return {
    sql: `SELECT ${columns} FROM ${quoted(table.name)}@{FORCE_INDEX=${forced}}${where} ORDER BY ${order
      .map((name) => quoted(name) + direction)
      .join(', ')}${limit}`,
    params,
    types,
  };
}

/**
 * Compares several columns as keys do; GoogleSQL orders no tuples. The first column is bounded outright, because only that
 * makes the scan start there: (a, b) >= (x, y) is a >= x AND (a > x OR b >= y).
 */
function compared(marks: readonly string[], column: (at: number) => string, strict: '>' | '<', last: string): string {
  const from = (at: number): string => {
    if (at === marks.length - 1) return `${column(at)} ${last} ${marks[at]}`;
    return `(${column(at)} ${strict}= ${marks[at]} AND (${column(at)} ${strict} ${marks[at]} OR ${from(at + 1)}))`;
  };
  return from(0);
}

/** Names as GoogleSQL takes them: `at` and `hash` are words of its own. */
export const quoted = (name: string): string => `\`${name}\``;
