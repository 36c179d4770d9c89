import type { Copy } from './copy.ts';
import type { World } from './world.ts';

/**
 * What a full pass must say of an attack.
 *
 * `fault`: exactly one fault, of this tenant (`*`: of a seal, which concerns everybody), at a place within `at`; billing of that
 * tenant alone stands still. `healed`: nothing is wrong, and what was lost is named and stands there again, byte for byte.
 * `stopped`: no fault of a log, for nothing was written; billing of this tenant alone stands still and says what it stumbled over.
 * `alarm`: no fault of a log, but the log says this sentence. `unseen`: nothing is said, for a reason that the attack names.
 */
export type Expected =
  | {
      readonly says: 'fault';
      readonly tenant: string;
      readonly at: readonly [from: number, to: number];
      readonly also?: boolean;
    }
  | { readonly says: 'healed'; readonly what: string; readonly copy?: Copy; readonly before?: Uint8Array }
  | { readonly says: 'stopped'; readonly tenant: string; readonly over: string; readonly size: number }
  | { readonly says: 'alarm'; readonly event: string }
  | { readonly says: 'unseen'; readonly because: string };

/** An attack on what is stored: performs itself on a world and says what must be found. */
export interface StateAttack {
  /** numbers in the table of attacks */
  readonly numbers: readonly number[];
  readonly says: string;
  /** whether it changes what was written in the last hours, so that the tail check must find it, too */
  readonly tail?: boolean;
  readonly play: (world: World) => Promise<Expected> | Expected;
}

export const ALL = '*';
export const fault = (tenant: string, from: number, to = from): Expected => ({ says: 'fault', tenant, at: [from, to] });
