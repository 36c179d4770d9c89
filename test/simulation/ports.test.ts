import { openGate } from '../../scripts/simulation/gate.ts';
import { Broker, SimulatedBus } from '../../scripts/simulation/ports/broker.ts';
import {
  MirrorPages,
  SimulatedMirror,
  SimulatedProjections,
  SimulatedVault,
  VaultObjects,
} from '../../scripts/simulation/ports/copies.ts';
import { Committed, SimulatedDatabase } from '../../scripts/simulation/ports/database.ts';
import { HeldKeys, SimulatedSigner, SimulatedWrapper } from '../../scripts/simulation/ports/signer.ts';
import { emptyState } from '../../scripts/simulation/ports/tables.ts';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { MICROS_PER_DAY, parseInstant, plusMicros } from '../../shared/domain/time.ts';
import { busContract } from '../adapters/contracts/bus.ts';
import { CONTRACT_TABLES, databaseContract } from '../adapters/contracts/database.ts';
import { keyWrapperContract } from '../adapters/contracts/key-wrapper.ts';
import { mirrorContract } from '../adapters/contracts/mirror.ts';
import { projectionsContract } from '../adapters/contracts/projections.ts';
import { signerContract } from '../adapters/contracts/signer.ts';
import { vaultContract } from '../adapters/contracts/vault.ts';

const NAME = 'simulated';
const START = parseInstant('2026-03-01T12:00:00Z', 'test');
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

databaseContract(NAME, async () => {
  const committed = new Committed(emptyState(CONTRACT_TABLES));
  // Fifty who meet at one row all at once come through one after the other.
  const options = { rerunsMax: 60, later: (work: () => void) => work() };
  return {
    purgesItself: true,
    rangesTried: 300,
    open: async () => new SimulatedDatabase(committed, openGate, options),
    dispose: async () => undefined,
  };
});

mirrorContract(NAME, async () => {
  const held = new MirrorPages();
  return { open: async () => new SimulatedMirror(held, openGate), dispose: async () => undefined };
});

projectionsContract(NAME, async () => {
  const held = new Map<string, string>();
  return { open: async () => new SimulatedProjections(held, openGate), dispose: async () => undefined };
});

vaultContract(NAME, async () => {
  const clock = new ManualClock(START);
  const held = new VaultObjects(() => clock.now(), 10);
  return {
    open: async () => new SimulatedVault(held, openGate),
    passRetention: async () => clock.set(plusMicros(clock.now(), 11n * MICROS_PER_DAY)),
    dispose: async () => undefined,
  };
});

signerContract(NAME, async () => {
  const held = new HeldKeys();
  return {
    modulusLength: 2048,
    open: async () => new SimulatedSigner(held, 'rsa', openGate),
    dispose: async () => undefined,
  };
});

keyWrapperContract(NAME, async () => {
  const entropy = new SeededEntropy('wrapping keys');
  const keys = new Map([['1', entropy.bytes(32)]]);
  return {
    open: async () => new SimulatedWrapper(keys, entropy, openGate),
    rotate: async () => void keys.set(String(keys.size + 1), entropy.bytes(32)),
    dispose: async () => undefined,
  };
});

busContract(NAME, async () => {
  let broker: Broker | undefined;
  return {
    async open(subscriptions, deliver) {
      broker ??= new Broker({ subscriptions, isOrdered: true, attemptsMax: 5, now: () => START });
      const held = broker;
      let isRunning = false;
      const pump = async (): Promise<void> => {
        while (isRunning) {
          for (const queued of held.deliverable()) {
            void deliver(held.begin(queued)).then(
              () => held.acknowledge(queued),
              () => held.fail(queued),
            );
          }
          await turn();
        }
      };
      let pumping: Promise<void> = Promise.resolve();
      return {
        bus: new SimulatedBus(held, openGate),
        start: async () => {
          isRunning = true;
          pumping = pump();
        },
        deadLetters: async () => held.deadLetters,
        stop: async () => {
          isRunning = false;
          await pumping;
        },
      };
    },
    passTime: turn,
    dispose: async () => undefined,
  };
});
