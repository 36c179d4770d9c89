import type { Operations } from './counts.ts';
import type { Run } from './run.ts';
import type { TableCounts } from './spanner-meter.ts';
import type { Stay, Stored } from './stored.ts';

type Row = readonly [label: string, of: (counts: Operations) => number];

const ROWS: readonly Row[] = [
  ['Spanner  read-only transactions', ({ spanner }) => spanner.snapshots],
  ['         read-write transactions', ({ spanner }) => spanner.transactions],
  ['         commits', ({ spanner }) => spanner.commits],
  ['         commits that write nothing', ({ spanner }) => spanner.empty_commits],
  ['         aborted, run again', ({ spanner }) => spanner.aborted],
  ['         read requests', ({ spanner }) => spanner.reads],
  ['         keys read', ({ spanner }) => spanner.read_keys],
  ['         ranges and queries read', ({ spanner }) => spanner.read_ranges + spanner.queries],
  ['         rows read', ({ spanner }) => spanner.read_rows],
  ['         bytes read', ({ spanner }) => spanner.read_bytes],
  ['         rows written', ({ spanner }) => spanner.written_rows],
  ['         mutations, as Spanner counts', ({ spanner }) => spanner.mutations],
  ['         bytes written', ({ spanner }) => spanner.mutation_bytes],
  ['Pub/Sub  publish requests', ({ pubsub }) => pubsub.publishes],
  ['         messages', ({ pubsub }) => pubsub.messages],
  ['         bytes of messages', ({ pubsub }) => pubsub.bytes],
  ['         push deliveries', ({ pubsub }) => pubsub.deliveries],
  ['Firestore documents read', ({ firestore }) => firestore.reads],
  ['         documents written', ({ firestore }) => firestore.writes],
  ['         documents deleted', ({ firestore }) => firestore.deletes],
  ['         bytes written', ({ firestore }) => firestore.bytes],
  ['KMS      signatures', ({ kms }) => kms.signs],
  ['         encryptions', ({ kms }) => kms.encrypts],
  ['         decryptions', ({ kms }) => kms.decrypts],
  ['Storage  objects created', ({ storage }) => storage.creates],
  ['         objects read', ({ storage }) => storage.reads],
  ['         listings', ({ storage }) => storage.lists],
  ['         bytes created', ({ storage }) => storage.bytes],
];

const LABEL_WIDTH = 36;
const COLUMN_WIDTH = 11;
const TABLES_SHOWN = 9;
const NOT_WRITTEN: TableCounts = { rows: 0, mutations: 0, bytes: 0 };
const LEGEND: readonly string[] = [
  'A read-only transaction begins with a call of its own; a read-write one with its first read. A commit that writes nothing is',
  'a call all the same. Mutations: each column of a row written, the key and index entries too; 1 for a row that goes. Bytes of',
  'Spanner are those of the values as stored, 8 for a number. Bytes of messages are data, attributes and ordering key: Pub/Sub',
  'bills no request below 1,000. Documents count when looked up, there or not, and have the size that Firestore gives them.',
];
const STAYS: Readonly<Record<Stay, string>> = {
  for_ever: 'for ever',
  hot_window: 'until it leaves the hot window',
  expiring: 'until it expires',
};

/** Everything that a person wants to see of runs, as lines of text. */
export function report(runs: readonly Run[]): string[] {
  return [
    'What usage asks of each service, per 1,000 events: accepted, receipted, mirrored, projected, summed up, under one seal.',
    'One request at a time; its doorbells are answered before the next one, or together where it says so. Customers and',
    'periods exist already, instances are warm. Single events are fewer than 1,000 and scaled up.',
    '',
    ...heads(runs),
    ...ROWS.map(([label, of]) =>
      line(
        label,
        runs.map((run) => grouped(perThousand(run, of))),
      ),
    ),
    '',
    ...LEGEND,
    '',
    'What dominates: what one event writes to Spanner, by table',
    ...heads(runs),
    ...byTable(runs, 'mutations', ({ mutations }) => mutations),
    ...byTable(runs, 'bytes', ({ bytes }) => bytes),
    '',
    'What comes whatever the usage is: a seal and a sweep each 10 seconds, a deep pass each hour, which reads what came since the',
    'one before (here 1,000 events). Of the last load with each number of tenants.',
    ...fixed(runs),
    '',
    'Bytes that lie there for each event afterwards, a deep pass included (without what the stores add for keys and versions)',
    ...heads(runs),
    ...stored(runs),
  ];
}

/** A seal costs the same however many events it covers. */
const perThousand = ({ phases, events }: Run, of: (counts: Operations) => number): number =>
  (of(phases.usage) * 1000) / events + of(phases.seal);

const heads = (runs: readonly Run[]): string[] => [
  line(
    'events of a request',
    runs.map(({ batch }) => grouped(batch)),
  ),
  line(
    'tenants',
    runs.map(({ tenants }) => grouped(tenants)),
  ),
  line(
    'requests answered together',
    runs.map(({ together }) => grouped(together)),
  ),
  '-'.repeat(LABEL_WIDTH + COLUMN_WIDTH * runs.length),
];

/** The tables that take most, in whichever load they do, and what is left. */
function byTable(runs: readonly Run[], title: string, of: (counts: TableCounts) => number): string[] {
  const each = (run: Run, name: string): number => of(run.written[name] ?? NOT_WRITTEN) / run.events;
  const most = (name: string): number => Math.max(...runs.map((run) => each(run, name)));
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.written)))].sort((a, b) => most(b) - most(a));
  const shown = names.slice(0, TABLES_SHOWN);
  const rest = names.slice(TABLES_SHOWN);
  const sum = (run: Run, some: readonly string[]): string =>
    decimal(some.reduce((total, name) => total + each(run, name), 0));
  return [
    line(
      title,
      runs.map((run) => sum(run, names)),
    ),
    ...shown.map((name) =>
      line(
        `  ${name}`,
        runs.map((run) => decimal(each(run, name))),
      ),
    ),
    line(
      '  other tables',
      runs.map((run) => sum(run, rest)),
    ),
  ];
}

function fixed(runs: readonly Run[]): string[] {
  const last = [...new Map(runs.map((run) => [run.tenants, run])).values()];
  const columns = last.flatMap(({ tenants, phases }) =>
    (['seal', 'sweep', 'deep'] as const).map((phase) => ({ name: phase, tenants, counts: phases[phase] })),
  );
  return [
    line(
      '',
      columns.map(({ name }) => name),
    ),
    line(
      'tenants',
      columns.map(({ tenants }) => grouped(tenants)),
    ),
    ...ROWS.filter(([, of]) => columns.some(({ counts }) => of(counts) > 0)).map(([label, of]) =>
      line(
        label,
        columns.map(({ counts }) => grouped(of(counts))),
      ),
    ),
  ];
}

function stored(runs: readonly Run[]): string[] {
  const found: string[] = [];
  for (const [store, title] of [
    ['spanner', 'Spanner'],
    ['firestore', 'Firestore'],
    ['storage', 'Storage'],
  ] as const satisfies readonly (readonly [keyof Stored, string])[]) {
    for (const [stay, says] of Object.entries(STAYS) as [Stay, string][]) {
      const names = [...new Set(runs.flatMap((run) => Object.keys(run.stored_bytes[store][stay])))].sort();
      if (names.length === 0) continue;
      const total = runs.map((run) =>
        Object.values(run.stored_bytes[store][stay]).reduce((sum, each) => sum + each, 0),
      );
      found.push(line(`${title}, ${says}`, total.map(decimal)));
      for (const name of names) {
        found.push(
          line(
            `  ${name}`,
            runs.map((run) => decimal(run.stored_bytes[store][stay][name] ?? 0)),
          ),
        );
      }
    }
  }
  return found;
}

const line = (label: string, cells: readonly string[]): string =>
  (label.padEnd(LABEL_WIDTH) + cells.map((cell) => cell.padStart(COLUMN_WIDTH)).join('')).trimEnd();
const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');
const decimal = (value: number): string => value.toFixed(1).replace(/^-0\.0$/, '0.0');
