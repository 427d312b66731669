import * as $protobuf from "protobufjs";
import Long = require("long");

/** Namespace dovetail. */
export namespace dovetail {

    /**
     * Properties of an Envelope.
     * @deprecated Use dovetail.Envelope.$Properties instead.
     */
    interface IEnvelope extends dovetail.Envelope.$Properties {
    }

    /** Represents an Envelope. */
    class Envelope {

        /**
         * Constructs a new Envelope.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Envelope.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Envelope from. */
        from: string;

        /** Envelope letters. */
        letters: dovetail.Letter.$Properties[];

        /**
         * Creates a new Envelope instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Envelope instance
         */
        static create(properties: dovetail.Envelope.$Shape): dovetail.Envelope & dovetail.Envelope.$Shape;
        static create(properties?: dovetail.Envelope.$Properties): dovetail.Envelope;

        /**
         * Encodes the specified Envelope message. Does not implicitly {@link dovetail.Envelope.verify|verify} messages.
         * @param message Envelope message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Envelope.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes an Envelope message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Envelope & dovetail.Envelope.$Shape} Envelope
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Envelope & dovetail.Envelope.$Shape;
    }

    namespace Envelope {

        /** Properties of an Envelope. */
        interface $Properties {

            /** Envelope from */
            from?: (string|null);

            /** Envelope letters */
            letters?: (dovetail.Letter.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of an Envelope. */
        type $Shape = {
          from?: string|null;
          letters?: dovetail.Letter.$Shape[]|null;
          $unknowns?: Uint8Array[];
        };
    }

    /**
     * Properties of a Letter.
     * @deprecated Use dovetail.Letter.$Properties instead.
     */
    interface ILetter extends dovetail.Letter.$Properties {
    }

    /** Represents a Letter. */
    class Letter {

        /**
         * Constructs a new Letter.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Letter.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Letter to. */
        to: string;

        /** Letter predict. */
        predict?: (dovetail.Predict.$Properties|null);

        /** Letter predictReply. */
        predictReply?: (dovetail.PredictReply.$Properties|null);

        /** Letter enrich. */
        enrich?: (dovetail.Enrich.$Properties|null);

        /** Letter compute. */
        compute?: (dovetail.Compute.$Properties|null);

        /** Letter answer. */
        answer?: (dovetail.Answer.$Properties|null);

        /** Letter readFeatures. */
        readFeatures?: (dovetail.ReadFeatures.$Properties|null);

        /** Letter readFeaturesReply. */
        readFeaturesReply?: (dovetail.ReadFeaturesReply.$Properties|null);

        /** Letter cancel. */
        cancel?: (dovetail.Cancel.$Properties|null);

        /** Letter body. */
        body?: ("predict"|"predictReply"|"enrich"|"compute"|"answer"|"readFeatures"|"readFeaturesReply"|"cancel");

        /**
         * Creates a new Letter instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Letter instance
         */
        static create(properties: dovetail.Letter.$Shape): dovetail.Letter & dovetail.Letter.$Shape;
        static create(properties?: dovetail.Letter.$Properties): dovetail.Letter;

        /**
         * Encodes the specified Letter message. Does not implicitly {@link dovetail.Letter.verify|verify} messages.
         * @param message Letter message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Letter.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Letter message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Letter & dovetail.Letter.$Shape} Letter
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Letter & dovetail.Letter.$Shape;
    }

    namespace Letter {

        /** Properties of a Letter. */
        interface $Properties {

            /** Letter to */
            to?: (string|null);

            /** Letter predict */
            predict?: (dovetail.Predict.$Properties|null);

            /** Letter predictReply */
            predictReply?: (dovetail.PredictReply.$Properties|null);

            /** Letter enrich */
            enrich?: (dovetail.Enrich.$Properties|null);

            /** Letter compute */
            compute?: (dovetail.Compute.$Properties|null);

            /** Letter answer */
            answer?: (dovetail.Answer.$Properties|null);

            /** Letter readFeatures */
            readFeatures?: (dovetail.ReadFeatures.$Properties|null);

            /** Letter readFeaturesReply */
            readFeaturesReply?: (dovetail.ReadFeaturesReply.$Properties|null);

            /** Letter cancel */
            cancel?: (dovetail.Cancel.$Properties|null);

            /** Letter body */
            body?: ("predict"|"predictReply"|"enrich"|"compute"|"answer"|"readFeatures"|"readFeaturesReply"|"cancel");

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Narrowed shape of a Letter. */
        type $Shape = {
          to?: string|null;
          predict?: dovetail.Predict.$Shape|null;
          predictReply?: dovetail.PredictReply.$Shape|null;
          enrich?: dovetail.Enrich.$Shape|null;
          compute?: dovetail.Compute.$Shape|null;
          answer?: dovetail.Answer.$Shape|null;
          readFeatures?: dovetail.ReadFeatures.$Shape|null;
          readFeaturesReply?: dovetail.ReadFeaturesReply.$Shape|null;
          cancel?: dovetail.Cancel.$Shape|null;
          $unknowns?: Uint8Array[];
        } & (
          ({ body?: undefined; predict?: null; predictReply?: null; enrich?: null; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "predict"; predict: dovetail.Predict.$Shape; predictReply?: null; enrich?: null; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "predictReply"; predict?: null; predictReply: dovetail.PredictReply.$Shape; enrich?: null; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "enrich"; predict?: null; predictReply?: null; enrich: dovetail.Enrich.$Shape; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "compute"; predict?: null; predictReply?: null; enrich?: null; compute: dovetail.Compute.$Shape; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "answer"; predict?: null; predictReply?: null; enrich?: null; compute?: null; answer: dovetail.Answer.$Shape; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "readFeatures"; predict?: null; predictReply?: null; enrich?: null; compute?: null; answer?: null; readFeatures: dovetail.ReadFeatures.$Shape; readFeaturesReply?: null; cancel?: null }|{ body?: "readFeaturesReply"; predict?: null; predictReply?: null; enrich?: null; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply: dovetail.ReadFeaturesReply.$Shape; cancel?: null }|{ body?: "cancel"; predict?: null; predictReply?: null; enrich?: null; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel: dovetail.Cancel.$Shape })
        );
    }

    /**
     * Properties of a Tensor.
     * @deprecated Use dovetail.Tensor.$Properties instead.
     */
    interface ITensor extends dovetail.Tensor.$Properties {
    }

    /** Represents a Tensor. */
    class Tensor {

        /**
         * Constructs a new Tensor.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Tensor.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Tensor name. */
        name: string;

        /** Tensor datatype. */
        datatype: number;

        /** Tensor shape. */
        shape: number[];

        /** Tensor data. */
        data: Uint8Array;

        /**
         * Creates a new Tensor instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Tensor instance
         */
        static create(properties: dovetail.Tensor.$Shape): dovetail.Tensor & dovetail.Tensor.$Shape;
        static create(properties?: dovetail.Tensor.$Properties): dovetail.Tensor;

        /**
         * Encodes the specified Tensor message. Does not implicitly {@link dovetail.Tensor.verify|verify} messages.
         * @param message Tensor message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Tensor.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Tensor message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Tensor & dovetail.Tensor.$Shape} Tensor
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Tensor & dovetail.Tensor.$Shape;
    }

    namespace Tensor {

        /** Properties of a Tensor. */
        interface $Properties {

            /** Tensor name */
            name?: (string|null);

            /** Tensor datatype */
            datatype?: (number|null);

            /** Tensor shape */
            shape?: (number[]|null);

            /** Tensor data */
            data?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Tensor. */
        type $Shape = dovetail.Tensor.$Properties;
    }

    /**
     * Properties of a Failure.
     * @deprecated Use dovetail.Failure.$Properties instead.
     */
    interface IFailure extends dovetail.Failure.$Properties {
    }

    /** Represents a Failure. */
    class Failure {

        /**
         * Constructs a new Failure.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Failure.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Failure code. */
        code: number;

        /** Failure stage. */
        stage: string;

        /** Failure message. */
        message: string;

        /**
         * Creates a new Failure instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Failure instance
         */
        static create(properties: dovetail.Failure.$Shape): dovetail.Failure & dovetail.Failure.$Shape;
        static create(properties?: dovetail.Failure.$Properties): dovetail.Failure;

        /**
         * Encodes the specified Failure message. Does not implicitly {@link dovetail.Failure.verify|verify} messages.
         * @param message Failure message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Failure.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Failure message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Failure & dovetail.Failure.$Shape} Failure
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Failure & dovetail.Failure.$Shape;
    }

    namespace Failure {

        /** Properties of a Failure. */
        interface $Properties {

            /** Failure code */
            code?: (number|null);

            /** Failure stage */
            stage?: (string|null);

            /** Failure message */
            message?: (string|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Failure. */
        type $Shape = dovetail.Failure.$Properties;
    }

    /**
     * Properties of a TraceContext.
     * @deprecated Use dovetail.TraceContext.$Properties instead.
     */
    interface ITraceContext extends dovetail.TraceContext.$Properties {
    }

    /** Represents a TraceContext. */
    class TraceContext {

        /**
         * Constructs a new TraceContext.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.TraceContext.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** TraceContext traceId. */
        traceId: Uint8Array;

        /** TraceContext spanId. */
        spanId: Uint8Array;

        /**
         * Creates a new TraceContext instance using the specified properties.
         * @param [properties] Properties to set
         * @returns TraceContext instance
         */
        static create(properties: dovetail.TraceContext.$Shape): dovetail.TraceContext & dovetail.TraceContext.$Shape;
        static create(properties?: dovetail.TraceContext.$Properties): dovetail.TraceContext;

        /**
         * Encodes the specified TraceContext message. Does not implicitly {@link dovetail.TraceContext.verify|verify} messages.
         * @param message TraceContext message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.TraceContext.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a TraceContext message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.TraceContext & dovetail.TraceContext.$Shape} TraceContext
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.TraceContext & dovetail.TraceContext.$Shape;
    }

    namespace TraceContext {

        /** Properties of a TraceContext. */
        interface $Properties {

            /** TraceContext traceId */
            traceId?: (Uint8Array|null);

            /** TraceContext spanId */
            spanId?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a TraceContext. */
        type $Shape = dovetail.TraceContext.$Properties;
    }

    /**
     * Properties of a Predict.
     * @deprecated Use dovetail.Predict.$Properties instead.
     */
    interface IPredict extends dovetail.Predict.$Properties {
    }

    /** Represents a Predict. */
    class Predict {

        /**
         * Constructs a new Predict.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Predict.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Predict id. */
        id: number;

        /** Predict replyTo. */
        replyTo: string;

        /** Predict requestId. */
        requestId: string;

        /** Predict model. */
        model: string;

        /** Predict version. */
        version: string;

        /** Predict inputs. */
        inputs: dovetail.Tensor.$Properties[];

        /** Predict budgetUs. */
        budgetUs: number;

        /** Predict trace. */
        trace?: (dovetail.TraceContext.$Properties|null);

        /** Predict traceId. */
        traceId: string;

        /** Predict minSeq. */
        minSeq: number[];

        /** Predict minPartitions. */
        minPartitions: number[];

        /** Predict maxAgeMs. */
        maxAgeMs: number;

        /**
         * Creates a new Predict instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Predict instance
         */
        static create(properties: dovetail.Predict.$Shape): dovetail.Predict & dovetail.Predict.$Shape;
        static create(properties?: dovetail.Predict.$Properties): dovetail.Predict;

        /**
         * Encodes the specified Predict message. Does not implicitly {@link dovetail.Predict.verify|verify} messages.
         * @param message Predict message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Predict.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Predict message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Predict & dovetail.Predict.$Shape} Predict
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Predict & dovetail.Predict.$Shape;
    }

    namespace Predict {

        /** Properties of a Predict. */
        interface $Properties {

            /** Predict id */
            id?: (number|null);

            /** Predict replyTo */
            replyTo?: (string|null);

            /** Predict requestId */
            requestId?: (string|null);

            /** Predict model */
            model?: (string|null);

            /** Predict version */
            version?: (string|null);

            /** Predict inputs */
            inputs?: (dovetail.Tensor.$Properties[]|null);

            /** Predict budgetUs */
            budgetUs?: (number|null);

            /** Predict trace */
            trace?: (dovetail.TraceContext.$Properties|null);

            /** Predict traceId */
            traceId?: (string|null);

            /** Predict minSeq */
            minSeq?: (number[]|null);

            /** Predict minPartitions */
            minPartitions?: (number[]|null);

            /** Predict maxAgeMs */
            maxAgeMs?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Predict. */
        type $Shape = dovetail.Predict.$Properties;
    }

    /**
     * Properties of a PredictReply.
     * @deprecated Use dovetail.PredictReply.$Properties instead.
     */
    interface IPredictReply extends dovetail.PredictReply.$Properties {
    }

    /** Represents a PredictReply. */
    class PredictReply {

        /**
         * Constructs a new PredictReply.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.PredictReply.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PredictReply id. */
        id: number;

        /** PredictReply requestId. */
        requestId: string;

        /** PredictReply failure. */
        failure?: (dovetail.Failure.$Properties|null);

        /** PredictReply model. */
        model: string;

        /** PredictReply version. */
        version: string;

        /** PredictReply outputs. */
        outputs: dovetail.Tensor.$Properties[];

        /** PredictReply freshness. */
        freshness?: (dovetail.RowFreshness.$Properties|null);

        /** PredictReply timings. */
        timings?: (dovetail.Timings.$Properties|null);

        /** PredictReply traceId. */
        traceId: string;

        /** PredictReply requestNumber. */
        requestNumber: number;

        /**
         * Creates a new PredictReply instance using the specified properties.
         * @param [properties] Properties to set
         * @returns PredictReply instance
         */
        static create(properties: dovetail.PredictReply.$Shape): dovetail.PredictReply & dovetail.PredictReply.$Shape;
        static create(properties?: dovetail.PredictReply.$Properties): dovetail.PredictReply;

        /**
         * Encodes the specified PredictReply message. Does not implicitly {@link dovetail.PredictReply.verify|verify} messages.
         * @param message PredictReply message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.PredictReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PredictReply message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.PredictReply & dovetail.PredictReply.$Shape} PredictReply
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.PredictReply & dovetail.PredictReply.$Shape;
    }

    namespace PredictReply {

        /** Properties of a PredictReply. */
        interface $Properties {

            /** PredictReply id */
            id?: (number|null);

            /** PredictReply requestId */
            requestId?: (string|null);

            /** PredictReply failure */
            failure?: (dovetail.Failure.$Properties|null);

            /** PredictReply model */
            model?: (string|null);

            /** PredictReply version */
            version?: (string|null);

            /** PredictReply outputs */
            outputs?: (dovetail.Tensor.$Properties[]|null);

            /** PredictReply freshness */
            freshness?: (dovetail.RowFreshness.$Properties|null);

            /** PredictReply timings */
            timings?: (dovetail.Timings.$Properties|null);

            /** PredictReply traceId */
            traceId?: (string|null);

            /** PredictReply requestNumber */
            requestNumber?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PredictReply. */
        type $Shape = dovetail.PredictReply.$Properties;
    }

    /**
     * Properties of a RowFreshness.
     * @deprecated Use dovetail.RowFreshness.$Properties instead.
     */
    interface IRowFreshness extends dovetail.RowFreshness.$Properties {
    }

    /** Represents a RowFreshness. */
    class RowFreshness {

        /**
         * Constructs a new RowFreshness.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.RowFreshness.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** RowFreshness appliedSeq. */
        appliedSeq: number[];

        /** RowFreshness ageMs. */
        ageMs: number[];

        /** RowFreshness defaulted. */
        defaulted: Uint8Array;

        /** RowFreshness defaultedNames. */
        defaultedNames: string[];

        /** RowFreshness expired. */
        expired: Uint8Array;

        /** RowFreshness everywhereSeq. */
        everywhereSeq: number[];

        /** RowFreshness asOfMs. */
        asOfMs: number[];

        /**
         * Creates a new RowFreshness instance using the specified properties.
         * @param [properties] Properties to set
         * @returns RowFreshness instance
         */
        static create(properties: dovetail.RowFreshness.$Shape): dovetail.RowFreshness & dovetail.RowFreshness.$Shape;
        static create(properties?: dovetail.RowFreshness.$Properties): dovetail.RowFreshness;

        /**
         * Encodes the specified RowFreshness message. Does not implicitly {@link dovetail.RowFreshness.verify|verify} messages.
         * @param message RowFreshness message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.RowFreshness.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a RowFreshness message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.RowFreshness & dovetail.RowFreshness.$Shape} RowFreshness
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.RowFreshness & dovetail.RowFreshness.$Shape;
    }

    namespace RowFreshness {

        /** Properties of a RowFreshness. */
        interface $Properties {

            /** RowFreshness appliedSeq */
            appliedSeq?: (number[]|null);

            /** RowFreshness ageMs */
            ageMs?: (number[]|null);

            /** RowFreshness defaulted */
            defaulted?: (Uint8Array|null);

            /** RowFreshness defaultedNames */
            defaultedNames?: (string[]|null);

            /** RowFreshness expired */
            expired?: (Uint8Array|null);

            /** RowFreshness everywhereSeq */
            everywhereSeq?: (number[]|null);

            /** RowFreshness asOfMs */
            asOfMs?: (number[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a RowFreshness. */
        type $Shape = dovetail.RowFreshness.$Properties;
    }

    /**
     * Properties of a Timings.
     * @deprecated Use dovetail.Timings.$Properties instead.
     */
    interface ITimings extends dovetail.Timings.$Properties {
    }

    /** Represents a Timings. */
    class Timings {

        /**
         * Constructs a new Timings.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Timings.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Timings totalUs. */
        totalUs: number;

        /** Timings shardUs. */
        shardUs: number;

        /** Timings queueUs. */
        queueUs: number;

        /** Timings runUs. */
        runUs: number;

        /** Timings batchRows. */
        batchRows: number;

        /**
         * Creates a new Timings instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Timings instance
         */
        static create(properties: dovetail.Timings.$Shape): dovetail.Timings & dovetail.Timings.$Shape;
        static create(properties?: dovetail.Timings.$Properties): dovetail.Timings;

        /**
         * Encodes the specified Timings message. Does not implicitly {@link dovetail.Timings.verify|verify} messages.
         * @param message Timings message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Timings.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Timings message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Timings & dovetail.Timings.$Shape} Timings
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Timings & dovetail.Timings.$Shape;
    }

    namespace Timings {

        /** Properties of a Timings. */
        interface $Properties {

            /** Timings totalUs */
            totalUs?: (number|null);

            /** Timings shardUs */
            shardUs?: (number|null);

            /** Timings queueUs */
            queueUs?: (number|null);

            /** Timings runUs */
            runUs?: (number|null);

            /** Timings batchRows */
            batchRows?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Timings. */
        type $Shape = dovetail.Timings.$Properties;
    }

    /**
     * Properties of an Enrich.
     * @deprecated Use dovetail.Enrich.$Properties instead.
     */
    interface IEnrich extends dovetail.Enrich.$Properties {
    }

    /** Represents an Enrich. */
    class Enrich {

        /**
         * Constructs a new Enrich.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Enrich.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Enrich id. */
        id: number;

        /** Enrich replyTo. */
        replyTo: string;

        /** Enrich model. */
        model: string;

        /** Enrich budgetUs. */
        budgetUs: number;

        /** Enrich epoch. */
        epoch: number;

        /** Enrich keys. */
        keys: Uint8Array[];

        /** Enrich partitions. */
        partitions: number[];

        /** Enrich inputs. */
        inputs: Uint8Array[];

        /** Enrich worker. */
        worker: string;

        /** Enrich trace. */
        trace?: (dovetail.TraceContext.$Properties|null);

        /** Enrich dims. */
        dims: number[];

        /** Enrich minSeq. */
        minSeq: number[];

        /** Enrich minPartitions. */
        minPartitions: number[];

        /** Enrich maxAgeMs. */
        maxAgeMs: number;

        /**
         * Creates a new Enrich instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Enrich instance
         */
        static create(properties: dovetail.Enrich.$Shape): dovetail.Enrich & dovetail.Enrich.$Shape;
        static create(properties?: dovetail.Enrich.$Properties): dovetail.Enrich;

        /**
         * Encodes the specified Enrich message. Does not implicitly {@link dovetail.Enrich.verify|verify} messages.
         * @param message Enrich message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Enrich.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes an Enrich message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Enrich & dovetail.Enrich.$Shape} Enrich
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Enrich & dovetail.Enrich.$Shape;
    }

    namespace Enrich {

        /** Properties of an Enrich. */
        interface $Properties {

            /** Enrich id */
            id?: (number|null);

            /** Enrich replyTo */
            replyTo?: (string|null);

            /** Enrich model */
            model?: (string|null);

            /** Enrich budgetUs */
            budgetUs?: (number|null);

            /** Enrich epoch */
            epoch?: (number|null);

            /** Enrich keys */
            keys?: (Uint8Array[]|null);

            /** Enrich partitions */
            partitions?: (number[]|null);

            /** Enrich inputs */
            inputs?: (Uint8Array[]|null);

            /** Enrich worker */
            worker?: (string|null);

            /** Enrich trace */
            trace?: (dovetail.TraceContext.$Properties|null);

            /** Enrich dims */
            dims?: (number[]|null);

            /** Enrich minSeq */
            minSeq?: (number[]|null);

            /** Enrich minPartitions */
            minPartitions?: (number[]|null);

            /** Enrich maxAgeMs */
            maxAgeMs?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of an Enrich. */
        type $Shape = dovetail.Enrich.$Properties;
    }

    /**
     * Properties of a Compute.
     * @deprecated Use dovetail.Compute.$Properties instead.
     */
    interface ICompute extends dovetail.Compute.$Properties {
    }

    /** Represents a Compute. */
    class Compute {

        /**
         * Constructs a new Compute.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Compute.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Compute id. */
        id: number;

        /** Compute replyTo. */
        replyTo: string;

        /** Compute model. */
        model: string;

        /** Compute budgetUs. */
        budgetUs: number;

        /** Compute rows. */
        rows: number;

        /** Compute inputs. */
        inputs: Uint8Array[];

        /** Compute trace. */
        trace?: (dovetail.TraceContext.$Properties|null);

        /** Compute dims. */
        dims: number[];

        /** Compute freshness. */
        freshness?: (dovetail.RowFreshness.$Properties|null);

        /** Compute shardUs. */
        shardUs: number;

        /**
         * Creates a new Compute instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Compute instance
         */
        static create(properties: dovetail.Compute.$Shape): dovetail.Compute & dovetail.Compute.$Shape;
        static create(properties?: dovetail.Compute.$Properties): dovetail.Compute;

        /**
         * Encodes the specified Compute message. Does not implicitly {@link dovetail.Compute.verify|verify} messages.
         * @param message Compute message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Compute.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Compute message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Compute & dovetail.Compute.$Shape} Compute
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Compute & dovetail.Compute.$Shape;
    }

    namespace Compute {

        /** Properties of a Compute. */
        interface $Properties {

            /** Compute id */
            id?: (number|null);

            /** Compute replyTo */
            replyTo?: (string|null);

            /** Compute model */
            model?: (string|null);

            /** Compute budgetUs */
            budgetUs?: (number|null);

            /** Compute rows */
            rows?: (number|null);

            /** Compute inputs */
            inputs?: (Uint8Array[]|null);

            /** Compute trace */
            trace?: (dovetail.TraceContext.$Properties|null);

            /** Compute dims */
            dims?: (number[]|null);

            /** Compute freshness */
            freshness?: (dovetail.RowFreshness.$Properties|null);

            /** Compute shardUs */
            shardUs?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Compute. */
        type $Shape = dovetail.Compute.$Properties;
    }

    /**
     * Properties of an Answer.
     * @deprecated Use dovetail.Answer.$Properties instead.
     */
    interface IAnswer extends dovetail.Answer.$Properties {
    }

    /** Represents an Answer. */
    class Answer {

        /**
         * Constructs a new Answer.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Answer.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Answer id. */
        id: number;

        /** Answer failure. */
        failure?: (dovetail.Failure.$Properties|null);

        /** Answer outputs. */
        outputs: Uint8Array[];

        /** Answer dims. */
        dims: number[];

        /** Answer freshness. */
        freshness?: (dovetail.RowFreshness.$Properties|null);

        /** Answer shardUs. */
        shardUs: number;

        /** Answer queueUs. */
        queueUs: number;

        /** Answer runUs. */
        runUs: number;

        /** Answer batchRows. */
        batchRows: number;

        /** Answer backlogUs. */
        backlogUs: number;

        /** Answer epoch. */
        epoch: number;

        /**
         * Creates a new Answer instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Answer instance
         */
        static create(properties: dovetail.Answer.$Shape): dovetail.Answer & dovetail.Answer.$Shape;
        static create(properties?: dovetail.Answer.$Properties): dovetail.Answer;

        /**
         * Encodes the specified Answer message. Does not implicitly {@link dovetail.Answer.verify|verify} messages.
         * @param message Answer message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Answer.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes an Answer message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Answer & dovetail.Answer.$Shape} Answer
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Answer & dovetail.Answer.$Shape;
    }

    namespace Answer {

        /** Properties of an Answer. */
        interface $Properties {

            /** Answer id */
            id?: (number|null);

            /** Answer failure */
            failure?: (dovetail.Failure.$Properties|null);

            /** Answer outputs */
            outputs?: (Uint8Array[]|null);

            /** Answer dims */
            dims?: (number[]|null);

            /** Answer freshness */
            freshness?: (dovetail.RowFreshness.$Properties|null);

            /** Answer shardUs */
            shardUs?: (number|null);

            /** Answer queueUs */
            queueUs?: (number|null);

            /** Answer runUs */
            runUs?: (number|null);

            /** Answer batchRows */
            batchRows?: (number|null);

            /** Answer backlogUs */
            backlogUs?: (number|null);

            /** Answer epoch */
            epoch?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of an Answer. */
        type $Shape = dovetail.Answer.$Properties;
    }

    /**
     * Properties of a ReadFeatures.
     * @deprecated Use dovetail.ReadFeatures.$Properties instead.
     */
    interface IReadFeatures extends dovetail.ReadFeatures.$Properties {
    }

    /** Represents a ReadFeatures. */
    class ReadFeatures {

        /**
         * Constructs a new ReadFeatures.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.ReadFeatures.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ReadFeatures id. */
        id: number;

        /** ReadFeatures replyTo. */
        replyTo: string;

        /** ReadFeatures view. */
        view: string;

        /** ReadFeatures keys. */
        keys: Uint8Array[];

        /** ReadFeatures partitions. */
        partitions: number[];

        /** ReadFeatures epoch. */
        epoch: number;

        /** ReadFeatures budgetUs. */
        budgetUs: number;

        /** ReadFeatures trace. */
        trace?: (dovetail.TraceContext.$Properties|null);

        /** ReadFeatures minSeq. */
        minSeq: number[];

        /** ReadFeatures minPartitions. */
        minPartitions: number[];

        /** ReadFeatures maxAgeMs. */
        maxAgeMs: number;

        /** ReadFeatures schemaHash. */
        schemaHash: number;

        /**
         * Creates a new ReadFeatures instance using the specified properties.
         * @param [properties] Properties to set
         * @returns ReadFeatures instance
         */
        static create(properties: dovetail.ReadFeatures.$Shape): dovetail.ReadFeatures & dovetail.ReadFeatures.$Shape;
        static create(properties?: dovetail.ReadFeatures.$Properties): dovetail.ReadFeatures;

        /**
         * Encodes the specified ReadFeatures message. Does not implicitly {@link dovetail.ReadFeatures.verify|verify} messages.
         * @param message ReadFeatures message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.ReadFeatures.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ReadFeatures message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.ReadFeatures & dovetail.ReadFeatures.$Shape} ReadFeatures
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.ReadFeatures & dovetail.ReadFeatures.$Shape;
    }

    namespace ReadFeatures {

        /** Properties of a ReadFeatures. */
        interface $Properties {

            /** ReadFeatures id */
            id?: (number|null);

            /** ReadFeatures replyTo */
            replyTo?: (string|null);

            /** ReadFeatures view */
            view?: (string|null);

            /** ReadFeatures keys */
            keys?: (Uint8Array[]|null);

            /** ReadFeatures partitions */
            partitions?: (number[]|null);

            /** ReadFeatures epoch */
            epoch?: (number|null);

            /** ReadFeatures budgetUs */
            budgetUs?: (number|null);

            /** ReadFeatures trace */
            trace?: (dovetail.TraceContext.$Properties|null);

            /** ReadFeatures minSeq */
            minSeq?: (number[]|null);

            /** ReadFeatures minPartitions */
            minPartitions?: (number[]|null);

            /** ReadFeatures maxAgeMs */
            maxAgeMs?: (number|null);

            /** ReadFeatures schemaHash */
            schemaHash?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ReadFeatures. */
        type $Shape = dovetail.ReadFeatures.$Properties;
    }

    /**
     * Properties of a ReadFeaturesReply.
     * @deprecated Use dovetail.ReadFeaturesReply.$Properties instead.
     */
    interface IReadFeaturesReply extends dovetail.ReadFeaturesReply.$Properties {
    }

    /** Represents a ReadFeaturesReply. */
    class ReadFeaturesReply {

        /**
         * Constructs a new ReadFeaturesReply.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.ReadFeaturesReply.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ReadFeaturesReply id. */
        id: number;

        /** ReadFeaturesReply failure. */
        failure?: (dovetail.Failure.$Properties|null);

        /** ReadFeaturesReply records. */
        records: Uint8Array[];

        /** ReadFeaturesReply appliedSeq. */
        appliedSeq: number[];

        /** ReadFeaturesReply epoch. */
        epoch: number;

        /** ReadFeaturesReply statuses. */
        statuses: Uint8Array;

        /** ReadFeaturesReply eventMs. */
        eventMs: number[];

        /** ReadFeaturesReply asOfMs. */
        asOfMs: number;

        /**
         * Creates a new ReadFeaturesReply instance using the specified properties.
         * @param [properties] Properties to set
         * @returns ReadFeaturesReply instance
         */
        static create(properties: dovetail.ReadFeaturesReply.$Shape): dovetail.ReadFeaturesReply & dovetail.ReadFeaturesReply.$Shape;
        static create(properties?: dovetail.ReadFeaturesReply.$Properties): dovetail.ReadFeaturesReply;

        /**
         * Encodes the specified ReadFeaturesReply message. Does not implicitly {@link dovetail.ReadFeaturesReply.verify|verify} messages.
         * @param message ReadFeaturesReply message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.ReadFeaturesReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ReadFeaturesReply message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.ReadFeaturesReply & dovetail.ReadFeaturesReply.$Shape} ReadFeaturesReply
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.ReadFeaturesReply & dovetail.ReadFeaturesReply.$Shape;
    }

    namespace ReadFeaturesReply {

        /** Properties of a ReadFeaturesReply. */
        interface $Properties {

            /** ReadFeaturesReply id */
            id?: (number|null);

            /** ReadFeaturesReply failure */
            failure?: (dovetail.Failure.$Properties|null);

            /** ReadFeaturesReply records */
            records?: (Uint8Array[]|null);

            /** ReadFeaturesReply appliedSeq */
            appliedSeq?: (number[]|null);

            /** ReadFeaturesReply epoch */
            epoch?: (number|null);

            /** ReadFeaturesReply statuses */
            statuses?: (Uint8Array|null);

            /** ReadFeaturesReply eventMs */
            eventMs?: (number[]|null);

            /** ReadFeaturesReply asOfMs */
            asOfMs?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ReadFeaturesReply. */
        type $Shape = dovetail.ReadFeaturesReply.$Properties;
    }

    /**
     * Properties of a Cancel.
     * @deprecated Use dovetail.Cancel.$Properties instead.
     */
    interface ICancel extends dovetail.Cancel.$Properties {
    }

    /** Represents a Cancel. */
    class Cancel {

        /**
         * Constructs a new Cancel.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Cancel.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Cancel id. */
        id: number;

        /** Cancel replyTo. */
        replyTo: string;

        /**
         * Creates a new Cancel instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Cancel instance
         */
        static create(properties: dovetail.Cancel.$Shape): dovetail.Cancel & dovetail.Cancel.$Shape;
        static create(properties?: dovetail.Cancel.$Properties): dovetail.Cancel;

        /**
         * Encodes the specified Cancel message. Does not implicitly {@link dovetail.Cancel.verify|verify} messages.
         * @param message Cancel message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Cancel.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Cancel message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Cancel & dovetail.Cancel.$Shape} Cancel
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Cancel & dovetail.Cancel.$Shape;
    }

    namespace Cancel {

        /** Properties of a Cancel. */
        interface $Properties {

            /** Cancel id */
            id?: (number|null);

            /** Cancel replyTo */
            replyTo?: (string|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Cancel. */
        type $Shape = dovetail.Cancel.$Properties;
    }

    /**
     * Properties of a RowBatch.
     * @deprecated Use dovetail.RowBatch.$Properties instead.
     */
    interface IRowBatch extends dovetail.RowBatch.$Properties {
    }

    /** Represents a RowBatch. */
    class RowBatch {

        /**
         * Constructs a new RowBatch.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.RowBatch.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** RowBatch view. */
        view: string;

        /** RowBatch schemaHash. */
        schemaHash: number;

        /** RowBatch rows. */
        rows: dovetail.LogRow.$Properties[];

        /** RowBatch version. */
        version: number;

        /** RowBatch stream. */
        stream: string;

        /** RowBatch entity. */
        entity: string;

        /** RowBatch everywhere. */
        everywhere: boolean;

        /**
         * Creates a new RowBatch instance using the specified properties.
         * @param [properties] Properties to set
         * @returns RowBatch instance
         */
        static create(properties: dovetail.RowBatch.$Shape): dovetail.RowBatch & dovetail.RowBatch.$Shape;
        static create(properties?: dovetail.RowBatch.$Properties): dovetail.RowBatch;

        /**
         * Encodes the specified RowBatch message. Does not implicitly {@link dovetail.RowBatch.verify|verify} messages.
         * @param message RowBatch message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.RowBatch.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a RowBatch message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.RowBatch & dovetail.RowBatch.$Shape} RowBatch
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.RowBatch & dovetail.RowBatch.$Shape;
    }

    namespace RowBatch {

        /** Properties of a RowBatch. */
        interface $Properties {

            /** RowBatch view */
            view?: (string|null);

            /** RowBatch schemaHash */
            schemaHash?: (number|null);

            /** RowBatch rows */
            rows?: (dovetail.LogRow.$Properties[]|null);

            /** RowBatch version */
            version?: (number|null);

            /** RowBatch stream */
            stream?: (string|null);

            /** RowBatch entity */
            entity?: (string|null);

            /** RowBatch everywhere */
            everywhere?: (boolean|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a RowBatch. */
        type $Shape = dovetail.RowBatch.$Properties;
    }

    /**
     * Properties of a LogRow.
     * @deprecated Use dovetail.LogRow.$Properties instead.
     */
    interface ILogRow extends dovetail.LogRow.$Properties {
    }

    /** Represents a LogRow. */
    class LogRow {

        /**
         * Constructs a new LogRow.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.LogRow.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** LogRow key. */
        key: Uint8Array;

        /** LogRow eventMs. */
        eventMs: number;

        /** LogRow values. */
        values: Uint8Array;

        /** LogRow op. */
        op: number;

        /** LogRow idA. */
        idA: number;

        /** LogRow idB. */
        idB: number;

        /**
         * Creates a new LogRow instance using the specified properties.
         * @param [properties] Properties to set
         * @returns LogRow instance
         */
        static create(properties: dovetail.LogRow.$Shape): dovetail.LogRow & dovetail.LogRow.$Shape;
        static create(properties?: dovetail.LogRow.$Properties): dovetail.LogRow;

        /**
         * Encodes the specified LogRow message. Does not implicitly {@link dovetail.LogRow.verify|verify} messages.
         * @param message LogRow message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.LogRow.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a LogRow message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.LogRow & dovetail.LogRow.$Shape} LogRow
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.LogRow & dovetail.LogRow.$Shape;
    }

    namespace LogRow {

        /** Properties of a LogRow. */
        interface $Properties {

            /** LogRow key */
            key?: (Uint8Array|null);

            /** LogRow eventMs */
            eventMs?: (number|null);

            /** LogRow values */
            values?: (Uint8Array|null);

            /** LogRow op */
            op?: (number|null);

            /** LogRow idA */
            idA?: (number|null);

            /** LogRow idB */
            idB?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a LogRow. */
        type $Shape = dovetail.LogRow.$Properties;
    }

    /**
     * Properties of a Heartbeat.
     * @deprecated Use dovetail.Heartbeat.$Properties instead.
     */
    interface IHeartbeat extends dovetail.Heartbeat.$Properties {
    }

    /** Represents a Heartbeat. */
    class Heartbeat {

        /**
         * Constructs a new Heartbeat.
         * @param [properties] Properties to set
         */
        constructor(properties?: dovetail.Heartbeat.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Heartbeat node. */
        node: string;

        /** Heartbeat name. */
        name: string;

        /** Heartbeat role. */
        role: string;

        /** Heartbeat ready. */
        ready: boolean;

        /** Heartbeat leaving. */
        leaving: boolean;

        /** Heartbeat epoch. */
        epoch: number;

        /** Heartbeat models. */
        models: string[];

        /** Heartbeat caughtUp. */
        caughtUp: Uint8Array;

        /** Heartbeat queueDepth. */
        queueDepth: number;

        /** Heartbeat device. */
        device: string;

        /** Heartbeat httpUrl. */
        httpUrl: string;

        /** Heartbeat metricsUrl. */
        metricsUrl: string;

        /** Heartbeat weight. */
        weight: number;

        /** Heartbeat pid. */
        pid: number;

        /** Heartbeat localEndpoint. */
        localEndpoint: string;

        /** Heartbeat trouble. */
        trouble: string;

        /** Heartbeat lagging. */
        lagging: boolean;

        /**
         * Creates a new Heartbeat instance using the specified properties.
         * @param [properties] Properties to set
         * @returns Heartbeat instance
         */
        static create(properties: dovetail.Heartbeat.$Shape): dovetail.Heartbeat & dovetail.Heartbeat.$Shape;
        static create(properties?: dovetail.Heartbeat.$Properties): dovetail.Heartbeat;

        /**
         * Encodes the specified Heartbeat message. Does not implicitly {@link dovetail.Heartbeat.verify|verify} messages.
         * @param message Heartbeat message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: dovetail.Heartbeat.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Heartbeat message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {dovetail.Heartbeat & dovetail.Heartbeat.$Shape} Heartbeat
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): dovetail.Heartbeat & dovetail.Heartbeat.$Shape;
    }

    namespace Heartbeat {

        /** Properties of a Heartbeat. */
        interface $Properties {

            /** Heartbeat node */
            node?: (string|null);

            /** Heartbeat name */
            name?: (string|null);

            /** Heartbeat role */
            role?: (string|null);

            /** Heartbeat ready */
            ready?: (boolean|null);

            /** Heartbeat leaving */
            leaving?: (boolean|null);

            /** Heartbeat epoch */
            epoch?: (number|null);

            /** Heartbeat models */
            models?: (string[]|null);

            /** Heartbeat caughtUp */
            caughtUp?: (Uint8Array|null);

            /** Heartbeat queueDepth */
            queueDepth?: (number|null);

            /** Heartbeat device */
            device?: (string|null);

            /** Heartbeat httpUrl */
            httpUrl?: (string|null);

            /** Heartbeat metricsUrl */
            metricsUrl?: (string|null);

            /** Heartbeat weight */
            weight?: (number|null);

            /** Heartbeat pid */
            pid?: (number|null);

            /** Heartbeat localEndpoint */
            localEndpoint?: (string|null);

            /** Heartbeat trouble */
            trouble?: (string|null);

            /** Heartbeat lagging */
            lagging?: (boolean|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Heartbeat. */
        type $Shape = dovetail.Heartbeat.$Properties;
    }
}
