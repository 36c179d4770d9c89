import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { described } from '../functions/api/operations.ts';
import { documentOf } from '../shared/edge/openapi/document.ts';
import { generateClient } from './build-client/generate.ts';

const { out } = new Command('build:client')
  .description('Writes the types and the table of operations of the typed client, from the OpenAPI document.')
  .option('--out <file>', 'the file to write', 'shared/client/operations.ts')
  .parse()
  .opts<{ out: string }>();

const text = generateClient(documentOf(described()));
await writeFile(out, text);
console.log(`${out}: ${Buffer.byteLength(text)} bytes`);
