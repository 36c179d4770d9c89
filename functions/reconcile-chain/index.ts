import { http } from '@google-cloud/functions-framework';
import { openBus } from '../../shared/wiring/cloud/bus.ts';
import { openDatabase } from '../../shared/wiring/cloud/database.ts';
import { openMirror, openProjections } from '../../shared/wiring/cloud/firestore.ts';
import { openSigner } from '../../shared/wiring/cloud/signer.ts';
import { openVault } from '../../shared/wiring/cloud/vault.ts';
import { openWrapper } from '../../shared/wiring/cloud/wrapper.ts';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { reconcileChainHandler } from './handler.ts';

const platform = await ownPlatform({
  database: openDatabase,
  bus: openBus,
  mirror: openMirror,
  projections: openProjections,
  signer: openSigner,
  vault: openVault,
  wrapper: openWrapper,
});
http('reconcile-chain', reconcileChainHandler(platform));
