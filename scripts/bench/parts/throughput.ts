import { rounded, type Spread, spread, spreadOf, tableOf } from '../figures.ts';
import { startPostgres } from '../peers/postgres-server.ts';
import type { BenchStore } from '../suite/store.ts';
import { alone, type Contestant, type ContestantRound, ours, type Sizes, signedRows } from './contestants.ts';

export interface ThroughputOptions {
  readonly sizes: Sizes;
  readonly rounds: number;
  readonly template: BenchStore;
  readonly say: (line: string) => void;
}

/** Ours by one of the others, round by round. */
export interface Ratio {
  readonly name: string;
  readonly over: readonly [above: string, below: string];
  /** what it shall be at least; undefined where nothing was promised */
  readonly target: number | undefined;
  readonly ratio: Spread;
}

export interface Throughput {
  readonly contestants: readonly {
    readonly id: string;
    readonly what: string;
    readonly eventsPerSecond: Spread;
    readonly cpuMicrosPerEvent: Spread;
    readonly rounds: readonly ContestantRound[];
  }[];
  readonly ratios: readonly Ratio[];
  readonly missing: readonly string[];
  readonly complaints: readonly string[];
}

const RATIOS: readonly Omit<Ratio, 'ratio'>[] = [
  { name: 'a/b, one process', over: ['a', 'b1'], target: 20 },
  { name: 'a/b, two processes', over: ['a', 'b2'], target: 20 },
  { name: 'a/c', over: ['a', 'c'], target: 1 },
  { name: 'a/d, as it comes', over: ['a', 'd'], target: undefined },
  { name: 'a/d, synced', over: ['a', 'd-sync'], target: undefined },
  { name: 'a/e', over: ['a', 'e'], target: 0.5 },
  { name: 'hot/many', over: ['a-hot', 'a'], target: 0.5 },
];

/** All contestants take turns within a round, so that a machine that drifts is fair to each. */
export async function throughput({ sizes, rounds, template, say }: ThroughputOptions): Promise<Throughput> {
  const server = await startPostgres();
  try {
    const contestants: Contestant[] = [
      ours('a', `ours, ${sizes.tenants} organizations`, template, sizes),
      ours('a-hot', 'ours, one organization alone', template, { ...sizes, tenants: 1 }),
      ...(server === undefined
        ? []
        : [
            signedRows('b1', 'PostgreSQL, a signature a row', 1, server, sizes),
            signedRows('b2', 'the same, two processes', 2, server, sizes),
            alone('c', 'PostgreSQL, bare inserts', 'postgres-bare', sizes, ['--url', server.url]),
          ]),
      alone('d', 'hypercore, as it comes', 'hypercore-append', sizes),
      alone('d-sync', 'hypercore, synced', 'hypercore-append', sizes, ['--sync']),
      alone('e', 'the floor: parse, hash, insert', 'floor', sizes),
    ];
    const results = new Map<string, ContestantRound[]>(contestants.map(({ id }) => [id, []]));
    for (let round = 1; round <= rounds; round++) {
      for (const contestant of contestants) {
        const result = await contestant.round();
        results.get(contestant.id)!.push(result);
        say(`round ${round} of ${rounds}, ${contestant.id}: ${rounded(result.eventsPerSecond)} events/s`);
      }
    }
    return {
      contestants: contestants.map(({ id, what }) => {
        const each = results.get(id)!;
        return {
          ...{ id, what, rounds: each },
          eventsPerSecond: spreadOf(each.map(({ eventsPerSecond }) => eventsPerSecond)),
          cpuMicrosPerEvent: spreadOf(each.map(({ cpuMicrosPerEvent }) => cpuMicrosPerEvent)),
        };
      }),
      ratios: ratiosOf(results),
      missing: server === undefined ? ['PostgreSQL is not installed here: b and c did not run'] : [],
      complaints: [...results].flatMap(([id, each]) =>
        each.flatMap(({ complaints }, round) =>
          complaints.map((complaint) => `round ${round + 1}, ${id}: ${complaint}`),
        ),
      ),
    };
  } finally {
    await server?.stop();
  }
}

const ratiosOf = (results: ReadonlyMap<string, readonly ContestantRound[]>): Ratio[] =>
  RATIOS.flatMap((ratio) => {
    const [above, below] = ratio.over.map((id) => results.get(id));
    if (above === undefined || below === undefined) return [];
    const each = above.map(({ eventsPerSecond }, round) => eventsPerSecond / below[round]!.eventsPerSecond);
    return [{ ...ratio, ratio: spreadOf(each) }];
  });

export function throughputReport({ contestants, ratios, missing }: Throughput): string[] {
  const median = (rounds: readonly ContestantRound[], of: (round: ContestantRound) => number | undefined): string => {
    const values = rounds.map(of).filter((value) => value !== undefined);
    return values.length === 0 ? '' : rounded(spreadOf(values).median);
  };
  return [
    'taking usage in, 500 events a request; ours until receipted, mirrored and sealed',
    ...tableOf(
      ['', 'events/s', 'CPU µs/event', 'generator µs', 'bytes/event', 'peak RSS, MB'],
      contestants.map(({ id, what, eventsPerSecond, cpuMicrosPerEvent, rounds }) => [
        `${id.padEnd(6)} ${what}`,
        spread(eventsPerSecond),
        rounded(cpuMicrosPerEvent.median),
        median(rounds, (round) => round.generatorMicrosPerEvent),
        median(rounds, (round) => round.bytesOnDiskPerEvent),
        median(rounds, ({ peakRssBytes }) => (peakRssBytes === undefined ? undefined : peakRssBytes / 1e6)),
      ]),
    ),
    ...missing,
    'ratios of events/s, each of one round',
    ...tableOf(
      ['', 'ratio', 'target'],
      ratios.map(({ name, ratio, target }) => [name, spread(ratio), target === undefined ? '' : `>= ${target}`]),
    ),
  ];
}
