/** A part of the domain whose mistakes must be found, and the tests that are to find them. */
export interface Part {
  readonly name: string;
  /** globs of the sources that are changed */
  readonly sources: readonly string[];
  /** globs of the test files that are run against each change; few, so that a change is judged in a fraction of a second */
  readonly tests: readonly string[];
}

const tests = (...names: string[]): string[] => names.map((name) => `test/domain/${name}.test.ts`);

/** What bills: amounts, rating, periods, invoices, and the ledger that proves them. */
export const PARTS: readonly Part[] = [
  {
    name: 'money',
    sources: ['shared/domain/decimals.ts', 'shared/domain/money/*.ts'],
    tests: tests('decimals', 'money', 'exchange'),
  },
  {
    name: 'rating',
    sources: ['shared/domain/pricing/*.ts', 'shared/domain/usage/meter.ts', 'shared/domain/usage/tally.ts'],
    tests: tests('pricing', 'price-refusals', 'price-models', 'pricing-laws', 'meter', 'metering', 'tally'),
  },
  {
    name: 'periods',
    sources: ['shared/domain/time.ts', 'shared/domain/subscription/*.ts'],
    tests: tests(
      ...['lifecycle', 'settlement', 'instant', 'fees', 'conversion', 'usage-windows', 'periods', 'account'],
    ),
  },
  {
    name: 'invoice',
    sources: ['shared/domain/invoice/*.ts', 'shared/domain/credit/*.ts'],
    tests: tests(
      ...['invoice', 'credit-notes', 'credit-note-taxes', 'discounts-credits', 'discount-terms', 'taxation'],
      ...['engine', 'replay', 'every-entry'],
    ),
  },
  {
    name: 'tree',
    sources: ['shared/domain/ledger/{tree,proof,seal,segment,genesis}.ts', 'shared/domain/canonical.ts'],
    tests: tests('tree', 'seals', 'canonical', 'proof'),
  },
  {
    name: 'pages',
    sources: ['shared/domain/ledger/page*.ts'],
    tests: tests('page', 'page-cells'),
  },
  {
    name: 'record',
    sources: ['shared/domain/ledger/{record,kinds,forms,faults}.ts'],
    tests: tests('forms', 'record', 'record-memory'),
  },
  {
    name: 'ledger',
    sources: [
      'shared/domain/ledger/{replay,scribe,books,carried,carried-money,carried-rows}.ts',
      'shared/domain/ledger/{bill-check,bill-rules,fee-rules,line-rules,money-books,money-moves}.ts',
    ],
    tests: tests('money-moves', 'line-rules', 'carried', 'broken-log', 'every-entry', 'fees', 'replay'),
  },
];
