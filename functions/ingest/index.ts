import { http } from '@google-cloud/functions-framework';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { ingestHandler } from './handler.ts';

http('ingest', ingestHandler(await ownPlatform()));
