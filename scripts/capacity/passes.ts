import type { Operations } from '../bench/operations/counts.ts';
import { Fraction, larger } from './fraction.ts';
import type { Measured, OperationRun } from './inputs.ts';

/** What comes with time and customers, whatever the usage is. */
export type Pass = 'seal' | 'sweep' | 'deep';

/** So much a pass, and so much more for each customer of the stack. */
export interface PassCost {
  readonly fixed: Fraction;
  readonly perCustomer: Fraction;
}

/** A straight line through a run of one customer and one of many. */
function line(atOne: Fraction, atMany: Fraction, { one, many }: Measured): PassCost {
  const perCustomer = atMany.minus(atOne).over(Fraction.of(many.tenants - one.tenants));
  const rising = larger(perCustomer, Fraction.ZERO);
  return { fixed: larger(atOne.minus(rising.times(Fraction.of(one.tenants))), Fraction.ZERO), perCustomer: rising };
}

export const passCost = (measured: Measured, pass: Pass, of: (counts: Operations) => number): PassCost =>
  line(Fraction.of(of(measured.one.phases[pass])), Fraction.of(of(measured.many.phases[pass])), measured);

/** Bytes that the one seal of a run left behind, in tables or folders that grow by the seal. */
export function sealedBytes(measured: Measured, store: 'spanner' | 'storage', names: readonly string[]): PassCost {
  const bytes = ({ events, stored_bytes }: OperationRun): Fraction =>
    names.reduce(
      (sum, name) => sum.plus(Fraction.of(stored_bytes[store].for_ever[name] ?? 0).times(Fraction.of(events))),
      Fraction.ZERO,
    );
  return line(bytes(measured.one), bytes(measured.many), measured);
}

/** Over all stacks: each has its own pass, and each customer is in one of them. */
export const inAllStacks = ({ fixed, perCustomer }: PassCost, stacks: Fraction, customers: Fraction): Fraction =>
  fixed.times(stacks).plus(perCustomer.times(customers));
