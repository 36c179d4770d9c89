import { archivePeriod } from '../../functions/archive-period/archive-period.ts';
import { ingest } from '../../functions/ingest/ingest.ts';
import { reconcileChain } from '../../functions/reconcile-chain/reconcile-chain.ts';
import { sweep } from '../../functions/reconcile-chain/sweep.ts';
import { invoiceOne, runInvoices } from '../../functions/run-invoices/run-invoices.ts';
import { sealLedger } from '../../functions/seal-ledger/seal-ledger.ts';
import { onUsageAccepted } from '../../functions/sign-receipts/handler.ts';
import { parseTenantId, type TenantId } from '../../shared/domain/ids.ts';
import { parsePush, pushBody } from '../../shared/edge/pubsub.ts';
import type { Delivery } from '../../shared/ports/bus.ts';
import type { Outcome } from '../../shared/stores/usage-store.ts';
import { assemble } from '../../shared/wiring/platform.ts';
import type { Base, Ports } from '../../shared/wiring/ports.ts';

/** What runs in instances of its own. */
export const FUNCTIONS = [
  'ingest',
  'sign-receipts',
  'seal-ledger',
  'archive-period',
  'run-invoices',
  'reconcile-chain',
] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** Whom the scheduler calls. */
export type Job = 'sweep' | 'deep' | 'full' | 'run-invoices' | 'seal';

/** A warm instance: what of the function's code is there to be called. */
export interface Warm {
  readonly send?: (tenant: TenantId, events: readonly unknown[]) => Promise<Outcome[]>;
  readonly hear?: (delivery: Delivery) => Promise<unknown>;
  readonly jobs?: Partial<Record<Job, () => Promise<unknown>>>;
}

/** Bus and scheduler are who they say they are; credentials are tried elsewhere. */
const callers = async (): Promise<void> => undefined;

/** Starts an instance as the function's `index.ts` does: with the ports that it names, and no others. */
export const STARTS: Readonly<Record<FunctionName, (base: Base, ports: Ports) => Promise<Warm>>> = {
  ingest: async (base, { database, bus, wrapper }) => {
    const room = await assemble(base, { database, bus, wrapper }, callers);
    return { send: (tenant, events) => ingest(tenant, events, room) };
  },
  'sign-receipts': async (base, { database, bus, mirror, projections, wrapper }) => {
    const room = await assemble(base, { database, bus, mirror, projections, wrapper }, callers);
    return { hear: (delivery) => onUsageAccepted(parsePush(JSON.parse(pushBody(delivery))), room) };
  },
  'seal-ledger': async (base, { database, bus, signer, vault }) => {
    const room = await assemble(base, { database, bus, signer, vault }, callers);
    return { hear: () => sealLedger(room), jobs: { seal: () => sealLedger(room) } };
  },
  'archive-period': async (base, { database, projections, signer, vault }) => {
    const room = await assemble(base, { database, projections, signer, vault }, callers);
    return {
      hear: ({ attributes: { tenant, number } }) =>
        archivePeriod(room, tenant === undefined || number === undefined ? undefined : { tenant, number }),
    };
  },
  'run-invoices': async (base, { database, bus, mirror, projections, wrapper }) => {
    const room = await assemble(base, { database, bus, mirror, projections, wrapper }, callers);
    return {
      hear: ({ attributes }) => invoiceOne(parseTenantId(attributes['tenant']), room),
      jobs: { 'run-invoices': () => runInvoices(room) },
    };
  },
  'reconcile-chain': async (base, ports) => {
    // Whoever goes next is picked at ports alone.
    const room = await assemble({ ...base, nextTurn: () => Promise.resolve() }, ports, callers);
    return {
      jobs: {
        sweep: () => sweep(room),
        deep: () => reconcileChain(false, room),
        full: () => reconcileChain(true, room),
      },
    };
  },
};

/** Which function a subscription's messages go to. */
export const HEARER: Readonly<Record<string, FunctionName>> = {
  'sign-receipts': 'sign-receipts',
  'seal-ledger': 'seal-ledger',
  'archive-period': 'archive-period',
  'archive-period-invoiced': 'archive-period',
  'run-invoices': 'run-invoices',
};

/** Whom a job is asked of. */
export const DOER: Readonly<Record<Job, FunctionName>> = {
  sweep: 'reconcile-chain',
  deep: 'reconcile-chain',
  full: 'reconcile-chain',
  'run-invoices': 'run-invoices',
  seal: 'seal-ledger',
};
