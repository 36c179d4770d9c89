import { type Law, type RateRow, rowsOf } from './row.ts';

/** GST, HST, QST and PST of Canada; state sales taxes of the US. Alaska, Delaware, Montana, New Hampshire and Oregon levy none. A `saas` row of 0: the state does not tax it. */
const LAWS: readonly Law[] = [
  [
    'ca',
    'Canada: Excise Tax Act, s. 165(1) (GST)',
    [
      ['standard', '0.05'],
      ['zero', '0'],
    ],
  ],
  [
    'ca-on',
    'Ontario: Excise Tax Act, s. 165(2) (HST)',
    [
      ['standard', '0.13'],
      ['zero', '0'],
    ],
  ],
  [
    'ca-nb',
    'New Brunswick: Excise Tax Act, s. 165(2) (HST)',
    [
      ['standard', '0.15'],
      ['zero', '0'],
    ],
  ],
  [
    'ca-nl',
    'Newfoundland and Labrador: Excise Tax Act, s. 165(2) (HST)',
    [
      ['standard', '0.15'],
      ['zero', '0'],
    ],
  ],
  [
    'ca-pe',
    'Prince Edward Island: Excise Tax Act, s. 165(2) (HST)',
    [
      ['standard', '0.15'],
      ['zero', '0'],
    ],
  ],
  [
    'ca-ns',
    'Nova Scotia: Excise Tax Act, s. 165(2) (HST)',
    [
      ['standard', '0.15', '2020-01-01', '2025-04-01'],
      ['standard', '0.14', '2025-04-01'],
      ['zero', '0'],
    ],
  ],
  [
    'ca-qc',
    'Québec: Act respecting the Québec sales tax, s. 16 (QST)',
    [
      ['standard', '0.09975'],
      ['zero', '0'],
    ],
  ],
  ['ca-bc', 'British Columbia: Provincial Sales Tax Act, s. 34 (PST)', [['standard', '0.07']]],
  ['ca-mb', 'Manitoba: The Retail Sales Tax Act, s. 2 (RST)', [['standard', '0.07']]],
  ['ca-sk', 'Saskatchewan: The Provincial Sales Tax Act, s. 5 (PST)', [['standard', '0.06']]],
  ['us-al', 'Ala. Code § 40-23-2', [['standard', '0.04']]],
  [
    'us-ar',
    'Ark. Code § 26-52-301 ff.',
    [
      ['standard', '0.065'],
      ['saas', '0'],
    ],
  ],
  ['us-az', 'A.R.S. § 42-5010', [['standard', '0.056']]],
  [
    'us-ca',
    'Cal. Rev. & Tax. Code § 6051 ff. (with the uniform local rate)',
    [
      ['standard', '0.0725'],
      ['saas', '0'],
    ],
  ],
  [
    'us-co',
    'C.R.S. § 39-26-106',
    [
      ['standard', '0.029'],
      ['saas', '0'],
    ],
  ],
  ['us-ct', 'Conn. Gen. Stat. § 12-408', [['standard', '0.0635']]],
  [
    'us-fl',
    'Fla. Stat. § 212.05',
    [
      ['standard', '0.06'],
      ['saas', '0'],
    ],
  ],
  [
    'us-ga',
    'O.C.G.A. § 48-8-30',
    [
      ['standard', '0.04'],
      ['saas', '0'],
    ],
  ],
  ['us-hi', 'HRS § 237-13 (general excise tax)', [['standard', '0.04']]],
  ['us-ia', 'Iowa Code § 423.2', [['standard', '0.06']]],
  [
    'us-id',
    'Idaho Code § 63-3619',
    [
      ['standard', '0.06'],
      ['saas', '0'],
    ],
  ],
  [
    'us-il',
    '35 ILCS 120/2-10',
    [
      ['standard', '0.0625'],
      ['saas', '0'],
    ],
  ],
  [
    'us-in',
    'Ind. Code § 6-2.5-2-2',
    [
      ['standard', '0.07'],
      ['saas', '0'],
    ],
  ],
  [
    'us-ks',
    'K.S.A. § 79-3603',
    [
      ['standard', '0.065'],
      ['saas', '0'],
    ],
  ],
  ['us-ky', 'KRS § 139.200', [['standard', '0.06']]],
  ['us-ma', 'M.G.L. c. 64H, § 2', [['standard', '0.0625']]],
  ['us-md', 'Md. Code, Tax-Gen. § 11-104', [['standard', '0.06']]],
  [
    'us-me',
    '36 M.R.S. § 1811',
    [
      ['standard', '0.055'],
      ['saas', '0'],
    ],
  ],
  [
    'us-mi',
    'MCL § 205.52',
    [
      ['standard', '0.06'],
      ['saas', '0'],
    ],
  ],
  [
    'us-mn',
    'Minn. Stat. § 297A.62',
    [
      ['standard', '0.06875'],
      ['saas', '0'],
    ],
  ],
  [
    'us-mo',
    'Mo. Rev. Stat. § 144.020 with the constitution’s additional rates',
    [
      ['standard', '0.04225'],
      ['saas', '0'],
    ],
  ],
  ['us-ms', 'Miss. Code § 27-65-17', [['standard', '0.07']]],
  [
    'us-nc',
    'N.C.G.S. § 105-164.4',
    [
      ['standard', '0.0475'],
      ['saas', '0'],
    ],
  ],
  [
    'us-nd',
    'N.D.C.C. § 57-39.2-02.1',
    [
      ['standard', '0.05'],
      ['saas', '0'],
    ],
  ],
  [
    'us-ne',
    'Neb. Rev. Stat. § 77-2701.02',
    [
      ['standard', '0.055'],
      ['saas', '0'],
    ],
  ],
  [
    'us-nj',
    'N.J.S.A. § 54:32B-3',
    [
      ['standard', '0.06625'],
      ['saas', '0'],
    ],
  ],
  [
    'us-nv',
    'NRS ch. 372, 374 and 377 (with the statewide local rates)',
    [
      ['standard', '0.0685'],
      ['saas', '0'],
    ],
  ],
  ['us-ny', 'N.Y. Tax Law § 1105', [['standard', '0.04']]],
  ['us-oh', 'Ohio Rev. Code § 5739.02', [['standard', '0.0575']]],
  [
    'us-ok',
    '68 O.S. § 1354',
    [
      ['standard', '0.045'],
      ['saas', '0'],
    ],
  ],
  ['us-pa', '72 P.S. § 7202', [['standard', '0.06']]],
  ['us-ri', 'R.I. Gen. Laws § 44-18-18', [['standard', '0.07']]],
  ['us-sc', 'S.C. Code § 12-36-910 and 12-36-1110', [['standard', '0.06']]],
  ['us-tn', 'Tenn. Code § 67-6-202', [['standard', '0.07']]],
  [
    'us-tx',
    'Tex. Tax Code § 151.051, and § 151.351: a fifth of data processing is exempt',
    [
      ['standard', '0.0625'],
      ['saas', '0.05'],
    ],
  ],
  ['us-ut', 'Utah Code § 59-12-103', [['standard', '0.0485']]],
  [
    'us-va',
    'Va. Code § 58.1-603',
    [
      ['standard', '0.043'],
      ['saas', '0'],
    ],
  ],
  ['us-vt', '32 V.S.A. § 9771', [['standard', '0.06']]],
  ['us-wa', 'RCW § 82.08.020', [['standard', '0.065']]],
  [
    'us-wi',
    'Wis. Stat. § 77.52',
    [
      ['standard', '0.05'],
      ['saas', '0'],
    ],
  ],
  ['us-wv', 'W. Va. Code § 11-15-3', [['standard', '0.06']]],
  [
    'us-wy',
    'Wyo. Stat. § 39-15-104',
    [
      ['standard', '0.04'],
      ['saas', '0'],
    ],
  ],
  [
    'us-la',
    'La. R.S. 47:302 and 47:321.1, Act 11 of 2024',
    [
      ['standard', '0.0445', '2020-01-01', '2025-01-01'],
      ['standard', '0.05', '2025-01-01'],
    ],
  ],
  [
    'us-nm',
    'N.M. Stat. § 7-9-4',
    [
      ['standard', '0.05125', '2020-01-01', '2022-07-01'],
      ['standard', '0.05', '2022-07-01', '2023-07-01'],
      ['standard', '0.04875', '2023-07-01'],
    ],
  ],
  [
    'us-sd',
    'SDCL § 10-45-2 and HB 1137 of 2023',
    [
      ['standard', '0.045', '2020-01-01', '2023-07-01'],
      ['standard', '0.042', '2023-07-01', '2027-07-01'],
      ['standard', '0.045', '2027-07-01'],
    ],
  ],
];

export const AMERICAN_RATES: readonly RateRow[] = rowsOf(LAWS);
