"""Checks a server's gRPC side with tritonclient, unmodified: one line a check, exit status 1 when any failed.

usage: tritonclient_grpc_check.py HOST:PORT BASE_URL MODEL

BASE_URL is the same server's HTTP side: both must answer alike. Inputs, datatypes and shapes are read from the model's
metadata, so any model will do whose inputs have one leading dimension of rows and whose BYTES inputs take any short text.
"""

import asyncio
import json
import queue
import sys
import time
import urllib.request

import grpc
import numpy as np
import tritonclient.grpc as client_module
import tritonclient.grpc.aio as aio_module
import tritonclient.http as http_module
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

TIMEOUT_S = 30.0
ROWS = 5


class Failed(Exception):
    """A check that did not hold, with what was seen instead."""


def expect(condition, message):
    if not condition:
        raise Failed(message)


def expect_error(call, *, status, words=()):
    """The call must raise with this gRPC status and a message that has each of the words."""
    try:
        answer = call()
    except InferenceServerException as error:
        text = error.message()
        expect(error.status() == f"StatusCode.{status}", f"status {error.status()} ({text}), wanted {status}")
        expect(len(text) > 10, f"the message says too little: {text!r}")
        for word in words:
            expect(word in text, f"the message does not name {word!r}: {text!r}")
        return
    raise Failed(f"no error, got {answer!r}")


class Checks:
    def __init__(self, address, base_url, model):
        self.address = address
        self.base_url = base_url.rstrip("/")
        self.model = model
        self.client = client_module.InferenceServerClient(address)
        self.metadata = self.client.get_model_metadata(model)

    # ---- making requests ----

    def values(self, spec, rows):
        """Different in each row, so that a swapped row shows."""
        shape = [rows] + [size if size > 0 else 1 for size in spec.shape[1:]]
        count = int(np.prod(shape))
        if spec.datatype == "BYTES":
            texts = [f"{spec.name[0]}{i + 1}-é".encode() for i in range(count)]
            return np.array(texts, dtype=np.object_).reshape(shape)
        dtype = triton_to_np_dtype(spec.datatype)
        return (np.arange(count) % 7 + 1).astype(dtype).reshape(shape)

    def arrays(self, rows=ROWS):
        return {spec.name: self.values(spec, rows) for spec in self.metadata.inputs}

    def inputs(self, arrays, module=client_module):
        tensors = []
        for spec in self.metadata.inputs:
            tensor = module.InferInput(spec.name, list(arrays[spec.name].shape), spec.datatype)
            tensor.set_data_from_numpy(arrays[spec.name])
            tensors.append(tensor)
        return tensors

    def infer(self, arrays, **options):
        return self.client.infer(self.model, self.inputs(arrays), client_timeout=TIMEOUT_S, **options)

    def read(self, result):
        found = {}
        for spec in self.metadata.outputs:
            array = result.as_numpy(spec.name)
            expect(array is not None, f"no output {spec.name}")
            found[spec.name] = array
        return found

    def same(self, left, right):
        expect(left.keys() == right.keys(), f"{left.keys()} is not {right.keys()}")
        for name, array in left.items():
            expect(array.shape == right[name].shape, f"{name}: {array.shape} is not {right[name].shape}")
            close = np.array_equal(array, right[name]) or np.allclose(array, right[name], rtol=1e-5, atol=1e-6)
            expect(close, f"{name}: {array.ravel()} is not {right[name].ravel()}")

    def typed_request(self, arrays):
        """The request as callers without tritonclient write it: elements in the list of their datatype."""
        request = service_pb2.ModelInferRequest(model_name=self.model)
        for spec in self.metadata.inputs:
            array = arrays[spec.name]
            tensor = request.inputs.add(name=spec.name, datatype=spec.datatype, shape=list(array.shape))
            flat = array.ravel().tolist()
            place = {"BOOL": "bool", "BYTES": "bytes", "FP32": "fp32", "FP64": "fp64", "INT64": "int64", "UINT64": "uint64"}
            kind = place.get(spec.datatype) or ("uint" if spec.datatype.startswith("UINT") else "int")
            getattr(tensor.contents, f"{kind}_contents").extend(flat)
        return request

    def stub(self):
        return service_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(self.address))

    # ---- health and metadata ----

    def check_the_server_is_live_and_ready(self):
        expect(self.client.is_server_live(), "is_server_live() is false")
        expect(self.client.is_server_ready(), "is_server_ready() is false")

    def check_the_model_and_each_version_are_ready(self):
        expect(self.client.is_model_ready(self.model), "is_model_ready() is false")
        for version in self.metadata.versions:
            expect(self.client.is_model_ready(self.model, version), f"version {version} is not ready")

    def check_an_unknown_model_is_not_ready(self):
        expect(not self.client.is_model_ready("no_such_model"), "is_model_ready('no_such_model') is true")
        expect(not self.client.is_model_ready(self.model, "999999"), "version 999999 is ready")

    def check_grpc_health_says_serving(self):
        call = grpc.insecure_channel(self.address).unary_unary("/grpc.health.v1.Health/Check")
        for service in ["", "inference.GRPCInferenceService"]:
            expect(call(b"\x0a" + bytes([len(service)]) + service.encode()) == b"\x08\x01", f"{service!r} is not SERVING")

    def check_server_metadata_names_only_what_is_there(self):
        metadata = self.client.get_server_metadata(as_json=True)
        expect(metadata["name"] and metadata["version"], f"{metadata}")
        expect(set(metadata["extensions"]) == {"binary_tensor_data", "model_configuration", "statistics"}, f"{metadata}")

    def check_model_metadata_is_that_of_http(self):
        mine = self.client.get_model_metadata(self.model, as_json=True)
        with urllib.request.urlopen(f"{self.base_url}/v2/models/{self.model}", timeout=TIMEOUT_S) as response:
            theirs = json.load(response)
        for spec in mine["inputs"] + mine["outputs"]:
            spec["shape"] = [int(size) for size in spec["shape"]]
        expect(mine == theirs, f"{mine} is not {theirs}")

    def check_the_configuration_is_that_of_http(self):
        mine = self.client.get_model_config(self.model, as_json=True)["config"]
        theirs = http_module.InferenceServerClient(self.base_url.split("://", 1)[-1]).get_model_config(self.model)
        expect(mine["name"] == theirs["name"] == self.model, f"{mine} {theirs}")
        expect(mine["max_batch_size"] == theirs["max_batch_size"] > 0, f"{mine} {theirs}")
        for side in ["input", "output"]:
            pairs = zip(mine[side], theirs[side], strict=True)
            for one, other in pairs:
                one["dims"] = [int(size) for size in one.get("dims", [])]
                expect(one == other, f"{one} is not {other}")

    def check_statistics_count_what_was_asked(self):
        def counted():
            [entry] = self.client.get_inference_statistics(self.model, self.metadata.versions[-1]).model_stats
            return entry

        before = counted()
        self.infer(self.arrays(3))
        after = counted()
        expect(after.inference_count - before.inference_count == 3, f"{before} then {after}")
        expect(after.inference_stats.success.count - before.inference_stats.success.count == 1, f"{before} then {after}")
        expect(after.execution_count > before.execution_count, f"{before} then {after}")
        expect(after.inference_stats.compute_infer.ns > before.inference_stats.compute_infer.ns, f"{before} then {after}")
        expect(abs(after.last_inference / 1000 - time.time()) < 60, f"last_inference is {after.last_inference}")
        expect(len(self.client.get_inference_statistics().model_stats) >= 1, "no statistics of all models")

    def check_the_repository_index_lists_the_model(self):
        index = self.client.get_model_repository_index().models
        ready = [entry.version for entry in index if entry.name == self.model and entry.state == "READY"]
        expect(ready == list(self.metadata.versions), f"{index}")

    # ---- inference ----

    def check_the_answer_is_that_of_http(self):
        arrays = self.arrays()
        client = http_module.InferenceServerClient(self.base_url.split("://", 1)[-1])
        self.same(self.read(self.infer(arrays)), self.read(client.infer(self.model, self.inputs(arrays, http_module))))

    def check_typed_contents_give_the_same_answer(self):
        arrays = self.arrays()
        response = self.stub().ModelInfer(self.typed_request(arrays))
        self.same(self.read(client_module.InferResult(response)), self.read(self.infer(arrays)))

    def check_several_rows_answer_as_each_row_alone(self):
        arrays = self.arrays()
        together = self.read(self.infer(arrays))
        for row in range(ROWS):
            alone = self.read(self.infer({name: array[row : row + 1] for name, array in arrays.items()}))
            self.same(alone, {name: array[row : row + 1] for name, array in together.items()})

    def check_outputs_can_be_chosen(self):
        outputs = [client_module.InferRequestedOutput(spec.name) for spec in reversed(self.metadata.outputs)]
        result = self.infer(self.arrays(), outputs=outputs)
        names = [output.name for output in result.get_response().outputs]
        expect(names == [output.name() for output in outputs], f"{names}")
        self.same(self.read(result), self.read(self.infer(self.arrays())))

    def check_the_version_and_the_id_come_back(self):
        version = self.metadata.versions[-1]
        response = self.infer(self.arrays(1), model_version=version, request_id="conformance-1").get_response()
        expect(response.model_version == version and response.id == "conformance-1", f"{response}")
        expect(response.model_name == self.model, f"{response.model_name}")

    def check_timeout_priority_and_parameters_are_accepted(self):
        self.read(self.infer(self.arrays(1), timeout=5_000_000, priority=2, parameters={"mine": "yes", "two": 2, "three": True}))

    def check_both_ways_of_compression_are_accepted(self):
        for algorithm in ["gzip", "deflate"]:
            self.read(self.infer(self.arrays(), compression_algorithm=algorithm))

    def check_callbacks_get_their_own_rows(self):
        arrays = self.arrays()
        wanted = self.read(self.infer(arrays))
        results = queue.Queue()
        for i in range(20):
            row = {name: array[i % ROWS : i % ROWS + 1] for name, array in arrays.items()}
            keep = lambda result, error, i=i: results.put((i, result, error))
            self.client.async_infer(self.model, self.inputs(row), keep, client_timeout=TIMEOUT_S)
        for _ in range(20):
            i, result, error = results.get(timeout=TIMEOUT_S)
            expect(error is None, f"{error}")
            self.same(self.read(result), {name: array[i % ROWS : i % ROWS + 1] for name, array in wanted.items()})

    def check_the_asyncio_client_works(self):
        arrays = self.arrays()

        async def ask():
            async with aio_module.InferenceServerClient(self.address) as client:
                return await client.infer(self.model, self.inputs(arrays, aio_module))

        self.same(self.read(asyncio.run(ask())), self.read(self.infer(arrays)))

    # ---- streams ----

    def streamed(self, requests, **options):
        """Results and errors of these requests through one stream, in the order of their answers."""
        results = queue.Queue()
        with client_module.InferenceServerClient(self.address) as client:
            client.start_stream(callback=lambda result, error: results.put((result, error)))
            for i, inputs in enumerate(requests):
                client.async_stream_infer(self.model, inputs, request_id=f"s-{i}", **options)
            answers = [results.get(timeout=TIMEOUT_S) for _ in requests]
            client.stop_stream()
        return answers

    def check_a_stream_answers_in_order_with_ids(self):
        arrays = self.arrays()
        wanted = self.read(self.infer(arrays))
        rows = [{name: array[i % ROWS : i % ROWS + 1] for name, array in arrays.items()} for i in range(200)]
        for i, (result, error) in enumerate(self.streamed([self.inputs(row) for row in rows])):
            expect(error is None, f"{error}")
            expect(result.get_response().id == f"s-{i}", f"answer {i} is that of {result.get_response().id}")
            self.same(self.read(result), {name: array[i % ROWS : i % ROWS + 1] for name, array in wanted.items()})

    def check_a_stream_survives_a_wrong_request(self):
        inputs = self.inputs(self.arrays(1))
        first, second, third = self.streamed([inputs, inputs[:-1], inputs])
        expect(first[1] is None and third[1] is None, f"{first[1]} {third[1]}")
        expect(second[1] is not None and inputs[-1].name() in second[1].message(), f"{second[1]}")

    def check_a_stream_says_which_answer_is_the_last_when_asked(self):
        [(result, error)] = self.streamed([self.inputs(self.arrays(1))], enable_empty_final_response=True)
        expect(error is None, f"{error}")
        expect(result.get_response().parameters["triton_final_response"].bool_param, f"{result.get_response()}")

    def check_an_asyncio_stream_works(self):
        arrays = self.arrays(1)

        async def ask():
            async def requests():
                for i in range(5):
                    yield {"model_name": self.model, "inputs": self.inputs(arrays, aio_module), "request_id": str(i)}

            found = []
            async with aio_module.InferenceServerClient(self.address) as client:
                async for result, error in client.stream_infer(requests()):
                    found.append((result, error))
            return found

        answers = asyncio.run(ask())
        expect([result.get_response().id for result, _ in answers] == ["0", "1", "2", "3", "4"], f"{answers}")

    # ---- errors ----

    def check_an_unknown_model_or_version_is_an_error(self):
        inputs = self.inputs(self.arrays(1))
        expect_error(lambda: self.client.infer("no_such_model", inputs), status="NOT_FOUND", words=["no_such_model"])
        expect_error(lambda: self.infer(self.arrays(1), model_version="999999"), status="NOT_FOUND", words=["999999"])
        expect_error(lambda: self.client.get_model_metadata("no_such_model"), status="NOT_FOUND", words=["no_such_model"])
        expect_error(lambda: self.client.get_model_config("no_such_model"), status="NOT_FOUND", words=["no_such_model"])

    def check_a_missing_or_unknown_or_doubled_input_is_an_error(self):
        inputs = self.inputs(self.arrays(1))
        name = inputs[-1].name()
        ask = lambda given: lambda: self.client.infer(self.model, given)
        expect_error(ask(inputs[:-1]), status="INVALID_ARGUMENT", words=[name])
        expect_error(ask(inputs + inputs[:1]), status="INVALID_ARGUMENT", words=[inputs[0].name()])
        extra = client_module.InferInput("no_such_input", [1, 1], "FP32")
        extra.set_data_from_numpy(np.zeros((1, 1), np.float32))
        expect_error(ask(inputs + [extra]), status="INVALID_ARGUMENT", words=["no_such_input"])

    def check_a_wrong_datatype_or_shape_is_an_error(self):
        inputs = self.inputs(self.arrays(1))
        name = inputs[0].name()
        wrong = client_module.InferInput(name, [1, 1], "INT16")
        wrong.set_data_from_numpy(np.zeros((1, 1), np.int16))
        expect_error(
            lambda: self.client.infer(self.model, [wrong] + inputs[1:]), status="INVALID_ARGUMENT", words=[name]
        )

    def check_both_kinds_of_contents_are_an_error(self):
        request = self.typed_request(self.arrays(1))
        request.raw_input_contents.extend([b"1234"] * len(request.inputs))
        try:
            self.stub().ModelInfer(request)
        except grpc.RpcError as error:
            expect(error.code() == grpc.StatusCode.INVALID_ARGUMENT, f"{error}")
            expect("raw_input_contents" in error.details(), f"{error.details()}")
        else:
            raise Failed("both were taken")

    def check_an_output_the_model_does_not_have_is_an_error(self):
        outputs = [client_module.InferRequestedOutput("no_such_output")]
        expect_error(
            lambda: self.infer(self.arrays(1), outputs=outputs), status="INVALID_ARGUMENT", words=["no_such_output"]
        )

    def check_what_is_not_offered_says_so(self):
        outputs = [client_module.InferRequestedOutput(self.metadata.outputs[0].name, class_count=1)]
        refused = "UNIMPLEMENTED"
        expect_error(lambda: self.infer(self.arrays(1), outputs=outputs), status=refused, words=["classification"])
        expect_error(lambda: self.infer(self.arrays(1), sequence_id=7, sequence_start=True), status=refused, words=["sequence"])
        expect_error(lambda: self.client.load_model(self.model), status=refused)
        expect_error(lambda: self.client.unload_model(self.model), status=refused)
        expect_error(lambda: self.client.get_trace_settings(), status=refused)
        expect_error(lambda: self.client.get_log_settings(), status=refused)
        expect_error(lambda: self.client.get_system_shared_memory_status(), status=refused)

    def check_the_deadline_of_the_client_counts(self):
        expect_error(
            lambda: self.client.infer(self.model, self.inputs(self.arrays()), client_timeout=0.000001),
            status="DEADLINE_EXCEEDED",
        )

    def check_the_server_still_answers_after_all_those_errors(self):
        expect(self.client.is_server_ready(), "not ready")
        self.read(self.infer(self.arrays()))


def main(arguments):
    if len(arguments) != 3:
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
            print(f"FAILED  grpc: {title}: {type(error).__name__}: {error}", flush=True)
        else:
            passed += 1
            print(f"ok      grpc: {title}", flush=True)
    checks.client.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
