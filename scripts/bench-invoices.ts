import { Command, InvalidArgumentError } from 'commander';
import { shown } from './bench/figures.ts';
import { CELLS, closeOver, closeTogether, METERS } from './bench/parts/closing.ts';

const countOf = (text: string): number => {
  if (/^[1-9][0-9]{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('between 1 and 9,999,999.');
};

const { receipts, subscriptions } = new Command('bench-invoices')
  .description('Measures closing a period into an invoice of 1,000 lines, and many subscriptions that close at once.')
  .option('--receipts <count>', 'receipts below the long invoice', countOf, 1_000_000)
  .option('--subscriptions <count>', 'that close at once', countOf, 1000)
  .parse()
  .opts<{ receipts: number; subscriptions: number }>();

console.log('closing a period into an invoice of 1,000 lines; embedded store, one transaction with its durable commit');
console.log('  receipts   lines   made at receipts/s   close, ms');
const closes: number[] = [];
for (const count of [...new Set([Math.max(METERS * CELLS, Math.floor(receipts / 100)), receipts])]) {
  const { close, make, lines } = await closeOver(count);
  closes.push(close);
  console.log(
    `${shown(count).padStart(10)} ${shown(lines).padStart(7)} ${shown(count / make).padStart(20)} ${shown(close * 1000, 1).padStart(11)}`,
  );
}
console.log(
  `  from the fewest to the most receipts the close takes ${shown(closes.at(-1)! / closes[0]!, 2)} times as long`,
);

console.log(
  'subscriptions whose month ends at one instant: one scheduler call and its doorbells, until every invoice is issued',
);
console.log('  subscriptions   issued   seconds   invoices/s   peak RSS, MB');
for (const count of [...new Set([Math.max(1, Math.floor(subscriptions / 10)), subscriptions])]) {
  const { wall, peak, issued } = await closeTogether(count);
  console.log(
    `${shown(count).padStart(15)} ${shown(issued).padStart(8)} ${shown(wall, 2).padStart(9)} ${shown(issued / wall).padStart(12)} ${shown(peak / 1e6).padStart(14)}`,
  );
}
