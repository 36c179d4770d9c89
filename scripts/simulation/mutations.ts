/** A mistake that somebody could make: which rule it breaks, and what it changes in a copy of the sources. */
export interface Mutant {
  readonly title: string;
  /** of docs and stories */
  readonly rule: string;
  readonly changes: readonly { readonly file: string; readonly from: string; readonly to: string }[];
}

const USAGE = 'shared/stores/usage-store.ts';
const DRAFT = 'shared/stores/draft.ts';
const LEDGER = 'shared/stores/ledger-store.ts';
const WORK = 'shared/stores/ledger-work.ts';
const SEALS = 'shared/stores/seal-store.ts';
const SEALING = 'functions/seal-ledger/seal-ledger.ts';
const PARTS = 'functions/seal-ledger/sealed-parts.ts';
const ARCHIVING = 'functions/archive-period/archive-period.ts';
const INGEST = 'functions/ingest/ingest.ts';

/** Each must be found by a lane; one that nobody finds is a hole in what is watched. */
export const MUTANTS: readonly Mutant[] = [
  {
    title: 'known keys are looked up outside the transaction',
    rule: 'key, limit and batch are one transaction',
    changes: [
      {
        file: USAGE,
        from: 'const known = await tx.readMany(\n        dedupe,\n        candidates.map(({ keyHash: hash }) => [tenant, hash]),\n      );',
        to: 'const known = await this.#database.snapshot((view) => view.readMany(dedupe, candidates.map(({ keyHash: hash }) => [tenant, hash])));',
      },
    ],
  },
  {
    title: 'limits are read outside the transaction',
    rule: 'counters are read in the transaction that moves them',
    changes: [
      {
        file: USAGE,
        from: 'const rows = await this.#tx.readMany(\n      limit_counters,',
        to: 'const rows = await this.#counters0.readMany(\n      limit_counters,',
      },
      {
        file: USAGE,
        from: 'new LimitGauge(account, tx, now)',
        to: 'new LimitGauge(account, tx, now, { readMany: (table, keys) => this.#database.snapshot((view) => view.readMany(table, keys)) })',
      },
      {
        file: USAGE,
        from: 'constructor(account: Account, tx: Transaction, now: Instant) {',
        to: 'readonly #counters0;\n  constructor(account: Account, tx: Transaction, now: Instant, counters0) {\n    this.#counters0 = counters0;',
      },
    ],
  },
  {
    title: 'usage is acknowledged before it is durable',
    rule: 'an answer is given after the commit',
    changes: [
      {
        file: USAGE,
        from: 'const { outcomes, accepted } = await this.#database.transact(async (tx) => {',
        to: 'let early;\n    const { outcomes, accepted } = await this.#database.transact(async (tx) => {',
      },
      {
        file: USAGE,
        from: 'return { outcomes: run.outcomes, accepted: run.accepted };\n    });',
        to: 'early = { outcomes: run.outcomes, accepted: run.accepted };\n      return early;\n    }).catch((error) => {\n      if (early === undefined) throw error;\n      return early;\n    });',
      },
    ],
  },
  {
    title: 'the doorbell rings before the batch is durable',
    rule: 'the doorbell comes after the commit',
    changes: [
      {
        file: INGEST,
        from: 'const answers = events.length === 0 ? []',
        to: 'await bus.publish(usageAccepted(tenant)).catch(() => undefined);\n  const answers = events.length === 0 ? []',
      },
      { file: INGEST, from: 'if (isAnyAccepted) {', to: 'if (isAnyAccepted && received.length === 0) {' },
    ],
  },
  {
    title: 'a doorbell is answered before its work is durable',
    rule: 'acknowledge after the effect',
    changes: [
      {
        file: 'functions/sign-receipts/handler.ts',
        from: "export const onUsageAccepted = (pushed: Pushed, room: SignReceiptsRoom): Promise<number> =>\n  signReceipts(parseTenantId(attributeOf(pushed, 'tenant')), room);",
        to: "export const onUsageAccepted = async (pushed: Pushed, room: SignReceiptsRoom): Promise<number> => {\n  void signReceipts(parseTenantId(attributeOf(pushed, 'tenant')), room).catch(() => undefined);\n  return 0;\n};",
      },
    ],
  },
  {
    title: 'the head is not compared before it is set',
    rule: 'of two that append the head has moved for one',
    changes: [{ file: DRAFT, from: '  heads,\n  secrets,\n  unrolled,', to: '  secrets,\n  unrolled,' }],
  },
  {
    title: 'a draft is committed whatever has changed since',
    rule: 'a draft is worth its writes as long as what it saw still stands',
    changes: [{ file: DRAFT, from: 'same.includes(false) || !isTimely()', to: '!isTimely()' }],
  },
  {
    title: 'what is billed goes on waiting',
    rule: 'a batch stops waiting in the commit that bills it',
    changes: [{ file: WORK, from: 'this.#tx.delete(waiting, [this.tenant, batchId]);', to: '' }],
  },
  {
    title: 'an invoice takes its number outside the transaction',
    rule: 'numbers are gapless because they are given where the invoice is made',
    changes: [
      {
        file: LEDGER,
        from: 'const invoice = await closeInto(work, subscriptionId, period, await numberInvoice(tx, order.series), order);',
        to: 'const invoice = await closeInto(work, subscriptionId, period, await this.#database.transact((own) => numberInvoice(own, order.series)), order);',
      },
    ],
  },
  {
    title: 'a period is closed without looking whether it is closed',
    rule: 'a period is closed by an entry, and only once',
    changes: [
      {
        file: LEDGER,
        from: "if (closedUntil !== undefined && period.start < closedUntil) return 'closed';",
        to: '',
      },
    ],
  },
  {
    title: 'a period is closed before usage that waits',
    rule: 'what was accepted before the close belongs into the period',
    changes: [
      {
        file: LEDGER,
        from: "if ((await tx.range(waiting, { prefix: [tenant], limit: 1 })).length > 0) return 'waiting';",
        to: '',
      },
    ],
  },
  {
    title: 'late usage is billed in its own period, closed or not',
    rule: 'usage of a closed period is billed in the one after',
    changes: [
      {
        file: WORK,
        from: 'const billedIn = late ? billingPeriod(subscription.calendar, closedUntil).text : period.text;',
        to: 'const billedIn = period.text;',
      },
    ],
  },
  {
    title: 'a duplicate is answered anew',
    rule: 'the same event has the same answer',
    changes: [
      {
        file: USAGE,
        from: "? { status: 'duplicate', receiptId: id }",
        to: "? { status: 'duplicate', receiptId: receiptId(candidate.keyHash, this.#terms.now) }",
      },
    ],
  },
  {
    title: 'another event under a known key is taken for a duplicate',
    rule: 'other content under a known key is refused without effect',
    changes: [
      {
        file: USAGE,
        from: 'taken === undefined ? isSameEvent(known!, text, id) : isSameText(taken.text, text);',
        to: 'taken === undefined ? known!.length > 0 || isSameEvent(known!, text, id) : true;',
      },
    ],
  },
  {
    title: 'those who share a transaction get the first one’s answers',
    rule: 'they are answered as if they had come one after the other',
    changes: [
      {
        file: USAGE,
        from: 'return outcomes.slice(from - one.candidates.length, from);',
        to: 'return outcomes.slice(0, one.candidates.length);',
      },
    ],
  },
  {
    title: 'usage stays noted for its sums after it was summed up',
    rule: 'no event is counted twice in sums of usage',
    changes: [
      {
        file: 'shared/stores/draftsman.ts',
        from: 'for (const key of keysOf(tenant, left)) tx.delete(unrolled, key);',
        to: '',
      },
    ],
  },
  {
    title: 'two instances each make an organization’s data key',
    rule: 'the data key that is kept first is the key',
    changes: [
      {
        file: 'shared/stores/personal-data.ts',
        from: 'if (held !== undefined) return held;\n      if ((await tx.read(accounts, [tenant])) === undefined) return undefined;\n      tx.insert(data_keys, row);',
        to: 'if (held !== undefined && held.created_at === row.created_at) return held;\n      if ((await tx.read(accounts, [tenant])) === undefined) return undefined;\n      tx.upsert(data_keys, row);',
      },
    ],
  },
  {
    title: 'a seal takes the next number for heads that it read before',
    rule: 'a seal’s number belongs to its snapshot',
    changes: [{ file: SEALS, from: "if ((log?.size ?? 0) !== (seen.log?.size ?? 0)) return 'taken';", to: '' }],
  },
  {
    title: 'after a crash a seal’s heads are derived again',
    rule: 'a seal’s bytes are fixed before anything is signed',
    changes: [
      {
        file: SEALS,
        from: '  async keepSignature(',
        to: '  async headsNow() {\n    const rows = await this.#database.snapshot((view) => view.range(heads, {}));\n    return packHeads(headLines(this.#ledger, rows.map(toHead)));\n  }\n\n  async keepSignature(',
      },
      {
        file: PARTS,
        from: '[[headsName(seal.n), seal.packedHeads]]',
        to: '[[headsName(seal.n), await seals.headsNow()]]',
      },
    ],
  },
  {
    title: 'a seal is called published before the vault has it',
    rule: 'a seal is shown only once the vault has it',
    changes: [
      {
        file: SEALING,
        from: '    await keepParts(intended, await seals.seal(intended.n - 1), room);',
        to: '    await seals.markPublished(intended.n, clock.now());\n    await keepParts(intended, await seals.seal(intended.n - 1), room);',
      },
    ],
  },
  {
    title: 'a seal is announced before it is published',
    rule: 'publish, then ring',
    changes: [
      {
        file: SEALING,
        from: '    await seals.markPublished(intended.n, clock.now());\n    await bus.publish(ledgerSealed(intended.n));',
        to: '    await bus.publish(ledgerSealed(intended.n));\n    await seals.markPublished(intended.n, clock.now());',
      },
    ],
  },
  {
    title: 'evidence is called archived before the vault has it',
    rule: 'the row goes after its effect',
    changes: [
      {
        file: ARCHIVING,
        from: "  const outcome = await room.vault.create(name, bundle, 'compressed');",
        to: "  await room.invoices.markArchived(tenant, number, { name, sha256: sha256Hex(bundle), bytes: bundle.length, seal: seal.n });\n  const outcome = await room.vault.create(name, bundle, 'compressed');",
      },
    ],
  },
  {
    title: 'evidence gets a name of its own each time',
    rule: 'what is written elsewhere is named after its row',
    changes: [
      {
        file: ARCHIVING,
        from: '  const name = bundleName(tenant, number);',
        to: "  const name = bundleName(tenant, number + room.clock.now().replaceAll(':', ''));",
      },
    ],
  },
  {
    title: 'evidence rests on the latest seal, not on the first that covers it',
    rule: 'a bundle is a function of the ledger up to the first seal over its close',
    changes: [
      {
        file: ARCHIVING,
        from: 'while (found !== undefined && low < found.n) {',
        to: 'while (found !== undefined && low < 0) {',
      },
    ],
  },
  {
    title: 'the sweep passes over the first that waits',
    rule: 'the sweep finds whatever was not announced',
    changes: [
      {
        file: 'functions/reconcile-chain/sweep.ts',
        from: 'for (const tenant of waiting) {',
        to: 'for (const tenant of waiting.slice(1)) {',
      },
    ],
  },
  {
    title: 'the sweep passes over the first page that the mirror lacks',
    rule: 'the sweep copies what the mirror lacks',
    changes: [
      {
        file: 'functions/reconcile-chain/mirrors.ts',
        from: 'for (const page of pages) {',
        to: 'for (const page of pages.slice(1)) {',
      },
    ],
  },
];
