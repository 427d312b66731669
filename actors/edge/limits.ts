/** Every bound of the HTTP and gRPC edges, in one place, each with its unit and its reason. */

/** Default of `bodyBytesMax`, also after decompression: about a million FP32 values. */
export const BODY_BYTES_MAX_DEFAULT = 4 * 1024 * 1024;
/** Requests being answered at once; the next is refused with RESOURCE_EXHAUSTED. Far above what one router admits. */
export const REQUESTS_IN_FLIGHT_MAX_DEFAULT = 4096;
/** Bytes of bodies held at once, over all requests: so many of the largest. Beyond it: RESOURCE_EXHAUSTED. */
export const BODIES_MAX = 64;
/** The same, however small a body may be at the most. */
export const BODIES_BYTES_MAX_LEAST = 256 * 1024 * 1024;
/** Bodies that declare more than this are counted as they arrive; together, smaller ones come to no more than the line above. */
export const BODY_COUNTED_BYTES_MIN = 64 * 1024;
/** What each piece of a body takes beside its bytes: bodies may come in pieces of one byte. */
export const BODY_CHUNK_BYTES = 128;
/** How long a connection whose body was refused may still send, so that its caller gets to read why. */
export const LINGER_MS = 1_000;
/** Sockets; beyond it new connections are closed at once. */
export const CONNECTIONS_MAX = 10_000;

/** A client must finish sending a request within this time: answers slow-loris bodies. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** The same for the header lines alone. */
export const HEADERS_TIMEOUT_MS = 10_000;
/** How often the two timeouts above are looked at. */
export const CONNECTIONS_CHECK_MS = 2_000;
/** An idle keep-alive connection is closed after this; above the usual 60 s of load balancers. */
export const KEEP_ALIVE_MS = 65_000;
/** Header lines in total. */
export const HEADER_BYTES_MAX = 16 * 1024;
/** One path segment. Names hold 64 characters; the rest leaves room to quote a wrong one in the error. */
export const PATH_SEGMENT_CHARS_MAX = 256;

/** Nesting of any JSON body: `inputs` and its objects take three levels, a tensor's data at most `RANK_MAX`. */
export const JSON_DEPTH_MAX = 32;
/** One dimension: the wire carries 32 bits. */
export const DIMENSION_MAX = 2 ** 31 - 1;
/** Elements of a tensor: keeps products of dimensions exact; the body's length bounds what is really there. */
export const ELEMENTS_MAX = 2 ** 31 - 1;
/** Inputs, and requested outputs, of one request. */
export const TENSORS_MAX = 64;
/** Parameters of one request, input or output, where they are read one by one. */
export const PARAMETERS_MAX = 64;
/** Characters of the name of a tensor. */
export const TENSOR_NAME_CHARS_MAX = 256;
/** Characters of a caller's `id` (/v2), which is echoed. */
export const ECHOED_ID_CHARS_MAX = 256;
/** Characters of `x-request-id` and of `request_id` (/v1). */
export const REQUEST_ID_CHARS_MAX = 128;
/** A deadline further away than this is a mistake in units. */
export const TIMEOUT_MS_MAX = 3_600_000;
/** Rows of one push and keys of one read. */
export const FEATURE_ROWS_MAX = 10_000;
/** Rows times features of one read by `/get-online-features`: its answer takes about 50 bytes a value. */
export const FEATURE_CELLS_MAX = 1_000_000;
/** Answers shorter than this go uncompressed: packing them takes longer than sending them. */
export const COMPRESS_BYTES_MIN = 1024;
/** How long `drain` waits for requests in flight when not told. */
export const DRAIN_MS_DEFAULT = 10_000;

/** gRPC: calls under way on one connection; the next wait at the client. */
export const GRPC_STREAMS_PER_CONNECTION_MAX = 1024;
/** Calls of any kind that are open at once, over all connections; further ones are refused. */
export const GRPC_CALLS_MAX = 16_384;
/** Streams of requests (ModelStreamInfer) open at once, over all connections. Each may be idle for long. */
export const GRPC_STREAMS_MAX = 1024;
/** Requests of one stream under way; further ones are left with the caller until an answer is out. */
export const GRPC_STREAM_IN_FLIGHT_MAX = 64;
/** Callers that watch our health at once. */
export const GRPC_WATCHERS_MAX = 256;
/** How often a change is looked for on their behalf. */
export const GRPC_WATCH_MS = 500;
/** A connection without a sign of life is asked for one after this time … */
export const GRPC_KEEP_ALIVE_MS = 60_000;
/** … and closed when none has come after this. */
export const GRPC_KEEP_ALIVE_TIMEOUT_MS = 20_000;
/** A connection without a call is closed after this; clients connect again by themselves. */
export const GRPC_IDLE_MS = 600_000;
/** Of an error's text: it travels in a header, for which clients take 8 KiB in all, three characters a byte at worst. */
export const GRPC_ERROR_BYTES_MAX = 1_500;
