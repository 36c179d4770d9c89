import type { Cell, Columns, Database, Key, Table } from '../../shared/ports/database.ts';
import {
  accounts,
  aggregates,
  api_keys,
  corrections,
  credit_grants,
  credit_notes,
  discount_uses,
  heads,
  invoice_balances,
  invoice_numbers,
  invoices,
  keysets,
  limit_counters,
  line_sums,
  open_periods,
  openings,
  payments,
  prices,
  seal_log,
  seals,
  seen_values,
  signing_keys,
  standing_fees,
  subscription_states,
  tree_nodes,
} from '../../shared/stores/tables.ts';

/** Every table that money rests on, with the columns that a rebuild cannot know and that no amount hangs on. */
const COMPARED: readonly (readonly [table: Table<Columns>, unlike: readonly string[]])[] = [
  [accounts, []],
  // What is for people, and what a day or a rotation leaves behind.
  [api_keys, ['name', 'created_by', 'rotated_at', 'previous_hash', 'previous_until', 'last_used_on']],
  [prices, []],
  [heads, []],
  [tree_nodes, []],
  // Where an aggregate counts no values nobody reads its salt.
  [aggregates, ['value_salt']],
  [seen_values, []],
  [open_periods, []],
  [openings, []],
  [line_sums, []],
  [subscription_states, []],
  [invoices, []],
  [invoice_numbers, []],
  [invoice_balances, []],
  [payments, []],
  [credit_grants, []],
  [credit_notes, []],
  [corrections, []],
  [discount_uses, []],
  [standing_fees, []],
  [limit_counters, []],
  [seal_log, []],
  // When the vault got a seal is known to the second only: its own time stands in for it.
  [seals, ['published_at']],
  [signing_keys, []],
  [keysets, []],
];

const ROWS_PER_READ = 1000;

/** Rows that two databases do not have alike, by table and key; empty where every total is equal. */
export async function differencesBetween(one: Database, other: Database): Promise<string[]> {
  const found: string[] = [];
  for (const [table, unlike] of COMPARED) {
    const [ours, theirs] = [await digestsOf(one, table, unlike), await digestsOf(other, table, unlike)];
    for (const [key, row] of ours) if (theirs.get(key) !== row) found.push(`${table.name} ${key}`);
    for (const key of theirs.keys()) if (!ours.has(key)) found.push(`${table.name} ${key}, missing`);
  }
  return found;
}

/** Rows as text by their keys. */
async function digestsOf(
  database: Database,
  table: Table<Columns>,
  unlike: readonly string[],
): Promise<Map<string, string>> {
  const rows = new Map<string, string>();
  let from: Key | undefined;
  for (;;) {
    const range = { limit: ROWS_PER_READ, ...(from === undefined ? {} : { from }) };
    const read = (await database.snapshot((view) => view.range(table, range))) as readonly Record<string, Cell>[];
    for (const row of read) {
      const key = table.key.map((name) => row[name]!);
      const cells = Object.entries(row).filter(([name]) => !unlike.includes(name));
      rows.set(key.map(textOf).join(' '), JSON.stringify(cells.map(([name, cell]) => [name, textOf(cell)])));
      from = key as Key;
    }
    // Each read begins with the row that the one before ended with.
    if (read.length < ROWS_PER_READ) return rows;
  }
}

const textOf = (cell: Cell): string =>
  cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : JSON.stringify(cell);
