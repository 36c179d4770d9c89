import assert from 'node:assert/strict';
import fs from 'node:fs';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import { createLog, type ProcessLog } from '../../shared/edge/log.ts';
import { at } from '../support/suite.ts';

const clock = new ManualClock(at('2026-03-03T14:00:00.250001Z'));

/** Every write to standard error while something runs. */
function writesOf(run: () => void): string[] {
  const writes: string[] = [];
  const { writeSync } = fs;
  const recording = (fd: number, text: unknown, ...more: unknown[]): number => {
    if (fd !== 2) return Reflect.apply(writeSync, fs, [fd, text, ...more]);
    writes.push(String(text));
    return Buffer.byteLength(String(text));
  };
  Object.assign(fs, { writeSync: recording });
  try {
    run();
  } finally {
    Object.assign(fs, { writeSync });
  }
  return writes;
}

/** The one line that something logged. */
function lineOf(run: (log: ProcessLog) => void, options: Parameters<typeof createLog>[2] = {}) {
  const writes = writesOf(() => run(createLog('debug', clock, options)));
  assert.equal(writes.length, 1, 'one write');
  assert.match(writes[0]!, /^\{.*\}\n$/, 'one line');
  return { text: writes[0]!, fields: JSON.parse(writes[0]!) as Record<string, unknown> };
}

describe('a line of the log', () => {
  it('is one line of JSON in one write, whatever stands in it', () => {
    const writes = writesOf(() => {
      const log = createLog('info', clock);
      log.info('mirror_healed', { tenant: 'a\nb', seq: 7, full: true });
      log.error('broken', new Error('first\nsecond'));
    });
    assert.equal(writes.length, 2);
    for (const write of writes) assert.match(write, /^[^\n]+\n$/);
    assert.deepEqual(JSON.parse(writes[0]!), {
      severity: 'INFO',
      time: '2026-03-03T14:00:00.250001Z',
      message: 'mirror_healed',
      tenant: 'a\nb',
      seq: 7,
      full: true,
    });
  });

  for (const [severity, say] of [
    ['INFO', (log: ProcessLog) => log.info('said')],
    ['WARNING', (log: ProcessLog) => log.warn('said')],
    ['ERROR', (log: ProcessLog) => log.error('said', new Error('why'))],
    ['CRITICAL', (log: ProcessLog) => log.critical('said', new Error('why'))],
  ] as const) {
    it(`of severity ${severity} is called so, as Cloud Logging knows it`, () => {
      assert.equal(lineOf(say).fields['severity'], severity);
    });
  }

  it('below the level is not written', () => {
    assert.deepEqual(
      writesOf(() => createLog('error', clock).warn('said')),
      [],
    );
  });

  it('of an error has its name in one field and its stack, with those of its causes, where Error Reporting looks', () => {
    const cause = new Error('socket closed');
    const { fields } = lineOf((log) =>
      log.error('sealing_failed', new TryAgain('the key service is away', 5, { cause })),
    );
    assert.equal(fields['error'], 'TryAgain: the key service is away');
    assert.match(
      String(fields['stack_trace']),
      /^TryAgain: the key service is away\n {4}at .*\nCaused by: Error: socket closed\n {4}at /s,
    );
  });

  it('of something thrown that is no error says what it was', () => {
    const { fields } = lineOf((log) => log.error('odd', 'only a word'));
    assert.equal(fields['error'], 'only a word');
    assert.equal('stack_trace' in fields, false);
  });

  it('of an error with a megabyte to say stays below the 262,144 bytes that Cloud Logging takes', () => {
    const { text, fields } = lineOf((log) => log.error('loud', new Error('é'.repeat(1_000_000))));
    assert.ok(Buffer.byteLength(text) < 262_144, String(Buffer.byteLength(text)));
    assert.equal(String(fields['error']).length, 16_384);
    assert.equal(String(fields['stack_trace']).length, 16_384);
  });

  it('of an error whose cause is itself ends after four causes', () => {
    const error = new Error('round');
    error.cause = error;
    const { fields } = lineOf((log) => log.error('round', error));
    assert.equal(String(fields['stack_trace']).split('Caused by: ').length - 1, 4);
  });
});

describe('a line of the log inside a traced request', () => {
  const manager = new AsyncLocalStorageContextManager();
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const spanId = 'b7ad6b7169203331';
  const within = (traceFlags: TraceFlags, run: () => void): void =>
    context.with(trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags }), run);
  const TRACE = 'logging.googleapis.com/trace';

  before(() => context.setGlobalContextManager(manager.enable()));
  after(() => context.disable());

  for (const [says, flags, isSampled] of [
    ['that is kept', TraceFlags.SAMPLED, true],
    ['that is not kept', TraceFlags.NONE, false],
  ] as const) {
    it(`names its trace and span, ${says}`, () => {
      const { fields } = lineOf((log) => within(flags, () => log.info('said')), { project: 'billing-eu' });
      assert.equal(fields[TRACE], `projects/billing-eu/traces/${traceId}`);
      assert.equal(fields['logging.googleapis.com/spanId'], spanId);
      assert.equal(fields['logging.googleapis.com/trace_sampled'], isSampled);
    });
  }

  it('names none outside of Google Cloud, where there is no project that it could be in', () => {
    assert.equal(TRACE in lineOf((log) => within(TraceFlags.SAMPLED, () => log.info('said'))).fields, false);
  });

  it('names none where nothing is traced', () => {
    assert.equal(TRACE in lineOf((log) => log.info('said'), { project: 'billing-eu' }).fields, false);
  });
});

describe('a secret in what is logged', () => {
  const CALLER_TOKEN = 'only-the-bus-and-the-scheduler-know-this';
  const KEY = 'tsk_live_0123456789abcdef_q3Jx8mT1vZ0aLk5nR7cYw2EoU4hB6dGfS9iPyXeWtKM';
  const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
  const PEM =
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----';

  // Each row: what it is, the text it stands in, the part that must not be seen, what may be.
  for (const [says, text, secret, remains] of [
    [
      'an API key',
      `no organization for ${KEY}`,
      'q3Jx8mT1vZ0aLk5nR7cYw2EoU4hB6dGfS9iPyXeWtKM',
      'tsk_live_0123456789abcdef_',
    ],
    [
      'an API key of today’s form',
      'no organization for tsk_live_eu_0123456789abcdef_q3Jx8mT1vZ0aLk5nR7cYw2EoU4hB6dGfS9iPyXeWtKM',
      'q3Jx8mT1vZ0aLk5nR7cYw2EoU4hB6dGfS9iPyXeWtKM',
      'tsk_live_eu_0123456789abcdef_',
    ],
    ['an API key in a header', `{"authorization":"Bearer ${KEY}"}`, 'q3Jx8mT1vZ0', 'authorization'],
    ['a bearer token', 'GET failed with Authorization: Bearer abc.def-ghi_jkl', 'abc.def', 'GET failed'],
    ['a basic credential', 'proxy said no to basic dXNlcjpzd29yZGZpc2g=', 'dXNlcjpzd29yZGZpc2g', 'proxy said no'],
    ['an OIDC token', `cannot verify ${JWT}`, 'eyJzdWIiOiIxMjM0NSJ9', 'cannot verify'],
    ["Google's access token", 'refused ya29.a0AfH6SMBx-1234567890_abc', 'a0AfH6SMBx', 'refused'],
    ["Google's API key", 'refused AIzaSyA1234567890abcdefghijklmnopqrstuv', 'SyA1234567890', 'refused'],
    ['a private key', `cannot parse ${PEM}, sorry`, 'MIIEvQIBADANBgkqhkiG9w0BAQ', ', sorry'],
    ['a private key cut short', 'cannot parse -----BEGIN RSA PRIVATE KEY-----\nMIIEow', 'MIIEow', 'cannot parse'],
    [
      'a signed address',
      'GET https://storage.googleapis.com/vault/a.tar?X-Goog-Signature=5f1e2d3c&X-Goog-Expires=300',
      '5f1e2d3c',
      'X-Goog-Expires=300',
    ],
    [
      'a password in an address',
      'cannot reach https://ops:swordfish@collector.internal/v1',
      'swordfish',
      '@collector.internal/v1',
    ],
    ['a password in a setting', 'bad option password=swordfish; retry', 'swordfish', '; retry'],
    ['a secret in JSON', 'sent {"client":"a","secret":"swordfish","b":1}', 'swordfish', '"b":1}'],
    [
      'a key file',
      `{"type":"service_account","private_key":"${PEM.replaceAll('\n', '\\n')}"}`,
      'MIIEvQIBADANBgkqhkiG9w0BAQ',
      'service_account',
    ],
    ['a cookie', 'Cookie: session=swordfish', 'swordfish', 'Cookie'],
    ['the secret of this process', `no call with ${CALLER_TOKEN}`, CALLER_TOKEN, 'no call with'],
  ] as const) {
    it(`${says} is struck out of an error, its cause and a fact; the rest can be read`, () => {
      const options = { secrets: [CALLER_TOKEN] };
      for (const { text: line, fields } of [
        lineOf((log) => log.error('failed', new Error(text)), options),
        lineOf((log) => log.critical('failed', new Error('outer', { cause: new TypeError(text) })), options),
        lineOf((log) => log.error('failed', text), options),
        lineOf((log) => log.warn('failed', { detail: text }), options),
      ]) {
        assert.equal(line.includes(secret), false, line);
        const values = Object.values(fields).join('\n');
        assert.ok(values.includes('[secret]'), values);
        assert.ok(values.includes(remains), values);
      }
    });
  }

  it('is not seen in what is none: names, digests and ids stay as they are', () => {
    const text =
      'keysets/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 of req_a1B2c3D4e5F6g7H8, key_id 0123456789abcdef';
    assert.equal(lineOf((log) => log.info('said', { text }), { secrets: [''] }).fields['text'], text);
  });

  it('is looked for in time, even where a text is made to look like the beginning of many', () => {
    for (const hostile of ['-eyJaaaaaaaa.', 'a.b-c+', 'password', 'a://b:', '-----BEGIN PRIVATE KEY-----', 'Bearer ']) {
      const began = performance.now();
      lineOf((log) => log.error('failed', new Error(hostile.repeat(100_000 / hostile.length))));
      assert.ok(performance.now() - began < 1000, hostile);
    }
  });
});
