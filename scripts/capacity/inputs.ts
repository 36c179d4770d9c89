import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type Schema, type ValidateFunction } from 'ajv';
import { TABLES } from '../../shared/stores/tables.ts';
import type { Run } from '../bench/operations/run.ts';
import { Fraction } from './fraction.ts';

/** A file is not there or not of its form; the message says which and what. */
export class InputWrong extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InputWrong';
  }
}

/** What a measured run of some events cost, by what caused it, and what was left behind: `npm run bench:operations` counts it. */
export type OperationRun = Pick<Run, 'batch' | 'events' | 'tenants' | 'together' | 'phases' | 'stored_bytes'>;

/** A list price. `units` is how many of what it is asked for `usd` buys. */
export interface Price {
  readonly usd: string;
  readonly units: number;
  readonly per: string;
  readonly region: string;
  readonly date: string;
  readonly source: string;
  /** source: read in a stored copy of the page; transcribed: in somebody's dated copy of it; recalled: from memory */
  readonly read: 'source' | 'transcribed' | 'recalled';
  readonly note?: string;
}

export interface Assumption {
  readonly value: string;
  readonly unit: string;
  readonly reason: string;
  readonly source?: string;
}

export type Prices = Readonly<Record<string, Price>>;
export type Assumptions = Readonly<Record<string, Assumption>>;

const counts = (...names: string[]): Schema => ({
  type: 'object',
  required: names,
  properties: Object.fromEntries(names.map((name) => [name, { type: 'number', minimum: 0 }])),
});
const named = (names: readonly string[], form: Schema): Schema => ({
  type: 'object',
  required: names,
  properties: Object.fromEntries(names.map((name) => [name, form])),
});

const OPERATIONS = {
  type: 'object',
  required: ['spanner', 'pubsub', 'firestore', 'kms', 'storage'],
  properties: {
    spanner: counts(
      ...['snapshots', 'reads', 'queries', 'read_keys', 'read_ranges', 'read_rows'],
      ...['commits', 'written_rows', 'mutations', 'mutation_bytes'],
    ),
    pubsub: counts('publishes', 'messages', 'bytes', 'deliveries'),
    firestore: counts('reads', 'writes', 'deletes', 'bytes'),
    kms: counts('signs', 'encrypts', 'decrypts'),
    storage: counts('creates', 'reads', 'lists', 'bytes'),
  },
};
// A row that is written over may become shorter: what a run leaves behind may be less than it found.
const STAYS = named(['for_ever', 'expiring', 'hot_window'], {
  type: 'object',
  additionalProperties: { type: 'number' },
});

const RUN = {
  type: 'object',
  required: ['batch', 'events', 'tenants', 'together', 'phases', 'stored_bytes'],
  properties: {
    batch: { type: 'integer', minimum: 1 },
    events: { type: 'integer', minimum: 1 },
    tenants: { type: 'integer', minimum: 1 },
    together: { type: 'integer', minimum: 1 },
    phases: named(['usage', 'seal', 'sweep', 'deep'], OPERATIONS),
    stored_bytes: named(['spanner', 'firestore', 'storage'], STAYS),
  },
};

const DECIMAL = { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?$' };
const TEXT = { type: 'string', minLength: 1 };
const entries = (required: string[], properties: Record<string, Schema>): Schema => ({
  type: 'object',
  minProperties: 1,
  additionalProperties: { type: 'object', required, additionalProperties: false, properties },
});

/** One that the bench measures; `a` is ours. */
interface Contestant {
  readonly id: string;
  readonly cpuMicrosPerEvent: { readonly median: number };
}

const ajv = new Ajv({ strict: false });
const FORMS = {
  operations: ajv.compile<{ readonly runs: readonly OperationRun[] }>({
    type: 'object',
    required: ['runs'],
    properties: { runs: { type: 'array', minItems: 1, items: RUN } },
  }),
  throughput: ajv.compile<{ readonly throughput: { readonly contestants: readonly Contestant[] } }>({
    type: 'object',
    required: ['throughput'],
    properties: {
      throughput: {
        type: 'object',
        required: ['contestants'],
        properties: {
          contestants: {
            type: 'array',
            contains: { type: 'object', required: ['id'], properties: { id: { const: 'a' } } },
            items: {
              type: 'object',
              required: ['id', 'cpuMicrosPerEvent'],
              properties: {
                id: { type: 'string' },
                cpuMicrosPerEvent: {
                  type: 'object',
                  required: ['median'],
                  properties: { median: { type: 'number', exclusiveMinimum: 0 } },
                },
              },
            },
          },
        },
      },
    },
  }),
  prices: ajv.compile<Prices>(
    entries(['usd', 'units', 'per', 'region', 'date', 'source', 'read'], {
      usd: DECIMAL,
      units: { type: 'integer', minimum: 1 },
      per: TEXT,
      region: TEXT,
      date: { type: 'string', pattern: '^20[0-9]{2}-[01][0-9]-[0-3][0-9]$' },
      source: { type: 'string', pattern: '^https://' },
      read: { enum: ['source', 'transcribed', 'recalled'] },
      note: TEXT,
    }),
  ),
  assumptions: ajv.compile<Assumptions>(
    entries(['value', 'unit', 'reason'], { value: DECIMAL, unit: TEXT, reason: TEXT, source: TEXT }),
  ),
  changes: ajv.compile<Readonly<Record<string, string | number | Assumption>>>({
    type: 'object',
    additionalProperties: {
      anyOf: [
        DECIMAL,
        { type: 'number', minimum: 0 },
        { type: 'object', required: ['value'], properties: { value: DECIMAL } },
      ],
    },
  }),
};

/** Parses JSON and holds it against its form. @throws InputWrong naming file, place and fault */
function read<T>(file: string, form: ValidateFunction<T>, ifMissing = ''): T {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new InputWrong(`${file} is not there${ifMissing}`);
    }
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputWrong(`${file} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (form(value)) return value;
  const [fault] = form.errors ?? [];
  throw new InputWrong(`${file}${fault?.instancePath ?? ''} ${fault?.message} ${JSON.stringify(fault?.params)}`);
}

/** What was measured: one customer's runs to bill by, and two that differ in the number of customers alone. */
export interface Measured {
  /** of one customer: smallest batch first, one request at a time before many; of runs alike the one with most events */
  readonly runs: readonly OperationRun[];
  readonly one: OperationRun;
  readonly many: OperationRun;
}

export function readOperations(file: string): Measured {
  const { runs } = read(file, FORMS.operations, '; `--operations FILE` names another');
  const tables = new Set(TABLES.map(({ name }) => name));
  for (const { batch, stored_bytes } of runs) {
    const unknown = Object.values(stored_bytes.spanner)
      .flatMap((bytes) => Object.keys(bytes))
      .find((name) => !tables.has(name));
    if (unknown !== undefined) throw new InputWrong(`${file}, batch ${batch}: there is no table ${unknown}`);
  }
  const own = new Map<string, OperationRun>();
  for (const run of runs.filter(({ tenants }) => tenants === 1).toSorted((a, b) => a.events - b.events)) {
    own.set(`${run.batch} ${run.together}`, run);
  }
  const many = runs.find(({ tenants }) => tenants > 1);
  const one = many === undefined ? undefined : own.get(`${many.batch} ${many.together}`);
  if (many === undefined || one === undefined) {
    throw new InputWrong(`${file} has no two runs that differ in the number of customers alone, one of them of one`);
  }
  const sorted = [...own.values()].toSorted((a, b) => a.batch - b.batch || a.together - b.together);
  return { runs: sorted, one, many };
}

/** CPU time of one core for an event on its whole way. */
export function readCpuMicros(file: string): Fraction {
  const ifMissing = '; `--cpu-micros N` says what an event costs where nobody has measured it';
  const { contestants } = read(file, FORMS.throughput, ifMissing).throughput;
  return Fraction.of(contestants.find(({ id }) => id === 'a')!.cpuMicrosPerEvent.median);
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
export const readPrices = (file = here('prices.json')): Prices => read(file, FORMS.prices);

/**
 * The assumptions, with some of them changed.
 * @param file a JSON object of what is to be otherwise: a name and a decimal, or an entry as in assumptions.json
 * @param settings `name=value`, which goes over the file
 */
export function readAssumptions(file?: string, settings: readonly string[] = []): Assumptions {
  const base = read(here('assumptions.json'), FORMS.assumptions);
  const changes: [string, string][] = [];
  if (file !== undefined) {
    for (const [name, change] of Object.entries(read(file, FORMS.changes))) {
      changes.push([name, typeof change === 'object' ? change.value : String(change)]);
    }
  }
  for (const setting of settings) {
    const [, name, value] = /^([a-z0-9_]+)=([0-9]+(?:\.[0-9]+)?)$/.exec(setting) ?? [];
    if (name === undefined || value === undefined) throw new InputWrong(`${setting} is not name=decimal`);
    changes.push([name, value]);
  }
  return changed(base, changes);
}

/** @throws InputWrong for a name that nothing supposes */
export function changed(base: Assumptions, changes: readonly (readonly [string, string])[]): Assumptions {
  const result: Record<string, Assumption> = { ...base };
  for (const [name, value] of changes) {
    const known = result[name];
    if (known === undefined) throw new InputWrong(`there is no assumption ${name}`);
    result[name] = { ...known, value };
  }
  return result;
}
