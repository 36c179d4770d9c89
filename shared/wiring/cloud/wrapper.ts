import { KmsKeyWrapper } from '../../adapters/kms/key-wrapper.ts';
import type { Opener } from '../ports.ts';

export const openWrapper: Opener<'wrapper'> = async ({ config, clock, entropy }) => {
  const port = new KmsKeyWrapper({
    key: config.wrappingKey,
    ...(config.kmsEndpoint === '' ? {} : { endpoint: config.kmsEndpoint }),
    clock,
    entropy,
  });
  return { port, close: () => port.close() };
};
