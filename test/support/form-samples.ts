import type { Form } from '../../shared/domain/ledger/forms.ts';

/** Texts that are of a form and texts that look like it and are not, written down from `docs/receipt-format.md` 2.1. */
export interface FormSamples {
  readonly good: readonly [string, string, ...string[]];
  readonly bad: readonly string[];
}

const COUNTS = {
  good: ['0', '1', '7', '10', '256', '9007199254740991'],
  bad: [
    '05', '00', '-1', '-0', '+1', ' 1', '1 ', '1.0', '1e3', '0x10', '1_0', '9007199254740992', '9007199254740993',
    '9999999999999999', '90071992547409910', '18446744073709551616', '١', '1n',
  ],
} as const; // biome-ignore format: one row of texts reads better than a column

// 32 bytes of 0x00 and of 0xff, and SHA-256("") (FIPS 180-4: e3b0c442...).
const HASHES = {
  good: [
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '__________________________________________8',
    '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
  ],
  bad: [
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB', // spare bits
    '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV',
    '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU', // the other alphabet
    '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=', // padding
    '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuF', // 31.5 bytes
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', // 33 bytes
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', // hexadecimal
  ],
} as const;

const NAMES = {
  good: ['a', 'api-calls', 'sub_1', '0', 'v1.2', `n${'a'.repeat(63)}`],
  bad: ['-a', '_a', '.a', 'A', 'aB', 'a b', 'a/b', 'a@b', `n${'a'.repeat(64)}`, 'ä', '__proto__', 'a\u0301'],
} as const;

// Every printable ASCII character but `"` and `\\`: 93 of them.
const PRINTABLE = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at))
  .join('')
  .replace(/["\\]/g, '');
const [MARCH, APRIL] = ['2026-03-01T00:00:00.000000Z', '2026-04-01T00:00:00.000000Z'];

export const FORM_SAMPLES: Readonly<Record<Form, FormSamples>> = {
  delta: {
    good: ['0', '1', '-1', '0.000000000001', '-2.5', '-99999999999999999999.999999999999'],
    bad: ['', '-0', '+1', '01', '1.0', '.5', '1.', '1e3', '0.0000000000001', '-0.0', ' 1'],
  },
  'instant?': { good: ['', MARCH, APRIL], bad: [' ', '2026-03-01', '2026-02-30T00:00:00.000000Z', `${MARCH} `] },
  version: { good: ['1', '1'], bad: ['2', '0', '01', '1.0', 'v1'] },
  origin: {
    good: ['ledger.example.com/eu1/2026', 'a', 'a/b/c/d/e', `l${'a'.repeat(62)}`, `a/b${'c'.repeat(30)}`],
    bad: [
      'Ledger.example.com',
      '.a',
      'a//b',
      'a/',
      '/a',
      'a/b/c/d/e/f',
      `l${'a'.repeat(63)}`,
      `a/b${'c'.repeat(31)}`,
      'a_b',
      'a:1',
      'a/-b',
    ],
  },
  tenant: {
    good: ['acme', 'a-1', '0aa', `t${'e'.repeat(39)}`],
    bad: ['ac', `t${'e'.repeat(40)}`, '-acme', 'Acme', 'ac_me', 'ac.me', 'ac me', 'ac/me', 'аcme'],
  },
  name: NAMES,
  count: COUNTS,
  'count?': { good: ['', ...COUNTS.good], bad: COUNTS.bad },
  hash: HASHES,
  'hash?': { good: ['', ...HASHES.good], bad: HASHES.bad },
  blind: {
    good: ['AAAAAAAAAAAAAAAAAAAAAA', '_____________________w', 'AAECAwQFBgcICQoLDA0ODw'],
    bad: [
      'AAECAwQFBgcICQoLDA0ODx', // spare bits
      'AAECAwQFBgcICQoLDA0OD',
      'AAECAwQFBgcICQoLDA0ODwA',
      'AAECAwQFBgcICQoLDA0ODw==',
      '+++++++++++++++++++++w',
    ],
  },
  instant: {
    good: [MARCH!, '2024-02-29T23:59:59.999999Z', '0001-01-01T00:00:00.000000Z', '9999-12-31T23:59:59.999999Z'],
    bad: [
      '2026-02-30T00:00:00.000000Z',
      '2026-02-29T00:00:00.000000Z',
      '2026-03-01T24:00:00.000000Z',
      '2026-03-01T00:00:60.000000Z',
      '2026-03-01T00:00:00Z',
      '2026-03-01T00:00:00.000Z',
      '2026-03-01T00:00:00.000000000Z',
      '2026-03-01T00:00:00.000000+00:00',
      '2026-03-01t00:00:00.000000z',
      '0000-03-01T00:00:00.000000Z',
      '2026-03-01',
    ],
  },
  period: {
    good: [`${MARCH}/${APRIL}`, `${APRIL}/2026-05-01T00:00:00.000000Z`],
    bad: [
      `${APRIL}/${MARCH}`,
      `${MARCH}/${MARCH}`,
      `${MARCH}`,
      `${MARCH}/`,
      `${MARCH}/${APRIL}/${APRIL}`,
      `${MARCH}/P1M`,
      '2026-02-01T00:00:00.000000Z/2026-02-30T00:00:00.000000Z',
    ],
  },
  quantity: {
    good: ['0', '1.5', '12', '0.000000000001', `${'9'.repeat(47)}.${'9'.repeat(12)}`],
    bad: ['-1', '-0', '1.50', '1.0', '05', '.5', '5.', '1e3', '+1', ' 1', '0.0000000000001', '1'.repeat(61)],
  },
  amount: {
    good: ['0', '-1.5', '1.25', '0.000000000000000000000001', '-0.1', `-${'9'.repeat(79)}`],
    bad: [
      '-0',
      '-0.0',
      '1.50',
      '1.0',
      '05',
      '-05',
      '.5',
      '5.',
      '1e3',
      '+1',
      '--1',
      `0.${'0'.repeat(24)}1`,
      '1'.repeat(81),
    ],
  },
  minor: {
    good: ['0', '-5', '1235', '-1000', '9'.repeat(30)],
    bad: ['-0', '05', '1.0', '1e3', '+5', '--5', '-', '9'.repeat(31)],
  },
  positive: { good: ['1', '31', '10', '9'.repeat(30)], bad: ['0', '01', '-1', '1.0', '1e3', '9'.repeat(31)] },
  currency: { good: ['EUR', 'USD', 'JPY'], bad: ['eur', 'EU', 'EURO', 'E1R', '€'] },
  aggregation: {
    good: ['count', 'last', 'max', 'sum', 'unique_count'],
    bad: ['avg', 'Sum', 'sums', 'unique', 'unique_counts', 'weighted', 'toString'],
  },
  price_ref: {
    good: ['api-calls@1', 'a@999999999999999', 'a.b_c-d@10', `n${'a'.repeat(63)}@1`],
    bad: [
      `n${'a'.repeat(64)}@1`,
      'api-calls',
      'api-calls@',
      '@1',
      'api-calls@0',
      'api-calls@01',
      'a@1000000000000000',
      'a@1@2',
      'A@1',
      'a@-1',
    ],
  },
  text: {
    good: ['tallystick/0.1.0', ' ', '{}[],:', PRINTABLE, `~${'!'.repeat(99)}`],
    bad: [`~${'!'.repeat(100)}`, 'é', 'tab\there'],
  },
};

/** Characters that no value of any form may hold: those JSON escapes, and those that are no printable ASCII. */
export const FORBIDDEN = ['"', '\\', '\n', '\0', '\x1f', '\x7f', '\x80', 'é', '\u2028', '\ud800', '😀'] as const;
