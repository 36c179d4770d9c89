import { http } from '@google-cloud/functions-framework';
import { openDatabase } from '../../shared/wiring/cloud/database.ts';
import { openProjections } from '../../shared/wiring/cloud/firestore.ts';
import { openSigner } from '../../shared/wiring/cloud/signer.ts';
import { openVault } from '../../shared/wiring/cloud/vault.ts';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { archivePeriodHandler } from './handler.ts';

const platform = await ownPlatform({
  database: openDatabase,
  projections: openProjections,
  signer: openSigner,
  vault: openVault,
});
http('archive-period', archivePeriodHandler(platform));
