import { SpannerDatabase } from '../../adapters/database/spanner.ts';
import type { Opener } from '../ports.ts';

export const openDatabase: Opener<'database'> = async ({ config, clock, entropy }) => {
  const port = await SpannerDatabase.open({
    project: config.project,
    instance: config.spannerInstance,
    database: config.spannerDatabase,
    transactionsMax: config.transactionsMax,
    ...(config.spannerEmulator === '' ? {} : { emulatorHost: config.spannerEmulator }),
    clock,
    entropy,
  });
  return { port, close: () => port.close() };
};
