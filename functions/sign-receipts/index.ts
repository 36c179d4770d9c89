import { http } from '@google-cloud/functions-framework';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { signReceiptsHandler } from './handler.ts';

http('sign-receipts', signReceiptsHandler(await ownPlatform()));
