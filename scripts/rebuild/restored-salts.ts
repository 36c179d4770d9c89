import type { MeterAggregate } from '../../shared/domain/ledger/books.ts';
import { aggregateKeyText, endOf } from '../../shared/domain/ledger/books.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../../shared/domain/time.ts';
import { escrowName, openSalts } from '../../shared/stores/escrow.ts';
import type { ValueSalts } from '../../shared/stores/registry-store.ts';
import { secrets } from '../../shared/stores/tables.ts';
import { VALUE_SALTS, valueSaltOf } from '../../shared/stores/value-salts.ts';
import { type RebuildOptions, RebuildRefused, type RebuildRoom } from './room.ts';
import type { RowWriter } from './row-writer.ts';

const SALT_BYTES = 32;

/** The salts of value commitments, without which an open period would count the values it has seen once more. */
export class RestoredSalts {
  readonly #room: RebuildRoom;
  readonly #newSalts: boolean;
  readonly #salts: ValueSalts | undefined;
  readonly #others: ReadonlyMap<string, Uint8Array>;

  private constructor(room: RebuildRoom, newSalts: boolean, salts: ValueSalts | undefined) {
    this.#room = room;
    this.#newSalts = newSalts;
    this.#salts = salts;
    this.#others = new Map(salts?.others.map(({ tenant, aggregate, salt }) => [`${tenant} ${aggregate}`, salt]));
  }

  /** Opens what was put by, with whichever evidence key the signer still holds. @throws RebuildRefused where it was changed */
  static async open(room: RebuildRoom, { newSalts }: RebuildOptions, writer: RowWriter): Promise<RestoredSalts> {
    const keys = (await room.signer.publicKeys()).filter(({ purpose }) => purpose === 'evidence');
    for (const { kid } of keys.toReversed()) {
      let salts: ValueSalts | undefined;
      try {
        salts = await openSalts(kid, room);
      } catch (error) {
        throw new RebuildRefused(escrowName(kid), 'it does not open', { cause: error });
      }
      if (salts === undefined) continue;
      await writer.put(secrets, { name: VALUE_SALTS, value: salts.root });
      return new RestoredSalts(room, newSalts, salts);
    }
    return new RestoredSalts(room, newSalts, undefined);
  }

  /** @throws RebuildRefused where it is lost and the aggregate may still meet a value that it has seen */
  saltOf(tenant: string, held: MeterAggregate, latenessDays: number): Uint8Array {
    const aggregate = aggregateKeyText(held);
    const other = this.#others.get(`${tenant} ${aggregate}`);
    if (other !== undefined) return other;
    if (this.#salts !== undefined) return valueSaltOf(this.#salts.root, tenant, aggregate);
    const closedToUse = plusMicros(endOf(held.period), BigInt(latenessDays) * MICROS_PER_DAY) < this.#now;
    if (held.aggregation === 'unique_count' && !closedToUse && !this.#newSalts) {
      const detail = `the salt of its values is lost: no key that the signer holds opens registry/escrow/`;
      throw new RebuildRefused(`${tenant}, ${held.meter} of ${held.period}`, detail);
    }
    return this.#room.entropy.bytes(SALT_BYTES);
  }

  get #now(): Instant {
    return this.#room.clock.now();
  }
}
