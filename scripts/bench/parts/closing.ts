import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteDatabase } from '../../../shared/adapters/database/sqlite.ts';
import { ManualClock, SystemClock } from '../../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../../shared/adapters/local/entropy.ts';
import { FileKeyWrapper } from '../../../shared/adapters/local/key-wrapper.ts';
import { parseLedgerOrigin, parseTenantId } from '../../../shared/domain/ids.ts';
import { type Instant, instantOfMicros, microsOf, parseInstant } from '../../../shared/domain/time.ts';
import { parseUsageEvent } from '../../../shared/domain/usage/event.ts';
import { billingPeriod } from '../../../shared/domain/usage/metering.ts';
import { readConfig } from '../../../shared/edge/config.ts';
import { AccountStore } from '../../../shared/stores/account-store.ts';
import { LedgerStore } from '../../../shared/stores/ledger-store.ts';
import { PersonalData } from '../../../shared/stores/personal-data.ts';
import { TABLES } from '../../../shared/stores/tables.ts';
import { UsageStore } from '../../../shared/stores/usage-store.ts';
import { ON_A_STANDING_CLOCK, Suite } from '../../../shared/wiring/suite.ts';

const START = parseInstant('2026-03-01T00:00:00Z', 'bench');
const AFTER = parseInstant('2026-04-01T02:00:00Z', 'bench');
export const METERS = 5;
export const CELLS = 200;
const BATCH = 1000;

async function seconds<T>(work: () => Promise<T>): Promise<readonly [number, T]> {
  const begun = performance.now();
  const result = await work();
  return [(performance.now() - begun) / 1000, result];
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-invoices-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const priced = (id: string) => ({
  ...{ price_id: id, version: '1', currency: 'EUR' },
  model: {
    type: 'graduated',
    tiers: [
      { up_to: '100', unit_amount: '0.02' },
      { up_to: null, unit_amount: '0.013' },
    ],
  },
});

/** Five meters of 200 price cells: 1,000 lines. */
const manyLines = (tenant: string) => ({
  ...{ organization_id: tenant, zone: 'Europe/Berlin', currency: 'EUR' },
  subscriptions: [
    {
      ...{ subscription_id: 'main', started_at: START, calendar: { unit: 'month', count: 1, anchor: START } },
      meters: Array.from({ length: METERS }, (_, m) => ({
        ...{ metric_name: `m${m}`, aggregation: 'sum' },
        prices: [
          {
            ...{ effective_from: START, document: null },
            cells: Array.from({ length: CELLS }, (_, c) => ({
              match: { region: `r${c}` },
              document: priced(`m${m}.r${c}`),
            })),
          },
        ],
      })),
    },
  ],
});

/** Takes so many events in, makes receipts of them, and closes the period. @returns how long the close took */
export async function closeOver(
  count: number,
): Promise<{ readonly close: number; readonly make: number; readonly lines: number }> {
  return inFolder(async (folder) => {
    const database = SqliteDatabase.open(join(folder, 'store.db'), TABLES);
    try {
      const entropy = new SeededEntropy('bench-invoices');
      const wrapper = await FileKeyWrapper.open({ folder: join(folder, 'wrapping-keys'), entropy });
      const personal = new PersonalData(database, wrapper, entropy, new SystemClock());
      const tenant = parseTenantId('tenant-bench');
      const account = await new AccountStore(database, 'local').put(manyLines(tenant), START);
      const usage = new UsageStore(database, entropy, personal);
      const ledger = new LedgerStore(database, entropy, parseLedgerOrigin('ledger.example/bench'), personal);
      const [make] = await seconds(async () => {
        for (let n = 0; n < count; n += BATCH) {
          const now = instantOfMicros(microsOf(START) + BigInt(n) * 1000n) as Instant;
          const events = Array.from({ length: Math.min(BATCH, count - n) }, (_, i) =>
            parseUsageEvent(
              {
                ...{
                  idempotency_key: `e${n + i}`,
                  metric_name: `m${(n + i) % METERS}`,
                  timestamp: now,
                  quantity: '1.5',
                },
                properties: { region: `r${Math.floor((n + i) / METERS) % CELLS}` },
              },
              tenant,
            ),
          );
          await usage.accept(tenant, events, now);
          await ledger.appendWaiting(tenant, now);
        }
      });
      const [{ calendar }] = account.subscriptions as [(typeof account.subscriptions)[number]];
      const order = { series: 'INV-2026', taxation: undefined };
      const [close, closed] = await seconds(() =>
        ledger.closePeriod(tenant, 'main', billingPeriod(calendar, START), order, AFTER),
      );
      if (typeof closed === 'string') throw new Error(`the period is ${closed}`);
      return { close, make, lines: closed.invoice.lines.length };
    } finally {
      await database.close();
    }
  });
}

/** So many organizations whose month ends at one instant. @returns how long until each has its invoice */
export async function closeTogether(
  count: number,
): Promise<{ readonly wall: number; readonly peak: number; readonly issued: number }> {
  return inFolder(async (folder) => {
    const clock = new ManualClock(START);
    const token = 'the-bus-and-the-scheduler-share-this';
    const config = {
      ...readConfig({}),
      ...ON_A_STANDING_CLOCK,
      dataFolder: folder,
      port: 0,
      rsaBits: 2048 as const,
      callerToken: token,
    };
    const log = {
      info: () => undefined,
      warn: () => undefined,
      error: (event: string, error: unknown) => console.error(event, error),
    };
    const suite = await Suite.start({ config, clock, entropy: new SeededEntropy(folder), log });
    try {
      const { accounts, bus, ledger } = suite.platform;
      const tenants = Array.from({ length: count }, (_, i) => parseTenantId(`tenant-${String(i).padStart(4, '0')}`));
      for (const tenant of tenants) {
        await accounts.put(
          {
            ...{ organization_id: tenant, zone: 'Europe/Berlin', currency: 'EUR' },
            subscriptions: [
              {
                ...{
                  subscription_id: 'main',
                  started_at: START,
                  calendar: { unit: 'month', count: 1, anchor: START },
                  meters: [],
                },
                items: [
                  {
                    ...{ item_id: 'base', timing: 'arrears', proration: 'second' },
                    phases: [
                      {
                        from: START,
                        quantity: '1',
                        document: { ...priced('base'), model: { type: 'flat', amount: '31' } },
                      },
                    ],
                  },
                ],
              },
            ],
          },
          START,
        );
      }
      clock.set(AFTER);
      let peak = process.memoryUsage.rss();
      const watch = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage.rss());
      }, 20);
      const [wall] = await seconds(async () => {
        await suite.job('run-invoices/run');
        await bus.idle();
      });
      clearInterval(watch);
      let issued = 0;
      for (const tenant of tenants) issued += (await ledger.books(tenant)).money.invoices.size;
      return { wall, peak, issued };
    } finally {
      await suite.close();
    }
  });
}
