import { Fraction, larger, sumOf } from './fraction.ts';
import type { OperationRun } from './inputs.ts';
import { unitsNeeded } from './nodes.ts';
import { bytesHeld, type Held, type Stored, storedPlaces } from './stored.ts';
import type { CostOf, Supposed } from './supposed.ts';

/** What a month is billed for. */
export interface Load {
  readonly customers: Fraction;
  /** of the month */
  readonly events: Fraction;
  readonly held: Held;
}

/** All that a bill is worked out from. */
export interface Model {
  readonly run: OperationRun;
  readonly cpuMicros: Fraction;
  readonly supposed: Supposed;
  readonly costOf: CostOf;
}

export const ITEMS = [
  'Spanner compute',
  'Spanner storage',
  'Spanner backups',
  'Firestore operations',
  'Firestore storage',
  'Firestore backups',
  'Vault storage',
  'Vault operations',
  'Cloud KMS',
  'Pub/Sub',
  'Functions kept warm',
  'Functions at work',
  'Edge and egress',
  'Logs',
  'Audit trail',
] as const;
export type Item = (typeof ITEMS)[number];
export type Bill = Readonly<Record<Item, Fraction>>;

export const DAYS_A_MONTH = new Fraction(365n, 12n);
export const SECONDS_A_DAY = Fraction.of(86_400);
const HOURS_A_MONTH = DAYS_A_MONTH.times(Fraction.of(24));
const SECONDS_A_MONTH = DAYS_A_MONTH.times(SECONDS_A_DAY);
const MILLION = Fraction.of(1_000_000);

export const totalOf = (bill: Bill): Fraction => sumOf(ITEMS.map((item) => bill[item]));

/** Autoclass lets an object that nobody reads cool at these ages, in days. */
const COOLING = [
  { price: 'storage_standard', from: 0, to: 30 },
  { price: 'storage_nearline', from: 30, to: 90 },
  { price: 'storage_coldline', from: 90, to: 365 },
  { price: 'storage_archive', from: 365, to: 36_500 },
] as const;

/** Processing units that one stack pays for, of its autoscaler's floor at least. */
export function unitsPaid(load: Load, { run, supposed }: Model): Fraction {
  const stacks = supposed('stacks');
  const rate = load.events.over(SECONDS_A_MONTH).over(stacks).times(supposed('paid_to_average'));
  const database = storedPlaces(run, supposed).filter(({ store }) => store === 'database');
  return larger(
    supposed('spanner_floor_units'),
    unitsNeeded(rate, bytesHeld(database, load.held).over(stacks), run, supposed),
  );
}

/** Instances' vCPU seconds that a number of events keeps busy: their CPU, or waiting for the stores where that is longer. */
export function busyVcpuSeconds(events: Fraction, { run, cpuMicros, supposed }: Model): Fraction {
  const forCpu = events.times(cpuMicros).over(MILLION).over(supposed('cpu_utilization'));
  const waits = supposed('request_seconds').over(supposed('request_concurrency'));
  return larger(forCpu, requestsOf(events, run).times(waits));
}

/** Requests to ingest, and pushes. */
const requestsOf = (events: Fraction, run: OperationRun): Fraction =>
  events.over(Fraction.of(run.batch)).plus(per(run.pubsub.deliveries, run).times(events));

const per = (count: number, { events }: OperationRun): Fraction => Fraction.of(count).over(Fraction.of(events));

/** Calls of an event that leave a line in the trail of data access. A snapshot is one of its reads. */
export const auditedCalls = (run: OperationRun): Fraction =>
  per(
    run.spanner.reads + run.spanner.transactions + run.spanner.commits + run.firestore.reads + run.firestore.writes,
    run,
  ).plus(per(run.kms.encrypts + run.kms.decrypts, run));

/** A month's bill, item by item. Nothing is rounded, and free quotas are left out: they are gone in the first hours. */
export function billOf(load: Load, model: Model): Bill {
  const { run, supposed, costOf } = model;
  const { events, held } = load;
  const stacks = supposed('stacks');
  const invoices = load.customers.times(supposed('invoices_per_customer_month'));
  const places = storedPlaces(run, supposed);
  const inStore = (store: Stored['store']): Stored[] => places.filter((place) => place.store === store);
  const database = bytesHeld(inStore('database'), held);
  const mirror = bytesHeld(inStore('mirror'), held);
  const of = (count: number): Fraction => per(count, run).times(events);
  const seals = supposed('seals_per_day').times(DAYS_A_MONTH).times(stacks);
  const ingests = events.over(Fraction.of(run.batch));
  const requests = requestsOf(events, run);
  const locations = stacks.times(supposed('locations'));
  const vcpuSeconds = busyVcpuSeconds(events, model);
  const writtenByInvoices = invoices.times(supposed('invoice_documents'));

  return {
    'Spanner compute': costOf(
      'spanner_node',
      unitsPaid(load, model).over(Fraction.of(1000)).times(stacks).times(HOURS_A_MONTH),
    ),
    'Spanner storage': costOf('spanner_storage', database),
    'Spanner backups': costOf('spanner_backup', backedUp(inStore('database'), database, load, supposed)),
    'Firestore operations': sumOf([
      costOf('firestore_read', of(run.firestore.reads)),
      costOf('firestore_write', of(run.firestore.writes).plus(writtenByInvoices)),
      // What is written goes once: pages with the hot window, summaries with their time.
      costOf('firestore_delete', of(run.firestore.deletes + run.firestore.writes)),
    ]),
    'Firestore storage': costOf('firestore_storage', mirror),
    'Firestore backups': costOf('firestore_backup', mirror.times(supposed('firestore_backups'))),
    'Vault storage': vaultStorage(inStore('vault'), load, model),
    // Seals, segments and bundles, not the counts of a short run: its objects belong to its minutes, not to its events.
    'Vault operations': sumOf([
      costOf(
        'storage_class_a',
        sumOf([
          seals.times(Fraction.of(2)),
          events.over(supposed('vault_object_receipts')),
          invoices.times(supposed('invoice_objects')),
        ]),
      ),
      // The weekly full pass opens every segment.
      costOf('storage_class_b', segmentsHeld(load, supposed).times(DAYS_A_MONTH).over(Fraction.of(7))),
      costOf('storage_autoclass', segmentsHeld(load, supposed)),
    ]),
    'Cloud KMS': sumOf([
      costOf('kms_hsm_rsa3072_version', supposed('signing_versions').times(stacks)),
      costOf('kms_hsm_aes_version', supposed('data_key_versions').times(stacks)),
      // Signatures belong to time and invoices, not to events.
      costOf('kms_hsm_rsa3072_operation', seals.plus(invoices.times(supposed('invoice_signs')))),
      costOf('kms_hsm_aes_operation', of(run.kms.encrypts + run.kms.decrypts)),
    ]),
    'Pub/Sub': costOf(
      'pubsub_throughput',
      larger(of(run.pubsub.bytes), leastBytes(of(run.pubsub.publishes))).plus(leastBytes(of(run.pubsub.deliveries))),
    ),
    'Functions kept warm': sumOf([
      costOf('run_idle_vcpu', supposed('warm_vcpus').times(locations).times(SECONDS_A_MONTH)),
      costOf('run_memory', supposed('warm_gib').times(locations).times(SECONDS_A_MONTH)),
    ]),
    'Functions at work': sumOf([
      costOf('run_vcpu', vcpuSeconds),
      costOf('run_memory', vcpuSeconds.times(supposed('request_gib'))),
      costOf('run_request', requests),
    ]),
    'Edge and egress': sumOf([
      costOf('balancer_rule', HOURS_A_MONTH.times(stacks)),
      costOf('balancer_data', events.times(supposed('event_wire_bytes').plus(supposed('answer_wire_bytes')))),
      costOf('armor_policy', stacks),
      costOf('armor_rule', supposed('waf_rules').times(stacks)),
      costOf('armor_request', ingests),
      costOf('egress', events.times(supposed('answer_wire_bytes'))),
    ]),
    Logs: costOf('logging', requests.times(supposed('request_log_bytes'))),
    'Audit trail': auditTrail(load, model),
  };
}

/** Pub/Sub bills 1,000 bytes where a request is smaller. */
const leastBytes = (requests: Fraction): Fraction => requests.times(Fraction.of(1000));

/** Full copies of the database, and what changes within the time of the incremental ones. */
function backedUp(places: readonly Stored[], database: Fraction, { events }: Load, supposed: Supposed): Fraction {
  const fulls = supposed('spanner_full_backups').plus(supposed('spanner_incremental_fulls'));
  const written = sumOf(places.map(({ bytes }) => bytes))
    .times(events)
    .over(DAYS_A_MONTH);
  return database.times(fulls).plus(written.times(supposed('spanner_incremental_days')));
}

function vaultStorage(places: readonly Stored[], { events, held }: Load, { costOf }: Model): Fraction {
  const cooling = sumOf(
    places
      .filter(({ what }) => what === 'evidence bundles')
      .flatMap(({ bytes, days }) =>
        COOLING.map(({ price, from, to }) => {
          const until = Fraction.of(to).isMoreThan(days) ? days : Fraction.of(to);
          const since = Fraction.of(from).isMoreThan(days) ? days : Fraction.of(from);
          return costOf(price, bytes.times(held(until).minus(held(since))));
        }),
      ),
  );
  // Read whole once a week by the full pass, so it never cools.
  const read = bytesHeld(
    places.filter(({ what }) => what !== 'evidence bundles'),
    held,
  );
  const written = sumOf(places.map(({ bytes }) => bytes)).times(events);
  return sumOf([cooling, costOf('storage_standard', read), costOf('storage_replication', written)]);
}

const segmentsHeld = ({ held }: Load, supposed: Supposed): Fraction =>
  held(supposed('ledger_years').times(Fraction.of(365))).over(supposed('vault_object_receipts'));

function auditTrail({ events, held }: Load, { run, supposed, costOf }: Model): Fraction {
  const bytesPerEvent = auditedCalls(run).times(supposed('audit_log_bytes'));
  const kept = held(supposed('audit_retention_months').times(DAYS_A_MONTH)).minus(held(Fraction.of(30)));
  return sumOf([
    costOf('logging', events.times(bytesPerEvent).times(supposed('audit_log_copies'))),
    costOf('logging_retention', kept.times(bytesPerEvent)),
  ]);
}

/** What an invoice causes by itself, beside the receipts that it sums up. */
export function ownCostOfInvoice({ supposed, costOf }: Model): Fraction {
  const commits = supposed('invoice_commits');
  const further = supposed('invoice_mutations').minus(commits).times(supposed('spanner_shared_row'));
  const nodeSeconds = commits
    .plus(further)
    .over(supposed('spanner_writes_per_node'))
    .over(supposed('spanner_cpu_target'));
  return sumOf([
    costOf('spanner_node', nodeSeconds.over(Fraction.of(3600))),
    costOf('firestore_write', supposed('invoice_documents')),
    costOf('storage_class_a', supposed('invoice_objects')),
    costOf('kms_hsm_rsa3072_operation', supposed('invoice_signs')),
  ]);
}
