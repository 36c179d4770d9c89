import { http } from '@google-cloud/functions-framework';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { runInvoicesHandler } from './handler.ts';

http('run-invoices', runInvoicesHandler(await ownPlatform()));
