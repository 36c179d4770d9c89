import type { Outcome } from '../../shared/stores/usage-store.ts';
import { Violation } from './kernel.ts';

/**
 * What the books must come to, worked out from what customers sent and were told, and from nothing else: no code of the product
 * is behind it. Quantities tell events apart: no two that are sent are of the same quantity.
 */
export interface SentEvent {
  readonly tenant: string;
  readonly key: string;
  readonly quantity: number;
  /** UTC day of its time, which is its billing period */
  readonly day: string;
}

export interface Tier {
  /** units up to which it holds, the last one none */
  readonly upTo: number;
  /** minor units for each unit */
  readonly cents: number;
}

/** What a quantity costs, unit by unit. */
export function priceOf(quantity: number, tiers: readonly Tier[]): number {
  let cents = 0;
  for (let unit = 1; unit <= quantity; unit++) cents += tiers.find(({ upTo }) => unit <= upTo)!.cents;
  return cents;
}

const nameOf = ({ tenant, key }: SentEvent): string => `${tenant} ${key}`;

export class Model {
  readonly tiers: readonly Tier[];
  /** units a day; what goes beyond is refused */
  readonly limit: number;
  /** by tenant and key: which event counts, and what its sender was told it is */
  readonly #accepted = new Map<string, { readonly event: SentEvent; readonly receiptId: string }>();
  readonly #saidAccepted = new Set<string>();
  readonly #overLimit: SentEvent[] = [];
  readonly #conflicts: SentEvent[] = [];
  readonly #sent = new Map<number, SentEvent>();

  constructor(tiers: readonly Tier[], limit: number) {
    this.tiers = tiers;
    this.limit = limit;
  }

  sends(event: SentEvent): void {
    this.#sent.set(event.quantity, event);
  }

  /** The event of a quantity, whoever sent it. */
  eventOf(quantity: number): SentEvent | undefined {
    return this.#sent.get(quantity);
  }

  /** @throws Violation where the answer contradicts one that was given before */
  told(event: SentEvent, outcome: Outcome): void {
    const name = nameOf(event);
    const held = this.#accepted.get(name);
    if (outcome.status === 'refused') {
      if (outcome.code === 'quota_exceeded') this.#overLimit.push(event);
      else if (outcome.code === 'idempotency_conflict') this.#conflicts.push(event);
      else throw new Violation('answers', `${name} of ${event.quantity} was refused as ${outcome.code}`);
      if (held?.event.quantity === event.quantity)
        throw new Violation('I2', `${name} was accepted and is ${outcome.code}`);
      return;
    }
    if (held !== undefined && held.event.quantity !== event.quantity)
      throw new Violation('I3', `${name} was taken with ${held.event.quantity} and with ${event.quantity}`);
    if (held !== undefined && held.receiptId !== outcome.receiptId)
      throw new Violation('I2', `${name} has two receipts, ${held.receiptId} and ${outcome.receiptId}`);
    if (outcome.status === 'accepted') {
      if (this.#saidAccepted.has(name)) throw new Violation('I2', `${name} was accepted as new twice`);
      this.#saidAccepted.add(name);
    }
    this.#accepted.set(name, { event, receiptId: outcome.receiptId });
    this.#requireWithinLimit();
  }

  #requireWithinLimit(): void {
    for (const [day, used] of this.usedByDay()) {
      if (used > this.limit)
        throw new Violation('I15', `${used} units were accepted for ${day}, the limit is ${this.limit}`);
    }
  }

  /** Units acknowledged, by tenant and day. */
  usedByDay(): Map<string, number> {
    const used = new Map<string, number>();
    for (const { event } of this.#accepted.values()) {
      const name = `${event.tenant} ${event.day}`;
      used.set(name, (used.get(name) ?? 0) + event.quantity);
    }
    return used;
  }

  /** Every event that was acknowledged. */
  acknowledged(): { readonly event: SentEvent; readonly receiptId: string }[] {
    return [...this.#accepted.values()];
  }

  /** What a tenant owes for a day's usage, in minor units. */
  owed(tenant: string, day: string): number {
    return priceOf(this.usedByDay().get(`${tenant} ${day}`) ?? 0, this.tiers);
  }

  /** @throws Violation where somebody was refused without a reason */
  requireReasons(): void {
    const used = this.usedByDay();
    for (const event of this.#overLimit) {
      const had = used.get(`${event.tenant} ${event.day}`) ?? 0;
      if (had + event.quantity <= this.limit)
        throw new Violation('I15', `${nameOf(event)} of ${event.quantity} was refused at ${had} of ${this.limit}`);
    }
    for (const event of this.#conflicts) {
      const held = this.#accepted.get(nameOf(event));
      if (held === undefined) throw new Violation('I3', `${nameOf(event)} is a conflict with nothing`);
    }
  }

  get refusedOverLimit(): number {
    return this.#overLimit.length;
  }

  get conflicts(): number {
    return this.#conflicts.length;
  }
}
