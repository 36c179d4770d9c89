import { type Law, type RateRow, rowsOf } from './row.ts';

/** Rates of European countries outside the union. */
const LAWS: readonly Law[] = [
  [
    'gb',
    'United Kingdom: VAT Act 1994, s. 2, 29A and 30',
    [
      ['standard', '0.2'],
      ['reduced', '0.05'],
      ['zero', '0'],
    ],
  ],
  [
    'ch',
    'Switzerland: MWSTG, art. 25, and BV, art. 130',
    [
      ['standard', '0.077', '2020-01-01', '2024-01-01'],
      ['standard', '0.081', '2024-01-01'],
      ['reduced', '0.025', '2020-01-01', '2024-01-01'],
      ['reduced', '0.026', '2024-01-01'],
      ['reduced_2', '0.037', '2020-01-01', '2024-01-01'],
      ['reduced_2', '0.038', '2024-01-01'],
    ],
  ],
  [
    'no',
    'Norway: the Storting’s yearly decision on VAT, §§ 2-4',
    [
      ['standard', '0.25'],
      ['reduced', '0.15'],
    ],
  ],
];

export const EUROPEAN_RATES: readonly RateRow[] = rowsOf(LAWS);
