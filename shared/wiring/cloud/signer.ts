import { KmsSigner } from '../../adapters/kms/signer.ts';
import type { Opener } from '../ports.ts';

export const openSigner: Opener<'signer'> = async ({ config, clock, entropy }) => {
  const port = new KmsSigner({
    keyRing: config.kmsKeyRing,
    ...(config.kmsEndpoint === '' ? {} : { endpoint: config.kmsEndpoint }),
    clock,
    entropy,
    requireHsm: true,
  });
  return { port, close: () => port.close() };
};
