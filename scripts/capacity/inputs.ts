import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type Schema, type ValidateFunction } from 'ajv';
import { TABLES } from '../../shared/stores/tables.ts';
import { Fraction } from './fraction.ts';

/** A file is not there or not of its form; the message says which and what. */
export class InputWrong extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InputWrong';
  }
}

/** What a measured run of some events cost in calls, and what was left behind. Counts are of the whole run. */
export interface OperationRun {
  readonly batch: number;
  readonly events: number;
  readonly tenants: number;
  readonly spanner: {
    /** rows that were asked for */
    readonly read_rows: number;
    /** calls that read */
    readonly reads: number;
    readonly snapshots: number;
    readonly transactions: number;
    readonly commits: number;
    /** rows written or deleted */
    readonly mutations: number;
    readonly mutation_bytes: number;
  };
  readonly pubsub: {
    readonly publishes: number;
    readonly messages: number;
    readonly bytes: number;
    readonly deliveries: number;
  };
  readonly firestore: {
    readonly reads: number;
    readonly writes: number;
    readonly deletes: number;
    readonly bytes: number;
  };
  readonly kms: { readonly signs: number; readonly encrypts: number; readonly decrypts: number };
  readonly storage: {
    readonly creates: number;
    readonly reads: number;
    readonly lists: number;
    readonly bytes: number;
  };
  /** bytes per event: by table in the database, as a whole in mirror and vault */
  readonly stored_bytes: {
    readonly spanner: Readonly<Record<string, number>>;
    readonly firestore: number;
    readonly storage: number;
  };
}

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

const RUN = {
  type: 'object',
  required: ['batch', 'events', 'tenants', 'spanner', 'pubsub', 'firestore', 'kms', 'storage', 'stored_bytes'],
  properties: {
    batch: { type: 'integer', minimum: 1 },
    events: { type: 'integer', minimum: 1 },
    tenants: { type: 'integer', minimum: 1 },
    spanner: counts('read_rows', 'reads', 'snapshots', 'transactions', 'commits', 'mutations', 'mutation_bytes'),
    pubsub: counts('publishes', 'messages', 'bytes', 'deliveries'),
    firestore: counts('reads', 'writes', 'deletes', 'bytes'),
    kms: counts('signs', 'encrypts', 'decrypts'),
    storage: counts('creates', 'reads', 'lists', 'bytes'),
    stored_bytes: {
      type: 'object',
      required: ['spanner', 'firestore', 'storage'],
      properties: {
        spanner: {
          type: 'object',
          additionalProperties: { type: 'number', minimum: 0 },
        },
        firestore: { type: 'number', minimum: 0 },
        storage: { type: 'number', minimum: 0 },
      },
    },
  },
};

const DECIMAL = { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?$' };
const TEXT = { type: 'string', minLength: 1 };
const entries = (required: string[], properties: Record<string, Schema>): Schema => ({
  type: 'object',
  minProperties: 1,
  additionalProperties: { type: 'object', required, additionalProperties: false, properties },
});

const ajv = new Ajv({ strict: false });
const FORMS = {
  operations: ajv.compile<{ readonly runs: readonly OperationRun[] }>({
    type: 'object',
    required: ['runs'],
    properties: { runs: { type: 'array', minItems: 1, items: RUN } },
  }),
  throughput: ajv.compile<{ readonly ours: { readonly cpuMicrosPerEvent: number } }>({
    type: 'object',
    required: ['ours'],
    properties: {
      ours: {
        type: 'object',
        required: ['cpuMicrosPerEvent'],
        properties: { cpuMicrosPerEvent: { type: 'number', exclusiveMinimum: 0 } },
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

/** @returns the runs, smallest batch first, one per batch size */
export function readOperations(file: string): OperationRun[] {
  const { runs } = read(file, FORMS.operations, '; `--operations FILE` names another');
  const sorted = runs.toSorted((a, b) => a.batch - b.batch);
  const twice = sorted.find(({ batch }, i) => sorted[i + 1]?.batch === batch);
  if (twice !== undefined) throw new InputWrong(`${file} has two runs of batch ${twice.batch}`);
  const tables = new Set(TABLES.map(({ name }) => name));
  for (const { batch, stored_bytes } of sorted) {
    const unknown = Object.keys(stored_bytes.spanner).find((name) => !tables.has(name));
    if (unknown !== undefined) throw new InputWrong(`${file}, batch ${batch}: there is no table ${unknown}`);
  }
  return sorted;
}

/** CPU time of one core for an event on its whole way. */
export function readCpuMicros(file: string): Fraction {
  const ifMissing = '; `--cpu-micros N` says what an event costs where nobody has measured it';
  return Fraction.of(read(file, FORMS.throughput, ifMissing).ours.cpuMicrosPerEvent);
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
