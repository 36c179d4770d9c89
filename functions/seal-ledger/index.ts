import { http } from '@google-cloud/functions-framework';
import { openBus } from '../../shared/wiring/cloud/bus.ts';
import { openDatabase } from '../../shared/wiring/cloud/database.ts';
import { openSigner } from '../../shared/wiring/cloud/signer.ts';
import { openVault } from '../../shared/wiring/cloud/vault.ts';
import { ownPlatform } from '../../shared/wiring/own-platform.ts';
import { sealLedgerHandler } from './handler.ts';

const platform = await ownPlatform({ database: openDatabase, bus: openBus, signer: openSigner, vault: openVault });
http('seal-ledger', sealLedgerHandler(platform));
