import type { Database } from '../../ports/database.ts';
import type { Vault } from '../../ports/vault.ts';
import { observedVault } from './counts.ts';
import { type Engine, observedDatabase } from './database.ts';

/** The same ports, those among them observed that are worth it; the very same while telemetry is off. */
export function observedPorts<P extends { readonly database: Database; readonly vault?: Vault | undefined }>(
  ports: P,
  engine: Engine,
): P {
  const { database, vault } = ports;
  return {
    ...ports,
    database: observedDatabase(database, engine),
    ...(vault !== undefined && { vault: observedVault(vault) }),
  };
}
