/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});

export const dovetail = $root.dovetail = (() => {

    /**
     * Namespace dovetail.
     * @exports dovetail
     * @namespace
     */
    const dovetail = {};

    dovetail.Envelope = (function() {

        /**
         * Properties of an Envelope.
         * @typedef {Object} dovetail.Envelope.$Properties
         * @property {string|null} [from] Envelope from
         * @property {Array.<dovetail.Letter.$Properties>|null} [letters] Envelope letters
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of an Envelope.
         * @memberof dovetail
         * @interface IEnvelope
         * @augments dovetail.Envelope.$Properties
         * @deprecated Use dovetail.Envelope.$Properties instead.
         */

        /**
         * Shape of an Envelope.
         * @typedef {{
         *   from?: string|null;
         *   letters?: Array.<dovetail.Letter.$Shape>|null;
         *   $unknowns?: Array.<Uint8Array>;
         * }} dovetail.Envelope.$Shape
         */

        /**
         * Constructs a new Envelope.
         * @memberof dovetail
         * @classdesc Represents an Envelope.
         * @constructor
         * @param {dovetail.Envelope.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Envelope = function (properties) {
            this.letters = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Envelope from.
         * @member {string} from
         * @memberof dovetail.Envelope
         * @instance
         */
        Envelope.prototype.from = "";

        /**
         * Envelope letters.
         * @member {Array.<dovetail.Letter.$Properties>} letters
         * @memberof dovetail.Envelope
         * @instance
         */
        Envelope.prototype.letters = $util.emptyArray;

        /**
         * Creates a new Envelope instance using the specified properties.
         * @function create
         * @memberof dovetail.Envelope
         * @static
         * @param {dovetail.Envelope.$Properties=} [properties] Properties to set
         * @returns {dovetail.Envelope} Envelope instance
         * @type {{
         *   (properties: dovetail.Envelope.$Shape): dovetail.Envelope & dovetail.Envelope.$Shape;
         *   (properties?: dovetail.Envelope.$Properties): dovetail.Envelope;
         * }}
         */
        Envelope.create = function(properties) {
            return new Envelope(properties);
        };

        /**
         * Encodes the specified Envelope message. Does not implicitly {@link dovetail.Envelope.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Envelope
         * @static
         * @param {dovetail.Envelope.$Properties} message Envelope message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Envelope.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.from != null && $Object.hasOwnProperty.call(message, "from") && message.from !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.from);
            if (message.letters != null && message.letters.length)
                for (let i = 0; i < message.letters.length; ++i)
                    $root.dovetail.Letter.encode(message.letters[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes an Envelope message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Envelope
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Envelope & dovetail.Envelope.$Shape} Envelope
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Envelope.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Envelope();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.from = value;
                        else
                            delete message.from;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if (!(message.letters && message.letters.length))
                            message.letters = [];
                        message.letters.push($root.dovetail.Letter.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Envelope;
    })();

    dovetail.Letter = (function() {

        /**
         * Properties of a Letter.
         * @typedef {Object} dovetail.Letter.$Properties
         * @property {string|null} [to] Letter to
         * @property {dovetail.Predict.$Properties|null} [predict] Letter predict
         * @property {dovetail.PredictReply.$Properties|null} [predictReply] Letter predictReply
         * @property {dovetail.Enrich.$Properties|null} [enrich] Letter enrich
         * @property {dovetail.Compute.$Properties|null} [compute] Letter compute
         * @property {dovetail.Answer.$Properties|null} [answer] Letter answer
         * @property {dovetail.ReadFeatures.$Properties|null} [readFeatures] Letter readFeatures
         * @property {dovetail.ReadFeaturesReply.$Properties|null} [readFeaturesReply] Letter readFeaturesReply
         * @property {dovetail.Cancel.$Properties|null} [cancel] Letter cancel
         * @property {"predict"|"predictReply"|"enrich"|"compute"|"answer"|"readFeatures"|"readFeaturesReply"|"cancel"} [body] Letter body
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Letter.
         * @memberof dovetail
         * @interface ILetter
         * @augments dovetail.Letter.$Properties
         * @deprecated Use dovetail.Letter.$Properties instead.
         */

        /**
         * Narrowed shape of a Letter.
         * @typedef {{
         *   to?: string|null;
         *   predict?: dovetail.Predict.$Shape|null;
         *   predictReply?: dovetail.PredictReply.$Shape|null;
         *   enrich?: dovetail.Enrich.$Shape|null;
         *   compute?: dovetail.Compute.$Shape|null;
         *   answer?: dovetail.Answer.$Shape|null;
         *   readFeatures?: dovetail.ReadFeatures.$Shape|null;
         *   readFeaturesReply?: dovetail.ReadFeaturesReply.$Shape|null;
         *   cancel?: dovetail.Cancel.$Shape|null;
         *   $unknowns?: Array.<Uint8Array>;
         * } & (
         *   ({ body?: undefined; predict?: null; predictReply?: null; enrich?: null; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "predict"; predict: dovetail.Predict.$Shape; predictReply?: null; enrich?: null; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "predictReply"; predict?: null; predictReply: dovetail.PredictReply.$Shape; enrich?: null; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "enrich"; predict?: null; predictReply?: null; enrich: dovetail.Enrich.$Shape; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "compute"; predict?: null; predictReply?: null; enrich?: null; compute: dovetail.Compute.$Shape; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "answer"; predict?: null; predictReply?: null; enrich?: null; compute?: null; answer: dovetail.Answer.$Shape; readFeatures?: null; readFeaturesReply?: null; cancel?: null }|{ body?: "readFeatures"; predict?: null; predictReply?: null; enrich?: null; compute?: null; answer?: null; readFeatures: dovetail.ReadFeatures.$Shape; readFeaturesReply?: null; cancel?: null }|{ body?: "readFeaturesReply"; predict?: null; predictReply?: null; enrich?: null; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply: dovetail.ReadFeaturesReply.$Shape; cancel?: null }|{ body?: "cancel"; predict?: null; predictReply?: null; enrich?: null; compute?: null; answer?: null; readFeatures?: null; readFeaturesReply?: null; cancel: dovetail.Cancel.$Shape })
         * )} dovetail.Letter.$Shape
         */

        /**
         * Constructs a new Letter.
         * @memberof dovetail
         * @classdesc Represents a Letter.
         * @constructor
         * @param {dovetail.Letter.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Letter = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Letter to.
         * @member {string} to
         * @memberof dovetail.Letter
         * @instance
         */
        Letter.prototype.to = "";

        /**
         * Letter predict.
         * @member {dovetail.Predict.$Properties|null|undefined} predict
         * @memberof dovetail.Letter
         * @instance
         */
        Letter.prototype.predict = null;

        /**
         * Letter predictReply.
         * @member {dovetail.PredictReply.$Properties|null|undefined} predictReply
         * @memberof dovetail.Letter
         * @instance
         */
        Letter.prototype.predictReply = null;

        /**
         * Letter enrich.
         * @member {dovetail.Enrich.$Properties|null|undefined} enrich
         * @memberof dovetail.Letter
         * @instance
         */
        Letter.prototype.enrich = null;

        /**
         * Letter compute.
         * @member {dovetail.Compute.$Properties|null|undefined} compute
         * @memberof dovetail.Letter
         * @instance
         */
        Letter.prototype.compute = null;

        /**
         * Letter answer.
         * @member {dovetail.Answer.$Properties|null|undefined} answer
         * @memberof dovetail.Letter
         * @instance
         */
        Letter.prototype.answer = null;

        /**
         * Letter readFeatures.
         * @member {dovetail.ReadFeatures.$Properties|null|undefined} readFeatures
         * @memberof dovetail.Letter
         * @instance
         */
        Letter.prototype.readFeatures = null;

        /**
         * Letter readFeaturesReply.
         * @member {dovetail.ReadFeaturesReply.$Properties|null|undefined} readFeaturesReply
         * @memberof dovetail.Letter
         * @instance
         */
        Letter.prototype.readFeaturesReply = null;

        /**
         * Letter cancel.
         * @member {dovetail.Cancel.$Properties|null|undefined} cancel
         * @memberof dovetail.Letter
         * @instance
         */
        Letter.prototype.cancel = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        /**
         * Letter body.
         * @member {"predict"|"predictReply"|"enrich"|"compute"|"answer"|"readFeatures"|"readFeaturesReply"|"cancel"|undefined} body
         * @memberof dovetail.Letter
         * @instance
         */
        $Object.defineProperty(Letter.prototype, "body", {
            get: $util.oneOfGetter($oneOfFields = ["predict", "predictReply", "enrich", "compute", "answer", "readFeatures", "readFeaturesReply", "cancel"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Creates a new Letter instance using the specified properties.
         * @function create
         * @memberof dovetail.Letter
         * @static
         * @param {dovetail.Letter.$Properties=} [properties] Properties to set
         * @returns {dovetail.Letter} Letter instance
         * @type {{
         *   (properties: dovetail.Letter.$Shape): dovetail.Letter & dovetail.Letter.$Shape;
         *   (properties?: dovetail.Letter.$Properties): dovetail.Letter;
         * }}
         */
        Letter.create = function(properties) {
            return new Letter(properties);
        };

        /**
         * Encodes the specified Letter message. Does not implicitly {@link dovetail.Letter.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Letter
         * @static
         * @param {dovetail.Letter.$Properties} message Letter message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Letter.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.to != null && $Object.hasOwnProperty.call(message, "to") && message.to !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.to);
            if (message.predict != null && $Object.hasOwnProperty.call(message, "predict"))
                $root.dovetail.Predict.encode(message.predict, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
            if (message.predictReply != null && $Object.hasOwnProperty.call(message, "predictReply"))
                $root.dovetail.PredictReply.encode(message.predictReply, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
            if (message.enrich != null && $Object.hasOwnProperty.call(message, "enrich"))
                $root.dovetail.Enrich.encode(message.enrich, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
            if (message.compute != null && $Object.hasOwnProperty.call(message, "compute"))
                $root.dovetail.Compute.encode(message.compute, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
            if (message.answer != null && $Object.hasOwnProperty.call(message, "answer"))
                $root.dovetail.Answer.encode(message.answer, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
            if (message.readFeatures != null && $Object.hasOwnProperty.call(message, "readFeatures"))
                $root.dovetail.ReadFeatures.encode(message.readFeatures, writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
            if (message.readFeaturesReply != null && $Object.hasOwnProperty.call(message, "readFeaturesReply"))
                $root.dovetail.ReadFeaturesReply.encode(message.readFeaturesReply, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
            if (message.cancel != null && $Object.hasOwnProperty.call(message, "cancel"))
                $root.dovetail.Cancel.encode(message.cancel, writer.uint32(/* id 9, wireType 2 =*/74).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Letter message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Letter
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Letter & dovetail.Letter.$Shape} Letter
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Letter.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Letter();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.to = value;
                        else
                            delete message.to;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.predict = $root.dovetail.Predict.decode(reader, reader.size(), $undefined, _depth + 1, message.predict);
                        message.body = "predict";
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.predictReply = $root.dovetail.PredictReply.decode(reader, reader.size(), $undefined, _depth + 1, message.predictReply);
                        message.body = "predictReply";
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        message.enrich = $root.dovetail.Enrich.decode(reader, reader.size(), $undefined, _depth + 1, message.enrich);
                        message.body = "enrich";
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        message.compute = $root.dovetail.Compute.decode(reader, reader.size(), $undefined, _depth + 1, message.compute);
                        message.body = "compute";
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        message.answer = $root.dovetail.Answer.decode(reader, reader.size(), $undefined, _depth + 1, message.answer);
                        message.body = "answer";
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        message.readFeatures = $root.dovetail.ReadFeatures.decode(reader, reader.size(), $undefined, _depth + 1, message.readFeatures);
                        message.body = "readFeatures";
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        message.readFeaturesReply = $root.dovetail.ReadFeaturesReply.decode(reader, reader.size(), $undefined, _depth + 1, message.readFeaturesReply);
                        message.body = "readFeaturesReply";
                        continue;
                    }
                case 9: {
                        if (wireType !== 2)
                            break;
                        message.cancel = $root.dovetail.Cancel.decode(reader, reader.size(), $undefined, _depth + 1, message.cancel);
                        message.body = "cancel";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Letter;
    })();

    dovetail.Tensor = (function() {

        /**
         * Properties of a Tensor.
         * @typedef {Object} dovetail.Tensor.$Properties
         * @property {string|null} [name] Tensor name
         * @property {number|null} [datatype] Tensor datatype
         * @property {Array.<number>|null} [shape] Tensor shape
         * @property {Uint8Array|null} [data] Tensor data
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Tensor.
         * @memberof dovetail
         * @interface ITensor
         * @augments dovetail.Tensor.$Properties
         * @deprecated Use dovetail.Tensor.$Properties instead.
         */

        /**
         * Shape of a Tensor.
         * @typedef {dovetail.Tensor.$Properties} dovetail.Tensor.$Shape
         */

        /**
         * Constructs a new Tensor.
         * @memberof dovetail
         * @classdesc Represents a Tensor.
         * @constructor
         * @param {dovetail.Tensor.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Tensor = function (properties) {
            this.shape = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Tensor name.
         * @member {string} name
         * @memberof dovetail.Tensor
         * @instance
         */
        Tensor.prototype.name = "";

        /**
         * Tensor datatype.
         * @member {number} datatype
         * @memberof dovetail.Tensor
         * @instance
         */
        Tensor.prototype.datatype = 0;

        /**
         * Tensor shape.
         * @member {Array.<number>} shape
         * @memberof dovetail.Tensor
         * @instance
         */
        Tensor.prototype.shape = $util.emptyArray;

        /**
         * Tensor data.
         * @member {Uint8Array} data
         * @memberof dovetail.Tensor
         * @instance
         */
        Tensor.prototype.data = $util.newBuffer([]);

        /**
         * Creates a new Tensor instance using the specified properties.
         * @function create
         * @memberof dovetail.Tensor
         * @static
         * @param {dovetail.Tensor.$Properties=} [properties] Properties to set
         * @returns {dovetail.Tensor} Tensor instance
         * @type {{
         *   (properties: dovetail.Tensor.$Shape): dovetail.Tensor & dovetail.Tensor.$Shape;
         *   (properties?: dovetail.Tensor.$Properties): dovetail.Tensor;
         * }}
         */
        Tensor.create = function(properties) {
            return new Tensor(properties);
        };

        /**
         * Encodes the specified Tensor message. Does not implicitly {@link dovetail.Tensor.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Tensor
         * @static
         * @param {dovetail.Tensor.$Properties} message Tensor message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Tensor.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.datatype != null && $Object.hasOwnProperty.call(message, "datatype") && message.datatype !== 0)
                writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.datatype);
            if (message.shape != null && message.shape.length)
                writer.uint32(/* id 3, wireType 2 =*/26).uint32s(message.shape);
            if (message.data != null && $Object.hasOwnProperty.call(message, "data") && message.data.length)
                writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.data);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Tensor message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Tensor
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Tensor & dovetail.Tensor.$Shape} Tensor
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Tensor.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Tensor();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.name = value;
                        else
                            delete message.name;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.datatype = value;
                        else
                            delete message.datatype;
                        continue;
                    }
                case 3: {
                        if (wireType === 2) {
                            if (!(message.shape && message.shape.length))
                                message.shape = [];
                            reader.uint32s(message.shape);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.shape && message.shape.length))
                            message.shape = [];
                        message.shape.push(reader.uint32());
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.data = value;
                        else
                            delete message.data;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Tensor;
    })();

    dovetail.Failure = (function() {

        /**
         * Properties of a Failure.
         * @typedef {Object} dovetail.Failure.$Properties
         * @property {number|null} [code] Failure code
         * @property {string|null} [stage] Failure stage
         * @property {string|null} [message] Failure message
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Failure.
         * @memberof dovetail
         * @interface IFailure
         * @augments dovetail.Failure.$Properties
         * @deprecated Use dovetail.Failure.$Properties instead.
         */

        /**
         * Shape of a Failure.
         * @typedef {dovetail.Failure.$Properties} dovetail.Failure.$Shape
         */

        /**
         * Constructs a new Failure.
         * @memberof dovetail
         * @classdesc Represents a Failure.
         * @constructor
         * @param {dovetail.Failure.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Failure = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Failure code.
         * @member {number} code
         * @memberof dovetail.Failure
         * @instance
         */
        Failure.prototype.code = 0;

        /**
         * Failure stage.
         * @member {string} stage
         * @memberof dovetail.Failure
         * @instance
         */
        Failure.prototype.stage = "";

        /**
         * Failure message.
         * @member {string} message
         * @memberof dovetail.Failure
         * @instance
         */
        Failure.prototype.message = "";

        /**
         * Creates a new Failure instance using the specified properties.
         * @function create
         * @memberof dovetail.Failure
         * @static
         * @param {dovetail.Failure.$Properties=} [properties] Properties to set
         * @returns {dovetail.Failure} Failure instance
         * @type {{
         *   (properties: dovetail.Failure.$Shape): dovetail.Failure & dovetail.Failure.$Shape;
         *   (properties?: dovetail.Failure.$Properties): dovetail.Failure;
         * }}
         */
        Failure.create = function(properties) {
            return new Failure(properties);
        };

        /**
         * Encodes the specified Failure message. Does not implicitly {@link dovetail.Failure.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Failure
         * @static
         * @param {dovetail.Failure.$Properties} message Failure message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Failure.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.code);
            if (message.stage != null && $Object.hasOwnProperty.call(message, "stage") && message.stage !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.stage);
            if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.message);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Failure message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Failure
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Failure & dovetail.Failure.$Shape} Failure
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Failure.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Failure();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.code = value;
                        else
                            delete message.code;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.stage = value;
                        else
                            delete message.stage;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.message = value;
                        else
                            delete message.message;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Failure;
    })();

    dovetail.TraceContext = (function() {

        /**
         * Properties of a TraceContext.
         * @typedef {Object} dovetail.TraceContext.$Properties
         * @property {Uint8Array|null} [traceId] TraceContext traceId
         * @property {Uint8Array|null} [spanId] TraceContext spanId
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a TraceContext.
         * @memberof dovetail
         * @interface ITraceContext
         * @augments dovetail.TraceContext.$Properties
         * @deprecated Use dovetail.TraceContext.$Properties instead.
         */

        /**
         * Shape of a TraceContext.
         * @typedef {dovetail.TraceContext.$Properties} dovetail.TraceContext.$Shape
         */

        /**
         * Constructs a new TraceContext.
         * @memberof dovetail
         * @classdesc Represents a TraceContext.
         * @constructor
         * @param {dovetail.TraceContext.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const TraceContext = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * TraceContext traceId.
         * @member {Uint8Array} traceId
         * @memberof dovetail.TraceContext
         * @instance
         */
        TraceContext.prototype.traceId = $util.newBuffer([]);

        /**
         * TraceContext spanId.
         * @member {Uint8Array} spanId
         * @memberof dovetail.TraceContext
         * @instance
         */
        TraceContext.prototype.spanId = $util.newBuffer([]);

        /**
         * Creates a new TraceContext instance using the specified properties.
         * @function create
         * @memberof dovetail.TraceContext
         * @static
         * @param {dovetail.TraceContext.$Properties=} [properties] Properties to set
         * @returns {dovetail.TraceContext} TraceContext instance
         * @type {{
         *   (properties: dovetail.TraceContext.$Shape): dovetail.TraceContext & dovetail.TraceContext.$Shape;
         *   (properties?: dovetail.TraceContext.$Properties): dovetail.TraceContext;
         * }}
         */
        TraceContext.create = function(properties) {
            return new TraceContext(properties);
        };

        /**
         * Encodes the specified TraceContext message. Does not implicitly {@link dovetail.TraceContext.verify|verify} messages.
         * @function encode
         * @memberof dovetail.TraceContext
         * @static
         * @param {dovetail.TraceContext.$Properties} message TraceContext message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        TraceContext.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.traceId != null && $Object.hasOwnProperty.call(message, "traceId") && message.traceId.length)
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.traceId);
            if (message.spanId != null && $Object.hasOwnProperty.call(message, "spanId") && message.spanId.length)
                writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.spanId);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a TraceContext message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.TraceContext
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.TraceContext & dovetail.TraceContext.$Shape} TraceContext
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        TraceContext.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.TraceContext();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.traceId = value;
                        else
                            delete message.traceId;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.spanId = value;
                        else
                            delete message.spanId;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return TraceContext;
    })();

    dovetail.Predict = (function() {

        /**
         * Properties of a Predict.
         * @typedef {Object} dovetail.Predict.$Properties
         * @property {number|null} [id] Predict id
         * @property {string|null} [replyTo] Predict replyTo
         * @property {string|null} [requestId] Predict requestId
         * @property {string|null} [model] Predict model
         * @property {string|null} [version] Predict version
         * @property {Array.<dovetail.Tensor.$Properties>|null} [inputs] Predict inputs
         * @property {number|null} [budgetUs] Predict budgetUs
         * @property {dovetail.TraceContext.$Properties|null} [trace] Predict trace
         * @property {string|null} [traceId] Predict traceId
         * @property {Array.<number>|null} [minSeq] Predict minSeq
         * @property {Array.<number>|null} [minPartitions] Predict minPartitions
         * @property {number|null} [maxAgeMs] Predict maxAgeMs
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Predict.
         * @memberof dovetail
         * @interface IPredict
         * @augments dovetail.Predict.$Properties
         * @deprecated Use dovetail.Predict.$Properties instead.
         */

        /**
         * Shape of a Predict.
         * @typedef {dovetail.Predict.$Properties} dovetail.Predict.$Shape
         */

        /**
         * Constructs a new Predict.
         * @memberof dovetail
         * @classdesc Represents a Predict.
         * @constructor
         * @param {dovetail.Predict.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Predict = function (properties) {
            this.inputs = [];
            this.minSeq = [];
            this.minPartitions = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Predict id.
         * @member {number} id
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.id = 0;

        /**
         * Predict replyTo.
         * @member {string} replyTo
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.replyTo = "";

        /**
         * Predict requestId.
         * @member {string} requestId
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.requestId = "";

        /**
         * Predict model.
         * @member {string} model
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.model = "";

        /**
         * Predict version.
         * @member {string} version
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.version = "";

        /**
         * Predict inputs.
         * @member {Array.<dovetail.Tensor.$Properties>} inputs
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.inputs = $util.emptyArray;

        /**
         * Predict budgetUs.
         * @member {number} budgetUs
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.budgetUs = 0;

        /**
         * Predict trace.
         * @member {dovetail.TraceContext.$Properties|null|undefined} trace
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.trace = null;

        /**
         * Predict traceId.
         * @member {string} traceId
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.traceId = "";

        /**
         * Predict minSeq.
         * @member {Array.<number>} minSeq
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.minSeq = $util.emptyArray;

        /**
         * Predict minPartitions.
         * @member {Array.<number>} minPartitions
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.minPartitions = $util.emptyArray;

        /**
         * Predict maxAgeMs.
         * @member {number} maxAgeMs
         * @memberof dovetail.Predict
         * @instance
         */
        Predict.prototype.maxAgeMs = 0;

        /**
         * Creates a new Predict instance using the specified properties.
         * @function create
         * @memberof dovetail.Predict
         * @static
         * @param {dovetail.Predict.$Properties=} [properties] Properties to set
         * @returns {dovetail.Predict} Predict instance
         * @type {{
         *   (properties: dovetail.Predict.$Shape): dovetail.Predict & dovetail.Predict.$Shape;
         *   (properties?: dovetail.Predict.$Properties): dovetail.Predict;
         * }}
         */
        Predict.create = function(properties) {
            return new Predict(properties);
        };

        /**
         * Encodes the specified Predict message. Does not implicitly {@link dovetail.Predict.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Predict
         * @static
         * @param {dovetail.Predict.$Properties} message Predict message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Predict.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
            if (message.replyTo != null && $Object.hasOwnProperty.call(message, "replyTo") && message.replyTo !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.replyTo);
            if (message.requestId != null && $Object.hasOwnProperty.call(message, "requestId") && message.requestId !== "")
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.requestId);
            if (message.model != null && $Object.hasOwnProperty.call(message, "model") && message.model !== "")
                writer.uint32(/* id 4, wireType 2 =*/34).string(message.model);
            if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                writer.uint32(/* id 5, wireType 2 =*/42).string(message.version);
            if (message.inputs != null && message.inputs.length)
                for (let i = 0; i < message.inputs.length; ++i)
                    $root.dovetail.Tensor.encode(message.inputs[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
            if (message.budgetUs != null && $Object.hasOwnProperty.call(message, "budgetUs") && message.budgetUs !== 0)
                writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.budgetUs);
            if (message.trace != null && $Object.hasOwnProperty.call(message, "trace"))
                $root.dovetail.TraceContext.encode(message.trace, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
            if (message.traceId != null && $Object.hasOwnProperty.call(message, "traceId") && message.traceId !== "")
                writer.uint32(/* id 9, wireType 2 =*/74).string(message.traceId);
            if (message.minSeq != null && message.minSeq.length)
                writer.uint32(/* id 10, wireType 2 =*/82).doubles(message.minSeq);
            if (message.minPartitions != null && message.minPartitions.length)
                writer.uint32(/* id 11, wireType 2 =*/90).uint32s(message.minPartitions);
            if (message.maxAgeMs != null && $Object.hasOwnProperty.call(message, "maxAgeMs") && !$Object.is(message.maxAgeMs, 0))
                writer.uint32(/* id 12, wireType 1 =*/97).double(message.maxAgeMs);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Predict message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Predict
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Predict & dovetail.Predict.$Shape} Predict
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Predict.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Predict();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.replyTo = value;
                        else
                            delete message.replyTo;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.requestId = value;
                        else
                            delete message.requestId;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.model = value;
                        else
                            delete message.model;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.version = value;
                        else
                            delete message.version;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if (!(message.inputs && message.inputs.length))
                            message.inputs = [];
                        message.inputs.push($root.dovetail.Tensor.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 7: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.budgetUs = value;
                        else
                            delete message.budgetUs;
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        message.trace = $root.dovetail.TraceContext.decode(reader, reader.size(), $undefined, _depth + 1, message.trace);
                        continue;
                    }
                case 9: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.traceId = value;
                        else
                            delete message.traceId;
                        continue;
                    }
                case 10: {
                        if (wireType === 2) {
                            if (!(message.minSeq && message.minSeq.length))
                                message.minSeq = [];
                            reader.doubles(message.minSeq);
                            continue;
                        }
                        if (wireType !== 1)
                            break;
                        if (!(message.minSeq && message.minSeq.length))
                            message.minSeq = [];
                        message.minSeq.push(reader.double());
                        continue;
                    }
                case 11: {
                        if (wireType === 2) {
                            if (!(message.minPartitions && message.minPartitions.length))
                                message.minPartitions = [];
                            reader.uint32s(message.minPartitions);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.minPartitions && message.minPartitions.length))
                            message.minPartitions = [];
                        message.minPartitions.push(reader.uint32());
                        continue;
                    }
                case 12: {
                        if (wireType !== 1)
                            break;
                        if (!$Object.is(value = reader.double(), 0))
                            message.maxAgeMs = value;
                        else
                            delete message.maxAgeMs;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Predict;
    })();

    dovetail.PredictReply = (function() {

        /**
         * Properties of a PredictReply.
         * @typedef {Object} dovetail.PredictReply.$Properties
         * @property {number|null} [id] PredictReply id
         * @property {string|null} [requestId] PredictReply requestId
         * @property {dovetail.Failure.$Properties|null} [failure] PredictReply failure
         * @property {string|null} [model] PredictReply model
         * @property {string|null} [version] PredictReply version
         * @property {Array.<dovetail.Tensor.$Properties>|null} [outputs] PredictReply outputs
         * @property {dovetail.RowFreshness.$Properties|null} [freshness] PredictReply freshness
         * @property {dovetail.Timings.$Properties|null} [timings] PredictReply timings
         * @property {string|null} [traceId] PredictReply traceId
         * @property {number|null} [requestNumber] PredictReply requestNumber
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a PredictReply.
         * @memberof dovetail
         * @interface IPredictReply
         * @augments dovetail.PredictReply.$Properties
         * @deprecated Use dovetail.PredictReply.$Properties instead.
         */

        /**
         * Shape of a PredictReply.
         * @typedef {dovetail.PredictReply.$Properties} dovetail.PredictReply.$Shape
         */

        /**
         * Constructs a new PredictReply.
         * @memberof dovetail
         * @classdesc Represents a PredictReply.
         * @constructor
         * @param {dovetail.PredictReply.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const PredictReply = function (properties) {
            this.outputs = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * PredictReply id.
         * @member {number} id
         * @memberof dovetail.PredictReply
         * @instance
         */
        PredictReply.prototype.id = 0;

        /**
         * PredictReply requestId.
         * @member {string} requestId
         * @memberof dovetail.PredictReply
         * @instance
         */
        PredictReply.prototype.requestId = "";

        /**
         * PredictReply failure.
         * @member {dovetail.Failure.$Properties|null|undefined} failure
         * @memberof dovetail.PredictReply
         * @instance
         */
        PredictReply.prototype.failure = null;

        /**
         * PredictReply model.
         * @member {string} model
         * @memberof dovetail.PredictReply
         * @instance
         */
        PredictReply.prototype.model = "";

        /**
         * PredictReply version.
         * @member {string} version
         * @memberof dovetail.PredictReply
         * @instance
         */
        PredictReply.prototype.version = "";

        /**
         * PredictReply outputs.
         * @member {Array.<dovetail.Tensor.$Properties>} outputs
         * @memberof dovetail.PredictReply
         * @instance
         */
        PredictReply.prototype.outputs = $util.emptyArray;

        /**
         * PredictReply freshness.
         * @member {dovetail.RowFreshness.$Properties|null|undefined} freshness
         * @memberof dovetail.PredictReply
         * @instance
         */
        PredictReply.prototype.freshness = null;

        /**
         * PredictReply timings.
         * @member {dovetail.Timings.$Properties|null|undefined} timings
         * @memberof dovetail.PredictReply
         * @instance
         */
        PredictReply.prototype.timings = null;

        /**
         * PredictReply traceId.
         * @member {string} traceId
         * @memberof dovetail.PredictReply
         * @instance
         */
        PredictReply.prototype.traceId = "";

        /**
         * PredictReply requestNumber.
         * @member {number} requestNumber
         * @memberof dovetail.PredictReply
         * @instance
         */
        PredictReply.prototype.requestNumber = 0;

        /**
         * Creates a new PredictReply instance using the specified properties.
         * @function create
         * @memberof dovetail.PredictReply
         * @static
         * @param {dovetail.PredictReply.$Properties=} [properties] Properties to set
         * @returns {dovetail.PredictReply} PredictReply instance
         * @type {{
         *   (properties: dovetail.PredictReply.$Shape): dovetail.PredictReply & dovetail.PredictReply.$Shape;
         *   (properties?: dovetail.PredictReply.$Properties): dovetail.PredictReply;
         * }}
         */
        PredictReply.create = function(properties) {
            return new PredictReply(properties);
        };

        /**
         * Encodes the specified PredictReply message. Does not implicitly {@link dovetail.PredictReply.verify|verify} messages.
         * @function encode
         * @memberof dovetail.PredictReply
         * @static
         * @param {dovetail.PredictReply.$Properties} message PredictReply message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        PredictReply.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
            if (message.requestId != null && $Object.hasOwnProperty.call(message, "requestId") && message.requestId !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.requestId);
            if (message.failure != null && $Object.hasOwnProperty.call(message, "failure"))
                $root.dovetail.Failure.encode(message.failure, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
            if (message.model != null && $Object.hasOwnProperty.call(message, "model") && message.model !== "")
                writer.uint32(/* id 4, wireType 2 =*/34).string(message.model);
            if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                writer.uint32(/* id 5, wireType 2 =*/42).string(message.version);
            if (message.outputs != null && message.outputs.length)
                for (let i = 0; i < message.outputs.length; ++i)
                    $root.dovetail.Tensor.encode(message.outputs[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
            if (message.freshness != null && $Object.hasOwnProperty.call(message, "freshness"))
                $root.dovetail.RowFreshness.encode(message.freshness, writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
            if (message.timings != null && $Object.hasOwnProperty.call(message, "timings"))
                $root.dovetail.Timings.encode(message.timings, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
            if (message.traceId != null && $Object.hasOwnProperty.call(message, "traceId") && message.traceId !== "")
                writer.uint32(/* id 9, wireType 2 =*/74).string(message.traceId);
            if (message.requestNumber != null && $Object.hasOwnProperty.call(message, "requestNumber") && message.requestNumber !== 0)
                writer.uint32(/* id 10, wireType 0 =*/80).uint32(message.requestNumber);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a PredictReply message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.PredictReply
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.PredictReply & dovetail.PredictReply.$Shape} PredictReply
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        PredictReply.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.PredictReply();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.requestId = value;
                        else
                            delete message.requestId;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.failure = $root.dovetail.Failure.decode(reader, reader.size(), $undefined, _depth + 1, message.failure);
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.model = value;
                        else
                            delete message.model;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.version = value;
                        else
                            delete message.version;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if (!(message.outputs && message.outputs.length))
                            message.outputs = [];
                        message.outputs.push($root.dovetail.Tensor.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        message.freshness = $root.dovetail.RowFreshness.decode(reader, reader.size(), $undefined, _depth + 1, message.freshness);
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        message.timings = $root.dovetail.Timings.decode(reader, reader.size(), $undefined, _depth + 1, message.timings);
                        continue;
                    }
                case 9: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.traceId = value;
                        else
                            delete message.traceId;
                        continue;
                    }
                case 10: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.requestNumber = value;
                        else
                            delete message.requestNumber;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return PredictReply;
    })();

    dovetail.RowFreshness = (function() {

        /**
         * Properties of a RowFreshness.
         * @typedef {Object} dovetail.RowFreshness.$Properties
         * @property {Array.<number>|null} [appliedSeq] RowFreshness appliedSeq
         * @property {Array.<number>|null} [ageMs] RowFreshness ageMs
         * @property {Uint8Array|null} [defaulted] RowFreshness defaulted
         * @property {Array.<string>|null} [defaultedNames] RowFreshness defaultedNames
         * @property {Uint8Array|null} [expired] RowFreshness expired
         * @property {Array.<number>|null} [everywhereSeq] RowFreshness everywhereSeq
         * @property {Array.<number>|null} [asOfMs] RowFreshness asOfMs
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a RowFreshness.
         * @memberof dovetail
         * @interface IRowFreshness
         * @augments dovetail.RowFreshness.$Properties
         * @deprecated Use dovetail.RowFreshness.$Properties instead.
         */

        /**
         * Shape of a RowFreshness.
         * @typedef {dovetail.RowFreshness.$Properties} dovetail.RowFreshness.$Shape
         */

        /**
         * Constructs a new RowFreshness.
         * @memberof dovetail
         * @classdesc Represents a RowFreshness.
         * @constructor
         * @param {dovetail.RowFreshness.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const RowFreshness = function (properties) {
            this.appliedSeq = [];
            this.ageMs = [];
            this.defaultedNames = [];
            this.everywhereSeq = [];
            this.asOfMs = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * RowFreshness appliedSeq.
         * @member {Array.<number>} appliedSeq
         * @memberof dovetail.RowFreshness
         * @instance
         */
        RowFreshness.prototype.appliedSeq = $util.emptyArray;

        /**
         * RowFreshness ageMs.
         * @member {Array.<number>} ageMs
         * @memberof dovetail.RowFreshness
         * @instance
         */
        RowFreshness.prototype.ageMs = $util.emptyArray;

        /**
         * RowFreshness defaulted.
         * @member {Uint8Array} defaulted
         * @memberof dovetail.RowFreshness
         * @instance
         */
        RowFreshness.prototype.defaulted = $util.newBuffer([]);

        /**
         * RowFreshness defaultedNames.
         * @member {Array.<string>} defaultedNames
         * @memberof dovetail.RowFreshness
         * @instance
         */
        RowFreshness.prototype.defaultedNames = $util.emptyArray;

        /**
         * RowFreshness expired.
         * @member {Uint8Array} expired
         * @memberof dovetail.RowFreshness
         * @instance
         */
        RowFreshness.prototype.expired = $util.newBuffer([]);

        /**
         * RowFreshness everywhereSeq.
         * @member {Array.<number>} everywhereSeq
         * @memberof dovetail.RowFreshness
         * @instance
         */
        RowFreshness.prototype.everywhereSeq = $util.emptyArray;

        /**
         * RowFreshness asOfMs.
         * @member {Array.<number>} asOfMs
         * @memberof dovetail.RowFreshness
         * @instance
         */
        RowFreshness.prototype.asOfMs = $util.emptyArray;

        /**
         * Creates a new RowFreshness instance using the specified properties.
         * @function create
         * @memberof dovetail.RowFreshness
         * @static
         * @param {dovetail.RowFreshness.$Properties=} [properties] Properties to set
         * @returns {dovetail.RowFreshness} RowFreshness instance
         * @type {{
         *   (properties: dovetail.RowFreshness.$Shape): dovetail.RowFreshness & dovetail.RowFreshness.$Shape;
         *   (properties?: dovetail.RowFreshness.$Properties): dovetail.RowFreshness;
         * }}
         */
        RowFreshness.create = function(properties) {
            return new RowFreshness(properties);
        };

        /**
         * Encodes the specified RowFreshness message. Does not implicitly {@link dovetail.RowFreshness.verify|verify} messages.
         * @function encode
         * @memberof dovetail.RowFreshness
         * @static
         * @param {dovetail.RowFreshness.$Properties} message RowFreshness message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        RowFreshness.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.appliedSeq != null && message.appliedSeq.length)
                writer.uint32(/* id 1, wireType 2 =*/10).doubles(message.appliedSeq);
            if (message.ageMs != null && message.ageMs.length)
                writer.uint32(/* id 2, wireType 2 =*/18).doubles(message.ageMs);
            if (message.defaulted != null && $Object.hasOwnProperty.call(message, "defaulted") && message.defaulted.length)
                writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.defaulted);
            if (message.defaultedNames != null && message.defaultedNames.length)
                for (let i = 0; i < message.defaultedNames.length; ++i)
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.defaultedNames[i]);
            if (message.expired != null && $Object.hasOwnProperty.call(message, "expired") && message.expired.length)
                writer.uint32(/* id 5, wireType 2 =*/42).bytes(message.expired);
            if (message.everywhereSeq != null && message.everywhereSeq.length)
                writer.uint32(/* id 6, wireType 2 =*/50).doubles(message.everywhereSeq);
            if (message.asOfMs != null && message.asOfMs.length)
                writer.uint32(/* id 7, wireType 2 =*/58).doubles(message.asOfMs);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a RowFreshness message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.RowFreshness
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.RowFreshness & dovetail.RowFreshness.$Shape} RowFreshness
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        RowFreshness.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.RowFreshness();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType === 2) {
                            if (!(message.appliedSeq && message.appliedSeq.length))
                                message.appliedSeq = [];
                            reader.doubles(message.appliedSeq);
                            continue;
                        }
                        if (wireType !== 1)
                            break;
                        if (!(message.appliedSeq && message.appliedSeq.length))
                            message.appliedSeq = [];
                        message.appliedSeq.push(reader.double());
                        continue;
                    }
                case 2: {
                        if (wireType === 2) {
                            if (!(message.ageMs && message.ageMs.length))
                                message.ageMs = [];
                            reader.doubles(message.ageMs);
                            continue;
                        }
                        if (wireType !== 1)
                            break;
                        if (!(message.ageMs && message.ageMs.length))
                            message.ageMs = [];
                        message.ageMs.push(reader.double());
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.defaulted = value;
                        else
                            delete message.defaulted;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if (!(message.defaultedNames && message.defaultedNames.length))
                            message.defaultedNames = [];
                        message.defaultedNames.push(reader.stringVerify());
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.expired = value;
                        else
                            delete message.expired;
                        continue;
                    }
                case 6: {
                        if (wireType === 2) {
                            if (!(message.everywhereSeq && message.everywhereSeq.length))
                                message.everywhereSeq = [];
                            reader.doubles(message.everywhereSeq);
                            continue;
                        }
                        if (wireType !== 1)
                            break;
                        if (!(message.everywhereSeq && message.everywhereSeq.length))
                            message.everywhereSeq = [];
                        message.everywhereSeq.push(reader.double());
                        continue;
                    }
                case 7: {
                        if (wireType === 2) {
                            if (!(message.asOfMs && message.asOfMs.length))
                                message.asOfMs = [];
                            reader.doubles(message.asOfMs);
                            continue;
                        }
                        if (wireType !== 1)
                            break;
                        if (!(message.asOfMs && message.asOfMs.length))
                            message.asOfMs = [];
                        message.asOfMs.push(reader.double());
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return RowFreshness;
    })();

    dovetail.Timings = (function() {

        /**
         * Properties of a Timings.
         * @typedef {Object} dovetail.Timings.$Properties
         * @property {number|null} [totalUs] Timings totalUs
         * @property {number|null} [shardUs] Timings shardUs
         * @property {number|null} [queueUs] Timings queueUs
         * @property {number|null} [runUs] Timings runUs
         * @property {number|null} [batchRows] Timings batchRows
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Timings.
         * @memberof dovetail
         * @interface ITimings
         * @augments dovetail.Timings.$Properties
         * @deprecated Use dovetail.Timings.$Properties instead.
         */

        /**
         * Shape of a Timings.
         * @typedef {dovetail.Timings.$Properties} dovetail.Timings.$Shape
         */

        /**
         * Constructs a new Timings.
         * @memberof dovetail
         * @classdesc Represents a Timings.
         * @constructor
         * @param {dovetail.Timings.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Timings = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Timings totalUs.
         * @member {number} totalUs
         * @memberof dovetail.Timings
         * @instance
         */
        Timings.prototype.totalUs = 0;

        /**
         * Timings shardUs.
         * @member {number} shardUs
         * @memberof dovetail.Timings
         * @instance
         */
        Timings.prototype.shardUs = 0;

        /**
         * Timings queueUs.
         * @member {number} queueUs
         * @memberof dovetail.Timings
         * @instance
         */
        Timings.prototype.queueUs = 0;

        /**
         * Timings runUs.
         * @member {number} runUs
         * @memberof dovetail.Timings
         * @instance
         */
        Timings.prototype.runUs = 0;

        /**
         * Timings batchRows.
         * @member {number} batchRows
         * @memberof dovetail.Timings
         * @instance
         */
        Timings.prototype.batchRows = 0;

        /**
         * Creates a new Timings instance using the specified properties.
         * @function create
         * @memberof dovetail.Timings
         * @static
         * @param {dovetail.Timings.$Properties=} [properties] Properties to set
         * @returns {dovetail.Timings} Timings instance
         * @type {{
         *   (properties: dovetail.Timings.$Shape): dovetail.Timings & dovetail.Timings.$Shape;
         *   (properties?: dovetail.Timings.$Properties): dovetail.Timings;
         * }}
         */
        Timings.create = function(properties) {
            return new Timings(properties);
        };

        /**
         * Encodes the specified Timings message. Does not implicitly {@link dovetail.Timings.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Timings
         * @static
         * @param {dovetail.Timings.$Properties} message Timings message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Timings.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.totalUs != null && $Object.hasOwnProperty.call(message, "totalUs") && message.totalUs !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.totalUs);
            if (message.shardUs != null && $Object.hasOwnProperty.call(message, "shardUs") && message.shardUs !== 0)
                writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.shardUs);
            if (message.queueUs != null && $Object.hasOwnProperty.call(message, "queueUs") && message.queueUs !== 0)
                writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.queueUs);
            if (message.runUs != null && $Object.hasOwnProperty.call(message, "runUs") && message.runUs !== 0)
                writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.runUs);
            if (message.batchRows != null && $Object.hasOwnProperty.call(message, "batchRows") && message.batchRows !== 0)
                writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.batchRows);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Timings message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Timings
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Timings & dovetail.Timings.$Shape} Timings
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Timings.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Timings();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.totalUs = value;
                        else
                            delete message.totalUs;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.shardUs = value;
                        else
                            delete message.shardUs;
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.queueUs = value;
                        else
                            delete message.queueUs;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.runUs = value;
                        else
                            delete message.runUs;
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.batchRows = value;
                        else
                            delete message.batchRows;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Timings;
    })();

    dovetail.Enrich = (function() {

        /**
         * Properties of an Enrich.
         * @typedef {Object} dovetail.Enrich.$Properties
         * @property {number|null} [id] Enrich id
         * @property {string|null} [replyTo] Enrich replyTo
         * @property {string|null} [model] Enrich model
         * @property {number|null} [budgetUs] Enrich budgetUs
         * @property {number|null} [epoch] Enrich epoch
         * @property {Array.<Uint8Array>|null} [keys] Enrich keys
         * @property {Array.<number>|null} [partitions] Enrich partitions
         * @property {Array.<Uint8Array>|null} [inputs] Enrich inputs
         * @property {string|null} [worker] Enrich worker
         * @property {dovetail.TraceContext.$Properties|null} [trace] Enrich trace
         * @property {Array.<number>|null} [dims] Enrich dims
         * @property {Array.<number>|null} [minSeq] Enrich minSeq
         * @property {Array.<number>|null} [minPartitions] Enrich minPartitions
         * @property {number|null} [maxAgeMs] Enrich maxAgeMs
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of an Enrich.
         * @memberof dovetail
         * @interface IEnrich
         * @augments dovetail.Enrich.$Properties
         * @deprecated Use dovetail.Enrich.$Properties instead.
         */

        /**
         * Shape of an Enrich.
         * @typedef {dovetail.Enrich.$Properties} dovetail.Enrich.$Shape
         */

        /**
         * Constructs a new Enrich.
         * @memberof dovetail
         * @classdesc Represents an Enrich.
         * @constructor
         * @param {dovetail.Enrich.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Enrich = function (properties) {
            this.keys = [];
            this.partitions = [];
            this.inputs = [];
            this.dims = [];
            this.minSeq = [];
            this.minPartitions = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Enrich id.
         * @member {number} id
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.id = 0;

        /**
         * Enrich replyTo.
         * @member {string} replyTo
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.replyTo = "";

        /**
         * Enrich model.
         * @member {string} model
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.model = "";

        /**
         * Enrich budgetUs.
         * @member {number} budgetUs
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.budgetUs = 0;

        /**
         * Enrich epoch.
         * @member {number} epoch
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.epoch = 0;

        /**
         * Enrich keys.
         * @member {Array.<Uint8Array>} keys
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.keys = $util.emptyArray;

        /**
         * Enrich partitions.
         * @member {Array.<number>} partitions
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.partitions = $util.emptyArray;

        /**
         * Enrich inputs.
         * @member {Array.<Uint8Array>} inputs
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.inputs = $util.emptyArray;

        /**
         * Enrich worker.
         * @member {string} worker
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.worker = "";

        /**
         * Enrich trace.
         * @member {dovetail.TraceContext.$Properties|null|undefined} trace
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.trace = null;

        /**
         * Enrich dims.
         * @member {Array.<number>} dims
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.dims = $util.emptyArray;

        /**
         * Enrich minSeq.
         * @member {Array.<number>} minSeq
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.minSeq = $util.emptyArray;

        /**
         * Enrich minPartitions.
         * @member {Array.<number>} minPartitions
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.minPartitions = $util.emptyArray;

        /**
         * Enrich maxAgeMs.
         * @member {number} maxAgeMs
         * @memberof dovetail.Enrich
         * @instance
         */
        Enrich.prototype.maxAgeMs = 0;

        /**
         * Creates a new Enrich instance using the specified properties.
         * @function create
         * @memberof dovetail.Enrich
         * @static
         * @param {dovetail.Enrich.$Properties=} [properties] Properties to set
         * @returns {dovetail.Enrich} Enrich instance
         * @type {{
         *   (properties: dovetail.Enrich.$Shape): dovetail.Enrich & dovetail.Enrich.$Shape;
         *   (properties?: dovetail.Enrich.$Properties): dovetail.Enrich;
         * }}
         */
        Enrich.create = function(properties) {
            return new Enrich(properties);
        };

        /**
         * Encodes the specified Enrich message. Does not implicitly {@link dovetail.Enrich.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Enrich
         * @static
         * @param {dovetail.Enrich.$Properties} message Enrich message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Enrich.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
            if (message.replyTo != null && $Object.hasOwnProperty.call(message, "replyTo") && message.replyTo !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.replyTo);
            if (message.model != null && $Object.hasOwnProperty.call(message, "model") && message.model !== "")
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.model);
            if (message.budgetUs != null && $Object.hasOwnProperty.call(message, "budgetUs") && message.budgetUs !== 0)
                writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.budgetUs);
            if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.epoch);
            if (message.keys != null && message.keys.length)
                for (let i = 0; i < message.keys.length; ++i)
                    writer.uint32(/* id 6, wireType 2 =*/50).bytes(message.keys[i]);
            if (message.partitions != null && message.partitions.length)
                writer.uint32(/* id 7, wireType 2 =*/58).uint32s(message.partitions);
            if (message.inputs != null && message.inputs.length)
                for (let i = 0; i < message.inputs.length; ++i)
                    writer.uint32(/* id 8, wireType 2 =*/66).bytes(message.inputs[i]);
            if (message.worker != null && $Object.hasOwnProperty.call(message, "worker") && message.worker !== "")
                writer.uint32(/* id 9, wireType 2 =*/74).string(message.worker);
            if (message.trace != null && $Object.hasOwnProperty.call(message, "trace"))
                $root.dovetail.TraceContext.encode(message.trace, writer.uint32(/* id 10, wireType 2 =*/82).fork(), _depth + 1).ldelim();
            if (message.dims != null && message.dims.length)
                writer.uint32(/* id 11, wireType 2 =*/90).uint32s(message.dims);
            if (message.minSeq != null && message.minSeq.length)
                writer.uint32(/* id 12, wireType 2 =*/98).doubles(message.minSeq);
            if (message.minPartitions != null && message.minPartitions.length)
                writer.uint32(/* id 13, wireType 2 =*/106).uint32s(message.minPartitions);
            if (message.maxAgeMs != null && $Object.hasOwnProperty.call(message, "maxAgeMs") && !$Object.is(message.maxAgeMs, 0))
                writer.uint32(/* id 14, wireType 1 =*/113).double(message.maxAgeMs);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes an Enrich message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Enrich
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Enrich & dovetail.Enrich.$Shape} Enrich
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Enrich.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Enrich();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.replyTo = value;
                        else
                            delete message.replyTo;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.model = value;
                        else
                            delete message.model;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.budgetUs = value;
                        else
                            delete message.budgetUs;
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.epoch = value;
                        else
                            delete message.epoch;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if (!(message.keys && message.keys.length))
                            message.keys = [];
                        message.keys.push(reader.bytes());
                        continue;
                    }
                case 7: {
                        if (wireType === 2) {
                            if (!(message.partitions && message.partitions.length))
                                message.partitions = [];
                            reader.uint32s(message.partitions);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.partitions && message.partitions.length))
                            message.partitions = [];
                        message.partitions.push(reader.uint32());
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        if (!(message.inputs && message.inputs.length))
                            message.inputs = [];
                        message.inputs.push(reader.bytes());
                        continue;
                    }
                case 9: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.worker = value;
                        else
                            delete message.worker;
                        continue;
                    }
                case 10: {
                        if (wireType !== 2)
                            break;
                        message.trace = $root.dovetail.TraceContext.decode(reader, reader.size(), $undefined, _depth + 1, message.trace);
                        continue;
                    }
                case 11: {
                        if (wireType === 2) {
                            if (!(message.dims && message.dims.length))
                                message.dims = [];
                            reader.uint32s(message.dims);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.dims && message.dims.length))
                            message.dims = [];
                        message.dims.push(reader.uint32());
                        continue;
                    }
                case 12: {
                        if (wireType === 2) {
                            if (!(message.minSeq && message.minSeq.length))
                                message.minSeq = [];
                            reader.doubles(message.minSeq);
                            continue;
                        }
                        if (wireType !== 1)
                            break;
                        if (!(message.minSeq && message.minSeq.length))
                            message.minSeq = [];
                        message.minSeq.push(reader.double());
                        continue;
                    }
                case 13: {
                        if (wireType === 2) {
                            if (!(message.minPartitions && message.minPartitions.length))
                                message.minPartitions = [];
                            reader.uint32s(message.minPartitions);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.minPartitions && message.minPartitions.length))
                            message.minPartitions = [];
                        message.minPartitions.push(reader.uint32());
                        continue;
                    }
                case 14: {
                        if (wireType !== 1)
                            break;
                        if (!$Object.is(value = reader.double(), 0))
                            message.maxAgeMs = value;
                        else
                            delete message.maxAgeMs;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Enrich;
    })();

    dovetail.Compute = (function() {

        /**
         * Properties of a Compute.
         * @typedef {Object} dovetail.Compute.$Properties
         * @property {number|null} [id] Compute id
         * @property {string|null} [replyTo] Compute replyTo
         * @property {string|null} [model] Compute model
         * @property {number|null} [budgetUs] Compute budgetUs
         * @property {number|null} [rows] Compute rows
         * @property {Array.<Uint8Array>|null} [inputs] Compute inputs
         * @property {dovetail.TraceContext.$Properties|null} [trace] Compute trace
         * @property {Array.<number>|null} [dims] Compute dims
         * @property {dovetail.RowFreshness.$Properties|null} [freshness] Compute freshness
         * @property {number|null} [shardUs] Compute shardUs
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Compute.
         * @memberof dovetail
         * @interface ICompute
         * @augments dovetail.Compute.$Properties
         * @deprecated Use dovetail.Compute.$Properties instead.
         */

        /**
         * Shape of a Compute.
         * @typedef {dovetail.Compute.$Properties} dovetail.Compute.$Shape
         */

        /**
         * Constructs a new Compute.
         * @memberof dovetail
         * @classdesc Represents a Compute.
         * @constructor
         * @param {dovetail.Compute.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Compute = function (properties) {
            this.inputs = [];
            this.dims = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Compute id.
         * @member {number} id
         * @memberof dovetail.Compute
         * @instance
         */
        Compute.prototype.id = 0;

        /**
         * Compute replyTo.
         * @member {string} replyTo
         * @memberof dovetail.Compute
         * @instance
         */
        Compute.prototype.replyTo = "";

        /**
         * Compute model.
         * @member {string} model
         * @memberof dovetail.Compute
         * @instance
         */
        Compute.prototype.model = "";

        /**
         * Compute budgetUs.
         * @member {number} budgetUs
         * @memberof dovetail.Compute
         * @instance
         */
        Compute.prototype.budgetUs = 0;

        /**
         * Compute rows.
         * @member {number} rows
         * @memberof dovetail.Compute
         * @instance
         */
        Compute.prototype.rows = 0;

        /**
         * Compute inputs.
         * @member {Array.<Uint8Array>} inputs
         * @memberof dovetail.Compute
         * @instance
         */
        Compute.prototype.inputs = $util.emptyArray;

        /**
         * Compute trace.
         * @member {dovetail.TraceContext.$Properties|null|undefined} trace
         * @memberof dovetail.Compute
         * @instance
         */
        Compute.prototype.trace = null;

        /**
         * Compute dims.
         * @member {Array.<number>} dims
         * @memberof dovetail.Compute
         * @instance
         */
        Compute.prototype.dims = $util.emptyArray;

        /**
         * Compute freshness.
         * @member {dovetail.RowFreshness.$Properties|null|undefined} freshness
         * @memberof dovetail.Compute
         * @instance
         */
        Compute.prototype.freshness = null;

        /**
         * Compute shardUs.
         * @member {number} shardUs
         * @memberof dovetail.Compute
         * @instance
         */
        Compute.prototype.shardUs = 0;

        /**
         * Creates a new Compute instance using the specified properties.
         * @function create
         * @memberof dovetail.Compute
         * @static
         * @param {dovetail.Compute.$Properties=} [properties] Properties to set
         * @returns {dovetail.Compute} Compute instance
         * @type {{
         *   (properties: dovetail.Compute.$Shape): dovetail.Compute & dovetail.Compute.$Shape;
         *   (properties?: dovetail.Compute.$Properties): dovetail.Compute;
         * }}
         */
        Compute.create = function(properties) {
            return new Compute(properties);
        };

        /**
         * Encodes the specified Compute message. Does not implicitly {@link dovetail.Compute.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Compute
         * @static
         * @param {dovetail.Compute.$Properties} message Compute message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Compute.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
            if (message.replyTo != null && $Object.hasOwnProperty.call(message, "replyTo") && message.replyTo !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.replyTo);
            if (message.model != null && $Object.hasOwnProperty.call(message, "model") && message.model !== "")
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.model);
            if (message.budgetUs != null && $Object.hasOwnProperty.call(message, "budgetUs") && message.budgetUs !== 0)
                writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.budgetUs);
            if (message.rows != null && $Object.hasOwnProperty.call(message, "rows") && message.rows !== 0)
                writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.rows);
            if (message.inputs != null && message.inputs.length)
                for (let i = 0; i < message.inputs.length; ++i)
                    writer.uint32(/* id 6, wireType 2 =*/50).bytes(message.inputs[i]);
            if (message.trace != null && $Object.hasOwnProperty.call(message, "trace"))
                $root.dovetail.TraceContext.encode(message.trace, writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
            if (message.dims != null && message.dims.length)
                writer.uint32(/* id 8, wireType 2 =*/66).uint32s(message.dims);
            if (message.freshness != null && $Object.hasOwnProperty.call(message, "freshness"))
                $root.dovetail.RowFreshness.encode(message.freshness, writer.uint32(/* id 9, wireType 2 =*/74).fork(), _depth + 1).ldelim();
            if (message.shardUs != null && $Object.hasOwnProperty.call(message, "shardUs") && message.shardUs !== 0)
                writer.uint32(/* id 10, wireType 0 =*/80).uint32(message.shardUs);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Compute message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Compute
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Compute & dovetail.Compute.$Shape} Compute
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Compute.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Compute();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.replyTo = value;
                        else
                            delete message.replyTo;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.model = value;
                        else
                            delete message.model;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.budgetUs = value;
                        else
                            delete message.budgetUs;
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.rows = value;
                        else
                            delete message.rows;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if (!(message.inputs && message.inputs.length))
                            message.inputs = [];
                        message.inputs.push(reader.bytes());
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        message.trace = $root.dovetail.TraceContext.decode(reader, reader.size(), $undefined, _depth + 1, message.trace);
                        continue;
                    }
                case 8: {
                        if (wireType === 2) {
                            if (!(message.dims && message.dims.length))
                                message.dims = [];
                            reader.uint32s(message.dims);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.dims && message.dims.length))
                            message.dims = [];
                        message.dims.push(reader.uint32());
                        continue;
                    }
                case 9: {
                        if (wireType !== 2)
                            break;
                        message.freshness = $root.dovetail.RowFreshness.decode(reader, reader.size(), $undefined, _depth + 1, message.freshness);
                        continue;
                    }
                case 10: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.shardUs = value;
                        else
                            delete message.shardUs;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Compute;
    })();

    dovetail.Answer = (function() {

        /**
         * Properties of an Answer.
         * @typedef {Object} dovetail.Answer.$Properties
         * @property {number|null} [id] Answer id
         * @property {dovetail.Failure.$Properties|null} [failure] Answer failure
         * @property {Array.<Uint8Array>|null} [outputs] Answer outputs
         * @property {Array.<number>|null} [dims] Answer dims
         * @property {dovetail.RowFreshness.$Properties|null} [freshness] Answer freshness
         * @property {number|null} [shardUs] Answer shardUs
         * @property {number|null} [queueUs] Answer queueUs
         * @property {number|null} [runUs] Answer runUs
         * @property {number|null} [batchRows] Answer batchRows
         * @property {number|null} [backlogUs] Answer backlogUs
         * @property {number|null} [epoch] Answer epoch
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of an Answer.
         * @memberof dovetail
         * @interface IAnswer
         * @augments dovetail.Answer.$Properties
         * @deprecated Use dovetail.Answer.$Properties instead.
         */

        /**
         * Shape of an Answer.
         * @typedef {dovetail.Answer.$Properties} dovetail.Answer.$Shape
         */

        /**
         * Constructs a new Answer.
         * @memberof dovetail
         * @classdesc Represents an Answer.
         * @constructor
         * @param {dovetail.Answer.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Answer = function (properties) {
            this.outputs = [];
            this.dims = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Answer id.
         * @member {number} id
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.id = 0;

        /**
         * Answer failure.
         * @member {dovetail.Failure.$Properties|null|undefined} failure
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.failure = null;

        /**
         * Answer outputs.
         * @member {Array.<Uint8Array>} outputs
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.outputs = $util.emptyArray;

        /**
         * Answer dims.
         * @member {Array.<number>} dims
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.dims = $util.emptyArray;

        /**
         * Answer freshness.
         * @member {dovetail.RowFreshness.$Properties|null|undefined} freshness
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.freshness = null;

        /**
         * Answer shardUs.
         * @member {number} shardUs
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.shardUs = 0;

        /**
         * Answer queueUs.
         * @member {number} queueUs
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.queueUs = 0;

        /**
         * Answer runUs.
         * @member {number} runUs
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.runUs = 0;

        /**
         * Answer batchRows.
         * @member {number} batchRows
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.batchRows = 0;

        /**
         * Answer backlogUs.
         * @member {number} backlogUs
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.backlogUs = 0;

        /**
         * Answer epoch.
         * @member {number} epoch
         * @memberof dovetail.Answer
         * @instance
         */
        Answer.prototype.epoch = 0;

        /**
         * Creates a new Answer instance using the specified properties.
         * @function create
         * @memberof dovetail.Answer
         * @static
         * @param {dovetail.Answer.$Properties=} [properties] Properties to set
         * @returns {dovetail.Answer} Answer instance
         * @type {{
         *   (properties: dovetail.Answer.$Shape): dovetail.Answer & dovetail.Answer.$Shape;
         *   (properties?: dovetail.Answer.$Properties): dovetail.Answer;
         * }}
         */
        Answer.create = function(properties) {
            return new Answer(properties);
        };

        /**
         * Encodes the specified Answer message. Does not implicitly {@link dovetail.Answer.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Answer
         * @static
         * @param {dovetail.Answer.$Properties} message Answer message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Answer.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
            if (message.failure != null && $Object.hasOwnProperty.call(message, "failure"))
                $root.dovetail.Failure.encode(message.failure, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
            if (message.outputs != null && message.outputs.length)
                for (let i = 0; i < message.outputs.length; ++i)
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.outputs[i]);
            if (message.dims != null && message.dims.length)
                writer.uint32(/* id 4, wireType 2 =*/34).uint32s(message.dims);
            if (message.freshness != null && $Object.hasOwnProperty.call(message, "freshness"))
                $root.dovetail.RowFreshness.encode(message.freshness, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
            if (message.shardUs != null && $Object.hasOwnProperty.call(message, "shardUs") && message.shardUs !== 0)
                writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.shardUs);
            if (message.queueUs != null && $Object.hasOwnProperty.call(message, "queueUs") && message.queueUs !== 0)
                writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.queueUs);
            if (message.runUs != null && $Object.hasOwnProperty.call(message, "runUs") && message.runUs !== 0)
                writer.uint32(/* id 8, wireType 0 =*/64).uint32(message.runUs);
            if (message.batchRows != null && $Object.hasOwnProperty.call(message, "batchRows") && message.batchRows !== 0)
                writer.uint32(/* id 9, wireType 0 =*/72).uint32(message.batchRows);
            if (message.backlogUs != null && $Object.hasOwnProperty.call(message, "backlogUs") && message.backlogUs !== 0)
                writer.uint32(/* id 10, wireType 0 =*/80).uint32(message.backlogUs);
            if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                writer.uint32(/* id 11, wireType 0 =*/88).uint32(message.epoch);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes an Answer message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Answer
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Answer & dovetail.Answer.$Shape} Answer
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Answer.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Answer();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.failure = $root.dovetail.Failure.decode(reader, reader.size(), $undefined, _depth + 1, message.failure);
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if (!(message.outputs && message.outputs.length))
                            message.outputs = [];
                        message.outputs.push(reader.bytes());
                        continue;
                    }
                case 4: {
                        if (wireType === 2) {
                            if (!(message.dims && message.dims.length))
                                message.dims = [];
                            reader.uint32s(message.dims);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.dims && message.dims.length))
                            message.dims = [];
                        message.dims.push(reader.uint32());
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        message.freshness = $root.dovetail.RowFreshness.decode(reader, reader.size(), $undefined, _depth + 1, message.freshness);
                        continue;
                    }
                case 6: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.shardUs = value;
                        else
                            delete message.shardUs;
                        continue;
                    }
                case 7: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.queueUs = value;
                        else
                            delete message.queueUs;
                        continue;
                    }
                case 8: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.runUs = value;
                        else
                            delete message.runUs;
                        continue;
                    }
                case 9: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.batchRows = value;
                        else
                            delete message.batchRows;
                        continue;
                    }
                case 10: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.backlogUs = value;
                        else
                            delete message.backlogUs;
                        continue;
                    }
                case 11: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.epoch = value;
                        else
                            delete message.epoch;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Answer;
    })();

    dovetail.ReadFeatures = (function() {

        /**
         * Properties of a ReadFeatures.
         * @typedef {Object} dovetail.ReadFeatures.$Properties
         * @property {number|null} [id] ReadFeatures id
         * @property {string|null} [replyTo] ReadFeatures replyTo
         * @property {string|null} [view] ReadFeatures view
         * @property {Array.<Uint8Array>|null} [keys] ReadFeatures keys
         * @property {Array.<number>|null} [partitions] ReadFeatures partitions
         * @property {number|null} [epoch] ReadFeatures epoch
         * @property {number|null} [budgetUs] ReadFeatures budgetUs
         * @property {dovetail.TraceContext.$Properties|null} [trace] ReadFeatures trace
         * @property {Array.<number>|null} [minSeq] ReadFeatures minSeq
         * @property {Array.<number>|null} [minPartitions] ReadFeatures minPartitions
         * @property {number|null} [maxAgeMs] ReadFeatures maxAgeMs
         * @property {number|null} [schemaHash] ReadFeatures schemaHash
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ReadFeatures.
         * @memberof dovetail
         * @interface IReadFeatures
         * @augments dovetail.ReadFeatures.$Properties
         * @deprecated Use dovetail.ReadFeatures.$Properties instead.
         */

        /**
         * Shape of a ReadFeatures.
         * @typedef {dovetail.ReadFeatures.$Properties} dovetail.ReadFeatures.$Shape
         */

        /**
         * Constructs a new ReadFeatures.
         * @memberof dovetail
         * @classdesc Represents a ReadFeatures.
         * @constructor
         * @param {dovetail.ReadFeatures.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ReadFeatures = function (properties) {
            this.keys = [];
            this.partitions = [];
            this.minSeq = [];
            this.minPartitions = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ReadFeatures id.
         * @member {number} id
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.id = 0;

        /**
         * ReadFeatures replyTo.
         * @member {string} replyTo
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.replyTo = "";

        /**
         * ReadFeatures view.
         * @member {string} view
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.view = "";

        /**
         * ReadFeatures keys.
         * @member {Array.<Uint8Array>} keys
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.keys = $util.emptyArray;

        /**
         * ReadFeatures partitions.
         * @member {Array.<number>} partitions
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.partitions = $util.emptyArray;

        /**
         * ReadFeatures epoch.
         * @member {number} epoch
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.epoch = 0;

        /**
         * ReadFeatures budgetUs.
         * @member {number} budgetUs
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.budgetUs = 0;

        /**
         * ReadFeatures trace.
         * @member {dovetail.TraceContext.$Properties|null|undefined} trace
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.trace = null;

        /**
         * ReadFeatures minSeq.
         * @member {Array.<number>} minSeq
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.minSeq = $util.emptyArray;

        /**
         * ReadFeatures minPartitions.
         * @member {Array.<number>} minPartitions
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.minPartitions = $util.emptyArray;

        /**
         * ReadFeatures maxAgeMs.
         * @member {number} maxAgeMs
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.maxAgeMs = 0;

        /**
         * ReadFeatures schemaHash.
         * @member {number} schemaHash
         * @memberof dovetail.ReadFeatures
         * @instance
         */
        ReadFeatures.prototype.schemaHash = 0;

        /**
         * Creates a new ReadFeatures instance using the specified properties.
         * @function create
         * @memberof dovetail.ReadFeatures
         * @static
         * @param {dovetail.ReadFeatures.$Properties=} [properties] Properties to set
         * @returns {dovetail.ReadFeatures} ReadFeatures instance
         * @type {{
         *   (properties: dovetail.ReadFeatures.$Shape): dovetail.ReadFeatures & dovetail.ReadFeatures.$Shape;
         *   (properties?: dovetail.ReadFeatures.$Properties): dovetail.ReadFeatures;
         * }}
         */
        ReadFeatures.create = function(properties) {
            return new ReadFeatures(properties);
        };

        /**
         * Encodes the specified ReadFeatures message. Does not implicitly {@link dovetail.ReadFeatures.verify|verify} messages.
         * @function encode
         * @memberof dovetail.ReadFeatures
         * @static
         * @param {dovetail.ReadFeatures.$Properties} message ReadFeatures message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ReadFeatures.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
            if (message.replyTo != null && $Object.hasOwnProperty.call(message, "replyTo") && message.replyTo !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.replyTo);
            if (message.view != null && $Object.hasOwnProperty.call(message, "view") && message.view !== "")
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.view);
            if (message.keys != null && message.keys.length)
                for (let i = 0; i < message.keys.length; ++i)
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.keys[i]);
            if (message.partitions != null && message.partitions.length)
                writer.uint32(/* id 5, wireType 2 =*/42).uint32s(message.partitions);
            if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.epoch);
            if (message.budgetUs != null && $Object.hasOwnProperty.call(message, "budgetUs") && message.budgetUs !== 0)
                writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.budgetUs);
            if (message.trace != null && $Object.hasOwnProperty.call(message, "trace"))
                $root.dovetail.TraceContext.encode(message.trace, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
            if (message.minSeq != null && message.minSeq.length)
                writer.uint32(/* id 9, wireType 2 =*/74).doubles(message.minSeq);
            if (message.minPartitions != null && message.minPartitions.length)
                writer.uint32(/* id 10, wireType 2 =*/82).uint32s(message.minPartitions);
            if (message.maxAgeMs != null && $Object.hasOwnProperty.call(message, "maxAgeMs") && !$Object.is(message.maxAgeMs, 0))
                writer.uint32(/* id 11, wireType 1 =*/89).double(message.maxAgeMs);
            if (message.schemaHash != null && $Object.hasOwnProperty.call(message, "schemaHash") && message.schemaHash !== 0)
                writer.uint32(/* id 12, wireType 0 =*/96).uint32(message.schemaHash);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ReadFeatures message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.ReadFeatures
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.ReadFeatures & dovetail.ReadFeatures.$Shape} ReadFeatures
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ReadFeatures.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.ReadFeatures();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.replyTo = value;
                        else
                            delete message.replyTo;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.view = value;
                        else
                            delete message.view;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if (!(message.keys && message.keys.length))
                            message.keys = [];
                        message.keys.push(reader.bytes());
                        continue;
                    }
                case 5: {
                        if (wireType === 2) {
                            if (!(message.partitions && message.partitions.length))
                                message.partitions = [];
                            reader.uint32s(message.partitions);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.partitions && message.partitions.length))
                            message.partitions = [];
                        message.partitions.push(reader.uint32());
                        continue;
                    }
                case 6: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.epoch = value;
                        else
                            delete message.epoch;
                        continue;
                    }
                case 7: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.budgetUs = value;
                        else
                            delete message.budgetUs;
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        message.trace = $root.dovetail.TraceContext.decode(reader, reader.size(), $undefined, _depth + 1, message.trace);
                        continue;
                    }
                case 9: {
                        if (wireType === 2) {
                            if (!(message.minSeq && message.minSeq.length))
                                message.minSeq = [];
                            reader.doubles(message.minSeq);
                            continue;
                        }
                        if (wireType !== 1)
                            break;
                        if (!(message.minSeq && message.minSeq.length))
                            message.minSeq = [];
                        message.minSeq.push(reader.double());
                        continue;
                    }
                case 10: {
                        if (wireType === 2) {
                            if (!(message.minPartitions && message.minPartitions.length))
                                message.minPartitions = [];
                            reader.uint32s(message.minPartitions);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.minPartitions && message.minPartitions.length))
                            message.minPartitions = [];
                        message.minPartitions.push(reader.uint32());
                        continue;
                    }
                case 11: {
                        if (wireType !== 1)
                            break;
                        if (!$Object.is(value = reader.double(), 0))
                            message.maxAgeMs = value;
                        else
                            delete message.maxAgeMs;
                        continue;
                    }
                case 12: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.schemaHash = value;
                        else
                            delete message.schemaHash;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return ReadFeatures;
    })();

    dovetail.ReadFeaturesReply = (function() {

        /**
         * Properties of a ReadFeaturesReply.
         * @typedef {Object} dovetail.ReadFeaturesReply.$Properties
         * @property {number|null} [id] ReadFeaturesReply id
         * @property {dovetail.Failure.$Properties|null} [failure] ReadFeaturesReply failure
         * @property {Array.<Uint8Array>|null} [records] ReadFeaturesReply records
         * @property {Array.<number>|null} [appliedSeq] ReadFeaturesReply appliedSeq
         * @property {number|null} [epoch] ReadFeaturesReply epoch
         * @property {Uint8Array|null} [statuses] ReadFeaturesReply statuses
         * @property {Array.<number>|null} [eventMs] ReadFeaturesReply eventMs
         * @property {number|null} [asOfMs] ReadFeaturesReply asOfMs
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ReadFeaturesReply.
         * @memberof dovetail
         * @interface IReadFeaturesReply
         * @augments dovetail.ReadFeaturesReply.$Properties
         * @deprecated Use dovetail.ReadFeaturesReply.$Properties instead.
         */

        /**
         * Shape of a ReadFeaturesReply.
         * @typedef {dovetail.ReadFeaturesReply.$Properties} dovetail.ReadFeaturesReply.$Shape
         */

        /**
         * Constructs a new ReadFeaturesReply.
         * @memberof dovetail
         * @classdesc Represents a ReadFeaturesReply.
         * @constructor
         * @param {dovetail.ReadFeaturesReply.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ReadFeaturesReply = function (properties) {
            this.records = [];
            this.appliedSeq = [];
            this.eventMs = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ReadFeaturesReply id.
         * @member {number} id
         * @memberof dovetail.ReadFeaturesReply
         * @instance
         */
        ReadFeaturesReply.prototype.id = 0;

        /**
         * ReadFeaturesReply failure.
         * @member {dovetail.Failure.$Properties|null|undefined} failure
         * @memberof dovetail.ReadFeaturesReply
         * @instance
         */
        ReadFeaturesReply.prototype.failure = null;

        /**
         * ReadFeaturesReply records.
         * @member {Array.<Uint8Array>} records
         * @memberof dovetail.ReadFeaturesReply
         * @instance
         */
        ReadFeaturesReply.prototype.records = $util.emptyArray;

        /**
         * ReadFeaturesReply appliedSeq.
         * @member {Array.<number>} appliedSeq
         * @memberof dovetail.ReadFeaturesReply
         * @instance
         */
        ReadFeaturesReply.prototype.appliedSeq = $util.emptyArray;

        /**
         * ReadFeaturesReply epoch.
         * @member {number} epoch
         * @memberof dovetail.ReadFeaturesReply
         * @instance
         */
        ReadFeaturesReply.prototype.epoch = 0;

        /**
         * ReadFeaturesReply statuses.
         * @member {Uint8Array} statuses
         * @memberof dovetail.ReadFeaturesReply
         * @instance
         */
        ReadFeaturesReply.prototype.statuses = $util.newBuffer([]);

        /**
         * ReadFeaturesReply eventMs.
         * @member {Array.<number>} eventMs
         * @memberof dovetail.ReadFeaturesReply
         * @instance
         */
        ReadFeaturesReply.prototype.eventMs = $util.emptyArray;

        /**
         * ReadFeaturesReply asOfMs.
         * @member {number} asOfMs
         * @memberof dovetail.ReadFeaturesReply
         * @instance
         */
        ReadFeaturesReply.prototype.asOfMs = 0;

        /**
         * Creates a new ReadFeaturesReply instance using the specified properties.
         * @function create
         * @memberof dovetail.ReadFeaturesReply
         * @static
         * @param {dovetail.ReadFeaturesReply.$Properties=} [properties] Properties to set
         * @returns {dovetail.ReadFeaturesReply} ReadFeaturesReply instance
         * @type {{
         *   (properties: dovetail.ReadFeaturesReply.$Shape): dovetail.ReadFeaturesReply & dovetail.ReadFeaturesReply.$Shape;
         *   (properties?: dovetail.ReadFeaturesReply.$Properties): dovetail.ReadFeaturesReply;
         * }}
         */
        ReadFeaturesReply.create = function(properties) {
            return new ReadFeaturesReply(properties);
        };

        /**
         * Encodes the specified ReadFeaturesReply message. Does not implicitly {@link dovetail.ReadFeaturesReply.verify|verify} messages.
         * @function encode
         * @memberof dovetail.ReadFeaturesReply
         * @static
         * @param {dovetail.ReadFeaturesReply.$Properties} message ReadFeaturesReply message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ReadFeaturesReply.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
            if (message.failure != null && $Object.hasOwnProperty.call(message, "failure"))
                $root.dovetail.Failure.encode(message.failure, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
            if (message.records != null && message.records.length)
                for (let i = 0; i < message.records.length; ++i)
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.records[i]);
            if (message.appliedSeq != null && message.appliedSeq.length)
                writer.uint32(/* id 4, wireType 2 =*/34).doubles(message.appliedSeq);
            if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.epoch);
            if (message.statuses != null && $Object.hasOwnProperty.call(message, "statuses") && message.statuses.length)
                writer.uint32(/* id 6, wireType 2 =*/50).bytes(message.statuses);
            if (message.eventMs != null && message.eventMs.length)
                writer.uint32(/* id 7, wireType 2 =*/58).doubles(message.eventMs);
            if (message.asOfMs != null && $Object.hasOwnProperty.call(message, "asOfMs") && !$Object.is(message.asOfMs, 0))
                writer.uint32(/* id 8, wireType 1 =*/65).double(message.asOfMs);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ReadFeaturesReply message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.ReadFeaturesReply
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.ReadFeaturesReply & dovetail.ReadFeaturesReply.$Shape} ReadFeaturesReply
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ReadFeaturesReply.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.ReadFeaturesReply();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.failure = $root.dovetail.Failure.decode(reader, reader.size(), $undefined, _depth + 1, message.failure);
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if (!(message.records && message.records.length))
                            message.records = [];
                        message.records.push(reader.bytes());
                        continue;
                    }
                case 4: {
                        if (wireType === 2) {
                            if (!(message.appliedSeq && message.appliedSeq.length))
                                message.appliedSeq = [];
                            reader.doubles(message.appliedSeq);
                            continue;
                        }
                        if (wireType !== 1)
                            break;
                        if (!(message.appliedSeq && message.appliedSeq.length))
                            message.appliedSeq = [];
                        message.appliedSeq.push(reader.double());
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.epoch = value;
                        else
                            delete message.epoch;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.statuses = value;
                        else
                            delete message.statuses;
                        continue;
                    }
                case 7: {
                        if (wireType === 2) {
                            if (!(message.eventMs && message.eventMs.length))
                                message.eventMs = [];
                            reader.doubles(message.eventMs);
                            continue;
                        }
                        if (wireType !== 1)
                            break;
                        if (!(message.eventMs && message.eventMs.length))
                            message.eventMs = [];
                        message.eventMs.push(reader.double());
                        continue;
                    }
                case 8: {
                        if (wireType !== 1)
                            break;
                        if (!$Object.is(value = reader.double(), 0))
                            message.asOfMs = value;
                        else
                            delete message.asOfMs;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return ReadFeaturesReply;
    })();

    dovetail.Cancel = (function() {

        /**
         * Properties of a Cancel.
         * @typedef {Object} dovetail.Cancel.$Properties
         * @property {number|null} [id] Cancel id
         * @property {string|null} [replyTo] Cancel replyTo
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Cancel.
         * @memberof dovetail
         * @interface ICancel
         * @augments dovetail.Cancel.$Properties
         * @deprecated Use dovetail.Cancel.$Properties instead.
         */

        /**
         * Shape of a Cancel.
         * @typedef {dovetail.Cancel.$Properties} dovetail.Cancel.$Shape
         */

        /**
         * Constructs a new Cancel.
         * @memberof dovetail
         * @classdesc Represents a Cancel.
         * @constructor
         * @param {dovetail.Cancel.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Cancel = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Cancel id.
         * @member {number} id
         * @memberof dovetail.Cancel
         * @instance
         */
        Cancel.prototype.id = 0;

        /**
         * Cancel replyTo.
         * @member {string} replyTo
         * @memberof dovetail.Cancel
         * @instance
         */
        Cancel.prototype.replyTo = "";

        /**
         * Creates a new Cancel instance using the specified properties.
         * @function create
         * @memberof dovetail.Cancel
         * @static
         * @param {dovetail.Cancel.$Properties=} [properties] Properties to set
         * @returns {dovetail.Cancel} Cancel instance
         * @type {{
         *   (properties: dovetail.Cancel.$Shape): dovetail.Cancel & dovetail.Cancel.$Shape;
         *   (properties?: dovetail.Cancel.$Properties): dovetail.Cancel;
         * }}
         */
        Cancel.create = function(properties) {
            return new Cancel(properties);
        };

        /**
         * Encodes the specified Cancel message. Does not implicitly {@link dovetail.Cancel.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Cancel
         * @static
         * @param {dovetail.Cancel.$Properties} message Cancel message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Cancel.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
                writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
            if (message.replyTo != null && $Object.hasOwnProperty.call(message, "replyTo") && message.replyTo !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.replyTo);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Cancel message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Cancel
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Cancel & dovetail.Cancel.$Shape} Cancel
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Cancel.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Cancel();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.replyTo = value;
                        else
                            delete message.replyTo;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Cancel;
    })();

    dovetail.RowBatch = (function() {

        /**
         * Properties of a RowBatch.
         * @typedef {Object} dovetail.RowBatch.$Properties
         * @property {string|null} [view] RowBatch view
         * @property {number|null} [schemaHash] RowBatch schemaHash
         * @property {Array.<dovetail.LogRow.$Properties>|null} [rows] RowBatch rows
         * @property {number|null} [version] RowBatch version
         * @property {string|null} [stream] RowBatch stream
         * @property {string|null} [entity] RowBatch entity
         * @property {boolean|null} [everywhere] RowBatch everywhere
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a RowBatch.
         * @memberof dovetail
         * @interface IRowBatch
         * @augments dovetail.RowBatch.$Properties
         * @deprecated Use dovetail.RowBatch.$Properties instead.
         */

        /**
         * Shape of a RowBatch.
         * @typedef {dovetail.RowBatch.$Properties} dovetail.RowBatch.$Shape
         */

        /**
         * Constructs a new RowBatch.
         * @memberof dovetail
         * @classdesc Represents a RowBatch.
         * @constructor
         * @param {dovetail.RowBatch.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const RowBatch = function (properties) {
            this.rows = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * RowBatch view.
         * @member {string} view
         * @memberof dovetail.RowBatch
         * @instance
         */
        RowBatch.prototype.view = "";

        /**
         * RowBatch schemaHash.
         * @member {number} schemaHash
         * @memberof dovetail.RowBatch
         * @instance
         */
        RowBatch.prototype.schemaHash = 0;

        /**
         * RowBatch rows.
         * @member {Array.<dovetail.LogRow.$Properties>} rows
         * @memberof dovetail.RowBatch
         * @instance
         */
        RowBatch.prototype.rows = $util.emptyArray;

        /**
         * RowBatch version.
         * @member {number} version
         * @memberof dovetail.RowBatch
         * @instance
         */
        RowBatch.prototype.version = 0;

        /**
         * RowBatch stream.
         * @member {string} stream
         * @memberof dovetail.RowBatch
         * @instance
         */
        RowBatch.prototype.stream = "";

        /**
         * RowBatch entity.
         * @member {string} entity
         * @memberof dovetail.RowBatch
         * @instance
         */
        RowBatch.prototype.entity = "";

        /**
         * RowBatch everywhere.
         * @member {boolean} everywhere
         * @memberof dovetail.RowBatch
         * @instance
         */
        RowBatch.prototype.everywhere = false;

        /**
         * Creates a new RowBatch instance using the specified properties.
         * @function create
         * @memberof dovetail.RowBatch
         * @static
         * @param {dovetail.RowBatch.$Properties=} [properties] Properties to set
         * @returns {dovetail.RowBatch} RowBatch instance
         * @type {{
         *   (properties: dovetail.RowBatch.$Shape): dovetail.RowBatch & dovetail.RowBatch.$Shape;
         *   (properties?: dovetail.RowBatch.$Properties): dovetail.RowBatch;
         * }}
         */
        RowBatch.create = function(properties) {
            return new RowBatch(properties);
        };

        /**
         * Encodes the specified RowBatch message. Does not implicitly {@link dovetail.RowBatch.verify|verify} messages.
         * @function encode
         * @memberof dovetail.RowBatch
         * @static
         * @param {dovetail.RowBatch.$Properties} message RowBatch message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        RowBatch.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.view != null && $Object.hasOwnProperty.call(message, "view") && message.view !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.view);
            if (message.schemaHash != null && $Object.hasOwnProperty.call(message, "schemaHash") && message.schemaHash !== 0)
                writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.schemaHash);
            if (message.rows != null && message.rows.length)
                for (let i = 0; i < message.rows.length; ++i)
                    $root.dovetail.LogRow.encode(message.rows[i], writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
            if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== 0)
                writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.version);
            if (message.stream != null && $Object.hasOwnProperty.call(message, "stream") && message.stream !== "")
                writer.uint32(/* id 5, wireType 2 =*/42).string(message.stream);
            if (message.entity != null && $Object.hasOwnProperty.call(message, "entity") && message.entity !== "")
                writer.uint32(/* id 6, wireType 2 =*/50).string(message.entity);
            if (message.everywhere != null && $Object.hasOwnProperty.call(message, "everywhere") && message.everywhere !== false)
                writer.uint32(/* id 7, wireType 0 =*/56).bool(message.everywhere);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a RowBatch message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.RowBatch
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.RowBatch & dovetail.RowBatch.$Shape} RowBatch
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        RowBatch.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.RowBatch();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.view = value;
                        else
                            delete message.view;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.schemaHash = value;
                        else
                            delete message.schemaHash;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if (!(message.rows && message.rows.length))
                            message.rows = [];
                        message.rows.push($root.dovetail.LogRow.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.version = value;
                        else
                            delete message.version;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.stream = value;
                        else
                            delete message.stream;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.entity = value;
                        else
                            delete message.entity;
                        continue;
                    }
                case 7: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.everywhere = value;
                        else
                            delete message.everywhere;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return RowBatch;
    })();

    dovetail.LogRow = (function() {

        /**
         * Properties of a LogRow.
         * @typedef {Object} dovetail.LogRow.$Properties
         * @property {Uint8Array|null} [key] LogRow key
         * @property {number|null} [eventMs] LogRow eventMs
         * @property {Uint8Array|null} [values] LogRow values
         * @property {number|null} [op] LogRow op
         * @property {number|null} [idA] LogRow idA
         * @property {number|null} [idB] LogRow idB
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a LogRow.
         * @memberof dovetail
         * @interface ILogRow
         * @augments dovetail.LogRow.$Properties
         * @deprecated Use dovetail.LogRow.$Properties instead.
         */

        /**
         * Shape of a LogRow.
         * @typedef {dovetail.LogRow.$Properties} dovetail.LogRow.$Shape
         */

        /**
         * Constructs a new LogRow.
         * @memberof dovetail
         * @classdesc Represents a LogRow.
         * @constructor
         * @param {dovetail.LogRow.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const LogRow = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * LogRow key.
         * @member {Uint8Array} key
         * @memberof dovetail.LogRow
         * @instance
         */
        LogRow.prototype.key = $util.newBuffer([]);

        /**
         * LogRow eventMs.
         * @member {number} eventMs
         * @memberof dovetail.LogRow
         * @instance
         */
        LogRow.prototype.eventMs = 0;

        /**
         * LogRow values.
         * @member {Uint8Array} values
         * @memberof dovetail.LogRow
         * @instance
         */
        LogRow.prototype.values = $util.newBuffer([]);

        /**
         * LogRow op.
         * @member {number} op
         * @memberof dovetail.LogRow
         * @instance
         */
        LogRow.prototype.op = 0;

        /**
         * LogRow idA.
         * @member {number} idA
         * @memberof dovetail.LogRow
         * @instance
         */
        LogRow.prototype.idA = 0;

        /**
         * LogRow idB.
         * @member {number} idB
         * @memberof dovetail.LogRow
         * @instance
         */
        LogRow.prototype.idB = 0;

        /**
         * Creates a new LogRow instance using the specified properties.
         * @function create
         * @memberof dovetail.LogRow
         * @static
         * @param {dovetail.LogRow.$Properties=} [properties] Properties to set
         * @returns {dovetail.LogRow} LogRow instance
         * @type {{
         *   (properties: dovetail.LogRow.$Shape): dovetail.LogRow & dovetail.LogRow.$Shape;
         *   (properties?: dovetail.LogRow.$Properties): dovetail.LogRow;
         * }}
         */
        LogRow.create = function(properties) {
            return new LogRow(properties);
        };

        /**
         * Encodes the specified LogRow message. Does not implicitly {@link dovetail.LogRow.verify|verify} messages.
         * @function encode
         * @memberof dovetail.LogRow
         * @static
         * @param {dovetail.LogRow.$Properties} message LogRow message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        LogRow.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.key != null && $Object.hasOwnProperty.call(message, "key") && message.key.length)
                writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.key);
            if (message.eventMs != null && $Object.hasOwnProperty.call(message, "eventMs") && !$Object.is(message.eventMs, 0))
                writer.uint32(/* id 2, wireType 1 =*/17).double(message.eventMs);
            if (message.values != null && $Object.hasOwnProperty.call(message, "values") && message.values.length)
                writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.values);
            if (message.op != null && $Object.hasOwnProperty.call(message, "op") && message.op !== 0)
                writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.op);
            if (message.idA != null && $Object.hasOwnProperty.call(message, "idA") && message.idA !== 0)
                writer.uint32(/* id 5, wireType 5 =*/45).fixed32(message.idA);
            if (message.idB != null && $Object.hasOwnProperty.call(message, "idB") && message.idB !== 0)
                writer.uint32(/* id 6, wireType 5 =*/53).fixed32(message.idB);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a LogRow message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.LogRow
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.LogRow & dovetail.LogRow.$Shape} LogRow
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        LogRow.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.LogRow();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.key = value;
                        else
                            delete message.key;
                        continue;
                    }
                case 2: {
                        if (wireType !== 1)
                            break;
                        if (!$Object.is(value = reader.double(), 0))
                            message.eventMs = value;
                        else
                            delete message.eventMs;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.values = value;
                        else
                            delete message.values;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.op = value;
                        else
                            delete message.op;
                        continue;
                    }
                case 5: {
                        if (wireType !== 5)
                            break;
                        if (value = reader.fixed32())
                            message.idA = value;
                        else
                            delete message.idA;
                        continue;
                    }
                case 6: {
                        if (wireType !== 5)
                            break;
                        if (value = reader.fixed32())
                            message.idB = value;
                        else
                            delete message.idB;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return LogRow;
    })();

    dovetail.Heartbeat = (function() {

        /**
         * Properties of a Heartbeat.
         * @typedef {Object} dovetail.Heartbeat.$Properties
         * @property {string|null} [node] Heartbeat node
         * @property {string|null} [name] Heartbeat name
         * @property {string|null} [role] Heartbeat role
         * @property {boolean|null} [ready] Heartbeat ready
         * @property {boolean|null} [leaving] Heartbeat leaving
         * @property {number|null} [epoch] Heartbeat epoch
         * @property {Array.<string>|null} [models] Heartbeat models
         * @property {Uint8Array|null} [caughtUp] Heartbeat caughtUp
         * @property {number|null} [queueDepth] Heartbeat queueDepth
         * @property {string|null} [device] Heartbeat device
         * @property {string|null} [httpUrl] Heartbeat httpUrl
         * @property {string|null} [metricsUrl] Heartbeat metricsUrl
         * @property {number|null} [weight] Heartbeat weight
         * @property {number|null} [pid] Heartbeat pid
         * @property {string|null} [localEndpoint] Heartbeat localEndpoint
         * @property {string|null} [trouble] Heartbeat trouble
         * @property {boolean|null} [lagging] Heartbeat lagging
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a Heartbeat.
         * @memberof dovetail
         * @interface IHeartbeat
         * @augments dovetail.Heartbeat.$Properties
         * @deprecated Use dovetail.Heartbeat.$Properties instead.
         */

        /**
         * Shape of a Heartbeat.
         * @typedef {dovetail.Heartbeat.$Properties} dovetail.Heartbeat.$Shape
         */

        /**
         * Constructs a new Heartbeat.
         * @memberof dovetail
         * @classdesc Represents a Heartbeat.
         * @constructor
         * @param {dovetail.Heartbeat.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const Heartbeat = function (properties) {
            this.models = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Heartbeat node.
         * @member {string} node
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.node = "";

        /**
         * Heartbeat name.
         * @member {string} name
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.name = "";

        /**
         * Heartbeat role.
         * @member {string} role
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.role = "";

        /**
         * Heartbeat ready.
         * @member {boolean} ready
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.ready = false;

        /**
         * Heartbeat leaving.
         * @member {boolean} leaving
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.leaving = false;

        /**
         * Heartbeat epoch.
         * @member {number} epoch
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.epoch = 0;

        /**
         * Heartbeat models.
         * @member {Array.<string>} models
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.models = $util.emptyArray;

        /**
         * Heartbeat caughtUp.
         * @member {Uint8Array} caughtUp
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.caughtUp = $util.newBuffer([]);

        /**
         * Heartbeat queueDepth.
         * @member {number} queueDepth
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.queueDepth = 0;

        /**
         * Heartbeat device.
         * @member {string} device
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.device = "";

        /**
         * Heartbeat httpUrl.
         * @member {string} httpUrl
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.httpUrl = "";

        /**
         * Heartbeat metricsUrl.
         * @member {string} metricsUrl
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.metricsUrl = "";

        /**
         * Heartbeat weight.
         * @member {number} weight
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.weight = 0;

        /**
         * Heartbeat pid.
         * @member {number} pid
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.pid = 0;

        /**
         * Heartbeat localEndpoint.
         * @member {string} localEndpoint
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.localEndpoint = "";

        /**
         * Heartbeat trouble.
         * @member {string} trouble
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.trouble = "";

        /**
         * Heartbeat lagging.
         * @member {boolean} lagging
         * @memberof dovetail.Heartbeat
         * @instance
         */
        Heartbeat.prototype.lagging = false;

        /**
         * Creates a new Heartbeat instance using the specified properties.
         * @function create
         * @memberof dovetail.Heartbeat
         * @static
         * @param {dovetail.Heartbeat.$Properties=} [properties] Properties to set
         * @returns {dovetail.Heartbeat} Heartbeat instance
         * @type {{
         *   (properties: dovetail.Heartbeat.$Shape): dovetail.Heartbeat & dovetail.Heartbeat.$Shape;
         *   (properties?: dovetail.Heartbeat.$Properties): dovetail.Heartbeat;
         * }}
         */
        Heartbeat.create = function(properties) {
            return new Heartbeat(properties);
        };

        /**
         * Encodes the specified Heartbeat message. Does not implicitly {@link dovetail.Heartbeat.verify|verify} messages.
         * @function encode
         * @memberof dovetail.Heartbeat
         * @static
         * @param {dovetail.Heartbeat.$Properties} message Heartbeat message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        Heartbeat.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.node != null && $Object.hasOwnProperty.call(message, "node") && message.node !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.node);
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.name);
            if (message.role != null && $Object.hasOwnProperty.call(message, "role") && message.role !== "")
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.role);
            if (message.ready != null && $Object.hasOwnProperty.call(message, "ready") && message.ready !== false)
                writer.uint32(/* id 4, wireType 0 =*/32).bool(message.ready);
            if (message.leaving != null && $Object.hasOwnProperty.call(message, "leaving") && message.leaving !== false)
                writer.uint32(/* id 5, wireType 0 =*/40).bool(message.leaving);
            if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.epoch);
            if (message.models != null && message.models.length)
                for (let i = 0; i < message.models.length; ++i)
                    writer.uint32(/* id 7, wireType 2 =*/58).string(message.models[i]);
            if (message.caughtUp != null && $Object.hasOwnProperty.call(message, "caughtUp") && message.caughtUp.length)
                writer.uint32(/* id 8, wireType 2 =*/66).bytes(message.caughtUp);
            if (message.queueDepth != null && $Object.hasOwnProperty.call(message, "queueDepth") && message.queueDepth !== 0)
                writer.uint32(/* id 9, wireType 0 =*/72).uint32(message.queueDepth);
            if (message.device != null && $Object.hasOwnProperty.call(message, "device") && message.device !== "")
                writer.uint32(/* id 10, wireType 2 =*/82).string(message.device);
            if (message.httpUrl != null && $Object.hasOwnProperty.call(message, "httpUrl") && message.httpUrl !== "")
                writer.uint32(/* id 11, wireType 2 =*/90).string(message.httpUrl);
            if (message.metricsUrl != null && $Object.hasOwnProperty.call(message, "metricsUrl") && message.metricsUrl !== "")
                writer.uint32(/* id 12, wireType 2 =*/98).string(message.metricsUrl);
            if (message.weight != null && $Object.hasOwnProperty.call(message, "weight") && !$Object.is(message.weight, 0))
                writer.uint32(/* id 13, wireType 1 =*/105).double(message.weight);
            if (message.pid != null && $Object.hasOwnProperty.call(message, "pid") && message.pid !== 0)
                writer.uint32(/* id 14, wireType 0 =*/112).uint32(message.pid);
            if (message.localEndpoint != null && $Object.hasOwnProperty.call(message, "localEndpoint") && message.localEndpoint !== "")
                writer.uint32(/* id 15, wireType 2 =*/122).string(message.localEndpoint);
            if (message.trouble != null && $Object.hasOwnProperty.call(message, "trouble") && message.trouble !== "")
                writer.uint32(/* id 16, wireType 2 =*/130).string(message.trouble);
            if (message.lagging != null && $Object.hasOwnProperty.call(message, "lagging") && message.lagging !== false)
                writer.uint32(/* id 17, wireType 0 =*/136).bool(message.lagging);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a Heartbeat message from the specified reader or buffer.
         * @function decode
         * @memberof dovetail.Heartbeat
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {dovetail.Heartbeat & dovetail.Heartbeat.$Shape} Heartbeat
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        Heartbeat.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.dovetail.Heartbeat();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.node = value;
                        else
                            delete message.node;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.name = value;
                        else
                            delete message.name;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.role = value;
                        else
                            delete message.role;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.ready = value;
                        else
                            delete message.ready;
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.leaving = value;
                        else
                            delete message.leaving;
                        continue;
                    }
                case 6: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.epoch = value;
                        else
                            delete message.epoch;
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        if (!(message.models && message.models.length))
                            message.models = [];
                        message.models.push(reader.stringVerify());
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.caughtUp = value;
                        else
                            delete message.caughtUp;
                        continue;
                    }
                case 9: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.queueDepth = value;
                        else
                            delete message.queueDepth;
                        continue;
                    }
                case 10: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.device = value;
                        else
                            delete message.device;
                        continue;
                    }
                case 11: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.httpUrl = value;
                        else
                            delete message.httpUrl;
                        continue;
                    }
                case 12: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.metricsUrl = value;
                        else
                            delete message.metricsUrl;
                        continue;
                    }
                case 13: {
                        if (wireType !== 1)
                            break;
                        if (!$Object.is(value = reader.double(), 0))
                            message.weight = value;
                        else
                            delete message.weight;
                        continue;
                    }
                case 14: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.pid = value;
                        else
                            delete message.pid;
                        continue;
                    }
                case 15: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.localEndpoint = value;
                        else
                            delete message.localEndpoint;
                        continue;
                    }
                case 16: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.trouble = value;
                        else
                            delete message.trouble;
                        continue;
                    }
                case 17: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.lagging = value;
                        else
                            delete message.lagging;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        return Heartbeat;
    })();

    return dovetail;
})();

export {
  $root as default
};
