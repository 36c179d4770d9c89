import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { chartOf } from './capacity/chart.ts';
import { isAsPrinted, writePrinted } from './capacity/document.ts';
import { Fraction } from './capacity/fraction.ts';
import { InputWrong, readAssumptions, readCpuMicros, readOperations, readPrices } from './capacity/inputs.ts';
import { report } from './capacity/report.ts';
import { textOf } from './capacity/text.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENT = `${PROJECT}docs/capacity.md`;
const PICTURE = `${PROJECT}docs/pictures/capacity.svg`;

const microsOf = (text: string): Fraction => {
  if (/^[0-9]+(?:\.[0-9]+)?$/.test(text) && /[1-9]/.test(text)) return Fraction.of(text);
  throw new InvalidArgumentError('a number of microseconds above zero.');
};
const collected = (value: string, before: string[]): string[] => [...before, value];

const options = new Command('capacity')
  .description(
    'Works out from measured operations, CPU time and list prices what events, invoices and customers cost, what milestones and a peak day need, when to scale and when it pays. Exit 0 done, 1 the document says something else (--check), 2 an input is missing or wrong.',
  )
  .option('--operations <file>', 'measured operations per batch size', `${PROJECT}docs/measurements/operations.json`)
  .option('--throughput <file>', 'measured CPU per event', `${PROJECT}docs/measurements/bench.json`)
  .option('--cpu-micros <microseconds>', 'CPU per event, in place of the measured', microsOf)
  .option('--prices <file>', 'other list prices than scripts/capacity/prices.json')
  .option('--assumptions <file>', 'what is to be otherwise than in scripts/capacity/assumptions.json')
  .option('--set <name=value>', 'one assumption otherwise; may be repeated', collected, [])
  .option('--json <file>', 'where to write everything, amounts as decimals')
  .option('--svg <file>', 'where to draw the cost by batch size')
  .option('--check', 'compare docs/capacity.md with what is printed')
  .option('--write', 'put what is printed into docs/capacity.md')
  .option('--renew', 'the same, and draw docs/pictures/capacity.svg')
  .parse()
  .opts<{
    operations: string;
    throughput: string;
    cpuMicros?: Fraction;
    prices?: string;
    assumptions?: string;
    set: string[];
    json?: string;
    svg?: string;
    check?: true;
    write?: true;
    renew?: true;
  }>();

function run(): void {
  const cpuMicros = options.cpuMicros ?? readCpuMicros(options.throughput);
  const prices = readPrices(options.prices);
  const assumptions = readAssumptions(options.assumptions, options.set);
  const result = report({ measured: readOperations(options.operations), cpuMicros, prices, assumptions });
  const named = (file: string): string => relative(PROJECT, file);
  const by = options.cpuMicros === undefined ? `of ${named(options.throughput)}` : 'as told';
  const from = `Operations of ${named(options.operations)}; CPU per event ${by}: ${cpuMicros.toDecimal(2)} microseconds.`;
  const text = textOf(result, { assumptions, prices, from });

  console.log(text);
  if (options.json !== undefined) {
    const decimals = (_: string, value: unknown): unknown => {
      if (value instanceof Fraction) return value.toDecimal(6);
      return typeof value === 'bigint' ? String(value) : value;
    };
    writeFileSync(options.json, `${JSON.stringify({ from, ...result, assumptions, prices }, decimals, 2)}\n`);
  }
  if (options.svg !== undefined) writeFileSync(options.svg, chartOf(result));
  if (options.renew) writeFileSync(PICTURE, chartOf(result));
  if (options.write || options.renew) writePrinted(DOCUMENT, text);
  if (options.check && !isAsPrinted(DOCUMENT, text)) {
    console.error('docs/capacity.md says something else; `--write` in place of `--check` renews it');
    process.exitCode = 1;
  }
}

try {
  run();
} catch (error) {
  if (!(error instanceof InputWrong)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
