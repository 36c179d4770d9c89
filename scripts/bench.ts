import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { machine, machineReport, shown, tableOf } from './bench/figures.ts';
import { type Amounts, FULL, numberOf, PARTS, type Part, partsOf, SMALL, wholeOf } from './bench/options.ts';
import { closeOver, closeTogether } from './bench/parts/closing.ts';
import { evidenceCosts, evidenceReport } from './bench/parts/evidence.ts';
import { importReport, importTimes } from './bench/parts/imports.ts';
import { receiptCosts, receiptReport } from './bench/parts/receipts.ts';
import { singles, singlesReport } from './bench/parts/singles.ts';
import { throughput, throughputReport } from './bench/parts/throughput.ts';
import { inFolder } from './bench/peers/folder.ts';
import { exitOnSignals } from './bench/suite/children.ts';
import { type BenchStore, prepareStore } from './bench/suite/store.ts';
import { runErrand } from './support/errand.ts';

type Options = Partial<Amounts> & {
  readonly small?: true;
  readonly knee?: number;
  readonly pin?: number;
  readonly arrival: 'poisson' | 'constant';
  readonly json?: string;
};

const { small, knee, pin, arrival, json, ...given } = new Command('bench')
  .description(
    'Measures the suite end to end beside what others would build, in one run: throughput, latency, overload, and what receipts, invoices and evidence cost. Every event is audited; a complaint makes it exit 1.',
  )
  .option('--small', 'small amounts of everything, in less than a minute')
  .option('--only <parts>', `some of ${PARTS.join(', ')}`, partsOf)
  .option('--rounds <count>', 'in which all contestants take turns', wholeOf)
  .option('--tenants <count>', 'organizations that send usage', wholeOf)
  .option('--events <count>', 'events of a round', wholeOf)
  .option('--warmup <count>', 'events before its clock runs', wholeOf)
  .option('--signed-events <count>', 'events of a round of the peer that signs each one', wholeOf)
  .option('--connections <count>', 'that send batches', wholeOf)
  .option('--from <rate>', 'the first rate of single requests that is tried', numberOf)
  .option('--factor <factor>', 'by what the next ones grow', numberOf)
  .option('--step-seconds <seconds>', 'how long each is kept up', numberOf)
  .option('--bisections <count>', 'between the highest rate that held and the one that failed', wholeOf)
  .option('--second-chances <count>', 'how often a rate that failed is tried again', wholeOf)
  .option('--single-connections <count>', 'that send single requests', wholeOf)
  .option('--knee <rate>', 'the highest sustained rate, where it is known; else it is searched for', numberOf)
  .option('--latency-seconds <seconds>', 'at each share of the knee', numberOf)
  .option('--overload-seconds <seconds>', 'at three times the knee', numberOf)
  .addOption(
    new Option('--arrival <process>', 'of single requests').choices(['poisson', 'constant']).default('poisson'),
  )
  .option('--pin <core>', 'the one core that the load generator may use', wholeOf)
  .option('--seal-seconds <seconds>', 'between seals under batches; 0 seals as often as receipts come', wholeOf)
  .option('--single-seal-seconds <seconds>', 'between seals under single requests', wholeOf)
  .option('--receipts <count>', 'built and verified by themselves', wholeOf)
  .option('--invoice-receipts <count>', 'below the long invoice', wholeOf)
  .option('--subscriptions <count>', 'that close at one instant', wholeOf)
  .option('--evidence-receipts <count>', 'reconciled and archived', wholeOf)
  .option('--json <file>', 'where to write everything, rounds included')
  .parse()
  .opts<Options>();

const amounts: Amounts = { ...(small === true ? SMALL : FULL), ...given };
const does = (...parts: Part[]): boolean => parts.some((part) => amounts.only.includes(part));
const say = (line: string): void => console.error(`# ${line}`);

async function invoices() {
  const { invoiceReceipts, subscriptions } = amounts;
  // The fewest that fill each of the invoice's 1,000 lines, and a hundred times as many.
  const counts = [...new Set([Math.max(1000, Math.floor(invoiceReceipts / 100)), invoiceReceipts])];
  const closes = [];
  for (const receipts of counts) closes.push({ receipts, ...(await closeOver(receipts)) });
  const together = await closeTogether(subscriptions);
  return { closes, together: { ...together, perSecond: together.issued / together.wall } };
}

function invoicesReport({ closes, together }: Awaited<ReturnType<typeof invoices>>): string[] {
  return [
    'closing a period into an invoice of 1,000 lines (target under 50 ms, whatever the receipts)',
    ...tableOf(
      ['receipts', 'lines', 'made at receipts/s', 'close, ms'],
      closes.map(({ receipts, lines, make, close }) => [
        shown(receipts),
        shown(lines),
        shown(receipts / make),
        shown(close * 1000, 1),
      ]),
    ),
    `${shown(together.issued)} subscriptions that close at one instant: ${shown(together.perSecond)} invoices/s`,
  ];
}

exitOnSignals();
await runErrand(async () => {
  const begun = performance.now();
  const figures: Record<string, unknown> = {
    date: new Date().toISOString(),
    machine: machine(),
    amounts,
    arrival,
    pin,
  };
  console.log(`${machineReport(machine())}\n`);
  const complaints: string[] = [];
  /** Keeps a part's figures and says them at once: a long run that is interrupted has said what it knew. */
  const keep = <T>(name: string, result: T, report: readonly string[]): void => {
    figures[name] = result;
    for (const line of report) console.log(line);
    console.log('');
  };

  async function endToEnd(folder: string): Promise<void> {
    const made = await prepareStore(join(folder, 'template'), amounts.tenants, {});
    const sealing = (seconds: number): BenchStore => ({
      ...made,
      settings: { ...made.settings, SEAL_INTERVAL_SECONDS: String(seconds) },
    });
    if (does('throughput')) {
      const sizes = { ...amounts, pin };
      const template = sealing(amounts.sealSeconds);
      const result = await throughput({ sizes, rounds: amounts.rounds, template, say });
      keep('throughput', result, throughputReport(result));
      complaints.push(...result.complaints);
    }
    if (does('singles', 'overload', 'noisy')) {
      const parts = { latency: does('singles'), overload: does('overload'), noisy: does('noisy') };
      const { singleConnections: connections } = amounts;
      const template = sealing(amounts.singleSealSeconds);
      const result = await singles({ ...amounts, template, connections, arrival, pin, knee, parts, say });
      keep('singles', result, singlesReport(result));
      complaints.push(...result.audit.complaints.map((complaint) => `singles: ${complaint}`));
    }
  }

  if (does('throughput', 'singles', 'overload', 'noisy')) await inFolder(endToEnd);
  if (does('verify')) {
    const result = receiptCosts(amounts.receipts, amounts.rounds);
    keep('receipts', result, receiptReport(result));
  }
  if (does('invoices')) {
    const result = await invoices();
    keep('invoices', result, invoicesReport(result));
  }
  if (does('reconcile')) {
    const result = await evidenceCosts(amounts.evidenceReceipts);
    keep('evidence', result, evidenceReport(result));
    complaints.push(...result.complaints);
  }
  if (does('imports')) {
    const result = await importTimes();
    keep('imports', result, importReport(result));
  }

  const seconds = (performance.now() - begun) / 1000;
  console.log(`${complaints.length} complaints after ${shown(seconds)} s`);
  for (const complaint of complaints.slice(0, 50)) console.log(`  ${complaint}`);
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ ...figures, complaints, seconds }, null, 2)}\n`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
});
