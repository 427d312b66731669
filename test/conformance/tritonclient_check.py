"""Checks a server's HTTP side with tritonclient, unmodified: one line a check, exit status 1 when any failed.

usage: tritonclient_check.py BASE_URL MODEL

Inputs, datatypes and shapes are read from the model's metadata, so any model will do whose inputs have one leading
dimension of rows and whose BYTES inputs take any short text.
"""

import asyncio
import json
import sys
import urllib.error
import urllib.request

import numpy as np
import tritonclient.http as client_module
import tritonclient.http.aio as aio_module
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

TIMEOUT_S = 30.0
ROWS = 5


class Failed(Exception):
    """A check that did not hold, with what was seen instead."""


def expect(condition, message):
    if not condition:
        raise Failed(message)


def expect_error(call, *, status, words=()):
    """The call must raise with this HTTP status (or one of several) and a message that has each of the words."""
    statuses = (status,) if isinstance(status, str) else status
    try:
        answer = call()
    except InferenceServerException as error:
        text = error.message()
        expect(str(error.status()) in statuses, f"status {error.status()} ({text}), wanted {' or '.join(statuses)}")
        expect(len(text) > 10, f"the message says too little: {text!r}")
        for word in words:
            expect(word in text, f"the message does not name {word!r}: {text!r}")
        return
    raise Failed(f"no error, got {answer!r}")


class Checks:
    def __init__(self, base_url, model):
        self.base_url = base_url.rstrip("/")
        self.address = self.base_url.split("://", 1)[-1]
        self.model = model
        self.client = client_module.InferenceServerClient(
            self.address, concurrency=4, connection_timeout=TIMEOUT_S, network_timeout=TIMEOUT_S
        )
        self.metadata = self.client.get_model_metadata(model)

    # ---- making requests ----

    def values(self, spec, rows):
        """Different in each row, so that a swapped row shows."""
        shape = [rows] + [size if size > 0 else 1 for size in spec["shape"][1:]]
        count = int(np.prod(shape))
        datatype = spec["datatype"]
        if datatype == "BYTES":
            texts = [f"{spec['name'][0]}{i + 1}-é".encode() for i in range(count)]
            return np.array(texts, dtype=np.object_).reshape(shape)
        if datatype == "BOOL":
            return (np.arange(count) % 2 == 0).reshape(shape)
        dtype = triton_to_np_dtype(datatype)
        if np.issubdtype(dtype, np.floating):
            return (np.arange(count) * 7.25 + 1.5).astype(dtype).reshape(shape)
        return (np.arange(count) % 100 + 1).astype(dtype).reshape(shape)

    def arrays(self, rows=ROWS):
        return {spec["name"]: self.values(spec, rows) for spec in self.metadata["inputs"]}

    def inputs(self, arrays, binary=True, module=client_module):
        made = []
        for spec in self.metadata["inputs"]:
            array = arrays[spec["name"]]
            tensor = module.InferInput(spec["name"], list(array.shape), spec["datatype"])
            tensor.set_data_from_numpy(array, binary_data=binary)
            made.append(tensor)
        return made

    def outputs(self, binary):
        return [client_module.InferRequestedOutput(spec["name"], binary_data=binary) for spec in self.metadata["outputs"]]

    def infer(self, arrays, binary=True, **options):
        return self.client.infer(self.model, self.inputs(arrays, binary), **options)

    def read(self, result):
        """Outputs by name; each must be there and have the datatype and rows that the metadata says."""
        arrays = {}
        for spec in self.metadata["outputs"]:
            array = result.as_numpy(spec["name"])
            expect(array is not None, f"output {spec['name']} is missing")
            shape = result.get_output(spec["name"])["shape"]
            expect(list(array.shape) == list(shape), f"output {spec['name']}: {array.shape} is not {shape}")
            expect(len(shape) == len(spec["shape"]), f"output {spec['name']} has shape {shape}, not {spec['shape']}")
            arrays[spec["name"]] = array
        return arrays

    def same(self, left, right):
        for name, array in left.items():
            if array.dtype == np.object_:
                expect(np.array_equal(array, right[name]), f"{name}: {array} is not {right[name]}")
            else:
                close = np.allclose(array.astype(float), right[name].astype(float), rtol=1e-4, atol=1e-6)
                expect(close, f"{name}: {array.ravel()} is not {right[name].ravel()}")

    def raw(self, method, path, body=None, headers=None):
        request = urllib.request.Request(self.base_url + path, data=body, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    # ---- health and metadata ----

    def check_the_server_is_live(self):
        expect(self.client.is_server_live(), "is_server_live() is false")

    def check_the_server_is_ready(self):
        expect(self.client.is_server_ready(), "is_server_ready() is false")

    def check_the_model_is_ready(self):
        expect(self.client.is_model_ready(self.model), "is_model_ready() is false")

    def check_each_version_of_the_model_is_ready(self):
        for version in self.metadata["versions"]:
            expect(self.client.is_model_ready(self.model, version), f"version {version} is not ready")

    def check_an_unknown_model_is_not_ready(self):
        expect(not self.client.is_model_ready("no_such_model"), "is_model_ready('no_such_model') is true")

    def check_server_metadata_names_the_server_and_its_extensions(self):
        metadata = self.client.get_server_metadata()
        expect(metadata["name"] and metadata["version"], f"{metadata}")
        expect("binary_tensor_data" in metadata["extensions"], f"{metadata['extensions']}")

    def check_model_metadata_describes_inputs_and_outputs(self):
        expect(self.metadata["name"] == self.model, f"{self.metadata['name']}")
        expect(self.metadata["platform"], "no platform")
        for spec in self.metadata["inputs"] + self.metadata["outputs"]:
            expect(spec["name"] and spec["datatype"], f"{spec}")
            expect(spec["shape"][0] == -1, f"{spec['name']}: no leading dimension of rows in {spec['shape']}")

    def check_model_metadata_can_be_asked_for_a_version(self):
        version = self.metadata["versions"][-1]
        expect(self.client.get_model_metadata(self.model, version)["name"] == self.model, "another model's metadata")

    def check_the_configuration_has_the_inputs_without_rows(self):
        config = self.client.get_model_config(self.model, self.metadata["versions"][-1])
        expect(config["name"] == self.model and config["max_batch_size"] > 0, f"{config}")
        for spec, entry in zip(self.metadata["inputs"], config["input"], strict=True):
            datatype = "STRING" if spec["datatype"] == "BYTES" else spec["datatype"]
            wanted = {"name": spec["name"], "data_type": f"TYPE_{datatype}", "dims": spec["shape"][1:]}
            expect(entry == wanted, f"{entry} is not {wanted}")

    def check_statistics_count_what_was_asked(self):
        def counted():
            [entry] = self.client.get_inference_statistics(self.model, self.metadata["versions"][-1])["model_stats"]
            return entry

        before = counted()
        self.infer(self.arrays(3))
        after = counted()
        expect(after["inference_count"] - before["inference_count"] == 3, f"{before} then {after}")
        success = [entry["inference_stats"]["success"]["count"] for entry in (before, after)]
        expect(success[1] - success[0] == 1, f"{before} then {after}")
        expect(len(self.client.get_inference_statistics()["model_stats"]) >= 1, "no statistics of all models")

    def check_the_repository_index_lists_the_model(self):
        index = self.client.get_model_repository_index()
        ready = [entry["version"] for entry in index if entry["name"] == self.model and entry["state"] == "READY"]
        expect(ready == self.metadata["versions"], f"{index}")

    # ---- inference ----

    def check_binary_in_and_binary_out_by_default(self):
        result = self.infer(self.arrays())
        parameters = result.get_output(self.metadata["outputs"][0]["name"]).get("parameters", {})
        expect("binary_data_size" in parameters, "the output did not come as binary")
        for name, array in self.read(result).items():
            expect(array.shape[0] == ROWS, f"{name} has {array.shape[0]} rows, not {ROWS}")

    def check_json_in_and_json_out_gives_the_same_answer(self):
        arrays = self.arrays()
        result = self.infer(arrays, binary=False, outputs=self.outputs(binary=False))
        expect("data" in result.get_output(self.metadata["outputs"][0]["name"]), "the output did not come as JSON")
        self.same(self.read(result), self.read(self.infer(arrays)))

    def check_json_in_and_binary_out_gives_the_same_answer(self):
        arrays = self.arrays()
        result = self.infer(arrays, binary=False, outputs=self.outputs(binary=True))
        self.same(self.read(result), self.read(self.infer(arrays)))

    def check_binary_in_and_json_out_gives_the_same_answer(self):
        arrays = self.arrays()
        result = self.infer(arrays, outputs=self.outputs(binary=False))
        self.same(self.read(result), self.read(self.infer(arrays)))

    def check_explicit_binary_outputs_give_the_same_answer(self):
        arrays = self.arrays()
        self.same(self.read(self.infer(arrays, outputs=self.outputs(binary=True))), self.read(self.infer(arrays)))

    def check_binary_and_json_inputs_can_be_mixed(self):
        arrays = self.arrays()
        inputs = [
            (self.inputs(arrays, binary=i % 2 == 0))[i] for i in range(len(self.metadata["inputs"]))
        ]
        result = self.client.infer(self.model, inputs)
        self.same(self.read(result), self.read(self.infer(arrays)))

    def check_the_order_of_inputs_does_not_matter(self):
        arrays = self.arrays()
        result = self.client.infer(self.model, list(reversed(self.inputs(arrays))))
        self.same(self.read(result), self.read(self.infer(arrays)))

    def check_several_rows_answer_as_each_row_alone(self):
        arrays = self.arrays()
        together = self.read(self.infer(arrays))
        for row in range(ROWS):
            alone = self.read(self.infer({name: array[row : row + 1] for name, array in arrays.items()}))
            self.same(alone, {name: array[row : row + 1] for name, array in together.items()})

    def check_the_model_can_be_asked_by_version(self):
        version = self.metadata["versions"][-1]
        result = self.infer(self.arrays(1), model_version=version)
        expect(result.get_response()["model_version"] == version, f"{result.get_response()['model_version']}")

    def check_the_request_id_comes_back(self):
        result = self.infer(self.arrays(1), request_id="conformance-1")
        expect(result.get_response()["id"] == "conformance-1", f"{result.get_response()}")

    def check_timeout_and_priority_are_accepted(self):
        self.read(self.infer(self.arrays(1), timeout=5_000_000, priority=2))

    def check_concurrent_requests_get_their_own_rows(self):
        arrays = self.arrays()
        wanted = self.read(self.infer(arrays))
        rows = [{name: array[i % ROWS : i % ROWS + 1] for name, array in arrays.items()} for i in range(20)]
        pending = [self.client.async_infer(self.model, self.inputs(row)) for row in rows]
        for i, request in enumerate(pending):
            mine = {name: array[i % ROWS : i % ROWS + 1] for name, array in wanted.items()}
            self.same(self.read(request.get_result(block=True, timeout=TIMEOUT_S)), mine)

    def check_the_asyncio_client_works(self):
        arrays = self.arrays()

        async def ask():
            async with aio_module.InferenceServerClient(self.address) as client:
                return await client.infer(self.model, self.inputs(arrays, module=aio_module))

        self.same(self.read(asyncio.run(ask())), self.read(self.infer(arrays)))

    # ---- compression ----

    def compressed(self, **options):
        arrays = self.arrays()
        self.same(self.read(self.infer(arrays, **options)), self.read(self.infer(arrays)))
        json_outputs = self.outputs(binary=False)
        self.same(
            self.read(self.infer(arrays, binary=False, outputs=json_outputs, **options)), self.read(self.infer(arrays))
        )

    def check_requests_may_come_as_gzip(self):
        self.compressed(request_compression_algorithm="gzip")

    def check_requests_may_come_as_deflate(self):
        self.compressed(request_compression_algorithm="deflate")

    def check_answers_may_be_asked_for_as_gzip(self):
        self.compressed(response_compression_algorithm="gzip")

    def check_answers_may_be_asked_for_as_deflate(self):
        self.compressed(response_compression_algorithm="deflate")

    def check_both_ways_may_be_compressed(self):
        self.compressed(request_compression_algorithm="gzip", response_compression_algorithm="gzip")

    def check_a_body_that_is_not_gzip_is_an_error(self):
        path = f"/v2/models/{self.model}/infer"
        status, body = self.raw("POST", path, b"not gzip", {"Content-Encoding": "gzip"})
        expect(status == 400 and "error" in json.loads(body), f"{status} {body!r}")

    # ---- errors ----

    def check_an_unknown_model_is_an_error(self):
        inputs = self.inputs(self.arrays(1))
        expect_error(lambda: self.client.infer("no_such_model", inputs), status="404", words=["no_such_model"])

    def check_an_unknown_version_is_an_error(self):
        expect_error(lambda: self.infer(self.arrays(1), model_version="999999"), status="404", words=["999999"])

    def check_a_missing_input_is_an_error(self):
        inputs = self.inputs(self.arrays(1))
        name = inputs[-1].name()
        expect_error(lambda: self.client.infer(self.model, inputs[:-1]), status="400", words=[name])

    def check_an_input_the_model_does_not_have_is_an_error(self):
        extra = client_module.InferInput("no_such_input", [1, 1], "FP32")
        extra.set_data_from_numpy(np.zeros((1, 1), np.float32))
        inputs = self.inputs(self.arrays(1)) + [extra]
        expect_error(lambda: self.client.infer(self.model, inputs), status="400", words=["no_such_input"])

    def check_an_input_given_twice_is_an_error(self):
        inputs = self.inputs(self.arrays(1))
        expect_error(lambda: self.client.infer(self.model, inputs + inputs[:1]), status="400", words=[inputs[0].name()])

    def check_a_wrong_datatype_is_an_error(self):
        arrays = self.arrays(1)
        inputs = self.inputs(arrays)
        name = inputs[0].name()
        wrong = client_module.InferInput(name, list(arrays[name].shape), "INT16")
        wrong.set_data_from_numpy(np.zeros(arrays[name].shape, np.int16))
        expect_error(lambda: self.client.infer(self.model, [wrong] + inputs[1:]), status="400", words=[name])

    def check_a_wrong_shape_is_an_error(self):
        arrays = self.arrays(1)
        name = self.metadata["inputs"][0]["name"]
        arrays[name] = np.repeat(arrays[name].reshape(1, -1)[:, :1], 3, axis=1).reshape(1, 3, 1)
        expect_error(lambda: self.infer(arrays), status="400", words=[name])

    def check_inputs_with_different_numbers_of_rows_are_an_error(self):
        arrays = self.arrays(2)
        name = self.metadata["inputs"][-1]["name"]
        if len(self.metadata["inputs"]) < 2:
            return
        arrays[name] = arrays[name][:1]
        expect_error(lambda: self.infer(arrays), status="400")

    def check_an_output_the_model_does_not_have_is_an_error(self):
        outputs = [client_module.InferRequestedOutput("no_such_output")]
        expect_error(lambda: self.infer(self.arrays(1), outputs=outputs), status="400", words=["no_such_output"])

    def check_classification_is_refused_clearly(self):
        outputs = [client_module.InferRequestedOutput(self.metadata["outputs"][0]["name"], class_count=1)]
        expect_error(lambda: self.infer(self.arrays(1), outputs=outputs), status="501", words=["classification"])

    def check_sequences_are_refused_clearly(self):
        expect_error(lambda: self.infer(self.arrays(1), sequence_id=7, sequence_start=True), status="501", words=["sequence"])

    def check_extensions_not_offered_say_so(self):
        expect_error(lambda: self.client.load_model(self.model), status="501")
        expect_error(lambda: self.client.get_system_shared_memory_status(), status="501")
        expect_error(lambda: self.client.get_log_settings(), status="501")
        expect_error(lambda: self.client.get_trace_settings(), status="501")

    def check_a_body_that_is_not_json_is_an_error(self):
        status, body = self.raw("POST", f"/v2/models/{self.model}/infer", b'{"inputs": [', {"Content-Type": "application/json"})
        expect(status == 400 and "error" in json.loads(body), f"{status} {body!r}")

    def check_a_wrong_length_of_the_json_part_is_an_error(self):
        headers = {"Inference-Header-Content-Length": "100000"}
        status, body = self.raw("POST", f"/v2/models/{self.model}/infer", b"{}", headers)
        expect(status == 400 and "error" in json.loads(body), f"{status} {body!r}")

    def check_a_wrong_method_is_405(self):
        status, body = self.raw("GET", f"/v2/models/{self.model}/infer")
        expect(status == 405 and "error" in json.loads(body), f"{status} {body!r}")

    def check_the_server_still_answers_after_all_those_errors(self):
        expect(self.client.is_server_ready(), "not ready")
        self.read(self.infer(self.arrays()))


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        checks = Checks(*arguments)
    except Exception as error:  # the server is not there at all, or has no such model
        print(f"cannot begin: {type(error).__name__}: {error}")
        return 1
    passed = failed = 0
    for name in [name for name in vars(Checks) if name.startswith("check_")]:
        title = name.removeprefix("check_").replace("_", " ")
        try:
            getattr(checks, name)()
        except Exception as error:  # whatever the client raises is a failed check, and the next one still runs
            failed += 1
            print(f"FAILED  {title}: {type(error).__name__}: {error}", flush=True)
        else:
            passed += 1
            print(f"ok      {title}", flush=True)
    checks.client.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
