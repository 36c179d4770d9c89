import { reconcileChain } from '../../../functions/reconcile-chain/reconcile-chain.ts';
import type { Sequence, TenantId } from '../../../shared/domain/ids.ts';
import type { Instant } from '../../../shared/domain/time.ts';
import { parseUsageEvent } from '../../../shared/domain/usage/event.ts';
import { keyHash, receiptId } from '../../../shared/domain/usage/identity.ts';
import type { Platform } from '../../../shared/wiring/platform.ts';
import { tenantName } from '../events.ts';
import { bodyOfRequest, type Sent } from '../load/plan.ts';
import { type BenchStore, withStore } from './store.ts';

export interface Audit {
  /** what was lost, doubled or wrong; empty when nothing was */
  readonly complaints: readonly string[];
  readonly charges: number;
  readonly entries: number;
  readonly seals: number;
  /** of events whose answer never came or was a refusal, how many are billed all the same (once each) */
  readonly billedUnacknowledged: number;
  /** the full deep pass: how long, and how much CPU of this process */
  readonly reconcileSeconds: number;
  readonly reconcileCpuSeconds: number;
}

/** The receipt ids that one organization's log may and must hold. */
export interface Expected {
  /** accepted: each has exactly one charge */
  readonly accepted: ReadonlySet<string>;
  /** not answered, or refused: each has one charge or none */
  readonly perhaps: ReadonlySet<string>;
}

const ENTRIES_AT_ONCE = 65_536;
/** Nobody reads more, and a broken run has as many as it has events. */
const COMPLAINTS_MAX = 100;

/**
 * Reads a store as an auditor would, with the suite stopped: everything sent has one receipt, all logs hold together, all copies
 * are there, and the last published seal covers every head.
 */
export async function auditStore(
  store: Pick<BenchStore, 'folder' | 'settings'>,
  sent: readonly Sent[],
): Promise<Audit> {
  return withStore(store, (platform) => auditPlatform(platform, sent));
}

export async function auditPlatform(platform: Platform, sent: readonly Sent[]): Promise<Audit> {
  const complaints: string[] = [];
  const complain = (complaint: string): void => {
    if (complaints.length < COMPLAINTS_MAX) complaints.push(complaint);
  };
  // Before the deep pass, which would mend what is missing.
  if (await platform.seals.isDue()) complain('the last published seal does not cover every head');
  const begun = performance.now();
  const cpu = process.cpuUsage();
  const { faults, healed, entries, seals } = await reconcileChain(true, platform);
  const { user, system } = process.cpuUsage(cpu);
  const reconcileSeconds = (performance.now() - begun) / 1000;
  for (const { tenant, kind, seq, detail } of faults) complain(`${tenant}: ${kind} at ${seq}: ${detail}`);
  for (const copy of healed) if (copy.includes('mirror')) complain(`a copy was missing: ${copy}`);
  let charges = 0;
  let billedUnacknowledged = 0;
  for (const index of tenantsOf(sent)) {
    const tenant = tenantName(index) as TenantId;
    const expected = expectedOf(index, sent);
    const found = await chargesOf(tenant, platform);
    charges += found.length;
    for (const complaint of compareCharges(tenant, expected, found)) complain(complaint);
    for (const id of found) if (expected.perhaps.has(id)) billedUnacknowledged++;
  }
  return {
    ...{ complaints, charges, entries, seals, billedUnacknowledged, reconcileSeconds },
    reconcileCpuSeconds: (user + system) / 1e6,
  };
}

/** Holds the charges of one log against what was sent. @returns complaints */
export function compareCharges(tenant: string, { accepted, perhaps }: Expected, found: readonly string[]): string[] {
  const complaints: string[] = [];
  const seen = new Set<string>();
  for (const id of found) {
    if (seen.has(id)) complaints.push(`${tenant}: event ${id} is billed twice`);
    else if (!accepted.has(id) && !perhaps.has(id)) complaints.push(`${tenant}: billed, but never sent: ${id}`);
    seen.add(id);
  }
  for (const id of accepted) if (!seen.has(id)) complaints.push(`${tenant}: accepted, but not billed: ${id}`);
  return complaints;
}

const tenantsOf = (sent: readonly Sent[]): number[] => [
  ...new Set(sent.flatMap(({ firstTenant, tenants }) => Array.from({ length: tenants }, (_, i) => firstTenant + i))),
];

/** Makes every event of an organization again, and with it the receipt ids that its log has to have. */
export function expectedOf(index: number, sent: readonly Sent[]): Expected {
  const accepted = new Set<string>();
  const perhaps = new Set<string>();
  const tenant = tenantName(index) as TenantId;
  for (const stream of sent) {
    const { firstTenant, tenants, requests, stamps, size } = stream;
    if (index < firstTenant || index >= firstTenant + tenants) continue;
    const uncertain = new Set([...stream.refused, ...stream.unanswered]);
    let stamp = 0;
    for (let request = index - firstTenant; request < requests; request += tenants) {
      while (stamp + 1 < stamps.length && stamps[stamp + 1]![0] <= request) stamp++;
      const body = bodyOfRequest(stream, request, stamps[stamp]![1] as Instant);
      const into = uncertain.has(request) ? perhaps : accepted;
      const items = JSON.parse(body.toString('latin1')) as unknown[];
      if (items.length !== size) throw new Error(`a request of ${size} events has ${items.length}`);
      for (const item of items) {
        const { source, key, time } = parseUsageEvent(item, tenant);
        into.add(receiptId(keyHash(tenant, source, key), time));
      }
    }
  }
  return { accepted, perhaps };
}

/** The event ids of all charges in a log, in its order. */
async function chargesOf(tenant: TenantId, { ledger }: Platform): Promise<string[]> {
  const size = (await ledger.head(tenant))?.size ?? 0;
  const found: string[] = [];
  for (let from = 0; from < size; from += ENTRIES_AT_ONCE) {
    const to = Math.min(size, from + ENTRIES_AT_ONCE);
    for (const text of await ledger.entries(tenant, from as Sequence, to as Sequence)) {
      // Only a charge names an event; the deep pass has read each entry strictly.
      const id = /"event_id":"([A-Za-z0-9_-]{43})"/.exec(text)?.[1];
      if (id !== undefined) found.push(id);
    }
  }
  return found;
}
