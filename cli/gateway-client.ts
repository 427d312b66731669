/** Requests of the command line to a gateway's HTTP API, with errors turned into what to do next. */
import { readConfig } from '../cluster/config.ts';
import { ERROR_RULES, type ErrorCode, ServingError, type Stage } from '../proto/errors.ts';
import type { CommandInput } from './command.ts';

export const GATEWAY_FLAGS = {
  url: { type: 'string', help: 'the gateway, e.g. http://127.0.0.1:8000 [default: from --host and --http-port]' },
} as const;

export function gatewayUrl(input: CommandInput): string {
  const given = input.flags['url'];
  if (given !== undefined) return given.replace(/\/+$/, '');
  const { host, httpPort } = readConfig(input.flags, input.env);
  return `http://${host}:${httpPort}`;
}

/** The answer's JSON. Rejects with the cluster's own error, or UNAVAILABLE where no gateway listens. */
export async function askGateway(
  base: string,
  method: 'GET' | 'POST',
  path: string,
  body: unknown,
  onHeaders?: (headers: Headers) => void,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(base + path, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch (thrown) {
    throw new ServingError('UNAVAILABLE', 'edge', `no gateway answers at ${base}; start one with: dovetail up`, {
      cause: thrown,
    });
  }
  onHeaders?.(response.headers);
  const text = await response.text();
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (thrown) {
    throw new ServingError(
      'UNAVAILABLE',
      'edge',
      `${base} is no Dovetail gateway: it answers ${response.status} and no JSON`,
      { cause: thrown },
    );
  }
  // A push all of whose rows are refused has a status of its own, and says of each row why.
  if (response.ok || Array.isArray((answer as { acks?: unknown } | null)?.acks)) return answer;
  throw errorOf(response.status, answer);
}

function errorOf(status: number, answer: unknown): ServingError {
  const { error } = answer as { error?: string | { code?: string; stage?: string; message?: string } };
  if (typeof error === 'object' && error?.code !== undefined && Object.hasOwn(ERROR_RULES, error.code)) {
    return new ServingError(
      error.code as ErrorCode,
      (error.stage ?? 'edge') as Stage,
      error.message ?? `HTTP ${status}`,
    );
  }
  const code: ErrorCode = status === 404 ? 'NOT_FOUND' : status >= 500 ? 'UNAVAILABLE' : 'INVALID_ARGUMENT';
  return new ServingError(
    code,
    'edge',
    typeof error === 'string' ? error : `HTTP ${status}: ${JSON.stringify(answer).slice(0, 300)}`,
  );
}
