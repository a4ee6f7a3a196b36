"""The HTTP side: login, tokens, labs and who sees them, health."""
import base64
import json
import time

import pytest
import requests
from stibium_harness import Client, Service, topology
from stibium_harness.lab import DONE
from stibium_harness.service import PASSWORD, USER


@pytest.fixture(scope="module")
def service():
    labs = {"top.clab.yml": topology("top"), "campus/collection.yml": json.dumps({"creator": "alice"}),
            "campus/office.clab.yml": topology("office"),
            "open/collection.yml": json.dumps({"creator": "alice", "publicDeploy": True}), "open/common.clab.yml": topology("common")}
    with Service(labs=labs, scripted=True) as one:
        yield one


def post(service, path, **more):
    return requests.post(service.url + path, timeout=10, **more)


def refused(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code and answer.json()["message"]


@pytest.mark.parametrize("root", ["", "/api"])
def test_login_refresh_logout(service, root):
    config = service.get(root + "/users/login/config").json()["payload"]
    assert config["native"]["enabled"] is True and config["native"]["allowEmpty"] is False
    login = post(service, root + "/users/login/native", json={"username": USER, "password": PASSWORD})
    assert login.status_code == 200
    cookies = login.cookies
    assert {"accessToken", "authToken"} <= set(cookies.keys())
    told = login.headers["Set-Cookie"]
    assert "SameSite=Lax" in told and "Path=/" in told and "HttpOnly" in told
    claims = json.loads(base64.urlsafe_b64decode(cookies["accessToken"].split(".")[1] + "=="))
    assert {"id", "isAdmin", "nbf", "exp"} <= set(claims) and claims["exp"] - claims["nbf"] == 1800
    fresh = requests.get(service.url + root + "/users/login/refresh", cookies=cookies, timeout=10)
    assert fresh.status_code == 200 and fresh.json()["payload"] == fresh.cookies["accessToken"]
    assert service.get(root + "/labs", fresh.json()["payload"]).status_code == 200
    assert requests.get(service.url + root + "/labs", cookies=cookies, timeout=10).status_code == 200
    out = post(service, root + "/users/logout", cookies=cookies)
    assert out.status_code == 200 and "accessToken=" in out.headers["Set-Cookie"]


def test_login_refused(service):
    refused(post(service, "/users/login/native", json={"username": USER, "password": "wrong"}), 400, 1001)
    refused(post(service, "/users/login/native", json={"username": "nobody", "password": PASSWORD}), 400, 1001)
    refused(post(service, "/users/login/native", json={"username": "", "password": ""}), 400, 1001)
    for body in ("", "{", "[]", "5", '{"username":"admin"}', '{"username":5,"password":"x"}'):
        refused(post(service, "/users/login/native", data=body, headers={"Content-Type": "application/json"}), 422, 422)
    refused(service.get("/users/login/refresh"), 401, 401)
    answer = requests.get(service.url + "/users/login/refresh", cookies={"authToken": "abc"}, timeout=10)
    assert answer.status_code == 403
    # An access token is no auth token.
    answer = requests.get(service.url + "/users/login/refresh", cookies={"authToken": service.admin()}, timeout=10)
    assert answer.status_code == 403


def test_failed_logins_are_throttled():
    with Service(scripted=True) as service:
        def login(password, **more):
            return post(service, "/users/login/native", json={"username": USER, "password": password}, **more)

        for _ in range(4):
            refused(login("wrong"), 400, 1001)
        assert login(PASSWORD).status_code == 200
        # A success has wiped the slate clean. What the client says of its address counts for nothing.
        for i in range(5):
            refused(login("wrong", headers={"X-Forwarded-For": f"10.0.0.{i}"}), 400, 1001)
        held = login(PASSWORD, headers={"X-Forwarded-For": "10.0.0.99"})
        refused(held, 429, 429)
        assert 0 < int(held.headers["Retry-After"]) <= 60
        # Who has a token already goes on.
        assert service.get("/labs", service.admin()).status_code == 200
        assert service.stderr().count("a login from 127.0.0.1 has failed") == 9
        assert "wrong" not in service.stderr() and PASSWORD not in service.stderr()


def test_labs_need_a_token(service):
    refused(service.get("/labs"), 401, 401)
    refused(service.get("/labs", "abc"), 498, 498)
    expired = service.token("alice", ttl="1s")
    time.sleep(2.5)
    refused(service.get("/labs", expired), 498, 498)


def test_who_sees_which_labs(service):
    office = service.lab("office")
    seen = {name: {lab["name"] for lab in service.lab_list(token)} for name, token in {
        "admin": service.admin(), "alice": service.token("alice", "campus", "open"), "bob": service.token("bob", "campus"),
        "eve": service.token("eve")}.items()}
    assert {"top", "office", "common"} <= seen["admin"]
    assert seen["alice"] == {"office", "common"} and seen["bob"] == {"office"} and seen["eve"] == set()
    assert service.get(f"/labs/{office}", service.token("bob", "campus")).status_code == 200
    assert service.get(f"/labs/{office}", service.token("eve")).status_code in (403, 404)
    refused(service.get("/labs/00000000-0000-4000-8000-000000000000", service.admin()), 404, -1)


def test_a_lab_and_its_instance(service):
    lab = service.lab("top")
    told = service.get(f"/labs/{lab}", service.admin()).json()["payload"]
    assert {"id", "name", "startTime", "endTime", "topologyId", "collectionId", "creator", "topologyDefinition"} <= set(told)
    assert {"id", "name"} <= set(told["creator"]) and "instance" not in told
    with Client(service, "/lab-commands") as commands:
        assert commands.command(lab, 0) == DONE
        told = service.get(f"/labs/{lab}", service.admin()).json()["payload"]
        instance = told["instance"]
        assert {"name", "deployed", "state", "latestStateChange", "nodes", "recovered"} <= set(instance)
        assert instance["state"] == 1 and instance["recovered"] is False
        assert told["instanceName"] == instance["name"] and instance["name"].startswith("top-")
        node = instance["nodes"][0]
        assert {"name", "kind", "ipv4", "ipv6", "state", "containerId", "containerName", "containnerName", "interfaceCaptures",
                "canRestart"} <= set(node)
        assert node["state"] == "running" and node["containnerName"] == node["containerName"]
        assert commands.command(lab, 1) == DONE


def test_filters_and_count(service):
    token = service.admin()
    answer = service.get("/labs", token, params={"limit": 1})
    assert len(answer.json()["payload"]) == 1 and int(answer.headers["X-Total-Count"]) >= 3
    names = [lab["name"] for lab in service.get("/labs", token, params={"searchQuery": "off"}).json()["payload"]]
    assert names == ["office"]
    inactive = service.get("/labs", token, params={"stateFilter[]": [-1]}).json()["payload"]
    assert {"office", "common"} <= {lab["name"] for lab in inactive}
    assert service.get("/labs", token, params={"stateFilter[]": [0]}).json()["payload"] == []


def test_only_the_maker_commands_a_lab(service):
    """Also where the collection lets others deploy: that is for labs that they make there themselves."""
    with Client(service, "/lab-commands", service.token("dave", "open", "campus")) as commands:
        for lab in (service.lab("common"), service.lab("office")):
            assert commands.command(lab, 0)["code"] == 5403
            assert commands.command(lab, 5) == {"payload": []}


def test_lab_ids_are_stable(service):
    before = service.lab("office")
    service.stop()
    service.start()
    assert service.lab("office") == before


def test_health(service):
    assert service.get("/healthz").status_code == 200
    assert service.get("/readyz").status_code == 200
    assert service.get("/version").status_code == 200
