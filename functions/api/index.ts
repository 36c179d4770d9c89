import { http } from '@google-cloud/functions-framework';
import { openBus } from '../../shared/wiring/cloud/bus.ts';
import { openDatabase } from '../../shared/wiring/cloud/database.ts';
import { openMirror, openProjections } from '../../shared/wiring/cloud/firestore.ts';
import { openVault } from '../../shared/wiring/cloud/vault.ts';
import { openWrapper } from '../../shared/wiring/cloud/wrapper.ts';
import { openCursors } from '../../shared/wiring/cursors.ts';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { apiHandler } from './handler.ts';

const platform = await ownPlatform({
  database: openDatabase,
  bus: openBus,
  mirror: openMirror,
  projections: openProjections,
  vault: openVault,
  wrapper: openWrapper,
});
http('api', apiHandler({ ...platform, cursors: await openCursors(platform) }));
