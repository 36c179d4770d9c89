import { type Instant, parseInstant } from '../../shared/domain/time.ts';

export const SECOND = 1_000_000;
export const DAY = 86_400 * SECOND;

/** Half a minute before a period ends. */
export const BEGIN = parseInstant('2026-03-01T23:59:30Z', 'simulation');
const SHORTLY_BEFORE = parseInstant('2026-03-01T23:59:57Z', 'simulation');

export type SizeName = 'small' | 'large';

/** How much a story holds. Times are microseconds from its beginning unless said. */
export interface Size {
  readonly name: SizeName;
  /** where it does not begin at noon: before midnight, when the period ends */
  readonly evening: Instant;
  readonly midnight: number;
  /** of a thousand begin at noon, have a second tenant, have a credit that has expired, go on to the day after */
  readonly noonPerMille: number;
  readonly secondPerMille: number;
  readonly creditPerMille: number;
  readonly secondDayPerMille: number;
  /** how many events the first tenant has: one of these; and what they may be of */
  readonly events: readonly number[];
  readonly quantities: readonly number[];
  /** when many come at once; others come at any time until `sentUntil` */
  readonly moments: readonly number[];
  readonly sentUntil: number;
  /** sweeps, each at some time within ten seconds of that, and how many of a thousand are there at noon; runs of invoices, in seconds after midnight */
  readonly sweeps: readonly number[];
  readonly sweptPerMille: number;
  readonly runs: readonly number[];
  /** of a thousand have a deep pass, and a sealer called by the clock, at any time until `calledUntil` */
  readonly deepPerMille: number;
  readonly sealPerMille: number;
  readonly calledUntil: number;
  /** virtual seconds between two seals, in lane A: one of these */
  readonly sealIntervals: readonly number[];
  /** of a thousand end with a full deep pass, in lane A */
  readonly reconciledPerMille: number;
  /** idle instances that are stopped and clocks that jump: fewer than that */
  readonly upsetsBelow: number;
  /** of a thousand calls so many fail: one of these */
  readonly faultsPerMille: readonly number[];
  readonly changesWithin: number;
  readonly troubledSeconds: number;
  readonly steps: number;
}

/**
 * Most seeds: one or two events, half a minute. What a protocol does wrong it nearly always does wrong with two of
 * everything (the small scope hypothesis: Jackson, Software Abstractions, 2006), and two such stories cost what a large one does.
 */
const SMALL: Size = {
  name: 'small',
  evening: SHORTLY_BEFORE,
  midnight: 3 * SECOND,
  noonPerMille: 750,
  secondPerMille: 30,
  creditPerMille: 250,
  secondDayPerMille: 20,
  events: [1, 2, 2, 2],
  // Of a limit of 21 two of them leave something, use it up to the last unit (8 + 13, 9 + 12), or go beyond.
  quantities: [5, 8, 9, 11, 12, 13],
  // The last one beside the run that closes.
  moments: [SECOND / 2, 2.9 * SECOND, 5.1 * SECOND],
  sentUntil: 9 * SECOND,
  // After the run that closes: what nobody has rung for is sealed and archived while things still fail.
  sweeps: [8 * SECOND],
  sweptPerMille: 400,
  runs: [2],
  deepPerMille: 30,
  sealPerMille: 70,
  calledUntil: 12 * SECOND,
  sealIntervals: [0, 0, 2],
  reconciledPerMille: 25,
  upsetsBelow: 2,
  faultsPerMille: [0, 20, 60, 120],
  changesWithin: 100,
  troubledSeconds: 30,
  steps: 300,
};

/** The others: what needs many, and time: dead letters, several seals, usage long after its period. */
const LARGE: Size = {
  name: 'large',
  evening: BEGIN,
  midnight: 30 * SECOND,
  noonPerMille: 400,
  secondPerMille: 200,
  creditPerMille: 500,
  secondDayPerMille: 80,
  events: [2, 3, 4],
  quantities: [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13],
  moments: [5 * SECOND, 20 * SECOND, 33 * SECOND],
  sentUntil: 40 * SECOND,
  sweeps: [10 * SECOND, 25 * SECOND, 40 * SECOND],
  sweptPerMille: 1000,
  runs: [2, 12],
  deepPerMille: 100,
  sealPerMille: 200,
  calledUntil: 50 * SECOND,
  sealIntervals: [0, 10, 10],
  reconciledPerMille: 60,
  upsetsBelow: 3,
  faultsPerMille: [0, 10, 30, 80],
  changesWithin: 300,
  troubledSeconds: 55,
  steps: 900,
};

/** Every so-manieth seed is large, so that no stretch of seeds is without. */
const LARGE_EVERY = 20;

export const sizeOf = (seed: number): Size => (seed % LARGE_EVERY === 0 ? LARGE : SMALL);
