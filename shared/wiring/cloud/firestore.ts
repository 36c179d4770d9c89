import { type FirestoreClient, openFirestore } from '../../adapters/firestore/client.ts';
import { FirestoreMirror } from '../../adapters/firestore/mirror.ts';
import { FirestoreProjections } from '../../adapters/firestore/projections.ts';
import type { Base, Opener } from '../ports.ts';

/** One client for mirror and projections: each holds connections of its own. */
const clients = new WeakMap<Base, { readonly client: FirestoreClient; users: number }>();

function share(base: Base): { readonly client: FirestoreClient; readonly close: () => Promise<void> } {
  const { config } = base;
  const shared = clients.get(base) ?? {
    client: openFirestore({
      project: config.project,
      database: config.firestoreDatabase,
      ...(config.firestoreEmulator === '' ? {} : { emulatorHost: config.firestoreEmulator }),
    }),
    users: 0,
  };
  clients.set(base, shared);
  shared.users++;
  const close = async (): Promise<void> => {
    shared.users--;
    if (shared.users === 0) await shared.client.terminate();
  };
  return { client: shared.client, close };
}

export const openMirror: Opener<'mirror'> = async (base) => {
  const { client, close } = share(base);
  return { port: new FirestoreMirror(client), close };
};

export const openProjections: Opener<'projections'> = async (base) => {
  const { client, close } = share(base);
  return { port: new FirestoreProjections(client), close };
};
