"""/docs without internet, and an OpenAPI document that generators take."""

import re

import pytest
from openapi_spec_validator import validate

PUBLIC = {
    "create_token",
    "revoke_token",
    "activate_account",
    "get_jwks",
    "get_healthz",
    "get_readyz",
    "get_metrics",
}


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_docs_load_nothing_from_elsewhere(client):
    page = client.get("/docs")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert addresses
    assert all(address.startswith("/") and not address.startswith("//") for address in addresses)
    assert {client.get(address).status_code for address in addresses} == {200}


def test_docs_do_not_ask_a_public_validator(client):
    assert "validatorUrl: null" in client.get("/static/docs.js").text


def test_static_files_are_files_of_their_folder_alone(client):
    assert client.get("/static/../docs.py").status_code == 404
    assert client.get("/static/%2e%2e/docs.py").status_code == 404
    assert client.get("/static/").status_code == 404


def test_the_openapi_document_is_valid(document):
    validate(document)


def test_operation_ids_are_unique_and_read_like_functions(document):
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert [name for name in ids if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []


CHINESE = "[\u4e00-\u9fff]"
ENGLISH = r"[A-Za-z]+['’]?[a-z]* [a-z]+"
"""Two words beside each other; a field's or a protocol's name is one."""


def test_every_operation_has_a_chinese_name(document):
    names = [operation["summary"] for _, _, operation in operations(document)]
    assert [name for name in names if not re.match(CHINESE, name) or len(name) > 12] == []
    assert len(names) == len(set(names))


def test_every_operation_is_described_in_chinese_first_and_in_english_beside_it(document):
    missing = []
    for _, _, operation in operations(document):
        chinese, *rest = operation.get("description", "").split("\n\n")
        if not re.match(CHINESE, chinese) or not re.search(ENGLISH, "\n".join(rest)):
            missing.append(operation["operationId"])
    assert missing == []


def test_every_other_description_is_in_chinese_first_and_in_english_beside_it(document):
    """Of parameters, answers, bodies, their fields, tags, and the whole."""
    assert {text for text in descriptions(document) if not is_bilingual(text)} == set()


def descriptions(node):
    """Every description in a part of the document. An example or a field may have the word for a key too."""
    if isinstance(node, list):
        for part in node:
            yield from descriptions(part)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "description" and isinstance(value, str):
                yield value
            elif key not in {"example", "examples"}:
                yield from descriptions(value)


def is_bilingual(text):
    """No English before the first Chinese, and some after it."""
    before, *chinese = re.split(CHINESE, text, maxsplit=1)
    return bool(chinese) and not re.search(ENGLISH, before) and bool(re.search(r"[。\s][A-Z`]", chinese[0]))


def test_every_tag_is_described(document):
    described = {tag["name"] for tag in document["tags"]}
    assert described == {tag for _, _, operation in operations(document) for tag in operation["tags"]}


def test_the_security_scheme_names_both_flows_and_where_tokens_come_from(document):
    (scheme,) = document["components"]["securitySchemes"].values()
    assert scheme["type"] == "oauth2"
    assert set(scheme["flows"]) == {"password", "clientCredentials"}
    assert {flow["tokenUrl"] for flow in scheme["flows"].values()} == {"/api/v1/auth/token"}
    assert "/api/v1/auth/token" in document["paths"]


def test_what_needs_a_token_says_so(document):
    secured = {operation["operationId"] for _, _, operation in operations(document) if operation.get("security")}
    assert {"get_me", "change_my_password", "list_accounts", "create_check_in"} <= secured
    assert not secured & PUBLIC


def test_every_body_has_an_example(document):
    missing = []
    for path, method, operation in operations(document):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            schema = media["schema"]
            if "$ref" in schema:
                schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            if not {"example", "examples"} & ({*schema} | {*media}):
                missing.append(f"{method} {path}")
    assert missing == []
