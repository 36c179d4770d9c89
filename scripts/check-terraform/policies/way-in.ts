import type { Problem } from '../problems.ts';
import { textAt, valueAt, valuesAt } from '../resources.ts';
import { isList, isRecord, type Value, type Values } from '../wire-values.ts';
import { broken } from './finding.ts';
import { nameOf, type Stack } from './stack.ts';

/** The one door to the internet: Cloud Armor before every backend, HTTPS, and a way to each of them. */
export function* wayInPolicies(stack: Stack): Generator<Problem> {
  yield* armor(stack);
  yield* plainHttp(stack);
  yield* ways(stack);
}

// Preconfigured rules: https://cloud.google.com/armor/docs/waf-rules
const ATTACKS = 'sqli xss lfi rfi rce protocolattack scannerdetection sessionfixation nodejs cve'.split(' ');
const LAST = 2_147_483_647;
const isThrottle = (rule: Values): boolean => /^(throttle|rate_based_ban)$/.test(textAt(rule, 'action') ?? '');

/** Refuses attacks, gives each caller a share, and is what every backend has before it. */
function* armor(stack: Stack): Generator<Problem> {
  const policies = stack.of('google_compute_security_policy');
  for (const policy of policies) {
    const rules = (isList(policy.values['rule'] ?? null) ? (policy.values['rule'] as readonly Value[]) : []).filter(
      isRecord,
    );
    const expressionOf = (rule: Values) => textAt(rule, 'match.expr.expression') ?? '';
    const refusing = rules.filter((rule) => /^deny/.test(textAt(rule, 'action') ?? '') && rule['preview'] !== true);
    for (const attack of ATTACKS)
      if (!refusing.some((rule) => new RegExp(`'${attack}-`).test(expressionOf(rule))))
        yield broken(policy, `google_compute_security_policy: no rule refuses ${attack}`, 'rule');
    const keys = rules.filter(isThrottle).map((rule) => textAt(rule, 'rate_limit_options.enforce_on_key'));
    for (const [key, whom] of [
      ['HTTP_HEADER', 'each credential'],
      ['IP', 'each address'],
    ] as const)
      if (!keys.includes(key))
        yield broken(
          policy,
          `google_compute_security_policy: no rule gives ${whom} a share (throttle with enforce_on_key ${key})`,
          'rule',
        );
    if (!rules.some((rule) => valueAt(rule, 'priority') === LAST))
      yield broken(
        policy,
        'google_compute_security_policy: the last rule is missing: Google adds one that allows everybody',
        'rule',
      );
    for (const [at, rule] of rules.entries()) {
      const key = valueAt(rule, 'rate_limit_options.enforce_on_key');
      if (isThrottle(rule) && (key === null || key === 'ALL'))
        yield broken(
          policy,
          `google_compute_security_policy: rule ${String(rule['priority'])} counts all callers as one (enforce_on_key)`,
          'rule',
          at,
        );
      if (valueAt(rule, 'priority') === LAST && !/^deny/.test(textAt(rule, 'action') ?? 'deny'))
        yield broken(
          policy,
          'google_compute_security_policy: the last rule must refuse what no rule before it lets in',
          'rule',
          at,
        );
      if (
        textAt(rule, 'action') === 'allow' &&
        valuesAt(rule, 'match.config.src_ip_ranges').some(({ value }) => isList(value) && value.includes('*')) &&
        valueAt(rule, 'priority') !== LAST
      )
        yield broken(
          policy,
          `google_compute_security_policy: rule ${String(rule['priority'])} allows everybody before the rules after it are asked`,
          'rule',
          at,
        );
    }
  }
  const known = new Set(
    policies.flatMap(({ values }) => [textAt(values, 'id'), textAt(values, 'self_link'), textAt(values, 'name')]),
  );
  for (const backend of stack.of('google_compute_backend_service')) {
    const policy = textAt(backend.values, 'security_policy');
    if (policy !== undefined && !known.has(policy))
      yield broken(
        backend,
        `google_compute_backend_service ${nameOf(backend)}: security_policy ${policy} is not one of ours`,
        'security_policy',
      );
  }
}

/** There is a way from the internet to each backend, and it is HTTPS. */
function* ways(stack: Stack): Generator<Problem> {
  const targets = stack.of('google_compute_global_forwarding_rule').map(({ values }) => textAt(values, 'target'));
  for (const proxy of stack.of('google_compute_target_https_proxy'))
    if (!targets.includes(textAt(proxy.values, 'id')))
      yield broken(
        proxy,
        `google_compute_target_https_proxy ${nameOf(proxy)} has no forwarding rule: nobody reaches it`,
      );
  // A map's own tests say where requests should go; they lead nowhere.
  const maps = JSON.stringify(stack.of('google_compute_url_map').map(({ values }) => ({ ...values, test: [] })));
  for (const backend of stack.of('google_compute_backend_service'))
    if (!maps.includes(JSON.stringify(textAt(backend.values, 'id'))))
      yield broken(backend, `google_compute_backend_service ${nameOf(backend)} is in no url map: nobody reaches it`);
}

/** Plain HTTP leads to HTTPS and nowhere else. */
function* plainHttp(stack: Stack): Generator<Problem> {
  const redirecting = new Set(
    stack
      .of('google_compute_url_map')
      .filter(({ values }) => valueAt(values, 'default_url_redirect.https_redirect') === true)
      .flatMap(({ values }) => [textAt(values, 'id'), textAt(values, 'self_link')]),
  );
  for (const proxy of stack.of('google_compute_target_http_proxy'))
    if (!redirecting.has(textAt(proxy.values, 'url_map')))
      yield broken(
        proxy,
        `google_compute_target_http_proxy ${nameOf(proxy)} serves more than a redirect to HTTPS`,
        'url_map',
      );
  const plain = new Set(
    stack
      .of('google_compute_target_http_proxy')
      .flatMap(({ values }) => [textAt(values, 'id'), textAt(values, 'self_link')]),
  );
  for (const rule of stack.of('google_compute_global_forwarding_rule'))
    if (plain.has(textAt(rule.values, 'target')) !== (textAt(rule.values, 'port_range') === '80'))
      yield broken(
        rule,
        `google_compute_global_forwarding_rule ${nameOf(rule)}: port 80 belongs to the redirect, 443 to HTTPS`,
        'port_range',
      );
}
