/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["inference"] || ($protobuf.roots["inference"] = {});

export const inference = $root.inference = (() => {

    /**
     * Namespace inference.
     * @exports inference
     * @namespace
     */
    const inference = {};

    inference.ServerLiveRequest = (function() {

        /**
         * Properties of a ServerLiveRequest.
         * @typedef {Object} inference.ServerLiveRequest.$Properties
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ServerLiveRequest.
         * @memberof inference
         * @interface IServerLiveRequest
         * @augments inference.ServerLiveRequest.$Properties
         * @deprecated Use inference.ServerLiveRequest.$Properties instead.
         */

        /**
         * Shape of a ServerLiveRequest.
         * @typedef {inference.ServerLiveRequest.$Properties} inference.ServerLiveRequest.$Shape
         */

        /**
         * Constructs a new ServerLiveRequest.
         * @memberof inference
         * @classdesc Represents a ServerLiveRequest.
         * @constructor
         * @param {inference.ServerLiveRequest.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ServerLiveRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Creates a new ServerLiveRequest instance using the specified properties.
         * @function create
         * @memberof inference.ServerLiveRequest
         * @static
         * @param {inference.ServerLiveRequest.$Properties=} [properties] Properties to set
         * @returns {inference.ServerLiveRequest} ServerLiveRequest instance
         * @type {{
         *   (properties: inference.ServerLiveRequest.$Shape): inference.ServerLiveRequest & inference.ServerLiveRequest.$Shape;
         *   (properties?: inference.ServerLiveRequest.$Properties): inference.ServerLiveRequest;
         * }}
         */
        ServerLiveRequest.create = function(properties) {
            return new ServerLiveRequest(properties);
        };

        /**
         * Encodes the specified ServerLiveRequest message. Does not implicitly {@link inference.ServerLiveRequest.verify|verify} messages.
         * @function encode
         * @memberof inference.ServerLiveRequest
         * @static
         * @param {inference.ServerLiveRequest.$Properties} message ServerLiveRequest message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ServerLiveRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ServerLiveRequest message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ServerLiveRequest
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ServerLiveRequest & inference.ServerLiveRequest.$Shape} ServerLiveRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ServerLiveRequest.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.inference.ServerLiveRequest();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                reader.skipType(tag & 7, _depth, tag);
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

        return ServerLiveRequest;
    })();

    inference.ServerLiveResponse = (function() {

        /**
         * Properties of a ServerLiveResponse.
         * @typedef {Object} inference.ServerLiveResponse.$Properties
         * @property {boolean|null} [live] ServerLiveResponse live
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ServerLiveResponse.
         * @memberof inference
         * @interface IServerLiveResponse
         * @augments inference.ServerLiveResponse.$Properties
         * @deprecated Use inference.ServerLiveResponse.$Properties instead.
         */

        /**
         * Shape of a ServerLiveResponse.
         * @typedef {inference.ServerLiveResponse.$Properties} inference.ServerLiveResponse.$Shape
         */

        /**
         * Constructs a new ServerLiveResponse.
         * @memberof inference
         * @classdesc Represents a ServerLiveResponse.
         * @constructor
         * @param {inference.ServerLiveResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ServerLiveResponse = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ServerLiveResponse live.
         * @member {boolean} live
         * @memberof inference.ServerLiveResponse
         * @instance
         */
        ServerLiveResponse.prototype.live = false;

        /**
         * Creates a new ServerLiveResponse instance using the specified properties.
         * @function create
         * @memberof inference.ServerLiveResponse
         * @static
         * @param {inference.ServerLiveResponse.$Properties=} [properties] Properties to set
         * @returns {inference.ServerLiveResponse} ServerLiveResponse instance
         * @type {{
         *   (properties: inference.ServerLiveResponse.$Shape): inference.ServerLiveResponse & inference.ServerLiveResponse.$Shape;
         *   (properties?: inference.ServerLiveResponse.$Properties): inference.ServerLiveResponse;
         * }}
         */
        ServerLiveResponse.create = function(properties) {
            return new ServerLiveResponse(properties);
        };

        /**
         * Encodes the specified ServerLiveResponse message. Does not implicitly {@link inference.ServerLiveResponse.verify|verify} messages.
         * @function encode
         * @memberof inference.ServerLiveResponse
         * @static
         * @param {inference.ServerLiveResponse.$Properties} message ServerLiveResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ServerLiveResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.live != null && $Object.hasOwnProperty.call(message, "live") && message.live !== false)
                writer.uint32(/* id 1, wireType 0 =*/8).bool(message.live);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ServerLiveResponse message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ServerLiveResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ServerLiveResponse & inference.ServerLiveResponse.$Shape} ServerLiveResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ServerLiveResponse.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ServerLiveResponse();
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
                        if (value = reader.bool())
                            message.live = value;
                        else
                            delete message.live;
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

        return ServerLiveResponse;
    })();

    inference.ServerReadyRequest = (function() {

        /**
         * Properties of a ServerReadyRequest.
         * @typedef {Object} inference.ServerReadyRequest.$Properties
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ServerReadyRequest.
         * @memberof inference
         * @interface IServerReadyRequest
         * @augments inference.ServerReadyRequest.$Properties
         * @deprecated Use inference.ServerReadyRequest.$Properties instead.
         */

        /**
         * Shape of a ServerReadyRequest.
         * @typedef {inference.ServerReadyRequest.$Properties} inference.ServerReadyRequest.$Shape
         */

        /**
         * Constructs a new ServerReadyRequest.
         * @memberof inference
         * @classdesc Represents a ServerReadyRequest.
         * @constructor
         * @param {inference.ServerReadyRequest.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ServerReadyRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Creates a new ServerReadyRequest instance using the specified properties.
         * @function create
         * @memberof inference.ServerReadyRequest
         * @static
         * @param {inference.ServerReadyRequest.$Properties=} [properties] Properties to set
         * @returns {inference.ServerReadyRequest} ServerReadyRequest instance
         * @type {{
         *   (properties: inference.ServerReadyRequest.$Shape): inference.ServerReadyRequest & inference.ServerReadyRequest.$Shape;
         *   (properties?: inference.ServerReadyRequest.$Properties): inference.ServerReadyRequest;
         * }}
         */
        ServerReadyRequest.create = function(properties) {
            return new ServerReadyRequest(properties);
        };

        /**
         * Encodes the specified ServerReadyRequest message. Does not implicitly {@link inference.ServerReadyRequest.verify|verify} messages.
         * @function encode
         * @memberof inference.ServerReadyRequest
         * @static
         * @param {inference.ServerReadyRequest.$Properties} message ServerReadyRequest message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ServerReadyRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ServerReadyRequest message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ServerReadyRequest
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ServerReadyRequest & inference.ServerReadyRequest.$Shape} ServerReadyRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ServerReadyRequest.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.inference.ServerReadyRequest();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                reader.skipType(tag & 7, _depth, tag);
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

        return ServerReadyRequest;
    })();

    inference.ServerReadyResponse = (function() {

        /**
         * Properties of a ServerReadyResponse.
         * @typedef {Object} inference.ServerReadyResponse.$Properties
         * @property {boolean|null} [ready] ServerReadyResponse ready
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ServerReadyResponse.
         * @memberof inference
         * @interface IServerReadyResponse
         * @augments inference.ServerReadyResponse.$Properties
         * @deprecated Use inference.ServerReadyResponse.$Properties instead.
         */

        /**
         * Shape of a ServerReadyResponse.
         * @typedef {inference.ServerReadyResponse.$Properties} inference.ServerReadyResponse.$Shape
         */

        /**
         * Constructs a new ServerReadyResponse.
         * @memberof inference
         * @classdesc Represents a ServerReadyResponse.
         * @constructor
         * @param {inference.ServerReadyResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ServerReadyResponse = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ServerReadyResponse ready.
         * @member {boolean} ready
         * @memberof inference.ServerReadyResponse
         * @instance
         */
        ServerReadyResponse.prototype.ready = false;

        /**
         * Creates a new ServerReadyResponse instance using the specified properties.
         * @function create
         * @memberof inference.ServerReadyResponse
         * @static
         * @param {inference.ServerReadyResponse.$Properties=} [properties] Properties to set
         * @returns {inference.ServerReadyResponse} ServerReadyResponse instance
         * @type {{
         *   (properties: inference.ServerReadyResponse.$Shape): inference.ServerReadyResponse & inference.ServerReadyResponse.$Shape;
         *   (properties?: inference.ServerReadyResponse.$Properties): inference.ServerReadyResponse;
         * }}
         */
        ServerReadyResponse.create = function(properties) {
            return new ServerReadyResponse(properties);
        };

        /**
         * Encodes the specified ServerReadyResponse message. Does not implicitly {@link inference.ServerReadyResponse.verify|verify} messages.
         * @function encode
         * @memberof inference.ServerReadyResponse
         * @static
         * @param {inference.ServerReadyResponse.$Properties} message ServerReadyResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ServerReadyResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.ready != null && $Object.hasOwnProperty.call(message, "ready") && message.ready !== false)
                writer.uint32(/* id 1, wireType 0 =*/8).bool(message.ready);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ServerReadyResponse message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ServerReadyResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ServerReadyResponse & inference.ServerReadyResponse.$Shape} ServerReadyResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ServerReadyResponse.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ServerReadyResponse();
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
                        if (value = reader.bool())
                            message.ready = value;
                        else
                            delete message.ready;
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

        return ServerReadyResponse;
    })();

    inference.ModelReadyRequest = (function() {

        /**
         * Properties of a ModelReadyRequest.
         * @typedef {Object} inference.ModelReadyRequest.$Properties
         * @property {string|null} [name] ModelReadyRequest name
         * @property {string|null} [version] ModelReadyRequest version
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelReadyRequest.
         * @memberof inference
         * @interface IModelReadyRequest
         * @augments inference.ModelReadyRequest.$Properties
         * @deprecated Use inference.ModelReadyRequest.$Properties instead.
         */

        /**
         * Shape of a ModelReadyRequest.
         * @typedef {inference.ModelReadyRequest.$Properties} inference.ModelReadyRequest.$Shape
         */

        /**
         * Constructs a new ModelReadyRequest.
         * @memberof inference
         * @classdesc Represents a ModelReadyRequest.
         * @constructor
         * @param {inference.ModelReadyRequest.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelReadyRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelReadyRequest name.
         * @member {string} name
         * @memberof inference.ModelReadyRequest
         * @instance
         */
        ModelReadyRequest.prototype.name = "";

        /**
         * ModelReadyRequest version.
         * @member {string} version
         * @memberof inference.ModelReadyRequest
         * @instance
         */
        ModelReadyRequest.prototype.version = "";

        /**
         * Creates a new ModelReadyRequest instance using the specified properties.
         * @function create
         * @memberof inference.ModelReadyRequest
         * @static
         * @param {inference.ModelReadyRequest.$Properties=} [properties] Properties to set
         * @returns {inference.ModelReadyRequest} ModelReadyRequest instance
         * @type {{
         *   (properties: inference.ModelReadyRequest.$Shape): inference.ModelReadyRequest & inference.ModelReadyRequest.$Shape;
         *   (properties?: inference.ModelReadyRequest.$Properties): inference.ModelReadyRequest;
         * }}
         */
        ModelReadyRequest.create = function(properties) {
            return new ModelReadyRequest(properties);
        };

        /**
         * Encodes the specified ModelReadyRequest message. Does not implicitly {@link inference.ModelReadyRequest.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelReadyRequest
         * @static
         * @param {inference.ModelReadyRequest.$Properties} message ModelReadyRequest message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelReadyRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelReadyRequest message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelReadyRequest
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelReadyRequest & inference.ModelReadyRequest.$Shape} ModelReadyRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelReadyRequest.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelReadyRequest();
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
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.version = value;
                        else
                            delete message.version;
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

        return ModelReadyRequest;
    })();

    inference.ModelReadyResponse = (function() {

        /**
         * Properties of a ModelReadyResponse.
         * @typedef {Object} inference.ModelReadyResponse.$Properties
         * @property {boolean|null} [ready] ModelReadyResponse ready
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelReadyResponse.
         * @memberof inference
         * @interface IModelReadyResponse
         * @augments inference.ModelReadyResponse.$Properties
         * @deprecated Use inference.ModelReadyResponse.$Properties instead.
         */

        /**
         * Shape of a ModelReadyResponse.
         * @typedef {inference.ModelReadyResponse.$Properties} inference.ModelReadyResponse.$Shape
         */

        /**
         * Constructs a new ModelReadyResponse.
         * @memberof inference
         * @classdesc Represents a ModelReadyResponse.
         * @constructor
         * @param {inference.ModelReadyResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelReadyResponse = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelReadyResponse ready.
         * @member {boolean} ready
         * @memberof inference.ModelReadyResponse
         * @instance
         */
        ModelReadyResponse.prototype.ready = false;

        /**
         * Creates a new ModelReadyResponse instance using the specified properties.
         * @function create
         * @memberof inference.ModelReadyResponse
         * @static
         * @param {inference.ModelReadyResponse.$Properties=} [properties] Properties to set
         * @returns {inference.ModelReadyResponse} ModelReadyResponse instance
         * @type {{
         *   (properties: inference.ModelReadyResponse.$Shape): inference.ModelReadyResponse & inference.ModelReadyResponse.$Shape;
         *   (properties?: inference.ModelReadyResponse.$Properties): inference.ModelReadyResponse;
         * }}
         */
        ModelReadyResponse.create = function(properties) {
            return new ModelReadyResponse(properties);
        };

        /**
         * Encodes the specified ModelReadyResponse message. Does not implicitly {@link inference.ModelReadyResponse.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelReadyResponse
         * @static
         * @param {inference.ModelReadyResponse.$Properties} message ModelReadyResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelReadyResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.ready != null && $Object.hasOwnProperty.call(message, "ready") && message.ready !== false)
                writer.uint32(/* id 1, wireType 0 =*/8).bool(message.ready);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelReadyResponse message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelReadyResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelReadyResponse & inference.ModelReadyResponse.$Shape} ModelReadyResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelReadyResponse.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelReadyResponse();
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
                        if (value = reader.bool())
                            message.ready = value;
                        else
                            delete message.ready;
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

        return ModelReadyResponse;
    })();

    inference.ServerMetadataRequest = (function() {

        /**
         * Properties of a ServerMetadataRequest.
         * @typedef {Object} inference.ServerMetadataRequest.$Properties
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ServerMetadataRequest.
         * @memberof inference
         * @interface IServerMetadataRequest
         * @augments inference.ServerMetadataRequest.$Properties
         * @deprecated Use inference.ServerMetadataRequest.$Properties instead.
         */

        /**
         * Shape of a ServerMetadataRequest.
         * @typedef {inference.ServerMetadataRequest.$Properties} inference.ServerMetadataRequest.$Shape
         */

        /**
         * Constructs a new ServerMetadataRequest.
         * @memberof inference
         * @classdesc Represents a ServerMetadataRequest.
         * @constructor
         * @param {inference.ServerMetadataRequest.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ServerMetadataRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Creates a new ServerMetadataRequest instance using the specified properties.
         * @function create
         * @memberof inference.ServerMetadataRequest
         * @static
         * @param {inference.ServerMetadataRequest.$Properties=} [properties] Properties to set
         * @returns {inference.ServerMetadataRequest} ServerMetadataRequest instance
         * @type {{
         *   (properties: inference.ServerMetadataRequest.$Shape): inference.ServerMetadataRequest & inference.ServerMetadataRequest.$Shape;
         *   (properties?: inference.ServerMetadataRequest.$Properties): inference.ServerMetadataRequest;
         * }}
         */
        ServerMetadataRequest.create = function(properties) {
            return new ServerMetadataRequest(properties);
        };

        /**
         * Encodes the specified ServerMetadataRequest message. Does not implicitly {@link inference.ServerMetadataRequest.verify|verify} messages.
         * @function encode
         * @memberof inference.ServerMetadataRequest
         * @static
         * @param {inference.ServerMetadataRequest.$Properties} message ServerMetadataRequest message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ServerMetadataRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ServerMetadataRequest message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ServerMetadataRequest
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ServerMetadataRequest & inference.ServerMetadataRequest.$Shape} ServerMetadataRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ServerMetadataRequest.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.inference.ServerMetadataRequest();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                reader.skipType(tag & 7, _depth, tag);
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

        return ServerMetadataRequest;
    })();

    inference.ServerMetadataResponse = (function() {

        /**
         * Properties of a ServerMetadataResponse.
         * @typedef {Object} inference.ServerMetadataResponse.$Properties
         * @property {string|null} [name] ServerMetadataResponse name
         * @property {string|null} [version] ServerMetadataResponse version
         * @property {Array.<string>|null} [extensions] ServerMetadataResponse extensions
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ServerMetadataResponse.
         * @memberof inference
         * @interface IServerMetadataResponse
         * @augments inference.ServerMetadataResponse.$Properties
         * @deprecated Use inference.ServerMetadataResponse.$Properties instead.
         */

        /**
         * Shape of a ServerMetadataResponse.
         * @typedef {inference.ServerMetadataResponse.$Properties} inference.ServerMetadataResponse.$Shape
         */

        /**
         * Constructs a new ServerMetadataResponse.
         * @memberof inference
         * @classdesc Represents a ServerMetadataResponse.
         * @constructor
         * @param {inference.ServerMetadataResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ServerMetadataResponse = function (properties) {
            this.extensions = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ServerMetadataResponse name.
         * @member {string} name
         * @memberof inference.ServerMetadataResponse
         * @instance
         */
        ServerMetadataResponse.prototype.name = "";

        /**
         * ServerMetadataResponse version.
         * @member {string} version
         * @memberof inference.ServerMetadataResponse
         * @instance
         */
        ServerMetadataResponse.prototype.version = "";

        /**
         * ServerMetadataResponse extensions.
         * @member {Array.<string>} extensions
         * @memberof inference.ServerMetadataResponse
         * @instance
         */
        ServerMetadataResponse.prototype.extensions = $util.emptyArray;

        /**
         * Creates a new ServerMetadataResponse instance using the specified properties.
         * @function create
         * @memberof inference.ServerMetadataResponse
         * @static
         * @param {inference.ServerMetadataResponse.$Properties=} [properties] Properties to set
         * @returns {inference.ServerMetadataResponse} ServerMetadataResponse instance
         * @type {{
         *   (properties: inference.ServerMetadataResponse.$Shape): inference.ServerMetadataResponse & inference.ServerMetadataResponse.$Shape;
         *   (properties?: inference.ServerMetadataResponse.$Properties): inference.ServerMetadataResponse;
         * }}
         */
        ServerMetadataResponse.create = function(properties) {
            return new ServerMetadataResponse(properties);
        };

        /**
         * Encodes the specified ServerMetadataResponse message. Does not implicitly {@link inference.ServerMetadataResponse.verify|verify} messages.
         * @function encode
         * @memberof inference.ServerMetadataResponse
         * @static
         * @param {inference.ServerMetadataResponse.$Properties} message ServerMetadataResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ServerMetadataResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
            if (message.extensions != null && message.extensions.length)
                for (let i = 0; i < message.extensions.length; ++i)
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.extensions[i]);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ServerMetadataResponse message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ServerMetadataResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ServerMetadataResponse & inference.ServerMetadataResponse.$Shape} ServerMetadataResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ServerMetadataResponse.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ServerMetadataResponse();
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
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.version = value;
                        else
                            delete message.version;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if (!(message.extensions && message.extensions.length))
                            message.extensions = [];
                        message.extensions.push(reader.stringVerify());
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

        return ServerMetadataResponse;
    })();

    inference.ModelMetadataRequest = (function() {

        /**
         * Properties of a ModelMetadataRequest.
         * @typedef {Object} inference.ModelMetadataRequest.$Properties
         * @property {string|null} [name] ModelMetadataRequest name
         * @property {string|null} [version] ModelMetadataRequest version
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelMetadataRequest.
         * @memberof inference
         * @interface IModelMetadataRequest
         * @augments inference.ModelMetadataRequest.$Properties
         * @deprecated Use inference.ModelMetadataRequest.$Properties instead.
         */

        /**
         * Shape of a ModelMetadataRequest.
         * @typedef {inference.ModelMetadataRequest.$Properties} inference.ModelMetadataRequest.$Shape
         */

        /**
         * Constructs a new ModelMetadataRequest.
         * @memberof inference
         * @classdesc Represents a ModelMetadataRequest.
         * @constructor
         * @param {inference.ModelMetadataRequest.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelMetadataRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelMetadataRequest name.
         * @member {string} name
         * @memberof inference.ModelMetadataRequest
         * @instance
         */
        ModelMetadataRequest.prototype.name = "";

        /**
         * ModelMetadataRequest version.
         * @member {string} version
         * @memberof inference.ModelMetadataRequest
         * @instance
         */
        ModelMetadataRequest.prototype.version = "";

        /**
         * Creates a new ModelMetadataRequest instance using the specified properties.
         * @function create
         * @memberof inference.ModelMetadataRequest
         * @static
         * @param {inference.ModelMetadataRequest.$Properties=} [properties] Properties to set
         * @returns {inference.ModelMetadataRequest} ModelMetadataRequest instance
         * @type {{
         *   (properties: inference.ModelMetadataRequest.$Shape): inference.ModelMetadataRequest & inference.ModelMetadataRequest.$Shape;
         *   (properties?: inference.ModelMetadataRequest.$Properties): inference.ModelMetadataRequest;
         * }}
         */
        ModelMetadataRequest.create = function(properties) {
            return new ModelMetadataRequest(properties);
        };

        /**
         * Encodes the specified ModelMetadataRequest message. Does not implicitly {@link inference.ModelMetadataRequest.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelMetadataRequest
         * @static
         * @param {inference.ModelMetadataRequest.$Properties} message ModelMetadataRequest message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelMetadataRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelMetadataRequest message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelMetadataRequest
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelMetadataRequest & inference.ModelMetadataRequest.$Shape} ModelMetadataRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelMetadataRequest.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelMetadataRequest();
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
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.version = value;
                        else
                            delete message.version;
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

        return ModelMetadataRequest;
    })();

    inference.ModelMetadataResponse = (function() {

        /**
         * Properties of a ModelMetadataResponse.
         * @typedef {Object} inference.ModelMetadataResponse.$Properties
         * @property {string|null} [name] ModelMetadataResponse name
         * @property {Array.<string>|null} [versions] ModelMetadataResponse versions
         * @property {string|null} [platform] ModelMetadataResponse platform
         * @property {Array.<inference.ModelMetadataResponse.TensorMetadata.$Properties>|null} [inputs] ModelMetadataResponse inputs
         * @property {Array.<inference.ModelMetadataResponse.TensorMetadata.$Properties>|null} [outputs] ModelMetadataResponse outputs
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelMetadataResponse.
         * @memberof inference
         * @interface IModelMetadataResponse
         * @augments inference.ModelMetadataResponse.$Properties
         * @deprecated Use inference.ModelMetadataResponse.$Properties instead.
         */

        /**
         * Shape of a ModelMetadataResponse.
         * @typedef {inference.ModelMetadataResponse.$Properties} inference.ModelMetadataResponse.$Shape
         */

        /**
         * Constructs a new ModelMetadataResponse.
         * @memberof inference
         * @classdesc Represents a ModelMetadataResponse.
         * @constructor
         * @param {inference.ModelMetadataResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelMetadataResponse = function (properties) {
            this.versions = [];
            this.inputs = [];
            this.outputs = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelMetadataResponse name.
         * @member {string} name
         * @memberof inference.ModelMetadataResponse
         * @instance
         */
        ModelMetadataResponse.prototype.name = "";

        /**
         * ModelMetadataResponse versions.
         * @member {Array.<string>} versions
         * @memberof inference.ModelMetadataResponse
         * @instance
         */
        ModelMetadataResponse.prototype.versions = $util.emptyArray;

        /**
         * ModelMetadataResponse platform.
         * @member {string} platform
         * @memberof inference.ModelMetadataResponse
         * @instance
         */
        ModelMetadataResponse.prototype.platform = "";

        /**
         * ModelMetadataResponse inputs.
         * @member {Array.<inference.ModelMetadataResponse.TensorMetadata.$Properties>} inputs
         * @memberof inference.ModelMetadataResponse
         * @instance
         */
        ModelMetadataResponse.prototype.inputs = $util.emptyArray;

        /**
         * ModelMetadataResponse outputs.
         * @member {Array.<inference.ModelMetadataResponse.TensorMetadata.$Properties>} outputs
         * @memberof inference.ModelMetadataResponse
         * @instance
         */
        ModelMetadataResponse.prototype.outputs = $util.emptyArray;

        /**
         * Creates a new ModelMetadataResponse instance using the specified properties.
         * @function create
         * @memberof inference.ModelMetadataResponse
         * @static
         * @param {inference.ModelMetadataResponse.$Properties=} [properties] Properties to set
         * @returns {inference.ModelMetadataResponse} ModelMetadataResponse instance
         * @type {{
         *   (properties: inference.ModelMetadataResponse.$Shape): inference.ModelMetadataResponse & inference.ModelMetadataResponse.$Shape;
         *   (properties?: inference.ModelMetadataResponse.$Properties): inference.ModelMetadataResponse;
         * }}
         */
        ModelMetadataResponse.create = function(properties) {
            return new ModelMetadataResponse(properties);
        };

        /**
         * Encodes the specified ModelMetadataResponse message. Does not implicitly {@link inference.ModelMetadataResponse.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelMetadataResponse
         * @static
         * @param {inference.ModelMetadataResponse.$Properties} message ModelMetadataResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelMetadataResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.versions != null && message.versions.length)
                for (let i = 0; i < message.versions.length; ++i)
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.versions[i]);
            if (message.platform != null && $Object.hasOwnProperty.call(message, "platform") && message.platform !== "")
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.platform);
            if (message.inputs != null && message.inputs.length)
                for (let i = 0; i < message.inputs.length; ++i)
                    $root.inference.ModelMetadataResponse.TensorMetadata.encode(message.inputs[i], writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
            if (message.outputs != null && message.outputs.length)
                for (let i = 0; i < message.outputs.length; ++i)
                    $root.inference.ModelMetadataResponse.TensorMetadata.encode(message.outputs[i], writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelMetadataResponse message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelMetadataResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelMetadataResponse & inference.ModelMetadataResponse.$Shape} ModelMetadataResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelMetadataResponse.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelMetadataResponse();
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
                        if (wireType !== 2)
                            break;
                        if (!(message.versions && message.versions.length))
                            message.versions = [];
                        message.versions.push(reader.stringVerify());
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.platform = value;
                        else
                            delete message.platform;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if (!(message.inputs && message.inputs.length))
                            message.inputs = [];
                        message.inputs.push($root.inference.ModelMetadataResponse.TensorMetadata.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if (!(message.outputs && message.outputs.length))
                            message.outputs = [];
                        message.outputs.push($root.inference.ModelMetadataResponse.TensorMetadata.decode(reader, reader.size(), $undefined, _depth + 1));
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

        ModelMetadataResponse.TensorMetadata = (function() {

            /**
             * Properties of a TensorMetadata.
             * @typedef {Object} inference.ModelMetadataResponse.TensorMetadata.$Properties
             * @property {string|null} [name] TensorMetadata name
             * @property {string|null} [datatype] TensorMetadata datatype
             * @property {Array.<number>|null} [shape] TensorMetadata shape
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a TensorMetadata.
             * @memberof inference.ModelMetadataResponse
             * @interface ITensorMetadata
             * @augments inference.ModelMetadataResponse.TensorMetadata.$Properties
             * @deprecated Use inference.ModelMetadataResponse.TensorMetadata.$Properties instead.
             */

            /**
             * Shape of a TensorMetadata.
             * @typedef {inference.ModelMetadataResponse.TensorMetadata.$Properties} inference.ModelMetadataResponse.TensorMetadata.$Shape
             */

            /**
             * Constructs a new TensorMetadata.
             * @memberof inference.ModelMetadataResponse
             * @classdesc Represents a TensorMetadata.
             * @constructor
             * @param {inference.ModelMetadataResponse.TensorMetadata.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const TensorMetadata = function (properties) {
                this.shape = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * TensorMetadata name.
             * @member {string} name
             * @memberof inference.ModelMetadataResponse.TensorMetadata
             * @instance
             */
            TensorMetadata.prototype.name = "";

            /**
             * TensorMetadata datatype.
             * @member {string} datatype
             * @memberof inference.ModelMetadataResponse.TensorMetadata
             * @instance
             */
            TensorMetadata.prototype.datatype = "";

            /**
             * TensorMetadata shape.
             * @member {Array.<number>} shape
             * @memberof inference.ModelMetadataResponse.TensorMetadata
             * @instance
             */
            TensorMetadata.prototype.shape = $util.emptyArray;

            /**
             * Creates a new TensorMetadata instance using the specified properties.
             * @function create
             * @memberof inference.ModelMetadataResponse.TensorMetadata
             * @static
             * @param {inference.ModelMetadataResponse.TensorMetadata.$Properties=} [properties] Properties to set
             * @returns {inference.ModelMetadataResponse.TensorMetadata} TensorMetadata instance
             * @type {{
             *   (properties: inference.ModelMetadataResponse.TensorMetadata.$Shape): inference.ModelMetadataResponse.TensorMetadata & inference.ModelMetadataResponse.TensorMetadata.$Shape;
             *   (properties?: inference.ModelMetadataResponse.TensorMetadata.$Properties): inference.ModelMetadataResponse.TensorMetadata;
             * }}
             */
            TensorMetadata.create = function(properties) {
                return new TensorMetadata(properties);
            };

            /**
             * Encodes the specified TensorMetadata message. Does not implicitly {@link inference.ModelMetadataResponse.TensorMetadata.verify|verify} messages.
             * @function encode
             * @memberof inference.ModelMetadataResponse.TensorMetadata
             * @static
             * @param {inference.ModelMetadataResponse.TensorMetadata.$Properties} message TensorMetadata message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            TensorMetadata.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.datatype != null && $Object.hasOwnProperty.call(message, "datatype") && message.datatype !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.datatype);
                if (message.shape != null && message.shape.length)
                    writer.uint32(/* id 3, wireType 2 =*/26).int64s(message.shape);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a TensorMetadata message from the specified reader or buffer.
             * @function decode
             * @memberof inference.ModelMetadataResponse.TensorMetadata
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {inference.ModelMetadataResponse.TensorMetadata & inference.ModelMetadataResponse.TensorMetadata.$Shape} TensorMetadata
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            TensorMetadata.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.inference.ModelMetadataResponse.TensorMetadata();
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
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.datatype = value;
                            else
                                delete message.datatype;
                            continue;
                        }
                    case 3: {
                            if (wireType === 2) {
                                if (!(message.shape && message.shape.length))
                                    message.shape = [];
                                reader.int64s(message.shape);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.shape && message.shape.length))
                                message.shape = [];
                            message.shape.push(reader.int64());
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

            return TensorMetadata;
        })();

        return ModelMetadataResponse;
    })();

    inference.InferParameter = (function() {

        /**
         * Properties of an InferParameter.
         * @typedef {Object} inference.InferParameter.$Properties
         * @property {boolean|null} [bool_param] InferParameter bool_param
         * @property {number|null} [int64_param] InferParameter int64_param
         * @property {string|null} [string_param] InferParameter string_param
         * @property {number|null} [double_param] InferParameter double_param
         * @property {number|null} [uint64_param] InferParameter uint64_param
         * @property {"bool_param"|"int64_param"|"string_param"|"double_param"|"uint64_param"} [parameter_choice] InferParameter parameter_choice
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of an InferParameter.
         * @memberof inference
         * @interface IInferParameter
         * @augments inference.InferParameter.$Properties
         * @deprecated Use inference.InferParameter.$Properties instead.
         */

        /**
         * Narrowed shape of an InferParameter.
         * @typedef {{
         *   bool_param?: boolean|null;
         *   int64_param?: number|null;
         *   string_param?: string|null;
         *   double_param?: number|null;
         *   uint64_param?: number|null;
         *   $unknowns?: Array.<Uint8Array>;
         * } & (
         *   ({ parameter_choice?: undefined; bool_param?: null; int64_param?: null; string_param?: null; double_param?: null; uint64_param?: null }|{ parameter_choice?: "bool_param"; bool_param: boolean; int64_param?: null; string_param?: null; double_param?: null; uint64_param?: null }|{ parameter_choice?: "int64_param"; bool_param?: null; int64_param: number; string_param?: null; double_param?: null; uint64_param?: null }|{ parameter_choice?: "string_param"; bool_param?: null; int64_param?: null; string_param: string; double_param?: null; uint64_param?: null }|{ parameter_choice?: "double_param"; bool_param?: null; int64_param?: null; string_param?: null; double_param: number; uint64_param?: null }|{ parameter_choice?: "uint64_param"; bool_param?: null; int64_param?: null; string_param?: null; double_param?: null; uint64_param: number })
         * )} inference.InferParameter.$Shape
         */

        /**
         * Constructs a new InferParameter.
         * @memberof inference
         * @classdesc Represents an InferParameter.
         * @constructor
         * @param {inference.InferParameter.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const InferParameter = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * InferParameter bool_param.
         * @member {boolean|null|undefined} bool_param
         * @memberof inference.InferParameter
         * @instance
         */
        InferParameter.prototype.bool_param = null;

        /**
         * InferParameter int64_param.
         * @member {number|null|undefined} int64_param
         * @memberof inference.InferParameter
         * @instance
         */
        InferParameter.prototype.int64_param = null;

        /**
         * InferParameter string_param.
         * @member {string|null|undefined} string_param
         * @memberof inference.InferParameter
         * @instance
         */
        InferParameter.prototype.string_param = null;

        /**
         * InferParameter double_param.
         * @member {number|null|undefined} double_param
         * @memberof inference.InferParameter
         * @instance
         */
        InferParameter.prototype.double_param = null;

        /**
         * InferParameter uint64_param.
         * @member {number|null|undefined} uint64_param
         * @memberof inference.InferParameter
         * @instance
         */
        InferParameter.prototype.uint64_param = null;

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        /**
         * InferParameter parameter_choice.
         * @member {"bool_param"|"int64_param"|"string_param"|"double_param"|"uint64_param"|undefined} parameter_choice
         * @memberof inference.InferParameter
         * @instance
         */
        $Object.defineProperty(InferParameter.prototype, "parameter_choice", {
            get: $util.oneOfGetter($oneOfFields = ["bool_param", "int64_param", "string_param", "double_param", "uint64_param"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Creates a new InferParameter instance using the specified properties.
         * @function create
         * @memberof inference.InferParameter
         * @static
         * @param {inference.InferParameter.$Properties=} [properties] Properties to set
         * @returns {inference.InferParameter} InferParameter instance
         * @type {{
         *   (properties: inference.InferParameter.$Shape): inference.InferParameter & inference.InferParameter.$Shape;
         *   (properties?: inference.InferParameter.$Properties): inference.InferParameter;
         * }}
         */
        InferParameter.create = function(properties) {
            return new InferParameter(properties);
        };

        /**
         * Encodes the specified InferParameter message. Does not implicitly {@link inference.InferParameter.verify|verify} messages.
         * @function encode
         * @memberof inference.InferParameter
         * @static
         * @param {inference.InferParameter.$Properties} message InferParameter message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        InferParameter.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.bool_param != null && $Object.hasOwnProperty.call(message, "bool_param"))
                writer.uint32(/* id 1, wireType 0 =*/8).bool(message.bool_param);
            if (message.int64_param != null && $Object.hasOwnProperty.call(message, "int64_param"))
                writer.uint32(/* id 2, wireType 0 =*/16).int64(message.int64_param);
            if (message.string_param != null && $Object.hasOwnProperty.call(message, "string_param"))
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.string_param);
            if (message.double_param != null && $Object.hasOwnProperty.call(message, "double_param"))
                writer.uint32(/* id 4, wireType 1 =*/33).double(message.double_param);
            if (message.uint64_param != null && $Object.hasOwnProperty.call(message, "uint64_param"))
                writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.uint64_param);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes an InferParameter message from the specified reader or buffer.
         * @function decode
         * @memberof inference.InferParameter
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.InferParameter & inference.InferParameter.$Shape} InferParameter
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        InferParameter.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.inference.InferParameter();
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
                        message.bool_param = reader.bool();
                        message.parameter_choice = "bool_param";
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        message.int64_param = reader.int64();
                        message.parameter_choice = "int64_param";
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.string_param = reader.stringVerify();
                        message.parameter_choice = "string_param";
                        continue;
                    }
                case 4: {
                        if (wireType !== 1)
                            break;
                        message.double_param = reader.double();
                        message.parameter_choice = "double_param";
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        message.uint64_param = reader.uint64();
                        message.parameter_choice = "uint64_param";
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

        return InferParameter;
    })();

    inference.InferTensorContents = (function() {

        /**
         * Properties of an InferTensorContents.
         * @typedef {Object} inference.InferTensorContents.$Properties
         * @property {Array.<boolean>|null} [bool_contents] InferTensorContents bool_contents
         * @property {Array.<number>|null} [int_contents] InferTensorContents int_contents
         * @property {Array.<number>|null} [int64_contents] InferTensorContents int64_contents
         * @property {Array.<number>|null} [uint_contents] InferTensorContents uint_contents
         * @property {Array.<number>|null} [uint64_contents] InferTensorContents uint64_contents
         * @property {Array.<number>|null} [fp32_contents] InferTensorContents fp32_contents
         * @property {Array.<number>|null} [fp64_contents] InferTensorContents fp64_contents
         * @property {Array.<Uint8Array>|null} [bytes_contents] InferTensorContents bytes_contents
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of an InferTensorContents.
         * @memberof inference
         * @interface IInferTensorContents
         * @augments inference.InferTensorContents.$Properties
         * @deprecated Use inference.InferTensorContents.$Properties instead.
         */

        /**
         * Shape of an InferTensorContents.
         * @typedef {inference.InferTensorContents.$Properties} inference.InferTensorContents.$Shape
         */

        /**
         * Constructs a new InferTensorContents.
         * @memberof inference
         * @classdesc Represents an InferTensorContents.
         * @constructor
         * @param {inference.InferTensorContents.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const InferTensorContents = function (properties) {
            this.bool_contents = [];
            this.int_contents = [];
            this.int64_contents = [];
            this.uint_contents = [];
            this.uint64_contents = [];
            this.fp32_contents = [];
            this.fp64_contents = [];
            this.bytes_contents = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * InferTensorContents bool_contents.
         * @member {Array.<boolean>} bool_contents
         * @memberof inference.InferTensorContents
         * @instance
         */
        InferTensorContents.prototype.bool_contents = $util.emptyArray;

        /**
         * InferTensorContents int_contents.
         * @member {Array.<number>} int_contents
         * @memberof inference.InferTensorContents
         * @instance
         */
        InferTensorContents.prototype.int_contents = $util.emptyArray;

        /**
         * InferTensorContents int64_contents.
         * @member {Array.<number>} int64_contents
         * @memberof inference.InferTensorContents
         * @instance
         */
        InferTensorContents.prototype.int64_contents = $util.emptyArray;

        /**
         * InferTensorContents uint_contents.
         * @member {Array.<number>} uint_contents
         * @memberof inference.InferTensorContents
         * @instance
         */
        InferTensorContents.prototype.uint_contents = $util.emptyArray;

        /**
         * InferTensorContents uint64_contents.
         * @member {Array.<number>} uint64_contents
         * @memberof inference.InferTensorContents
         * @instance
         */
        InferTensorContents.prototype.uint64_contents = $util.emptyArray;

        /**
         * InferTensorContents fp32_contents.
         * @member {Array.<number>} fp32_contents
         * @memberof inference.InferTensorContents
         * @instance
         */
        InferTensorContents.prototype.fp32_contents = $util.emptyArray;

        /**
         * InferTensorContents fp64_contents.
         * @member {Array.<number>} fp64_contents
         * @memberof inference.InferTensorContents
         * @instance
         */
        InferTensorContents.prototype.fp64_contents = $util.emptyArray;

        /**
         * InferTensorContents bytes_contents.
         * @member {Array.<Uint8Array>} bytes_contents
         * @memberof inference.InferTensorContents
         * @instance
         */
        InferTensorContents.prototype.bytes_contents = $util.emptyArray;

        /**
         * Creates a new InferTensorContents instance using the specified properties.
         * @function create
         * @memberof inference.InferTensorContents
         * @static
         * @param {inference.InferTensorContents.$Properties=} [properties] Properties to set
         * @returns {inference.InferTensorContents} InferTensorContents instance
         * @type {{
         *   (properties: inference.InferTensorContents.$Shape): inference.InferTensorContents & inference.InferTensorContents.$Shape;
         *   (properties?: inference.InferTensorContents.$Properties): inference.InferTensorContents;
         * }}
         */
        InferTensorContents.create = function(properties) {
            return new InferTensorContents(properties);
        };

        /**
         * Encodes the specified InferTensorContents message. Does not implicitly {@link inference.InferTensorContents.verify|verify} messages.
         * @function encode
         * @memberof inference.InferTensorContents
         * @static
         * @param {inference.InferTensorContents.$Properties} message InferTensorContents message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        InferTensorContents.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.bool_contents != null && message.bool_contents.length)
                writer.uint32(/* id 1, wireType 2 =*/10).bools(message.bool_contents);
            if (message.int_contents != null && message.int_contents.length)
                writer.uint32(/* id 2, wireType 2 =*/18).int32s(message.int_contents);
            if (message.int64_contents != null && message.int64_contents.length)
                writer.uint32(/* id 3, wireType 2 =*/26).int64s(message.int64_contents);
            if (message.uint_contents != null && message.uint_contents.length)
                writer.uint32(/* id 4, wireType 2 =*/34).uint32s(message.uint_contents);
            if (message.uint64_contents != null && message.uint64_contents.length)
                writer.uint32(/* id 5, wireType 2 =*/42).uint64s(message.uint64_contents);
            if (message.fp32_contents != null && message.fp32_contents.length)
                writer.uint32(/* id 6, wireType 2 =*/50).floats(message.fp32_contents);
            if (message.fp64_contents != null && message.fp64_contents.length)
                writer.uint32(/* id 7, wireType 2 =*/58).doubles(message.fp64_contents);
            if (message.bytes_contents != null && message.bytes_contents.length)
                for (let i = 0; i < message.bytes_contents.length; ++i)
                    writer.uint32(/* id 8, wireType 2 =*/66).bytes(message.bytes_contents[i]);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes an InferTensorContents message from the specified reader or buffer.
         * @function decode
         * @memberof inference.InferTensorContents
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.InferTensorContents & inference.InferTensorContents.$Shape} InferTensorContents
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        InferTensorContents.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.inference.InferTensorContents();
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
                            if (!(message.bool_contents && message.bool_contents.length))
                                message.bool_contents = [];
                            reader.bools(message.bool_contents);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.bool_contents && message.bool_contents.length))
                            message.bool_contents = [];
                        message.bool_contents.push(reader.bool());
                        continue;
                    }
                case 2: {
                        if (wireType === 2) {
                            if (!(message.int_contents && message.int_contents.length))
                                message.int_contents = [];
                            reader.int32s(message.int_contents);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.int_contents && message.int_contents.length))
                            message.int_contents = [];
                        message.int_contents.push(reader.int32());
                        continue;
                    }
                case 3: {
                        if (wireType === 2) {
                            if (!(message.int64_contents && message.int64_contents.length))
                                message.int64_contents = [];
                            reader.int64s(message.int64_contents);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.int64_contents && message.int64_contents.length))
                            message.int64_contents = [];
                        message.int64_contents.push(reader.int64());
                        continue;
                    }
                case 4: {
                        if (wireType === 2) {
                            if (!(message.uint_contents && message.uint_contents.length))
                                message.uint_contents = [];
                            reader.uint32s(message.uint_contents);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.uint_contents && message.uint_contents.length))
                            message.uint_contents = [];
                        message.uint_contents.push(reader.uint32());
                        continue;
                    }
                case 5: {
                        if (wireType === 2) {
                            if (!(message.uint64_contents && message.uint64_contents.length))
                                message.uint64_contents = [];
                            reader.uint64s(message.uint64_contents);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.uint64_contents && message.uint64_contents.length))
                            message.uint64_contents = [];
                        message.uint64_contents.push(reader.uint64());
                        continue;
                    }
                case 6: {
                        if (wireType === 2) {
                            if (!(message.fp32_contents && message.fp32_contents.length))
                                message.fp32_contents = [];
                            reader.floats(message.fp32_contents);
                            continue;
                        }
                        if (wireType !== 5)
                            break;
                        if (!(message.fp32_contents && message.fp32_contents.length))
                            message.fp32_contents = [];
                        message.fp32_contents.push(reader.float());
                        continue;
                    }
                case 7: {
                        if (wireType === 2) {
                            if (!(message.fp64_contents && message.fp64_contents.length))
                                message.fp64_contents = [];
                            reader.doubles(message.fp64_contents);
                            continue;
                        }
                        if (wireType !== 1)
                            break;
                        if (!(message.fp64_contents && message.fp64_contents.length))
                            message.fp64_contents = [];
                        message.fp64_contents.push(reader.double());
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        if (!(message.bytes_contents && message.bytes_contents.length))
                            message.bytes_contents = [];
                        message.bytes_contents.push(reader.bytes());
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

        return InferTensorContents;
    })();

    inference.ModelInferRequest = (function() {

        /**
         * Properties of a ModelInferRequest.
         * @typedef {Object} inference.ModelInferRequest.$Properties
         * @property {string|null} [model_name] ModelInferRequest model_name
         * @property {string|null} [model_version] ModelInferRequest model_version
         * @property {string|null} [id] ModelInferRequest id
         * @property {Object.<string,inference.InferParameter.$Properties>|null} [parameters] ModelInferRequest parameters
         * @property {Array.<inference.ModelInferRequest.InferInputTensor.$Properties>|null} [inputs] ModelInferRequest inputs
         * @property {Array.<inference.ModelInferRequest.InferRequestedOutputTensor.$Properties>|null} [outputs] ModelInferRequest outputs
         * @property {Array.<Uint8Array>|null} [raw_input_contents] ModelInferRequest raw_input_contents
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelInferRequest.
         * @memberof inference
         * @interface IModelInferRequest
         * @augments inference.ModelInferRequest.$Properties
         * @deprecated Use inference.ModelInferRequest.$Properties instead.
         */

        /**
         * Shape of a ModelInferRequest.
         * @typedef {{
         *   model_name?: string|null;
         *   model_version?: string|null;
         *   id?: string|null;
         *   parameters?: Object.<string,inference.InferParameter.$Shape>|null;
         *   inputs?: Array.<inference.ModelInferRequest.InferInputTensor.$Shape>|null;
         *   outputs?: Array.<inference.ModelInferRequest.InferRequestedOutputTensor.$Shape>|null;
         *   raw_input_contents?: Array.<Uint8Array>|null;
         *   $unknowns?: Array.<Uint8Array>;
         * }} inference.ModelInferRequest.$Shape
         */

        /**
         * Constructs a new ModelInferRequest.
         * @memberof inference
         * @classdesc Represents a ModelInferRequest.
         * @constructor
         * @param {inference.ModelInferRequest.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelInferRequest = function (properties) {
            this.parameters = {};
            this.inputs = [];
            this.outputs = [];
            this.raw_input_contents = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelInferRequest model_name.
         * @member {string} model_name
         * @memberof inference.ModelInferRequest
         * @instance
         */
        ModelInferRequest.prototype.model_name = "";

        /**
         * ModelInferRequest model_version.
         * @member {string} model_version
         * @memberof inference.ModelInferRequest
         * @instance
         */
        ModelInferRequest.prototype.model_version = "";

        /**
         * ModelInferRequest id.
         * @member {string} id
         * @memberof inference.ModelInferRequest
         * @instance
         */
        ModelInferRequest.prototype.id = "";

        /**
         * ModelInferRequest parameters.
         * @member {Object.<string,inference.InferParameter.$Properties>} parameters
         * @memberof inference.ModelInferRequest
         * @instance
         */
        ModelInferRequest.prototype.parameters = $util.emptyObject;

        /**
         * ModelInferRequest inputs.
         * @member {Array.<inference.ModelInferRequest.InferInputTensor.$Properties>} inputs
         * @memberof inference.ModelInferRequest
         * @instance
         */
        ModelInferRequest.prototype.inputs = $util.emptyArray;

        /**
         * ModelInferRequest outputs.
         * @member {Array.<inference.ModelInferRequest.InferRequestedOutputTensor.$Properties>} outputs
         * @memberof inference.ModelInferRequest
         * @instance
         */
        ModelInferRequest.prototype.outputs = $util.emptyArray;

        /**
         * ModelInferRequest raw_input_contents.
         * @member {Array.<Uint8Array>} raw_input_contents
         * @memberof inference.ModelInferRequest
         * @instance
         */
        ModelInferRequest.prototype.raw_input_contents = $util.emptyArray;

        /**
         * Creates a new ModelInferRequest instance using the specified properties.
         * @function create
         * @memberof inference.ModelInferRequest
         * @static
         * @param {inference.ModelInferRequest.$Properties=} [properties] Properties to set
         * @returns {inference.ModelInferRequest} ModelInferRequest instance
         * @type {{
         *   (properties: inference.ModelInferRequest.$Shape): inference.ModelInferRequest & inference.ModelInferRequest.$Shape;
         *   (properties?: inference.ModelInferRequest.$Properties): inference.ModelInferRequest;
         * }}
         */
        ModelInferRequest.create = function(properties) {
            return new ModelInferRequest(properties);
        };

        /**
         * Encodes the specified ModelInferRequest message. Does not implicitly {@link inference.ModelInferRequest.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelInferRequest
         * @static
         * @param {inference.ModelInferRequest.$Properties} message ModelInferRequest message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelInferRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.model_name != null && $Object.hasOwnProperty.call(message, "model_name") && message.model_name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.model_name);
            if (message.model_version != null && $Object.hasOwnProperty.call(message, "model_version") && message.model_version !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.model_version);
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.id);
            if (message.parameters != null && $Object.hasOwnProperty.call(message, "parameters"))
                for (let keys = $Object.keys(message.parameters), i = 0; i < keys.length; ++i) {
                    writer.uint32(/* id 4, wireType 2 =*/34).fork().uint32(/* id 1, wireType 2 =*/10).string(keys[i]);
                    $root.inference.InferParameter.encode(message.parameters[keys[i]], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim().ldelim();
                }
            if (message.inputs != null && message.inputs.length)
                for (let i = 0; i < message.inputs.length; ++i)
                    $root.inference.ModelInferRequest.InferInputTensor.encode(message.inputs[i], writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
            if (message.outputs != null && message.outputs.length)
                for (let i = 0; i < message.outputs.length; ++i)
                    $root.inference.ModelInferRequest.InferRequestedOutputTensor.encode(message.outputs[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
            if (message.raw_input_contents != null && message.raw_input_contents.length)
                for (let i = 0; i < message.raw_input_contents.length; ++i)
                    writer.uint32(/* id 7, wireType 2 =*/58).bytes(message.raw_input_contents[i]);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelInferRequest message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelInferRequest
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelInferRequest & inference.ModelInferRequest.$Shape} ModelInferRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelInferRequest.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, key, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.inference.ModelInferRequest();
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
                            message.model_name = value;
                        else
                            delete message.model_name;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.model_version = value;
                        else
                            delete message.model_version;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if (message.parameters === $util.emptyObject)
                            message.parameters = {};
                        let end2 = reader.size() + reader.pos;
                        if (end2 > reader.len)
                            throw $RangeError("index out of range");
                        reader.len = end2;
                        key = "";
                        value = null;
                        while (reader.pos < end2) {
                            let tag2 = reader.tag();
                            wireType = tag2 & 7;
                            switch (tag2 >>>= 3) {
                            case 1:
                                if (wireType !== 2)
                                    break;
                                key = reader.stringVerify();
                                continue;
                            case 2:
                                if (wireType !== 2)
                                    break;
                                value = $root.inference.InferParameter.decode(reader, reader.size(), $undefined, _depth + 1, value);
                                continue;
                            }
                            reader.skipType(wireType, _depth, tag2);
                        }
                        if (reader.pos !== end2)
                            throw $RangeError("index out of range");
                        reader.len = end;
                        if (key === "__proto__")
                            $util.makeProp(message.parameters, key);
                        message.parameters[key] = value || new $root.inference.InferParameter();
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if (!(message.inputs && message.inputs.length))
                            message.inputs = [];
                        message.inputs.push($root.inference.ModelInferRequest.InferInputTensor.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if (!(message.outputs && message.outputs.length))
                            message.outputs = [];
                        message.outputs.push($root.inference.ModelInferRequest.InferRequestedOutputTensor.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        if (!(message.raw_input_contents && message.raw_input_contents.length))
                            message.raw_input_contents = [];
                        message.raw_input_contents.push(reader.bytes());
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

        ModelInferRequest.InferInputTensor = (function() {

            /**
             * Properties of an InferInputTensor.
             * @typedef {Object} inference.ModelInferRequest.InferInputTensor.$Properties
             * @property {string|null} [name] InferInputTensor name
             * @property {string|null} [datatype] InferInputTensor datatype
             * @property {Array.<number>|null} [shape] InferInputTensor shape
             * @property {Object.<string,inference.InferParameter.$Properties>|null} [parameters] InferInputTensor parameters
             * @property {inference.InferTensorContents.$Properties|null} [contents] InferInputTensor contents
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an InferInputTensor.
             * @memberof inference.ModelInferRequest
             * @interface IInferInputTensor
             * @augments inference.ModelInferRequest.InferInputTensor.$Properties
             * @deprecated Use inference.ModelInferRequest.InferInputTensor.$Properties instead.
             */

            /**
             * Shape of an InferInputTensor.
             * @typedef {{
             *   name?: string|null;
             *   datatype?: string|null;
             *   shape?: Array.<number>|null;
             *   parameters?: Object.<string,inference.InferParameter.$Shape>|null;
             *   contents?: inference.InferTensorContents.$Shape|null;
             *   $unknowns?: Array.<Uint8Array>;
             * }} inference.ModelInferRequest.InferInputTensor.$Shape
             */

            /**
             * Constructs a new InferInputTensor.
             * @memberof inference.ModelInferRequest
             * @classdesc Represents an InferInputTensor.
             * @constructor
             * @param {inference.ModelInferRequest.InferInputTensor.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const InferInputTensor = function (properties) {
                this.shape = [];
                this.parameters = {};
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * InferInputTensor name.
             * @member {string} name
             * @memberof inference.ModelInferRequest.InferInputTensor
             * @instance
             */
            InferInputTensor.prototype.name = "";

            /**
             * InferInputTensor datatype.
             * @member {string} datatype
             * @memberof inference.ModelInferRequest.InferInputTensor
             * @instance
             */
            InferInputTensor.prototype.datatype = "";

            /**
             * InferInputTensor shape.
             * @member {Array.<number>} shape
             * @memberof inference.ModelInferRequest.InferInputTensor
             * @instance
             */
            InferInputTensor.prototype.shape = $util.emptyArray;

            /**
             * InferInputTensor parameters.
             * @member {Object.<string,inference.InferParameter.$Properties>} parameters
             * @memberof inference.ModelInferRequest.InferInputTensor
             * @instance
             */
            InferInputTensor.prototype.parameters = $util.emptyObject;

            /**
             * InferInputTensor contents.
             * @member {inference.InferTensorContents.$Properties|null|undefined} contents
             * @memberof inference.ModelInferRequest.InferInputTensor
             * @instance
             */
            InferInputTensor.prototype.contents = null;

            /**
             * Creates a new InferInputTensor instance using the specified properties.
             * @function create
             * @memberof inference.ModelInferRequest.InferInputTensor
             * @static
             * @param {inference.ModelInferRequest.InferInputTensor.$Properties=} [properties] Properties to set
             * @returns {inference.ModelInferRequest.InferInputTensor} InferInputTensor instance
             * @type {{
             *   (properties: inference.ModelInferRequest.InferInputTensor.$Shape): inference.ModelInferRequest.InferInputTensor & inference.ModelInferRequest.InferInputTensor.$Shape;
             *   (properties?: inference.ModelInferRequest.InferInputTensor.$Properties): inference.ModelInferRequest.InferInputTensor;
             * }}
             */
            InferInputTensor.create = function(properties) {
                return new InferInputTensor(properties);
            };

            /**
             * Encodes the specified InferInputTensor message. Does not implicitly {@link inference.ModelInferRequest.InferInputTensor.verify|verify} messages.
             * @function encode
             * @memberof inference.ModelInferRequest.InferInputTensor
             * @static
             * @param {inference.ModelInferRequest.InferInputTensor.$Properties} message InferInputTensor message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            InferInputTensor.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.datatype != null && $Object.hasOwnProperty.call(message, "datatype") && message.datatype !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.datatype);
                if (message.shape != null && message.shape.length)
                    writer.uint32(/* id 3, wireType 2 =*/26).int64s(message.shape);
                if (message.parameters != null && $Object.hasOwnProperty.call(message, "parameters"))
                    for (let keys = $Object.keys(message.parameters), i = 0; i < keys.length; ++i) {
                        writer.uint32(/* id 4, wireType 2 =*/34).fork().uint32(/* id 1, wireType 2 =*/10).string(keys[i]);
                        $root.inference.InferParameter.encode(message.parameters[keys[i]], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim().ldelim();
                    }
                if (message.contents != null && $Object.hasOwnProperty.call(message, "contents"))
                    $root.inference.InferTensorContents.encode(message.contents, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an InferInputTensor message from the specified reader or buffer.
             * @function decode
             * @memberof inference.ModelInferRequest.InferInputTensor
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {inference.ModelInferRequest.InferInputTensor & inference.ModelInferRequest.InferInputTensor.$Shape} InferInputTensor
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            InferInputTensor.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, key, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.inference.ModelInferRequest.InferInputTensor();
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
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.datatype = value;
                            else
                                delete message.datatype;
                            continue;
                        }
                    case 3: {
                            if (wireType === 2) {
                                if (!(message.shape && message.shape.length))
                                    message.shape = [];
                                reader.int64s(message.shape);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.shape && message.shape.length))
                                message.shape = [];
                            message.shape.push(reader.int64());
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if (message.parameters === $util.emptyObject)
                                message.parameters = {};
                            let end2 = reader.size() + reader.pos;
                            if (end2 > reader.len)
                                throw $RangeError("index out of range");
                            reader.len = end2;
                            key = "";
                            value = null;
                            while (reader.pos < end2) {
                                let tag2 = reader.tag();
                                wireType = tag2 & 7;
                                switch (tag2 >>>= 3) {
                                case 1:
                                    if (wireType !== 2)
                                        break;
                                    key = reader.stringVerify();
                                    continue;
                                case 2:
                                    if (wireType !== 2)
                                        break;
                                    value = $root.inference.InferParameter.decode(reader, reader.size(), $undefined, _depth + 1, value);
                                    continue;
                                }
                                reader.skipType(wireType, _depth, tag2);
                            }
                            if (reader.pos !== end2)
                                throw $RangeError("index out of range");
                            reader.len = end;
                            if (key === "__proto__")
                                $util.makeProp(message.parameters, key);
                            message.parameters[key] = value || new $root.inference.InferParameter();
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.contents = $root.inference.InferTensorContents.decode(reader, reader.size(), $undefined, _depth + 1, message.contents);
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

            return InferInputTensor;
        })();

        ModelInferRequest.InferRequestedOutputTensor = (function() {

            /**
             * Properties of an InferRequestedOutputTensor.
             * @typedef {Object} inference.ModelInferRequest.InferRequestedOutputTensor.$Properties
             * @property {string|null} [name] InferRequestedOutputTensor name
             * @property {Object.<string,inference.InferParameter.$Properties>|null} [parameters] InferRequestedOutputTensor parameters
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an InferRequestedOutputTensor.
             * @memberof inference.ModelInferRequest
             * @interface IInferRequestedOutputTensor
             * @augments inference.ModelInferRequest.InferRequestedOutputTensor.$Properties
             * @deprecated Use inference.ModelInferRequest.InferRequestedOutputTensor.$Properties instead.
             */

            /**
             * Shape of an InferRequestedOutputTensor.
             * @typedef {{
             *   name?: string|null;
             *   parameters?: Object.<string,inference.InferParameter.$Shape>|null;
             *   $unknowns?: Array.<Uint8Array>;
             * }} inference.ModelInferRequest.InferRequestedOutputTensor.$Shape
             */

            /**
             * Constructs a new InferRequestedOutputTensor.
             * @memberof inference.ModelInferRequest
             * @classdesc Represents an InferRequestedOutputTensor.
             * @constructor
             * @param {inference.ModelInferRequest.InferRequestedOutputTensor.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const InferRequestedOutputTensor = function (properties) {
                this.parameters = {};
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * InferRequestedOutputTensor name.
             * @member {string} name
             * @memberof inference.ModelInferRequest.InferRequestedOutputTensor
             * @instance
             */
            InferRequestedOutputTensor.prototype.name = "";

            /**
             * InferRequestedOutputTensor parameters.
             * @member {Object.<string,inference.InferParameter.$Properties>} parameters
             * @memberof inference.ModelInferRequest.InferRequestedOutputTensor
             * @instance
             */
            InferRequestedOutputTensor.prototype.parameters = $util.emptyObject;

            /**
             * Creates a new InferRequestedOutputTensor instance using the specified properties.
             * @function create
             * @memberof inference.ModelInferRequest.InferRequestedOutputTensor
             * @static
             * @param {inference.ModelInferRequest.InferRequestedOutputTensor.$Properties=} [properties] Properties to set
             * @returns {inference.ModelInferRequest.InferRequestedOutputTensor} InferRequestedOutputTensor instance
             * @type {{
             *   (properties: inference.ModelInferRequest.InferRequestedOutputTensor.$Shape): inference.ModelInferRequest.InferRequestedOutputTensor & inference.ModelInferRequest.InferRequestedOutputTensor.$Shape;
             *   (properties?: inference.ModelInferRequest.InferRequestedOutputTensor.$Properties): inference.ModelInferRequest.InferRequestedOutputTensor;
             * }}
             */
            InferRequestedOutputTensor.create = function(properties) {
                return new InferRequestedOutputTensor(properties);
            };

            /**
             * Encodes the specified InferRequestedOutputTensor message. Does not implicitly {@link inference.ModelInferRequest.InferRequestedOutputTensor.verify|verify} messages.
             * @function encode
             * @memberof inference.ModelInferRequest.InferRequestedOutputTensor
             * @static
             * @param {inference.ModelInferRequest.InferRequestedOutputTensor.$Properties} message InferRequestedOutputTensor message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            InferRequestedOutputTensor.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.parameters != null && $Object.hasOwnProperty.call(message, "parameters"))
                    for (let keys = $Object.keys(message.parameters), i = 0; i < keys.length; ++i) {
                        writer.uint32(/* id 2, wireType 2 =*/18).fork().uint32(/* id 1, wireType 2 =*/10).string(keys[i]);
                        $root.inference.InferParameter.encode(message.parameters[keys[i]], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim().ldelim();
                    }
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an InferRequestedOutputTensor message from the specified reader or buffer.
             * @function decode
             * @memberof inference.ModelInferRequest.InferRequestedOutputTensor
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {inference.ModelInferRequest.InferRequestedOutputTensor & inference.ModelInferRequest.InferRequestedOutputTensor.$Shape} InferRequestedOutputTensor
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            InferRequestedOutputTensor.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, key, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.inference.ModelInferRequest.InferRequestedOutputTensor();
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
                            if (wireType !== 2)
                                break;
                            if (message.parameters === $util.emptyObject)
                                message.parameters = {};
                            let end2 = reader.size() + reader.pos;
                            if (end2 > reader.len)
                                throw $RangeError("index out of range");
                            reader.len = end2;
                            key = "";
                            value = null;
                            while (reader.pos < end2) {
                                let tag2 = reader.tag();
                                wireType = tag2 & 7;
                                switch (tag2 >>>= 3) {
                                case 1:
                                    if (wireType !== 2)
                                        break;
                                    key = reader.stringVerify();
                                    continue;
                                case 2:
                                    if (wireType !== 2)
                                        break;
                                    value = $root.inference.InferParameter.decode(reader, reader.size(), $undefined, _depth + 1, value);
                                    continue;
                                }
                                reader.skipType(wireType, _depth, tag2);
                            }
                            if (reader.pos !== end2)
                                throw $RangeError("index out of range");
                            reader.len = end;
                            if (key === "__proto__")
                                $util.makeProp(message.parameters, key);
                            message.parameters[key] = value || new $root.inference.InferParameter();
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

            return InferRequestedOutputTensor;
        })();

        return ModelInferRequest;
    })();

    inference.ModelInferResponse = (function() {

        /**
         * Properties of a ModelInferResponse.
         * @typedef {Object} inference.ModelInferResponse.$Properties
         * @property {string|null} [model_name] ModelInferResponse model_name
         * @property {string|null} [model_version] ModelInferResponse model_version
         * @property {string|null} [id] ModelInferResponse id
         * @property {Object.<string,inference.InferParameter.$Properties>|null} [parameters] ModelInferResponse parameters
         * @property {Array.<inference.ModelInferResponse.InferOutputTensor.$Properties>|null} [outputs] ModelInferResponse outputs
         * @property {Array.<Uint8Array>|null} [raw_output_contents] ModelInferResponse raw_output_contents
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelInferResponse.
         * @memberof inference
         * @interface IModelInferResponse
         * @augments inference.ModelInferResponse.$Properties
         * @deprecated Use inference.ModelInferResponse.$Properties instead.
         */

        /**
         * Shape of a ModelInferResponse.
         * @typedef {{
         *   model_name?: string|null;
         *   model_version?: string|null;
         *   id?: string|null;
         *   parameters?: Object.<string,inference.InferParameter.$Shape>|null;
         *   outputs?: Array.<inference.ModelInferResponse.InferOutputTensor.$Shape>|null;
         *   raw_output_contents?: Array.<Uint8Array>|null;
         *   $unknowns?: Array.<Uint8Array>;
         * }} inference.ModelInferResponse.$Shape
         */

        /**
         * Constructs a new ModelInferResponse.
         * @memberof inference
         * @classdesc Represents a ModelInferResponse.
         * @constructor
         * @param {inference.ModelInferResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelInferResponse = function (properties) {
            this.parameters = {};
            this.outputs = [];
            this.raw_output_contents = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelInferResponse model_name.
         * @member {string} model_name
         * @memberof inference.ModelInferResponse
         * @instance
         */
        ModelInferResponse.prototype.model_name = "";

        /**
         * ModelInferResponse model_version.
         * @member {string} model_version
         * @memberof inference.ModelInferResponse
         * @instance
         */
        ModelInferResponse.prototype.model_version = "";

        /**
         * ModelInferResponse id.
         * @member {string} id
         * @memberof inference.ModelInferResponse
         * @instance
         */
        ModelInferResponse.prototype.id = "";

        /**
         * ModelInferResponse parameters.
         * @member {Object.<string,inference.InferParameter.$Properties>} parameters
         * @memberof inference.ModelInferResponse
         * @instance
         */
        ModelInferResponse.prototype.parameters = $util.emptyObject;

        /**
         * ModelInferResponse outputs.
         * @member {Array.<inference.ModelInferResponse.InferOutputTensor.$Properties>} outputs
         * @memberof inference.ModelInferResponse
         * @instance
         */
        ModelInferResponse.prototype.outputs = $util.emptyArray;

        /**
         * ModelInferResponse raw_output_contents.
         * @member {Array.<Uint8Array>} raw_output_contents
         * @memberof inference.ModelInferResponse
         * @instance
         */
        ModelInferResponse.prototype.raw_output_contents = $util.emptyArray;

        /**
         * Creates a new ModelInferResponse instance using the specified properties.
         * @function create
         * @memberof inference.ModelInferResponse
         * @static
         * @param {inference.ModelInferResponse.$Properties=} [properties] Properties to set
         * @returns {inference.ModelInferResponse} ModelInferResponse instance
         * @type {{
         *   (properties: inference.ModelInferResponse.$Shape): inference.ModelInferResponse & inference.ModelInferResponse.$Shape;
         *   (properties?: inference.ModelInferResponse.$Properties): inference.ModelInferResponse;
         * }}
         */
        ModelInferResponse.create = function(properties) {
            return new ModelInferResponse(properties);
        };

        /**
         * Encodes the specified ModelInferResponse message. Does not implicitly {@link inference.ModelInferResponse.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelInferResponse
         * @static
         * @param {inference.ModelInferResponse.$Properties} message ModelInferResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelInferResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.model_name != null && $Object.hasOwnProperty.call(message, "model_name") && message.model_name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.model_name);
            if (message.model_version != null && $Object.hasOwnProperty.call(message, "model_version") && message.model_version !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.model_version);
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
                writer.uint32(/* id 3, wireType 2 =*/26).string(message.id);
            if (message.parameters != null && $Object.hasOwnProperty.call(message, "parameters"))
                for (let keys = $Object.keys(message.parameters), i = 0; i < keys.length; ++i) {
                    writer.uint32(/* id 4, wireType 2 =*/34).fork().uint32(/* id 1, wireType 2 =*/10).string(keys[i]);
                    $root.inference.InferParameter.encode(message.parameters[keys[i]], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim().ldelim();
                }
            if (message.outputs != null && message.outputs.length)
                for (let i = 0; i < message.outputs.length; ++i)
                    $root.inference.ModelInferResponse.InferOutputTensor.encode(message.outputs[i], writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
            if (message.raw_output_contents != null && message.raw_output_contents.length)
                for (let i = 0; i < message.raw_output_contents.length; ++i)
                    writer.uint32(/* id 6, wireType 2 =*/50).bytes(message.raw_output_contents[i]);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelInferResponse message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelInferResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelInferResponse & inference.ModelInferResponse.$Shape} ModelInferResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelInferResponse.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, key, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.inference.ModelInferResponse();
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
                            message.model_name = value;
                        else
                            delete message.model_name;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.model_version = value;
                        else
                            delete message.model_version;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if (message.parameters === $util.emptyObject)
                            message.parameters = {};
                        let end2 = reader.size() + reader.pos;
                        if (end2 > reader.len)
                            throw $RangeError("index out of range");
                        reader.len = end2;
                        key = "";
                        value = null;
                        while (reader.pos < end2) {
                            let tag2 = reader.tag();
                            wireType = tag2 & 7;
                            switch (tag2 >>>= 3) {
                            case 1:
                                if (wireType !== 2)
                                    break;
                                key = reader.stringVerify();
                                continue;
                            case 2:
                                if (wireType !== 2)
                                    break;
                                value = $root.inference.InferParameter.decode(reader, reader.size(), $undefined, _depth + 1, value);
                                continue;
                            }
                            reader.skipType(wireType, _depth, tag2);
                        }
                        if (reader.pos !== end2)
                            throw $RangeError("index out of range");
                        reader.len = end;
                        if (key === "__proto__")
                            $util.makeProp(message.parameters, key);
                        message.parameters[key] = value || new $root.inference.InferParameter();
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if (!(message.outputs && message.outputs.length))
                            message.outputs = [];
                        message.outputs.push($root.inference.ModelInferResponse.InferOutputTensor.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if (!(message.raw_output_contents && message.raw_output_contents.length))
                            message.raw_output_contents = [];
                        message.raw_output_contents.push(reader.bytes());
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

        ModelInferResponse.InferOutputTensor = (function() {

            /**
             * Properties of an InferOutputTensor.
             * @typedef {Object} inference.ModelInferResponse.InferOutputTensor.$Properties
             * @property {string|null} [name] InferOutputTensor name
             * @property {string|null} [datatype] InferOutputTensor datatype
             * @property {Array.<number>|null} [shape] InferOutputTensor shape
             * @property {Object.<string,inference.InferParameter.$Properties>|null} [parameters] InferOutputTensor parameters
             * @property {inference.InferTensorContents.$Properties|null} [contents] InferOutputTensor contents
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an InferOutputTensor.
             * @memberof inference.ModelInferResponse
             * @interface IInferOutputTensor
             * @augments inference.ModelInferResponse.InferOutputTensor.$Properties
             * @deprecated Use inference.ModelInferResponse.InferOutputTensor.$Properties instead.
             */

            /**
             * Shape of an InferOutputTensor.
             * @typedef {{
             *   name?: string|null;
             *   datatype?: string|null;
             *   shape?: Array.<number>|null;
             *   parameters?: Object.<string,inference.InferParameter.$Shape>|null;
             *   contents?: inference.InferTensorContents.$Shape|null;
             *   $unknowns?: Array.<Uint8Array>;
             * }} inference.ModelInferResponse.InferOutputTensor.$Shape
             */

            /**
             * Constructs a new InferOutputTensor.
             * @memberof inference.ModelInferResponse
             * @classdesc Represents an InferOutputTensor.
             * @constructor
             * @param {inference.ModelInferResponse.InferOutputTensor.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const InferOutputTensor = function (properties) {
                this.shape = [];
                this.parameters = {};
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * InferOutputTensor name.
             * @member {string} name
             * @memberof inference.ModelInferResponse.InferOutputTensor
             * @instance
             */
            InferOutputTensor.prototype.name = "";

            /**
             * InferOutputTensor datatype.
             * @member {string} datatype
             * @memberof inference.ModelInferResponse.InferOutputTensor
             * @instance
             */
            InferOutputTensor.prototype.datatype = "";

            /**
             * InferOutputTensor shape.
             * @member {Array.<number>} shape
             * @memberof inference.ModelInferResponse.InferOutputTensor
             * @instance
             */
            InferOutputTensor.prototype.shape = $util.emptyArray;

            /**
             * InferOutputTensor parameters.
             * @member {Object.<string,inference.InferParameter.$Properties>} parameters
             * @memberof inference.ModelInferResponse.InferOutputTensor
             * @instance
             */
            InferOutputTensor.prototype.parameters = $util.emptyObject;

            /**
             * InferOutputTensor contents.
             * @member {inference.InferTensorContents.$Properties|null|undefined} contents
             * @memberof inference.ModelInferResponse.InferOutputTensor
             * @instance
             */
            InferOutputTensor.prototype.contents = null;

            /**
             * Creates a new InferOutputTensor instance using the specified properties.
             * @function create
             * @memberof inference.ModelInferResponse.InferOutputTensor
             * @static
             * @param {inference.ModelInferResponse.InferOutputTensor.$Properties=} [properties] Properties to set
             * @returns {inference.ModelInferResponse.InferOutputTensor} InferOutputTensor instance
             * @type {{
             *   (properties: inference.ModelInferResponse.InferOutputTensor.$Shape): inference.ModelInferResponse.InferOutputTensor & inference.ModelInferResponse.InferOutputTensor.$Shape;
             *   (properties?: inference.ModelInferResponse.InferOutputTensor.$Properties): inference.ModelInferResponse.InferOutputTensor;
             * }}
             */
            InferOutputTensor.create = function(properties) {
                return new InferOutputTensor(properties);
            };

            /**
             * Encodes the specified InferOutputTensor message. Does not implicitly {@link inference.ModelInferResponse.InferOutputTensor.verify|verify} messages.
             * @function encode
             * @memberof inference.ModelInferResponse.InferOutputTensor
             * @static
             * @param {inference.ModelInferResponse.InferOutputTensor.$Properties} message InferOutputTensor message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            InferOutputTensor.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.datatype != null && $Object.hasOwnProperty.call(message, "datatype") && message.datatype !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.datatype);
                if (message.shape != null && message.shape.length)
                    writer.uint32(/* id 3, wireType 2 =*/26).int64s(message.shape);
                if (message.parameters != null && $Object.hasOwnProperty.call(message, "parameters"))
                    for (let keys = $Object.keys(message.parameters), i = 0; i < keys.length; ++i) {
                        writer.uint32(/* id 4, wireType 2 =*/34).fork().uint32(/* id 1, wireType 2 =*/10).string(keys[i]);
                        $root.inference.InferParameter.encode(message.parameters[keys[i]], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim().ldelim();
                    }
                if (message.contents != null && $Object.hasOwnProperty.call(message, "contents"))
                    $root.inference.InferTensorContents.encode(message.contents, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an InferOutputTensor message from the specified reader or buffer.
             * @function decode
             * @memberof inference.ModelInferResponse.InferOutputTensor
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {inference.ModelInferResponse.InferOutputTensor & inference.ModelInferResponse.InferOutputTensor.$Shape} InferOutputTensor
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            InferOutputTensor.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, key, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.inference.ModelInferResponse.InferOutputTensor();
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
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.datatype = value;
                            else
                                delete message.datatype;
                            continue;
                        }
                    case 3: {
                            if (wireType === 2) {
                                if (!(message.shape && message.shape.length))
                                    message.shape = [];
                                reader.int64s(message.shape);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.shape && message.shape.length))
                                message.shape = [];
                            message.shape.push(reader.int64());
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if (message.parameters === $util.emptyObject)
                                message.parameters = {};
                            let end2 = reader.size() + reader.pos;
                            if (end2 > reader.len)
                                throw $RangeError("index out of range");
                            reader.len = end2;
                            key = "";
                            value = null;
                            while (reader.pos < end2) {
                                let tag2 = reader.tag();
                                wireType = tag2 & 7;
                                switch (tag2 >>>= 3) {
                                case 1:
                                    if (wireType !== 2)
                                        break;
                                    key = reader.stringVerify();
                                    continue;
                                case 2:
                                    if (wireType !== 2)
                                        break;
                                    value = $root.inference.InferParameter.decode(reader, reader.size(), $undefined, _depth + 1, value);
                                    continue;
                                }
                                reader.skipType(wireType, _depth, tag2);
                            }
                            if (reader.pos !== end2)
                                throw $RangeError("index out of range");
                            reader.len = end;
                            if (key === "__proto__")
                                $util.makeProp(message.parameters, key);
                            message.parameters[key] = value || new $root.inference.InferParameter();
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.contents = $root.inference.InferTensorContents.decode(reader, reader.size(), $undefined, _depth + 1, message.contents);
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

            return InferOutputTensor;
        })();

        return ModelInferResponse;
    })();

    inference.ModelStreamInferResponse = (function() {

        /**
         * Properties of a ModelStreamInferResponse.
         * @typedef {Object} inference.ModelStreamInferResponse.$Properties
         * @property {string|null} [error_message] ModelStreamInferResponse error_message
         * @property {inference.ModelInferResponse.$Properties|null} [infer_response] ModelStreamInferResponse infer_response
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelStreamInferResponse.
         * @memberof inference
         * @interface IModelStreamInferResponse
         * @augments inference.ModelStreamInferResponse.$Properties
         * @deprecated Use inference.ModelStreamInferResponse.$Properties instead.
         */

        /**
         * Shape of a ModelStreamInferResponse.
         * @typedef {{
         *   error_message?: string|null;
         *   infer_response?: inference.ModelInferResponse.$Shape|null;
         *   $unknowns?: Array.<Uint8Array>;
         * }} inference.ModelStreamInferResponse.$Shape
         */

        /**
         * Constructs a new ModelStreamInferResponse.
         * @memberof inference
         * @classdesc Represents a ModelStreamInferResponse.
         * @constructor
         * @param {inference.ModelStreamInferResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelStreamInferResponse = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelStreamInferResponse error_message.
         * @member {string} error_message
         * @memberof inference.ModelStreamInferResponse
         * @instance
         */
        ModelStreamInferResponse.prototype.error_message = "";

        /**
         * ModelStreamInferResponse infer_response.
         * @member {inference.ModelInferResponse.$Properties|null|undefined} infer_response
         * @memberof inference.ModelStreamInferResponse
         * @instance
         */
        ModelStreamInferResponse.prototype.infer_response = null;

        /**
         * Creates a new ModelStreamInferResponse instance using the specified properties.
         * @function create
         * @memberof inference.ModelStreamInferResponse
         * @static
         * @param {inference.ModelStreamInferResponse.$Properties=} [properties] Properties to set
         * @returns {inference.ModelStreamInferResponse} ModelStreamInferResponse instance
         * @type {{
         *   (properties: inference.ModelStreamInferResponse.$Shape): inference.ModelStreamInferResponse & inference.ModelStreamInferResponse.$Shape;
         *   (properties?: inference.ModelStreamInferResponse.$Properties): inference.ModelStreamInferResponse;
         * }}
         */
        ModelStreamInferResponse.create = function(properties) {
            return new ModelStreamInferResponse(properties);
        };

        /**
         * Encodes the specified ModelStreamInferResponse message. Does not implicitly {@link inference.ModelStreamInferResponse.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelStreamInferResponse
         * @static
         * @param {inference.ModelStreamInferResponse.$Properties} message ModelStreamInferResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelStreamInferResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.error_message != null && $Object.hasOwnProperty.call(message, "error_message") && message.error_message !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.error_message);
            if (message.infer_response != null && $Object.hasOwnProperty.call(message, "infer_response"))
                $root.inference.ModelInferResponse.encode(message.infer_response, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelStreamInferResponse message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelStreamInferResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelStreamInferResponse & inference.ModelStreamInferResponse.$Shape} ModelStreamInferResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelStreamInferResponse.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelStreamInferResponse();
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
                            message.error_message = value;
                        else
                            delete message.error_message;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.infer_response = $root.inference.ModelInferResponse.decode(reader, reader.size(), $undefined, _depth + 1, message.infer_response);
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

        return ModelStreamInferResponse;
    })();

    inference.ModelConfigRequest = (function() {

        /**
         * Properties of a ModelConfigRequest.
         * @typedef {Object} inference.ModelConfigRequest.$Properties
         * @property {string|null} [name] ModelConfigRequest name
         * @property {string|null} [version] ModelConfigRequest version
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelConfigRequest.
         * @memberof inference
         * @interface IModelConfigRequest
         * @augments inference.ModelConfigRequest.$Properties
         * @deprecated Use inference.ModelConfigRequest.$Properties instead.
         */

        /**
         * Shape of a ModelConfigRequest.
         * @typedef {inference.ModelConfigRequest.$Properties} inference.ModelConfigRequest.$Shape
         */

        /**
         * Constructs a new ModelConfigRequest.
         * @memberof inference
         * @classdesc Represents a ModelConfigRequest.
         * @constructor
         * @param {inference.ModelConfigRequest.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelConfigRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelConfigRequest name.
         * @member {string} name
         * @memberof inference.ModelConfigRequest
         * @instance
         */
        ModelConfigRequest.prototype.name = "";

        /**
         * ModelConfigRequest version.
         * @member {string} version
         * @memberof inference.ModelConfigRequest
         * @instance
         */
        ModelConfigRequest.prototype.version = "";

        /**
         * Creates a new ModelConfigRequest instance using the specified properties.
         * @function create
         * @memberof inference.ModelConfigRequest
         * @static
         * @param {inference.ModelConfigRequest.$Properties=} [properties] Properties to set
         * @returns {inference.ModelConfigRequest} ModelConfigRequest instance
         * @type {{
         *   (properties: inference.ModelConfigRequest.$Shape): inference.ModelConfigRequest & inference.ModelConfigRequest.$Shape;
         *   (properties?: inference.ModelConfigRequest.$Properties): inference.ModelConfigRequest;
         * }}
         */
        ModelConfigRequest.create = function(properties) {
            return new ModelConfigRequest(properties);
        };

        /**
         * Encodes the specified ModelConfigRequest message. Does not implicitly {@link inference.ModelConfigRequest.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelConfigRequest
         * @static
         * @param {inference.ModelConfigRequest.$Properties} message ModelConfigRequest message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelConfigRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelConfigRequest message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelConfigRequest
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelConfigRequest & inference.ModelConfigRequest.$Shape} ModelConfigRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelConfigRequest.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelConfigRequest();
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
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.version = value;
                        else
                            delete message.version;
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

        return ModelConfigRequest;
    })();

    inference.ModelConfigResponse = (function() {

        /**
         * Properties of a ModelConfigResponse.
         * @typedef {Object} inference.ModelConfigResponse.$Properties
         * @property {inference.ModelConfig.$Properties|null} [config] ModelConfigResponse config
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelConfigResponse.
         * @memberof inference
         * @interface IModelConfigResponse
         * @augments inference.ModelConfigResponse.$Properties
         * @deprecated Use inference.ModelConfigResponse.$Properties instead.
         */

        /**
         * Shape of a ModelConfigResponse.
         * @typedef {{
         *   config?: inference.ModelConfig.$Shape|null;
         *   $unknowns?: Array.<Uint8Array>;
         * }} inference.ModelConfigResponse.$Shape
         */

        /**
         * Constructs a new ModelConfigResponse.
         * @memberof inference
         * @classdesc Represents a ModelConfigResponse.
         * @constructor
         * @param {inference.ModelConfigResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelConfigResponse = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelConfigResponse config.
         * @member {inference.ModelConfig.$Properties|null|undefined} config
         * @memberof inference.ModelConfigResponse
         * @instance
         */
        ModelConfigResponse.prototype.config = null;

        /**
         * Creates a new ModelConfigResponse instance using the specified properties.
         * @function create
         * @memberof inference.ModelConfigResponse
         * @static
         * @param {inference.ModelConfigResponse.$Properties=} [properties] Properties to set
         * @returns {inference.ModelConfigResponse} ModelConfigResponse instance
         * @type {{
         *   (properties: inference.ModelConfigResponse.$Shape): inference.ModelConfigResponse & inference.ModelConfigResponse.$Shape;
         *   (properties?: inference.ModelConfigResponse.$Properties): inference.ModelConfigResponse;
         * }}
         */
        ModelConfigResponse.create = function(properties) {
            return new ModelConfigResponse(properties);
        };

        /**
         * Encodes the specified ModelConfigResponse message. Does not implicitly {@link inference.ModelConfigResponse.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelConfigResponse
         * @static
         * @param {inference.ModelConfigResponse.$Properties} message ModelConfigResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelConfigResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.config != null && $Object.hasOwnProperty.call(message, "config"))
                $root.inference.ModelConfig.encode(message.config, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelConfigResponse message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelConfigResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelConfigResponse & inference.ModelConfigResponse.$Shape} ModelConfigResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelConfigResponse.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelConfigResponse();
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
                        message.config = $root.inference.ModelConfig.decode(reader, reader.size(), $undefined, _depth + 1, message.config);
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

        return ModelConfigResponse;
    })();

    /**
     * DataType enum.
     * @name inference.DataType
     * @enum {number}
     * @property {number} TYPE_INVALID=0 TYPE_INVALID value
     * @property {number} TYPE_BOOL=1 TYPE_BOOL value
     * @property {number} TYPE_UINT8=2 TYPE_UINT8 value
     * @property {number} TYPE_UINT16=3 TYPE_UINT16 value
     * @property {number} TYPE_UINT32=4 TYPE_UINT32 value
     * @property {number} TYPE_UINT64=5 TYPE_UINT64 value
     * @property {number} TYPE_INT8=6 TYPE_INT8 value
     * @property {number} TYPE_INT16=7 TYPE_INT16 value
     * @property {number} TYPE_INT32=8 TYPE_INT32 value
     * @property {number} TYPE_INT64=9 TYPE_INT64 value
     * @property {number} TYPE_FP16=10 TYPE_FP16 value
     * @property {number} TYPE_FP32=11 TYPE_FP32 value
     * @property {number} TYPE_FP64=12 TYPE_FP64 value
     * @property {number} TYPE_STRING=13 TYPE_STRING value
     */
    inference.DataType = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "TYPE_INVALID"] = 0;
        values[valuesById[1] = "TYPE_BOOL"] = 1;
        values[valuesById[2] = "TYPE_UINT8"] = 2;
        values[valuesById[3] = "TYPE_UINT16"] = 3;
        values[valuesById[4] = "TYPE_UINT32"] = 4;
        values[valuesById[5] = "TYPE_UINT64"] = 5;
        values[valuesById[6] = "TYPE_INT8"] = 6;
        values[valuesById[7] = "TYPE_INT16"] = 7;
        values[valuesById[8] = "TYPE_INT32"] = 8;
        values[valuesById[9] = "TYPE_INT64"] = 9;
        values[valuesById[10] = "TYPE_FP16"] = 10;
        values[valuesById[11] = "TYPE_FP32"] = 11;
        values[valuesById[12] = "TYPE_FP64"] = 12;
        values[valuesById[13] = "TYPE_STRING"] = 13;
        return values;
    })();

    inference.ModelInput = (function() {

        /**
         * Properties of a ModelInput.
         * @typedef {Object} inference.ModelInput.$Properties
         * @property {string|null} [name] ModelInput name
         * @property {inference.DataType|null} [data_type] ModelInput data_type
         * @property {Array.<number>|null} [dims] ModelInput dims
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelInput.
         * @memberof inference
         * @interface IModelInput
         * @augments inference.ModelInput.$Properties
         * @deprecated Use inference.ModelInput.$Properties instead.
         */

        /**
         * Shape of a ModelInput.
         * @typedef {inference.ModelInput.$Properties} inference.ModelInput.$Shape
         */

        /**
         * Constructs a new ModelInput.
         * @memberof inference
         * @classdesc Represents a ModelInput.
         * @constructor
         * @param {inference.ModelInput.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelInput = function (properties) {
            this.dims = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelInput name.
         * @member {string} name
         * @memberof inference.ModelInput
         * @instance
         */
        ModelInput.prototype.name = "";

        /**
         * ModelInput data_type.
         * @member {inference.DataType} data_type
         * @memberof inference.ModelInput
         * @instance
         */
        ModelInput.prototype.data_type = 0;

        /**
         * ModelInput dims.
         * @member {Array.<number>} dims
         * @memberof inference.ModelInput
         * @instance
         */
        ModelInput.prototype.dims = $util.emptyArray;

        /**
         * Creates a new ModelInput instance using the specified properties.
         * @function create
         * @memberof inference.ModelInput
         * @static
         * @param {inference.ModelInput.$Properties=} [properties] Properties to set
         * @returns {inference.ModelInput} ModelInput instance
         * @type {{
         *   (properties: inference.ModelInput.$Shape): inference.ModelInput & inference.ModelInput.$Shape;
         *   (properties?: inference.ModelInput.$Properties): inference.ModelInput;
         * }}
         */
        ModelInput.create = function(properties) {
            return new ModelInput(properties);
        };

        /**
         * Encodes the specified ModelInput message. Does not implicitly {@link inference.ModelInput.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelInput
         * @static
         * @param {inference.ModelInput.$Properties} message ModelInput message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelInput.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.data_type != null && $Object.hasOwnProperty.call(message, "data_type") && message.data_type !== 0)
                writer.uint32(/* id 2, wireType 0 =*/16).int32(message.data_type);
            if (message.dims != null && message.dims.length)
                writer.uint32(/* id 4, wireType 2 =*/34).int64s(message.dims);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelInput message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelInput
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelInput & inference.ModelInput.$Shape} ModelInput
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelInput.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelInput();
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
                        if (value = reader.int32())
                            message.data_type = value;
                        else
                            delete message.data_type;
                        continue;
                    }
                case 4: {
                        if (wireType === 2) {
                            if (!(message.dims && message.dims.length))
                                message.dims = [];
                            reader.int64s(message.dims);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.dims && message.dims.length))
                            message.dims = [];
                        message.dims.push(reader.int64());
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

        return ModelInput;
    })();

    inference.ModelOutput = (function() {

        /**
         * Properties of a ModelOutput.
         * @typedef {Object} inference.ModelOutput.$Properties
         * @property {string|null} [name] ModelOutput name
         * @property {inference.DataType|null} [data_type] ModelOutput data_type
         * @property {Array.<number>|null} [dims] ModelOutput dims
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelOutput.
         * @memberof inference
         * @interface IModelOutput
         * @augments inference.ModelOutput.$Properties
         * @deprecated Use inference.ModelOutput.$Properties instead.
         */

        /**
         * Shape of a ModelOutput.
         * @typedef {inference.ModelOutput.$Properties} inference.ModelOutput.$Shape
         */

        /**
         * Constructs a new ModelOutput.
         * @memberof inference
         * @classdesc Represents a ModelOutput.
         * @constructor
         * @param {inference.ModelOutput.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelOutput = function (properties) {
            this.dims = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelOutput name.
         * @member {string} name
         * @memberof inference.ModelOutput
         * @instance
         */
        ModelOutput.prototype.name = "";

        /**
         * ModelOutput data_type.
         * @member {inference.DataType} data_type
         * @memberof inference.ModelOutput
         * @instance
         */
        ModelOutput.prototype.data_type = 0;

        /**
         * ModelOutput dims.
         * @member {Array.<number>} dims
         * @memberof inference.ModelOutput
         * @instance
         */
        ModelOutput.prototype.dims = $util.emptyArray;

        /**
         * Creates a new ModelOutput instance using the specified properties.
         * @function create
         * @memberof inference.ModelOutput
         * @static
         * @param {inference.ModelOutput.$Properties=} [properties] Properties to set
         * @returns {inference.ModelOutput} ModelOutput instance
         * @type {{
         *   (properties: inference.ModelOutput.$Shape): inference.ModelOutput & inference.ModelOutput.$Shape;
         *   (properties?: inference.ModelOutput.$Properties): inference.ModelOutput;
         * }}
         */
        ModelOutput.create = function(properties) {
            return new ModelOutput(properties);
        };

        /**
         * Encodes the specified ModelOutput message. Does not implicitly {@link inference.ModelOutput.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelOutput
         * @static
         * @param {inference.ModelOutput.$Properties} message ModelOutput message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelOutput.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.data_type != null && $Object.hasOwnProperty.call(message, "data_type") && message.data_type !== 0)
                writer.uint32(/* id 2, wireType 0 =*/16).int32(message.data_type);
            if (message.dims != null && message.dims.length)
                writer.uint32(/* id 3, wireType 2 =*/26).int64s(message.dims);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelOutput message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelOutput
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelOutput & inference.ModelOutput.$Shape} ModelOutput
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelOutput.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelOutput();
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
                        if (value = reader.int32())
                            message.data_type = value;
                        else
                            delete message.data_type;
                        continue;
                    }
                case 3: {
                        if (wireType === 2) {
                            if (!(message.dims && message.dims.length))
                                message.dims = [];
                            reader.int64s(message.dims);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.dims && message.dims.length))
                            message.dims = [];
                        message.dims.push(reader.int64());
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

        return ModelOutput;
    })();

    inference.ModelDynamicBatching = (function() {

        /**
         * Properties of a ModelDynamicBatching.
         * @typedef {Object} inference.ModelDynamicBatching.$Properties
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelDynamicBatching.
         * @memberof inference
         * @interface IModelDynamicBatching
         * @augments inference.ModelDynamicBatching.$Properties
         * @deprecated Use inference.ModelDynamicBatching.$Properties instead.
         */

        /**
         * Shape of a ModelDynamicBatching.
         * @typedef {inference.ModelDynamicBatching.$Properties} inference.ModelDynamicBatching.$Shape
         */

        /**
         * Constructs a new ModelDynamicBatching.
         * @memberof inference
         * @classdesc Represents a ModelDynamicBatching.
         * @constructor
         * @param {inference.ModelDynamicBatching.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelDynamicBatching = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * Creates a new ModelDynamicBatching instance using the specified properties.
         * @function create
         * @memberof inference.ModelDynamicBatching
         * @static
         * @param {inference.ModelDynamicBatching.$Properties=} [properties] Properties to set
         * @returns {inference.ModelDynamicBatching} ModelDynamicBatching instance
         * @type {{
         *   (properties: inference.ModelDynamicBatching.$Shape): inference.ModelDynamicBatching & inference.ModelDynamicBatching.$Shape;
         *   (properties?: inference.ModelDynamicBatching.$Properties): inference.ModelDynamicBatching;
         * }}
         */
        ModelDynamicBatching.create = function(properties) {
            return new ModelDynamicBatching(properties);
        };

        /**
         * Encodes the specified ModelDynamicBatching message. Does not implicitly {@link inference.ModelDynamicBatching.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelDynamicBatching
         * @static
         * @param {inference.ModelDynamicBatching.$Properties} message ModelDynamicBatching message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelDynamicBatching.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelDynamicBatching message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelDynamicBatching
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelDynamicBatching & inference.ModelDynamicBatching.$Shape} ModelDynamicBatching
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelDynamicBatching.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.inference.ModelDynamicBatching();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                reader.skipType(tag & 7, _depth, tag);
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

        return ModelDynamicBatching;
    })();

    inference.ModelConfig = (function() {

        /**
         * Properties of a ModelConfig.
         * @typedef {Object} inference.ModelConfig.$Properties
         * @property {string|null} [name] ModelConfig name
         * @property {string|null} [platform] ModelConfig platform
         * @property {number|null} [max_batch_size] ModelConfig max_batch_size
         * @property {Array.<inference.ModelInput.$Properties>|null} [input] ModelConfig input
         * @property {Array.<inference.ModelOutput.$Properties>|null} [output] ModelConfig output
         * @property {inference.ModelDynamicBatching.$Properties|null} [dynamic_batching] ModelConfig dynamic_batching
         * @property {string|null} [backend] ModelConfig backend
         * @property {"dynamic_batching"} [scheduling_choice] ModelConfig scheduling_choice
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelConfig.
         * @memberof inference
         * @interface IModelConfig
         * @augments inference.ModelConfig.$Properties
         * @deprecated Use inference.ModelConfig.$Properties instead.
         */

        /**
         * Narrowed shape of a ModelConfig.
         * @typedef {{
         *   name?: string|null;
         *   platform?: string|null;
         *   max_batch_size?: number|null;
         *   input?: Array.<inference.ModelInput.$Shape>|null;
         *   output?: Array.<inference.ModelOutput.$Shape>|null;
         *   dynamic_batching?: inference.ModelDynamicBatching.$Shape|null;
         *   backend?: string|null;
         *   $unknowns?: Array.<Uint8Array>;
         * } & (
         *   ({ scheduling_choice?: undefined; dynamic_batching?: null }|{ scheduling_choice?: "dynamic_batching"; dynamic_batching: inference.ModelDynamicBatching.$Shape })
         * )} inference.ModelConfig.$Shape
         */

        /**
         * Constructs a new ModelConfig.
         * @memberof inference
         * @classdesc Represents a ModelConfig.
         * @constructor
         * @param {inference.ModelConfig.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelConfig = function (properties) {
            this.input = [];
            this.output = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelConfig name.
         * @member {string} name
         * @memberof inference.ModelConfig
         * @instance
         */
        ModelConfig.prototype.name = "";

        /**
         * ModelConfig platform.
         * @member {string} platform
         * @memberof inference.ModelConfig
         * @instance
         */
        ModelConfig.prototype.platform = "";

        /**
         * ModelConfig max_batch_size.
         * @member {number} max_batch_size
         * @memberof inference.ModelConfig
         * @instance
         */
        ModelConfig.prototype.max_batch_size = 0;

        /**
         * ModelConfig input.
         * @member {Array.<inference.ModelInput.$Properties>} input
         * @memberof inference.ModelConfig
         * @instance
         */
        ModelConfig.prototype.input = $util.emptyArray;

        /**
         * ModelConfig output.
         * @member {Array.<inference.ModelOutput.$Properties>} output
         * @memberof inference.ModelConfig
         * @instance
         */
        ModelConfig.prototype.output = $util.emptyArray;

        /**
         * ModelConfig dynamic_batching.
         * @member {inference.ModelDynamicBatching.$Properties|null|undefined} dynamic_batching
         * @memberof inference.ModelConfig
         * @instance
         */
        ModelConfig.prototype.dynamic_batching = null;

        /**
         * ModelConfig backend.
         * @member {string} backend
         * @memberof inference.ModelConfig
         * @instance
         */
        ModelConfig.prototype.backend = "";

        // OneOf field names bound to virtual getters and setters
        let $oneOfFields;

        /**
         * ModelConfig scheduling_choice.
         * @member {"dynamic_batching"|undefined} scheduling_choice
         * @memberof inference.ModelConfig
         * @instance
         */
        $Object.defineProperty(ModelConfig.prototype, "scheduling_choice", {
            get: $util.oneOfGetter($oneOfFields = ["dynamic_batching"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        /**
         * Creates a new ModelConfig instance using the specified properties.
         * @function create
         * @memberof inference.ModelConfig
         * @static
         * @param {inference.ModelConfig.$Properties=} [properties] Properties to set
         * @returns {inference.ModelConfig} ModelConfig instance
         * @type {{
         *   (properties: inference.ModelConfig.$Shape): inference.ModelConfig & inference.ModelConfig.$Shape;
         *   (properties?: inference.ModelConfig.$Properties): inference.ModelConfig;
         * }}
         */
        ModelConfig.create = function(properties) {
            return new ModelConfig(properties);
        };

        /**
         * Encodes the specified ModelConfig message. Does not implicitly {@link inference.ModelConfig.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelConfig
         * @static
         * @param {inference.ModelConfig.$Properties} message ModelConfig message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelConfig.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.platform != null && $Object.hasOwnProperty.call(message, "platform") && message.platform !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.platform);
            if (message.max_batch_size != null && $Object.hasOwnProperty.call(message, "max_batch_size") && message.max_batch_size !== 0)
                writer.uint32(/* id 4, wireType 0 =*/32).int32(message.max_batch_size);
            if (message.input != null && message.input.length)
                for (let i = 0; i < message.input.length; ++i)
                    $root.inference.ModelInput.encode(message.input[i], writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
            if (message.output != null && message.output.length)
                for (let i = 0; i < message.output.length; ++i)
                    $root.inference.ModelOutput.encode(message.output[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
            if (message.dynamic_batching != null && $Object.hasOwnProperty.call(message, "dynamic_batching"))
                $root.inference.ModelDynamicBatching.encode(message.dynamic_batching, writer.uint32(/* id 11, wireType 2 =*/90).fork(), _depth + 1).ldelim();
            if (message.backend != null && $Object.hasOwnProperty.call(message, "backend") && message.backend !== "")
                writer.uint32(/* id 17, wireType 2 =*/138).string(message.backend);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelConfig message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelConfig
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelConfig & inference.ModelConfig.$Shape} ModelConfig
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelConfig.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelConfig();
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
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.platform = value;
                        else
                            delete message.platform;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.max_batch_size = value;
                        else
                            delete message.max_batch_size;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if (!(message.input && message.input.length))
                            message.input = [];
                        message.input.push($root.inference.ModelInput.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if (!(message.output && message.output.length))
                            message.output = [];
                        message.output.push($root.inference.ModelOutput.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 11: {
                        if (wireType !== 2)
                            break;
                        message.dynamic_batching = $root.inference.ModelDynamicBatching.decode(reader, reader.size(), $undefined, _depth + 1, message.dynamic_batching);
                        message.scheduling_choice = "dynamic_batching";
                        continue;
                    }
                case 17: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.backend = value;
                        else
                            delete message.backend;
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

        return ModelConfig;
    })();

    inference.ModelStatisticsRequest = (function() {

        /**
         * Properties of a ModelStatisticsRequest.
         * @typedef {Object} inference.ModelStatisticsRequest.$Properties
         * @property {string|null} [name] ModelStatisticsRequest name
         * @property {string|null} [version] ModelStatisticsRequest version
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelStatisticsRequest.
         * @memberof inference
         * @interface IModelStatisticsRequest
         * @augments inference.ModelStatisticsRequest.$Properties
         * @deprecated Use inference.ModelStatisticsRequest.$Properties instead.
         */

        /**
         * Shape of a ModelStatisticsRequest.
         * @typedef {inference.ModelStatisticsRequest.$Properties} inference.ModelStatisticsRequest.$Shape
         */

        /**
         * Constructs a new ModelStatisticsRequest.
         * @memberof inference
         * @classdesc Represents a ModelStatisticsRequest.
         * @constructor
         * @param {inference.ModelStatisticsRequest.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelStatisticsRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelStatisticsRequest name.
         * @member {string} name
         * @memberof inference.ModelStatisticsRequest
         * @instance
         */
        ModelStatisticsRequest.prototype.name = "";

        /**
         * ModelStatisticsRequest version.
         * @member {string} version
         * @memberof inference.ModelStatisticsRequest
         * @instance
         */
        ModelStatisticsRequest.prototype.version = "";

        /**
         * Creates a new ModelStatisticsRequest instance using the specified properties.
         * @function create
         * @memberof inference.ModelStatisticsRequest
         * @static
         * @param {inference.ModelStatisticsRequest.$Properties=} [properties] Properties to set
         * @returns {inference.ModelStatisticsRequest} ModelStatisticsRequest instance
         * @type {{
         *   (properties: inference.ModelStatisticsRequest.$Shape): inference.ModelStatisticsRequest & inference.ModelStatisticsRequest.$Shape;
         *   (properties?: inference.ModelStatisticsRequest.$Properties): inference.ModelStatisticsRequest;
         * }}
         */
        ModelStatisticsRequest.create = function(properties) {
            return new ModelStatisticsRequest(properties);
        };

        /**
         * Encodes the specified ModelStatisticsRequest message. Does not implicitly {@link inference.ModelStatisticsRequest.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelStatisticsRequest
         * @static
         * @param {inference.ModelStatisticsRequest.$Properties} message ModelStatisticsRequest message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelStatisticsRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelStatisticsRequest message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelStatisticsRequest
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelStatisticsRequest & inference.ModelStatisticsRequest.$Shape} ModelStatisticsRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelStatisticsRequest.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelStatisticsRequest();
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
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.version = value;
                        else
                            delete message.version;
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

        return ModelStatisticsRequest;
    })();

    inference.ModelStatisticsResponse = (function() {

        /**
         * Properties of a ModelStatisticsResponse.
         * @typedef {Object} inference.ModelStatisticsResponse.$Properties
         * @property {Array.<inference.ModelStatistics.$Properties>|null} [model_stats] ModelStatisticsResponse model_stats
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelStatisticsResponse.
         * @memberof inference
         * @interface IModelStatisticsResponse
         * @augments inference.ModelStatisticsResponse.$Properties
         * @deprecated Use inference.ModelStatisticsResponse.$Properties instead.
         */

        /**
         * Shape of a ModelStatisticsResponse.
         * @typedef {inference.ModelStatisticsResponse.$Properties} inference.ModelStatisticsResponse.$Shape
         */

        /**
         * Constructs a new ModelStatisticsResponse.
         * @memberof inference
         * @classdesc Represents a ModelStatisticsResponse.
         * @constructor
         * @param {inference.ModelStatisticsResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelStatisticsResponse = function (properties) {
            this.model_stats = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelStatisticsResponse model_stats.
         * @member {Array.<inference.ModelStatistics.$Properties>} model_stats
         * @memberof inference.ModelStatisticsResponse
         * @instance
         */
        ModelStatisticsResponse.prototype.model_stats = $util.emptyArray;

        /**
         * Creates a new ModelStatisticsResponse instance using the specified properties.
         * @function create
         * @memberof inference.ModelStatisticsResponse
         * @static
         * @param {inference.ModelStatisticsResponse.$Properties=} [properties] Properties to set
         * @returns {inference.ModelStatisticsResponse} ModelStatisticsResponse instance
         * @type {{
         *   (properties: inference.ModelStatisticsResponse.$Shape): inference.ModelStatisticsResponse & inference.ModelStatisticsResponse.$Shape;
         *   (properties?: inference.ModelStatisticsResponse.$Properties): inference.ModelStatisticsResponse;
         * }}
         */
        ModelStatisticsResponse.create = function(properties) {
            return new ModelStatisticsResponse(properties);
        };

        /**
         * Encodes the specified ModelStatisticsResponse message. Does not implicitly {@link inference.ModelStatisticsResponse.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelStatisticsResponse
         * @static
         * @param {inference.ModelStatisticsResponse.$Properties} message ModelStatisticsResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelStatisticsResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.model_stats != null && message.model_stats.length)
                for (let i = 0; i < message.model_stats.length; ++i)
                    $root.inference.ModelStatistics.encode(message.model_stats[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelStatisticsResponse message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelStatisticsResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelStatisticsResponse & inference.ModelStatisticsResponse.$Shape} ModelStatisticsResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelStatisticsResponse.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.inference.ModelStatisticsResponse();
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
                        if (!(message.model_stats && message.model_stats.length))
                            message.model_stats = [];
                        message.model_stats.push($root.inference.ModelStatistics.decode(reader, reader.size(), $undefined, _depth + 1));
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

        return ModelStatisticsResponse;
    })();

    inference.StatisticDuration = (function() {

        /**
         * Properties of a StatisticDuration.
         * @typedef {Object} inference.StatisticDuration.$Properties
         * @property {number|null} [count] StatisticDuration count
         * @property {number|null} [ns] StatisticDuration ns
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a StatisticDuration.
         * @memberof inference
         * @interface IStatisticDuration
         * @augments inference.StatisticDuration.$Properties
         * @deprecated Use inference.StatisticDuration.$Properties instead.
         */

        /**
         * Shape of a StatisticDuration.
         * @typedef {inference.StatisticDuration.$Properties} inference.StatisticDuration.$Shape
         */

        /**
         * Constructs a new StatisticDuration.
         * @memberof inference
         * @classdesc Represents a StatisticDuration.
         * @constructor
         * @param {inference.StatisticDuration.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const StatisticDuration = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * StatisticDuration count.
         * @member {number} count
         * @memberof inference.StatisticDuration
         * @instance
         */
        StatisticDuration.prototype.count = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        /**
         * StatisticDuration ns.
         * @member {number} ns
         * @memberof inference.StatisticDuration
         * @instance
         */
        StatisticDuration.prototype.ns = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        /**
         * Creates a new StatisticDuration instance using the specified properties.
         * @function create
         * @memberof inference.StatisticDuration
         * @static
         * @param {inference.StatisticDuration.$Properties=} [properties] Properties to set
         * @returns {inference.StatisticDuration} StatisticDuration instance
         * @type {{
         *   (properties: inference.StatisticDuration.$Shape): inference.StatisticDuration & inference.StatisticDuration.$Shape;
         *   (properties?: inference.StatisticDuration.$Properties): inference.StatisticDuration;
         * }}
         */
        StatisticDuration.create = function(properties) {
            return new StatisticDuration(properties);
        };

        /**
         * Encodes the specified StatisticDuration message. Does not implicitly {@link inference.StatisticDuration.verify|verify} messages.
         * @function encode
         * @memberof inference.StatisticDuration
         * @static
         * @param {inference.StatisticDuration.$Properties} message StatisticDuration message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        StatisticDuration.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.count != null && $Object.hasOwnProperty.call(message, "count") && (typeof message.count === "object" ? message.count.low || message.count.high : message.count !== 0))
                writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.count);
            if (message.ns != null && $Object.hasOwnProperty.call(message, "ns") && (typeof message.ns === "object" ? message.ns.low || message.ns.high : message.ns !== 0))
                writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.ns);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a StatisticDuration message from the specified reader or buffer.
         * @function decode
         * @memberof inference.StatisticDuration
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.StatisticDuration & inference.StatisticDuration.$Shape} StatisticDuration
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        StatisticDuration.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.StatisticDuration();
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
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.count = value;
                        else
                            delete message.count;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.ns = value;
                        else
                            delete message.ns;
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

        return StatisticDuration;
    })();

    inference.InferStatistics = (function() {

        /**
         * Properties of an InferStatistics.
         * @typedef {Object} inference.InferStatistics.$Properties
         * @property {inference.StatisticDuration.$Properties|null} [success] InferStatistics success
         * @property {inference.StatisticDuration.$Properties|null} [fail] InferStatistics fail
         * @property {inference.StatisticDuration.$Properties|null} [queue] InferStatistics queue
         * @property {inference.StatisticDuration.$Properties|null} [compute_input] InferStatistics compute_input
         * @property {inference.StatisticDuration.$Properties|null} [compute_infer] InferStatistics compute_infer
         * @property {inference.StatisticDuration.$Properties|null} [compute_output] InferStatistics compute_output
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of an InferStatistics.
         * @memberof inference
         * @interface IInferStatistics
         * @augments inference.InferStatistics.$Properties
         * @deprecated Use inference.InferStatistics.$Properties instead.
         */

        /**
         * Shape of an InferStatistics.
         * @typedef {inference.InferStatistics.$Properties} inference.InferStatistics.$Shape
         */

        /**
         * Constructs a new InferStatistics.
         * @memberof inference
         * @classdesc Represents an InferStatistics.
         * @constructor
         * @param {inference.InferStatistics.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const InferStatistics = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * InferStatistics success.
         * @member {inference.StatisticDuration.$Properties|null|undefined} success
         * @memberof inference.InferStatistics
         * @instance
         */
        InferStatistics.prototype.success = null;

        /**
         * InferStatistics fail.
         * @member {inference.StatisticDuration.$Properties|null|undefined} fail
         * @memberof inference.InferStatistics
         * @instance
         */
        InferStatistics.prototype.fail = null;

        /**
         * InferStatistics queue.
         * @member {inference.StatisticDuration.$Properties|null|undefined} queue
         * @memberof inference.InferStatistics
         * @instance
         */
        InferStatistics.prototype.queue = null;

        /**
         * InferStatistics compute_input.
         * @member {inference.StatisticDuration.$Properties|null|undefined} compute_input
         * @memberof inference.InferStatistics
         * @instance
         */
        InferStatistics.prototype.compute_input = null;

        /**
         * InferStatistics compute_infer.
         * @member {inference.StatisticDuration.$Properties|null|undefined} compute_infer
         * @memberof inference.InferStatistics
         * @instance
         */
        InferStatistics.prototype.compute_infer = null;

        /**
         * InferStatistics compute_output.
         * @member {inference.StatisticDuration.$Properties|null|undefined} compute_output
         * @memberof inference.InferStatistics
         * @instance
         */
        InferStatistics.prototype.compute_output = null;

        /**
         * Creates a new InferStatistics instance using the specified properties.
         * @function create
         * @memberof inference.InferStatistics
         * @static
         * @param {inference.InferStatistics.$Properties=} [properties] Properties to set
         * @returns {inference.InferStatistics} InferStatistics instance
         * @type {{
         *   (properties: inference.InferStatistics.$Shape): inference.InferStatistics & inference.InferStatistics.$Shape;
         *   (properties?: inference.InferStatistics.$Properties): inference.InferStatistics;
         * }}
         */
        InferStatistics.create = function(properties) {
            return new InferStatistics(properties);
        };

        /**
         * Encodes the specified InferStatistics message. Does not implicitly {@link inference.InferStatistics.verify|verify} messages.
         * @function encode
         * @memberof inference.InferStatistics
         * @static
         * @param {inference.InferStatistics.$Properties} message InferStatistics message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        InferStatistics.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.success != null && $Object.hasOwnProperty.call(message, "success"))
                $root.inference.StatisticDuration.encode(message.success, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
            if (message.fail != null && $Object.hasOwnProperty.call(message, "fail"))
                $root.inference.StatisticDuration.encode(message.fail, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
            if (message.queue != null && $Object.hasOwnProperty.call(message, "queue"))
                $root.inference.StatisticDuration.encode(message.queue, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
            if (message.compute_input != null && $Object.hasOwnProperty.call(message, "compute_input"))
                $root.inference.StatisticDuration.encode(message.compute_input, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
            if (message.compute_infer != null && $Object.hasOwnProperty.call(message, "compute_infer"))
                $root.inference.StatisticDuration.encode(message.compute_infer, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
            if (message.compute_output != null && $Object.hasOwnProperty.call(message, "compute_output"))
                $root.inference.StatisticDuration.encode(message.compute_output, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes an InferStatistics message from the specified reader or buffer.
         * @function decode
         * @memberof inference.InferStatistics
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.InferStatistics & inference.InferStatistics.$Shape} InferStatistics
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        InferStatistics.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.InferStatistics();
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
                        message.success = $root.inference.StatisticDuration.decode(reader, reader.size(), $undefined, _depth + 1, message.success);
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        message.fail = $root.inference.StatisticDuration.decode(reader, reader.size(), $undefined, _depth + 1, message.fail);
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.queue = $root.inference.StatisticDuration.decode(reader, reader.size(), $undefined, _depth + 1, message.queue);
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        message.compute_input = $root.inference.StatisticDuration.decode(reader, reader.size(), $undefined, _depth + 1, message.compute_input);
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        message.compute_infer = $root.inference.StatisticDuration.decode(reader, reader.size(), $undefined, _depth + 1, message.compute_infer);
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        message.compute_output = $root.inference.StatisticDuration.decode(reader, reader.size(), $undefined, _depth + 1, message.compute_output);
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

        return InferStatistics;
    })();

    inference.ModelStatistics = (function() {

        /**
         * Properties of a ModelStatistics.
         * @typedef {Object} inference.ModelStatistics.$Properties
         * @property {string|null} [name] ModelStatistics name
         * @property {string|null} [version] ModelStatistics version
         * @property {number|null} [last_inference] ModelStatistics last_inference
         * @property {number|null} [inference_count] ModelStatistics inference_count
         * @property {number|null} [execution_count] ModelStatistics execution_count
         * @property {inference.InferStatistics.$Properties|null} [inference_stats] ModelStatistics inference_stats
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a ModelStatistics.
         * @memberof inference
         * @interface IModelStatistics
         * @augments inference.ModelStatistics.$Properties
         * @deprecated Use inference.ModelStatistics.$Properties instead.
         */

        /**
         * Shape of a ModelStatistics.
         * @typedef {inference.ModelStatistics.$Properties} inference.ModelStatistics.$Shape
         */

        /**
         * Constructs a new ModelStatistics.
         * @memberof inference
         * @classdesc Represents a ModelStatistics.
         * @constructor
         * @param {inference.ModelStatistics.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const ModelStatistics = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * ModelStatistics name.
         * @member {string} name
         * @memberof inference.ModelStatistics
         * @instance
         */
        ModelStatistics.prototype.name = "";

        /**
         * ModelStatistics version.
         * @member {string} version
         * @memberof inference.ModelStatistics
         * @instance
         */
        ModelStatistics.prototype.version = "";

        /**
         * ModelStatistics last_inference.
         * @member {number} last_inference
         * @memberof inference.ModelStatistics
         * @instance
         */
        ModelStatistics.prototype.last_inference = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        /**
         * ModelStatistics inference_count.
         * @member {number} inference_count
         * @memberof inference.ModelStatistics
         * @instance
         */
        ModelStatistics.prototype.inference_count = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        /**
         * ModelStatistics execution_count.
         * @member {number} execution_count
         * @memberof inference.ModelStatistics
         * @instance
         */
        ModelStatistics.prototype.execution_count = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

        /**
         * ModelStatistics inference_stats.
         * @member {inference.InferStatistics.$Properties|null|undefined} inference_stats
         * @memberof inference.ModelStatistics
         * @instance
         */
        ModelStatistics.prototype.inference_stats = null;

        /**
         * Creates a new ModelStatistics instance using the specified properties.
         * @function create
         * @memberof inference.ModelStatistics
         * @static
         * @param {inference.ModelStatistics.$Properties=} [properties] Properties to set
         * @returns {inference.ModelStatistics} ModelStatistics instance
         * @type {{
         *   (properties: inference.ModelStatistics.$Shape): inference.ModelStatistics & inference.ModelStatistics.$Shape;
         *   (properties?: inference.ModelStatistics.$Properties): inference.ModelStatistics;
         * }}
         */
        ModelStatistics.create = function(properties) {
            return new ModelStatistics(properties);
        };

        /**
         * Encodes the specified ModelStatistics message. Does not implicitly {@link inference.ModelStatistics.verify|verify} messages.
         * @function encode
         * @memberof inference.ModelStatistics
         * @static
         * @param {inference.ModelStatistics.$Properties} message ModelStatistics message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        ModelStatistics.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
            if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
            if (message.last_inference != null && $Object.hasOwnProperty.call(message, "last_inference") && (typeof message.last_inference === "object" ? message.last_inference.low || message.last_inference.high : message.last_inference !== 0))
                writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.last_inference);
            if (message.inference_count != null && $Object.hasOwnProperty.call(message, "inference_count") && (typeof message.inference_count === "object" ? message.inference_count.low || message.inference_count.high : message.inference_count !== 0))
                writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.inference_count);
            if (message.execution_count != null && $Object.hasOwnProperty.call(message, "execution_count") && (typeof message.execution_count === "object" ? message.execution_count.low || message.execution_count.high : message.execution_count !== 0))
                writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.execution_count);
            if (message.inference_stats != null && $Object.hasOwnProperty.call(message, "inference_stats"))
                $root.inference.InferStatistics.encode(message.inference_stats, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a ModelStatistics message from the specified reader or buffer.
         * @function decode
         * @memberof inference.ModelStatistics
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.ModelStatistics & inference.ModelStatistics.$Shape} ModelStatistics
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        ModelStatistics.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.ModelStatistics();
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
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.version = value;
                        else
                            delete message.version;
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.last_inference = value;
                        else
                            delete message.last_inference;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.inference_count = value;
                        else
                            delete message.inference_count;
                        continue;
                    }
                case 5: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.execution_count = value;
                        else
                            delete message.execution_count;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        message.inference_stats = $root.inference.InferStatistics.decode(reader, reader.size(), $undefined, _depth + 1, message.inference_stats);
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

        return ModelStatistics;
    })();

    inference.RepositoryIndexRequest = (function() {

        /**
         * Properties of a RepositoryIndexRequest.
         * @typedef {Object} inference.RepositoryIndexRequest.$Properties
         * @property {string|null} [repository_name] RepositoryIndexRequest repository_name
         * @property {boolean|null} [ready] RepositoryIndexRequest ready
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a RepositoryIndexRequest.
         * @memberof inference
         * @interface IRepositoryIndexRequest
         * @augments inference.RepositoryIndexRequest.$Properties
         * @deprecated Use inference.RepositoryIndexRequest.$Properties instead.
         */

        /**
         * Shape of a RepositoryIndexRequest.
         * @typedef {inference.RepositoryIndexRequest.$Properties} inference.RepositoryIndexRequest.$Shape
         */

        /**
         * Constructs a new RepositoryIndexRequest.
         * @memberof inference
         * @classdesc Represents a RepositoryIndexRequest.
         * @constructor
         * @param {inference.RepositoryIndexRequest.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const RepositoryIndexRequest = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * RepositoryIndexRequest repository_name.
         * @member {string} repository_name
         * @memberof inference.RepositoryIndexRequest
         * @instance
         */
        RepositoryIndexRequest.prototype.repository_name = "";

        /**
         * RepositoryIndexRequest ready.
         * @member {boolean} ready
         * @memberof inference.RepositoryIndexRequest
         * @instance
         */
        RepositoryIndexRequest.prototype.ready = false;

        /**
         * Creates a new RepositoryIndexRequest instance using the specified properties.
         * @function create
         * @memberof inference.RepositoryIndexRequest
         * @static
         * @param {inference.RepositoryIndexRequest.$Properties=} [properties] Properties to set
         * @returns {inference.RepositoryIndexRequest} RepositoryIndexRequest instance
         * @type {{
         *   (properties: inference.RepositoryIndexRequest.$Shape): inference.RepositoryIndexRequest & inference.RepositoryIndexRequest.$Shape;
         *   (properties?: inference.RepositoryIndexRequest.$Properties): inference.RepositoryIndexRequest;
         * }}
         */
        RepositoryIndexRequest.create = function(properties) {
            return new RepositoryIndexRequest(properties);
        };

        /**
         * Encodes the specified RepositoryIndexRequest message. Does not implicitly {@link inference.RepositoryIndexRequest.verify|verify} messages.
         * @function encode
         * @memberof inference.RepositoryIndexRequest
         * @static
         * @param {inference.RepositoryIndexRequest.$Properties} message RepositoryIndexRequest message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        RepositoryIndexRequest.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.repository_name != null && $Object.hasOwnProperty.call(message, "repository_name") && message.repository_name !== "")
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.repository_name);
            if (message.ready != null && $Object.hasOwnProperty.call(message, "ready") && message.ready !== false)
                writer.uint32(/* id 2, wireType 0 =*/16).bool(message.ready);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a RepositoryIndexRequest message from the specified reader or buffer.
         * @function decode
         * @memberof inference.RepositoryIndexRequest
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.RepositoryIndexRequest & inference.RepositoryIndexRequest.$Shape} RepositoryIndexRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        RepositoryIndexRequest.decode = function (reader, length, _end, _depth, _target) {
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
            message = _target || new $root.inference.RepositoryIndexRequest();
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
                            message.repository_name = value;
                        else
                            delete message.repository_name;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.ready = value;
                        else
                            delete message.ready;
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

        return RepositoryIndexRequest;
    })();

    inference.RepositoryIndexResponse = (function() {

        /**
         * Properties of a RepositoryIndexResponse.
         * @typedef {Object} inference.RepositoryIndexResponse.$Properties
         * @property {Array.<inference.RepositoryIndexResponse.ModelIndex.$Properties>|null} [models] RepositoryIndexResponse models
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */

        /**
         * Properties of a RepositoryIndexResponse.
         * @memberof inference
         * @interface IRepositoryIndexResponse
         * @augments inference.RepositoryIndexResponse.$Properties
         * @deprecated Use inference.RepositoryIndexResponse.$Properties instead.
         */

        /**
         * Shape of a RepositoryIndexResponse.
         * @typedef {inference.RepositoryIndexResponse.$Properties} inference.RepositoryIndexResponse.$Shape
         */

        /**
         * Constructs a new RepositoryIndexResponse.
         * @memberof inference
         * @classdesc Represents a RepositoryIndexResponse.
         * @constructor
         * @param {inference.RepositoryIndexResponse.$Properties=} [properties] Properties to set
         * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
         */
        const RepositoryIndexResponse = function (properties) {
            this.models = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        /**
         * RepositoryIndexResponse models.
         * @member {Array.<inference.RepositoryIndexResponse.ModelIndex.$Properties>} models
         * @memberof inference.RepositoryIndexResponse
         * @instance
         */
        RepositoryIndexResponse.prototype.models = $util.emptyArray;

        /**
         * Creates a new RepositoryIndexResponse instance using the specified properties.
         * @function create
         * @memberof inference.RepositoryIndexResponse
         * @static
         * @param {inference.RepositoryIndexResponse.$Properties=} [properties] Properties to set
         * @returns {inference.RepositoryIndexResponse} RepositoryIndexResponse instance
         * @type {{
         *   (properties: inference.RepositoryIndexResponse.$Shape): inference.RepositoryIndexResponse & inference.RepositoryIndexResponse.$Shape;
         *   (properties?: inference.RepositoryIndexResponse.$Properties): inference.RepositoryIndexResponse;
         * }}
         */
        RepositoryIndexResponse.create = function(properties) {
            return new RepositoryIndexResponse(properties);
        };

        /**
         * Encodes the specified RepositoryIndexResponse message. Does not implicitly {@link inference.RepositoryIndexResponse.verify|verify} messages.
         * @function encode
         * @memberof inference.RepositoryIndexResponse
         * @static
         * @param {inference.RepositoryIndexResponse.$Properties} message RepositoryIndexResponse message or plain object to encode
         * @param {$protobuf.Writer} [writer] Writer to encode to
         * @returns {$protobuf.Writer} Writer
         */
        RepositoryIndexResponse.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.models != null && message.models.length)
                for (let i = 0; i < message.models.length; ++i)
                    $root.inference.RepositoryIndexResponse.ModelIndex.encode(message.models[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        /**
         * Decodes a RepositoryIndexResponse message from the specified reader or buffer.
         * @function decode
         * @memberof inference.RepositoryIndexResponse
         * @static
         * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
         * @param {number} [length] Message length if known beforehand
         * @returns {inference.RepositoryIndexResponse & inference.RepositoryIndexResponse.$Shape} RepositoryIndexResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        RepositoryIndexResponse.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.inference.RepositoryIndexResponse();
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
                        if (!(message.models && message.models.length))
                            message.models = [];
                        message.models.push($root.inference.RepositoryIndexResponse.ModelIndex.decode(reader, reader.size(), $undefined, _depth + 1));
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

        RepositoryIndexResponse.ModelIndex = (function() {

            /**
             * Properties of a ModelIndex.
             * @typedef {Object} inference.RepositoryIndexResponse.ModelIndex.$Properties
             * @property {string|null} [name] ModelIndex name
             * @property {string|null} [version] ModelIndex version
             * @property {string|null} [state] ModelIndex state
             * @property {string|null} [reason] ModelIndex reason
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ModelIndex.
             * @memberof inference.RepositoryIndexResponse
             * @interface IModelIndex
             * @augments inference.RepositoryIndexResponse.ModelIndex.$Properties
             * @deprecated Use inference.RepositoryIndexResponse.ModelIndex.$Properties instead.
             */

            /**
             * Shape of a ModelIndex.
             * @typedef {inference.RepositoryIndexResponse.ModelIndex.$Properties} inference.RepositoryIndexResponse.ModelIndex.$Shape
             */

            /**
             * Constructs a new ModelIndex.
             * @memberof inference.RepositoryIndexResponse
             * @classdesc Represents a ModelIndex.
             * @constructor
             * @param {inference.RepositoryIndexResponse.ModelIndex.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ModelIndex = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ModelIndex name.
             * @member {string} name
             * @memberof inference.RepositoryIndexResponse.ModelIndex
             * @instance
             */
            ModelIndex.prototype.name = "";

            /**
             * ModelIndex version.
             * @member {string} version
             * @memberof inference.RepositoryIndexResponse.ModelIndex
             * @instance
             */
            ModelIndex.prototype.version = "";

            /**
             * ModelIndex state.
             * @member {string} state
             * @memberof inference.RepositoryIndexResponse.ModelIndex
             * @instance
             */
            ModelIndex.prototype.state = "";

            /**
             * ModelIndex reason.
             * @member {string} reason
             * @memberof inference.RepositoryIndexResponse.ModelIndex
             * @instance
             */
            ModelIndex.prototype.reason = "";

            /**
             * Creates a new ModelIndex instance using the specified properties.
             * @function create
             * @memberof inference.RepositoryIndexResponse.ModelIndex
             * @static
             * @param {inference.RepositoryIndexResponse.ModelIndex.$Properties=} [properties] Properties to set
             * @returns {inference.RepositoryIndexResponse.ModelIndex} ModelIndex instance
             * @type {{
             *   (properties: inference.RepositoryIndexResponse.ModelIndex.$Shape): inference.RepositoryIndexResponse.ModelIndex & inference.RepositoryIndexResponse.ModelIndex.$Shape;
             *   (properties?: inference.RepositoryIndexResponse.ModelIndex.$Properties): inference.RepositoryIndexResponse.ModelIndex;
             * }}
             */
            ModelIndex.create = function(properties) {
                return new ModelIndex(properties);
            };

            /**
             * Encodes the specified ModelIndex message. Does not implicitly {@link inference.RepositoryIndexResponse.ModelIndex.verify|verify} messages.
             * @function encode
             * @memberof inference.RepositoryIndexResponse.ModelIndex
             * @static
             * @param {inference.RepositoryIndexResponse.ModelIndex.$Properties} message ModelIndex message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ModelIndex.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
                if (message.state != null && $Object.hasOwnProperty.call(message, "state") && message.state !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.state);
                if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== "")
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.reason);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ModelIndex message from the specified reader or buffer.
             * @function decode
             * @memberof inference.RepositoryIndexResponse.ModelIndex
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {inference.RepositoryIndexResponse.ModelIndex & inference.RepositoryIndexResponse.ModelIndex.$Shape} ModelIndex
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ModelIndex.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.inference.RepositoryIndexResponse.ModelIndex();
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
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.version = value;
                            else
                                delete message.version;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.state = value;
                            else
                                delete message.state;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.reason = value;
                            else
                                delete message.reason;
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

            return ModelIndex;
        })();

        return RepositoryIndexResponse;
    })();

    return inference;
})();

export const grpc = $root.grpc = (() => {

    /**
     * Namespace grpc.
     * @exports grpc
     * @namespace
     */
    const grpc = {};

    grpc.health = (function() {

        /**
         * Namespace health.
         * @memberof grpc
         * @namespace
         */
        const health = {};

        health.v1 = (function() {

            /**
             * Namespace v1.
             * @memberof grpc.health
             * @namespace
             */
            const v1 = {};

            v1.HealthCheckRequest = (function() {

                /**
                 * Properties of a HealthCheckRequest.
                 * @typedef {Object} grpc.health.v1.HealthCheckRequest.$Properties
                 * @property {string|null} [service] HealthCheckRequest service
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a HealthCheckRequest.
                 * @memberof grpc.health.v1
                 * @interface IHealthCheckRequest
                 * @augments grpc.health.v1.HealthCheckRequest.$Properties
                 * @deprecated Use grpc.health.v1.HealthCheckRequest.$Properties instead.
                 */

                /**
                 * Shape of a HealthCheckRequest.
                 * @typedef {grpc.health.v1.HealthCheckRequest.$Properties} grpc.health.v1.HealthCheckRequest.$Shape
                 */

                /**
                 * Constructs a new HealthCheckRequest.
                 * @memberof grpc.health.v1
                 * @classdesc Represents a HealthCheckRequest.
                 * @constructor
                 * @param {grpc.health.v1.HealthCheckRequest.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const HealthCheckRequest = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * HealthCheckRequest service.
                 * @member {string} service
                 * @memberof grpc.health.v1.HealthCheckRequest
                 * @instance
                 */
                HealthCheckRequest.prototype.service = "";

                /**
                 * Creates a new HealthCheckRequest instance using the specified properties.
                 * @function create
                 * @memberof grpc.health.v1.HealthCheckRequest
                 * @static
                 * @param {grpc.health.v1.HealthCheckRequest.$Properties=} [properties] Properties to set
                 * @returns {grpc.health.v1.HealthCheckRequest} HealthCheckRequest instance
                 * @type {{
                 *   (properties: grpc.health.v1.HealthCheckRequest.$Shape): grpc.health.v1.HealthCheckRequest & grpc.health.v1.HealthCheckRequest.$Shape;
                 *   (properties?: grpc.health.v1.HealthCheckRequest.$Properties): grpc.health.v1.HealthCheckRequest;
                 * }}
                 */
                HealthCheckRequest.create = function(properties) {
                    return new HealthCheckRequest(properties);
                };

                /**
                 * Encodes the specified HealthCheckRequest message. Does not implicitly {@link grpc.health.v1.HealthCheckRequest.verify|verify} messages.
                 * @function encode
                 * @memberof grpc.health.v1.HealthCheckRequest
                 * @static
                 * @param {grpc.health.v1.HealthCheckRequest.$Properties} message HealthCheckRequest message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                HealthCheckRequest.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.service != null && $Object.hasOwnProperty.call(message, "service") && message.service !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.service);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a HealthCheckRequest message from the specified reader or buffer.
                 * @function decode
                 * @memberof grpc.health.v1.HealthCheckRequest
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {grpc.health.v1.HealthCheckRequest & grpc.health.v1.HealthCheckRequest.$Shape} HealthCheckRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                HealthCheckRequest.decode = function (reader, length, _end, _depth, _target) {
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
                    message = _target || new $root.grpc.health.v1.HealthCheckRequest();
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
                                    message.service = value;
                                else
                                    delete message.service;
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

                return HealthCheckRequest;
            })();

            v1.HealthCheckResponse = (function() {

                /**
                 * Properties of a HealthCheckResponse.
                 * @typedef {Object} grpc.health.v1.HealthCheckResponse.$Properties
                 * @property {grpc.health.v1.HealthCheckResponse.ServingStatus|null} [status] HealthCheckResponse status
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a HealthCheckResponse.
                 * @memberof grpc.health.v1
                 * @interface IHealthCheckResponse
                 * @augments grpc.health.v1.HealthCheckResponse.$Properties
                 * @deprecated Use grpc.health.v1.HealthCheckResponse.$Properties instead.
                 */

                /**
                 * Shape of a HealthCheckResponse.
                 * @typedef {grpc.health.v1.HealthCheckResponse.$Properties} grpc.health.v1.HealthCheckResponse.$Shape
                 */

                /**
                 * Constructs a new HealthCheckResponse.
                 * @memberof grpc.health.v1
                 * @classdesc Represents a HealthCheckResponse.
                 * @constructor
                 * @param {grpc.health.v1.HealthCheckResponse.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const HealthCheckResponse = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * HealthCheckResponse status.
                 * @member {grpc.health.v1.HealthCheckResponse.ServingStatus} status
                 * @memberof grpc.health.v1.HealthCheckResponse
                 * @instance
                 */
                HealthCheckResponse.prototype.status = 0;

                /**
                 * Creates a new HealthCheckResponse instance using the specified properties.
                 * @function create
                 * @memberof grpc.health.v1.HealthCheckResponse
                 * @static
                 * @param {grpc.health.v1.HealthCheckResponse.$Properties=} [properties] Properties to set
                 * @returns {grpc.health.v1.HealthCheckResponse} HealthCheckResponse instance
                 * @type {{
                 *   (properties: grpc.health.v1.HealthCheckResponse.$Shape): grpc.health.v1.HealthCheckResponse & grpc.health.v1.HealthCheckResponse.$Shape;
                 *   (properties?: grpc.health.v1.HealthCheckResponse.$Properties): grpc.health.v1.HealthCheckResponse;
                 * }}
                 */
                HealthCheckResponse.create = function(properties) {
                    return new HealthCheckResponse(properties);
                };

                /**
                 * Encodes the specified HealthCheckResponse message. Does not implicitly {@link grpc.health.v1.HealthCheckResponse.verify|verify} messages.
                 * @function encode
                 * @memberof grpc.health.v1.HealthCheckResponse
                 * @static
                 * @param {grpc.health.v1.HealthCheckResponse.$Properties} message HealthCheckResponse message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                HealthCheckResponse.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.status != null && $Object.hasOwnProperty.call(message, "status") && message.status !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).int32(message.status);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a HealthCheckResponse message from the specified reader or buffer.
                 * @function decode
                 * @memberof grpc.health.v1.HealthCheckResponse
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {grpc.health.v1.HealthCheckResponse & grpc.health.v1.HealthCheckResponse.$Shape} HealthCheckResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                HealthCheckResponse.decode = function (reader, length, _end, _depth, _target) {
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
                    message = _target || new $root.grpc.health.v1.HealthCheckResponse();
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
                                if (value = reader.int32())
                                    message.status = value;
                                else
                                    delete message.status;
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

                /**
                 * ServingStatus enum.
                 * @name grpc.health.v1.HealthCheckResponse.ServingStatus
                 * @enum {number}
                 * @property {number} UNKNOWN=0 UNKNOWN value
                 * @property {number} SERVING=1 SERVING value
                 * @property {number} NOT_SERVING=2 NOT_SERVING value
                 * @property {number} SERVICE_UNKNOWN=3 SERVICE_UNKNOWN value
                 */
                HealthCheckResponse.ServingStatus = (function() {
                    const valuesById = $Object.create(null), values = $Object.create(valuesById);
                    values[valuesById[0] = "UNKNOWN"] = 0;
                    values[valuesById[1] = "SERVING"] = 1;
                    values[valuesById[2] = "NOT_SERVING"] = 2;
                    values[valuesById[3] = "SERVICE_UNKNOWN"] = 3;
                    return values;
                })();

                return HealthCheckResponse;
            })();

            return v1;
        })();

        return health;
    })();

    return grpc;
})();

export {
  $root as default
};
