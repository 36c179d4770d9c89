import type { Openers } from '../cloud-platform.ts';
import type { PortName } from '../ports.ts';
import { openBus } from './bus.ts';
import { openDatabase } from './database.ts';
import { openMirror, openProjections } from './firestore.ts';
import { openSigner } from './signer.ts';
import { openVault } from './vault.ts';
import { openWrapper } from './wrapper.ts';

/** Every port: for errands and for the whole suite in one process. */
export const ALL_PORTS: Openers<PortName> = {
  database: openDatabase,
  bus: openBus,
  mirror: openMirror,
  projections: openProjections,
  vault: openVault,
  signer: openSigner,
  wrapper: openWrapper,
};
