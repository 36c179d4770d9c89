import { BATCH_EVENTS, keysIn, recordsIn } from '../events.ts';
import { textArray } from './binary-array.ts';

/** How a batch of rows is handed to PostgreSQL. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: (tenant: string, body: Buffer) => unknown[];
}

const texts = (body: Buffer): string[] => recordsIn(body, BATCH_EVENTS).map((record) => record.toString('latin1'));
const UNNEST = 'INSERT INTO bare_events SELECT $1, k, c FROM unnest($2::text[], $3::text[]) AS rows (k, c)';
const PLACES = Array.from({ length: BATCH_EVENTS }, (_, row) => `($1, $${2 * row + 2}, $${2 * row + 3})`);

/** From what is written most often to what is fastest. Each is prepared once per connection. */
export const STATEMENTS = {
  /** A list of rows with a parameter per cell. */
  values: {
    name: 'values',
    text: `INSERT INTO bare_events VALUES ${PLACES.join(', ')}`,
    values: (tenant, body) => {
      const contents = texts(body);
      return [tenant, ...keysIn(body, BATCH_EVENTS).flatMap((key, row) => [key, contents[row]])];
    },
  },
  /** A parameter per column, as the client library writes lists: with every quote of the JSON escaped. */
  unnest: {
    name: 'unnest',
    text: UNNEST,
    values: (tenant, body) => [tenant, keysIn(body, BATCH_EVENTS), texts(body)],
  },
  /** A parameter per column in PostgreSQL's binary form: neither end escapes anything. */
  binary: {
    name: 'binary',
    text: UNNEST,
    values: (tenant, body) => {
      const keys = keysIn(body, BATCH_EVENTS).map((key) => Buffer.from(key, 'latin1'));
      return [tenant, textArray(keys), textArray(recordsIn(body, BATCH_EVENTS))];
    },
  },
} as const satisfies Record<string, Statement>;

export type StatementName = keyof typeof STATEMENTS;
