import { isPlatformRole, ROLES } from '../../shared/domain/access.ts';
import { type ErrorCode, statusFor } from '../../shared/domain/errors.ts';
import type { Operation } from '../../shared/edge/http/operation.ts';
import { templateOf } from '../../shared/edge/openapi/document.ts';
import { ROLE_SCOPES, SCOPES } from '../../shared/edge/roles.ts';

/** The tables of docs/api.md that follow from the code, by the name in the comment before them. */
export const tablesOf = (operations: readonly Operation[]): Readonly<Record<string, string>> => ({
  operations: operationTable(operations),
  codes: codeTable(),
  roles: roleTable(),
});

/** The page with each table as the code has it: a table stands between `<!-- table: name -->` and `<!-- end -->`. */
export function withTables(page: string, tables: Readonly<Record<string, string>>): string {
  return page.replaceAll(
    /(<!-- table: ([a-z]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, name: string, end) => {
      const table = tables[name];
      if (table === undefined) throw new Error(`there is no table of ${name}`);
      return `${start}\n${table}\n\n${end}`;
    },
  );
}

function operationTable(operations: readonly Operation[]): string {
  const byTag = [...Map.groupBy(operations, ({ tag }) => tag)].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = byTag.flatMap(([tag, members]) =>
    members
      .toSorted((a, b) => (addressOf(a) < addressOf(b) ? -1 : 1))
      .map((one, place) => [
        place === 0 ? tag : '',
        `\`${one.method} ${templateOf(one.path)}\``,
        one.summary,
        one.scope === 'public' ? 'anybody' : `\`${one.scope}\``,
      ]),
  );
  return table(['', 'method and path', 'what', 'scope'], rows);
}

const addressOf = ({ path, method }: Operation): string => `${path} ${method}`;

function codeTable(): string {
  const byStatus = Map.groupBy(Object.keys(statusFor) as ErrorCode[], (code) => statusFor[code]);
  const rows = [...byStatus]
    .sort(([a], [b]) => a - b)
    .map(([status, codes]) => [String(status), codes.map((code) => `\`${code}\``).join(' ')]);
  return table(['status', 'codes'], rows);
}

/** Scopes down, roles across. */
function roleTable(): string {
  const rows = SCOPES.map((scope) => [
    `\`${scope}\``,
    ...ROLES.map((role) => (ROLE_SCOPES[role].includes(scope) ? 'yes' : '')),
  ]);
  const acts = ['acts on', ...ROLES.map((role) => (isPlatformRole(role) ? 'any' : 'its own'))];
  return table(['', ...ROLES.map((role) => `\`${role}\``)], [acts, ...rows]);
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
