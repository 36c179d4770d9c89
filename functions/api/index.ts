import { http } from '@google-cloud/functions-framework';
import { openDatabase } from '../../shared/wiring/cloud/database.ts';
import { openVault } from '../../shared/wiring/cloud/vault.ts';
import { openCursors } from '../../shared/wiring/cursors.ts';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { apiHandler } from './handler.ts';

const platform = await ownPlatform({ database: openDatabase, vault: openVault });
http('api', apiHandler({ ...platform, cursors: await openCursors(platform) }));
