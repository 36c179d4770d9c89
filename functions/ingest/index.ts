import { http } from '@google-cloud/functions-framework';
import { openBus } from '../../shared/wiring/cloud/bus.ts';
import { openDatabase } from '../../shared/wiring/cloud/database.ts';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { ingestHandler } from './handler.ts';

const platform = await ownPlatform({ database: openDatabase, bus: openBus });
http('ingest', ingestHandler(platform));
