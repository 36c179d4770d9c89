import { BadInput } from '../errors.ts';
import type { MetricJson } from './schema.ts';

interface Cell {
  readonly cell_id: string;
  readonly match: Readonly<Record<string, unknown>>;
}

/**
 * Every event is counted by exactly one cell: two that one event could fit are refused, and so is a cell that looks at what
 * is no dimension of the metric.
 * @throws BadInput `invalid_catalogue`
 */
export function requireDisjoint(cells: readonly Cell[], metric: MetricJson, param: string): void {
  for (const [i, cell] of cells.entries()) {
    for (const name of Object.keys(cell.match)) {
      if (metric.dimensions?.includes(name) === true) continue;
      const detail = `${metric.metric_name} has no dimension ${name}`;
      throw new BadInput('invalid_catalogue', detail, `${param}.${i}.match`);
    }
    const other = cells.slice(0, i).find((before) => !areApart(before, cell));
    if (other !== undefined) {
      throw new BadInput('invalid_catalogue', `an event could fit ${other.cell_id} as well`, `${param}.${i}.match`);
    }
  }
}

/** Whether no event fits both: they ask one property for two values. */
const areApart = (one: Cell, other: Cell): boolean =>
  Object.entries(one.match).some(([name, value]) => Object.hasOwn(other.match, name) && other.match[name] !== value);
