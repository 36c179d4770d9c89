import { type Law, type RateRow, rowsOf } from './row.ts';

/** Goods and services tax of Australia, New Zealand, Singapore and India. */
const LAWS: readonly Law[] = [
  [
    'au',
    'Australia: A New Tax System (Goods and Services Tax) Act 1999, s. 9-70',
    [
      ['standard', '0.1'],
      ['zero', '0'],
    ],
  ],
  [
    'nz',
    'New Zealand: Goods and Services Tax Act 1985, s. 8',
    [
      ['standard', '0.15'],
      ['zero', '0'],
    ],
  ],
  [
    'sg',
    'Singapore: Goods and Services Tax Act 1993, s. 16',
    [
      ['standard', '0.07', '2020-01-01', '2023-01-01'],
      ['standard', '0.08', '2023-01-01', '2024-01-01'],
      ['standard', '0.09', '2024-01-01'],
      ['zero', '0'],
    ],
  ],
  [
    'in',
    'India: IGST Act 2017, s. 5, with Notification 8/2017 (between states)',
    [
      ['standard', '0.18'],
      ['reduced', '0.05'],
      ['zero', '0'],
    ],
  ],
  [
    'in-cgst',
    'India: CGST Act 2017, s. 9, with Notification 11/2017 (the union’s half within a state)',
    [
      ['standard', '0.09'],
      ['reduced', '0.025'],
      ['zero', '0'],
    ],
  ],
  [
    'in-sgst',
    'India: SGST Acts of the states, s. 9 (the state’s half within it)',
    [
      ['standard', '0.09'],
      ['reduced', '0.025'],
      ['zero', '0'],
    ],
  ],
];

export const PACIFIC_RATES: readonly RateRow[] = rowsOf(LAWS);
