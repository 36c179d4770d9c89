import { http } from '@google-cloud/functions-framework';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { reconcileChainHandler } from './handler.ts';

http('reconcile-chain', reconcileChainHandler(await ownPlatform()));
