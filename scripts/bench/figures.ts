import { cpus, loadavg, release, totalmem } from 'node:os';

/** What a figure was in each round: the middle one, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

/** What the figures were measured on. */
export const machine = () => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? 'unknown',
  memoryBytes: totalmem(),
  kernel: release(),
  node: process.version,
  /** how many processes wanted a core when the bench began: on a shared machine some are other people's */
  loadAverage: loadavg()[0] ?? 0,
});

export const machineReport = ({ cores, cpu, node, loadAverage }: ReturnType<typeof machine>): string =>
  `${cores} cores (${cpu}), node ${node}; load average ${shown(loadAverage, 1)} before anything began`;

export const shown = (value: number, places = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });

/** As many places as a reader can use: three figures. */
export const rounded = (value: number): string => shown(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);

/** A median, and from the least to the most where there are several rounds. */
export const spread = ({ median, least, most }: Spread): string =>
  least === most ? rounded(median) : `${rounded(median)} (${rounded(least)} to ${rounded(most)})`;

/** Columns under their heads: the first to the left, figures to the right. */
export function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    widths.map((width, i) => (i === 0 ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width))).join('  ');
  return [heads, ...rows].map((cells) => `  ${line(cells)}`.trimEnd());
}
