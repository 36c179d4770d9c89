import type { Instant } from '../time.ts';
import { AMERICAN_RATES } from './tables/america.ts';
import { EUROPEAN_RATES } from './tables/europe.ts';
import { PACIFIC_RATES } from './tables/pacific.ts';
import { UNION_RATES } from './tables/union.ts';

/** What a rate is for. `saas`: software as a service, which some states of the US tax otherwise than goods. */
export const TAX_CATEGORIES = ['standard', 'reduced', 'reduced_2', 'super_reduced', 'zero', 'exempt', 'saas'] as const;
export type TaxCategory = (typeof TAX_CATEGORIES)[number];

/** One rate of one jurisdiction for a time. */
export interface RateRow {
  /** `eu-de`, `gb`, `ca-on`, `us-ny` */
  readonly jurisdiction: string;
  readonly category: TaxCategory;
  /** a fraction as a decimal string: `0.19` is 19 % */
  readonly rate: string;
  /** first day, in the jurisdiction's own calendar */
  readonly from: string;
  /** first day on which it is over; undefined while it lasts */
  readonly to?: string;
  /** the law that sets it */
  readonly source: string;
}

/** The tables begin here: rates that are older are entered from this day on, and nothing is taxed by them before. */
export const TABLES_BEGIN = '2020-01-01';

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
