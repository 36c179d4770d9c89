import { StorageVault } from '../../adapters/storage/vault.ts';
import type { Opener } from '../ports.ts';

export const openVault: Opener<'vault'> = async ({ config, clock }) => {
  const port = new StorageVault({
    project: config.project,
    bucket: config.vaultBucket,
    ...(config.storageEndpoint === '' ? {} : { endpoint: config.storageEndpoint }),
    clock,
  });
  return { port, close: () => port.close() };
};
