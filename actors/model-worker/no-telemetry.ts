/**
 * Imported before ONNX Runtime: its builds report usage to their maker (hardware, model and graph names) and leave files
 * in the user's cache and in the temporary directory, unless this is set when the library is loaded. Whoever wants that
 * sets ORT_DISABLE_TELEMETRY=0.
 */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
