import { BadInput } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import type { Instant } from '../domain/time.ts';
import type { Database, RowOf, Transaction } from '../ports/database.ts';
import { payment_methods } from './tables.ts';

export type PaymentMethodRow = RowOf<typeof payment_methods.columns>;

/** An organization's payment methods: exactly one is the default as long as there is any. */
export class PaymentMethodStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws BadInput `already_exists` */
  async add(
    tx: Transaction,
    method: {
      readonly tenant: TenantId;
      readonly id: string;
      readonly provider: string;
      readonly type: string;
      readonly token: string;
      readonly display: object;
      readonly mandate: object | undefined;
      readonly isDefault: boolean;
      readonly now: Instant;
    },
  ): Promise<PaymentMethodRow> {
    const held = await tx.range(payment_methods, { prefix: [method.tenant] });
    if (held.some(({ payment_method_id }) => payment_method_id === method.id)) {
      throw new BadInput('already_exists', 'there is such a payment method already', 'payment_method_id');
    }
    if (held.length >= 100) throw new BadInput('too_many_items', 'an organization has at most 100 payment methods');
    const isDefault = held.length === 0 || method.isDefault;
    const row: PaymentMethodRow = {
      tenant: method.tenant,
      payment_method_id: method.id,
      provider: method.provider,
      type: method.type,
      token: method.token,
      display: JSON.stringify(method.display),
      mandate: method.mandate === undefined ? null : JSON.stringify(method.mandate),
      is_default: isDefault ? 1 : 0,
      created_at: method.now,
    };
    if (isDefault) undefault(tx, held);
    tx.insert(payment_methods, row);
    return row;
  }

  list(tenant: TenantId): Promise<PaymentMethodRow[]> {
    return this.#database.snapshot((view) => view.range(payment_methods, { prefix: [tenant] }));
  }

  /** @throws BadInput `not_found` */
  async makeDefault(tx: Transaction, tenant: TenantId, id: string): Promise<PaymentMethodRow> {
    const held = await tx.range(payment_methods, { prefix: [tenant] });
    const row = held.find(({ payment_method_id }) => payment_method_id === id);
    if (row === undefined) throw new BadInput('not_found', 'no such payment method');
    undefault(tx, held);
    tx.update(payment_methods, [tenant, id], { is_default: 1 });
    return { ...row, is_default: 1 };
  }

  /** Removes it; where it was the default, the oldest that is left becomes it. @throws BadInput `not_found` */
  async remove(tx: Transaction, tenant: TenantId, id: string): Promise<undefined> {
    const held = await tx.range(payment_methods, { prefix: [tenant] });
    const row = held.find(({ payment_method_id }) => payment_method_id === id);
    if (row === undefined) throw new BadInput('not_found', 'no such payment method');
    tx.delete(payment_methods, [tenant, id]);
    const [next] = held.filter((one) => one !== row).sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
    if (row.is_default === 1 && next !== undefined) {
      tx.update(payment_methods, [tenant, next.payment_method_id], { is_default: 1 });
    }
    return undefined;
  }
}

function undefault(tx: Transaction, held: readonly PaymentMethodRow[]): void {
  for (const { tenant, payment_method_id, is_default } of held) {
    if (is_default === 1) tx.update(payment_methods, [tenant, payment_method_id], { is_default: 0 });
  }
}
