/** `dovetail predict`: one prediction from the command line, over HTTP. */
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { askGateway, GATEWAY_FLAGS, gatewayUrl } from './gateway-client.ts';

export const predictCommand: Command = {
  name: 'predict',
  summary: 'ask a model about a user',
  usage: 'predict <model> [--user <id>] [--inputs <json>] [--url <gateway>]',
  text: [
    'Sends one request to a gateway and prints the answer as JSON. --inputs takes a JSON object of request inputs;',
    '--user is the key of the entity that the model is about. What a model needs: dovetail predict <model> --describe.',
  ].join('\n'),
  examples: [
    `dovetail predict fraud --describe`,
    `dovetail predict fraud --user u42 --inputs '{"merchant_id":"m7","amount":129.9,"hour":23,"country_mismatch":0,"new_device":1}'`,
  ],
  settings: ['host', 'httpPort'],
  flags: {
    ...GATEWAY_FLAGS,
    user: { type: 'string', help: 'key of the entity, e.g. the user’s id' },
    inputs: { type: 'string', help: 'request inputs, a JSON object' },
    version: { type: 'string', help: 'model version [default: the newest served]' },
    'timeout-ms': { type: 'string', help: 'deadline' },
    describe: { type: 'boolean', help: 'print what the model needs and gives, instead of asking it' },
  },
  positionals: ['model'],
  run: runPredict,
};

type Metadata = { readonly inputs: readonly { readonly name: string; readonly datatype: string }[] };

async function runPredict(input: CommandInput): Promise<number> {
  const model = encodeURIComponent(input.positionals[0]!);
  const base = gatewayUrl(input);
  if (input.switches.has('describe')) {
    const metadata = await askGateway(base, 'GET', `/v2/models/${model}`, undefined);
    process.stdout.write(`${JSON.stringify(metadata, null, 2)}\n`);
    return EXIT.ok;
  }
  const body: Record<string, unknown> = { inputs: jsonObject(input.flags['inputs'] ?? '{}') };
  const timeoutMs = input.flags['timeout-ms'];
  if (timeoutMs !== undefined) {
    body['timeout_ms'] = Number(timeoutMs);
    if (!(Number(timeoutMs) > 0)) throw new UsageError(`--timeout-ms must be a number over 0, got "${timeoutMs}"`);
  }
  if (input.flags['user'] !== undefined) body[await entityField(base, model)] = input.flags['user'];
  const version = input.flags['version'];
  const path = `/v1/predict/${model}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`;
  const answer = await askGateway(base, 'POST', path, body);
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  return EXIT.ok;
}

/** The protocol names the entity's input like any other; the convention that its name ends in `_id` tells it apart. */
async function entityField(base: string, model: string): Promise<string> {
  const { inputs } = (await askGateway(base, 'GET', `/v2/models/${model}`, undefined)) as Metadata;
  const field = inputs[0];
  if (field === undefined || field.datatype !== 'BYTES')
    throw new UsageError(`model '${model}' has no features, so --user says nothing to it`);
  return field.name;
}

function jsonObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new UsageError(`--inputs is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError('--inputs must be a JSON object of names and values');
  return value;
}
