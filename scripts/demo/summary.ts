import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { moneyText } from '../../shared/domain/money/money.ts';
import type { DemoResult } from './run.ts';

/** The figures for people. */
export function summaryOf(result: DemoResult): string {
  const rows: readonly (readonly [string, string | number])[] = [
    ['events sent', result.events_sent],
    ['  accepted', result.accepted],
    ['  duplicates', result.duplicates],
    ['  refused', result.refused],
    ['ledger entries', result.receipts],
    ['seals', result.seals],
    ['bundles verified', `${result.verified} of ${result.bundles.length}`],
    ['tampers caught', `${result.tampers_caught} of 5`],
    ['seconds', result.seconds],
  ];
  const invoices = result.invoices.map(({ number, tenant, currency, total }) => {
    const money = moneyText({ currency: parseCurrency(currency), minorUnits: BigInt(total) });
    return `  ${number}  ${tenant}  ${money.padStart(14)}`;
  });
  return [
    '',
    ...rows.map(([name, value]) => `${name.padEnd(18)}${String(value).padStart(12)}`),
    '',
    'invoices',
    ...invoices,
    '',
    ...(result.bundles[0] === undefined
      ? []
      : ['check one yourself:', `  npm run verify -- ${result.bundles[0].path} --pinned ${result.bundles[0].pinned}`]),
  ].join('\n');
}
