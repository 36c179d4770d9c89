import type { Operations } from '../bench/operations/counts.ts';
import { chainsOf } from './backups.ts';
import { Fraction, larger, lesser, sumOf } from './fraction.ts';
import type { Measured, OperationRun } from './inputs.ts';
import { unitsNeeded } from './nodes.ts';
import { inAllStacks, type Pass, passCost, sealedBytes } from './passes.ts';
import { bytesHeld, bytesInForce, type Held, SEALED, type Stored, storedPlaces } from './stored.ts';
import type { CostOf, Supposed } from './supposed.ts';
import { tailAsked } from './tail.ts';

/** What a month is billed for. */
export interface Load {
  readonly customers: Fraction;
  /** of the month */
  readonly events: Fraction;
  readonly held: Held;
  /** days since the first seal */
  readonly age: Fraction;
}

/** All that a bill is worked out from. */
export interface Model {
  readonly run: OperationRun;
  readonly measured: Measured;
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
  { class: 'standard', from: 0, to: 30 },
  { class: 'nearline', from: 30, to: 90 },
  { class: 'coldline', from: 90, to: 365 },
  { class: 'archive', from: 365, to: 36_500 },
] as const;

/** Days during which seals have come, of those that count. */
const daysOf = ({ age }: Load, most: Fraction): Fraction => lesser(age, most);
const ledgerDays = (supposed: Supposed): Fraction => supposed('ledger_years').times(Fraction.of(365));

/** What seals have left in the vault by now, over all stacks. */
function sealsInVault(load: Load, { measured, supposed }: Model): Fraction {
  const each = inAllStacks(sealedBytes(measured, 'storage', SEALED.storage), supposed('stacks'), load.customers);
  return each.times(supposed('seals_per_day')).times(daysOf(load, ledgerDays(supposed)));
}

/**
 * And in the databases: records and signatures for ever, heads of all customers until they leave the hot window, those of anchors
 * for ever.
 * @param versions days for which what is gone counts all the same
 */
export function sealsInDatabase(load: Load, { measured, supposed }: Model, versions: Fraction): Fraction {
  const { fixed, perCustomer } = sealedBytes(measured, 'spanner', SEALED.spanner);
  const days = daysOf(load, ledgerDays(supposed));
  const hot = daysOf(load, supposed('hot_window_days').plus(versions));
  const heads = supposed('seals_per_day')
    .times(hot)
    .plus(supposed('anchors_per_day').times(days.minus(hot)));
  return sumOf([
    fixed.times(supposed('stacks')).times(supposed('seals_per_day')).times(days),
    perCustomer.times(load.customers).times(heads),
  ]);
}

const databasePlaces = ({ run, supposed }: Model): Stored[] =>
  storedPlaces(run, supposed).filter(({ store }) => store === 'database');

/** All that lies in the databases, what is kept as versions included. */
export const databaseBytes = (load: Load, model: Model): Fraction =>
  bytesHeld(databasePlaces(model), load.held).plus(sealsInDatabase(load, model, model.supposed('version_days')));

/** Processing units that one stack pays for, of its autoscaler's floor at least. */
export function unitsPaid(load: Load, model: Model): Fraction {
  const { run, supposed } = model;
  const stacks = supposed('stacks');
  const rate = load.events.over(SECONDS_A_MONTH).over(stacks).times(supposed('paid_to_average'));
  return larger(
    supposed('spanner_floor_units'),
    unitsNeeded(rate, databaseBytes(load, model).over(stacks), run, supposed),
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
  events.over(Fraction.of(run.batch)).plus(per(run.phases.usage.pubsub.deliveries, run).times(events));

const per = (count: number, { events }: OperationRun): Fraction => Fraction.of(count).over(Fraction.of(events));

/** Calls that leave a line in the trail of data access. A read-write transaction begins with its first read. */
const audited = ({ spanner, firestore, kms }: Operations): number =>
  spanner.snapshots +
  spanner.reads +
  spanner.queries +
  spanner.commits +
  firestore.reads +
  firestore.writes +
  kms.encrypts +
  kms.decrypts;

export const auditedCalls = (run: OperationRun, supposed: Supposed): Fraction =>
  per(audited(run.phases.usage), run).plus(lookedAtAgain(run, supposed));

/** Each location's sweep and the deep pass look at each page once more: what they read of one customer's events belongs to these. */
const lookedAtAgain = ({ phases: { sweep, deep }, ...run }: OperationRun, supposed: Supposed): Fraction =>
  Fraction.of(sweep.firestore.reads)
    .times(supposed('locations'))
    .plus(Fraction.of(deep.firestore.reads))
    .over(Fraction.of(run.events));

/** How often a month each pass goes over all customers, in each stack. */
function passesAMonth(pass: Pass, supposed: Supposed): Fraction {
  if (pass === 'seal') return supposed('seals_per_day').times(DAYS_A_MONTH);
  if (pass === 'deep') return supposed('deep_passes_per_day').times(DAYS_A_MONTH);
  return supposed('sweeps_per_day').times(supposed('locations')).times(DAYS_A_MONTH);
}

/** What a pass comes to in a month, over all stacks. What it reads because usage has come is counted with its fixed part. */
function passesOf(pass: Pass, of: (counts: Operations) => number, load: Load, model: Model): Fraction {
  const { measured, supposed } = model;
  const passes = passesAMonth(pass, supposed);
  const { fixed, perCustomer } = passCost(measured, pass, of);
  return fixed
    .times(supposed('stacks'))
    .times(passes)
    .plus(perCustomer.times(customersMet(pass, passes, load, model)));
}

/** Customers whom passes of a month meet. A sweep costs nothing for one whose log stands still, and a log moves with a request. */
function customersMet(pass: Pass, passes: Fraction, { customers, events }: Load, { run, supposed }: Model): Fraction {
  const all = customers.times(passes);
  if (pass !== 'sweep') return all;
  return lesser(all, events.over(Fraction.of(run.batch)).times(supposed('locations')));
}

const PASSES: readonly Pass[] = ['seal', 'sweep', 'deep'];
const allPasses = (of: (counts: Operations) => number, load: Load, model: Model): Fraction =>
  sumOf(PASSES.map((pass) => passesOf(pass, of, load, model)));

/** A month's bill, item by item. Nothing is rounded, and free quotas are left out: they are gone in the first hours. */
export function billOf(load: Load, model: Model): Bill {
  const { run, supposed, costOf } = model;
  const { events, held } = load;
  const stacks = supposed('stacks');
  const invoices = load.customers.times(supposed('invoices_per_customer_month'));
  const places = storedPlaces(run, supposed);
  const inStore = (store: Stored['store']): Stored[] => places.filter((place) => place.store === store);
  const { spanner: _, ...usage } = run.phases.usage;
  const mirror = bytesHeld(inStore('mirror'), held);
  const of = (count: number): Fraction => per(count, run).times(events);
  const passes = (count: (counts: Operations) => number): Fraction => allPasses(count, load, model);
  const segments = passesOf('deep', ({ storage }) => storage.creates, load, model);
  const ingests = events.over(Fraction.of(run.batch));
  const requests = requestsOf(events, run);
  const locations = stacks.times(supposed('locations'));
  const vcpuSeconds = busyVcpuSeconds(events, model);
  const writtenByInvoices = invoices.times(supposed('invoice_documents'));

  return {
    'Spanner compute': costOf(
      'spanner_node',
      unitsPaid(load, model)
        .over(Fraction.of(1000))
        .times(stacks)
        .times(HOURS_A_MONTH)
        .times(Fraction.ONE.minus(supposed('spanner_compute_discount'))),
    ),
    'Spanner storage': costOf('spanner_storage', databaseBytes(load, model)),
    'Spanner backups': costOf('spanner_backup', backedUp(load, model)),
    'Firestore operations': sumOf([
      costOf(
        'firestore_read',
        sumOf([
          of(usage.firestore.reads),
          lookedAtAgain(run, supposed).times(events),
          passes(({ firestore }) => firestore.reads),
          tailAsked(load, model, DAYS_A_MONTH).reads,
        ]),
      ),
      costOf('firestore_write', of(usage.firestore.writes).plus(writtenByInvoices)),
      // What is written goes once: pages with the hot window, summaries with their time.
      costOf('firestore_delete', of(usage.firestore.deletes + usage.firestore.writes)),
    ]),
    'Firestore storage': costOf('firestore_storage', mirror),
    'Firestore backups': costOf('firestore_backup', mirror.times(supposed('firestore_backups'))),
    'Vault storage': vaultStorage(inStore('vault'), load, model),
    // Seals, segments and bundles belong to minutes, customers and invoices.
    'Vault operations': sumOf([
      costOf(
        'storage_class_a',
        sumOf([
          passesOf('seal', ({ storage }) => storage.creates, load, model),
          segments,
          invoices.times(supposed('invoice_objects')),
        ]),
      ),
      // The weekly full pass opens every segment and, of each seal, what is signed and its heads: what an object is, and its bytes.
      costOf(
        'storage_class_b',
        objectsHeld(segments, load)
          .plus(sealsHeld(load, supposed).times(Fraction.of(2)))
          .times(Fraction.of(2))
          .times(DAYS_A_MONTH)
          .over(Fraction.of(7)),
      ),
      // What is smaller than 128 KiB, as seals and heads are, is not watched.
      costOf('storage_autoclass', objectsHeld(segments, load)),
    ]),
    'Cloud KMS': sumOf([
      costOf('kms_hsm_rsa3072_version', supposed('signing_versions').times(stacks)),
      costOf('kms_hsm_aes_version', supposed('data_key_versions').times(stacks)),
      // Signatures belong to time and invoices, not to events.
      costOf(
        'kms_hsm_rsa3072_operation',
        passes(({ kms }) => kms.signs).plus(invoices.times(supposed('invoice_signs'))),
      ),
      costOf('kms_hsm_aes_operation', of(usage.kms.encrypts + usage.kms.decrypts)),
    ]),
    'Pub/Sub': costOf(
      'pubsub_throughput',
      larger(of(usage.pubsub.bytes), leastBytes(of(usage.pubsub.publishes))).plus(
        leastBytes(of(usage.pubsub.deliveries)),
      ),
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

/** Full copies of the database, and what changes within the time of the incremental ones. One version of each row is in them. */
function backedUp(load: Load, model: Model): Fraction {
  const { fulls, changedDays } = chainsOf(model.supposed);
  const places = databasePlaces(model);
  const whole = bytesInForce(places, load.held).plus(sealsInDatabase(load, model, Fraction.ZERO));
  const { measured, supposed } = model;
  const sealed = inAllStacks(sealedBytes(measured, 'spanner', SEALED.spanner), supposed('stacks'), load.customers);
  const aDay = sumOf(places.map(({ bytes }) => bytes))
    .times(load.events)
    .over(DAYS_A_MONTH)
    .plus(sealed.times(supposed('seals_per_day')));
  return whole.times(fulls.plus(supposed('spanner_full_backups'))).plus(aDay.times(changedDays));
}

function vaultStorage(places: readonly Stored[], load: Load, model: Model): Fraction {
  const { events, held } = load;
  const { costOf } = model;
  const cooling = sumOf(
    places
      .filter(({ what }) => what === 'evidence bundles')
      .flatMap(({ bytes, days }) =>
        COOLING.map(({ class: cold, from, to }) => {
          const until = Fraction.of(to).isMoreThan(days) ? days : Fraction.of(to);
          const since = Fraction.of(from).isMoreThan(days) ? days : Fraction.of(from);
          return costOf(`storage_${cold}`, bytes.times(held(until).minus(held(since))));
        }),
      ),
  );
  // Read whole once a week by the full pass, so it never cools.
  const read = bytesHeld(
    places.filter(({ what }) => what !== 'evidence bundles'),
    held,
  ).plus(sealsInVault(load, model));
  const written = sumOf(places.map(({ bytes }) => bytes)).times(events);
  return sumOf([cooling, costOf('storage_standard', read), costOf('storage_replication', written)]);
}

/** Of objects that come evenly, those that are there: none has gone. */
const objectsHeld = (aMonth: Fraction, { age }: Load): Fraction => aMonth.times(age.over(DAYS_A_MONTH));

const sealsHeld = (load: Load, supposed: Supposed): Fraction =>
  supposed('seals_per_day')
    .times(supposed('stacks'))
    .times(daysOf(load, ledgerDays(supposed)));

function auditTrail(load: Load, model: Model): Fraction {
  const { run, supposed, costOf } = model;
  const bytes = supposed('audit_log_bytes');
  const ofPasses = allPasses(audited, load, model).plus(tailAsked(load, model, DAYS_A_MONTH).calls);
  /** bytes of lines of at most so many months that are there */
  const held = (months: Fraction): Fraction => {
    const age = load.age.over(DAYS_A_MONTH);
    const ofEvents = load.held(months.times(DAYS_A_MONTH)).times(auditedCalls(run, supposed));
    return ofEvents.plus(ofPasses.times(age.isMoreThan(months) ? months : age)).times(bytes);
  };
  const kept = supposed('audit_retention_months');
  const calls = load.events.times(auditedCalls(run, supposed)).plus(ofPasses);
  if (supposed('audit_in_storage').equals(Fraction.ONE)) {
    const files = supposed('audit_files_per_hour').times(HOURS_A_MONTH).times(supposed('stacks'));
    return sumOf([
      costOf('log_routing', calls.times(bytes)),
      costOf('storage_multi_replication', calls.times(bytes)),
      costOf('storage_class_a', files),
      costOf('storage_autoclass', objectsHeld(files, load)),
      // Nobody reads it, so it cools.
      ...COOLING.map(({ class: cold, from, to }) => {
        const [since, until] = [from, to].map((days) => held(lesser(Fraction.of(days).over(DAYS_A_MONTH), kept)));
        return costOf(`storage_multi_${cold}`, until!.minus(since!));
      }),
    ]);
  }
  return sumOf([
    costOf('logging', calls.times(bytes).times(supposed('audit_log_copies'))),
    // The first month's keeping is paid with the taking in.
    costOf('logging_retention', held(kept).minus(held(Fraction.of(30).over(DAYS_A_MONTH)))),
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
