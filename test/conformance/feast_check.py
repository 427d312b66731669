"""Checks a server's Feast side with feast's own SDK, unmodified: one line a check, exit status 1 when any failed.

usage: feast_check.py BASE_URL

The server runs examples/fraud: views user_profile (sharded, ttl 90 days) and merchant_profile (everywhere, no ttl) and
model fraud. Keys are new at every run, so that a server may be checked again.
"""

import json
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
import warnings
from datetime import datetime, timedelta, timezone
from importlib.metadata import distributions
from pathlib import Path

warnings.filterwarnings("ignore")

import feast  # noqa: E402
import pandas as pd  # noqa: E402
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, PushSource, RepoConfig  # noqa: E402
from feast import ValueType  # noqa: E402
from feast.data_source import PushMode  # noqa: E402
from feast.errors import (  # noqa: E402
    FeastError,
    FeastObjectNotFoundException,
    FeatureNameCollisionError,
    FeatureServiceNotFoundException,
    FeatureViewNotFoundException,
)
from feast.infra.online_stores.remote import RemoteOnlineStore  # noqa: E402
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus  # noqa: E402
from feast.types import Bool, Float32, Int64  # noqa: E402

VISIBLE_S_MAX = 15.0
NO_TIME = "1970-01-01T00:00:00Z"
# Newer clients hand the whole question to the server and keep the statuses it answers; older ones read view by view,
# keep the first row's event time, and call whatever came back PRESENT.
WHOLE_QUESTION = "get_online_features" in vars(RemoteOnlineStore)

USER_FEATURES = ["user_profile:payments_total", "user_profile:is_new", "user_profile:avg_amount"]
MERCHANT_FEATURES = ["merchant_profile:online", "merchant_profile:fraud_rate"]


class Failed(Exception):
    """A check that did not hold, with what was seen instead."""


class LeftOut(Exception):
    """A check that this version of the client has no use for."""


def expect(condition, message):
    if not condition:
        raise Failed(message)


def expect_error(kind, call, words=()):
    """The call must raise exactly this exception, as rebuilt from the server's answer, with each of the words."""
    try:
        answer = call()
    except FeastError as error:
        expect(type(error) is kind, f"raised {type(error).__name__} ({error}), wanted {kind.__name__}")
        for word in words:
            expect(word in str(error), f"the message does not name {word!r}: {error}")
        return
    raise Failed(f"no error, got {answer!r}")


def utc(moment):
    """As the server writes times: RFC 3339, with milliseconds where there are any."""
    text = moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return text.replace(".000Z", "Z")


def version():
    return next(d.version for d in distributions(path=[str(Path(feast.__file__).parents[1])]) if d.name == "feast")


class Checks:
    def __init__(self, base_url, folder):
        self.base_url = base_url.rstrip("/")
        self.folder = Path(folder)
        self.run = uuid.uuid4().hex[:8]
        # Whole milliseconds, which is what the log keeps.
        self.now = datetime.now(timezone.utc).replace(microsecond=250_000) - timedelta(seconds=2)
        self.store = FeatureStore(
            config=RepoConfig(
                project="conformance",
                provider="local",
                registry=str(self.folder / "registry.db"),
                online_store={"type": "remote", "path": self.base_url},
                entity_key_serialization_version=3,
            )
        )
        self.define()
        self.write_rows()

    def key(self, name):
        return f"{self.run}-{name}"

    def define(self):
        """The server's two views as Feast knows them, and things that the server has not."""
        user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
        merchant = Entity(name="merchant", join_keys=["merchant_id"], value_type=ValueType.STRING)
        self.write_offline()
        payments = [Field(name="payments_total", dtype=Int64), Field(name="is_new", dtype=Bool), Field(name="avg_amount", dtype=Float32)]
        shop = [Field(name="online", dtype=Bool), Field(name="fraud_rate", dtype=Float32)]
        profile = self.view("user_profile", user, payments, timedelta(days=90))
        merchants = self.view("merchant_profile", merchant, shop, timedelta(0))
        ghost = self.view("ghost", user, [Field(name="spend", dtype=Float32)], timedelta(0))
        # What the server answers for this view is what it has; this registry thinks it has more.
        stale = [Field(name="payments_total", dtype=Int64), Field(name="not_served", dtype=Float32)]
        self.stale = self.view("user_profile", user, stale, timedelta(days=90))
        services = [FeatureService(name="fraud", features=[profile, merchants]), FeatureService(name="nobody_serves", features=[profile])]
        self.store.apply([user, merchant, profile, merchants, ghost, *services])

    def view(self, name, entity, fields, ttl):
        offline = FileSource(
            path=str(self.folder / "merchants.parquet"), timestamp_field="event_timestamp", created_timestamp_column="created"
        )
        source = PushSource(name=name, batch_source=offline)
        return FeatureView(name=name, entities=[entity], ttl=ttl, schema=fields, source=source, online=True)

    def write_offline(self):
        """An offline store for `materialize`: an old and a newer row of one merchant, and one of another."""
        hour = timedelta(hours=1)
        pd.DataFrame(
            {
                "merchant_id": [self.key("m1"), self.key("m1"), self.key("m2")],
                "online": [True, False, True],
                "fraud_rate": [0.5, 0.25, 0.125],
                "event_timestamp": [self.now - 5 * hour, self.now - 3 * hour, self.now - 4 * hour],
                "created": [self.now] * 3,
            }
        ).to_parquet(self.folder / "merchants.parquet")

    def write_rows(self):
        """Through the SDK: a whole row, one with nulls and one that has expired."""
        old = self.now - timedelta(days=90, minutes=1)
        self.store.push(
            "user_profile",
            pd.DataFrame(
                {
                    "user_id": [self.key("whole"), self.key("nulls"), self.key("old")],
                    "payments_total": pd.array([2**53 + 1, 7, 8], dtype="Int64"),
                    "is_new": [True, None, False],
                    "avg_amount": [5.0, None, 1.5],
                    "event_timestamp": [self.now, self.now - timedelta(seconds=1), old],
                    "created": [self.now] * 3,
                }
            ),
            to=PushMode.ONLINE,
        )
        self.until_visible("user_profile", "user_id", self.key("whole"))

    # ---- asking ----

    def read(self, names, features=tuple(USER_FEATURES), **options):
        rows = [{"user_id": self.key(name)} for name in names]
        return self.store.get_online_features(features=list(features), entity_rows=rows, **options)

    def post(self, path, body):
        request = urllib.request.Request(
            self.base_url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def over_http(self, features, **entities):
        """Columns by name, as {values, statuses, event_timestamps}."""
        status, body = self.post("/get-online-features", {"features": features, "entities": entities})
        expect(status == 200, f"{status} {body!r}")
        answer = json.loads(body)
        return dict(zip(answer["metadata"]["feature_names"], answer["results"]))

    def until_visible(self, view, key_name, key):
        """Rows are acknowledged by the log; replicas have them a moment later."""
        feature = "payments_total" if view == "user_profile" else "fraud_rate"
        end = time.monotonic() + VISIBLE_S_MAX
        while self.over_http([f"{view}:{feature}"], **{key_name: [key]})[feature]["statuses"] != ["PRESENT"]:
            expect(time.monotonic() < end, f"{key} of {view} is not visible after {VISIBLE_S_MAX} s")
            time.sleep(0.05)

    # ---- reading ----

    def check_values_come_back_with_their_types(self):
        values = self.read(["whole"]).to_dict()
        wanted = {"user_id": [self.key("whole")], "payments_total": [2**53 + 1], "is_new": [True], "avg_amount": [5.0]}
        expect(values == wanted, f"{values}")
        kinds = [type(values[name][0]) for name in ("payments_total", "is_new", "avg_amount")]
        expect(kinds == [int, bool, float], f"{kinds}")

    def check_null_expired_and_missing_rows_have_no_values(self):
        values = self.read(["nulls", "old", "nobody"]).to_dict()
        expect(values["payments_total"] == [7, None, None], f"{values}")
        expect(values["is_new"] == [None] * 3 and values["avg_amount"] == [None] * 3, f"{values}")

    def check_the_sdk_sees_the_statuses(self):
        proto = self.read(["whole", "nulls", "old", "nobody"]).proto
        statuses = [FieldStatus.Name(s) for s in proto.results[list(proto.metadata.feature_names.val).index("avg_amount")].statuses]
        wanted = ["PRESENT", "NULL_VALUE", "OUTSIDE_MAX_AGE", "NOT_FOUND"] if WHOLE_QUESTION else ["PRESENT"] * 4
        expect(statuses == wanted, f"{statuses}")

    def check_an_older_sdk_sees_the_event_time(self):
        if WHOLE_QUESTION:
            raise LeftOut("this version drops event times")
        times = self.read(["whole"]).to_dict(include_event_timestamps=True)
        expect(times["avg_amount__ts"] == [int(self.now.timestamp())], f"{times}")

    def check_statuses_and_event_times_over_http(self):
        column = self.over_http(USER_FEATURES, user_id=[self.key(name) for name in ("whole", "nulls", "old", "nobody")])["avg_amount"]
        old = self.now - timedelta(days=90, minutes=1)
        expect(column["values"] == [5.0, None, None, None], f"{column}")
        expect(column["statuses"] == ["PRESENT", "NULL_VALUE", "OUTSIDE_MAX_AGE", "NOT_FOUND"], f"{column}")
        times = [utc(self.now), utc(self.now - timedelta(seconds=1)), utc(old), NO_TIME]
        expect(column["event_timestamps"] == times, f"{column['event_timestamps']}, wanted {times}")

    def check_many_rows_keep_their_order(self):
        names = [("whole", "nulls", "nobody")[i * 7 % 3] for i in range(500)]
        values = self.read(names).to_dict()["payments_total"]
        wanted = {"whole": 2**53 + 1, "nulls": 7, "nobody": None}
        expect(values == [wanted[name] for name in names], f"{values[:10]}…")

    def check_two_views_are_joined_by_their_own_keys(self):
        self.write_merchant("joined", 0.75)
        rows = [{"user_id": self.key("whole"), "merchant_id": self.key("joined")}, {"user_id": self.key("nobody"), "merchant_id": self.key("joined")}]
        answer = self.store.get_online_features(features=USER_FEATURES + MERCHANT_FEATURES, entity_rows=rows, full_feature_names=True)
        values = answer.to_dict()
        expect(values["user_profile__avg_amount"] == [5.0, None], f"{values}")
        expect(values["merchant_profile__fraud_rate"] == [0.75, 0.75], f"{values}")

    def check_a_feature_service_is_the_model_of_its_name(self):
        service = self.store.get_feature_service("fraud")
        rows = [{"user_id": self.key("whole"), "merchant_id": self.key("none")}]
        answer = self.store.get_online_features(features=service, entity_rows=rows, full_feature_names=True).to_dict()
        expect(answer["user_profile__avg_amount"] == [5.0] and answer["merchant_profile__online"] == [None], f"{answer}")
        # The model is fed 28 features of four views; an older client asks for the five that its own registry names.
        expect(len(answer) == (30 if WHOLE_QUESTION else 7), f"{sorted(answer)}")

    # ---- writing ----

    def write_merchant(self, name, rate):
        frame = {"merchant_id": [self.key(name)], "online": [False], "fraud_rate": [rate], "event_timestamp": [self.now], "created": [self.now]}
        self.store.write_to_online_store("merchant_profile", pd.DataFrame(frame))
        self.until_visible("merchant_profile", "merchant_id", self.key(name))

    def check_write_to_online_store(self):
        self.write_merchant("written", 0.625)
        column = self.over_http(MERCHANT_FEATURES, merchant_id=[self.key("written")])["fraud_rate"]
        expect(column["values"] == [0.625] and column["event_timestamps"] == [utc(self.now)], f"{column}")

    def check_materialize_brings_the_newest_offline_rows_or_says_what_to_do_instead(self):
        try:
            self.store.materialize(self.now - timedelta(hours=6), self.now, feature_views=["merchant_profile"])
        except RuntimeError as error:  # newer clients ask the server to read the offline store
            expect(WHOLE_QUESTION and "501" in str(error) and "write_to_online_store" in str(error), f"{error}")
            return
        keys = [self.key("m1"), self.key("m2")]
        for key in keys:
            self.until_visible("merchant_profile", "merchant_id", key)
        columns = self.over_http(MERCHANT_FEATURES, merchant_id=keys)
        expect(columns["fraud_rate"]["values"] == [0.25, 0.125], f"{columns}")
        expect(columns["online"]["values"] == [False, True], f"{columns}")
        times = [utc(self.now - timedelta(hours=3)), utc(self.now - timedelta(hours=4))]
        expect(columns["online"]["event_timestamps"] == times, f"{columns}")

    def check_an_older_row_does_not_overwrite_a_newer_one(self):
        self.write_merchant("twice", 0.5)
        frame = {"merchant_id": [self.key("twice")], "fraud_rate": [0.25], "event_timestamp": [utc(self.now - timedelta(hours=1))]}
        status, body = self.post("/push", {"push_source_name": "merchant_profile", "df": frame})
        expect((status, body) == (200, b""), f"{status} {body!r}")
        self.write_merchant("after", 0.5)
        values = self.over_http(MERCHANT_FEATURES, merchant_id=[self.key("twice")])["fraud_rate"]["values"]
        expect(values == [0.5], f"{values}")

    def check_push_over_http_takes_times_without_zone_as_utc(self):
        moment = self.now.replace(microsecond=0)
        number = int(self.run, 16)
        frame = {"user_id": [number], "payments_total": [9], "event_timestamp": [moment.strftime("%Y-%m-%d %H:%M:%S")]}
        status, body = self.post("/push", {"push_source_name": "user_profile", "df": frame, "to": "online"})
        expect((status, body) == (200, b""), f"{status} {body!r}")
        self.until_visible("user_profile", "user_id", number)
        columns = self.over_http(USER_FEATURES, user_id=[number])
        expect(columns["user_id"]["values"] == [number], f"{columns}")
        expect(columns["payments_total"]["event_timestamps"] == [utc(moment)], f"{columns}")

    def check_write_over_http_answers_null(self):
        body = {"feature_view_name": "user_profile", "df": {"user_id": [self.key("http")], "payments_total": [1]}}
        status, answer = self.post("/write-to-online-store", body)
        expect((status, answer) == (200, b"null"), f"{status} {answer!r}")

    # ---- refusals ----

    def check_an_unknown_view_raises_feasts_own_exception(self):
        expect_error(FeatureViewNotFoundException, lambda: self.read(["whole"], ["ghost:spend"]), ["ghost", "user_profile"])

    def check_an_unknown_feature_raises_feasts_own_exception(self):
        self.store.apply([self.stale])
        try:
            expect_error(FeastObjectNotFoundException, lambda: self.read(["whole"], ["user_profile:not_served"]), ["not_served"])
        finally:
            self.define()

    def check_an_unknown_service_raises_feasts_own_exception(self):
        service = self.store.get_feature_service("nobody_serves")
        if WHOLE_QUESTION:
            expect_error(FeatureServiceNotFoundException, lambda: self.read_service(service), ["nobody_serves"])
        else:
            expect(self.read_service(service)["avg_amount"] == [5.0], "an older client resolves services by itself")

    def read_service(self, service):
        rows = [{"user_id": self.key("whole")}]
        return self.store.get_online_features(features=service, entity_rows=rows).to_dict()

    def check_names_that_clash_raise_feasts_own_exception(self):
        status, body = self.post(
            "/get-online-features",
            {"feature_service": "fraud", "entities": {"user_id": ["a"], "merchant_id": ["b"]}},
        )
        expect(status == 422, f"{status} {body!r}")
        error = FeastError.from_error_detail(json.loads(body))
        expect(type(error) is FeatureNameCollisionError and "log_amount_mean" in str(error), f"{error!r}")

    def check_a_row_that_cannot_be_stored_raises(self):
        frame = {"user_id": [self.key("fine"), ""], "payments_total": [1, 2], "is_new": [True, True], "avg_amount": [1.0, 2.0]}
        frame |= {"event_timestamp": [self.now] * 2, "created": [self.now] * 2}
        write = lambda: self.store.write_to_online_store("user_profile", pd.DataFrame(frame))  # noqa: E731
        expect_error(FeastError, write, ["1 of 2 rows", "row 1"])

    def check_a_row_from_the_future_raises(self):
        ahead = self.now + timedelta(hours=1)
        frame = {"merchant_id": [self.key("ahead")], "online": [False], "fraud_rate": [0.5], "event_timestamp": [ahead], "created": [ahead]}
        write = lambda: self.store.write_to_online_store("merchant_profile", pd.DataFrame(frame))  # noqa: E731
        expect_error(FeastError, write, ["ahead"])

    def check_a_view_that_the_server_has_not_cannot_be_written(self):
        frame = {"user_id": ["a"], "spend": [1.0], "event_timestamp": [self.now], "created": [self.now]}
        write = lambda: self.store.write_to_online_store("ghost", pd.DataFrame(frame))  # noqa: E731
        expect_error(FeastObjectNotFoundException, write, ["ghost"])

    def check_a_body_of_the_wrong_shape_is_refused_as_fastapi_does(self):
        status, body = self.post("/get-online-features", {"features": USER_FEATURES})
        detail = json.loads(body)["detail"]
        expect(status == 422 and detail[0]["loc"] == ["body", "entities"], f"{status} {body!r}")


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        print(f"feast {version()}")
        try:
            checks = Checks(arguments[0], folder)
        except Exception as error:  # the server is not there at all, or takes no rows
            print(f"cannot begin: {type(error).__name__}: {error}\n0 passed, 1 failed")
            return 1
        passed = failed = 0
        for name in [name for name in vars(Checks) if name.startswith("check_")]:
            title = name.removeprefix("check_").replace("_", " ")
            try:
                getattr(checks, name)()
            except LeftOut as reason:
                print(f"left out {title}: {reason}", flush=True)
            except Exception as error:  # whatever the client raises is a failed check, and the next one still runs
                failed += 1
                print(f"FAILED  {title}: {type(error).__name__}: {error}", flush=True)
            else:
                passed += 1
                print(f"ok      {title}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
