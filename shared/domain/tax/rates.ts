import type { Instant } from '../time.ts';
import { AMERICAN_RATES } from './tables/america.ts';
import { EUROPEAN_RATES } from './tables/europe.ts';
import { PACIFIC_RATES } from './tables/pacific.ts';
import type { RateRow } from './tables/row.ts';
import { UNION_RATES } from './tables/union.ts';

export { TAX_CATEGORIES } from './tables/row.ts';

/** Every rate that we know. Local rates below a state's of the US are not among them: an outside engine knows those. */
export const RATES: readonly RateRow[] = [...UNION_RATES, ...EUROPEAN_RATES, ...PACIFIC_RATES, ...AMERICAN_RATES];

const byPlace = Map.groupBy(RATES, ({ jurisdiction }) => jurisdiction);

/** The rate of a jurisdiction for a category at an instant, as UTC tells the day; undefined where it has none. */
export function rateAt(jurisdiction: string, category: string, at: Instant): RateRow | undefined {
  const day = at.slice(0, 10);
  return byPlace
    .get(jurisdiction)
    ?.find((row) => row.category === category && row.from <= day && (row.to === undefined || day < row.to));
}

/** Whether a jurisdiction levies a tax at all. */
export const levies = (jurisdiction: string): boolean => byPlace.has(jurisdiction);
