import { type Law, type RateRow, rowsOf } from './row.ts';

/** Rates of the member states of the European Union under Directive 2006/112/EC, art. 96 to 98. Rows without a day were in force when the tables begin. */
const LAWS: readonly Law[] = [
  [
    'eu-at',
    'Austria: UStG 1994, § 10',
    [
      ['standard', '0.2'],
      ['reduced', '0.1'],
      ['reduced_2', '0.13'],
    ],
  ],
  [
    'eu-be',
    'Belgium: Royal Decree No 20 of 20 July 1970, art. 1',
    [
      ['standard', '0.21'],
      ['reduced', '0.12'],
      ['reduced_2', '0.06'],
    ],
  ],
  [
    'eu-bg',
    'Bulgaria: VAT Act, art. 66',
    [
      ['standard', '0.2'],
      ['reduced', '0.09'],
    ],
  ],
  [
    'eu-hr',
    'Croatia: VAT Act, art. 38',
    [
      ['standard', '0.25'],
      ['reduced', '0.13'],
      ['super_reduced', '0.05'],
    ],
  ],
  [
    'eu-cy',
    'Cyprus: VAT Law 95(I)/2000, art. 17 and schedules 5 and 12',
    [
      ['standard', '0.19'],
      ['reduced', '0.09'],
      ['reduced_2', '0.05'],
    ],
  ],
  [
    'eu-cz',
    'Czechia: Act 235/2004, § 47',
    [
      ['standard', '0.21'],
      ['reduced', '0.15', '2020-01-01', '2024-01-01'],
      ['reduced_2', '0.1', '2020-01-01', '2024-01-01'],
      ['reduced', '0.12', '2024-01-01'],
    ],
  ],
  ['eu-dk', 'Denmark: momsloven, § 33', [['standard', '0.25']]],
  [
    'eu-ee',
    'Estonia: käibemaksuseadus, § 15',
    [
      ['standard', '0.2', '2020-01-01', '2024-01-01'],
      ['standard', '0.22', '2024-01-01', '2025-07-01'],
      ['standard', '0.24', '2025-07-01'],
      ['reduced', '0.09'],
    ],
  ],
  [
    'eu-fi',
    'Finland: arvonlisäverolaki 1501/1993, §§ 84-85a',
    [
      ['standard', '0.24', '2020-01-01', '2024-09-01'],
      ['standard', '0.255', '2024-09-01'],
      ['reduced_2', '0.1'],
    ],
  ],
  [
    'eu-fr',
    'France: CGI, art. 278 to 278-0 bis and 281 quater',
    [
      ['standard', '0.2'],
      ['reduced', '0.1'],
      ['reduced_2', '0.055'],
      ['super_reduced', '0.021'],
    ],
  ],
  [
    'eu-de',
    'Germany: UStG, § 12 and § 28 (1)-(3)',
    [
      ['standard', '0.19', '2020-01-01', '2020-07-01'],
      ['standard', '0.16', '2020-07-01', '2021-01-01'],
      ['standard', '0.19', '2021-01-01'],
      ['reduced', '0.07', '2020-01-01', '2020-07-01'],
      ['reduced', '0.05', '2020-07-01', '2021-01-01'],
      ['reduced', '0.07', '2021-01-01'],
    ],
  ],
  [
    'eu-gr',
    'Greece: VAT Code, rates of Law 4389/2016',
    [
      ['standard', '0.24'],
      ['reduced', '0.13'],
      ['super_reduced', '0.06'],
    ],
  ],
  [
    'eu-hu',
    'Hungary: Act CXXVII of 2007, § 82',
    [
      ['standard', '0.27'],
      ['reduced', '0.18'],
      ['super_reduced', '0.05'],
    ],
  ],
  [
    'eu-ie',
    'Ireland: VAT Consolidation Act 2010, s. 46',
    [
      ['standard', '0.23', '2020-01-01', '2020-09-01'],
      ['standard', '0.21', '2020-09-01', '2021-03-01'],
      ['standard', '0.23', '2021-03-01'],
      ['reduced', '0.135'],
      ['super_reduced', '0.048'],
    ],
  ],
  [
    'eu-it',
    'Italy: DPR 633/1972, art. 16',
    [
      ['standard', '0.22'],
      ['reduced', '0.1'],
      ['reduced_2', '0.05'],
      ['super_reduced', '0.04'],
    ],
  ],
  [
    'eu-lv',
    'Latvia: Value Added Tax Law, s. 41 and 42',
    [
      ['standard', '0.21'],
      ['reduced', '0.12'],
    ],
  ],
  ['eu-lt', 'Lithuania: Law on VAT IX-751, art. 19', [['standard', '0.21']]],
  [
    'eu-lu',
    'Luxembourg: VAT law of 12 February 1979, art. 39 and 40',
    [
      ['standard', '0.17', '2020-01-01', '2023-01-01'],
      ['standard', '0.16', '2023-01-01', '2024-01-01'],
      ['standard', '0.17', '2024-01-01'],
      ['reduced', '0.14', '2020-01-01', '2023-01-01'],
      ['reduced', '0.13', '2023-01-01', '2024-01-01'],
      ['reduced', '0.14', '2024-01-01'],
      ['reduced_2', '0.08', '2020-01-01', '2023-01-01'],
      ['reduced_2', '0.07', '2023-01-01', '2024-01-01'],
      ['reduced_2', '0.08', '2024-01-01'],
      ['super_reduced', '0.03'],
    ],
  ],
  [
    'eu-mt',
    'Malta: VAT Act, Cap. 406, art. 19 and schedule 8',
    [
      ['standard', '0.18'],
      ['reduced', '0.07'],
      ['super_reduced', '0.05'],
    ],
  ],
  [
    'eu-nl',
    'Netherlands: Wet op de omzetbelasting 1968, art. 9',
    [
      ['standard', '0.21'],
      ['reduced', '0.09'],
    ],
  ],
  [
    'eu-pl',
    'Poland: VAT Act of 11 March 2004, art. 41 and 146ef',
    [
      ['standard', '0.23'],
      ['reduced', '0.08'],
      ['reduced_2', '0.05'],
    ],
  ],
  [
    'eu-pt',
    'Portugal (mainland): CIVA, art. 18',
    [
      ['standard', '0.23'],
      ['reduced', '0.13'],
      ['super_reduced', '0.06'],
    ],
  ],
  [
    'eu-ro',
    'Romania: Fiscal Code, art. 291, as changed by Law 141/2025',
    [
      ['standard', '0.19', '2020-01-01', '2025-08-01'],
      ['standard', '0.21', '2025-08-01'],
      ['reduced', '0.09', '2020-01-01', '2025-08-01'],
      ['reduced', '0.11', '2025-08-01'],
      ['reduced_2', '0.05', '2020-01-01', '2025-08-01'],
    ],
  ],
  [
    'eu-sk',
    'Slovakia: Act 222/2004, § 27',
    [
      ['standard', '0.2', '2020-01-01', '2025-01-01'],
      ['standard', '0.23', '2025-01-01'],
      ['reduced', '0.1', '2020-01-01', '2025-01-01'],
      ['reduced', '0.19', '2025-01-01'],
      ['super_reduced', '0.05', '2025-01-01'],
    ],
  ],
  [
    'eu-si',
    'Slovenia: ZDDV-1, art. 41',
    [
      ['standard', '0.22'],
      ['reduced', '0.095'],
      ['super_reduced', '0.05'],
    ],
  ],
  [
    'eu-es',
    'Spain: Ley 37/1992, art. 90 and 91',
    [
      ['standard', '0.21'],
      ['reduced', '0.1'],
      ['super_reduced', '0.04'],
    ],
  ],
  [
    'eu-se',
    'Sweden: mervärdesskattelag (2023:200), ch. 9',
    [
      ['standard', '0.25'],
      ['reduced', '0.12'],
      ['super_reduced', '0.06'],
    ],
  ],
];

export const UNION_RATES: readonly RateRow[] = rowsOf(LAWS);
