import type { AnyTable, Cell, Key, Range, Stretch } from '../../../shared/ports/database.ts';

export type Row = Readonly<Record<string, Cell>>;

/** One table at one instant: rows in the order of their keys. Never changed; a commit makes another. */
export interface TableState {
  readonly table: AnyTable;
  readonly keys: readonly string[];
  readonly rows: readonly Row[];
}

/** All tables at one instant. */
export type State = ReadonlyMap<string, TableState>;

export const emptyState = (tables: readonly AnyTable[]): State =>
  new Map(tables.map((table) => [table.name, { table, keys: [], rows: [] }]));

export type Write =
  | { readonly kind: 'insert' | 'upsert'; readonly table: AnyTable; readonly row: Row }
  | { readonly kind: 'update'; readonly table: AnyTable; readonly key: Key; readonly changes: Row }
  | { readonly kind: 'delete'; readonly table: AnyTable; readonly key: Key };

/** A row as a commit has changed it. */
export interface Change {
  readonly table: string;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

/** The engine refuses a write: the transaction is undone. */
export class WriteRefused extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'WriteRefused';
  }
}

const OFFSET = 2 ** 53;

/**
 * A key as text whose order is the order of keys, column by column: text by its bytes in UTF-8, bytes by themselves, numbers by
 * size. No column's text is the beginning of another's, so a prefix of columns is a prefix of text.
 */
export function keyText(key: Key): string {
  let text = '';
  for (const value of key) {
    if (typeof value === 'number') text += numberText(value);
    else {
      const bytes =
        typeof value !== 'string'
          ? Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')
          : isAscii(value)
            ? value
            : Buffer.from(value, 'utf8').toString('latin1');
      text += `${bytes.includes('\0') ? bytes.replaceAll('\0', '\0\xff') : bytes}\0\x01`;
    }
  }
  return text;
}

/** Numbers from 0 to below 2^52, which nearly all are, need no big arithmetic. */
const numberText = (value: number): string =>
  Number.isInteger(value) && value >= 0 && value < OFFSET / 2
    ? `2${value.toString(16).padStart(13, '0')}`
    : (BigInt(value) + BigInt(OFFSET)).toString(16).padStart(14, '0');

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Where a key stands, or would. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function stateOf(state: State, table: AnyTable): TableState {
  const found = state.get(table.name);
  if (found === undefined) throw new Error(`there is no table ${table.name}`);
  return found;
}

export function rowAt({ keys, rows }: TableState, key: string): Row | undefined {
  const at = placeOf(keys, key);
  return keys[at] === key ? rows[at] : undefined;
}

/** Rows of an index in its order, equals by primary key; made when asked for. */
const indexes = new WeakMap<TableState, Map<string, TableState>>();

function indexOf(state: TableState, name: string): TableState {
  let made = indexes.get(state);
  if (made === undefined) {
    made = new Map();
    indexes.set(state, made);
  }
  let index = made.get(name);
  if (index === undefined) {
    const columns = state.table.indexes[name];
    if (columns === undefined) throw new Error(`${state.table.name} has no index ${name}`);
    const order = [...columns, ...state.table.key.filter((column) => !columns.includes(column))];
    const sorted = state.rows
      .map((row) => ({ key: keyText(order.map((column) => row[column] as string | number | Uint8Array)), row }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    index = { table: state.table, keys: sorted.map(({ key }) => key), rows: sorted.map(({ row }) => row) };
    made.set(name, index);
  }
  return index;
}

/** The highest text of all: no key's column begins with it. */
const ABOVE = '\uffff';

export function rowsIn(state: TableState, { index, prefix = [], from, to, limit, reverse }: Range): Row[] {
  const { keys, rows } = index === undefined ? state : indexOf(state, index);
  const before = keyText(prefix);
  const first = placeOf(keys, from === undefined ? before : before + keyText(from));
  const last = placeOf(keys, to === undefined ? before + ABOVE : before + keyText(to));
  const found = rows.slice(first, Math.max(first, last));
  if (reverse === true) found.reverse();
  return limit === undefined ? found : found.slice(0, limit);
}

/** Rows of stretches of the primary key, each once and in the order of its key. */
export function rowsInAll(state: TableState, stretches: readonly Stretch[], limit = Number.POSITIVE_INFINITY): Row[] {
  const places = new Set<number>();
  for (const { prefix = [], from, to } of stretches) {
    const before = keyText(prefix);
    const last = placeOf(state.keys, to === undefined ? before + ABOVE : before + keyText(to));
    for (let at = placeOf(state.keys, from === undefined ? before : before + keyText(from)); at < last; at++)
      places.add(at);
  }
  const inOrder = [...places].sort((a, b) => a - b);
  return inOrder.slice(0, Math.min(limit, inOrder.length)).map((at) => state.rows[at]!);
}

/** Rows are kept as an engine gives them back: bytes are plain copies, and nobody can change what others read. */
function kept(row: Row): Row {
  const copy: Record<string, Cell> = { ...row };
  for (const name in copy) {
    const cell = copy[name];
    if (cell instanceof Uint8Array) copy[name] = new Uint8Array(cell);
  }
  return Object.freeze(copy);
}

/** Makes writes in their order, all or none. @throws WriteRefused */
export function apply(state: State, writes: readonly Write[]): { readonly state: State; readonly changes: Change[] } {
  const touched = new Map<string, { readonly table: AnyTable; keys: string[]; rows: Row[] }>();
  const firsts = new Map<string, { readonly table: string; readonly key: string; readonly before: Row | undefined }>();
  for (const write of writes) {
    const { table } = write;
    let next = touched.get(table.name);
    if (next === undefined) {
      const held = stateOf(state, table);
      next = { table, keys: [...held.keys], rows: [...held.rows] };
      touched.set(table.name, next);
    }
    const key = keyText('key' in write ? write.key : table.key.map((name) => write.row[name] as string | number));
    const at = placeOf(next.keys, key);
    const held = next.keys[at] === key ? next.rows[at] : undefined;
    const name = `${table.name} ${key}`;
    if (!firsts.has(name)) firsts.set(name, { table: table.name, key, before: held });
    if (write.kind === 'delete') {
      if (held === undefined) continue;
      next.keys.splice(at, 1);
      next.rows.splice(at, 1);
      continue;
    }
    if (write.kind === 'insert' && held !== undefined)
      throw new WriteRefused(`a row of ${table.name} is there already`);
    if (write.kind === 'update' && held === undefined) throw new WriteRefused(`no row of ${table.name} to update`);
    const row = kept(write.kind === 'update' ? { ...held, ...write.changes } : write.row);
    if (held === undefined) {
      next.keys.splice(at, 0, key);
      next.rows.splice(at, 0, row);
    } else next.rows[at] = row;
  }
  if (touched.size === 0) return { state, changes: [] };
  const made = new Map(state);
  for (const [name, next] of touched) made.set(name, next);
  const changes: Change[] = [];
  for (const { table, key, before } of firsts.values()) {
    const after = rowAt(made.get(table)!, key);
    if (after !== before) changes.push({ table, before, after });
  }
  return { state: made, changes };
}
