import { http } from '@google-cloud/functions-framework';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { sealLedgerHandler } from './handler.ts';

http('seal-ledger', sealLedgerHandler(await ownPlatform()));
