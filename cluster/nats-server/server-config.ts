/** The text of the configuration file that our own nats-server is started with. */
import { invalid } from '../../proto/errors.ts';
import { isAtLeast, type NatsServerVersion, VERSION_WITH_SYNC_ALWAYS } from './version.ts';

export type ServerConfig = {
  readonly serverName: string;
  readonly host: string;
  readonly port: number;
  /** Absolute; JetStream makes a folder `jetstream` in it. */
  readonly storeDir: string;
  /** Absolute; the server writes its process id there. */
  readonly pidFile: string;
  readonly maxPayloadBytes: number;
  readonly version: NatsServerVersion;
};

/**
 * Format: https://docs.nats.io/running-a-nats-service/configuration. An older server refuses fields that it does not
 * know, so newer ones are written for newer servers only. Throws INVALID_ARGUMENT for paths that the format cannot hold.
 */
export function serverConfigText(config: ServerConfig): string {
  const jetstream = [`  store_dir: ${quote(config.storeDir)}`];
  if (isAtLeast(config.version, VERSION_WITH_SYNC_ALWAYS)) {
    // One server holds the only copy of the log. By default it reaches the disk every two minutes, so that a power
    // failure loses acknowledged writes (nats-server issue 7564).
    jetstream.push('  sync_interval: always');
  }
  return [
    '# Written by Dovetail at every start; changes made here are lost.',
    `server_name: ${quote(config.serverName)}`,
    `listen: ${quote(`${config.host}:${config.port}`)}`,
    `pid_file: ${quote(config.pidFile)}`,
    `max_payload: ${config.maxPayloadBytes}`,
    // A client that takes nothing for this long is cut off, so that it cannot hold the memory of the others.
    'write_deadline: "10s"',
    'jetstream {',
    ...jetstream,
    '}',
    '',
  ].join('\n');
}

function quote(text: string): string {
  if (hasControlCharacter(text)) throw invalid(`the data directory ${JSON.stringify(text)} has a control character`);
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) < 32) return true;
  }
  return false;
}
