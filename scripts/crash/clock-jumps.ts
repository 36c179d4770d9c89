import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { type Instant, microsOf, plusMicros } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Audit } from './audit.ts';
import { onStage, type Stage } from './in-process.ts';
import { type Harm, secondsSince } from './kills.ts';
import { DAYS_BEFORE } from './store.ts';

export interface ClockJumpsResult extends Audit {
  readonly jumps: number;
  /** events whose time lay outside the window because the clock was set between their making and their arrival */
  readonly refused: number;
  readonly seconds: number;
}

const MICROS_PER_MINUTE = 60_000_000n;

/** The machine's clock, set by somebody again and again; delays are not, as a machine's are not. */
class SetClock implements Clock {
  readonly #system = new SystemClock();
  #aheadMicros = 0n;

  now(): Instant {
    return plusMicros(this.#system.now(), this.#aheadMicros);
  }

  after(milliseconds: number, wake: () => void): () => void {
    return this.#system.after(milliseconds, wake);
  }

  jump(minutes: number): void {
    this.#aheadMicros += BigInt(minutes) * MICROS_PER_MINUTE;
  }

  set(instant: Instant): void {
    this.#aheadMicros += microsOf(instant) - microsOf(this.now());
  }
}

/**
 * In minutes, from half past nine in the evening: forwards within a day, back; over midnight, when the day is billed, back into the day
 * that was billed, and over midnight a second time; three hours on.
 */
const JUMPS = [60, -60, 180, -60, 90, -60, 60, 180];
const LOAD_MILLISECONDS = 500;
/** Days billed: those before, and the one over whose end the clock went twice. */
const DAYS = DAYS_BEFORE + 1;

/** Sets the clock of the running suite forwards and back under load. */
export async function clockJumpsRun({ say }: Pick<Harm, 'say'>): Promise<ClockJumpsResult> {
  const began = performance.now();
  const clock = new SetClock();
  clock.set(`${clock.now().slice(0, 10)}T21:30:00.000000Z` as Instant);
  let refused = 0;
  const audit = await onStage(
    async (stage) => {
      const { client } = stage;
      await client.loadFor(LOAD_MILLISECONDS);
      for (const minutes of JUMPS) {
        await jumpUnderLoad(minutes, clock, stage);
        say(`${minutes} minutes, now ${clock.now()}, ${client.acknowledged.size} events acknowledged`);
      }
      await client.finish();
      // What was known an hour before is known still, whatever the clock said in between.
      await client.repeat(20);
      await client.settled(DAYS);
      refused = client.refused;
    },
    {
      clock,
      client: { time: () => clock.now(), forgivable: 'timestamp_out_of_window' },
      // As it is by default: an interval between seals is what a clock can disturb.
      settings: { SEAL_INTERVAL_SECONDS: '1' },
    },
  );
  const complaints = [...audit.complaints];
  if (audit.invoices !== DAYS * 3) complaints.push(`${audit.invoices} invoices of ${DAYS} days of three organizations`);
  return { jumps: JUMPS.length, refused, ...audit, complaints, seconds: secondsSince(began) };
}

async function jumpUnderLoad(minutes: number, clock: SetClock, { suite, client }: Stage): Promise<void> {
  const load = client.loadFor(LOAD_MILLISECONDS);
  clock.jump(minutes);
  await load;
  const { size } = await suite.platform.seals.latest();
  // The schedules run by delays, which the clock does not shorten.
  await suite.job('run-invoices/run');
  await client.loadFor(LOAD_MILLISECONDS);
  for (let waited = 0; (await suite.platform.seals.latest()).size === size; waited++) {
    if (waited === 40) {
      client.complaints.push(`no seal in ten seconds after the clock was set by ${minutes} minutes`);
      return;
    }
    await client.loadFor(250);
  }
}
