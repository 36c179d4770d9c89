import { Fraction, larger } from './fraction.ts';
import type { OperationRun } from './inputs.ts';
import type { Supposed } from './supposed.ts';

const NODE_UNITS = Fraction.of(1000);
const SMALLEST_STEP = 100n;

/**
 * The part of a node's CPU that one event a second takes.
 *
 * Google says what a node writes of single rows and what it writes where rows share their commits; so a commit costs a row written
 * alone, and each further row of it the shared price. Rows that expire are deleted once, in the background: they count as shared rows.
 * A node does its reads or its writes, so their parts are added.
 */
export function nodePerEventRate(run: OperationRun, supposed: Supposed): Fraction {
  const { spanner } = run.phases.usage;
  const events = Fraction.of(run.events);
  const commits = Fraction.of(spanner.commits).over(events);
  const rows = Fraction.of(spanner.written_rows).over(events);
  const expired = Fraction.of('dedupe' in run.stored_bytes.spanner.expiring ? 1 : 0);
  const further = larger(rows.minus(commits), Fraction.ZERO).plus(expired);
  const writes = commits.plus(further.times(supposed('spanner_shared_row'))).over(supposed('spanner_writes_per_node'));
  const reads = lookedUp(run).over(events).over(supposed('spanner_reads_per_node'));
  return writes.plus(reads);
}

/** Rows that were asked for. One that is not there costs a look all the same; what a range gave back counts where it is more. */
const lookedUp = ({ phases: { usage } }: OperationRun): Fraction => {
  const { read_keys, read_ranges, queries, read_rows } = usage.spanner;
  return Fraction.of(Math.max(read_keys + read_ranges + queries, read_rows));
};

/** Events a second that processing units carry at the CPU that they should not go beyond. */
export const eventsPerSecond = (units: Fraction, run: OperationRun, supposed: Supposed): Fraction =>
  units.over(NODE_UNITS).times(supposed('spanner_cpu_target')).over(nodePerEventRate(run, supposed));

/**
 * Processing units of one instance for a load, in the steps in which they are sold: hundreds below a node, whole nodes above.
 * @param rate events a second
 * @param bytes that lie in the instance
 */
export function unitsNeeded(rate: Fraction, bytes: Fraction, run: OperationRun, supposed: Supposed): Fraction {
  const forCpu = rate.times(nodePerEventRate(run, supposed)).over(supposed('spanner_cpu_target'));
  const forStorage = bytes.over(supposed('spanner_node_bytes').times(supposed('spanner_storage_target')));
  const units = larger(forCpu, forStorage).times(NODE_UNITS);
  const step = units.isMoreThan(NODE_UNITS) ? 1000n : SMALLEST_STEP;
  return Fraction.of(units.over(Fraction.of(step)).ceiling() * step);
}
