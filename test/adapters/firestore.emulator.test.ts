import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type FirestoreClient, openFirestore } from '../../shared/adapters/firestore/client.ts';
import { FirestoreMirror } from '../../shared/adapters/firestore/mirror.ts';
import { FirestoreProjections } from '../../shared/adapters/firestore/projections.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { describeOnEmulators, emulatorHost } from '../support/emulators.ts';
import { silentFirestore } from '../support/silent-firestore.ts';
import { mirrorContract } from './contracts/mirror.ts';
import { projectionsContract } from './contracts/projections.ts';

const INDEXES = JSON.parse(readFileSync(new URL('../../firestore.indexes.json', import.meta.url), 'utf8')) as {
  readonly indexes: readonly unknown[];
  readonly fieldOverrides: readonly {
    readonly collectionGroup: string;
    readonly fieldPath: string;
    readonly ttl?: boolean;
    readonly indexes: readonly unknown[];
  }[];
};

let projects = 0;

/** Clients of a project of its own: the emulator keeps projects apart, so nothing has to be cleared away. */
async function makeRig() {
  const project = `demo-firestore-${process.pid}-${projects++}`;
  const emulator = await emulatorHost('firestore');
  const clients: FirestoreClient[] = [];
  return {
    client(): FirestoreClient {
      const client = openFirestore({ project, database: '(default)', emulatorHost: emulator });
      clients.push(client);
      return client;
    },
    async dispose(): Promise<void> {
      await Promise.all(clients.map((client) => client.terminate()));
    },
  };
}

const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error,
  );

describe('what Firestore refuses', () => {
  const client = openFirestore({ project: 'demo-nobody', database: '(default)', emulatorHost: '127.0.0.1:1' });
  const answered = <T>(work: Promise<T>) => client.answered(work);
  const refusal = (code: number) => Promise.reject(Object.assign(new Error('refused'), { code }));

  // Codes as gRPC numbers them.
  for (const [name, code] of [
    ['CANCELLED', 1],
    ['DEADLINE_EXCEEDED', 4],
    ['RESOURCE_EXHAUSTED', 8],
    ['ABORTED', 10],
    ['INTERNAL', 13],
    ['UNAVAILABLE', 14],
  ] as const) {
    it(`${name} may pass`, async () => {
      assert.ok((await rejection(answered(refusal(code)))) instanceof TryAgain);
    });
  }

  for (const [name, code] of [
    ['INVALID_ARGUMENT', 3],
    ['NOT_FOUND', 5],
    ['PERMISSION_DENIED', 7],
    ['UNAUTHENTICATED', 16],
  ] as const) {
    it(`${name} will not, and stays what it is`, async () => {
      const error = await rejection(answered(refusal(code)));
      assert.ok(error instanceof Error && 'code' in error);
      assert.equal(error.code, code);
    });
  }

  it('where nobody answers, a caller is told to try again when patience ends, not after ten minutes', async () => {
    const silent = await silentFirestore();
    const client = openFirestore({
      project: 'demo-nobody',
      database: '(default)',
      emulatorHost: silent.host,
      patienceMilliseconds: 300,
    });
    const mirror = new FirestoreMirror(client);
    const projections = new FirestoreProjections(client);
    try {
      const errors = await Promise.all(
        [
          mirror.create('acme', 0, new Uint8Array([1])),
          mirror.read('acme', 0),
          mirror.list('acme'),
          mirror.pages('acme', 0, 200),
          mirror.retire('acme', 1),
          projections.put('acme', 'invoices', 'INV-1', { version: 1, document: {} }),
          projections.read('acme', 'invoices', 'INV-1'),
          projections.list('acme', 'invoices'),
        ].map(rejection),
      );
      assert.deepEqual(
        errors.map((error) => error instanceof TryAgain && error.message),
        Array(8).fill('Firestore has not answered in 300 ms'),
      );
      // The client goes on asking behind our back. Ended under that it would wait for ever, or take the process with it.
      await client.terminate();
    } finally {
      silent.stop();
      await client.terminate();
    }
  });
});

describeOnEmulators('the Firestore adapters', ['firestore'], () => {
  mirrorContract('Firestore', async () => {
    const rig = await makeRig();
    return { open: async () => new FirestoreMirror(rig.client()), dispose: rig.dispose };
  });

  projectionsContract('Firestore', async () => {
    const rig = await makeRig();
    return { open: async () => new FirestoreProjections(rig.client()), dispose: rig.dispose };
  });

  describe('in documents', () => {
    let rig: Awaited<ReturnType<typeof makeRig>>;
    let client: FirestoreClient;
    beforeEach(async () => {
      rig = await makeRig();
      client = rig.client();
    });
    afterEach(() => rig.dispose());

    it('a page is tenants/acme/pages/0000000000000256 and holds its first number and its bytes', async () => {
      await new FirestoreMirror(client).create('acme', 256, new Uint8Array([1, 2]));
      const document = await client.doc('tenants/acme/pages/0000000000000256').get();
      assert.deepEqual(document.data(), { first_seq: 256, bytes: Buffer.from([1, 2]) });
    });

    it('a read model is tenants/acme/invoices/INV-1; what may vanish says when, as a timestamp', async () => {
      const projections = new FirestoreProjections(client);
      const expiresAt = '2027-04-05T06:07:08.123456Z' as Instant;
      await projections.put('acme', 'invoices', 'INV-1', { version: 3, document: { total: '5' }, expiresAt });
      const fields = (await client.doc('tenants/acme/invoices/INV-1').get()).data()!;
      assert.deepEqual([fields['version'], fields['document']], [3, { total: '5' }]);
      assert.equal(fields['expires_at'].toDate().toISOString(), '2027-04-05T06:07:08.123Z');
    });

    for (const before of ['nothing', 'version 3']) {
      it(`version 8, written between the look of version 5 at ${before} and its write, stays`, async () => {
        const others = new FirestoreProjections(rig.client());
        const put = (version: number) => others.put('acme', 'invoices', 'INV-1', { version, document: {} });
        if (before === 'version 3') await put(3);
        const answered = client.answered.bind(client);
        let looks = 0;
        client.answered = async (work) => {
          const answer = await answered(work);
          if (++looks === 1) await put(8);
          return answer;
        };
        const late = new FirestoreProjections(client);
        assert.equal(await late.put('acme', 'invoices', 'INV-1', { version: 5, document: { of: 'then' } }), 'stale');
        assert.deepEqual(await others.read('acme', 'invoices', 'INV-1'), { version: 8, document: {} });
      });
    }

    it('no field that the adapters write has an index, and the one that says when to vanish has a TTL policy', async () => {
      await new FirestoreMirror(client).create('acme', 0, new Uint8Array([1]));
      const expiresAt = '2027-04-05T06:07:08.123456Z' as Instant;
      const projections = new FirestoreProjections(client);
      await projections.put('acme', 'usage_summaries', 'main', { version: 1, document: { total: '5' }, expiresAt });
      await projections.put('acme', 'invoices', 'INV-1', { version: 1, document: { total: '5' } });
      const written: string[] = [];
      for (const collection of await client.doc('tenants/acme').listCollections()) {
        for (const document of (await collection.get()).docs) {
          for (const field of Object.keys(document.data())) written.push(`${collection.id}.${field}`);
        }
      }
      const exempt = INDEXES.fieldOverrides.map(({ collectionGroup, fieldPath }) => `${collectionGroup}.${fieldPath}`);
      assert.deepEqual(written.sort(), exempt.toSorted());
      assert.ok(INDEXES.fieldOverrides.every(({ indexes }) => indexes.length === 0));
      assert.deepEqual(
        INDEXES.fieldOverrides
          .filter(({ ttl }) => ttl === true)
          .map(({ collectionGroup, fieldPath }) => [collectionGroup, fieldPath]),
        [['usage_summaries', 'expires_at']],
      );
    });

    it('1,203 pages are listed and retired in several requests, none twice and none left out', async () => {
      const bulk = client.bulkWriter();
      for (let i = 0; i < 1203; i++) {
        const id = String(i * 256).padStart(16, '0');
        void bulk.create(client.doc(`tenants/acme/pages/${id}`), { first_seq: i * 256, bytes: Buffer.from([i % 256]) });
      }
      await bulk.close();
      const mirror = new FirestoreMirror(client);
      assert.deepEqual(
        await mirror.list('acme'),
        Array.from({ length: 1203 }, (_, i) => i * 256),
      );
      assert.deepEqual(await mirror.list('acme', 1201 * 256 + 1), [1202 * 256]);
      assert.equal(await mirror.retire('acme', 1200 * 256), 1200);
      assert.deepEqual(await mirror.list('acme'), [1200 * 256, 1201 * 256, 1202 * 256]);
    });

    it('a page above the limit of a document, 1 MiB, is a bug and no reason to try again', async () => {
      const error = await rejection(new FirestoreMirror(client).create('acme', 0, new Uint8Array(1_100_000)));
      assert.ok(!(error instanceof TryAgain), String(error));
      assert.deepEqual(await new FirestoreMirror(client).list('acme'), []);
    });
  });
});
