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

/** What a law sets: category and rate, and from and to which day where it changed. */
export type Law = readonly [
  jurisdiction: string,
  source: string,
  rates: readonly (readonly [category: TaxCategory, rate: string, from?: string, to?: string])[],
];

/** Rows of laws. What was in force before the tables begin is entered from that day on. */
export const rowsOf = (laws: readonly Law[]): RateRow[] =>
  laws.flatMap(([jurisdiction, source, rates]) =>
    rates.map(([category, rate, from = TABLES_BEGIN, to]) => ({
      ...{ jurisdiction, category, rate, from, source },
      ...(to === undefined ? {} : { to }),
    })),
  );
