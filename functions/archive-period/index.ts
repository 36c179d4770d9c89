import { http } from '@google-cloud/functions-framework';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { archivePeriodHandler } from './handler.ts';

http('archive-period', archivePeriodHandler(await ownPlatform()));
