import { reconcileChain } from '../../functions/reconcile-chain/reconcile-chain.ts';
import type { Verdict } from '../../shared/domain/evidence/claims.ts';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import type { Config } from '../../shared/edge/config.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Platform } from '../../shared/wiring/platform.ts';
import { withLocalStore } from '../support/store.ts';
import type { Client } from './client.ts';
import { TENANTS } from './store.ts';

/** What a store holds, and what is wrong with it. */
export interface Audit {
  readonly sent: number;
  /** distinct events that the suite answered `accepted` or `duplicate` */
  readonly acknowledged: number;
  readonly billed: number;
  readonly invoices: number;
  readonly bundlesVerified: number;
  readonly seals: number;
  /** what was lost, doubled or wrong; empty when nothing was */
  readonly complaints: readonly string[];
}

/** Reads the store as an auditor would: every entry, every sum, every bundle. */
export const auditStore = (config: Config, client: Client, clock?: Clock): Promise<Audit> =>
  withLocalStore(config, (platform) => auditPlatform(config, client, platform), clock);

async function auditPlatform(config: Config, client: Client, platform: Platform): Promise<Audit> {
  const complaints: string[] = [...client.complaints];
  const { faults } = await reconcileChain(true, platform);
  for (const fault of faults) complaints.push(`${fault.tenant}: ${fault.kind} at ${fault.seq}: ${fault.detail}`);
  const jwks = await platform.keys.keyset();
  const numbers: string[] = [];
  let billed = 0;
  let bundlesVerified = 0;
  for (const tenant of TENANTS) {
    billed += await auditLog(tenant, client, platform, complaints);
    const pinned = await readPinned({ ledger: config.ledgerOrigin, tenant, jwks });
    for (const invoice of await platform.invoices.list(tenant, 100)) {
      numbers.push(invoice.number);
      const bundle = invoice.bundle_name === null ? undefined : await platform.vault.read(invoice.bundle_name);
      const verdict = bundle === undefined ? undefined : await verifyBundle(Buffer.from(bundle), pinned);
      if (verdict?.verdict === 'verified') bundlesVerified++;
      else complaints.push(`${tenant}: evidence of ${invoice.number} is ${wordsOf(verdict)}`);
    }
  }
  const counted = numbers.map((number) => Number(number.split('-').at(-1))).sort((a, b) => a - b);
  if (counted.some((number, i) => number !== i + 1))
    complaints.push(`invoice numbers have a gap: ${counted.join(' ')}`);
  const { size: seals } = await platform.seals.latest();
  const { sent, acknowledged } = client;
  return {
    sent,
    acknowledged: acknowledged.size,
    billed,
    invoices: numbers.length,
    bundlesVerified,
    seals,
    complaints,
  };
}

const wordsOf = (verdict: Verdict | undefined): string =>
  verdict === undefined
    ? 'missing'
    : `${verdict.verdict}: ${verdict.claims.flatMap(({ claim, result, detail }) => (result === 'fail' ? `${claim}: ${detail}` : [])).join('; ')}`;

/** One organization's log beside what it was told. @returns how many events it bills */
async function auditLog(tenant: TenantId, client: Client, { ledger }: Platform, complaints: string[]): Promise<number> {
  const head = await ledger.head(tenant);
  const ids = new Set<string>();
  const closed = new Set<string>();
  let billed = 0;
  let next = 0;
  let recordedAt = '';
  for (const text of await ledger.entries(tenant, 0, head?.size ?? 0)) {
    const entry = readEntry(text);
    if (entry.seq !== String(next++)) complaints.push(`${tenant}: entry ${entry.seq} stands at ${next - 1}`);
    if (entry.recorded_at < recordedAt)
      complaints.push(`${tenant}: entry ${entry.seq} is recorded before the one before`);
    recordedAt = entry.recorded_at;
    if (entry.typ === 'close') {
      const period = `${entry.subscription} ${entry.period}`;
      if (closed.has(period)) complaints.push(`${tenant}: ${period} is closed twice`);
      closed.add(period);
    }
    if (entry.typ !== 'charge') continue;
    billed++;
    if (ids.has(entry.event_id)) complaints.push(`${tenant}: event ${entry.event_id} is billed twice`);
    ids.add(entry.event_id);
    if (!client.acknowledged.has(entry.event_id))
      complaints.push(`${tenant}: billed, but never sent: ${entry.event_id}`);
  }
  const mine = [...client.acknowledged].filter(([, event]) => event.tenant === tenant);
  for (const [id] of mine) if (!ids.has(id)) complaints.push(`${tenant}: acknowledged, but not billed: ${id}`);
  const units = mine.reduce((sum, [, { quantity }]) => sum + quantity, 0);
  const metered = (await ledger.usage(tenant)).reduce((sum, { value }) => sum + Number(value), 0);
  if (units !== metered) complaints.push(`${tenant}: ${units} units acknowledged, ${metered} metered`);
  return billed;
}
