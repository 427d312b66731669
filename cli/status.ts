/** `dovetail status`: who is in the cluster and how it stands. */
import type { ClusterStatus } from '../actors/router/gateway-port.ts';
import { type Command, type CommandInput, EXIT } from './command.ts';
import { askGateway, GATEWAY_FLAGS, gatewayUrl } from './gateway-client.ts';

export const statusCommand: Command = {
  name: 'status',
  summary: 'show members, models and placement of a running cluster',
  usage: 'status [--json] [--url <gateway>]',
  text: 'Asks a gateway what it sees. Exit code 0 when every member is alive and ready, 1 otherwise.',
  examples: ['dovetail status', 'dovetail status --json | jq .members'],
  settings: ['host', 'httpPort'],
  flags: { ...GATEWAY_FLAGS, json: { type: 'boolean', help: 'the whole answer as JSON' } },
  positionals: [],
  run: runStatus,
};

async function runStatus(input: CommandInput): Promise<number> {
  const status = (await askGateway(gatewayUrl(input), 'GET', '/v1/cluster', undefined)) as ClusterStatus;
  process.stdout.write(input.switches.has('json') ? `${JSON.stringify(status, null, 2)}\n` : render(status));
  return status.members.every((member) => member.state === 'alive' && member.ready) ? EXIT.ok : EXIT.failed;
}

function render(status: ClusterStatus): string {
  const rows = [['NAME', 'ROLE', 'STATE', 'READY', 'DEVICE', 'PARTITIONS', 'QUEUE', 'MODELS', 'PID']];
  for (const member of status.members) {
    rows.push([
      member.name,
      member.role,
      member.state,
      member.ready ? 'yes' : 'no',
      member.device ?? '-',
      member.role === 'shard' ? String(member.partitions_owned) : '-',
      String(member.queue_depth),
      member.models.join(',') || '-',
      String(member.pid),
    ]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const problems = status.models_with_problems.map(
    ({ model, version, problem }) => `! ${model}/${version}: ${problem}`,
  );
  const head = `cluster ${status.cluster}: epoch ${status.epoch}, ${status.partitions} partitions × ${status.replicas} replicas, leader ${status.leader ?? 'none'}`;
  return `${[head, '', ...lines, ...problems].join('\n')}\n`;
}
