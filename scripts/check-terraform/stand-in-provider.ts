import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type GrpcObject,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { madeUp } from './made-up-values.ts';
import type { AttributeSchema, BlockSchema, NestedSchema, ProviderSchema } from './schema.ts';
import { type Complaint, complaintsAbout } from './value-rules.ts';
import { fromWire, toWire } from './wire-values.ts';

/**
 * Something for Terraform to talk to where Google's provider would be. It is not Google's provider: it knows the schema
 * of 6.50.0 and a few rules about values, reaches no cloud, and answers a plan with made-up values where the cloud would
 * have decided. With it the genuine `terraform` validates, tests and plans without network.
 */
export interface StandIn {
  /** What `TF_REATTACH_PROVIDERS` has to be. */
  readonly reattach: string;
  stop(): Promise<void>;
}

/** Serves plugin protocol 5 on a Unix socket in a folder of its own. */
export async function startStandIn(schema: ProviderSchema): Promise<StandIn> {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-provider-'));
  const socket = join(folder, 'provider.sock');
  const server = new Server({ 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 });
  server.addService(serviceDefinition(schema), answers(schema));
  await new Promise<void>((bound, failed) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? failed(error) : bound(),
    );
  });
  return {
    // `Test` tells Terraform that the process is not its own to end.
    // https://developer.hashicorp.com/terraform/plugin/debugging#running-terraform-with-a-provider-in-debug-mode
    reattach: JSON.stringify({
      'registry.terraform.io/hashicorp/google': {
        Protocol: 'grpc',
        ProtocolVersion: 5,
        Pid: process.pid,
        Test: true,
        Addr: { Network: 'unix', String: socket },
      },
    }),
    stop: async () => {
      server.forceShutdown();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The protocol's service, with the answer about the schema encoded once: every command asks for it again. */
function serviceDefinition(schema: ProviderSchema): ServiceDefinition {
  const definition = loadSync(fileURLToPath(new URL('tfplugin5.proto', import.meta.url)), { keepCase: true });
  const tfplugin5 = loadPackageDefinition(definition)['tfplugin5'] as GrpcObject;
  const { service } = tfplugin5['Provider'] as ServiceClientConstructor;
  const encoded = service['GetSchema']!.responseSerialize(schemaMessage(schema));
  return { ...service, GetSchema: { ...service['GetSchema']!, responseSerialize: () => encoded } };
}

interface Wire {
  readonly msgpack: Uint8Array;
}
interface Request {
  readonly type_name: string;
  readonly config: Wire;
  readonly proposed_new_state: Wire;
}
type Answer = (call: { readonly request: Request }, done: (error: Error | null, reply?: object) => void) => void;

function answers(schema: ProviderSchema): Record<string, Answer> {
  const answer =
    (reply: (request: Request) => object): Answer =>
    ({ request }, done) => {
      try {
        done(null, reply(request));
      } catch (error) {
        // A bug here has to reach whoever runs Terraform, with its stack.
        done(error instanceof Error ? Object.assign(error, { details: error.stack }) : new Error(String(error)));
      }
    };
  return {
    GetSchema: answer(() => ({})),
    PrepareProviderConfig: answer(({ config }) => ({ prepared_config: config })),
    ValidateResourceTypeConfig: answer(({ type_name, config }) => ({
      diagnostics: complaintsAbout(type_name, schema.resource.get(type_name)!, fromWire(config.msgpack)!).map(
        diagnostic,
      ),
    })),
    ValidateDataSourceConfig: answer(() => ({})),
    Configure: answer(() => ({})),
    PlanResourceChange: answer(({ type_name, config, proposed_new_state }) => {
      const proposed = fromWire(proposed_new_state.msgpack);
      if (proposed === null) return { planned_state: proposed_new_state };
      const block = schema.resource.get(type_name)!;
      const planned = madeUp(type_name, block, proposed, fromWire(config.msgpack)!);
      // Like providers of the old SDK, this one is not held to plan exactly what is configured.
      return { planned_state: { msgpack: toWire(planned) }, legacy_type_system: true };
    }),
    ReadDataSource: answer(({ type_name, config }) => {
      const values = fromWire(config.msgpack)!;
      return { state: { msgpack: toWire(madeUp(`data.${type_name}`, schema.data.get(type_name)!, values, values)) } };
    }),
    Stop: answer(() => ({})),
  };
}

const diagnostic = ({ path, summary, detail }: Complaint): object => ({
  severity: 'ERROR',
  summary,
  detail,
  attribute: {
    steps: path.map((step) => (typeof step === 'number' ? { element_key_int: step } : { attribute_name: step })),
  },
});

function schemaMessage({ provider, resource, data }: ProviderSchema): object {
  const each = (types: ReadonlyMap<string, BlockSchema>) =>
    Object.fromEntries([...types].map(([type, block]) => [type, { version: 0, block: blockMessage(block) }]));
  return {
    provider: { version: 0, block: blockMessage(provider) },
    resource_schemas: each(resource),
    data_source_schemas: each(data),
    server_capabilities: { get_provider_schema_optional: true },
  };
}

const blockMessage = ({ attributes, blocks }: BlockSchema): object => ({
  attributes: Object.entries(attributes).map(([name, attribute]) => attributeMessage(name, attribute)),
  block_types: Object.entries(blocks).map(([name, nested]) => nestedMessage(name, nested)),
});

const attributeMessage = (name: string, { type, required, optional, computed }: AttributeSchema): object => ({
  name,
  type: Buffer.from(JSON.stringify(type)),
  required: required === true,
  optional: optional === true,
  computed: computed === true,
  // The bindings do not tell, but the provider's convention does: such arguments are never kept in the state.
  write_only: name.endsWith('_wo'),
});

const nestedMessage = (name: string, { nesting, min, max, block }: NestedSchema): object => ({
  type_name: name,
  nesting: nesting.toUpperCase(),
  min_items: min ?? 0,
  max_items: max ?? 0,
  block: blockMessage(block),
});
