import assert from 'node:assert/strict';
import { FrameworkProcess } from '../support/framework-process.ts';

/** What the caller of a function learns of an error, whatever the error says about us. */
const BODIES: readonly (readonly [string, string, RequestInit, Readonly<Record<string, unknown>>])[] = [
  [
    'a bug in a handler',
    '/bug',
    {},
    {
      type: 'urn:tallystick:problem:internal',
      title: 'Internal',
      status: 500,
      detail: 'something went wrong on our side',
      code: 'internal',
    },
  ],
  [
    'a body that is no JSON, which the framework would have parsed first',
    '/echo',
    { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"a": swordfish' },
    {
      type: 'urn:tallystick:problem:malformed_json',
      title: 'Malformed JSON',
      status: 400,
      detail: 'the body is not JSON in UTF-8 (RFC 8259)',
      code: 'malformed_json',
    },
  ],
  [
    'a body that the framework cannot inflate',
    '/echo',
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
      body: 'no gzip, but swordfish',
    },
    {
      type: 'urn:tallystick:problem:unsupported_content_encoding',
      title: 'Unsupported content encoding',
      status: 415,
      detail: 'send the body uncompressed',
      code: 'unsupported_content_encoding',
      param: 'content-encoding',
    },
  ],
  [
    'an address that is nowhere',
    '/swordfish',
    {},
    {
      type: 'urn:tallystick:problem:not_found',
      title: 'Not found',
      status: 404,
      detail: 'nothing is here',
      code: 'not_found',
    },
  ],
  [
    'a method that the address does not take',
    '/echo',
    { method: 'DELETE' },
    {
      type: 'urn:tallystick:problem:method_not_allowed',
      title: 'Method not allowed',
      status: 405,
      detail: 'this address answers to POST',
      code: 'method_not_allowed',
    },
  ],
];

for (const [says, environment] of [
  ['in production', { NODE_ENV: 'production' }],
  ['on a desk, where the framework would tell the caller everything', {}],
] as const) {
  describe(`what a caller learns of an error ${says}`, function () {
    this.timeout(40_000);
    let running: FrameworkProcess;

    before(async () => {
      running = await FrameworkProcess.start('test/support/desk-function.ts', 'desk', environment);
    });
    after(() => running.stop());

    for (const [what, path, init, expected] of BODIES) {
      it(`${what}: ${expected['status']} ${expected['code']}`, async () => {
        const response = await fetch(`${running.url}${path}`, init);
        const { request_id, ...problem } = (await response.json()) as Record<string, unknown>;
        assert.deepEqual(problem, expected);
        assert.equal(response.status, expected['status']);
        assert.equal(response.headers.get('content-type'), 'application/problem+json');
        assert.equal(response.headers.get('x-request-id'), request_id);
        assert.equal(response.headers.get('x-powered-by'), null);
      });
    }

    it('the bug is whole in the log, under the id that the caller was given', async () => {
      const response = await fetch(`${running.url}/bug`);
      const { request_id } = (await response.json()) as Record<string, unknown>;
      const line = running.lines.find((one) => one['request_id'] === request_id && one['severity'] === 'ERROR');
      assert.equal(line?.['message'], 'request_failed');
      assert.equal(line?.['error'], 'Error: the password is swordfish');
      assert.match(String(line?.['stack_trace']), /^Error: the password is swordfish\n {4}at .*desk-function\.ts/);
    });

    it('what goes wrong beside a request reaches no caller, and nothing but lines of JSON is written', async () => {
      const response = await fetch(`${running.url}/stray/rejection`);
      assert.equal(await response.text(), '"whole"');
      await running.ended;
      assert.deepEqual(
        running.lines.filter((line) => 'text' in line),
        [],
      );
    });
  });
}
