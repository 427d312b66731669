/** The HTTP edge's bound on the bytes of bodies, over real sockets: what holds room, what frees it, how it is refused. */
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { TestEdge, until } from '../support/test-edge.ts';

const BODY_BYTES = 400_000;
let edge: TestEdge;
let sockets: Socket[] = [];
beforeEach(async () => {
  // Room for two and a half of the bodies below.
  edge = await TestEdge.start({ bodiesBytesMax: 1_000_000 });
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await edge.bridge.close();
});

const asked = { user_id: 'u42', inputs: { merchant_id: 'm1', amount: 100 } };
const refusal = /^HTTP\/1.1 429 .*retry-after: 1.*RESOURCE_EXHAUSTED/s;

type Open = { socket: Socket; said: () => string; closed: Promise<void> };

function open(write: (socket: Socket) => void): Open {
  const url = new URL(edge.bridge.url);
  const socket = connect(Number(url.port), url.hostname);
  sockets.push(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  write(socket);
  return { socket, said: () => text, closed };
}

const head = (length: number, path = '/v1/predict/fraud') =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
const chunkedHead = head(0).replace('content-length: 0', 'transfer-encoding: chunked');

/** A body of which all but the last bytes have been sent. */
const unfinished = (path?: string) =>
  open((socket) => socket.write(head(BODY_BYTES, path) + ' '.repeat(BODY_BYTES - 10)));

/** A whole request whose body has the given length. */
const wholeText = (length: number) => head(length) + JSON.stringify(asked).padEnd(length);

async function whileFull(): Promise<Open[]> {
  const full = [unfinished(), unfinished()];
  await until('two bodies are held', () => full.every(({ socket }) => socket.writableLength === 0));
  await sleep(systemClock, 100);
  return full;
}

it('a body that does not fit beside those under way is refused at once, unread, and small ones go on', async () => {
  const full = await whileFull();
  const startMs = systemClock.nowMs();
  // Its caller goes on sending, and still gets to read the answer.
  const third = open((socket) => socket.write(head(BODY_BYTES) + ' '.repeat(BODY_BYTES - 10)));
  await third.closed;
  expect(third.said()).toMatch(refusal);
  expect(third.said()).toMatch(/connection: close/i);
  expect(systemClock.nowMs() - startMs).toBeLessThan(3_000);
  expect((await edge.post('/v1/predict/fraud', asked)).status).toBe(200);
  expect(full.map(({ said }) => said())).toEqual(['', '']);
  const { status, route } = edge.ended.find((one) => one.status === 429)!;
  expect([status, route]).toEqual([429, '/v1/predict/{model}']);
});

it('room is free again when a caller leaves and when an answer is out', async () => {
  const [first, second] = (await whileFull()) as [Open, Open];
  first.socket.destroy();
  await until('it is gone', () => edge.ended.length === 1);
  second.socket.write(' '.repeat(10));
  await until('it is answered', () => second.said() !== '');
  edge.gateway.hold();
  // Twice what fits, one after another: nothing is left behind by those before.
  for (let i = 0; i < 5; i++) {
    const whole = open((socket) => socket.write(wholeText(BODY_BYTES)));
    await until('it waits for its answer', () => edge.gateway.heldCount === 1);
    edge.gateway.release();
    await until('it is answered', () => whole.said() !== '');
    expect(whole.said()).toMatch(/^HTTP\/1.1 200 /);
    edge.gateway.hold();
  }
});

it('a body counts until its answer is out, not only while it arrives', async () => {
  edge.gateway.hold();
  const waiting = [0, 1].map(() => open((socket) => socket.write(wholeText(BODY_BYTES))));
  await until('both wait', () => edge.gateway.heldCount === 2);
  const third = open((socket) => socket.write(wholeText(BODY_BYTES)));
  await third.closed;
  expect(third.said()).toMatch(refusal);
  edge.gateway.release();
  await until('both are answered', () => waiting.every(({ said }) => said().startsWith('HTTP/1.1 200 ')));
});

it('what is only declared takes no room', async () => {
  for (let i = 0; i < 20; i++) open((socket) => socket.write(`${head(BODY_BYTES)}{`));
  await sleep(systemClock, 100);
  const whole = open((socket) => socket.write(wholeText(BODY_BYTES)));
  await until('it is answered', () => whole.said() !== '');
  expect(whole.said()).toMatch(/^HTTP\/1.1 200 /);
});

it('a body of undeclared length is refused where it no longer fits, its tiny pieces at what they take', async () => {
  await whileFull();
  const piece = `${(16_384).toString(16)}\r\n${' '.repeat(16_384)}\r\n`;
  const large = open((socket) => socket.write(chunkedHead + piece.repeat(20)));
  await large.closed;
  expect(large.said()).toMatch(refusal);
  // 4 kB in pieces of one byte.
  const tiny = open((socket) => socket.write(chunkedHead + '1\r\n \r\n'.repeat(4_000)));
  await tiny.closed;
  expect(tiny.said()).toMatch(refusal);
  const small = open((socket) => {
    const text = JSON.stringify(asked);
    socket.write(`${chunkedHead}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`);
  });
  await until('it is answered', () => small.said() !== '');
  expect(small.said()).toMatch(/^HTTP\/1.1 200 /);
});

it('bodies for which there is no route count too', async () => {
  const full = [unfinished('/nonsense'), unfinished('/nonsense')];
  await until('they are sent', () => full.every(({ socket }) => socket.writableLength === 0));
  await sleep(systemClock, 100);
  const third = unfinished('/nonsense');
  await third.closed;
  expect(third.said()).toMatch(refusal);
});

it('a packed body counts as long as it becomes', async () => {
  await whileFull();
  const packed = gzipSync(JSON.stringify(asked).padEnd(BODY_BYTES));
  const answer = await edge.post('/v1/predict/fraud', packed, { 'content-encoding': 'gzip' });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
  const small = await edge.post('/v1/predict/fraud', gzipSync(JSON.stringify(asked)), { 'content-encoding': 'gzip' });
  expect(small.status).toBe(200);
});
