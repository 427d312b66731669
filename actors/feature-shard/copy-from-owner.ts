/** The other side of `snapshot-source.ts`: a partition's snapshot from a live owner, in pieces, as many as there is room for. */
import { ServingError } from '../../proto/errors.ts';
import { type CopyRequest, type OpenedCopy, readReply } from './snapshot-source.ts';

export type CopyOptions = {
  /** One request to the owner, one reply. Rejects with UNAVAILABLE or DEADLINE_EXCEEDED where none comes. */
  readonly request: (bytes: Uint8Array, timeoutMs: number) => Promise<Uint8Array>;
  readonly partition: number;
  readonly stream: string;
  /** A copy that ends before this is of no use. */
  readonly minSeq: number;
  readonly pieceBytes: number;
};

/** The owner writes the whole copy before it answers. */
const OPEN_TIMEOUT_MS = 90_000;
const READ_TIMEOUT_MS = 5_000;
const READ_TRIES = 3;
/** Pieces asked for ahead: they are all that waits here. */
const AHEAD = 3;

/** Going through it rejects with what the owner answers, or UNAVAILABLE or DEADLINE_EXCEEDED once it does not. */
export async function* copyFromOwner(options: CopyOptions): AsyncGenerator<Uint8Array> {
  const { partition, stream, minSeq, pieceBytes } = options;
  const opened = await ask(options, { op: 'open', partition, stream, minSeq }, OPEN_TIMEOUT_MS);
  const { id, bytes } = JSON.parse(Buffer.from(opened).toString('utf8')) as OpenedCopy;
  const ahead: Promise<Uint8Array>[] = [];
  try {
    let asked = 0;
    for (let got = 0; got < bytes; ) {
      while (asked < bytes && ahead.length < AHEAD) {
        const piece = readPiece(options, id, asked, Math.min(pieceBytes, bytes - asked));
        piece.catch(() => {});
        ahead.push(piece);
        asked += Math.min(pieceBytes, bytes - asked);
      }
      const piece = await ahead.shift()!;
      got += piece.length;
      yield piece;
    }
  } finally {
    // Left alone it goes by itself.
    ask(options, { op: 'close', id }, READ_TIMEOUT_MS).catch(() => {});
  }
}

/** Asks for the same piece again where no answer comes: the owner may have been busy, or the connection gone a moment. */
async function readPiece(options: CopyOptions, id: string, offset: number, bytes: number): Promise<Uint8Array> {
  for (let tries = 1; ; tries++) {
    try {
      const piece = await ask(options, { op: 'read', id, offset, bytes }, READ_TIMEOUT_MS);
      if (piece.length !== bytes)
        throw new ServingError('DATA_LOSS', 'log', `a piece has ${piece.length} of ${bytes} bytes`);
      return piece;
    } catch (thrown) {
      const silent = thrown instanceof ServingError && thrown.code === 'DEADLINE_EXCEEDED';
      if (!silent || tries >= READ_TRIES) throw thrown;
    }
  }
}

async function ask(options: CopyOptions, request: CopyRequest, timeoutMs: number): Promise<Uint8Array> {
  return readReply(await options.request(Buffer.from(JSON.stringify(request)), timeoutMs));
}
