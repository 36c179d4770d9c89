import { instantOfMicros, microsOf } from '../../shared/domain/time.ts';
import type { Scenario } from './scenario.ts';
import { BEGIN, SECOND } from './sizes.ts';

/**
 * The story of the exhaustive passes: three events, one of them sent twice, a period that closes, its invoice, its evidence.
 * One instance of each function; whoever waited longest goes on, so that the failures alone decide what happens.
 */
export function canonicalScenario(): Scenario {
  const time = instantOfMicros(microsOf(BEGIN));
  const event = (index: number, quantity: number) => ({
    ...{ tenant: 'acme', key: `key-${index}`, quantity },
    day: time.slice(0, 10),
  });
  const [first, second, third] = [event(0, 5), event(1, 7), event(2, 9)];
  return {
    seed: 1,
    lane: 'A',
    limits: 'tight',
    size: 'small',
    order: 'uniform',
    changesWithin: 0,
    form: 'keyed',
    begin: BEGIN,
    tenants: ['acme'],
    hasCredit: false,
    sendings: [
      { at: SECOND, events: [first, second], time },
      { at: 2 * SECOND, events: [first], time },
      { at: 3 * SECOND, events: [third], time },
    ],
    jobs: [{ at: 31 * SECOND, job: 'run-invoices' }],
    upsets: [],
    instances: {
      ...{ ingest: 1, 'sign-receipts': 1, 'seal-ledger': 1 },
      ...{ 'archive-period': 1, 'run-invoices': 1, 'reconcile-chain': 1 },
    },
    faultsPerMille: 0,
    focus: undefined,
    crashesPerMille: 0,
    pace: 1000,
    skewMicros: 0,
    delayMicros: 0,
    deliveriesMax: 5,
    // One seal over the receipts, one over the close.
    sealIntervalSeconds: 10,
    isSecondDayClosed: false,
    isEvidenceVerified: true,
    isReconciled: false,
    troubledSeconds: 55,
    steps: 900,
  };
}
