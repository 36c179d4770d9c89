import { randomBytes } from 'node:crypto';
import { CloudTestSuite } from '../../../test/support/cloud-suite.ts';
import { emulatorHost } from '../../../test/support/emulators.ts';
import type { EmulatorName } from '../../emulators/emulators.ts';
import type { Operations, Written } from './counts.ts';
import { FirestoreMeter } from './firestore-meter.ts';
import { GrpcRelay } from './grpc-relay.ts';
import { PubSubMeter } from './pubsub-meter.ts';
import { SpannerMeter } from './spanner-meter.ts';
import { type Stored, storedBytes } from './stored.ts';
import { START } from './workload.ts';

const PATIENCE_MILLISECONDS = 60_000;

/**
 * The whole suite on Google's clients, each of which speaks through a relay that counts. The clock stands until it is moved,
 * chance follows from a seed, doorbells are answered one after the other: the same load makes the same counts.
 */
export class Stand {
  readonly suite: CloudTestSuite;
  readonly #relays: readonly GrpcRelay[];
  readonly #spanner: SpannerMeter;
  readonly #firestore: FirestoreMeter;
  readonly #pubsub: PubSubMeter;

  private constructor(
    suite: CloudTestSuite,
    relays: readonly GrpcRelay[],
    meters: { readonly spanner: SpannerMeter; readonly firestore: FirestoreMeter; readonly pubsub: PubSubMeter },
  ) {
    this.suite = suite;
    this.#relays = relays;
    this.#spanner = meters.spanner;
    this.#firestore = meters.firestore;
    this.#pubsub = meters.pubsub;
  }

  static async start(): Promise<Stand> {
    const meters = { spanner: new SpannerMeter(), firestore: new FirestoreMeter(), pubsub: new PubSubMeter() };
    const relays: GrpcRelay[] = [];
    const relayTo = async (name: EmulatorName): Promise<string> => {
      const relay = await GrpcRelay.start(await emulatorHost(name), (call) => meters[name].hear(call));
      relays.push(relay);
      return relay.host;
    };
    try {
      const suite = await CloudTestSuite.start({
        at: START,
        // Of its own for each stand, and always as long: names are part of what is counted.
        name: `operations-${randomBytes(4).toString('hex')}`,
        seed: 'operations',
        oneAtATime: true,
        // A slow machine is no reason to push twice: then no count is what it was.
        ackDeadlineSeconds: 120,
        relays: {
          spanner: await relayTo('spanner'),
          firestore: await relayTo('firestore'),
          pubsub: await relayTo('pubsub'),
        },
      });
      return new Stand(suite, relays, meters);
    } catch (error) {
      await stopAll(relays);
      throw error;
    }
  }

  async close(): Promise<void> {
    try {
      await this.suite.close();
    } finally {
      await stopAll(this.#relays);
    }
  }

  /** Resolves when every message that was published has been answered, and those published by the answers. */
  async settle(): Promise<void> {
    const { relay } = this.suite;
    const begun = performance.now();
    for (;;) {
      const { pushed, refused } = relay.counters;
      if (refused > 0) throw new Error('a doorbell was refused: the bus rings again, and no count is what it was');
      if (pushed >= this.#pubsub.counts.messages) {
        await relay.idle();
        // Every topic has one subscription.
        if (relay.counters.pushed === this.#pubsub.counts.messages) return;
      }
      if (performance.now() - begun > PATIENCE_MILLISECONDS) throw new Error('not every doorbell was answered');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  counts(): Operations {
    const { kms, storage, relay } = this.suite;
    return {
      spanner: { ...this.#spanner.counts },
      pubsub: { ...this.#pubsub.counts, deliveries: relay.counters.pushed },
      firestore: { ...this.#firestore.counts },
      kms: { signs: kms.calls('AsymmetricSign'), encrypts: kms.calls('Encrypt'), decrypts: kms.calls('Decrypt') },
      storage: {
        creates: storage.count('upload') + storage.count('begin'),
        reads: storage.count('download') + storage.count('describe'),
        lists: storage.count('list'),
        deletes: storage.count('delete'),
        bytes: storage.objects().reduce((sum, { bytes }) => sum + bytes.length, 0),
      },
    };
  }

  /** What was written to each table. */
  written(): Written {
    return Object.fromEntries([...this.#spanner.tables].sort().map(([name, counts]) => [name, { ...counts }]));
  }

  stored(): Promise<Stored> {
    const { platform, storage } = this.suite;
    return storedBytes({ database: platform.database, firestore: this.#firestore, storage });
  }
}

async function stopAll(relays: readonly GrpcRelay[]): Promise<void> {
  for (const relay of relays) await relay.stop();
}
