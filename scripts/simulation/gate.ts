import { TryAgain } from '../../shared/domain/errors.ts';

/**
 * What may become of a call on a port, besides `ok`:
 * `before` fails with nothing done · `after` is done, and the answer gets lost · `aborted` the transaction lost against others ·
 * `late` the caller gives up, and what it asked for happens later or never · `lost` is said to be done and is not ·
 * `refused` there is no room now · `wrong` the answer is another than the right one.
 */
export type Fault = 'before' | 'after' | 'aborted' | 'late' | 'lost' | 'refused' | 'wrong';
/** Besides a port's own: the process dies, before or after the effect. */
export type Crash = 'crash-before' | 'crash-after';
export type Outcome = 'ok' | Fault | Crash;

/** How a port does what it was asked, or fails to. */
export interface PortCall<T> {
  /** port and operation, e.g. `database.commit` */
  readonly op: string;
  /** what tells the call apart from others of its kind, for whoever reads a trace */
  readonly about: string;
  readonly faults: readonly Fault[];
  readonly effect: () => T;
  /** What another outcome than the usual ones does. */
  readonly otherwise?: (fault: Fault) => T;
}

/** Where every call on a port passes: whoever holds the gate decides when it goes on, and what becomes of it. */
export interface Gate {
  pass<T>(call: PortCall<T>): Promise<T>;
}

/** Does a call as an outcome says; a crash is none of its business. @throws TryAgain where the outcome is a failure */
export function perform<T>(call: PortCall<T>, outcome: 'ok' | Fault): T {
  switch (outcome) {
    case 'ok':
      return call.effect();
    case 'before':
    case 'refused':
      throw new TryAgain(`${call.op}: it cannot be done now`);
    case 'after':
      call.effect();
      throw new TryAgain(`${call.op}: nobody knows whether it was done`);
    default:
      if (call.otherwise === undefined) throw new Error(`${call.op} cannot end ${outcome}`);
      return call.otherwise(outcome);
  }
}

/** Lets everything through at once: for the contracts of the ports. */
export const openGate: Gate = {
  async pass(call) {
    return perform(call, 'ok');
  },
};
