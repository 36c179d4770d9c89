import type { ApiRoute } from '../../shared/edge/http/handler.ts';
import { type ApiRoom, absent } from './room.ts';

/** What anybody may read: the keys, the latest checkpoint, and whether the function lives. */
export const publicRoutes = (room: ApiRoom): ApiRoute[] => [
  {
    method: 'GET',
    path: '/.well-known/jwks.json',
    produces: ['application/jwk-set+json', 'application/json'],
    handle: async () => ({
      status: 200,
      json: await room.keys.keyset(),
      headers: { 'Cache-Control': 'public, max-age=60' },
    }),
  },
  {
    method: 'GET',
    path: '/.well-known/tallystick/checkpoint',
    handle: async () => {
      const { signed } = await room.seals.latest();
      if (signed === undefined) throw absent('checkpoint');
      return { status: 200, json: { ledger: room.ledgerOrigin, record: signed.record, checkpoint: signed.jws } };
    },
  },
  {
    method: 'GET',
    path: '/healthz',
    handle: async () => {
      // A read through the store, so that "ok" means that this function can answer.
      await room.seals.latest();
      return { status: 200, json: { status: 'ok' } };
    },
  },
];
