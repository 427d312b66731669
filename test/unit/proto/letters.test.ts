import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePredict, EnvelopeWriter, encodePredictReply, readEnvelope } from '../../../proto/envelope.ts';
import { ERROR_RULES, type ErrorCode, ServingError } from '../../../proto/errors.ts';
import { decodeFreshness } from '../../../proto/freshness.ts';
import { dovetail } from '../../../proto/generated/messages.js';
import {
  type Answer,
  errorOf,
  failedAnswer,
  failure,
  failureOf,
  type Message,
  type Predict,
  type PredictReply,
  refusal,
  substitute,
} from '../../../proto/letters.ts';
import { checkShape, DATA_TYPES, isDataType, RANK_MAX } from '../../../proto/tensor.ts';
import { answer, anyMessage, compute, generatedForm, plain } from '../../support/arbitrary-messages.ts';

type Letter = { to: string; message: Message };

const anyLetter: fc.Arbitrary<Letter> = fc.record({
  to: fc.string({ unit: 'binary', maxLength: 8 }),
  message: anyMessage,
});
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

function readLetters(bytes: Uint8Array): Letter[] {
  const letters: Letter[] = [];
  readEnvelope(bytes, (to, message) => letters.push({ to, message }));
  return letters;
}

/** What was received, with the fields of what was sent. */
function received(sent: readonly Letter[], bytes: Uint8Array): unknown[] {
  return readLetters(bytes).map((letter, i) => plain(sent[i] ?? letter, letter));
}

/** A letter whose freshness is read, not bytes. */
function freshnessRead(letter: unknown): unknown {
  const { to, message } = letter as Letter;
  if (!('freshness' in message.body) || message.body.freshness === null) return letter;
  return { to, message: { ...message, body: { ...message.body, freshness: decodeFreshness(message.body.freshness) } } };
}

function envelope(letters: readonly Letter[]): Uint8Array {
  const writer = new EnvelopeWriter('shard-1.a');
  for (const { to, message } of letters) expect(writer.add(to, message, UNBOUNDED)).toBe(true);
  return writer.finish();
}

describe('an envelope', () => {
  it('brings letters of every kind across, every field, in order', () => {
    fc.assert(
      fc.property(fc.array(anyLetter, { maxLength: 6 }), (letters) => {
        expect(received(letters, envelope(letters))).toEqual(letters);
      }),
      { numRuns: 300 },
    );
  });

  it('is what the generated codec of messages.proto reads, and reads what that writes', () => {
    fc.assert(
      fc.property(anyLetter, ({ to, message }) => {
        const ours = dovetail.Envelope.decode(envelope([{ to, message }]));
        expect(ours.from).toBe('shard-1.a');
        const body = generatedForm(message.body);
        expect({ to: ours.letters[0]!.to, body: plain(body, ours.letters[0]![message.kind]) }).toEqual({ to, body });
        const theirs = dovetail.Envelope.encode({ from: 'shard-1.a', letters: [{ to, [message.kind]: body }] });
        // Names are their field 4, and come last where we add them: in protobuf the order of fields means nothing.
        expect(received([{ to, message }], theirs.finish()).map(freshnessRead)).toEqual(
          [{ to, message }].map(freshnessRead),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('says once what a letter has in common with the one of its kind before it', () => {
    const twice = (message: Message) => {
      const one = envelope([{ to: 'a', message }]).byteLength - envelope([]).byteLength;
      return (
        envelope([
          { to: 'a', message },
          { to: 'a', message: compute(9, 'gateway.1/router') },
          { to: 'a', message },
        ]).byteLength -
        envelope([]).byteLength -
        2 * one
      );
    };
    const predict: Message = { kind: 'predict', body: anyPredict() };
    const own = envelope([{ to: 'a', message: compute(9, 'gateway.1/router') }]).byteLength - envelope([]).byteLength;
    // The second time: no `to`, no reply-to, model, budget, nor name, datatype and shape of the tensor.
    expect(twice(predict) - own).toBeLessThan(-30);
  });

  it('says explicitly that a value is the default again', () => {
    const letters = [
      anyPredict(),
      { ...anyPredict(), replyTo: '', model: '', version: '', budgetUs: 0 },
      anyPredict(),
    ].map((body) => ({ to: 'a', message: { kind: 'predict' as const, body } }));
    letters[1]!.message.body.inputs = [{ name: '', datatype: 'BOOL', shape: [], data: new Uint8Array(0) }];
    expect(received(letters, envelope(letters))).toEqual(letters);
  });

  it('is not changed by what becomes of a message afterwards: callers use their arrays again', () => {
    const shape = [1, 2];
    const tensors = ['a', 'b'].map((name) => ({ name, datatype: 'FP32' as const, shape, data: new Uint8Array(8) }));
    const writer = new EnvelopeWriter('n');
    const sent: string[] = [];
    const send = () => {
      writer.add('x', { kind: 'predict', body: { ...anyPredict(), inputs: tensors } }, UNBOUNDED);
      sent.push(JSON.stringify(tensors.map((tensor) => [tensor.name, tensor.shape])));
    };
    send();
    tensors.reverse();
    send();
    shape.reverse();
    send();
    tensors[0]!.name = 'c';
    tensors.pop();
    send();
    const got = readLetters(writer.finish()).map(({ message }) =>
      JSON.stringify((message.body as Predict).inputs.map((tensor) => [tensor.name, tensor.shape])),
    );
    expect(got).toEqual(sent);
  });

  it('says everything again after a letter that was taken back', () => {
    const tensors = (...names: string[]) =>
      names.map((name) => ({ name, datatype: 'FP32' as const, shape: [1], data: new Uint8Array(4) }));
    const writer = new EnvelopeWriter('n');
    const add = (names: string[], bytesMax = UNBOUNDED) =>
      writer.add('x', { kind: 'predict', body: { ...anyPredict(), inputs: tensors(...names) } }, bytesMax);
    expect(add(['a', 'b'])).toBe(true);
    expect(add(['c'], writer.byteLength + 1)).toBe(false);
    expect(add(['c', 'b'])).toBe(true);
    expect(add(['c', ''])).toBe(true);
    const got = readLetters(writer.finish()).map(({ message }) =>
      (message.body as Predict).inputs.map(({ name }) => name),
    );
    expect(got).toEqual([
      ['a', 'b'],
      ['c', 'b'],
      ['c', ''],
    ]);
  });

  it('takes no more of a shape than shows that it is too long, however long it is and however often it recurs', () => {
    const inputs = [{ name: 'x', datatype: 10, shape: new Array<number>(100_000).fill(1) }];
    const theirs = dovetail.Envelope.encode({
      letters: [{ to: 'a', predict: { id: 1, inputs } }, { predict: { id: 2, inputs: [{ data: Uint8Array.of(1) }] } }],
    }).finish();
    const ranks = readLetters(theirs).map(({ message }) => (message.body as Predict).inputs[0]!.shape.length);
    expect(ranks).toEqual([RANK_MAX + 1, RANK_MAX + 1]);
    expect(() => checkShape('x', new Array<number>(RANK_MAX + 1).fill(1), 10)).toThrow(/more than 16 dimensions/);
  });

  it('gives the memory of a large letter back, and none of what comes next with it', () => {
    const writer = new EnvelopeWriter('n');
    for (const bytes of [4_000_000, 10, 700_000]) {
      writer.add('a', answer(bytes, [new Uint8Array(bytes)]), UNBOUNDED);
      const [letter] = readLetters(writer.finish());
      expect((letter!.message.body as Answer).outputs[0]).toHaveLength(bytes);
      writer.add('b', answer(1), UNBOUNDED);
      expect(readLetters(writer.finish()).map(({ to, message }) => [to, message.body.id])).toEqual([['b', 1]]);
    }
  });

  it('carries nothing over from the one before', () => {
    const writer = new EnvelopeWriter('n');
    writer.add('a', answer(1), UNBOUNDED);
    expect(writer.letters).toBe(1);
    const first = writer.finish();
    expect(writer.letters).toBe(0);
    writer.add('b', answer(2), UNBOUNDED);
    const second = writer.finish();
    expect(readLetters(first).map(({ to, message }) => [to, message.body.id])).toEqual([['a', 1]]);
    expect(readLetters(second).map(({ to, message }) => [to, message.body.id])).toEqual([['b', 2]]);
  });

  it('refuses a letter that makes it longer than the limit, and keeps the others as they were', () => {
    const attempt = fc.record({ letter: anyLetter, room: fc.integer({ min: 0, max: 160 }) });
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 8 }), (attempts) => {
        const writer = new EnvelopeWriter('n');
        const accepted: Letter[] = [];
        for (const { letter, room } of attempts) {
          const limit = writer.byteLength + room;
          const before = writer.byteLength;
          if (writer.add(letter.to, letter.message, limit)) {
            accepted.push(letter);
            // The limit is checked before lengths are prefixed: a few bytes more are allowed.
            expect(writer.byteLength).toBeLessThanOrEqual(limit + 8);
          } else {
            expect(writer.byteLength - before).toBeLessThanOrEqual(2);
            const roomy = new EnvelopeWriter('n');
            for (const one of accepted) roomy.add(one.to, one.message, UNBOUNDED);
            const empty = roomy.byteLength;
            roomy.add(letter.to, letter.message, UNBOUNDED);
            expect(roomy.byteLength - empty).toBeGreaterThan(room);
          }
        }
        expect(received(accepted, writer.finish())).toEqual(accepted);
      }),
      { numRuns: 300 },
    );
  });

  it('stays whole when a message turns out not to be encodable', () => {
    const writer = new EnvelopeWriter('n');
    writer.add('a', answer(1), UNBOUNDED);
    const broken = answer(2, [undefined as unknown as Uint8Array]);
    expect(() => writer.add('a', broken, UNBOUNDED)).toThrow();
    writer.add('a', answer(3), UNBOUNDED);
    expect(readLetters(writer.finish()).map(({ message }) => message.body.id)).toEqual([1, 3]);
  });
});

describe('reading hostile bytes', () => {
  const knownKinds = [
    'predict',
    'predictReply',
    'enrich',
    'compute',
    'answer',
    'readFeatures',
    'readFeaturesReply',
    'cancel',
  ];

  /** Ends by returning or by an Error, having delivered nothing but messages of known kinds. */
  function survive(bytes: Uint8Array): void {
    let delivered = 0;
    try {
      readEnvelope(bytes, (to, message) => {
        delivered++;
        expect(typeof to).toBe('string');
        expect(knownKinds).toContain(message.kind);
        expect(message.body).toBeTypeOf('object');
      });
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(Error);
      expect((thrown as Error).name).not.toBe('AssertionError');
    }
    expect(delivered).toBeLessThanOrEqual(bytes.byteLength);
  }

  it('ends for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 256 }), survive), { numRuns: 3000 });
  });

  it('ends for an envelope with some bytes changed', () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        fc.array(anyLetter, { minLength: 1, maxLength: 3 }),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (letters, changes) => {
          const bytes = envelope(letters).slice();
          for (const [at, value] of changes) bytes[at % bytes.byteLength] = value;
          survive(bytes);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('delivers the whole letters of an envelope that was cut off, and no other', () => {
    fc.assert(
      fc.property(fc.array(anyLetter, { minLength: 1, maxLength: 4 }), fc.nat(), (letters, cut) => {
        const whole = envelope(letters);
        const got: Letter[] = [];
        let threw = false;
        try {
          readEnvelope(whole.subarray(0, cut % whole.byteLength), (to, message) => got.push({ to, message }));
        } catch {
          threw = true;
        }
        expect(got.length).toBeLessThan(letters.length);
        expect(got.map((letter, i) => plain(letters[i], letter))).toEqual(letters.slice(0, got.length));
        const ends = letters.map((_, i) => envelope(letters.slice(0, i)).byteLength);
        expect(threw).toBe(cut % whole.byteLength !== 0 && !ends.includes(cut % whole.byteLength));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses groups nested without end', () => {
    expect(() => readEnvelope(new Uint8Array(100_000).fill(0x0b), () => {})).toThrow();
  });

  it('refuses a message that claims to be longer than its letter', () => {
    // Letter {to: "a", answer of 4 bytes} of which 2 are inside; behind it the envelope's own field 10, a number.
    const letter = [0x12, 0x07, 0x0a, 0x01, 0x61, 0x32, 0x04, 0x08, 0x01];
    expect(() => readEnvelope(Uint8Array.from([...letter, 0x50, 0x07]), () => {})).toThrow();
  });

  it('skips letters of kinds that are not known yet, and fields that are new', () => {
    // Letter {to: "a", field 15: 2 bytes}, then one that is known.
    const unknown = [0x12, 0x07, 0x0a, 0x01, 0x61, 0x7a, 0x02, 0xff, 0xff];
    const known = envelope([{ to: 'a', message: answer(5) }]);
    const bytes = Uint8Array.from([...unknown, 0x50, 0x01, ...known]);
    expect(readLetters(bytes).map(({ message }) => message.body.id)).toEqual([5]);
  });
});

describe('refusal', () => {
  it('answers every request to whom it names, under its own number, and answers no answer', () => {
    const why = failure('UNAVAILABLE', 'route', 'gone');
    fc.assert(
      fc.property(anyMessage, (message) => {
        const reply = refusal(message, why);
        if (!('replyTo' in message.body) || message.kind === 'cancel') {
          expect(reply).toBeNull();
          return;
        }
        expect(reply!.to).toBe(message.body.replyTo);
        expect(reply!.message.body.id).toBe(message.body.id);
        expect(reply!.message.body).toMatchObject({ failure: why });
        const wanted = {
          predict: 'predictReply',
          enrich: 'answer',
          compute: 'answer',
          readFeatures: 'readFeaturesReply',
        };
        expect(reply!.message.kind).toBe(wanted[message.kind as keyof typeof wanted]);
        // It can itself be sent, and answers nothing in turn.
        expect(refusal(reply!.message, why)).toBeNull();
        expect(
          received([{ to: 'x', message: reply!.message }], envelope([{ to: 'x', message: reply!.message }])),
        ).toEqual([{ to: 'x', message: reply!.message }]);
      }),
    );
  });

  it('is short, however long what the request says of itself', () => {
    const long = 'x'.repeat(5_000_000);
    const body = { ...anyPredict(), requestId: long, model: long, version: long, traceId: long };
    const reply = refusal({ kind: 'predict', body }, failure('INVALID_ARGUMENT', 'edge', long))!.message;
    expect(envelope([{ to: 'x', message: reply }]).byteLength).toBeLessThan(10_000);
    const own = { ...(reply.body as PredictReply), requestId: long, model: long, traceId: long };
    const instead = substitute({ kind: 'predictReply', body: own }, 'c/client', failure('INTERNAL', 'run', long))!;
    expect(envelope([instead]).byteLength).toBeLessThan(10_000);
  });

  it('of a prediction says which request it was', () => {
    const body = { ...anyPredict(), requestId: 'r-9', model: 'fraud', version: '3', traceId: 'ab' };
    const reply = refusal({ kind: 'predict', body }, failure('CANCELLED', 'edge', 'x'));
    expect(reply!.message.body).toMatchObject({ requestId: 'r-9', model: 'fraud', version: '3', traceId: 'ab' });
  });

  it('carries the newer epoch in a failed answer', () => {
    const why = failure('FAILED_PRECONDITION', 'lookup', 'older table');
    expect(failedAnswer(3, why, 12)).toMatchObject({ kind: 'answer', body: { id: 3, failure: why, epoch: 12 } });
    expect(refusal(compute(3, 'n/a'), why)!.message).toEqual(failedAnswer(3, why));
  });
});

describe('failures', () => {
  it('keep code, stage and message across the wire', () => {
    for (const code of Object.keys(ERROR_RULES) as ErrorCode[]) {
      const back = errorOf(failureOf(new ServingError(code, 'queue', `because of ${code}`)));
      expect(back).toBeInstanceOf(ServingError);
      expect([back.code, back.stage, back.message]).toEqual([code, 'queue', `because of ${code}`]);
    }
  });
});

describe('tensors and single messages', () => {
  it('number every datatype and find it back', () => {
    for (const datatype of DATA_TYPES) {
      const predict = { ...anyPredict(), inputs: [{ name: 'x', datatype, shape: [2, 0], data: new Uint8Array(0) }] };
      const letters = [{ to: 'a', message: { kind: 'predict' as const, body: predict } }];
      expect(received(letters, envelope(letters))).toEqual(letters);
    }
  });

  it('keep a datatype outside the table apart from every known one', () => {
    for (const datatype of [DATA_TYPES.length, 0xffff_ffff]) {
      const bytes = dovetail.Predict.encode({ inputs: [{ name: 'x', datatype }] }).finish();
      const [read] = decodePredict(bytes).inputs;
      expect(isDataType(read!.datatype)).toBe(false);
      expect(read!.datatype).toBe(`datatype ${datatype}`);
      // Handed on it stays unknown.
      const letter = { to: 'a', message: { kind: 'predict' as const, body: { ...anyPredict(), inputs: [read!] } } };
      const [got] = readLetters(envelope([letter]));
      expect(isDataType((got!.message.body as Predict).inputs[0]!.datatype)).toBe(false);
    }
  });

  it('travel without an envelope at the edge', () => {
    const predict = anyPredict();
    expect(plain(predict, decodePredict(dovetail.Predict.encode(generatedForm(predict)).finish()))).toEqual(predict);
    expect(() => decodePredict(Uint8Array.of(0x0a, 0xff))).toThrow();
    const reply = refusal({ kind: 'predict', body: predict }, failure('INTERNAL', 'run', 'x'))!.message;
    if (reply.kind !== 'predictReply') throw new Error('not a reply');
    expect(dovetail.PredictReply.decode(encodePredictReply(reply.body)).failure?.message).toBe('x');
  });
});

function anyPredict(): Predict {
  return {
    id: 4,
    replyTo: 'client.1/caller',
    requestId: 'r',
    model: 'm',
    version: '',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }],
    budgetUs: 500,
    trace: null,
    traceId: '',
    minSeq: [0, 2 ** 53 - 1],
    minPartitions: [256, 1],
    maxAgeMs: 0.5,
  };
}
