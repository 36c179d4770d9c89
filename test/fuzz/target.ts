import type fc from 'fast-check';

/** One reader of what comes from outside, with a grammar that mostly makes sense and a judge that shares no code with it. */
export interface Target {
  readonly name: string;
  /** tries in the gate; `--runs` says another count */
  readonly runs: number;
  /** Opens what it needs; `property` is then tried, `verdict` said at the end. */
  readonly open: () => Promise<Opened>;
}

export interface Opened {
  readonly property: fc.IAsyncPropertyWithHooks<[unknown]>;
  /** What was seen, e.g. how much was taken. @throws AssertionError where the tries as a whole leave something behind */
  readonly verdict: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** CPU that one try may take: a reader that goes over its input twice takes some ten milliseconds at the very most. */
export const CPU_MILLISECONDS_MAX = 1000;
export const GROWTH_BYTES_MAX = 64 * 1024 * 1024;
