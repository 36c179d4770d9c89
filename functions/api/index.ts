import { http } from '@google-cloud/functions-framework';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { apiHandler } from './handler.ts';

http('api', apiHandler(await ownPlatform()));
