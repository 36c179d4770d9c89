import { join } from 'node:path';
import { archivePeriod } from '../../../functions/archive-period/archive-period.ts';
import { reconcileChain } from '../../../functions/reconcile-chain/reconcile-chain.ts';
import { invoiceOne } from '../../../functions/run-invoices/run-invoices.ts';
import { sealLedger } from '../../../functions/seal-ledger/seal-ledger.ts';
import { signReceipts } from '../../../functions/sign-receipts/sign-receipts.ts';
import { ManualClock } from '../../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../../shared/adapters/local/entropy.ts';
import { type Instant, parseInstant } from '../../../shared/domain/time.ts';
import { parseUsageEvent } from '../../../shared/domain/usage/event.ts';
import { createLog } from '../../../shared/edge/log.ts';
import { openLocalPlatform } from '../../../shared/wiring/platform.ts';
import { ON_A_STANDING_CLOCK } from '../../../shared/wiring/suite.ts';
import { BATCH_EVENTS, batchBody, tenantName } from '../events.ts';
import { shown } from '../figures.ts';
import { inFolder } from '../peers/folder.ts';
import { accountOf, configOf } from '../suite/store.ts';

export interface EvidenceFigures {
  readonly receipts: number;
  /** the full deep pass over store, mirror and vault */
  readonly reconcileSeconds: number;
  readonly reconcileReceiptsPerSecond: number;
  /** an invoice's evidence, from the pages to the bundle in the vault */
  readonly archiveSeconds: number;
  readonly bundleBytes: number;
  readonly archiveMegabytesPerSecond: number;
  readonly archiveReceiptsPerSecond: number;
  readonly complaints: readonly string[];
}

const NOW = parseInstant('2026-03-01T12:00:00Z', 'bench');
const START = '2026-03-01T00:00:00Z';
const AFTER = parseInstant('2026-04-03T00:00:00Z', 'bench');

/** Reconciles and archives one organization's period of so many receipts; embedded store, one process. */
export async function evidenceCosts(receipts: number): Promise<EvidenceFigures> {
  return inFolder(async (folder) => {
    const clock = new ManualClock(NOW);
    const settings = { RSA_BITS: '2048', LOG_LEVEL: 'error' };
    const platform = await openLocalPlatform({
      config: { ...configOf({ folder: join(folder, 'store'), settings }), ...ON_A_STANDING_CLOCK },
      clock,
      entropy: new SystemEntropy(),
      log: createLog('error', clock),
      deliver: () => Promise.reject(new Error('nobody delivers here')),
    });
    try {
      const { tenant } = await platform.accounts.put(accountOf(tenantName(0), START), START as Instant);
      for (let batch = 0; batch * BATCH_EVENTS < receipts; batch++) {
        const items = JSON.parse(batchBody(0, batch, BATCH_EVENTS, NOW).toString('latin1')) as unknown[];
        await platform.usage.accept(
          tenant,
          items.map((item) => parseUsageEvent(item, tenant)),
          NOW,
        );
        if (batch % 2 === 1) await signReceipts(tenant, platform);
      }
      await signReceipts(tenant, platform);
      await sealLedger(platform);
      const [reconcileSeconds, { entries, faults }] = await timed(() => reconcileChain(true, platform));

      clock.set(AFTER);
      const { issued } = await invoiceOne(tenant, platform);
      await sealLedger(platform);
      const [archiveSeconds, archived] = await timed(() => archivePeriod(platform));
      const number = issued[0]?.number ?? '';
      const bundleBytes = Number((await platform.invoices.get(tenant, number))?.bundle_bytes ?? 0);
      const complaints = faults.map(({ kind, seq, detail }) => `evidence: ${kind} at ${seq}: ${detail}`);
      if (!archived.includes(number)) complaints.push('evidence: the invoice was not archived');
      return {
        ...{ receipts: entries, reconcileSeconds, archiveSeconds, bundleBytes, complaints },
        reconcileReceiptsPerSecond: entries / reconcileSeconds,
        archiveMegabytesPerSecond: bundleBytes / 1e6 / archiveSeconds,
        archiveReceiptsPerSecond: entries / archiveSeconds,
      };
    } finally {
      await platform.close();
    }
  });
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [seconds: number, result: T]> {
  const begun = performance.now();
  const result = await work();
  return [(performance.now() - begun) / 1000, result];
}

export const evidenceReport = (figures: EvidenceFigures): string[] => [
  `over ${shown(figures.receipts)} receipts of one organization: reconciled at ${shown(figures.reconcileReceiptsPerSecond)} receipts/s, ` +
    `archived at ${shown(figures.archiveMegabytesPerSecond, 1)} MB/s (${shown(figures.archiveReceiptsPerSecond)} receipts/s, a bundle of ${shown(figures.bundleBytes / 1e6, 1)} MB)`,
];
