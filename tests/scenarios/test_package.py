"""What is shipped, used as an operator does: the Debian package, the image that is made of it, the compose file."""
import shutil
import subprocess

import pytest
from stibium_harness import product
from stibium_harness.node_image import IMAGE
from stibium_harness.product import Composed

TAG, STAND_IN_TAG = "stibium:test", "stibium:stand-in"


@pytest.fixture(scope="module")
def deb(tmp_path_factory):
    return product.package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def unpacked(deb):
    root = deb.parent / "root"
    subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
    return root


@pytest.fixture(scope="module")
def image(docker, deb):
    product.image_of(docker.host, deb, IMAGE, TAG)
    return TAG


def output(*words):
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60, check=True).stdout


# -- the package


def test_the_package_says_what_it_needs(deb):
    fields = dict(line.split(": ", 1) for line in output("dpkg-deb", "-f", deb).splitlines() if ": " in line)
    needed = {word.split()[0] for word in fields["Depends"].split(", ")}
    assert {"iproute2", "mount", "util-linux", "libc6", "libstdc++6", "libcaf-core0.17", "libsoci-sqlite3-4.0"} <= needed
    assert "docker.io" in fields["Recommends"] and "containerlab" in fields["Suggests"]
    assert fields["Architecture"] == output("dpkg", "--print-architecture").strip()


def test_the_package_has_all_in_its_place(deb, unpacked):
    for path in ("usr/bin/stibiumd", "usr/bin/stibium", "etc/stibium/stibium.yml", "etc/stibium/labs",
                 "lib/systemd/system/stibium.service", "usr/share/stibium/labs/ping.clab.yml",
                 "usr/share/doc/stibium/README.md", "usr/share/doc/stibium/copyright", "usr/share/doc/stibium/deploy/README.md"):
        assert (unpacked / path).exists(), path
    assert output("dpkg-deb", "-I", deb, "conffiles").split() == ["/etc/stibium/stibium.yml"]


def test_programs_of_the_package_run(deb, unpacked):
    version = output("dpkg-deb", "-f", deb, "Version").strip()
    assert output(unpacked / "usr/bin/stibiumd", "--version") == f"stibiumd {version}\n"
    assert output(unpacked / "usr/bin/stibium", "--version") == f"stibium {version}\n"
    config = unpacked / "etc/stibium/stibium.yml"
    assert "is good" in output(unpacked / "usr/bin/stibiumd", "--check-config", "--config", config)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_systemd_accepts_the_unit(unpacked, tmp_path):
    # It looks for the program, which is not installed here.
    text = (unpacked / "lib/systemd/system/stibium.service").read_text().replace("=/usr/bin/", f"={unpacked}/usr/bin/")
    unit = tmp_path / "stibium.service"
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "stibium" in line]) == (0, [])


# Installed, configured again, removed, purged: as root sees it. Volumes would hide what the package made.
LIFE = """
set -e
umount /etc/stibium/labs /var/lib/stibium
stat -c %a /var/lib/stibium
/var/lib/dpkg/info/stibium.postinst configure
stat -c %a /etc/stibium/environment
made=$(cat /etc/stibium/environment)
/var/lib/dpkg/info/stibium.postinst configure 0.0.1
test "$made" = "$(cat /etc/stibium/environment)"
. /etc/stibium/environment
test ${#SB_NATIVE_PASSWORD} -ge 16
echo '# mine' >>/etc/stibium/stibium.yml
echo 'name: mine' >/etc/stibium/labs/mine.clab.yml
touch /var/lib/stibium/stibium.db
dpkg --remove stibium
grep -q mine /etc/stibium/stibium.yml
test -e /var/lib/stibium/stibium.db
test ! -e /usr/bin/stibiumd
dpkg --purge stibium
echo left:
find / -xdev -name '*stibium*' -not -path '/proc/*' -not -path '/var/lib/apt/*' -not -path '/var/log/*'
ls -A /etc/stibium /etc/stibium/labs
"""


def test_a_package_lives_and_a_purge_leaves_only_what_is_not_its_own(docker, image):
    told = product.docker(docker.host, "run", "--rm", "--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined", "--network",
                          "none", "--entrypoint", "bash", image, "-c", LIFE).splitlines()
    assert told[:2] == ["700", "600"]
    assert told[told.index("left:") + 1:] == ["/etc/stibium", "/etc/stibium:", "labs", "", "/etc/stibium/labs:", "mine.clab.yml"]


# -- the image


def test_the_image_has_no_login_of_its_own(docker, image):
    listed = product.docker(docker.host, "run", "--rm", "--network", "none", "--entrypoint", "ls", image, "-A", "/etc/stibium")
    assert listed.split() == ["labs", "stibium.yml"]
    assert "SB_NATIVE" not in product.docker(docker.host, "inspect", image)


def test_words_for_the_image_go_to_the_service(docker, image):
    assert product.docker(docker.host, "run", "--rm", "--network", "none", image, "--version").startswith("stibiumd ")


def test_without_privileges_the_container_says_so_and_serves(docker, image):
    run = ["run", "--rm", "-d", "--network", "none", "-e", "SB_NATIVE_PASSWORD=secret", image]
    name = product.docker(docker.host, *run).strip()
    try:
        told = product.docker(docker.host, "exec", name, "timeout", "20", "sh", "-c",
                              "until stibium health 2>/dev/null; do sleep 0.1; done")
        assert "processes only" in told
    finally:
        product.docker(docker.host, "stop", name)


# -- compose


def test_compose_wants_a_password(docker, tmp_path):
    asked = Composed(docker, TAG, tmp_path)
    assert "SB_NATIVE_PASSWORD" in asked.compose("config") and "password" in asked.compose("config", code=1, env={"SB_NATIVE_PASSWORD": ""})


@pytest.fixture(params=["embedded", "containerlab"])
def composed(docker, image, tmp_path, request):
    """A composed service with the example labs, and the container's part of the containerlab that there is."""
    product.docker(docker.host, "tag", IMAGE, "alpine:3")  # what the examples name
    if request.param == "containerlab" and docker.is_stand_in:
        product.for_stand_in(docker.host, image, STAND_IN_TAG, tmp_path)
        image = STAND_IN_TAG
    with Composed(docker, image, product.ROOT / "deploy/labs", request.param) as service:
        service.until_healthy()
        service.nodes_outlive_it = request.param == "containerlab"
        yield service


def expect_ping(service):
    assert "1 received" in service.stibium("shell", "ping", "n1", typed="ping -c 1 -W 5 10.0.0.2\nexit\n")


def test_a_composed_service_serves_a_lab(composed):
    assert "inactive" in composed.stibium("labs", "ping")
    assert "ping is deployed" in composed.stibium("deploy", "ping")
    expect_ping(composed)
    composed.stibium("stop", "ping", "n2")
    composed.stibium("start", "ping", "n2")
    expect_ping(composed)
    composed.compose("restart")
    composed.until_ready()
    assert composed.stibium("labs", "ping").count("running" if composed.nodes_outlive_it else "exited") == 2
    if not composed.nodes_outlive_it:
        assert "ping is deployed" in composed.stibium("deploy", "ping")
    expect_ping(composed)
    assert "ping is destroyed" in composed.stibium("destroy", "ping")
    assert list(composed.netns.iterdir()) == []
    composed.compose("stop")
    assert composed.container("{{.State.ExitCode}}") == "0"
