import { type HclFile, type HclValue, isBody, isExpression, labelled } from './hcl.ts';
import { lineOf } from './hcl-lines.ts';
import type { Problem } from './problems.ts';
import { type WrittenResource, writtenResources } from './resources.ts';
import { PROVIDER_VERSION, type ProviderSchema, REGENERATE } from './schema.ts';
import { type Complaint, complaintsAbout } from './value-rules.ts';

/**
 * What can be said of the files alone, without `terraform`. Rules about values are those of the stand-in provider; here
 * they also reach into dynamic blocks, whose contents Terraform shows to no provider while their number is unknown.
 */
export function lint(files: readonly HclFile[], schema: ProviderSchema): Problem[] {
  const configuration = files.filter(({ path }) => path.endsWith('.tf'));
  return [...configuration.flatMap((file) => lintFile(file, schema)), ...unpinned(configuration)];
}

function* complaints(resource: WrittenResource): Generator<Complaint> {
  if (resource.schema === undefined || resource.kind === 'data') return;
  yield* complaintsAbout(resource.type, resource.schema, resource.values);
  for (const { path, schema, values } of resource.inDynamic)
    yield* complaintsAbout(resource.type, schema, values, path);
}

function lintFile(file: HclFile, schema: ProviderSchema): Problem[] {
  const problems: Problem[] = [];
  const add = (line: number, message: string) => problems.push({ check: 'lint', file: file.path, line, message });
  for (const resource of writtenResources(file, schema)) {
    if (resource.schema === undefined && resource.type.startsWith('google_')) {
      const what = resource.kind === 'data' ? 'data source' : 'resource';
      add(
        resource.line(),
        `${resource.type} is no ${what} of google ${PROVIDER_VERSION} that is known here; if the provider has it: ${REGENERATE}`,
      );
    }
    for (const { path, summary, detail } of complaints(resource)) {
      const names = path.filter((step) => typeof step === 'string');
      const indexes = path.filter((step) => typeof step === 'number');
      add(resource.line(names.join('.'), indexes.at(-1) ?? 0), `${summary}: ${detail}`);
    }
  }
  problems.push(...pins(file), ...doings(file), ...secrets(file));
  return problems;
}

const PINNED = /^~> 6\.50(\.[0-9]+)?$/;

/** Terraform and the provider are pinned, and there is one provider: the one whose schema is checked. */
function* pins(file: HclFile): Generator<Problem> {
  const problem = (path: string[], message: string): Problem => ({
    check: 'lint',
    file: file.path,
    line: lineOf(file.lines, ['terraform'], path),
    message,
  });
  for (const { block } of labelled(file.body, 'terraform', 0)) {
    for (const { block: providers } of labelled(block, 'required_providers', 0)) {
      for (const [name, provider] of Object.entries(providers)) {
        const { source, version } = isBody(provider) ? provider : { source: undefined, version: provider };
        const path = ['required_providers', name];
        if (source !== 'hashicorp/google')
          yield problem(path, `provider ${name} is not hashicorp/google: nothing here can check it`);
        else if (typeof version !== 'string' || !PINNED.test(version))
          yield problem(
            path,
            `provider google must be pinned to "~> 6.50", the release that is checked here, and is ${JSON.stringify(version ?? null)}`,
          );
      }
    }
  }
}

/** Configuration declares; it runs no program, carries no credentials, and keeps its state where others find it. */
function* doings(file: HclFile): Generator<Problem> {
  const problem = (path: readonly string[], message: string): Problem => ({
    check: 'policy',
    file: file.path,
    line: lineOf(file.lines, path, []),
    message,
  });
  for (const { labels, block } of labelled(file.body, 'resource', 2))
    if (block['provisioner'] !== undefined)
      yield problem(
        ['resource', ...labels],
        `${labels.join('.')}: a provisioner runs a program that nothing here can check`,
      );
  for (const { labels, block } of labelled(file.body, 'provider', 1)) {
    if (file.folder.startsWith('modules/'))
      yield problem(['provider', ...labels], 'a module has no provider of its own');
    for (const name of ['credentials', 'access_token'])
      if (block[name] !== undefined)
        yield problem(
          ['provider', ...labels, name],
          `provider google: ${name} must not be given: identities are federated`,
        );
  }
  for (const { block } of labelled(file.body, 'terraform', 0))
    for (const { labels } of labelled(block, 'backend', 1))
      if (labels[0] !== 'gcs')
        yield problem(
          ['terraform', 'backend', ...labels],
          `state is kept in Cloud Storage (backend "gcs"), not in ${labels[0]}`,
        );
}

/** Every folder says which Terraform it is for. */
function* unpinned(files: readonly HclFile[]): Generator<Problem> {
  for (const [folder, own] of Map.groupBy(files, (file) => file.folder)) {
    const blocks = own.flatMap(({ body }) => [...labelled(body, 'terraform', 0)]);
    const isRoot = own.some(({ body }) => body['provider'] !== undefined);
    if (!blocks.some(({ block }) => typeof block['required_version'] === 'string'))
      yield { check: 'lint', file: folder, line: 1, message: 'required_version is given nowhere in this folder' };
    if (isRoot && !blocks.some(({ block }) => block['backend'] !== undefined))
      yield {
        check: 'policy',
        file: folder,
        line: 1,
        message: 'a root has a backend "gcs": its state would lie on one machine',
      };
  }
}

/** Forms that nothing but a secret has. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key'],
  [/\bAIza[0-9A-Za-z_-]{35}/, 'an API key of Google'],
  [/\bya29\.[0-9A-Za-z_-]{20,}/, 'an access token of Google'],
  [/\bGOCSPX-[0-9A-Za-z_-]{20,}/, 'a client secret of Google'],
  [/\bgh[pousr]_[0-9A-Za-z]{30,}/, 'a token of GitHub'],
  [/\b(AKIA|ASIA)[0-9A-Z]{16}\b/, 'an access key of AWS'],
  [/\b[rs]k_(live|test)_[0-9A-Za-z]{16,}/, 'a key of Stripe'],
  [/\bxox[abprs]-[0-9A-Za-z-]{10,}/, 'a token of Slack'],
  [/"private_key(_id)?"\s*:/, 'a service account key'],
];
const SECRET_NAME = /(^|_)(password|passwd|secret|secret_data|token|api_key|private_key|auth_token|client_secret)$/i;
const NOT_SECRET = /^(|latest|[0-9]+|projects\/.*|.*\/.*)$/;

function* secrets(file: HclFile): Generator<Problem> {
  for (const [index, line] of file.text.split('\n').entries()) {
    const found = SECRETS.find(([pattern]) => pattern.test(line));
    if (found !== undefined)
      yield {
        check: 'policy',
        file: file.path,
        line: index + 1,
        message: `${found[1]} is written down: secrets never are`,
      };
  }
  yield* namedSecrets(file, file.body, []);
}

/** A literal where the argument's name says that it is a secret. Settings of the function count by their variable's name. */
function* namedSecrets(file: HclFile, value: HclValue, path: readonly string[]): Generator<Problem> {
  if (Array.isArray(value)) for (const item of value) yield* namedSecrets(file, item, path);
  else if (isBody(value))
    for (const [name, inner] of Object.entries(value)) yield* namedSecrets(file, inner, [...path, name]);
  else {
    const name = path.at(-1) ?? '';
    const isLiteral = typeof value === 'string' && !isExpression(value) && !NOT_SECRET.test(value);
    const isDeclaration = path[0] === 'variable' && path.length > 2 && name !== 'default';
    if (!isLiteral || isDeclaration || !SECRET_NAME.test(path[0] === 'variable' ? path[1]! : name)) return;
    const line = lineOf(file.lines, path.slice(0, 1), path.slice(1));
    yield { check: 'policy', file: file.path, line, message: `${name} is a literal: secrets are never written down` };
  }
}
