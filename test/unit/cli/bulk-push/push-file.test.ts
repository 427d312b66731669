/** Pushing against a gateway that fails in every way that one can: what is sent again, what is saved, and when it stops. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ProgressDisplay, progressDisplay, progressText } from '../../../../cli/bulk-push/progress-bar.ts';
import { pushFile } from '../../../../cli/bulk-push/push-file.ts';
import { RefusedFile } from '../../../../cli/bulk-push/refused-file.ts';
import type { Progress } from '../../../../cli/bulk-push/saved-progress.ts';
import { type SendOptions, type SentRows, sendRows } from '../../../../cli/bulk-push/send-rows.ts';
import type { Position, RowBatch, RowFile } from '../../../../cli/row-files/row-file.ts';

let server: Server;
let url: string;
let bodies: string[][];
let answer: (lines: string[], response: ServerResponse) => void;

const accept = (lines: readonly string[], response: ServerResponse, refused: unknown[] = [], seq = 5) =>
  response.end(JSON.stringify({ accepted: lines.length - refused.length, refused, sequences: { 1: seq } }));

beforeEach(async () => {
  bodies = [];
  answer = accept;
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      bodies.push(text.split('\n'));
      answer(text.split('\n'), response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/features/v:push`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const rowsOf = (...numbers: number[]) => numbers.map((number) => ({ number, json: `{"n":${number}}` }));

function sending(options: Partial<SendOptions> = {}) {
  const waits: number[] = [];
  let nowMs = 0;
  const sleep = async (ms: number) => {
    waits.push(ms);
    nowMs += ms;
  };
  const all = { url, retryMs: 10_000, nowMs: () => nowMs, sleep, onRetry: () => {}, ...options };
  return { waits, send: (...numbers: number[]) => sendRows(all, rowsOf(...numbers), 1) };
}

describe('a request', () => {
  it('is sent again while the gateway is full or away, waiting as long as it asks', async () => {
    let times = 0;
    answer = (lines, response) => {
      times++;
      if (times === 1) response.writeHead(503, { 'retry-after': '2' }).end('{"error":{"code":"UNAVAILABLE"}}');
      else if (times === 2) response.destroy();
      else if (times === 3) response.writeHead(502).end('<html>');
      else accept(lines, response);
    };
    const { send, waits } = sending();
    expect(await send(1, 2)).toEqual({ accepted: 2, refused: [], seqMin: 5, seqMax: 5 });
    expect(waits).toEqual([2_000, 400, 800]);
  });

  it('has only those rows sent again that the log did not take, and bad ones never', async () => {
    const error = (code: string) => ({ code, message: `why ${code}` });
    answer = (lines, response) => {
      if (lines.length === 1) return accept(lines, response, [], 9);
      const refused = [
        { row: 1, error: error('UNAVAILABLE') },
        { row: 2, error: error('INVALID_ARGUMENT') },
      ];
      accept(lines, response, refused);
    };
    const sent = await sending().send(1, 2, 3);
    expect(sent).toMatchObject({ accepted: 2, seqMin: 5, seqMax: 9 });
    expect(sent.refused.map(({ row, code }) => [row.number, code])).toEqual([[3, 'INVALID_ARGUMENT']]);
    expect(bodies).toEqual([['{"n":1}', '{"n":2}', '{"n":3}'], ['{"n":2}']]);
  });

  it('that is too large is halved, down to a row that is too large by itself', async () => {
    answer = (lines, response) => {
      if (lines.length > 2 || lines.includes('{"n":4}')) {
        response.writeHead(413).end('{"error":{"code":"INVALID_ARGUMENT","message":"too large"}}');
      } else accept(lines, response);
    };
    const sent = await sending().send(1, 2, 3, 4, 5);
    expect(sent.accepted).toBe(4);
    expect(sent.refused.map(({ row, reason }) => [row.number, reason])).toEqual([[4, 'too large']]);
  });

  it('is given up after the time that is allowed without progress, and at once where that changes nothing', async () => {
    answer = (_lines, response) => response.writeHead(503).end('{"error":{"code":"UNAVAILABLE","message":"no log"}}');
    const { send, waits } = sending({ retryMs: 3_000 });
    await expect(send(1)).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'no log; given up after 3 s' });
    expect(waits).toEqual([200, 400, 800, 1_600]);
    answer = (_lines, response) => response.writeHead(404).end('{"error":{"code":"NOT_FOUND","message":"no view"}}');
    await expect(send(1)).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'no view' });
  });
});

const silent: ProgressDisplay = { show: () => {}, say: () => {}, end: () => {} };
const never = new Promise<void>(() => {});

/** `count` batches of two rows; the second row of each is bad. */
function fileOf(count: number): RowFile & { read: number } {
  const file = {
    unit: 'line' as const,
    endOffset: count * 10,
    read: 0,
    close: async () => {},
    async *batches(from: Position | null): AsyncGenerator<RowBatch> {
      for (let i = (from?.offset ?? 0) / 10; i < count; i++) {
        file.read++;
        const bad = [{ number: i * 2 + 2, reason: 'bad', text: '?' }];
        yield { rows: rowsOf(i * 2 + 1), bad, after: { offset: (i + 1) * 10, number: i * 2 + 3 } };
      }
    },
  };
  return file;
}

const sentOne = (seq: number): SentRows => ({ accepted: 1, refused: [], seqMin: seq, seqMax: seq });

function pushing(file: RowFile, send: (batch: RowBatch) => Promise<SentRows>, more: object = {}) {
  const saved: Progress[] = [];
  let nowMs = 0;
  const run = pushFile({
    file,
    from: null,
    send,
    save: async (progress) => {
      saved.push(progress);
    },
    refusedFile: null,
    display: silent,
    stopped: never,
    nowMs: () => (nowMs += 1_000),
    ordered: false,
    ...more,
  });
  return { run, saved };
}

describe('a file', () => {
  it('is saved no further than what is acknowledged without a gap', async () => {
    const holds: ((failed?: Error) => void)[] = [];
    const send = () =>
      new Promise<SentRows>((resolve, reject) => {
        const seq = holds.length + 1;
        holds.push((failed) => (failed === undefined ? resolve(sentOne(seq)) : reject(failed)));
      });
    const file = fileOf(9);
    const { run, saved } = pushing(file, send);
    await expect.poll(() => holds.length).toBe(4);
    // The later ones first: nothing may be saved of them.
    holds[2]!();
    holds[1]!();
    await new Promise((soon) => setTimeout(soon, 20));
    expect(saved).toEqual([]);
    holds[0]!();
    await expect.poll(() => saved.at(-1)?.position.offset).toBe(30);
    expect(file.read).toBeLessThanOrEqual(8);
    await expect.poll(() => holds.length).toBe(7);
    holds[3]!(new Error('gone'));
    for (const hold of holds.slice(4)) hold();
    await expect(run).rejects.toThrow('gone');
    expect(saved.at(-1)).toMatchObject({ position: { offset: 30 }, accepted: 3, refused: 3 });
  });

  it('of events has one request at a time', async () => {
    let under = 0;
    let most = 0;
    const send = async () => {
      most = Math.max(most, ++under);
      await new Promise((soon) => setTimeout(soon, 1));
      under--;
      return sentOne(1);
    };
    expect((await pushing(fileOf(6), send, { ordered: true }).run).complete).toBe(true);
    expect(most).toBe(1);
  });

  it('stops when it is told to, after what is under way', async () => {
    let stop = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    let sent = 0;
    const send = async () => {
      if (++sent === 3) stop();
      await new Promise((soon) => setTimeout(soon, 2));
      return sentOne(sent);
    };
    const { run, saved } = pushing(fileOf(100), send, { stopped });
    const { complete, progress } = await run;
    expect(complete).toBe(false);
    expect(progress.accepted).toBe(sent);
    expect(sent).toBeLessThan(10);
    expect(saved.at(-1)).toEqual(progress);
  });

  it('is not gone on with in another log', async () => {
    const from = { position: { offset: 20, number: 5 }, accepted: 2, refused: 2, refusedFileBytes: 0, seqMax: 50 };
    const { run } = pushing(fileOf(4), async () => sentOne(3), { from });
    await expect(run).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('--restart'),
    });
  });

  it('has its refused rows written once, however often it is gone on with', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dovetail-refused-'));
    try {
      const path = join(directory, 'refused.jsonl');
      const first = await RefusedFile.open(path, 0);
      let sent = 0;
      const send = async () => {
        if (++sent > 2) throw new Error('gone');
        return sentOne(sent);
      };
      const { run, saved } = pushing(fileOf(4), send, { refusedFile: first, ordered: true });
      await expect(run).rejects.toThrow('gone');
      // As after a crash: written, and not saved as such.
      first.add('line', { number: 99, code: 'INTERNAL', reason: 'lost', text: 'x'.repeat(900) });
      await first.flush();
      await first.close();
      const from = saved.at(-1)!;
      const second = await RefusedFile.open(path, from.refusedFileBytes);
      await pushing(fileOf(4), async () => sentOne(100), { refusedFile: second, from }).run;
      await second.close();
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line).line)).toEqual([2, 4, 6, 8]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('how it is coming on', () => {
  const figures = { accepted: 1_234_000, refused: 3, share: 0.415 };

  it('is a bar on a terminal, lines elsewhere, and nothing when quiet', () => {
    expect(progressText(figures, 101_200, 12.2, true)).toBe(
      '[##########--------------]   41%  1,234,000 rows  101,200/s  13 s left  3 refused',
    );
    expect(progressText({ ...figures, share: null, refused: 0 }, 0, null, false)).toBe('1,234,000 rows  0/s');
    const shown = (isTTY: boolean, quiet: boolean) => {
      const written: string[] = [];
      let nowMs = 0;
      const output = { write: (text: string) => written.push(text), isTTY, columns: 80 };
      const display = progressDisplay(output, quiet, () => nowMs);
      for (; nowMs < 11_000; nowMs += 50) display.show({ ...figures, share: nowMs / 11_000 });
      display.end({ ...figures, share: 1 });
      return written;
    };
    expect(shown(false, false)).toHaveLength(3);
    expect(shown(false, true)).toEqual([]);
    const bar = shown(true, false);
    expect(bar.length).toBeGreaterThan(100);
    expect(bar.every((text) => text === '\n' || (text.startsWith('\r') && text.length <= 81))).toBe(true);
  });
});
