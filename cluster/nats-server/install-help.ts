/** What to tell a person whose machine has no nats-server and on which none could be fetched. */
import { RELEASE_BASE_URL, RELEASE_VERSION } from './release.ts';
import { formatVersion } from './version.ts';

const VERSION = formatVersion(RELEASE_VERSION);
const RELEASE_URL = `${RELEASE_BASE_URL}/v${VERSION}`;

/** Node's `process.platform` each line is for; undefined fits every platform. */
const INSTALL_LINES: readonly { platform?: string; name: string; line: string }[] = [
  { platform: 'linux', name: 'Debian, Ubuntu', line: 'sudo apt-get install nats-server' },
  {
    platform: 'linux',
    name: 'Fedora, RHEL',
    line: `sudo dnf install ${RELEASE_URL}/nats-server-v${VERSION}-amd64.rpm`,
  },
  { platform: 'darwin', name: 'macOS', line: 'brew install nats-server' },
  {
    platform: 'win32',
    name: 'Windows',
    line: 'winget install NATSAuthors.NATSServer   (or: scoop install nats-server)',
  },
  {
    name: 'download',
    line: `${RELEASE_URL.replace('/download/', '/tag/')} : unpack it and put nats-server on your PATH`,
  },
];

/** Several lines of text, those for `platform` first. */
export function installHelp(platform: string): string {
  const ordered = [
    ...INSTALL_LINES.filter((entry) => entry.platform === platform),
    ...INSTALL_LINES.filter((entry) => entry.platform !== platform),
  ];
  return [
    'Install it, then run the same command again:',
    ...ordered.map((entry) => row(entry.name, entry.line)),
    'Or use a NATS server that runs elsewhere (with JetStream), by --nats-url or NATS_URL:',
    row('Docker', `docker run -d -p 127.0.0.1:4222:4222 nats:${VERSION} -js`),
    row('then', 'NATS_URL=nats://127.0.0.1:4222 npm start'),
  ].join('\n');
}

function row(name: string, line: string): string {
  return `  ${name.padEnd(16)}${line}`;
}
