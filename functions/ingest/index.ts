import { http } from '@google-cloud/functions-framework';
import { openBus } from '../../shared/wiring/cloud/bus.ts';
import { openDatabase } from '../../shared/wiring/cloud/database.ts';
import { openWrapper } from '../../shared/wiring/cloud/wrapper.ts';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { ingestHandler } from './handler.ts';

const platform = await ownPlatform({ database: openDatabase, bus: openBus, wrapper: openWrapper });
http('ingest', ingestHandler(platform));
