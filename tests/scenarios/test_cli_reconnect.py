"""`stibium logs -f` and `stibium watch` across a restart of the service, and how ^C ends them."""
import os
import queue
import signal
import subprocess
import threading
import time

import pytest
from stibium_harness import Client, Service, topology
from stibium_harness.lab import DONE
from stibium_harness.service import BIN


class Watcher:
    """A client that runs on; its lines can be waited for."""

    def __init__(self, service, *words):
        self.process = subprocess.Popen([str(BIN / "stibium"), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=service.client_environment(),
                                        text=True, bufsize=1)
        self.printed, self.told = [], []
        self.news = queue.Queue()
        for stream, into in ((self.process.stdout, self.printed), (self.process.stderr, self.told)):
            threading.Thread(target=self._read, args=(stream, into), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def _read(self, stream, into):
        for line in stream:
            into.append(line.rstrip("\n"))
            self.news.put(None)

    def expect(self, lines, text, times=1, seconds=20):
        deadline = time.monotonic() + seconds
        while sum(text in line for line in lines) < times:
            left = deadline - time.monotonic()
            assert left > 0, (text, self.printed, self.told)
            try:
                self.news.get(timeout=min(left, 0.5))
            except queue.Empty:
                pass

    def interrupt(self):
        """^C: the exit status, and how long it took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10), time.monotonic() - begin


@pytest.fixture
def service():
    with Service(labs={"ping.clab.yml": topology("ping", {"n1": {}, "n2": {}}, log_lines=3, deploy_lines=4)}, scripted=True) as one:
        with Client(one, "/lab-commands") as commands:
            assert commands.command(one.lab("ping"), 0) == DONE
        yield one


def test_a_followed_log_goes_on_after_a_restart(service):
    with Watcher(service, "logs", "-f", "ping") as log:
        log.expect(log.printed, "deploy line 4")
        before = list(log.printed)
        service.stop()
        log.expect(log.told, "connection lost, trying again...")
        service.start()
        log.expect(log.told, "connected again")
        with Client(service, "/lab-commands") as commands:
            assert commands.command(service.lab("ping"), 0) == DONE
        log.expect(log.printed, "deploy line 4", times=2)
        assert log.printed[:len(before)] == before
        assert log.told.count("stibium: connection lost, trying again...") == 1
        assert log.told.count("stibium: connected again") == 1
        assert log.interrupt()[0] == -signal.SIGINT


def test_no_line_of_a_node_is_missing_or_repeated():
    ticks = "sh -c 'i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done'"
    with Service(labs={"l.clab.yml": topology("l", {"n1": {"cmd": ticks}})}) as service:
        with Client(service, "/lab-commands") as commands:
            assert commands.command(service.lab("l"), 0, timeout=30) == DONE
        with Watcher(service, "logs", "-f", "-n", "0", "l", "n1") as log:
            log.expect(log.printed, "tick ", times=3)
            for restarts in (1, 2):
                service.kill() if restarts == 1 else service.stop()
                log.expect(log.told, "connection lost, trying again...", times=restarts)
                time.sleep(1)
                service.start()
                log.expect(log.told, "connected again", times=restarts)
                log.expect(log.printed, "tick ", times=len(log.printed) + 5)
            numbers = [int(line.split()[1]) for line in log.printed]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert "missing" not in "".join(log.told)


def test_a_reader_that_has_gone_is_no_lost_connection(service):
    reader, writer = os.pipe()
    # Python ignores SIGPIPE, and so does what it starts like this.
    log = subprocess.Popen([str(BIN / "stibium"), "logs", "-f", "ping"], stdout=writer, stderr=subprocess.PIPE, text=True,
                           env=service.client_environment(), restore_signals=False)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    with Client(service, "/lab-commands") as commands:
        assert commands.command(service.lab("ping"), 0) == DONE
    assert log.wait(10) == 1
    told = log.stderr.read()
    assert "standard output is gone" in told and "trying again" not in told


def test_without_reconnect_the_end_of_the_service_is_the_end(service):
    with Watcher(service, "logs", "-f", "--no-reconnect", "ping") as log, Watcher(service, "watch", "--no-reconnect") as watch:
        log.expect(log.printed, "deploy line 4")
        watch.expect(watch.told, "watching ")
        service.stop()
        assert log.process.wait(10) == 1 and watch.process.wait(10) == 1
        log.expect(log.told, "is lost: ")
        watch.expect(watch.told, "is lost: ")


def test_watch_goes_on_after_a_restart(service):
    with Watcher(service, "watch") as watch:
        watch.expect(watch.told, "watching ")
        service.stop()
        watch.expect(watch.told, "connection lost, trying again...")
        service.start()
        watch.expect(watch.told, "connected again; messages of the time in between are missing")
        with Client(service, "/lab-commands") as commands:
            assert commands.command(service.lab("ping"), 0) == DONE
        watch.expect(watch.printed, "ping is running")
        assert watch.interrupt()[0] == -signal.SIGINT


@pytest.mark.parametrize("words", [("logs", "-f", "ping"), ("watch",)])
def test_interrupt_ends_at_once_also_while_the_service_is_away(service, words):
    with Watcher(service, *words) as client:
        client.expect(client.told if words == ("watch",) else client.printed, "watching" if words == ("watch",) else "deploy line 4")
        service.stop()
        client.expect(client.told, "trying again")
        time.sleep(1)
        status, took = client.interrupt()
        assert status == -signal.SIGINT and took < 1


def test_a_service_that_does_not_know_the_client_any_more_ends_it(service):
    with Watcher(service, "logs", "-f", "ping") as log:
        log.expect(log.printed, "deploy line 4")
        service.stop()
        log.expect(log.told, "trying again")
        (service.data_folder / "signing.key").unlink()
        service.start()
        assert log.process.wait(15) == 1
        log.expect(log.told, "Invalid Token")


def test_a_command_whose_service_goes_says_where_to_look():
    with Service(labs={"slow.clab.yml": topology("slow", deploy_delay=5000)}, scripted=True) as service:
        with Watcher(service, "deploy", "slow") as client:
            client.expect(client.printed, "deploying lab slow")
            service.kill()
            assert client.process.wait(10) == 1
            client.expect(client.told, "is lost: ")
            client.expect(client.told, "The command may go on; see: stibium labs slow")
        service.start()


@pytest.mark.parametrize("words, says", [
    (["nonsense"], 'stibium: there is no command "nonsense"\nSee: stibium --help\n'),
    (["stop", "ping"], "stibium: NODE is required\nSee: stibium stop --help\n"),
    (["labs", "--nonsense"], "stibium: The following argument was not expected: --nonsense\nSee: stibium labs --help\n"),
])
def test_wrong_words_are_named(words, says):
    told = subprocess.run([str(BIN / "stibium"), *words], capture_output=True, text=True, timeout=10)
    assert told.returncode == 2 and told.stderr == says
