"""Every operation, called with what its schema allows and with what it does not, by everybody.

No answer is a server's fault, every refusal is a problem in the contract's shape, and whatever is answered is declared
and matches its schema. Deterministic: the same calls in the same order at each run.
"""

import json
import logging
import os
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.errors import ProblemBody
from tests.support.world import ROLES, VILLAGE

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
"""Calls of each operation, of each kind, on each database. Fifty find more in five minutes."""

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SHAPE = set(ProblemBody.model_fields)
CALLERS = (None, *ROLES)


@dataclass(frozen=True)
class Call:
    case: schemathesis.Case
    request: requests.PreparedRequest
    real: bool
    """The ids in its path are to be those of things that exist."""


@cache
def calls(document: str) -> list[Call]:
    """Made once, for both databases."""
    made = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # schemathesis' own
        for operation in schemathesis.openapi.from_dict(json.loads(document)).get_all_operations():
            for mode in GenerationMode:
                with suppress(Unsatisfiable):  # nothing to get wrong: the operation takes no input
                    made += _calls_of(operation.ok(), mode)
    return made


def _calls_of(operation, mode) -> list[Call]:
    made = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def make(case):
        # As requests would send it, which schemathesis builds on.
        request = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
        made.append(Call(case, request, real=len(made) % 2 == 0))

    make()
    return made


def address(world, call: Call) -> str:
    if not call.real:
        return call.request.url
    there_is = {
        "code": VILLAGE,
        "posting_id": world.postings["li"],
        "cadre_id": world.cadres["li"],
        "account_id": world.accounts["township_officer"],
        "date": "2026-11-23",
        "year": 2026,
    }
    path = call.case.operation.path.format(**{**call.case.path_parameters, **there_is})
    return urlsplit(call.request.url)._replace(path=path).geturl()


def answers(world, call: Call, tokens: dict[str, str]):
    """The answers to one caller after another, in schemathesis' form, up to the first who is let in."""
    for who in CALLERS:
        headers = {name: value for name, value in call.request.headers.items() if name != "User-Agent"}
        if who:
            headers["Authorization"] = f"Bearer {tokens[who]}"
        got = world.client.request(
            call.request.method, address(world, call), content=call.request.body, headers=headers
        )
        yield Response(
            status_code=got.status_code,
            headers={name: [value] for name, value in got.headers.items()},
            content=got.content,
            request=call.request,
            elapsed=0,
            verify=False,
        )
        if got.status_code not in {401, 403}:
            return


def faults(case, response):
    """What is wrong with an answer; no input in it."""
    if response.status_code >= 400:
        [kind] = response.headers.get("content-type", [""])
        if kind == "application/problem+json":
            problem = response.json()
            if not set(problem) >= SHAPE or problem["status"] != response.status_code:
                yield "not a problem's shape"
        elif not kind.startswith("text/html"):
            yield f"not a problem: {kind}"
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        for failure in group.exceptions:
            yield f"{failure.title}: {failure.message[:300]}"
    except Failure as failure:
        yield f"{failure.title}: {failure.message[:300]}"


def test_no_call_is_answered_with_a_fault_or_with_what_is_not_declared(world):
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    found: dict = {}
    statuses: Counter = Counter()
    tokens = {role: world.as_(role)._token() for role in ROLES}
    for call in calls(world.client.get("/openapi.json").text):
        for response in answers(world, call, tokens):
            statuses[response.status_code] += 1
            for fault in faults(call.case, response):
                found.setdefault((call.case.operation.label, response.status_code, fault), call.request)
    if os.environ.get("FUZZ_SHOW"):  # what was sent, for whoever looks into a fault
        print(statuses)  # noqa: T201
        for key, request in found.items():
            print(*key, request.url, request.body, sep="\n   ")  # noqa: T201
    assert list(found) == []
    assert statuses[200] + statuses[201] > 20, statuses
    assert min(statuses[401], statuses[403], statuses[404], statuses[422]) > 20, statuses
