import type { Config } from '../edge/config.ts';
import type { Bus } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { Database } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { KeyWrapper } from '../ports/key-wrapper.ts';
import type { Log } from '../ports/log.ts';
import type { Mirror } from '../ports/mirror.ts';
import type { Projections } from '../ports/projections.ts';
import type { Signer } from '../ports/signer.ts';
import type { Vault } from '../ports/vault.ts';
import type { Drafter } from '../stores/draftsman.ts';

/** What every process has, whatever stands behind its ports. */
export interface Base {
  readonly config: Config;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  /** Makes receipts of waiting usage elsewhere; this thread does, unless given. */
  readonly drafter?: Drafter;
  /** Resolves once whatever else waits for this thread has had a go; the event loop's next turn, unless given. */
  readonly nextTurn?: () => Promise<void>;
}

/** The ports that an engine stands behind. A function opens only those it uses. */
export interface Ports {
  readonly database: Database;
  readonly bus: Bus;
  readonly mirror: Mirror;
  readonly projections: Projections;
  readonly vault: Vault;
  readonly signer: Signer;
  readonly wrapper: KeyWrapper;
}

export type PortName = keyof Ports;

/** Opens one port on the cloud's engine. What it opened is closed by `close`, after the requests under way. */
export type Opener<N extends PortName> = (base: Base) => Promise<Opened<Ports[N]>>;

export interface Opened<P> {
  readonly port: P;
  readonly close: () => Promise<void>;
}
