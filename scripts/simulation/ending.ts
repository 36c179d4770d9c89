import { hash } from 'node:crypto';
import type { Reconciliation } from '../../functions/reconcile-chain/reconcile-chain.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import { parseTenantId } from '../../shared/domain/ids.ts';
import { stretchOf, unpackSegment } from '../../shared/domain/ledger/segment.ts';
import { readKeys, toKeyset } from '../../shared/stores/key-store.ts';
import { openGate } from './gate.ts';
import type { Job } from './instances.ts';
import { Violation } from './kernel.ts';
import type { Model } from './model.ts';
import { projectionName } from './ports/copies.ts';
import { SimulatedDatabase } from './ports/database.ts';
import type { Row } from './ports/tables.ts';
import { configOf, type Scenario } from './scenario.ts';
import { headsObject, sealObject, sealText, type Watch } from './watch.ts';
import type { World } from './world.ts';

const broken = (rule: string, detail: string): never => {
  throw new Violation(rule, detail);
};

/**
 * Compares the books at rest with what was sent and told: acknowledged is billed, billed is in the chain, the chain is in the
 * mirror and, after a deep pass, in the vault; quantities and money are conserved.
 * @throws Violation
 */
export async function judgeEnd(
  scenario: Scenario,
  world: World,
  watch: Watch,
  model: Model,
  doneNow: (job: Job) => Promise<unknown>,
): Promise<void> {
  const rowsOf = (table: string): readonly Row[] => world.committed.state.get(table)!.rows;
  acknowledgedIsBilled(watch, model);
  for (const tenant of scenario.tenants) moneyIsConserved(tenant, rowsOf('invoices'), watch, model);
  if (scenario.limits !== 'none') countersAreRight(rowsOf('limit_counters'), model);
  if (scenario.lane === 'A') sumsOfUsageAreRight(rowsOf('usage_rollups'), model);
  sealsAreInTheVault(rowsOf('seals'), world);
  mirrorHasNothingElse(scenario.tenants, rowsOf('pages'), world);
  if (scenario.lane === 'A') readModelsAreRight(rowsOf('invoices'), world);
  for (const invoice of rowsOf('invoices')) await evidenceHolds(invoice, scenario, world);
  const bundles = [...world.vault.objects.keys()].filter((name) => name.startsWith('evidence/')).length;
  if (bundles !== rowsOf('invoices').length)
    broken('evidence', `${bundles} bundles for ${rowsOf('invoices').length} invoices`);
  if (!scenario.isReconciled) return;
  // What jobs write while it goes on is the next pass's.
  const pages = rowsOf('pages');
  const { faults } = (await doneNow('full')) as Reconciliation;
  if (faults.length > 0) broken('false alarm', faults.map(({ kind, detail }) => `${kind} ${detail}`).join(', '));
  chainIsInTheVault(pages, world);
  world.counts.note('a full pass found nothing wrong at the end');
}

function acknowledgedIsBilled(watch: Watch, model: Model): void {
  const billed = new Set<string>();
  for (const [tenant, log] of watch.logs) {
    for (const [quantity, entry] of log.charges) {
      const event = model.eventOf(quantity)!;
      if (entry['period']!.slice(0, 10) !== event.day)
        broken('I7', `${quantity} of ${event.day} is billed for ${entry['period']}`);
      billed.add(`${tenant} ${event.key} ${quantity} ${entry['event_id']}`);
    }
  }
  const acknowledged = new Set(
    model
      .acknowledged()
      .map(({ event: { tenant, key, quantity }, receiptId }) => `${tenant} ${key} ${quantity} ${receiptId}`),
  );
  for (const one of acknowledged) if (!billed.has(one)) broken('I6', `${one} was acknowledged and is not billed`);
  for (const one of billed) if (!acknowledged.has(one)) broken('I6', `${one} is billed and was not acknowledged`);
}

function moneyIsConserved(tenant: string, invoices: readonly Row[], watch: Watch, model: Model): void {
  const log = watch.logOf(tenant);
  let billed = [...log.open.values()].reduce((sum, cents) => sum + cents, 0);
  for (const invoice of invoices) if (invoice['tenant'] === tenant) billed += Number(invoice['total']);
  const days = new Set(model.acknowledged().map(({ event }) => event.day));
  const owed = [...days].reduce((sum, day) => sum + model.owed(tenant, day), 0);
  if (billed !== owed) broken('I7', `${tenant} owes ${owed} and is billed ${billed}`);
}

function countersAreRight(counters: readonly Row[], model: Model): void {
  const counted = new Map(
    counters.map((row) => [`${String(row['tenant'])} ${String(row['period']).slice(0, 10)}`, Number(row['used'])]),
  );
  for (const [name, used] of model.usedByDay()) {
    if (counted.get(name) !== used)
      broken('I18', `${name}: ${used} units were accepted, ${counted.get(name)} are counted`);
  }
  const total = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0);
  if (total(counted.values()) !== total(model.usedByDay().values())) broken('I17', 'what was refused is counted');
}

/** Rows of minutes hold `[minute, events, quantity]`. */
function sumsOfUsageAreRight(rollups: readonly Row[], model: Model): void {
  const sums = new Map<string, number>();
  for (const row of rollups) {
    if (row['level'] !== 'minute') continue;
    const name = `${String(row['tenant'])} ${String(row['starts_at']).slice(0, 10)}`;
    for (const [, , value = '0'] of JSON.parse(String(row['cells'])) as [number, number, string?][])
      sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  for (const [name, used] of model.usedByDay()) {
    if (sums.get(name) !== used)
      broken('I7', `${name}: ${used} units were accepted, the sums of usage say ${sums.get(name)}`);
  }
}

function sealsAreInTheVault(seals: readonly Row[], world: World): void {
  for (const [n, seal] of seals.entries()) {
    if (seal['n'] !== n) broken('seals', `seal ${n} is missing`);
    const held = world.vault.bytesOf(sealObject(n));
    if (held === undefined || Buffer.compare(held, sealText(seal)) !== 0)
      broken('seals', `the vault has no seal ${n}, or another`);
    const heads = world.vault.bytesOf(headsObject(n));
    if (heads === undefined || Buffer.compare(heads, seal['heads'] as Uint8Array) !== 0)
      broken('seals', `the vault has no heads of seal ${n}, or others`);
  }
}

function mirrorHasNothingElse(tenants: readonly string[], pages: readonly Row[], world: World): void {
  for (const tenant of tenants) {
    const count = pages.filter((page) => page['tenant'] === tenant).length;
    if (world.mirror.of(tenant).size !== count) broken('I12', `the mirror has other pages of ${tenant} than the log`);
  }
}

function readModelsAreRight(invoices: readonly Row[], world: World): void {
  for (const invoice of invoices) {
    const name = projectionName(String(invoice['tenant']), 'invoices', String(invoice['number']));
    const text = world.projections.get(name);
    if (text === undefined) broken('read models', `${name} is missing`);
    const { document } = JSON.parse(text!) as { readonly document: Readonly<Record<string, unknown>> };
    if (document['evidence_state'] === 'pending') broken('read models', `${name} does not show its evidence`);
  }
}

async function evidenceHolds(invoice: Row, scenario: Scenario, world: World): Promise<void> {
  const number = String(invoice['number']);
  const bundle = world.vault.bytesOf(String(invoice['bundle_name']));
  if (bundle === undefined) return broken('evidence', `the vault lacks the evidence of ${number}`);
  if (hash('sha256', bundle, 'hex') !== invoice['bundle_sha256'])
    broken('evidence', `the evidence of ${number} is another`);
  if (!scenario.isEvidenceVerified) return;
  const database = new SimulatedDatabase(world.committed, openGate, { rerunsMax: 0, later: (work) => work() });
  const keyset = toKeyset(await database.snapshot(readKeys));
  const tenant = String(invoice['tenant']);
  const head = world.committed.state.get('heads')!.rows.find((row) => row['tenant'] === tenant)!;
  const verdict = await verifyBundle(Buffer.from(bundle), {
    ledger: configOf(0).ledgerOrigin,
    tenant: parseTenantId(tenant),
    blind: String(head['blind']),
    keyset,
  });
  const refuted = verdict.claims
    .filter(({ result }) => result !== 'pass')
    .map(({ claim, detail }) => `${claim} ${detail}`);
  if (verdict.verdict !== 'verified') broken('evidence', `${number} is ${verdict.verdict}: ${refuted.join(', ')}`);
  world.counts.note(`a bundle was verified (${scenario.form})`);
}

function chainIsInTheVault(pages: readonly Row[], world: World): void {
  const held = new Map<string, Uint8Array>();
  for (const [name, { bytes }] of world.vault.objects) {
    const stretch = name.startsWith('segments/') ? stretchOf(name) : undefined;
    if (stretch === undefined) continue;
    const tenant = name.split('/')[1]!;
    for (const page of unpackSegment(Buffer.from(bytes), stretch)) held.set(`${tenant} ${page.firstSeq}`, page.bytes);
  }
  for (const page of pages) {
    const name = `${String(page['tenant'])} ${Number(page['first_seq'])}`;
    const copy = held.get(name);
    if (copy === undefined || Buffer.compare(copy, page['bytes'] as Uint8Array) !== 0)
      broken('I6', `the vault lacks page ${name}`);
  }
}
