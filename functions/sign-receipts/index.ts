import { http } from '@google-cloud/functions-framework';
import { openBus } from '../../shared/wiring/cloud/bus.ts';
import { openDatabase } from '../../shared/wiring/cloud/database.ts';
import { openMirror, openProjections } from '../../shared/wiring/cloud/firestore.ts';
import { openWrapper } from '../../shared/wiring/cloud/wrapper.ts';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { signReceiptsHandler } from './handler.ts';

const platform = await ownPlatform({
  database: openDatabase,
  bus: openBus,
  mirror: openMirror,
  projections: openProjections,
  wrapper: openWrapper,
});
http('sign-receipts', signReceiptsHandler(platform));
