import { PubSubBus } from '../../adapters/pubsub/bus.ts';
import { propagate } from '../../edge/telemetry/messages.ts';
import type { Opener } from '../ports.ts';

export const openBus: Opener<'bus'> = async ({ config }) => {
  const port = new PubSubBus({
    project: config.project,
    topicPrefix: config.topicPrefix,
    propagate,
    ...(config.pubsubEmulator === '' ? {} : { emulatorHost: config.pubsubEmulator }),
  });
  return { port, close: () => port.close() };
};
