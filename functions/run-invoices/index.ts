import { http } from '@google-cloud/functions-framework';
import { openBus } from '../../shared/wiring/cloud/bus.ts';
import { openDatabase } from '../../shared/wiring/cloud/database.ts';
import { openMirror, openProjections } from '../../shared/wiring/cloud/firestore.ts';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { runInvoicesHandler } from './handler.ts';

const platform = await ownPlatform({
  database: openDatabase,
  bus: openBus,
  mirror: openMirror,
  projections: openProjections,
});
http('run-invoices', runInvoicesHandler(platform));
